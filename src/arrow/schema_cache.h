/* SPDX-License-Identifier: Apache-2.0 */
/* The last schemas that a peer sent, by the bytes of their messages: a peer sends few,
 * and sends them again and again. A hit costs one memcmp and yields the same vgi_schema.
 */
#ifndef VGI_ARROW_SCHEMA_CACHE_H
#define VGI_ARROW_SCHEMA_CACHE_H

#include "arrow/types.h"

#define VGI__CACHED_SCHEMAS 8
/* Larger ones are not worth their memory. */
#define VGI__CACHED_SCHEMA_BYTES (64 << 10)

/* All zero is an empty one. */
typedef struct vgi__schema_cache {
    vgi_schema *schemas[VGI__CACHED_SCHEMAS]; /* references */
    unsigned next;                            /* the oldest */
} vgi__schema_cache;

/* The schema whose message these bytes begin with: borrowed until the next put; or NULL.
 */
vgi_schema *vgi__schema_cache_find(const vgi__schema_cache *c, const uint8_t *p,
                                   size_t n);
/* Keep a schema, in place of the oldest one; takes over the reference. */
void vgi__schema_cache_put(vgi__schema_cache *c, vgi_schema *s);
void vgi__schema_cache_free(vgi__schema_cache *c);

#endif
