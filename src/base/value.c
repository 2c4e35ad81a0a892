/* SPDX-License-Identifier: Apache-2.0 */
#include <vgirpc/value.h>

#include <string.h>

#include <vgirpc/metadata.h>

vgi_str vgi_str_from(const char *text)
{
    return text ? (vgi_str){ text, strlen(text) } : (vgi_str){ NULL, 0 };
}

bool vgi_str_eq(vgi_str s, const char *text)
{
    if (!s.data || !text)
        return !s.data && !text;
    return strlen(text) == s.len && memcmp(s.data, text, s.len) == 0;
}

bool vgi_metadata_get(const vgi_metadata *metadata, const char *key, vgi_str *value)
{
    size_t count = metadata ? metadata->count : 0;
    vgi_str wanted = vgi_str_from(count > 0 ? key : NULL);
    for (size_t i = 0; i < count; i++) {
        const vgi_pair *pair = &metadata->pairs[i];
        if (pair->key.len != wanted.len || !vgi_str_eq(pair->key, key))
            continue;
        if (value)
            *value = pair->value;
        return true;
    }
    return false;
}
