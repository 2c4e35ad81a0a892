/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: reading flatbuffers that a stranger made.
 *
 * Every access is checked against the buffer, in 64-bit arithmetic, and against the
 * alignment its type must have from the start of the buffer. Nothing is verified ahead:
 * what is not looked at cannot hurt. A malformed access sets `bad` and answers with the
 * default, so that a caller reads a group of fields and asks once. Nothing here recurses
 * or loops: budgets against tables that are shared by many parents belong to the callers
 * that walk.
 *
 *   table:  int32 distance back to its vtable, then the fields
 *   vtable: uint16 own bytes, uint16 bytes of the table, then a uint16 per field: where
 * it is, 0: absent vector, string: uint32 count, then the items; a reference is a uint32
 * distance forward
 */
#ifndef VGI_ARROW_FLATBUF_H
#define VGI_ARROW_FLATBUF_H

#include <stdbool.h>
#include <stdint.h>

#include <vgirpc/value.h>

#include "base/endian.h"

typedef struct vgi__flatbuf {
    const uint8_t *p;
    uint32_t n;
    bool bad;
} vgi__flatbuf;

/* A table; pos 0 stands for an absent one (position 0 is always the root reference). */
typedef struct vgi__fb_table {
    uint32_t pos;
    uint32_t vtable;
    uint16_t vtable_bytes;
    uint16_t bytes;
} vgi__fb_table;

typedef struct vgi__fb_vector {
    uint32_t pos; /* of the first item */
    uint32_t count;
} vgi__fb_vector;

static inline vgi__fb_table vgi__fb_table_at(vgi__flatbuf *b, uint64_t pos)
{
    vgi__fb_table none = { 0 };
    vgi__fb_table t = { 0 };
    bool before = b->bad;
    b->bad = true; /* until proven */
    if ((pos & 3) || pos + 4 > b->n || pos == 0)
        return none;
    int64_t vtable = (int64_t)pos - vgi__loadi32(b->p + pos);
    if (vtable < 0 || (vtable & 1) || vtable + 4 > b->n)
        return none;
    t.pos = (uint32_t)pos;
    t.vtable = (uint32_t)vtable;
    t.vtable_bytes = vgi__load16(b->p + vtable);
    t.bytes = vgi__load16(b->p + vtable + 2);
    if (t.vtable_bytes < 4 || (t.vtable_bytes & 1) || t.bytes < 4 ||
        (uint64_t)vtable + t.vtable_bytes > b->n || pos + t.bytes > b->n)
        return none;
    b->bad = before;
    return t;
}

/* Where field `id` of `size` bytes lies; 0: absent (or malformed, then bad is set). */
static inline uint32_t vgi__fb_field(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id,
                                     uint32_t size)
{
    uint32_t slot = 4 + 2 * id;
    if (slot + 2 > t->vtable_bytes)
        return 0;
    uint32_t at = vgi__load16(b->p + t->vtable + slot);
    if (at == 0)
        return 0;
    uint32_t pos = t->pos + at;
    if (at < 4 || at + size > t->bytes || (pos & (size - 1))) {
        b->bad = true;
        return 0;
    }
    return pos;
}

static inline uint8_t vgi__fb_u8(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id)
{
    uint32_t pos = vgi__fb_field(b, t, id, 1);
    return pos ? b->p[pos] : 0;
}

static inline int16_t vgi__fb_i16(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id,
                                  int16_t absent)
{
    uint32_t pos = vgi__fb_field(b, t, id, 2);
    return pos ? (int16_t)vgi__load16(b->p + pos) : absent;
}

static inline int32_t vgi__fb_i32(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id,
                                  int32_t absent)
{
    uint32_t pos = vgi__fb_field(b, t, id, 4);
    return pos ? vgi__loadi32(b->p + pos) : absent;
}

static inline int64_t vgi__fb_i64(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id)
{
    uint32_t pos = vgi__fb_field(b, t, id, 8);
    return pos ? vgi__loadi64(b->p + pos) : 0;
}

/* The target of the reference that stands at `pos` (inside the buffer); 0 and bad when
 * outside. */
static inline uint64_t vgi__fb_follow(vgi__flatbuf *b, uint32_t pos)
{
    uint64_t target = (uint64_t)pos + vgi__load32(b->p + pos);
    if ((target & 3) || target == pos || target + 4 > b->n) {
        b->bad = true;
        return 0;
    }
    return target;
}

/* A sub-table; pos 0 when absent or malformed. */
static inline vgi__fb_table vgi__fb_sub(vgi__flatbuf *b, const vgi__fb_table *t,
                                        unsigned id)
{
    uint32_t pos = vgi__fb_field(b, t, id, 4);
    uint64_t target = pos ? vgi__fb_follow(b, pos) : 0;
    return target ? vgi__fb_table_at(b, target) : (vgi__fb_table){ 0 };
}

/* A vector of items of `size` bytes; count 0 when absent or malformed. */
static inline vgi__fb_vector vgi__fb_items(vgi__flatbuf *b, const vgi__fb_table *t,
                                           unsigned id, uint32_t size)
{
    vgi__fb_vector none = { 0, 0 };
    uint32_t pos = vgi__fb_field(b, t, id, 4);
    uint64_t target = pos ? vgi__fb_follow(b, pos) : 0;
    if (target == 0)
        return none;
    uint32_t count = vgi__load32(b->p + target);
    if (target + 4 + (uint64_t)count * size > b->n ||
        (size >= 8 && count > 0 && ((target + 4) & 7))) {
        b->bad = true;
        return none;
    }
    return (vgi__fb_vector){ (uint32_t)target + 4, count };
}

/* Item `i` (below count) of a vector of tables. */
static inline vgi__fb_table vgi__fb_item(vgi__flatbuf *b, vgi__fb_vector v, uint32_t i)
{
    uint64_t target = vgi__fb_follow(b, v.pos + 4 * i);
    return target ? vgi__fb_table_at(b, target) : (vgi__fb_table){ 0 };
}

/* A string, as a view into the buffer with a NUL behind it; data NULL when absent or
 * malformed. */
static inline vgi_str vgi__fb_string(vgi__flatbuf *b, const vgi__fb_table *t, unsigned id)
{
    vgi__fb_vector v = vgi__fb_items(b, t, id, 1);
    if (v.pos == 0)
        return (vgi_str){ NULL, 0 };
    uint64_t end = (uint64_t)v.pos + v.count;
    if (end >= b->n || b->p[end] != 0) {
        b->bad = true;
        return (vgi_str){ NULL, 0 };
    }
    return (vgi_str){ (const char *)b->p + v.pos, v.count };
}

#endif
