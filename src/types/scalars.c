/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors that VGI_FIELD finds for plain C types. */
#include <vgirpc/type.h>

#define DEFINE(T, K, A) \
    const vgi_type vgi_type_##T = { .abi = VGI_TYPE_ABI, \
                                    .field_size = sizeof(vgi_field), \
                                    .kind = VGI_KIND_##K, \
                                    .name = #T, \
                                    .arrow = A, \
                                    .size = sizeof(T) };
VGI_SCALARS_(DEFINE)
#undef DEFINE

const vgi_type vgi_type_vgi_batch = { .abi = VGI_TYPE_ABI,
                                      .field_size = sizeof(vgi_field),
                                      .kind = VGI_KIND_BATCH,
                                      .name = "vgi_batch",
                                      .arrow = "z",
                                      .size = sizeof(struct vgi_batch *) };

const vgi_type vgi_type_vgi_schema = { .abi = VGI_TYPE_ABI,
                                       .field_size = sizeof(vgi_field),
                                       .kind = VGI_KIND_SCHEMA,
                                       .name = "vgi_schema",
                                       .arrow = "z",
                                       .size = sizeof(struct vgi_schema *) };
