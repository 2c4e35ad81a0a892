/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file vgirpc.h
 * Everything of the server role. The client role is <vgirpc/client.h>.
 */
#ifndef VGIRPC_VGIRPC_H
#define VGIRPC_VGIRPC_H

#include <vgirpc/arena.h>
#include <vgirpc/arrow.h>
#include <vgirpc/batch.h>
#include <vgirpc/builder.h>
#include <vgirpc/call.h>
#include <vgirpc/error.h>
#include <vgirpc/limits.h>
#include <vgirpc/macros.h>
#include <vgirpc/metadata.h>
#include <vgirpc/output.h>
#include <vgirpc/schema.h>
#include <vgirpc/server.h>
#include <vgirpc/service.h>
#include <vgirpc/type.h>
#include <vgirpc/value.h>
#include <vgirpc/version.h>

#endif
