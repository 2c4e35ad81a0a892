/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/builder.h"

#include <string.h>

#include "arrow/bits.h"
#include "arrow/builder_impl.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"
#include "base/random.h"

enum { VIEW_BYTES = 16, VIEW_INLINE = 12, BUFFERS_PER_NODE = 4 };

/* Stands for the contents of empty buffers. */
static const int64_t nothing[2];

static const vgi__node *node_of(const vgi__builder *b, int32_t node)
{
    return &b->schema->nodes[node];
}

static bool wide_offsets(const vgi__node *n)
{
    return n->layout == VGI__LAYOUT_BINARY64 || n->layout == VGI__LAYOUT_LIST64 ||
           n->layout == VGI__LAYOUT_LIST_VIEW64;
}

/* Layouts whose offsets begin with a 0 of their own. */
static bool leading_offset(const vgi__node *n)
{
    return n->layout == VGI__LAYOUT_BINARY || n->layout == VGI__LAYOUT_BINARY64 ||
           n->layout == VGI__LAYOUT_LIST || n->layout == VGI__LAYOUT_LIST64;
}

static bool has_validity(const vgi__node *n)
{
    return n->layout != VGI__LAYOUT_NULL && n->layout < VGI__LAYOUT_UNION_SPARSE;
}

/* ---- life ---- */

static int start_column(vgi__builder *b, int32_t node)
{
    vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    vgi__buffer_clear(&c->validity);
    vgi__buffer_clear(&c->first);
    vgi__buffer_clear(&c->second);
    c->lent = NULL;
    c->length = c->nulls = 0;
    return leading_offset(n) ? vgi__column_offset(&c->first, wide_offsets(n), 0) : VGI_OK;
}

static int new_column(vgi__builder *b, int32_t node, vgi_error *err)
{
    vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    size_t limit = (size_t)b->limits.message_bytes;
    vgi__buffer_init(&c->validity, b->allocator, limit);
    vgi__buffer_init(&c->first, b->allocator, limit);
    vgi__buffer_init(&c->second, b->allocator, limit);
    c->entries = n->dictionary >= 0 ? &b->entries[n->dictionary] : NULL;
    return start_column(b, node) == VGI_OK ? VGI_OK : vgi__fail_nomem(err);
}

static int new_entries(vgi__builder *b, int32_t dictionary, vgi_error *err)
{
    vgi__entries *e = &b->entries[dictionary];
    const vgi_schema *values = b->schema->dictionaries[dictionary].values;
    vgi__random_bytes(&e->seed, sizeof(e->seed));
    return vgi__builder_new(&e->values, values, &b->limits, b->allocator, err);
}

/* Connect the array structs; what changes from batch to batch is set by finish. */
static void link_arrays(vgi__builder *b)
{
    const vgi_schema *s = b->schema;
    struct ArrowArray **slot = b->children;
    for (int32_t i = 0; i < s->n_nodes; i++) {
        struct ArrowArray *a = &b->arrays[i];
        a->n_children = s->nodes[i].n_children;
        a->children = a->n_children > 0 ? slot : NULL;
        a->buffers = b->buffers + (size_t)i * BUFFERS_PER_NODE;
        int32_t child = vgi__child(i);
        for (int64_t c = 0; c < a->n_children; c++, child = vgi__sibling(s, child))
            *slot++ = &b->arrays[child];
    }
}

int vgi__builder_new(vgi__builder **out, const vgi_schema *s, const vgi_limits *limits,
                     const vgi_allocator *a, vgi_error *err)
{
    size_t n = (size_t)s->n_nodes;
    vgi__builder *b = vgi__calloc(a, 1, sizeof(*b));
    if (!b)
        return vgi__fail_nomem(err);
    b->schema = vgi_schema_ref(s);
    b->limits = vgi_limits_effective(limits);
    b->allocator = a;
    b->columns = vgi__calloc(a, n, sizeof(*b->columns));
    b->arrays = vgi__calloc(a, n, sizeof(*b->arrays));
    b->children = vgi__calloc(a, n, sizeof(struct ArrowArray *));
    b->buffers = vgi__calloc(a, n * BUFFERS_PER_NODE, sizeof(void *));
    b->entries = vgi__calloc(a, (size_t)s->n_dictionaries, sizeof(*b->entries));
    int rc = VGI_OK;
    if (!b->columns || !b->arrays || !b->children || !b->buffers || !b->entries)
        rc = vgi__fail_nomem(err);
    for (int32_t i = 0; rc == VGI_OK && i < s->n_dictionaries; i++)
        rc = new_entries(b, i, err);
    for (int32_t i = 0; rc == VGI_OK && i < s->n_nodes; i++)
        rc = new_column(b, i, err);
    if (rc != VGI_OK) {
        vgi__builder_free(b);
        return rc;
    }
    link_arrays(b);
    *out = b;
    return VGI_OK;
}

void vgi__builder_free(vgi__builder *b)
{
    if (!b)
        return;
    for (int32_t i = 0; b->columns && i < b->schema->n_nodes; i++) {
        vgi__column *c = &b->columns[i];
        vgi__buffer_free(&c->validity);
        vgi__buffer_free(&c->first);
        vgi__buffer_free(&c->second);
        vgi__free(b->allocator, c->memo);
    }
    for (int32_t i = 0; b->entries && i < b->schema->n_dictionaries; i++) {
        vgi__builder_free(b->entries[i].values);
        vgi__free(b->allocator, b->entries[i].slots);
    }
    vgi__free(b->allocator, b->entries);
    vgi__free(b->allocator, b->columns);
    vgi__free(b->allocator, b->arrays);
    vgi__free(b->allocator, b->children);
    vgi__free(b->allocator, (void *)b->buffers);
    vgi_schema_unref(b->schema);
    vgi__free(b->allocator, b);
}

void vgi__builder_reset(vgi__builder *b)
{
    for (int32_t i = 1; i < b->schema->n_nodes; i++)
        (void)start_column(b, i); /* its memory is there */
    for (int32_t i = 0; i < b->schema->n_dictionaries; i++) {
        vgi__builder_reset(b->entries[i].values);
        vgi__intern_clear(&b->entries[i]);
    }
}

const vgi_schema *vgi__builder_schema(const vgi__builder *b)
{
    return b->schema;
}

void vgi__builder_lend(vgi__builder *b, int32_t node, int64_t rows, const void *items)
{
    vgi__column *c = &b->columns[node];
    c->lent = items;
    c->length = rows;
}

int64_t vgi__builder_length(const vgi__builder *b, int32_t node)
{
    return b->columns[node].length;
}

/* ---- pieces of columns ---- */

uint8_t *vgi__column_grow(vgi__buffer *buffer, size_t n, int *rc)
{
    uint8_t *p = vgi__buffer_extend(buffer, n);
    if (p)
        return p;
    buffer->failed = false; /* until the next reset nothing more fits, but then it may */
    *rc = n > buffer->limit - buffer->len ? VGI_ELIMIT : VGI_ENOMEM;
    return NULL;
}

int vgi__column_bits(vgi__buffer *buffer, int64_t length, const uint8_t *bits,
                     int64_t first, int64_t count)
{
    int rc = VGI_OK;
    size_t bytes = (size_t)((length + count + 7) / 8);
    size_t more = bytes - buffer->len;
    uint8_t *p = vgi__column_extend(buffer, more, &rc);
    if (!p)
        return rc;
    memset(p, 0, more);
    if (bits)
        vgi__bits_copy(buffer->data, length, bits, first, count);
    else
        vgi__bits_fill(buffer->data, length, count);
    return VGI_OK;
}

int vgi__column_validity(vgi__column *c, const uint8_t *bits, int64_t first,
                         int64_t count)
{
    int64_t nulls = bits ? count - vgi__bits_count(bits, first, count) : 0;
    int rc = VGI_OK;
    if (nulls > 0 && c->nulls == 0) {
        c->validity.len = 0;
        rc = vgi__column_bits(&c->validity, 0, NULL, 0, c->length);
    }
    if (rc == VGI_OK && (nulls > 0 || c->nulls > 0))
        rc = vgi__column_bits(&c->validity, c->length, bits, first, count);
    if (rc != VGI_OK)
        return rc;
    c->length += count;
    c->nulls += nulls;
    return VGI_OK;
}

void vgi__builder_limit(vgi__builder *b, int32_t node, int64_t bytes)
{
    int32_t end = vgi__sibling(b->schema, node);
    b->limits.message_bytes = bytes;
    for (; node < end; node++) {
        vgi__column *c = &b->columns[node];
        c->validity.limit = c->first.limit = c->second.limit = (size_t)bytes;
    }
}

int vgi__column_offset(vgi__buffer *buffer, bool wide, int64_t value)
{
    int rc = VGI_OK;
    if (!wide && value > INT32_MAX)
        return VGI_ELIMIT;
    uint8_t *p = vgi__column_extend(buffer, wide ? 8 : 4, &rc);
    if (!p)
        return rc;
    if (wide)
        vgi__store64(p, (uint64_t)value);
    else
        vgi__store32(p, (uint32_t)value);
    return VGI_OK;
}

/* One more row; its data is there already. */
static int count_row(vgi__column *c, bool valid)
{
    static const uint8_t null_bit[1];
    if (valid && c->nulls == 0) {
        c->length++;
        return VGI_OK;
    }
    if (c->nulls == 0 || c->length % 8 == 0)
        return vgi__column_validity(c, valid ? NULL : null_bit, 0, 1);
    vgi__bit_set(c->validity.data, c->length++, valid);
    c->nulls += !valid;
    return VGI_OK;
}

int vgi__column_index(vgi__builder *b, int32_t node, int64_t index)
{
    const vgi__node *n = node_of(b, node);
    int bits = n->width * 8 - n->is_signed;
    int rc = VGI_OK;
    if (bits < 63 && index >> bits != 0)
        return VGI_ELIMIT;
    uint8_t *p = vgi__column_extend(&b->columns[node].first, (size_t)n->width, &rc);
    if (!p)
        return rc;
    memcpy(p, &index, (size_t)n->width);
    return count_row(&b->columns[node], true);
}

/* ---- values ---- */

int vgi__builder_bool(vgi__builder *b, int32_t node, bool v)
{
    static const uint8_t zero[1];
    vgi__column *c = &b->columns[node];
    int rc = vgi__column_bits(&c->first, c->length, v ? NULL : zero, 0, 1);
    return rc == VGI_OK ? count_row(c, true) : rc;
}

int vgi__builder_fixed(vgi__builder *b, int32_t node, const void *v)
{
    vgi__column *c = &b->columns[node];
    int rc = VGI_OK;
    if (c->entries)
        return vgi__builder_bytes(b, node, v,
                                  (size_t)node_of(c->entries->values, 1)->width);
    size_t width = (size_t)node_of(b, node)->width;
    uint8_t *p = vgi__column_extend(&c->first, width, &rc);
    if (!p)
        return rc;
    if (width == 8)
        memcpy(p, v, 8);
    else
        memcpy(p, v, width);
    return count_row(c, true);
}

static int append_view(vgi__column *c, const uint8_t *bytes, size_t n)
{
    uint8_t view[VIEW_BYTES] = { 0 };
    int rc = VGI_OK;
    vgi__store32(view, (uint32_t)n);
    if (n <= VIEW_INLINE) {
        if (n > 0)
            memcpy(view + 4, bytes, n);
    } else {
        if (n > INT32_MAX || c->second.len > INT32_MAX - n)
            return VGI_ELIMIT;
        memcpy(view + 4, bytes, 4);
        vgi__store32(view + 12, (uint32_t)c->second.len);
        uint8_t *data = vgi__column_extend(&c->second, n, &rc);
        if (!data)
            return rc;
        memcpy(data, bytes, n);
    }
    uint8_t *p = vgi__column_extend(&c->first, VIEW_BYTES, &rc);
    if (p)
        memcpy(p, view, VIEW_BYTES);
    return rc;
}

static int append_binary(vgi__column *c, bool wide, const void *bytes, size_t n)
{
    int rc = VGI_OK;
    uint8_t *data = vgi__column_extend(&c->second, n, &rc);
    if (!data)
        return rc;
    if (n > 0)
        memcpy(data, bytes, n);
    rc = vgi__column_offset(&c->first, wide, (int64_t)c->second.len);
    if (rc != VGI_OK)
        c->second.len -= n;
    return rc;
}

int vgi__builder_bytes(vgi__builder *b, int32_t node, const void *p, size_t n)
{
    vgi__column *c = &b->columns[node];
    const vgi__node *type = node_of(b, node);
    int rc = VGI_OK;
    if (c->entries) {
        int64_t index;
        rc = vgi__intern(c->entries, p, n, &index);
        return rc == VGI_OK ? vgi__column_index(b, node, index) : rc;
    }
    switch (type->layout) {
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
        rc = append_binary(c, type->layout == VGI__LAYOUT_BINARY64, p, n);
        break;
    case VGI__LAYOUT_VIEW:
        rc = append_view(c, p, n);
        break;
    default:
        return n == (size_t)type->width ? vgi__builder_fixed(b, node, p) : VGI_EINVAL;
    }
    return rc == VGI_OK ? count_row(c, true) : rc;
}

int vgi__builder_valid(vgi__builder *b, int32_t node)
{
    return count_row(&b->columns[node], true);
}

/* Items appended to a list view since its last row; they are contiguous. */
static int append_list_view(vgi__column *c, bool wide, int64_t end)
{
    int64_t begin = 0;
    if (c->length > 0 && wide)
        begin = vgi__loadi64(c->first.data + c->first.len - 8) +
                vgi__loadi64(c->second.data + c->second.len - 8);
    else if (c->length > 0)
        begin = (int64_t)vgi__loadi32(c->first.data + c->first.len - 4) +
                vgi__loadi32(c->second.data + c->second.len - 4);
    int rc = vgi__column_offset(&c->first, wide, begin);
    return rc == VGI_OK ? vgi__column_offset(&c->second, wide, end - begin) : rc;
}

/* The offsets of one more row of a list, whose items end where the child does. */
static int append_list(vgi__builder *b, int32_t node)
{
    vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    int64_t end = b->columns[vgi__child(node)].length;
    switch (n->layout) {
    case VGI__LAYOUT_LIST_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
        return append_list_view(c, wide_offsets(n), end);
    case VGI__LAYOUT_FIXED_LIST:
        return end == (c->length + 1) * n->width ? VGI_OK : VGI_EINVAL;
    default:
        return vgi__column_offset(&c->first, wide_offsets(n), end);
    }
}

int vgi__builder_close_list(vgi__builder *b, int32_t node)
{
    int rc = append_list(b, node);
    return rc == VGI_OK ? count_row(&b->columns[node], true) : rc;
}

int vgi__builder_column(vgi__builder *b, int32_t node, int64_t rows, void **items)
{
    vgi__column *c = &b->columns[node];
    int32_t width = node_of(b, node)->width;
    int rc = VGI_OK;
    if (width > 0 && rows > b->limits.message_bytes / width)
        return VGI_ELIMIT;
    uint8_t *p = vgi__column_extend(&c->first, (size_t)(rows * width), &rc);
    if (!p)
        return rc;
    *items = p;
    return vgi__column_validity(c, NULL, 0, rows);
}

/* ---- nulls and padding ---- */

static int append_blank(vgi__builder *b, int32_t node, bool valid);

static int blank_children(vgi__builder *b, int32_t node, int64_t rows)
{
    int32_t child = vgi__child(node);
    int rc = VGI_OK;
    for (int32_t i = 0; i < node_of(b, node)->n_children; i++) {
        for (int64_t row = 0; rc == VGI_OK && row < rows; row++)
            rc = append_blank(b, child, !node_of(b, child)->nullable);
        child = vgi__sibling(b->schema, child);
    }
    return rc;
}

/* A union's blank is one of its first child. */
static int blank_union(vgi__builder *b, int32_t node, bool valid)
{
    vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    int32_t child = vgi__child(node);
    int rc = VGI_OK;
    if (n->n_children == 0)
        return VGI_EINVAL;
    uint8_t *id = vgi__column_extend(&c->first, 1, &rc);
    if (!id)
        return rc;
    *id = 0;
    for (const char *p = n->extra; *p >= '0' && *p <= '9'; p++)
        *id = (uint8_t)(*id * 10 + (*p - '0'));
    if (n->layout == VGI__LAYOUT_UNION_SPARSE)
        return blank_children(b, node, 1);
    rc = vgi__column_offset(&c->second, false, b->columns[child].length);
    return rc == VGI_OK ? append_blank(b, child, valid) : rc;
}

static int blank_run(vgi__builder *b, int32_t node, bool valid)
{
    int32_t ends = vgi__child(node);
    int64_t end = b->columns[node].length + 1;
    int32_t width = node_of(b, ends)->width;
    if (width < 8 && end >> (width * 8 - 1) != 0)
        return VGI_ELIMIT;
    int rc = vgi__builder_fixed(b, ends, &end);
    return rc == VGI_OK ? append_blank(b, vgi__sibling(b->schema, ends), valid) : rc;
}

/* Fixed width: zeros. A valid index needs an entry to point to. */
static int blank_fixed(vgi__builder *b, int32_t node, bool valid)
{
    vgi__column *c = &b->columns[node];
    size_t width = (size_t)node_of(b, node)->width;
    int rc = VGI_OK;
    if (valid && c->entries && c->entries->values->columns[1].length == 0)
        rc = append_blank(c->entries->values, 1, true);
    uint8_t *p = rc == VGI_OK ? vgi__column_extend(&c->first, width, &rc) : NULL;
    if (p)
        memset(p, 0, width);
    return rc;
}

/* The data of a row that is null or, below a null parent, of no importance. */
static int blank_data(vgi__builder *b, int32_t node, bool valid)
{
    static const uint8_t zero[1];
    vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    switch (n->layout) {
    case VGI__LAYOUT_NULL:
        return VGI_OK;
    case VGI__LAYOUT_BOOL:
        return vgi__column_bits(&c->first, c->length, zero, 0, 1);
    case VGI__LAYOUT_FIXED:
        return blank_fixed(b, node, valid);
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
        return append_binary(c, wide_offsets(n), NULL, 0);
    case VGI__LAYOUT_VIEW:
        return append_view(c, NULL, 0);
    case VGI__LAYOUT_STRUCT:
        return blank_children(b, node, 1);
    case VGI__LAYOUT_UNION_SPARSE:
    case VGI__LAYOUT_UNION_DENSE:
        return blank_union(b, node, valid);
    case VGI__LAYOUT_RUN_END:
        return blank_run(b, node, valid);
    case VGI__LAYOUT_FIXED_LIST: {
        int rc = blank_children(b, node, n->width);
        return rc == VGI_OK ? append_list(b, node) : rc;
    }
    default:
        return append_list(b, node);
    }
}

static int append_blank(vgi__builder *b, int32_t node, bool valid)
{
    vgi__column *c = &b->columns[node];
    int rc = blank_data(b, node, valid);
    if (rc != VGI_OK)
        return rc;
    if (has_validity(node_of(b, node)))
        return count_row(c, valid);
    c->length++;
    return VGI_OK;
}

int vgi__builder_null(vgi__builder *b, int32_t node)
{
    return append_blank(b, node, false);
}

/* ---- finishing ---- */

static int finish_node(vgi__builder *b, int32_t node, int64_t rows, vgi_error *err);

static int finish_children(vgi__builder *b, int32_t node, int64_t rows, vgi_error *err)
{
    int32_t child = vgi__child(node);
    int rc = VGI_OK;
    for (int32_t i = 0; rc == VGI_OK && i < node_of(b, node)->n_children; i++) {
        rc = finish_node(b, child, rows < 0 ? b->columns[child].length : rows, err);
        child = vgi__sibling(b->schema, child);
    }
    return rc;
}

/* How many rows the children of a node must have; -1: any number. */
static int64_t child_rows(const vgi__builder *b, int32_t node)
{
    const vgi__column *c = &b->columns[node];
    const vgi__node *n = node_of(b, node);
    switch (n->layout) {
    case VGI__LAYOUT_LIST:
        return vgi__loadi32(c->first.data + c->first.len - 4);
    case VGI__LAYOUT_LIST64:
        return vgi__loadi64(c->first.data + c->first.len - 8);
    case VGI__LAYOUT_FIXED_LIST:
        return c->length * n->width;
    case VGI__LAYOUT_STRUCT:
    case VGI__LAYOUT_UNION_SPARSE:
        return c->length;
    case VGI__LAYOUT_RUN_END:
        return b->columns[vgi__child(node)].length;
    default:
        return -1;
    }
}

static const void *contents(const vgi__buffer *buffer)
{
    return buffer->len > 0 ? buffer->data : (const void *)nothing;
}

/* Point an array at its column's buffers. */
static void publish(vgi__builder *b, int32_t node)
{
    const vgi__node *n = node_of(b, node);
    vgi__column *c = &b->columns[node];
    struct ArrowArray *a = &b->arrays[node];
    const void **to = a->buffers;
    a->length = c->length;
    a->null_count = n->layout == VGI__LAYOUT_NULL ? c->length : c->nulls;
    a->n_buffers = n->n_buffers;
    if (has_validity(n))
        *to++ = c->nulls > 0 ? c->validity.data : NULL;
    *to++ = c->lent ? c->lent : contents(&c->first);
    if (n->layout != VGI__LAYOUT_VIEW || c->second.len > 0)
        *to++ = contents(&c->second);
    if (n->layout != VGI__LAYOUT_VIEW)
        return;
    c->data_bytes = (int64_t)c->second.len;
    *to++ = &c->data_bytes;
    a->n_buffers = to - a->buffers;
}

static int finish_node(vgi__builder *b, int32_t node, int64_t rows, vgi_error *err)
{
    vgi__column *c = &b->columns[node];
    if (c->length != rows)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "column '%s' has %lld rows instead of %lld",
                         node_of(b, node)->name, (long long)c->length, (long long)rows);
    publish(b, node);
    if (c->entries) {
        int rc = vgi__builder_finish_column(c->entries->values, 1,
                                            &b->arrays[node].dictionary, err);
        if (rc != VGI_OK)
            return rc;
    }
    return finish_children(b, node, child_rows(b, node), err);
}

int vgi__builder_finish_column(vgi__builder *b, int32_t node, struct ArrowArray **out,
                               vgi_error *err)
{
    int rc = finish_node(b, node, b->columns[node].length, err);
    if (rc == VGI_OK)
        *out = &b->arrays[node];
    return rc;
}

int vgi__builder_finish(vgi__builder *b, int64_t rows, struct ArrowArray **out,
                        vgi_error *err)
{
    if (rows < 0)
        rows = b->schema->n_columns > 0 ? b->columns[vgi__child(0)].length : 0;
    struct ArrowArray *root = &b->arrays[0];
    root->length = rows;
    root->n_buffers = 1;
    int rc = finish_children(b, 0, rows, err);
    if (rc == VGI_OK)
        *out = root;
    return rc;
}
