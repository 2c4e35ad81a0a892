/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: encoding a schema message.
 *
 * The flatbuffer is laid out forwards: a table, then what it refers to, so that it is
 * written in one walk of the node program. A table is preceded by its vtable; references
 * are patched when their target is placed. Everything is aligned to its size from the
 * start of the flatbuffer, which begins 8 bytes into the message:
 *
 *   FFFFFFFF | length | root reference | vtable, Message | vtable, Schema | [Field] |
 * Field ... | padding to 8
 *
 * A failed append is sticky in the buffer, so failure is looked at once, at the end.
 */
#include <string.h>

#include "arrow/key_value.h"
#include "arrow/message.h"
#include "arrow/types.h"
#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"

enum { METADATA_V5 = 4, MOST_FIELDS = 8 };

typedef struct encoder {
    vgi__buffer *out;
    size_t base; /* of the flatbuffer in out */
    vgi_error *err;
} encoder;

/* A field of a table to be: `size` bytes of `value`; size 0: absent. References are 4
 * bytes, patched. */
typedef struct slot {
    uint8_t size;
    int64_t value;
} slot;

#define REFERENCE \
    { \
        4, 0 \
    }

/* Append zeros until `plus` bytes further on is a multiple of `to` from the base. */
static void align(encoder *e, size_t to, size_t plus)
{
    static const uint8_t zeros[8];
    size_t past = (e->out->len - e->base + plus) % to;
    if (past > 0)
        vgi__buffer_append(e->out, zeros, to - past);
}

/* Make the reference at `from` point to `to`, both positions in out. */
static void point(encoder *e, size_t from, size_t to)
{
    if (!e->out->failed)
        vgi__store32(e->out->data + from, (uint32_t)(to - from));
}

/* Append a table with its vtable; `at` (may be NULL) receives where each field lies. */
static size_t put_table(encoder *e, const slot *fields, size_t n, size_t *at)
{
    uint16_t offsets[MOST_FIELDS] = { 0 };
    bool wide = false;
    for (size_t i = 0; i < n; i++)
        wide |= fields[i].size == 8;
    /* An 8-byte field goes to offset 8; the first 4-byte one fills the gap before it. */
    uint16_t end = wide ? 8 : 4;
    bool gap = wide;
    for (uint8_t size = 8; size > 0; size /= 2) {
        for (size_t i = 0; i < n; i++) {
            if (fields[i].size != size)
                continue;
            if (size == 4 && gap) {
                offsets[i] = 4;
                gap = false;
            } else {
                offsets[i] = end;
                end = (uint16_t)(end + size);
            }
        }
    }
    size_t vtable_bytes = 4 + 2 * n;
    align(e, wide ? 8 : 4, vtable_bytes);
    size_t table = e->out->len + vtable_bytes;
    size_t bytes = (end + 3U) & ~3U;
    uint8_t *p = vgi__buffer_extend(e->out, vtable_bytes + bytes);
    for (size_t i = 0; at && i < n; i++)
        at[i] = table + offsets[i];
    if (!p)
        return 0;
    memset(p, 0, vtable_bytes + bytes);
    vgi__store16(p, (uint16_t)vtable_bytes);
    vgi__store16(p + 2, (uint16_t)bytes);
    vgi__store32(p + vtable_bytes, (uint32_t)vtable_bytes);
    for (size_t i = 0; i < n; i++) {
        vgi__store16(p + 4 + 2 * i, offsets[i]);
        memcpy(p + vtable_bytes + offsets[i], &fields[i].value, fields[i].size);
    }
    return table;
}

static void put_string(encoder *e, size_t from, const char *text, size_t n)
{
    align(e, 4, 0);
    point(e, from, e->out->len);
    uint8_t *p = vgi__buffer_extend(e->out, sizeof(uint32_t) + n + 1);
    if (!p)
        return;
    vgi__store32(p, (uint32_t)n);
    memcpy(p + sizeof(uint32_t), text, n);
    p[sizeof(uint32_t) + n] = 0;
}

/* A vector of `n` zeros of 4 bytes: references to be patched, or numbers. Its first
 * item's place. */
static size_t put_vector(encoder *e, size_t from, size_t n)
{
    align(e, 4, 0);
    point(e, from, e->out->len);
    size_t first = e->out->len + sizeof(uint32_t);
    uint8_t *p = vgi__buffer_extend(e->out, sizeof(uint32_t) * (n + 1));
    if (p) {
        memset(p, 0, sizeof(uint32_t) * (n + 1));
        vgi__store32(p, (uint32_t)n);
    }
    return first;
}

/* Metadata in C Data form as [KeyValue]. */
static int put_metadata(encoder *e, size_t from, const uint8_t *packed)
{
    size_t count = (size_t)vgi__loadi32(packed);
    vgi_pair *pairs = vgi__calloc(e->out->allocator, count, sizeof(*pairs));
    if (!pairs)
        return vgi__fail_nomem(e->err);
    const uint8_t *at = packed + sizeof(int32_t);
    for (size_t i = 0; i < 2 * count; i++) {
        vgi_str text = { (const char *)at + sizeof(int32_t), (size_t)vgi__loadi32(at) };
        at += sizeof(int32_t) + text.len;
        if (i % 2 == 0)
            pairs[i / 2].key = text;
        else
            pairs[i / 2].value = text;
    }
    vgi_metadata m = { pairs, count };
    align(e, 4, 0);
    point(e, from, e->out->len);
    uint8_t *to = vgi__buffer_extend(e->out, vgi__key_value_size(&m));
    if (to)
        vgi__key_value_write(to, &m);
    vgi__free(e->out->allocator, pairs);
    return VGI_OK;
}

static size_t put_int(encoder *e, const vgi__node *n)
{
    slot fields[] = { { 4, n->width * 8 }, { 1, n->is_signed } };
    return put_table(e, fields, 2, NULL);
}

static size_t put_union(encoder *e, const vgi__node *n)
{
    slot fields[] = { { 2, n->layout == VGI__LAYOUT_UNION_DENSE }, REFERENCE };
    size_t at[2];
    size_t table = put_table(e, fields, 2, at);
    size_t first = put_vector(e, at[1], (size_t)n->n_children);
    const char *id = n->extra;
    for (int32_t i = 0; i < n->n_children && !e->out->failed; i++) {
        uint32_t value = 0;
        for (; *id >= '0' && *id <= '9'; id++)
            value = value * 10 + (uint32_t)(*id - '0');
        id += *id == ',';
        vgi__store32(e->out->data + first + 4 * (size_t)i, value);
    }
    return table;
}

static size_t put_timestamp(encoder *e, const vgi__node *n)
{
    slot fields[] = { { 2, n->unit }, REFERENCE };
    size_t at[2];
    if (!n->extra)
        return put_table(e, fields, 1, NULL);
    size_t table = put_table(e, fields, 2, at);
    put_string(e, at[1], n->extra, strlen(n->extra));
    return table;
}

/* The member of the Type union for a node, by its logical type. */
static size_t put_type(encoder *e, const vgi__node *n)
{
    slot fields[3] = { { 0 } };
    switch (n->logical) {
    case VGI__TYPE_INT:
        return put_int(e, n);
    case VGI__TYPE_UNION:
        return put_union(e, n);
    case VGI__TYPE_TIMESTAMP:
        return put_timestamp(e, n);
    case VGI__TYPE_FLOAT: /* half, single, double */
        fields[0] = (slot){ 2, n->width / 4 };
        return put_table(e, fields, 1, NULL);
    case VGI__TYPE_DATE:
    case VGI__TYPE_DURATION:
    case VGI__TYPE_INTERVAL:
        fields[0] = (slot){ 2, n->unit };
        return put_table(e, fields, 1, NULL);
    case VGI__TYPE_TIME:
        fields[0] = (slot){ 2, n->unit };
        fields[1] = (slot){ 4, n->width * 8 };
        return put_table(e, fields, 2, NULL);
    case VGI__TYPE_DECIMAL:
        fields[0] = (slot){ 4, n->precision };
        fields[1] = (slot){ 4, n->scale };
        fields[2] = (slot){ 4, n->width * 8 };
        return put_table(e, fields, 3, NULL);
    case VGI__TYPE_FIXED_BINARY:
    case VGI__TYPE_FIXED_LIST:
        fields[0] = (slot){ 4, n->width };
        return put_table(e, fields, 1, NULL);
    case VGI__TYPE_MAP:
        fields[0] = (slot){ 1, n->ordered };
        return put_table(e, fields, 1, NULL);
    default:
        return put_table(e, fields, 0, NULL);
    }
}

static int put_fields(encoder *e, size_t from, const vgi_schema *s, int32_t parent);

static void put_dictionary(encoder *e, size_t from, const vgi_schema *s,
                           const vgi__node *index)
{
    slot fields[] = { { 8, s->dictionaries[index->dictionary].id },
                      REFERENCE,
                      { 1, index->ordered } };
    size_t at[3];
    point(e, from, put_table(e, fields, 3, at));
    point(e, at[1], put_int(e, index));
}

/* A field; a dictionary-encoded one has the type and the children of its values. */
static int put_field(encoder *e, size_t from, const vgi_schema *s, int32_t node)
{
    enum { NAME, NULLABLE, TYPE_KIND, TYPE, DICTIONARY, CHILDREN, METADATA, FIELDS };
    const vgi__node *n = &s->nodes[node];
    const vgi_schema *types =
        n->dictionary >= 0 ? s->dictionaries[n->dictionary].values : s;
    int32_t type = n->dictionary >= 0 ? 1 : node;
    slot fields[FIELDS] = { [NAME] = REFERENCE,
                            [NULLABLE] = { 1, n->nullable },
                            [TYPE_KIND] = { 1, types->nodes[type].logical },
                            [TYPE] = REFERENCE,
                            [DICTIONARY] = { n->dictionary >= 0 ? 4 : 0, 0 },
                            [CHILDREN] = REFERENCE,
                            [METADATA] = { n->metadata ? 4 : 0, 0 } };
    size_t at[FIELDS];
    point(e, from, put_table(e, fields, n->metadata ? FIELDS : METADATA, at));
    put_string(e, at[NAME], n->name, n->name_len);
    point(e, at[TYPE], put_type(e, &types->nodes[type]));
    if (n->dictionary >= 0)
        put_dictionary(e, at[DICTIONARY], s, n);
    int rc = n->metadata ? put_metadata(e, at[METADATA], n->metadata) : VGI_OK;
    return rc == VGI_OK ? put_fields(e, at[CHILDREN], types, type) : rc;
}

static int put_fields(encoder *e, size_t from, const vgi_schema *s, int32_t parent)
{
    const vgi__node *n = &s->nodes[parent];
    size_t slots = put_vector(e, from, (size_t)n->n_children);
    int32_t child = vgi__child(parent);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child)) {
        int rc = put_field(e, slots + 4 * (size_t)i, s, child);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

int vgi__schema_encode(const vgi_schema *s, vgi__buffer *out, vgi_error *err)
{
    slot message[] = { { 2, METADATA_V5 }, { 1, VGI__MESSAGE_SCHEMA }, REFERENCE };
    slot schema[] = { { 0, 0 }, REFERENCE, REFERENCE };
    size_t in_message[3];
    size_t in_schema[3];
    size_t start = out->len;
    encoder e = { .out = out, .base = start + VGI__MESSAGE_PREFIX, .err = err };
    vgi__buffer_extend(out, VGI__MESSAGE_PREFIX + sizeof(uint32_t));
    point(&e, e.base, put_table(&e, message, 3, in_message));
    point(&e, in_message[2], put_table(&e, schema, s->metadata ? 3 : 2, in_schema));
    int rc = s->metadata ? put_metadata(&e, in_schema[2], s->metadata) : VGI_OK;
    if (rc == VGI_OK)
        rc = put_fields(&e, in_schema[1], s, 0);
    if (rc != VGI_OK)
        return rc;
    align(&e, 8, 0);
    if (out->failed)
        return vgi__fail_nomem(err);
    vgi__store32(out->data + start, UINT32_MAX);
    vgi__store32(out->data + start + 4, (uint32_t)(out->len - e.base));
    return VGI_OK;
}
