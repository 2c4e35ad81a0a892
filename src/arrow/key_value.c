/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the layout of `[KeyValue]`.
 *
 *   n | n offsets | vtable 8 | n tables of 12 | n times: key, value
 *
 * One vtable serves all tables, so it lies before them and they differ only in the offset
 * back to it. A string is its length, its bytes, a NUL and padding to 4.
 */
#include "arrow/key_value.h"

#include <string.h>

#include "base/endian.h"

enum { VTABLE = 8, TABLE = 12 };

static size_t string_size(vgi_str s)
{
    return (sizeof(uint32_t) + s.len + 1 + 3) & ~(size_t)3;
}

static uint8_t *write_string(uint8_t *to, vgi_str s)
{
    size_t size = string_size(s);
    vgi__store32(to + size - sizeof(uint32_t), 0);
    vgi__store32(to, (uint32_t)s.len);
    if (s.len > 0)
        memcpy(to + sizeof(uint32_t), s.data, s.len);
    return to + size;
}

/* Make the offset at `slot` point to `target`, which lies behind it. */
static void point(uint8_t *slot, const uint8_t *target)
{
    vgi__store32(slot, (uint32_t)(target - slot));
}

size_t vgi__key_value_size(const vgi_metadata *m)
{
    size_t size = sizeof(uint32_t) + VTABLE + m->count * (sizeof(uint32_t) + TABLE);
    for (size_t i = 0; i < m->count; i++)
        size += string_size(m->pairs[i].key) + string_size(m->pairs[i].value);
    return size;
}

void vgi__key_value_write(uint8_t *to, const vgi_metadata *m)
{
    uint8_t *slots = to + sizeof(uint32_t);
    uint8_t *vtable = slots + m->count * sizeof(uint32_t);
    uint8_t *text = vtable + VTABLE + m->count * TABLE;
    vgi__store32(to, (uint32_t)m->count);
    vgi__store16(vtable, VTABLE);
    vgi__store16(vtable + 2, TABLE);
    vgi__store16(vtable + 4, 4); /* key */
    vgi__store16(vtable + 6, 8); /* value */
    for (size_t i = 0; i < m->count; i++) {
        uint8_t *table = vtable + VTABLE + i * TABLE;
        point(slots + i * sizeof(uint32_t), table);
        vgi__store32(table, (uint32_t)(table - vtable));
        point(table + 4, text);
        text = write_string(text, m->pairs[i].key);
        point(table + 8, text);
        text = write_string(text, m->pairs[i].value);
    }
}
