/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: record batch to arrays, in one pass.
 *
 * The message lists a node (length, nulls) per field and the buffers (offset, length) of
 * all fields, both depth first. The schema's program is walked beside them; each array is
 * checked as soon as its buffers are known, so that its parent can rely on it. Array
 * structs lie in the batch's store at the index of their node. Buffers may not overlap:
 * their lengths together are at most the body's, so that validating them costs no more
 * than reading the body once.
 *
 * A body in shared memory can change after it was checked. So everything that decides
 * where else to read (bitmaps, offsets, indices, views, type ids, run ends), and text, is
 * copied out first; what remains in place are plain values, of which any are good.
 */
#include "arrow/decode.h"

#include <string.h>

#include "arrow/dictionary.h"
#include "arrow/inflate.h"
#include "arrow/validate.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/fail.h"

enum { BATCH_LENGTH, BATCH_NODES, BATCH_BUFFERS, BATCH_COMPRESSION, BATCH_VARIADIC };
enum { COMPRESSION_CODEC, COMPRESSION_METHOD };

#define ENTRY_BYTES 16 /* of a node, and of a buffer, in the message */

/* Where empty buffers point: a valid offset 0, and never NULL. */
static const _Alignas(64) uint8_t zeros[64];

/* A part of the message that is consumed item by item. */
typedef struct items {
    const uint8_t *at;
    uint32_t left;
} items;

typedef struct decoding {
    vgi_batch *b;
    const vgi_schema *s;
    vgi__decode_input *in;
    const uint8_t *body;
    int64_t body_bytes;
    bool linked; /* the store's arrays are set up for this schema already */
    items nodes, buffers, variadic;
    int64_t unclaimed; /* bytes of the body that no buffer has claimed */
    int64_t max_rows;
    struct ArrowArray **next_child;
    const void **next_buffer;
    vgi__inflater inflater;
    vgi_error *err;
} decoding;

static int fault(const decoding *d, int32_t node, const char *what)
{
    char echo[VGI_ECHO_SIZE];
    const vgi__node *n = &d->s->nodes[node];
    return vgi__fail(d->err, VGI_EPROTO, NULL, "%s, in column '%s'", what,
                     vgi__echo(echo, (vgi_str){ n->name, n->name_len }));
}

/* ---- shared bodies ---- */

/* Is buffer `i` of a node nothing but values, any bytes of which are good? */
static bool plain_values(const vgi_schema *s, int32_t node, int64_t i)
{
    const vgi__node *n = &s->nodes[node];
    switch (n->layout) {
    case VGI__LAYOUT_BOOL:
        return i == 1;
    case VGI__LAYOUT_FIXED: /* a first child of runs is their ends */
        return i == 1 && n->dictionary < 0 && n[-1].layout != VGI__LAYOUT_RUN_END;
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
    case VGI__LAYOUT_VIEW:
        return i >= 2 && !n->utf8;
    default:
        return false;
    }
}

/* May buffer `i`, which lies at `offset`, be used where it is? */
static bool stays(const decoding *d, int32_t node, int64_t i, int64_t offset)
{
    return (((uintptr_t)d->body + (uint64_t)offset) & 7) == 0 &&
           plain_values(d->s, node, i);
}

/* Buffers of a node, all of them. */
static int64_t buffers_of(const decoding *d, const vgi__node *n, const uint8_t **counts)
{
    int64_t count = n->n_buffers;
    if (n->logical == VGI__TYPE_UNION && d->in->message->old_unions)
        count++;
    if (n->layout == VGI__LAYOUT_VIEW) {
        count += vgi__loadi64(*counts);
        *counts += 8;
    }
    return count;
}

/* Bytes of the buffers that will be copied. Where the message is wrong the count ends:
 * taking that buffer fails. */
static size_t copied_bytes(const decoding *d)
{
    const uint8_t *entry = d->buffers.at;
    const uint8_t *last = entry + (size_t)d->buffers.left * ENTRY_BYTES;
    const uint8_t *counts = d->variadic.at;
    int64_t unclaimed = d->body_bytes;
    size_t total = 0;
    for (int32_t node = 1; node < d->s->n_nodes; node++) {
        const int64_t count = buffers_of(d, &d->s->nodes[node], &counts);
        for (int64_t i = 0; i < count; i++, entry += ENTRY_BYTES) {
            if (entry == last)
                return total;
            const int64_t len = vgi__loadi64(entry + 8);
            if (len < 0 || len > unclaimed)
                return total;
            unclaimed -= len;
            if (!stays(d, node, i, vgi__loadi64(entry)))
                total += (size_t)vgi__pad8(len);
        }
    }
    return total;
}

/* Make room for what is copied. */
static int begin_shared(decoding *d)
{
    if (d->inflater.codec != VGI__CODEC_NONE)
        return vgi__fail(d->err, VGI_ENOTSUP, NULL,
                         "compressed Arrow buffers in shared memory");
    const size_t bytes = copied_bytes(d);
    return bytes ? vgi__inflate_reserve(&d->inflater, bytes, d->in->spare, d->err)
                 : VGI_OK;
}

/* The next buffer, the node's number `i`. */
static int take_buffer(decoding *d, int32_t node, int i, vgi_bytes *out)
{
    if (d->buffers.left == 0)
        return fault(d, node, "the message has too few buffers");
    const uint8_t *entry = d->buffers.at;
    int64_t offset = vgi__loadi64(entry);
    int64_t len = vgi__loadi64(entry + 8);
    if (offset < 0 || len < 0 || offset > d->body_bytes || len > d->body_bytes - offset)
        return fault(d, node, "a buffer lies outside of the message body");
    d->unclaimed -= len;
    if (d->unclaimed < 0)
        return fault(d, node, "buffers overlap");
    *out = (vgi_bytes){ len ? d->body + offset : zeros, (size_t)len };
    if (d->in->shared) {
        if (len && !stays(d, node, i, offset))
            vgi__inflate_copy(&d->inflater, out);
    } else if (vgi__inflate_needed(&d->inflater, out->data) && len) {
        int rc =
            vgi__inflate(&d->inflater, out, entry, d->buffers.left, d->in->spare, d->err);
        if (rc != VGI_OK)
            return rc;
        if (out->len == 0)
            out->data = zeros;
    }
    d->buffers.at += ENTRY_BYTES;
    d->buffers.left--;
    return VGI_OK;
}

/* Set up a node's array struct without rows: its places for buffers and children. */
static struct ArrowArray *link_array(decoding *d, int32_t node)
{
    const vgi__node *n = &d->s->nodes[node];
    struct ArrowArray *a = &d->b->store.arrays[node];
    *a = (struct ArrowArray){
        .n_buffers = n->n_buffers,
        .n_children = n->n_children,
        .buffers = d->next_buffer,
        .children = n->n_children ? d->next_child : NULL,
    };
    if (n->dictionary >= 0)
        a->dictionary = vgi__dictionary_values(d->b->dictionaries, n->dictionary);
    d->next_buffer += n->n_buffers;
    d->next_child += n->n_children;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(d->s, child))
        a->children[i] = &d->b->store.arrays[child];
    return a;
}

/* The array of a node; its links are the same from batch to batch of a plain schema. */
static inline struct ArrowArray *attach(decoding *d, int32_t node)
{
    return d->linked ? &d->b->store.arrays[node] : link_array(d, node);
}

/* Place the `count` data buffers of a view array behind its fixed two, and their sizes as
 * the last. */
static int attach_views(decoding *d, int32_t node, struct ArrowArray *a, int64_t count)
{
    int64_t *sizes = (int64_t *)(void *)(d->next_buffer + count + 1);
    for (int64_t i = 0; i < count; i++) {
        vgi_bytes data;
        int rc = take_buffer(d, node, 2, &data);
        if (rc != VGI_OK)
            return rc;
        d->next_buffer[i] = data.data;
        sizes[i] = (int64_t)data.len;
    }
    d->next_buffer[count] = sizes;
    d->next_buffer += 2 * count + 1;
    a->n_buffers += count + 1;
    return VGI_OK;
}

static int take_views(decoding *d, int32_t node, struct ArrowArray *a)
{
    if (d->variadic.left == 0)
        return fault(d, node, "the message has too few variadic buffer counts");
    int64_t count = vgi__loadi64(d->variadic.at);
    d->variadic.at += 8;
    d->variadic.left--;
    return attach_views(d, node, a, count);
}

static int take_rows(decoding *d, int32_t node, struct ArrowArray *a)
{
    if (d->nodes.left == 0)
        return fault(d, node, "the message has too few nodes");
    a->length = vgi__loadi64(d->nodes.at);
    a->null_count = vgi__loadi64(d->nodes.at + 8);
    d->nodes.at += ENTRY_BYTES;
    d->nodes.left--;
    if (a->length < 0 || a->length > d->max_rows)
        return fault(d, node, "an impossible number of rows");
    if (a->null_count < 0 || a->null_count > a->length)
        return fault(d, node, "an impossible number of nulls");
    return VGI_OK;
}

/* One node: rows, buffers, checks; then its children, which it may tell how many rows
 * they need. */
static int decode_node(decoding *d, int32_t node)
{
    const vgi__node *n = &d->s->nodes[node];
    struct ArrowArray *a = attach(d, node);
    vgi__array_check check;
    check.node = n;
    check.array = a;
    int rc = take_rows(d, node, a);
    if (rc == VGI_OK && n->logical == VGI__TYPE_UNION && d->in->message->old_unions)
        rc = take_buffer(d, node, 0,
                         &check.buffers[0]); /* their validity, which was never used */
    for (int i = 0; rc == VGI_OK && i < n->n_buffers; i++) {
        rc = take_buffer(d, node, i, &check.buffers[i]);
        a->buffers[i] = check.buffers[i].data;
    }
    if (rc == VGI_OK && n->layout == VGI__LAYOUT_VIEW)
        rc = take_views(d, node, a);
    if (rc != VGI_OK)
        return rc;
    const char *what = vgi__validate_array(&check);
    int32_t child = vgi__child(node);
    for (int32_t i = 0; !what && i < n->n_children;
         i++, child = vgi__sibling(d->s, child)) {
        rc = decode_node(d, child);
        if (rc != VGI_OK)
            return rc;
        if (a->children[i]->length < check.child_rows)
            what = "a child has fewer rows than its parent needs";
    }
    if (!what && n->n_children)
        what = vgi__validate_nesting(&check);
    return what ? fault(d, node, what) : VGI_OK;
}

static int decode_columns(decoding *d, int64_t rows)
{
    struct ArrowArray *root = attach(d, 0);
    root->length = rows;
    root->null_count = 0;
    root->buffers[0] = NULL;
    int32_t node = vgi__child(0);
    for (int32_t i = 0; i < d->s->n_columns; i++, node = vgi__sibling(d->s, node)) {
        int rc = decode_node(d, node);
        if (rc != VGI_OK)
            return rc;
        if (root->children[i]->length != rows)
            return fault(d, node, "its rows are not those of the batch");
    }
    if (d->nodes.left || d->buffers.left || d->variadic.left)
        return vgi__fail(d->err, VGI_EPROTO, NULL,
                         "Arrow batch with more nodes or buffers than its schema has");
    return VGI_OK;
}

/* ---- the message ---- */

static int read_compression(decoding *d, vgi__flatbuf *fb, const vgi__fb_table *header)
{
    vgi__fb_table t = vgi__fb_sub(fb, header, BATCH_COMPRESSION);
    if (t.pos == 0)
        return VGI_OK;
    d->inflater.codec = (int8_t)vgi__fb_u8(fb, &t, COMPRESSION_CODEC);
    uint8_t method = vgi__fb_u8(fb, &t, COMPRESSION_METHOD);
    if (method != 0 || d->inflater.codec < VGI__CODEC_LZ4 ||
        d->inflater.codec > VGI__CODEC_ZSTD)
        return vgi__fail(d->err, VGI_ENOTSUP, NULL,
                         "unknown Arrow body compression %d, method %u",
                         d->inflater.codec, method);
    return VGI_OK;
}

/* Buffer places of the view arrays beyond the fixed ones. */
static int count_variadic(decoding *d, size_t *places)
{
    if (d->variadic.left != (uint32_t)d->s->n_views)
        return vgi__fail(
            d->err, VGI_EPROTO, NULL,
            "Arrow batch with %u variadic buffer counts for %d columns of views",
            d->variadic.left, d->s->n_views);
    uint64_t total = 0;
    for (uint32_t i = 0; i < d->variadic.left; i++) {
        uint64_t count = vgi__load64(d->variadic.at + 8 * i);
        if (count > d->buffers.left)
            return vgi__fail(d->err, VGI_EPROTO, NULL,
                             "Arrow batch with an impossible variadic buffer count");
        total += 2 * count + 1;
    }
    if (total > 2 * (uint64_t)d->buffers.left + d->variadic.left)
        return vgi__fail(d->err, VGI_EPROTO, NULL,
                         "Arrow batch with an impossible variadic buffer count");
    *places = (size_t)total;
    return VGI_OK;
}

static items item_list(const vgi__flatbuf *fb, vgi__fb_vector v)
{
    return (items){ fb->p + v.pos, v.count };
}

static int read_header(decoding *d, int64_t *rows, size_t *variadic_places)
{
    vgi__flatbuf fb = d->in->message->fb;
    const vgi__fb_table t = d->in->message->header;
    *rows = vgi__fb_i64(&fb, &t, BATCH_LENGTH);
    d->nodes = item_list(&fb, vgi__fb_items(&fb, &t, BATCH_NODES, ENTRY_BYTES));
    d->buffers = item_list(&fb, vgi__fb_items(&fb, &t, BATCH_BUFFERS, ENTRY_BYTES));
    d->variadic = item_list(&fb, vgi__fb_items(&fb, &t, BATCH_VARIADIC, 8));
    int rc = read_compression(d, &fb, &t);
    if (rc != VGI_OK)
        return rc;
    if (fb.bad)
        return vgi__fail(d->err, VGI_EPROTO, NULL, "malformed Arrow record batch");
    if (*rows < 0 || *rows > d->max_rows)
        return vgi__fail(d->err, VGI_EPROTO, NULL, "Arrow batch of %lld rows",
                         (long long)*rows);
    if (d->nodes.left != (uint32_t)(d->s->n_nodes - 1))
        return vgi__fail(d->err, VGI_EPROTO, NULL,
                         "Arrow batch of %u nodes where its schema has %d", d->nodes.left,
                         d->s->n_nodes - 1);
    *variadic_places = 0;
    return d->s->n_views || d->variadic.left ? count_variadic(d, variadic_places)
                                             : VGI_OK;
}

/* The store, sized for the schema. */
static int prepare(decoding *d, size_t variadic_places)
{
    vgi__array_store *store = &d->b->store;
    size_t nodes = (size_t)d->s->n_nodes;
    size_t places = 1 + (size_t)d->s->n_buffers + variadic_places;
    d->linked = store->linked_for == d->s;
    if (d->linked)
        return VGI_OK;
    store->linked_for = NULL;
    if (vgi__store_reserve(store, d->b->allocator, nodes, nodes, places) != VGI_OK)
        return vgi__fail_nomem(d->err);
    store->buffers_used = places;
    d->next_child = store->children;
    d->next_buffer = store->buffers;
    return VGI_OK;
}

static int decode_into(decoding *d)
{
    int64_t rows;
    size_t variadic_places;
    int rc = read_header(d, &rows, &variadic_places);
    if (rc == VGI_OK)
        rc = prepare(d, variadic_places);
    if (rc == VGI_OK && d->in->shared)
        rc = begin_shared(d);
    if (rc == VGI_OK && d->s->n_dictionaries)
        rc = vgi__dictionary_table_set(d->in->dictionaries, d->s, &d->b->dictionaries,
                                       d->err);
    if (rc == VGI_OK)
        rc = decode_columns(d, rows);
    return rc;
}

int vgi__decode_batch(vgi_batch *b, const vgi_schema *s, vgi__decode_input *in,
                      vgi_error *err)
{
    const int64_t most = INT64_MAX / 64; /* so that rows and bits cannot overflow */
    int64_t bytes = in->message->body_bytes;
    decoding d;
    d.b = b;
    d.s = s;
    d.in = in;
    d.err = err;
    d.body = in->body;
    d.body_bytes = d.unclaimed = bytes;
    d.max_rows =
        in->limits->message_bytes < most / 8 ? in->limits->message_bytes * 8 : most;
    d.inflater = (vgi__inflater){ .codec = VGI__CODEC_NONE,
                                  .body = { in->body, (size_t)bytes },
                                  .limit = in->inflate_limit,
                                  .allocator = b->allocator };
    int rc = decode_into(&d);
    b->inflated = d.inflater.block;
    in->inflated = d.inflater.inflated;
    if (rc != VGI_OK) {
        vgi__batch_clear(b);
        return rc;
    }
    if (b->schema != s) {
        vgi_schema_unref(b->schema);
        b->schema = vgi_schema_ref(s);
    }
    b->store.linked_for = s->plain ? s : NULL;
    b->root = b->store.arrays;
    b->body = vgi__block_ref(in->block);
    b->body_bytes = bytes;
    b->whole = in->block != NULL || bytes == 0;
    return VGI_OK;
}

int vgi__decode_metadata(vgi_batch *b, vgi__message *m, const vgi_limits *limits,
                         vgi_error *err)
{
    uint32_t count = m->pairs.count;
    if (count == 0)
        return VGI_OK;
    if (count > limits->metadata_pairs)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "custom metadata of %u pairs is over the limit of %u", count,
                         limits->metadata_pairs);
    void *pairs = b->store.pairs;
    if (!vgi__grow(b->allocator, &pairs, &b->store.pairs_cap, count, sizeof(vgi_pair)))
        return vgi__fail_nomem(err);
    b->store.pairs = pairs;
    int rc = vgi__message_pairs(m, limits, b->store.pairs, err);
    if (rc == VGI_OK)
        b->metadata = (vgi_metadata){ b->store.pairs, count };
    return rc;
}

int vgi__decode_nothing(vgi_batch *b, const vgi_schema *s, vgi__dictionary_set *set,
                        vgi_error *err)
{
    decoding d = { .b = b, .s = s, .err = err };
    int rc = prepare(&d, (size_t)s->n_views);
    if (rc != VGI_OK)
        return rc;
    b->dictionaries = vgi__dictionary_set_ref(set);
    for (int32_t node = 0; node < s->n_nodes; node++) {
        const vgi__node *n = &s->nodes[node];
        struct ArrowArray *a = attach(&d, node);
        bool validity = n->n_buffers > 0 && n->logical != VGI__TYPE_UNION;
        for (int i = 0; i < n->n_buffers; i++)
            a->buffers[i] = i == 0 && validity ? NULL : zeros;
        if (n->layout == VGI__LAYOUT_VIEW)
            (void)attach_views(&d, node, a, 0);
    }
    b->schema = vgi_schema_ref(s);
    b->root = b->store.arrays;
    b->whole = true;
    return VGI_OK;
}
