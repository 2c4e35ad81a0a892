/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the schema object.
 *
 * One allocation holds the object, its nodes, its dictionary types and the text they
 * point to; only a message encoded here is an allocation of its own. The empty schema is
 * a constant: references to it are not counted.
 */
#include <stdalign.h>
#include <string.h>

#include "arrow/reader.h"
#include "arrow/types.h"
#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "base/fail.h"

/* What vgi__schema_encode makes of no columns; a test compares them. */
static const uint8_t empty_message[] = {
    255, 255, 255, 255, 48, 0, 0,  0, /* continuation, length */
    16,  0,   0,   0,   0,  0, 10, 0, /* root reference; Message: vtable */
    12,  0,   8,   0,   10, 0, 4,  0, /* version, header type, header */
    10,  0,   0,   0,   16, 0, 0,  0, /* Message */
    4,   0,   1,   0,   8,  0, 8,  0, /* V5, Schema; Schema: vtable */
    0,   0,   4,   0,   8,  0, 0,  0, /* endianness, fields; Schema */
    4,   0,   0,   0,   0,  0, 0,  0, /* no fields */
};
static vgi__node empty_nodes[] = { { .layout = VGI__LAYOUT_STRUCT,
                                     .logical = VGI__TYPE_STRUCT,
                                     .n_buffers = 1,
                                     .subtree = 1,
                                     .dictionary = -1,
                                     .name = "",
                                     .format = "+s" } };
static const vgi_schema empty_schema = { .nodes = empty_nodes,
                                         .n_nodes = 1,
                                         .plain = true,
                                         .message = empty_message,
                                         .message_len = sizeof(empty_message) };

const vgi_schema *vgi__schema_empty(void)
{
    return &empty_schema;
}

vgi_schema *vgi__schema_alloc(const vgi_allocator *a, int32_t n_nodes,
                              int32_t n_dictionaries, size_t text)
{
    size_t nodes = (size_t)n_nodes * sizeof(vgi__node);
    size_t dictionaries = (size_t)n_dictionaries * sizeof(vgi__dictionary_type);
    size_t head = sizeof(vgi_schema) + nodes + dictionaries;
    uint8_t *p = vgi__calloc(a, 1, head + text);
    if (!p)
        return NULL;
    vgi_schema *s = (vgi_schema *)(void *)p;
    atomic_init(&s->refs, 1);
    s->allocator = a;
    s->nodes = (vgi__node *)(void *)(p + sizeof(*s));
    s->n_nodes = n_nodes;
    s->dictionaries = (vgi__dictionary_type *)(void *)(p + sizeof(*s) + nodes);
    s->n_dictionaries = n_dictionaries;
    s->text = (char *)p + head;
    return s;
}
_Static_assert(sizeof(vgi_schema) % alignof(vgi__node) == 0, "nodes follow the schema");
_Static_assert(sizeof(vgi__node) % alignof(vgi__dictionary_type) == 0,
               "types follow the nodes");

vgi_schema *vgi_schema_ref(const vgi_schema *schema)
{
    vgi_schema *s = (vgi_schema *)(uintptr_t)schema;
    if (s && s != &empty_schema)
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void vgi_schema_unref(vgi_schema *s)
{
    if (!s || s == &empty_schema ||
        atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (int32_t i = 0; i < s->n_dictionaries; i++)
        vgi_schema_unref(s->dictionaries[i].values);
    vgi__free(s->allocator, s->encoded);
    vgi__free(s->allocator, s);
}

/* ---- finishing ---- */

static int bad_shape(const vgi__node *n, int code, const char *what, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];
    return vgi__fail(err, code, NULL, "field '%s': %s",
                     vgi__echo(name, (vgi_str){ n->name, n->name_len }), what);
}

static int32_t count_type_ids(const char *ids)
{
    int32_t n = *ids != 0;
    for (; *ids; ids++)
        n += *ids == ',';
    return n;
}

static const char *index_fault(const vgi_schema *s, const vgi__node *n)
{
    if (n->dictionary < 0)
        return NULL;
    if (n->logical != VGI__TYPE_INT)
        return "the index of a dictionary must be an integer";
    if (s->dictionaries[n->dictionary].values->nodes[1].dictionary >= 0)
        return "the values of a dictionary cannot be dictionary-encoded themselves";
    return NULL;
}

/* What is wrong with a node's children, or NULL. */
static const char *shape_fault(const vgi__node *n)
{
    const vgi__node *child = n + 1;
    switch (n->logical) {
    case VGI__TYPE_STRUCT:
        return NULL;
    case VGI__TYPE_MAP:
        if (n->n_children != 1 || child->logical != VGI__TYPE_STRUCT ||
            child->n_children != 2)
            return "a map needs one child, a struct of key and value";
        if (child->nullable || child[1].nullable)
            return "the entries of a map and their keys cannot be nullable";
        return NULL;
    case VGI__TYPE_UNION:
        if (n->n_children != count_type_ids(n->extra))
            return "a union needs as many type ids as children";
        return NULL;
    case VGI__TYPE_RUN_END:
        if (n->n_children != 2 || child->logical != VGI__TYPE_INT || child->width < 2 ||
            !child->is_signed || child->dictionary >= 0)
            return "run-end encoding needs run ends of int16, int32 or int64, and values";
        return NULL;
    case VGI__TYPE_LIST:
    case VGI__TYPE_LARGE_LIST:
    case VGI__TYPE_LIST_VIEW:
    case VGI__TYPE_LARGE_LIST_VIEW:
    case VGI__TYPE_FIXED_LIST:
        return n->n_children == 1 ? NULL : "a list needs one child";
    default:
        return n->n_children == 0 ? NULL : "a type that is not nested has children";
    }
}

/* Number the dictionaries of all levels. */
static void count_slots(vgi_schema *s)
{
    s->n_slots = s->n_dictionaries;
    for (int32_t i = 0; i < s->n_dictionaries; i++) {
        s->dictionaries[i].nested = s->n_slots;
        s->n_slots += s->dictionaries[i].values->n_slots;
    }
}

int vgi__schema_finish(vgi_schema *s, int code, vgi_error *err)
{
    s->n_columns = s->nodes[0].n_children;
    s->n_spelled = s->n_nodes;
    for (int32_t i = s->n_nodes - 1; i >= 0; i--) {
        vgi__node *n = &s->nodes[i];
        int32_t next = i + 1;
        for (int32_t c = 0; c < n->n_children; c++)
            next += s->nodes[next].subtree;
        n->subtree = next - i;
        const char *fault = shape_fault(n);
        if (!fault)
            fault = index_fault(s, n);
        if (fault)
            return bad_shape(n, code, fault, err);
        if (i > 0)
            s->n_buffers += n->n_buffers;
        s->n_views += n->layout == VGI__LAYOUT_VIEW;
        if (n->dictionary >= 0)
            s->n_spelled += s->dictionaries[n->dictionary].values->n_spelled;
        if (s->n_spelled > VGI__SCHEMA_SPELLED)
            return vgi__fail(
                err, VGI_ELIMIT, NULL,
                "a schema with its dictionaries spelled out has over %d fields",
                VGI__SCHEMA_SPELLED);
    }
    count_slots(s);
    s->plain = s->n_dictionaries == 0 && s->n_views == 0;
    return VGI_OK;
}

static uint64_t hash_bytes(const uint8_t *p, size_t n)
{
    uint64_t h = n * UINT64_C(0x9E3779B97F4A7C15);
    for (; n >= 8; p += 8, n -= 8) {
        h = (h ^ vgi__load64(p)) * UINT64_C(0xFF51AFD7ED558CCD);
        h ^= h >> 32;
    }
    for (; n > 0; n--)
        h = (h ^ *p++) * UINT64_C(0x100000001B3);
    return h ^ (h >> 29);
}

int vgi__schema_seal(vgi_schema *s, vgi_error *err)
{
    if (!s->message) {
        vgi__buffer out;
        vgi__buffer_init(&out, s->allocator, UINT32_MAX);
        int rc = vgi__schema_encode(s, &out, err);
        if (rc != VGI_OK) {
            vgi__buffer_free(&out);
            return rc;
        }
        s->message = s->encoded = out.data;
        s->message_len = (uint32_t)out.len;
    }
    s->hash = hash_bytes(s->message, s->message_len);
    return VGI_OK;
}

/* ---- looking at one ---- */

int32_t vgi__column_node(const vgi_schema *s, int32_t column)
{
    if (column < 0 || column >= s->n_columns)
        return -1;
    int32_t node = vgi__child(0);
    while (column-- > 0)
        node = vgi__sibling(s, node);
    return node;
}

static const vgi__node *column_at(const vgi_schema *s, size_t index)
{
    int32_t node = index > INT32_MAX ? -1 : vgi__column_node(s, (int32_t)index);
    return node < 0 ? NULL : &s->nodes[node];
}

vgi_bytes vgi_schema_message(const vgi_schema *schema)
{
    return (vgi_bytes){ schema->message, schema->message_len };
}

size_t vgi_schema_columns(const vgi_schema *schema)
{
    return (size_t)schema->n_columns;
}

const char *vgi_schema_name(const vgi_schema *schema, size_t index)
{
    const vgi__node *n = column_at(schema, index);
    return n ? n->name : NULL;
}

const char *vgi_schema_format(const vgi_schema *schema, size_t index)
{
    const vgi__node *n = column_at(schema, index);
    return n ? n->format : NULL;
}

bool vgi_schema_nullable(const vgi_schema *schema, size_t index)
{
    const vgi__node *n = column_at(schema, index);
    return n && n->nullable;
}

int vgi_schema_find(const vgi_schema *schema, const char *name)
{
    size_t len = strlen(name);
    int32_t node = vgi__child(0);
    for (int i = 0; i < schema->n_columns; i++, node = vgi__sibling(schema, node)) {
        const vgi__node *n = &schema->nodes[node];
        if (n->name_len == len && memcmp(n->name, name, len) == 0)
            return i;
    }
    return -1;
}

/* Names of these children follow from the parent, whatever they are called. */
static bool names_children(uint8_t logical)
{
    return logical == VGI__TYPE_STRUCT || logical == VGI__TYPE_UNION;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_dictionary(const vgi_schema *a, const vgi__node *x, const vgi_schema *b,
                            const vgi__node *y)
{
    if (x->dictionary < 0 || y->dictionary < 0)
        return x->dictionary < 0 && y->dictionary < 0;
    return vgi__node_equal(a->dictionaries[x->dictionary].values, 1,
                           b->dictionaries[y->dictionary].values, 1, false, false);
}

bool vgi__node_equal(const vgi_schema *a, int32_t na, const vgi_schema *b, int32_t nb,
                     bool names, bool nullability)
{
    const vgi__node *x = &a->nodes[na];
    const vgi__node *y = &b->nodes[nb];
    if (x->logical != y->logical || x->layout != y->layout || x->width != y->width ||
        x->is_signed != y->is_signed || x->unit != y->unit ||
        x->precision != y->precision || x->scale != y->scale ||
        x->ordered != y->ordered || x->n_children != y->n_children)
        return false;
    if (nullability && x->nullable != y->nullable)
        return false;
    if (names &&
        (x->name_len != y->name_len || memcmp(x->name, y->name, x->name_len) != 0))
        return false;
    if (!same_text(x->extra, y->extra) || !same_dictionary(a, x, b, y))
        return false;
    int32_t ca = vgi__child(na);
    int32_t cb = vgi__child(nb);
    for (int32_t i = 0; i < x->n_children; i++) {
        if (!vgi__node_equal(a, ca, b, cb, names_children(x->logical), true))
            return false;
        ca = vgi__sibling(a, ca);
        cb = vgi__sibling(b, cb);
    }
    return true;
}

bool vgi_schema_equal(const vgi_schema *a, const vgi_schema *b)
{
    if (a == b)
        return true;
    if (a->hash == b->hash && a->message_len == b->message_len &&
        memcmp(a->message, b->message, a->message_len) == 0)
        return true;
    return vgi__node_equal(a, 0, b, 0, false, false);
}

size_t vgi_schema_type_text(const vgi_schema *schema, size_t index, char *buf,
                            size_t size)
{
    vgi__buffer text;
    vgi__buffer_init(&text, schema->allocator, SIZE_MAX);
    int32_t node = index > INT32_MAX ? -1 : vgi__column_node(schema, (int32_t)index);
    if (node >= 0)
        (void)vgi__type_text(&text, schema, node);
    if (size > 0) {
        size_t n = text.len < size ? text.len : size - 1;
        if (n > 0)
            memcpy(buf, text.data, n);
        buf[n] = 0;
    }
    size_t needed = text.len;
    vgi__buffer_free(&text);
    return needed;
}

int vgi_schema_decode(vgi_schema **out, vgi_bytes message, vgi_error *err)
{
    size_t used = 0;
    return vgi__schema_decode(out, message.data, message.len, &used, NULL, NULL, err);
}
