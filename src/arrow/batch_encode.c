/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: record batch and dictionary messages.
 *
 * The head of the flatbuffer is the same for every batch of the world but for a few
 * numbers, so it is copied from templates and patched. Everything behind it is laid out
 * forwards:
 *
 *   FFFFFFFF | length | Message | [DictionaryBatch] | RecordBatch | nodes | buffers |
 * [view counts] | [KeyValue] body: each buffer, padded to 8
 *
 * One walk over the node program writes node, buffer entries and data. `first` and
 * `count` select rows of the array, whatever its own offset: offsets are rebased to 0,
 * bitmaps shifted to a byte border, children cut to what is used.
 */
#include "arrow/batch_encode.h"

#include <string.h>

#include "arrow/bits.h"
#include "arrow/key_value.h"
#include "arrow/message.h"
#include "arrow/runs.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/endian.h"
#include "base/fail.h"

enum {
    MESSAGE_BYTES = 48,
    DICTIONARY_BYTES = 40,
    BATCH_BYTES = 40,
    VECTOR_BYTES = 8, /* gap and count before the items */
    ENTRY_BYTES = 16  /* FieldNode and Buffer */
};

/* Root reference, vtable of five fields, then Message at 24. */
static const uint8_t message_template[MESSAGE_BYTES] = {
    24, 0, 0,  0, 14, 0, 24, 0, /* root; vtable */
    20, 0, 22, 0, 4,  0, 8,  0, /* version, kind, header, body length */
    16, 0, 0,  0, 0,  0, 0,  0, /* custom metadata */
    20, 0, 0,  0, 0,  0, 0,  0, /* Message; header at 28 */
    0,  0, 0,  0, 0,  0, 0,  0, /* body length at 32 */
    0,  0, 0,  0, 4,  0, 0,  0, /* custom metadata at 40, V5, kind at 46 */
};
enum { HEADER_AT = 28, BODY_AT = 32, METADATA_SLOT = 16, METADATA_AT = 40, KIND_AT = 46 };

/* Vtable of three fields, then DictionaryBatch at 16. */
static const uint8_t dictionary_template[DICTIONARY_BYTES] = {
    10, 0, 24, 0,
    8,  0, 4,  0, /* vtable: id, data */
    16, 0, 0,  0,
    0,  0, 0,  0, /* delta */
    16, 0, 0,  0,
    36, 0, 0,  0, /* DictionaryBatch; data is RecordBatch, at 16 behind this part */
    0,  0, 0,  0,
    0,  0, 0,  0, /* id at 24 */
    0,  0, 0,  0,
    0,  0, 0,  0, /* no delta */
};
enum { DICTIONARY_TABLE = 16, ID_AT = 24 };

/* Vtable of five fields, then RecordBatch at 16. */
static const uint8_t batch_template[BATCH_BYTES] = {
    14, 0, 24, 0, 8, 0, 4, 0, /* vtable: length, nodes */
    16, 0, 0,  0, 0, 0, 0, 0, /* buffers, compression, view counts */
    16, 0, 0,  0, 0, 0, 0, 0, /* RecordBatch; nodes at 20 */
    0,  0, 0,  0, 0, 0, 0, 0, /* length at 24 */
    0,  0, 0,  0, 0, 0, 0, 0, /* buffers at 32, view counts at 36 */
};
enum {
    BATCH_TABLE = 16,
    NODES_AT = 20,
    LENGTH_AT = 24,
    BUFFERS_AT = 32,
    COUNTS_SLOT = 12,
    COUNTS_AT = 36
};

typedef struct encoder {
    vgi__send *o;
    const vgi_schema *s;
    uint8_t *scratch;           /* where it is now: it moves when it grows */
    size_t node, buffer, views; /* where in scratch the next entry of each goes */
    int64_t body;               /* bytes so far */
} encoder;

static bool put_node(encoder *e, int32_t node, const struct ArrowArray *a, int64_t first,
                     int64_t count);

/* ---- send buffer ---- */

uint8_t *vgi__send_grow(vgi__send *o, size_t n)
{
    uint8_t *p = vgi__buffer_reserve(&o->scratch, n);
    if (!p)
        o->scratch.failed = false; /* the message is taken back, the next one may fit */
    return p;
}

static bool push_segment(vgi__send *o, const uint8_t *data, size_t offset, size_t len)
{
    if (o->n_segments == o->segments_cap &&
        !vgi__grow(o->scratch.allocator, (void **)&o->segments, &o->segments_cap,
                   o->n_segments + 1, sizeof(*o->segments)))
        return false;
    o->segments[o->n_segments++] = (vgi__segment){ data, offset, len };
    return true;
}

bool vgi__send_cut(vgi__send *o)
{
    if (o->scratch.len == o->tail)
        return true;
    if (!push_segment(o, NULL, o->tail, o->scratch.len - o->tail))
        return false;
    o->tail = o->scratch.len;
    return true;
}

/* The padding is a segment of its own, so that what follows in scratch stays aligned. */
static bool refer(vgi__send *o, const uint8_t *p, size_t n)
{
    static const uint8_t zeros[8];
    size_t gap = (8 - n % 8) % 8;
    if (!vgi__send_cut(o) || !push_segment(o, p, 0, n))
        return false;
    o->referenced += n + gap;
    return gap == 0 || push_segment(o, zeros, 0, gap);
}

/* ---- entries and buffers ---- */

static inline void put_entry(encoder *e, size_t *at, int64_t first, int64_t second)
{
    uint8_t *p = e->scratch + *at;
    vgi__store64(p, (uint64_t)first);
    vgi__store64(p + 8, (uint64_t)second);
    *at += ENTRY_BYTES;
}

/* Most buffers of a call are a value or two: no function call for them. */
static inline void copy(uint8_t *to, const uint8_t *p, size_t n)
{
    if (n > 16) {
        memcpy(to, p, n);
    } else if (n >= 8) { /* the two halves may overlap */
        uint64_t low = vgi__load64(p);
        uint64_t high = vgi__load64(p + n - 8);
        vgi__store64(to, low);
        vgi__store64(to + n - 8, high);
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = p[i];
    }
}

/* A buffer of `n` bytes to be filled now, NULL: no memory. Its padding is zeroed. */
static inline uint8_t *new_buffer(encoder *e, int64_t n)
{
    size_t padded = (size_t)vgi__pad8(n);
    uint8_t *to = vgi__send_room(e->o, padded);
    if (!to)
        return NULL;
    e->scratch = e->o->scratch.data;
    put_entry(e, &e->buffer, e->body, n);
    e->body += (int64_t)padded;
    if (padded > 0)
        vgi__store64(to + padded - 8, 0);
    vgi__send_take(e->o, padded);
    return to;
}

/* Inlined by force: a small batch is little else than calls of this. */
static inline __attribute__((always_inline)) bool put_buffer(encoder *e, const void *p,
                                                             int64_t n)
{
    if (n >= VGI__REFERENCE_BYTES && !e->o->copy) {
        put_entry(e, &e->buffer, e->body, n);
        e->body += vgi__pad8(n);
        bool ok = refer(e->o, p, (size_t)n);
        e->scratch = e->o->scratch.data;
        return ok;
    }
    uint8_t *to = new_buffer(e, n);
    if (!to)
        return false;
    copy(to, p, (size_t)n);
    return true;
}

/* `count` bits from bit `first` of `bits`. */
static bool put_bits(encoder *e, const uint8_t *bits, int64_t first, int64_t count)
{
    if (first % 8 == 0 || count == 0)
        return put_buffer(e, count > 0 ? bits + first / 8 : NULL, (count + 7) / 8);
    uint8_t *to = new_buffer(e, (count + 7) / 8);
    if (!to)
        return false;
    vgi__bits_copy(to, 0, bits, first, count);
    return true;
}

static int64_t count_nulls(const struct ArrowArray *a, int64_t first, int64_t count)
{
    if (a->null_count == 0 || !a->buffers[0])
        return 0;
    if (a->null_count > 0 && first == 0 && count == a->length)
        return a->null_count;
    return count - vgi__bits_count(a->buffers[0], a->offset + first, count);
}

/* The node entry, and the validity buffer: absent without nulls. */
static bool put_validity(encoder *e, const struct ArrowArray *a, int64_t first,
                         int64_t count)
{
    int64_t nulls = count_nulls(a, first, count);
    put_entry(e, &e->node, count, nulls);
    if (nulls == 0) {
        put_entry(e, &e->buffer, e->body, 0);
        return true;
    }
    return put_bits(e, a->buffers[0], a->offset + first, count);
}

/* ---- layouts ---- */

static int64_t offset_at(const void *offsets, bool wide, int64_t i)
{
    return wide ? ((const int64_t *)offsets)[i] : ((const int32_t *)offsets)[i];
}

/* Offsets of `count` rows from absolute row `first`, rebased to 0; *from, *to: what they
 * span. */
static bool put_offsets(encoder *e, const struct ArrowArray *a, bool wide, int64_t first,
                        int64_t count, int64_t span[2])
{
    span[0] = span[1] = 0;
    if (count == 0)
        return put_buffer(e, NULL, 0);
    const void *offsets = a->buffers[1];
    span[0] = offset_at(offsets, wide, first);
    span[1] = offset_at(offsets, wide, first + count);
    int64_t bytes = (count + 1) * (wide ? 8 : 4);
    if (span[0] == 0)
        return put_buffer(e, (const uint8_t *)offsets + first * (wide ? 8 : 4), bytes);
    uint8_t *to = new_buffer(e, bytes);
    if (!to)
        return false;
    for (int64_t i = 0; i <= count; i++) {
        int64_t v = offset_at(offsets, wide, first + i) - span[0];
        if (wide)
            ((int64_t *)(void *)to)[i] = v;
        else
            ((int32_t *)(void *)to)[i] = (int32_t)v;
    }
    return true;
}

static bool put_binary(encoder *e, const struct ArrowArray *a, bool wide, int64_t first,
                       int64_t count)
{
    int64_t span[2];
    return put_offsets(e, a, wide, a->offset + first, count, span) &&
           put_buffer(e,
                      span[1] > span[0] ? (const uint8_t *)a->buffers[2] + span[0] : NULL,
                      span[1] - span[0]);
}

/* Views are kept as they are, and so are all the buffers they point into. */
static bool put_views(encoder *e, const struct ArrowArray *a, int64_t first,
                      int64_t count)
{
    int64_t variadic = a->n_buffers > 3 ? a->n_buffers - 3 : 0;
    const int64_t *sizes = variadic > 0 ? a->buffers[a->n_buffers - 1] : NULL;
    vgi__store64(e->scratch + e->views, (uint64_t)variadic);
    e->views += sizeof(int64_t);
    if (!put_buffer(e,
                    count > 0 ? (const uint8_t *)a->buffers[1] + (a->offset + first) * 16
                              : NULL,
                    count * 16))
        return false;
    for (int64_t i = 0; i < variadic; i++) {
        if (!put_buffer(e, a->buffers[2 + i], sizes[i]))
            return false;
    }
    return true;
}

static bool put_list(encoder *e, int32_t node, const struct ArrowArray *a, int64_t first,
                     int64_t count)
{
    int64_t span[2];
    return put_offsets(e, a, e->s->nodes[node].layout == VGI__LAYOUT_LIST64,
                       a->offset + first, count, span) &&
           put_node(e, vgi__child(node), a->children[0], span[0], span[1] - span[0]);
}

/* List views need no order; only the items between the lowest and the highest used are
 * sent. */
static bool put_list_view(encoder *e, int32_t node, const struct ArrowArray *a,
                          int64_t first, int64_t count)
{
    bool wide = e->s->nodes[node].layout == VGI__LAYOUT_LIST_VIEW64;
    int64_t width = wide ? 8 : 4;
    int64_t low = INT64_MAX, high = 0;
    first += a->offset;
    for (int64_t i = first; i < first + count; i++) {
        int64_t at = offset_at(a->buffers[1], wide, i);
        int64_t n = offset_at(a->buffers[2], wide, i);
        if (n == 0)
            continue;
        low = at < low ? at : low;
        high = at + n > high ? at + n : high;
    }
    low = high == 0 ? 0 : low;
    uint8_t *to = new_buffer(e, count * width);
    if (!to)
        return false;
    for (int64_t i = 0; i < count; i++) {
        bool used = offset_at(a->buffers[2], wide, first + i) > 0;
        int64_t at = used ? offset_at(a->buffers[1], wide, first + i) - low : 0;
        memcpy(to + i * width, &at, (size_t)width);
    }
    return put_buffer(e,
                      count > 0 ? (const uint8_t *)a->buffers[2] + first * width : NULL,
                      count * width) &&
           put_node(e, vgi__child(node), a->children[0], low, high - low);
}

static bool put_children(encoder *e, int32_t node, const struct ArrowArray *a,
                         int64_t first, int64_t count)
{
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < e->s->nodes[node].n_children; i++) {
        if (!put_node(e, child, a->children[i], first, count))
            return false;
        child = vgi__sibling(e->s, child);
    }
    return true;
}

static bool put_dense_union(encoder *e, int32_t node, const struct ArrowArray *a,
                            int64_t first, int64_t count)
{
    const vgi__node *n = &e->s->nodes[node];
    const int8_t *ids = a->buffers[0];
    const int32_t *offsets = a->buffers[1];
    uint8_t child_of[128];
    int32_t low[128], high[128];
    vgi__union_children(n, child_of);
    for (int32_t i = 0; i < n->n_children; i++) {
        low[i] = INT32_MAX;
        high[i] = 0;
    }
    first += a->offset;
    for (int64_t i = first; i < first + count; i++) {
        unsigned c = child_of[ids[i] & 127];
        low[c] = offsets[i] < low[c] ? offsets[i] : low[c];
        high[c] = offsets[i] >= high[c] ? offsets[i] + 1 : high[c];
    }
    if (!put_buffer(e, count > 0 ? ids + first : NULL, count))
        return false;
    uint8_t *to = new_buffer(e, count * 4);
    if (!to)
        return false;
    for (int64_t i = 0; i < count; i++)
        vgi__store32(to + 4 * i, (uint32_t)(offsets[first + i] -
                                            low[child_of[ids[first + i] & 127]]));
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(e->s, child)) {
        int64_t from = high[i] > 0 ? low[i] : 0;
        if (!put_node(e, child, a->children[i], from, high[i] - from))
            return false;
    }
    return true;
}

/* A run-end array: find the runs of the rows, cut the first and the last of them. */
static bool put_runs(encoder *e, int32_t node, const struct ArrowArray *a, int64_t first,
                     int64_t count)
{
    const struct ArrowArray *ends = a->children[0];
    int32_t child = vgi__child(node);
    int32_t width = e->s->nodes[child].width;
    first += a->offset;
    int64_t from = count > 0 ? vgi__run_find(ends, width, first) : 0;
    int64_t to = count > 0 ? vgi__run_find(ends, width, first + count - 1) + 1 : 0;
    put_entry(e, &e->node, to - from, 0);
    put_entry(e, &e->buffer, e->body, 0);
    uint8_t *p = new_buffer(e, (to - from) * width);
    if (!p)
        return false;
    for (int64_t i = from; i < to; i++, p += width) {
        int64_t end = vgi__run_end(ends, width, i) - first;
        end = end < count ? end : count;
        memcpy(p, &end, (size_t)width);
    }
    return put_node(e, vgi__sibling(e->s, child), a->children[1], from, to - from);
}

/* Layouts without a validity buffer. */
static bool put_bare(encoder *e, int32_t node, const struct ArrowArray *a, int64_t first,
                     int64_t count)
{
    vgi__layout layout = (vgi__layout)e->s->nodes[node].layout;
    put_entry(e, &e->node, count, layout == VGI__LAYOUT_NULL ? count : 0);
    switch (layout) {
    case VGI__LAYOUT_UNION_SPARSE:
        return put_buffer(e,
                          count > 0 ? (const int8_t *)a->buffers[0] + a->offset + first
                                    : NULL,
                          count) &&
               put_children(e, node, a, a->offset + first, count);
    case VGI__LAYOUT_UNION_DENSE:
        return put_dense_union(e, node, a, first, count);
    case VGI__LAYOUT_RUN_END:
        return put_runs(e, node, a, first, count);
    default:
        return true;
    }
}

/* Rows `first` to `first + count` of `a`, counted from its own offset. */
static bool put_node(encoder *e, int32_t node, const struct ArrowArray *a, int64_t first,
                     int64_t count)
{
    const vgi__node *n = &e->s->nodes[node];
    vgi__layout layout = (vgi__layout)n->layout;
    if (layout == VGI__LAYOUT_NULL || layout >= VGI__LAYOUT_UNION_SPARSE)
        return put_bare(e, node, a, first, count);
    if (!put_validity(e, a, first, count))
        return false;
    int64_t at = a->offset + first;
    switch (layout) {
    case VGI__LAYOUT_BOOL:
        return put_bits(e, a->buffers[1], at, count);
    case VGI__LAYOUT_FIXED:
        return put_buffer(
            e, count > 0 ? (const uint8_t *)a->buffers[1] + at * n->width : NULL,
            count * n->width);
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
        return put_binary(e, a, layout == VGI__LAYOUT_BINARY64, first, count);
    case VGI__LAYOUT_VIEW:
        return put_views(e, a, first, count);
    case VGI__LAYOUT_LIST:
    case VGI__LAYOUT_LIST64:
        return put_list(e, node, a, first, count);
    case VGI__LAYOUT_LIST_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
        return put_list_view(e, node, a, first, count);
    case VGI__LAYOUT_FIXED_LIST:
        return put_node(e, vgi__child(node), a->children[0], at * n->width,
                        count * n->width);
    default:
        return put_children(e, node, a, at, count);
    }
}

/* ---- messages ---- */

/* Buffers of views beyond the fixed ones, in the whole array. */
static int64_t count_variadic(const vgi_schema *s, int32_t node,
                              const struct ArrowArray *a)
{
    int64_t total = 0;
    if (s->nodes[node].layout == VGI__LAYOUT_VIEW && a->n_buffers > 3)
        total = a->n_buffers - 3;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < s->nodes[node].n_children;
         i++, child = vgi__sibling(s, child))
        total += count_variadic(s, child, a->children[i]);
    return total;
}

/* What a message consists of. */
typedef struct message {
    const struct ArrowArray *array; /* its children are the columns; or NULL */
    const vgi_metadata *metadata;   /* or NULL */
    const int64_t *dictionary;      /* id; NULL: a record batch */
    int64_t rows;
} message;

/* Where things go in its flatbuffer. */
typedef struct head {
    size_t batch, nodes, buffers, views, pairs, end;
    size_t n_nodes, n_buffers;
} head;

static head plan_head(const vgi_schema *s, const message *m)
{
    head h = { .n_nodes = (size_t)s->n_nodes - 1, .n_buffers = (size_t)s->n_buffers };
    if (s->n_views > 0 && m->array)
        h.n_buffers += (size_t)count_variadic(s, 0, m->array);
    h.batch = MESSAGE_BYTES + (m->dictionary ? (size_t)DICTIONARY_BYTES : 0);
    h.nodes = h.batch + BATCH_BYTES + VECTOR_BYTES;
    h.buffers = h.nodes + h.n_nodes * ENTRY_BYTES + VECTOR_BYTES;
    h.end = h.buffers + h.n_buffers * ENTRY_BYTES;
    h.views = h.end + VECTOR_BYTES;
    if (s->n_views > 0)
        h.end = h.views + (size_t)s->n_views * sizeof(int64_t);
    h.pairs = h.end;
    if (m->metadata)
        h.end = (h.end + vgi__key_value_size(m->metadata) + 7) & ~(size_t)7;
    return h;
}

/* The reference at `slot` to a vector of `count` items, the first of them at `items`, a
 * gap before. */
static void put_vector(uint8_t *p, size_t slot, size_t items, size_t count)
{
    vgi__store32(p + slot, (uint32_t)(items - 4 - slot));
    vgi__store64(p + items - VECTOR_BYTES, (uint64_t)count << 32);
}

/* The flatbuffer but for the body length and, when there is an array, the entries. */
static void write_head(uint8_t *p, const vgi_schema *s, const message *m, const head *h)
{
    size_t target = h->batch + BATCH_TABLE;
    memcpy(p, message_template, MESSAGE_BYTES);
    p[KIND_AT] = VGI__MESSAGE_BATCH;
    if (m->dictionary) {
        memcpy(p + MESSAGE_BYTES, dictionary_template, DICTIONARY_BYTES);
        vgi__store64(p + MESSAGE_BYTES + ID_AT, (uint64_t)*m->dictionary);
        p[KIND_AT] = VGI__MESSAGE_DICTIONARY;
        target = MESSAGE_BYTES + DICTIONARY_TABLE;
    }
    vgi__store32(p + HEADER_AT, (uint32_t)(target - HEADER_AT));
    memcpy(p + h->batch, batch_template, BATCH_BYTES);
    if (!m->array)
        memset(p + h->nodes, 0, h->pairs - h->nodes);
    vgi__store64(p + h->batch + LENGTH_AT, (uint64_t)m->rows);
    put_vector(p, h->batch + NODES_AT, h->nodes, h->n_nodes);
    put_vector(p, h->batch + BUFFERS_AT, h->buffers, h->n_buffers);
    if (s->n_views > 0) {
        vgi__store16(p + h->batch + COUNTS_SLOT, COUNTS_AT - BATCH_TABLE);
        put_vector(p, h->batch + COUNTS_AT, h->views, (size_t)s->n_views);
    }
    if (m->metadata) {
        vgi__store64(p + h->end - 8, 0); /* padding */
        vgi__store32(p + METADATA_AT, (uint32_t)(h->pairs - METADATA_AT));
        vgi__key_value_write(p + h->pairs, m->metadata);
    } else {
        vgi__store16(p + METADATA_SLOT, 0);
    }
}

static int put_message(vgi__send *o, const vgi_schema *s, const message *m,
                       const vgi_limits *limits, vgi_error *err)
{
    head h = plan_head(s, m);
    if (h.end > limits->schema_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "metadata of a batch is %zu bytes, over the limit of %u", h.end,
                         limits->schema_bytes);
    size_t at = o->scratch.len + VGI__MESSAGE_PREFIX;
    uint8_t *p = vgi__send_room(o, VGI__MESSAGE_PREFIX + h.end);
    if (!p)
        return vgi__fail_nomem(err);
    vgi__store32(p, UINT32_MAX);
    vgi__store32(p + 4, (uint32_t)h.end);
    write_head(p + VGI__MESSAGE_PREFIX, s, m, &h);
    vgi__send_take(o, VGI__MESSAGE_PREFIX + h.end);
    encoder e = { o, s, o->scratch.data, at + h.nodes, at + h.buffers, at + h.views, 0 };
    if (m->array && !put_children(&e, 0, m->array, m->array->offset, m->rows))
        return vgi__fail_nomem(err);
    if (e.body > limits->message_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "a batch of %lld bytes is over the limit of %lld",
                         (long long)e.body, (long long)limits->message_bytes);
    vgi__store64(e.scratch + at + BODY_AT, (uint64_t)e.body);
    return VGI_OK;
}

size_t vgi__encode_head_bytes(const vgi_schema *s)
{
    const message plain = { .array = NULL };

    return VGI__MESSAGE_PREFIX + plan_head(s, &plain).end;
}

int vgi__encode_batch(vgi__send *o, const vgi_schema *s, const struct ArrowArray *a,
                      const vgi_metadata *m, const vgi_limits *limits, vgi_error *err)
{
    message batch = { .array = a,
                      .metadata = m && m->count > 0 ? m : NULL,
                      .rows = a ? a->length : 0 };
    return put_message(o, s, &batch, limits, err);
}

int vgi__encode_dictionary(vgi__send *o, const vgi_schema *values,
                           const struct ArrowArray *a, int64_t id,
                           const vgi_limits *limits, vgi_error *err)
{
    struct ArrowArray *column = (struct ArrowArray *)(uintptr_t)a;
    struct ArrowArray root = { .length = a ? a->length : 0,
                               .n_children = 1,
                               .children = &column };
    message dictionary = { .array = a ? &root : NULL,
                           .dictionary = &id,
                           .rows = root.length };
    return put_message(o, values, &dictionary, limits, err);
}
