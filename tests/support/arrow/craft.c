/* SPDX-License-Identifier: Apache-2.0 */
#include "support/arrow/craft.h"

#include <string.h>

#include "base/checked.h"
#include "base/endian.h"

void craft_init(craft *c)
{
    vgi__buffer_init(&c->out, NULL, SIZE_MAX);
    c->base = 0;
}

void craft_free(craft *c)
{
    vgi__buffer_free(&c->out);
}

static void pad(craft *c, size_t to, size_t plus)
{
    while ((c->out.len - c->base + plus) % to != 0 && vgi__buffer_char(&c->out, '\0'))
        continue;
}

static size_t here(const craft *c)
{
    return c->out.len - c->base;
}

/* Overwrite `bytes` bytes at a place. */
static void poke(craft *c, size_t place, int64_t value, unsigned bytes)
{
    if (c->base + place + bytes <= c->out.len)
        memcpy(c->out.data + c->base + place, &value, bytes);
}

static void put(craft *c, int64_t value, unsigned bytes)
{
    vgi__buffer_append(&c->out, &value, bytes);
}

void craft_link(craft *c, size_t place, size_t target)
{
    poke(c, place, (int64_t)target - (int64_t)place, 4);
}

size_t craft_table(craft *c, const craft_slot *slots, size_t n, size_t *fields)
{
    pad(c, 8, 0);
    size_t vtable = here(c);
    put(c, (int64_t)(4 + 2 * n), 2);
    put(c, (int64_t)(8 + 8 * n), 2);
    for (size_t i = 0; i < n; i++)
        put(c, slots[i].bytes ? (int64_t)(8 + 8 * i) : 0, 2);
    pad(c, 8, 0);
    size_t table = here(c);
    put(c, (int64_t)(table - vtable), 8);
    for (size_t i = 0; i < n; i++)
        put(c, slots[i].value, 8);
    if (fields)
        *fields = table + 8;
    return table;
}

size_t craft_string(craft *c, const void *text, size_t n)
{
    pad(c, 4, 0);
    size_t place = here(c);
    put(c, (int64_t)n, 4);
    vgi__buffer_append(&c->out, text, n);
    vgi__buffer_char(&c->out, '\0');
    return place;
}

size_t craft_refs(craft *c, uint32_t n)
{
    pad(c, 4, 0);
    size_t place = here(c);
    put(c, n, 4);
    uint8_t *items = vgi__buffer_extend(&c->out, (size_t)n * 4);
    if (items)
        memset(items, 0, (size_t)n * 4);
    return place;
}

size_t craft_longs(craft *c, const int64_t *items, uint32_t n, unsigned per_item)
{
    pad(c, 8, 4);
    size_t place = here(c);
    put(c, n, 4);
    vgi__buffer_append(&c->out, items, (size_t)n * per_item * 8);
    return place;
}

size_t craft_message(craft *c, int kind, int version, int64_t body_bytes)
{
    const craft_slot slots[] = {
        { 2, version }, { 1, kind }, CRAFT_REF, { 8, body_bytes }
    };
    size_t fields;
    put(c, UINT32_MAX, 4);
    put(c, 0, 4);
    c->base = c->out.len;
    put(c, 0, 4);
    size_t table = craft_table(c, slots, 4, &fields);
    craft_link(c, 0, table);
    return fields + 16;
}

void craft_message_end(craft *c)
{
    pad(c, 8, 0);
    int64_t length = (int64_t)here(c);
    if (!c->out.failed)
        memcpy(c->out.data + c->base - 4, &length, 4);
}

void craft_eos(craft *c)
{
    put(c, UINT32_MAX, 8);
}

size_t craft_schema(craft *c, uint32_t n)
{
    const craft_slot slots[] = { { 2, 0 }, CRAFT_REF };
    size_t fields;
    size_t header = craft_message(c, 1, 4, 0);
    craft_link(c, header, craft_table(c, slots, 2, &fields));
    size_t vector = craft_refs(c, n);
    craft_link(c, fields + 8, vector);
    return vector;
}

size_t craft_field(craft *c, const char *name, size_t name_len, int type,
                   size_t *children)
{
    const craft_slot slots[] = { CRAFT_REF, { 1, 1 },   { 1, type },
                                 CRAFT_REF, CRAFT_NONE, CRAFT_NONE };
    const craft_slot parent[] = { CRAFT_REF, { 1, 1 },   { 1, type },
                                  CRAFT_REF, CRAFT_NONE, CRAFT_REF };
    size_t fields;
    size_t table = craft_table(c, children ? parent : slots, 6, &fields);
    craft_link(c, fields, craft_string(c, name, name_len));
    craft_link(c, fields + 24, craft_table(c, NULL, 0, NULL));
    if (children)
        *children = fields + 40;
    return table;
}

/* ---- record batches ---- */

void craft_batch_init(craft_batch *b)
{
    memset(b, 0, sizeof(*b));
    b->codec = -1;
    b->version = 4;
}

void craft_node(craft_batch *b, int64_t length, int64_t nulls)
{
    b->nodes[2 * b->n_nodes] = length;
    b->nodes[2 * b->n_nodes + 1] = nulls;
    b->n_nodes++;
}

void craft_raw_buffer(craft_batch *b, int64_t offset, int64_t length)
{
    b->buffers[2 * b->n_buffers] = offset;
    b->buffers[2 * b->n_buffers + 1] = length;
    b->n_buffers++;
}

void craft_buffer(craft_batch *b, const void *data, int64_t n)
{
    craft_raw_buffer(b, b->body_bytes, n);
    if (n > 0)
        memcpy(b->body + b->body_bytes, data, (size_t)n);
    b->body_bytes = vgi__pad8(b->body_bytes + n);
}

static size_t put_record_batch(craft *c, const craft_batch *b, int64_t rows)
{
    const craft_slot slots[] = { { 8, rows },
                                 CRAFT_REF,
                                 CRAFT_REF,
                                 { b->codec >= 0 ? 4 : 0, 0 },
                                 { b->n_counts ? 4 : 0, 0 } };
    size_t fields;
    size_t table = craft_table(c, slots, 5, &fields);
    craft_link(c, fields + 8, craft_longs(c, b->nodes, b->n_nodes, 2));
    craft_link(c, fields + 16, craft_longs(c, b->buffers, b->n_buffers, 2));
    if (b->codec >= 0) {
        const craft_slot codec[] = { { 1, b->codec }, { 1, 0 } };
        craft_link(c, fields + 24, craft_table(c, codec, 2, NULL));
    }
    if (b->n_counts)
        craft_link(c, fields + 32, craft_longs(c, b->counts, b->n_counts, 1));
    return table;
}

void craft_put_batch(craft *c, const craft_batch *b, int64_t rows)
{
    int kind = b->is_dictionary ? 2 : 3;
    size_t header = craft_message(c, kind, b->version, b->body_bytes + b->claimed);
    if (b->is_dictionary) {
        const craft_slot slots[] = { { 8, b->id }, CRAFT_REF, { 1, b->is_delta } };
        size_t fields;
        craft_link(c, header, craft_table(c, slots, 3, &fields));
        header = fields + 8;
    }
    craft_link(c, header, put_record_batch(c, b, rows));
    craft_message_end(c);
    vgi__buffer_append(&c->out, b->body, (size_t)b->body_bytes);
}
