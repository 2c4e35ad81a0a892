/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are themselves IPC streams: described structs as binary, batches and
 * schemas as members. */
#include <string.h>

#include "arrow/dictionary.h"
#include "arrow/reader.h"
#include "base/arena.h"
#include "base/fail.h"
#include "types/record_impl.h"

/* Units of work: for a stream, for each of its nodes; each byte is half a unit. */
#define STREAM_UNITS 256
#define NODE_UNITS 192

static void unref_batch(void *batch)
{
    vgi_batch_unref(batch);
}

static void unref_schema(void *schema)
{
    vgi_schema_unref(schema);
}

static bool inside(const vgi__block *block, vgi_bytes bytes)
{
    return block && bytes.data >= block->data &&
           bytes.data + bytes.len <= block->data + block->size;
}

/* A reference to the block that holds the bytes; they are copied to one when nobody
 * counts them. */
static int block_of(vgi__bind *b, vgi_bytes *bytes, vgi__block **out)
{
    const vgi_batch *batch = b->batch;
    if (batch && inside(batch->body, *bytes)) {
        *out = vgi__block_ref(batch->body);
        return VGI_OK;
    }
    if (batch && inside(batch->inflated, *bytes)) {
        *out = vgi__block_ref(batch->inflated);
        return VGI_OK;
    }
    if (bytes->len > b->budget)
        return vgi__fail(b->err, VGI_ELIMIT, NULL,
                         "embedded streams take far more memory than the message");
    b->budget -= bytes->len;
    if (!(*out = vgi__block_new(b->mem->allocator, bytes->len)))
        return vgi__fail_nomem(b->err);
    memcpy((*out)->data, bytes->data, bytes->len);
    bytes->data = (*out)->data;
    return VGI_OK;
}

static int charge_work(vgi__bind *b, size_t units)
{
    if (units > b->decoding)
        return vgi__fail(b->err, VGI_ELIMIT, NULL,
                         "embedded streams take far more work than the message they came "
                         "in (limit: twice its body and %zu Mi units)",
                         VGI__DECODING_UNITS >> 20);
    b->decoding -= units;
    return VGI_OK;
}

static int charge_stream(vgi__bind *b, vgi_bytes bytes)
{
    return charge_work(b, STREAM_UNITS + bytes.len / 2);
}

/* What a schema costs is known when it has been read: one is always free. */
static int charge_nodes(vgi__bind *b, const vgi_schema *s)
{
    return charge_work(b, NODE_UNITS * (size_t)s->n_spelled);
}

/* The first batch of an embedded stream into `batch`. `*copy` is the block that the bytes
 * were copied to, or NULL: they lie in the batch being read, which the caller keeps. */
static int decode(vgi__bind *b, vgi_bytes bytes, vgi_batch *batch, vgi__block **copy)
{
    vgi_limits limits = vgi_limits_effective(NULL);
    const uint8_t *before = bytes.data;
    vgi__block *block;
    *copy = NULL;
    if (b->inflate <= 0)
        return vgi__fail(b->err, VGI_ELIMIT, NULL,
                         "embedded streams expand to more than %lld bytes",
                         (long long)VGI_DEFAULT_DECOMPRESSED_BYTES);
    limits.decompressed_bytes = b->inflate;
    int rc = charge_stream(b, bytes);
    if (rc == VGI_OK)
        rc = block_of(b, &bytes, &block);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__stream_decode(batch, bytes.data, bytes.len, block, &limits,
                            batch->allocator, b->err);
    if (rc == VGI_OK && bytes.data != before)
        *copy = vgi__block_ref(block);
    vgi__block_unref(block);
    if (rc == VGI_END)
        return vgi__fail(b->err, VGI_EINVAL, "IPCError",
                         "No RecordBatch found in provided data");
    if (rc == VGI_OK && batch->inflated)
        b->inflate -= (int64_t)batch->inflated->size;
    return rc == VGI_OK ? charge_nodes(b, batch->schema) : rc;
}

int vgi__embedded_open(vgi__bind *b, vgi_bytes bytes, vgi_batch **out)
{
    vgi_batch *batch;
    vgi__block *copy;
    int rc = vgi__batch_new(&batch, b->mem->allocator, b->err);
    if (rc != VGI_OK)
        return rc;
    rc = decode(b, bytes, batch, &copy);
    vgi__block_unref(copy); /* the batch has its own reference */
    if (rc == VGI_OK && !vgi__arena_defer(b->mem, unref_batch, batch))
        rc = vgi__fail_nomem(b->err);
    if (rc != VGI_OK) {
        vgi_batch_unref(batch);
        return rc;
    }
    *out = batch;
    return VGI_OK;
}

static int open_schema(vgi__bind *b, vgi_bytes bytes, vgi_schema **out)
{
    size_t used;
    int rc = charge_stream(b, bytes);
    if (rc == VGI_OK)
        rc = vgi__schema_decode(out, bytes.data, bytes.len, &used, NULL,
                                b->mem->allocator, b->err);
    if (rc != VGI_OK)
        return rc;
    if (vgi__arena_defer(b->mem, unref_schema, *out))
        return charge_nodes(b, *out);
    vgi_schema_unref(*out);
    return vgi__fail_nomem(b->err);
}

/* ---- described structs ---- */

/* Like its encoder, a record keeps one spare batch to decode into; it remembers the last
 * schema. `r` may be NULL. */
static int take_batch(vgi__bind *b, vgi__record *r, vgi_batch **out)
{
    *out = r ? atomic_exchange_explicit(&r->decoder, NULL, memory_order_acq_rel) : NULL;
    if (*out)
        return VGI_OK;
    return vgi__batch_new(out, r ? r->allocator : b->mem->allocator, b->err);
}

static void give_batch(vgi__record *r, vgi_batch *batch)
{
    if (r) {
        vgi_schema *last = vgi_schema_ref(batch->schema);
        vgi__batch_clear(batch);
        batch->schema = last;
        batch = atomic_exchange_explicit(&r->decoder, batch, memory_order_acq_rel);
    }
    vgi_batch_unref(batch);
}

static void unref_block(void *block)
{
    vgi__block_unref(block);
}

static void unref_dictionaries(void *set)
{
    vgi__dictionary_set_unref(set);
}

/* What bound values may point into goes when the arena goes; the batch itself is not
 * needed that long. */
static int keep_memory(vgi__bind *b, const vgi_batch *batch, vgi__block *copy)
{
    if (copy && !vgi__arena_defer(b->mem, unref_block, vgi__block_ref(copy))) {
        vgi__block_unref(copy);
        return vgi__fail_nomem(b->err);
    }
    vgi__block *inflated = vgi__block_ref(batch->inflated);
    if (inflated && !vgi__arena_defer(b->mem, unref_block, inflated)) {
        vgi__block_unref(inflated);
        return vgi__fail_nomem(b->err);
    }
    vgi__dictionary_set *set = vgi__dictionary_set_ref(batch->dictionaries);
    if (set && !vgi__arena_defer(b->mem, unref_dictionaries, set)) {
        vgi__dictionary_set_unref(set);
        return vgi__fail_nomem(b->err);
    }
    return VGI_OK;
}

static int bind_members(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                        const vgi_batch *batch, void *out)
{
    const vgi_batch *outer = b->batch;
    vgi__cell root = { batch->schema, 0, batch->root, 0 };
    if (batch->root->length != 1 && batch->schema->n_columns > 0)
        return vgi__bind_fail(b, at, VGI_EINVAL, "ValueError",
                              ": expected a single row for %s, got %lld", slot->type_name,
                              (long long)batch->root->length);
    b->batch = batch;
    int rc =
        vgi__bind_members(b, at, slot->children, slot->n_children, &root, false, out);
    b->batch = outer;
    return rc;
}

/* What the peer embedded is its own mistake, but inside a sound message: the value is
 * refused, not the connection. */
static int refuse(vgi__bind *b, const vgi__trail *at, int rc)
{
    vgi_error cause;
    if (rc == VGI_ENOMEM || rc == VGI_ELIMIT || !b->err)
        return rc == VGI_ENOMEM || rc == VGI_ELIMIT ? rc : VGI_EINVAL;
    cause = *b->err;
    return vgi__bind_fail(b, at, VGI_EINVAL,
                          rc == VGI_EINVAL ? cause.type : "ArrowInvalid", ": %s",
                          cause.message);
}

static int bind_blob(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                     vgi_bytes bytes, void *out)
{
    vgi_batch *batch;
    vgi__block *copy;
    int rc = take_batch(b, slot->blob, &batch);
    if (rc != VGI_OK)
        return rc;
    if ((rc = decode(b, bytes, batch, &copy)) != VGI_OK)
        rc = refuse(b, at, rc);
    else if ((rc = keep_memory(b, batch, copy)) == VGI_OK)
        rc = bind_members(b, at, slot, batch, out);
    vgi__block_unref(copy);
    give_batch(slot->blob, batch);
    return rc;
}

int vgi__embedded_row(vgi__bind *b, vgi__record *r, vgi_bytes bytes, void *out)
{
    vgi_batch *batch;
    vgi__block *copy;
    int rc = take_batch(b, r, &batch);
    if (rc != VGI_OK)
        return rc;
    rc = decode(b, bytes, batch, &copy);
    if (rc == VGI_OK && batch->root->length != 1 && r->n_slots > 0)
        rc =
            vgi__fail(b->err, VGI_EINVAL, "ValueError",
                      "stream state of %lld rows, not 1", (long long)batch->root->length);
    if (rc == VGI_OK)
        rc = keep_memory(b, batch, copy);
    if (rc == VGI_OK)
        rc = vgi__record_bind(r, batch, 0, out, b->mem, NULL, b->err);
    vgi__block_unref(copy);
    give_batch(r, batch);
    return rc;
}

int vgi__bind_embedded(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       vgi_bytes bytes, void *out)
{
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    int rc;
    switch ((vgi__op)slot->op) {
    case VGI__OP_SCHEMA:
        rc = open_schema(b, bytes, &schema);
        memcpy(out, &schema, sizeof(schema));
        return rc == VGI_OK ? VGI_OK : refuse(b, at, rc);
    case VGI__OP_BATCH:
        rc = vgi__embedded_open(b, bytes, &batch);
        memcpy(out, &batch, sizeof(batch));
        return rc == VGI_OK ? VGI_OK : refuse(b, at, rc);
    default:
        return bind_blob(b, at, slot, bytes, out);
    }
}
