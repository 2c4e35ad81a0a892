/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: flatbuffer Schema to node program.
 *
 * Tables of a flatbuffer may be shared, so that a kilobyte can describe millions of
 * fields and a name can stand for many. Two budgets bound the walk whatever the tables
 * share: fields (limits->fields, and one per 16 bytes of metadata: an honest field takes
 * more) and bytes of text (twice the metadata). Each program is walked twice: once to
 * count nodes and text, then to fill one allocation of that size. The value type of a
 * dictionary is a program of its own, filled while its parent is.
 */
#include <stdio.h>
#include <string.h>

#include "arrow/message.h"
#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "base/utf8.h"

enum { SCHEMA_ENDIANNESS, SCHEMA_FIELDS, SCHEMA_METADATA, SCHEMA_FEATURES };
enum {
    FIELD_NAME,
    FIELD_NULLABLE,
    FIELD_TYPE_KIND,
    FIELD_TYPE,
    FIELD_DICTIONARY,
    FIELD_CHILDREN,
    FIELD_METADATA
};
enum { DICTIONARY_ID, DICTIONARY_INDEX, DICTIONARY_ORDERED };
enum { INT_BITS, INT_SIGNED };
enum { TIMESTAMP_UNIT, TIMESTAMP_ZONE };
enum { UNION_MODE, UNION_IDS };
enum { PAIR_KEY, PAIR_VALUE };

/* Text of a field beyond name, zone and metadata: its format, terminators, alignment of
 * metadata. */
#define FIELD_TEXT_BYTES 64
#define UNION_ID_TEXT_BYTES 4
#define UNION_IDS_MAX 128

/* One dictionary id that was met: its values, and where it stands in the program that met
 * it last. */
typedef struct known_id {
    int64_t id;
    vgi_schema *values; /* reference; NULL: free slot */
    const vgi_schema *program;
    int32_t index;
} known_id;

typedef struct decoder {
    vgi__flatbuf *fb;
    const vgi_limits *limits;
    const vgi_allocator *allocator;
    uint32_t fields_left;
    uint64_t text_left;
    known_id *ids; /* open addressing, ids_cap a power of two, at most half full */
    size_t ids_cap;
    size_t n_ids;
    vgi_error *err;
} decoder;

/* One schema being filled. */
typedef struct program {
    decoder *d;
    vgi_schema *schema;
    int32_t next;
    int32_t n_dictionaries; /* with different ids; schema->n_dictionaries counts fields at
                               first */
    char *text;
} program;

/* What a program needs; the result of counting. */
typedef struct extent {
    int32_t nodes;
    int32_t dictionaries;
    size_t text;
} extent;

static int malformed(decoder *d)
{
    return vgi__fail(d->err, VGI_EPROTO, NULL, "malformed Arrow schema");
}

/* ---- counting ---- */

static int charge_fields(decoder *d, uint32_t n)
{
    if (n > d->fields_left)
        return vgi__fail(
            d->err, VGI_ELIMIT, NULL,
            "Arrow schema has more fields than its size or the limit of %u allows",
            d->limits->fields);
    d->fields_left -= n;
    return VGI_OK;
}

static int count_metadata(decoder *d, const vgi__fb_table *t, unsigned id, extent *e)
{
    vgi__fb_vector pairs = vgi__fb_items(d->fb, t, id, 4);
    uint64_t bytes = 4;
    for (uint32_t i = 0; i < pairs.count && !d->fb->bad; i++) {
        vgi__fb_table pair = vgi__fb_item(d->fb, pairs, i);
        bytes += 8 + vgi__fb_string(d->fb, &pair, PAIR_KEY).len +
                 vgi__fb_string(d->fb, &pair, PAIR_VALUE).len;
        if (bytes > d->text_left)
            return vgi__fail(d->err, VGI_ELIMIT, NULL,
                             "Arrow schema repeats its metadata beyond its own size");
    }
    if (pairs.count) {
        d->text_left -= bytes;
        e->text += bytes;
    }
    return d->fb->bad ? malformed(d) : VGI_OK;
}

/* Bytes of the zone of a timestamp. */
static uint64_t zone_bytes(decoder *d, const vgi__fb_table *field)
{
    if (vgi__fb_u8(d->fb, field, FIELD_TYPE_KIND) != VGI__TYPE_TIMESTAMP)
        return 0;
    vgi__fb_table type = vgi__fb_sub(d->fb, field, FIELD_TYPE);
    return vgi__fb_string(d->fb, &type, TIMESTAMP_ZONE).len;
}

static int count_type(decoder *d, const vgi__fb_table *field, uint32_t depth, extent *e);

/* A field of this program: its index only when it is dictionary-encoded. */
static int count_field(decoder *d, vgi__fb_table field, uint32_t depth, extent *e)
{
    if (field.pos == 0 || d->fb->bad)
        return malformed(d);
    uint64_t name = vgi__fb_string(d->fb, &field, FIELD_NAME).len;
    uint64_t zone = zone_bytes(d, &field);
    vgi__fb_table encoding = vgi__fb_sub(d->fb, &field, FIELD_DICTIONARY);
    if (d->fb->bad)
        return malformed(d);
    if (name > d->limits->name_bytes || zone > d->limits->name_bytes)
        return vgi__fail(d->err, VGI_ELIMIT, NULL,
                         "Arrow schema: a name of %llu bytes is over the limit of %u",
                         (unsigned long long)(name > zone ? name : zone),
                         d->limits->name_bytes);
    if (name + zone > d->text_left)
        return vgi__fail(d->err, VGI_ELIMIT, NULL,
                         "Arrow schema repeats its names beyond its own size");
    d->text_left -= name + zone;
    e->text += name + FIELD_TEXT_BYTES;
    e->nodes++;
    int rc = count_metadata(d, &field, FIELD_METADATA, e);
    if (rc != VGI_OK)
        return rc;
    if (encoding.pos) {
        e->dictionaries++;
        return charge_fields(d, 1); /* its values are a node too */
    }
    return count_type(d, &field, depth, e);
}

/* A type: its children, and the text of its format beyond FIELD_TEXT_BYTES. */
static int count_type(decoder *d, const vgi__fb_table *field, uint32_t depth, extent *e)
{
    vgi__fb_vector children = vgi__fb_items(d->fb, field, FIELD_CHILDREN, 4);
    if (d->fb->bad)
        return malformed(d);
    if (children.count && depth >= d->limits->depth)
        return vgi__fail(d->err, VGI_ELIMIT, NULL,
                         "Arrow schema is nested deeper than %u", d->limits->depth);
    int rc = charge_fields(d, children.count);
    if (rc != VGI_OK)
        return rc;
    e->text += zone_bytes(d, field) + UNION_ID_TEXT_BYTES * (uint64_t)children.count;
    for (uint32_t i = 0; i < children.count; i++) {
        rc = count_field(d, vgi__fb_item(d->fb, children, i), depth + 1, e);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

/* ---- types ---- */

static const char *int_format(decoder *d, const vgi__fb_table *type)
{
    bool is_signed = vgi__fb_u8(d->fb, type, INT_SIGNED) != 0;
    switch (vgi__fb_i32(d->fb, type, INT_BITS, 0)) {
    case 8:
        return is_signed ? "c" : "C";
    case 16:
        return is_signed ? "s" : "S";
    case 32:
        return is_signed ? "i" : "I";
    case 64:
        return is_signed ? "l" : "L";
    default:
        return NULL;
    }
}

/* The format of types that have only a few forms; NULL: none of them. */
static const char *fixed_format(decoder *d, uint8_t kind, const vgi__fb_table *type)
{
    static const char *const plain[] = {
        [VGI__TYPE_NULL] = "n",
        [VGI__TYPE_BINARY] = "z",
        [VGI__TYPE_UTF8] = "u",
        [VGI__TYPE_BOOL] = "b",
        [VGI__TYPE_LIST] = "+l",
        [VGI__TYPE_STRUCT] = "+s",
        [VGI__TYPE_MAP] = "+m",
        [VGI__TYPE_LARGE_BINARY] = "Z",
        [VGI__TYPE_LARGE_UTF8] = "U",
        [VGI__TYPE_LARGE_LIST] = "+L",
        [VGI__TYPE_RUN_END] = "+r",
        [VGI__TYPE_BINARY_VIEW] = "vz",
        [VGI__TYPE_UTF8_VIEW] = "vu",
        [VGI__TYPE_LIST_VIEW] = "+vl",
        [VGI__TYPE_LARGE_LIST_VIEW] = "+vL",
    };
    static const char *const floats[] = { "e", "f", "g" };
    static const char *const dates[] = { "tdD", "tdm" };
    static const char *const times[] = { "tts", "ttm", "ttu", "ttn" };
    static const char *const durations[] = { "tDs", "tDm", "tDu", "tDn" };
    static const char *const intervals[] = { "tiM", "tiD", "tin" };
    int16_t ms =
        kind == VGI__TYPE_DATE || kind == VGI__TYPE_TIME || kind == VGI__TYPE_DURATION;
    uint16_t unit = 0; /* the first member of these five, absent: 0, or milliseconds */
    switch (kind) {
    case VGI__TYPE_INT:
        return int_format(d, type);
    case VGI__TYPE_FLOAT:
        unit = (uint16_t)vgi__fb_i16(d->fb, type, 0, 0);
        return unit < 3 ? floats[unit] : NULL;
    case VGI__TYPE_DATE:
        unit = (uint16_t)vgi__fb_i16(d->fb, type, 0, ms);
        return unit < 2 ? dates[unit] : NULL;
    case VGI__TYPE_TIME:
        unit = (uint16_t)vgi__fb_i16(d->fb, type, 0, ms);
        return unit < 4 && vgi__fb_i32(d->fb, type, 1, 32) == (unit < 2 ? 32 : 64)
                   ? times[unit]
                   : NULL;
    case VGI__TYPE_DURATION:
        unit = (uint16_t)vgi__fb_i16(d->fb, type, 0, ms);
        return unit < 4 ? durations[unit] : NULL;
    case VGI__TYPE_INTERVAL:
        unit = (uint16_t)vgi__fb_i16(d->fb, type, 0, 0);
        return unit < 3 ? intervals[unit] : NULL;
    default:
        return kind < sizeof(plain) / sizeof(plain[0]) ? plain[kind] : NULL;
    }
}

/* "+us:" or "+ud:" and the type ids, which default to 0, 1, 2 ... */
static int union_format(program *p, const vgi__fb_table *type, int32_t n_children)
{
    decoder *d = p->d;
    vgi__fb_vector ids = vgi__fb_items(d->fb, type, UNION_IDS, 4);
    int16_t mode = vgi__fb_i16(d->fb, type, UNION_MODE, 0);
    bool listed = ids.pos != 0;
    if (d->fb->bad || mode < 0 || mode > 1 || n_children > UNION_IDS_MAX ||
        (listed && ids.count != (uint32_t)n_children))
        return 0;
    char *out = p->text;
    int used = snprintf(out, FIELD_TEXT_BYTES, "+u%c:", mode ? 'd' : 's');
    for (int32_t i = 0; i < n_children; i++) {
        int32_t id = listed ? vgi__loadi32(d->fb->p + ids.pos + 4 * (uint32_t)i) : i;
        if (id < 0 || id >= UNION_IDS_MAX)
            return 0;
        used += snprintf(out + used, UNION_ID_TEXT_BYTES + 1, i ? ",%d" : "%d", id);
    }
    return used;
}

/* Write the format of a type with parameters at p->text; 0: it has none, or they are
 * wrong. */
static int parameter_format(program *p, uint8_t kind, const vgi__fb_table *type,
                            int32_t n_children)
{
    decoder *d = p->d;
    char *out = p->text;
    switch (kind) {
    case VGI__TYPE_DECIMAL: {
        int32_t precision = vgi__fb_i32(d->fb, type, 0, 0);
        int32_t scale = vgi__fb_i32(d->fb, type, 1, 0);
        int32_t bits = vgi__fb_i32(d->fb, type, 2, 128);
        if (bits == 128)
            return snprintf(out, FIELD_TEXT_BYTES, "d:%d,%d", precision, scale);
        return snprintf(out, FIELD_TEXT_BYTES, "d:%d,%d,%d", precision, scale, bits);
    }
    case VGI__TYPE_FIXED_BINARY:
        return snprintf(out, FIELD_TEXT_BYTES, "w:%d", vgi__fb_i32(d->fb, type, 0, 0));
    case VGI__TYPE_FIXED_LIST:
        return snprintf(out, FIELD_TEXT_BYTES, "+w:%d", vgi__fb_i32(d->fb, type, 0, 0));
    case VGI__TYPE_UNION:
        return union_format(p, type, n_children);
    case VGI__TYPE_TIMESTAMP: {
        uint16_t unit = (uint16_t)vgi__fb_i16(d->fb, type, TIMESTAMP_UNIT, 0);
        vgi_str zone = vgi__fb_string(d->fb, type, TIMESTAMP_ZONE);
        if (unit > 3 || (zone.len && (memchr(zone.data, 0, zone.len) ||
                                      !vgi__utf8_valid(zone.data, zone.len))))
            return 0;
        int used = snprintf(out, FIELD_TEXT_BYTES, "ts%c:", "smun"[unit]);
        if (zone.len)
            memcpy(out + used, zone.data, zone.len);
        out[used + (int)zone.len] = 0;
        return used + (int)zone.len;
    }
    default:
        return 0;
    }
}

/* Give the node its format, and by it everything that follows from the type. */
static int fill_type(program *p, vgi__node *node, const vgi__fb_table *field,
                     int32_t n_children)
{
    decoder *d = p->d;
    uint8_t kind = vgi__fb_u8(d->fb, field, FIELD_TYPE_KIND);
    vgi__fb_table type = vgi__fb_sub(d->fb, field, FIELD_TYPE);
    if (d->fb->bad || type.pos == 0)
        return malformed(d);
    const char *format = fixed_format(d, kind, &type);
    if (!format) {
        int used = parameter_format(p, kind, &type, n_children);
        format = used ? p->text : NULL;
        p->text += used ? used + 1 : 0;
    }
    if (d->fb->bad)
        return malformed(d);
    if (!format || !vgi__format_parse(format, node)) {
        char echo[VGI_ECHO_SIZE];
        return vgi__fail(d->err, VGI_EPROTO, NULL,
                         "Arrow schema: invalid type of field '%s'",
                         vgi__echo(echo, (vgi_str){ node->name, node->name_len }));
    }
    if (kind == VGI__TYPE_MAP)
        node->ordered = vgi__fb_u8(d->fb, &type, 0) != 0;
    return VGI_OK;
}

/* ---- filling ---- */

static char *append(char *at, vgi_str s)
{
    vgi__store32(at, (uint32_t)s.len);
    if (s.len)
        memcpy(at + 4, s.data, s.len);
    return at + 4 + s.len;
}

/* Metadata in C Data form, aligned to 4; NULL when there is none. */
static const uint8_t *fill_metadata(program *p, const vgi__fb_table *t, unsigned id)
{
    vgi__flatbuf *fb = p->d->fb;
    vgi__fb_vector pairs = vgi__fb_items(fb, t, id, 4);
    if (pairs.count == 0)
        return NULL;
    p->text += (4 - ((uintptr_t)p->text & 3)) & 3;
    char *start = p->text;
    char *at = start + 4;
    vgi__store32(start, pairs.count);
    for (uint32_t i = 0; i < pairs.count; i++) {
        vgi__fb_table pair = vgi__fb_item(fb, pairs, i);
        at = append(at, vgi__fb_string(fb, &pair, PAIR_KEY));
        at = append(at, vgi__fb_string(fb, &pair, PAIR_VALUE));
    }
    p->text = at;
    return (const uint8_t *)start;
}

static int fill_name(program *p, vgi__node *node, const vgi__fb_table *field)
{
    decoder *d = p->d;
    vgi_str name = vgi__fb_string(d->fb, field, FIELD_NAME);
    if (name.len &&
        (memchr(name.data, 0, name.len) || !vgi__utf8_valid(name.data, name.len))) {
        char echo[VGI_ECHO_SIZE];
        return vgi__fail(
            d->err, VGI_EPROTO, NULL,
            "Arrow schema: a field name is not UTF-8 text without NULs: '%s'",
            vgi__echo(echo, name));
    }
    if (name.len)
        memcpy(p->text, name.data, name.len);
    p->text[name.len] = 0;
    node->name = p->text;
    node->name_len = (uint32_t)name.len;
    p->text += name.len + 1;
    return VGI_OK;
}

static int fill_index(program *p, vgi__node *node, const vgi__fb_table *field,
                      uint32_t depth);
static int fill_children(program *p, const vgi__fb_table *field, uint32_t depth,
                         int32_t *count);

/* Fill the next node from a field. `values`: as the value type of a dictionary. */
static int fill_field(program *p, vgi__fb_table field, uint32_t depth, bool values)
{
    vgi__node *node = &p->schema->nodes[p->next++];
    node->dictionary = -1;
    node->name = "";
    node->nullable = values || vgi__fb_u8(p->d->fb, &field, FIELD_NULLABLE) != 0;
    int rc = values ? VGI_OK : fill_name(p, node, &field);
    if (rc != VGI_OK)
        return rc;
    if (!values) {
        node->metadata = fill_metadata(p, &field, FIELD_METADATA);
        if (vgi__fb_field(p->d->fb, &field, FIELD_DICTIONARY, 4))
            return fill_index(p, node, &field, depth);
    }
    vgi__fb_vector children = vgi__fb_items(p->d->fb, &field, FIELD_CHILDREN, 4);
    rc = fill_type(p, node, &field, (int32_t)children.count);
    return rc == VGI_OK ? fill_children(p, &field, depth, &node->n_children) : rc;
}

static int fill_children(program *p, const vgi__fb_table *field, uint32_t depth,
                         int32_t *count)
{
    vgi__fb_vector children = vgi__fb_items(p->d->fb, field, FIELD_CHILDREN, 4);
    *count = (int32_t)children.count;
    for (uint32_t i = 0; i < children.count; i++) {
        int rc = fill_field(p, vgi__fb_item(p->d->fb, children, i), depth + 1, false);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

/* The root of a program: a struct without a name. */
static void fill_root(vgi__node *root)
{
    vgi__format_parse("+s", root);
    root->name = "";
    root->dictionary = -1;
}

/* The program of a dictionary's value type: one nullable column. */
static int decode_values(decoder *d, const vgi__fb_table *field, uint32_t depth,
                         vgi_schema **out)
{
    extent e = { 2, 0, FIELD_TEXT_BYTES };
    int rc = count_type(d, field, depth, &e);
    if (rc != VGI_OK)
        return rc;
    vgi_schema *s = vgi__schema_alloc(d->allocator, e.nodes, e.dictionaries, e.text);
    if (!s)
        return vgi__fail_nomem(d->err);
    program p = { d, s, 1, 0, s->text };
    fill_root(&s->nodes[0]);
    s->nodes[0].n_children = 1;
    rc = fill_field(&p, *field, depth, true);
    s->n_dictionaries = p.n_dictionaries;
    if (rc == VGI_OK)
        rc = vgi__schema_finish(s, VGI_EPROTO, d->err);
    if (rc != VGI_OK) {
        vgi_schema_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

/* ---- dictionary ids ---- */

static known_id *find_id(known_id *ids, size_t cap, int64_t id)
{
    uint64_t hash = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (cap - 1);
    while (ids[i].values && ids[i].id != id)
        i = (i + 1) & (cap - 1);
    return &ids[i];
}

static bool grow_ids(decoder *d)
{
    if (d->ids_cap >= 2 * (d->n_ids + 1))
        return true;
    size_t cap = d->ids_cap ? d->ids_cap * 2 : 16;
    known_id *ids = vgi__calloc(d->allocator, cap, sizeof(*ids));
    if (!ids)
        return false;
    for (size_t i = 0; i < d->ids_cap; i++)
        if (d->ids[i].values)
            *find_id(ids, cap, d->ids[i].id) = d->ids[i];
    vgi__free(d->allocator, d->ids);
    d->ids = ids;
    d->ids_cap = cap;
    return true;
}

/* The entry of `id`, to which `values` is given (its reference is taken over). An id that
 * was met before must have had the same type then; its values are the ones that stay. */
static int remember_id(decoder *d, int64_t id, vgi_schema *values, known_id **out)
{
    if (!grow_ids(d)) {
        vgi_schema_unref(values);
        return vgi__fail_nomem(d->err);
    }
    known_id *known = find_id(d->ids, d->ids_cap, id);
    *out = known;
    if (!known->values) {
        *known = (known_id){ id, values, NULL, -1 };
        d->n_ids++;
        return VGI_OK;
    }
    bool same = vgi__node_equal(known->values, 1, values, 1, false, false);
    vgi_schema_unref(values);
    return same ? VGI_OK
                : vgi__fail(d->err, VGI_EPROTO, NULL,
                            "Arrow schema: dictionary %lld has two different types",
                            (long long)id);
}

/* A dictionary-encoded field: the node becomes the index, the values a program of their
 * own. */
static int fill_index(program *p, vgi__node *node, const vgi__fb_table *field,
                      uint32_t depth)
{
    decoder *d = p->d;
    vgi_schema *s = p->schema;
    vgi__fb_table encoding = vgi__fb_sub(d->fb, field, FIELD_DICTIONARY);
    int64_t id = vgi__fb_i64(d->fb, &encoding, DICTIONARY_ID);
    vgi__fb_table index = vgi__fb_sub(d->fb, &encoding, DICTIONARY_INDEX);
    const char *format = index.pos ? int_format(d, &index) : "i";
    node->ordered = vgi__fb_u8(d->fb, &encoding, DICTIONARY_ORDERED) != 0;
    if (d->fb->bad || !format || !vgi__format_parse(format, node))
        return malformed(d);
    vgi_schema *values = NULL;
    known_id *known = NULL;
    int rc = decode_values(d, field, depth, &values);
    if (rc == VGI_OK)
        rc = remember_id(d, id, values, &known);
    if (rc != VGI_OK)
        return rc;
    if (known->program != s) {
        known->program = s;
        known->index = p->n_dictionaries++;
        s->dictionaries[known->index] =
            (vgi__dictionary_type){ .id = id, .values = vgi_schema_ref(known->values) };
    }
    node->dictionary = known->index;
    return VGI_OK;
}

/* ---- the whole ---- */

static int decode_program(decoder *d, const vgi__fb_table *t, vgi_bytes message,
                          vgi_schema **out)
{
    vgi__fb_vector fields = vgi__fb_items(d->fb, t, SCHEMA_FIELDS, 4);
    (void)vgi__fb_items(d->fb, t, SCHEMA_FEATURES,
                        8); /* not used, yet it must be well formed */
    extent e = { 1, 0, message.len + 2 * FIELD_TEXT_BYTES };
    int rc = count_metadata(d, t, SCHEMA_METADATA, &e);
    if (rc == VGI_OK)
        rc = charge_fields(d, fields.count);
    for (uint32_t i = 0; rc == VGI_OK && i < fields.count; i++)
        rc = count_field(d, vgi__fb_item(d->fb, fields, i), 1, &e);
    if (rc != VGI_OK)
        return rc;
    vgi_schema *s = vgi__schema_alloc(d->allocator, e.nodes, e.dictionaries, e.text);
    if (!s)
        return vgi__fail_nomem(d->err);
    program p = { d, s, 1, 0, s->text };
    fill_root(&s->nodes[0]);
    s->nodes[0].n_children = (int32_t)fields.count;
    s->metadata = fill_metadata(&p, t, SCHEMA_METADATA);
    for (uint32_t i = 0; rc == VGI_OK && i < fields.count; i++)
        rc = fill_field(&p, vgi__fb_item(d->fb, fields, i), 1, false);
    s->n_dictionaries = p.n_dictionaries;
    if (rc == VGI_OK)
        rc = vgi__schema_finish(s, VGI_EPROTO, d->err);
    if (rc == VGI_OK) {
        memcpy(p.text, message.data, message.len);
        s->message = (const uint8_t *)p.text;
        s->message_len = (uint32_t)message.len;
        rc = vgi__schema_seal(s, d->err);
    }
    if (rc != VGI_OK) {
        vgi_schema_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

static int decode_message(vgi_schema **out, vgi__message *m, vgi_bytes message,
                          const vgi_limits *limits, const vgi_allocator *a,
                          vgi_error *err)
{
    uint32_t by_size = m->fb.n / 16;
    decoder d = { .fb = &m->fb, .limits = limits, .allocator = a, .err = err };
    d.fields_left = by_size < limits->fields ? by_size : limits->fields;
    d.text_left = 2 * (uint64_t)m->fb.n + 1024;
    if (m->kind != VGI__MESSAGE_SCHEMA)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "an Arrow stream must begin with its schema");
    if (vgi__fb_i16(d.fb, &m->header, SCHEMA_ENDIANNESS, 0) != 0)
        return vgi__fail(err, VGI_ENOTSUP, NULL,
                         "big-endian Arrow data is not supported");
    int rc = decode_program(&d, &m->header, message, out);
    for (size_t i = 0; i < d.ids_cap; i++)
        vgi_schema_unref(d.ids[i].values);
    vgi__free(a, d.ids);
    return rc;
}

int vgi__schema_decode(vgi_schema **out, const uint8_t *p, size_t n, size_t *used,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err)
{
    vgi_limits l = vgi_limits_effective(limits);
    uint32_t bytes;
    if (n < VGI__MESSAGE_PREFIX || !vgi__message_prefix(p, &bytes))
        return vgi__fail(err, VGI_EPROTO, NULL, "not an Arrow IPC message");
    if (bytes > l.schema_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "Arrow message metadata of %u bytes is over the limit of %u",
                         bytes, l.schema_bytes);
    if (bytes > n - VGI__MESSAGE_PREFIX)
        return vgi__fail(err, VGI_EPROTO, NULL, "Arrow schema message is cut short");
    vgi__message m;
    int rc = vgi__message_parse(&m, p + VGI__MESSAGE_PREFIX, bytes, err);
    if (rc != VGI_OK)
        return rc;
    size_t total = VGI__MESSAGE_PREFIX + (size_t)bytes;
    if (used)
        *used = total;
    return decode_message(out, &m, (vgi_bytes){ p, total }, &l, a, err);
}
