/* SPDX-License-Identifier: Apache-2.0 */
/* What dispatch needs of methods made at run time. */
#ifndef VGI_RPC_BUILDER_H
#define VGI_RPC_BUILDER_H

#include <vgirpc/service.h>

/* A request of a run-time method in which columns with defaults may be missing: *out is
 * `in` when none is, else a batch with the missing ones behind the others, which ends
 * with `mem`. */
int vgi__fill_defaults(const vgi_method *method, const vgi_batch *in, vgi_arena *mem,
                       const vgi_batch **out, vgi_error *err);

#endif
