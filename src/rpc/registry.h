/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted services, checked and compiled once; immutable while serving. */
#ifndef VGI_RPC_REGISTRY_H
#define VGI_RPC_REGISTRY_H

#include <vgirpc/server.h>

typedef struct vgi__registry vgi__registry;

/* Copies options. server_id and the like are taken from here by everything above. */
int vgi__registry_new(vgi__registry **out, const vgi_server_options *options,
                      vgi_error *err);
int vgi__registry_add(vgi__registry *r, const vgi_service *service, vgi_error *err);
void vgi__registry_free(vgi__registry *r);
const vgi_server_options *vgi__registry_options(const vgi__registry *r);
const char *vgi__registry_server_id(const vgi__registry *r);
const char *vgi__registry_describe_hash(const vgi__registry *r, const char *service);
const char *vgi__registry_protocol_hash(const vgi__registry *r, const char *service);

#endif
