/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/schema_cache.h"

#include <string.h>

vgi_schema *vgi__schema_cache_find(const vgi__schema_cache *c, const uint8_t *p, size_t n)
{
    for (int i = 0; i < VGI__CACHED_SCHEMAS && c->schemas[i]; i++) {
        vgi_schema *s = c->schemas[i];
        if (s->message_len <= n && memcmp(s->message, p, s->message_len) == 0)
            return s;
    }
    return NULL;
}

void vgi__schema_cache_put(vgi__schema_cache *c, vgi_schema *s)
{
    vgi_schema_unref(c->schemas[c->next]);
    c->schemas[c->next] = s;
    c->next = (c->next + 1) % VGI__CACHED_SCHEMAS;
}

void vgi__schema_cache_free(vgi__schema_cache *c)
{
    for (int i = 0; i < VGI__CACHED_SCHEMAS; i++)
        vgi_schema_unref(c->schemas[i]);
    *c = (vgi__schema_cache){ .next = 0 };
}
