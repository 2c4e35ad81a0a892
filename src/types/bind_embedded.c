/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are themselves IPC streams: described structs as binary, batches and
 * schemas as members. */
#include <string.h>

#include "arrow/reader.h"
#include "base/arena.h"
#include "base/fail.h"
#include "types/bind.h"

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

int vgi__embedded_open(vgi__bind *b, vgi_bytes bytes, vgi_batch **out)
{
    vgi_limits limits = vgi_limits_effective(NULL);
    vgi_batch *batch;
    vgi__block *block;
    if (b->inflate <= 0)
        return vgi__fail(b->err, VGI_ELIMIT, NULL,
                         "embedded streams expand to more than %lld bytes",
                         (long long)VGI_DEFAULT_DECOMPRESSED_BYTES);
    limits.decompressed_bytes = b->inflate;
    int rc = block_of(b, &bytes, &block);
    if (rc != VGI_OK)
        return rc;
    if ((rc = vgi__batch_new(&batch, b->mem->allocator, b->err)) == VGI_OK) {
        rc = vgi__stream_decode(batch, bytes.data, bytes.len, block, &limits,
                                b->mem->allocator, b->err);
        if (rc == VGI_END)
            rc = vgi__fail(b->err, VGI_EINVAL, "IPCError",
                           "No RecordBatch found in provided data");
        if (rc == VGI_OK && !vgi__arena_defer(b->mem, unref_batch, batch))
            rc = vgi__fail_nomem(b->err);
        if (rc != VGI_OK)
            vgi_batch_unref(batch);
    }
    vgi__block_unref(block);
    if (rc != VGI_OK)
        return rc;
    if (batch->inflated)
        b->inflate -= (int64_t)batch->inflated->size;
    *out = batch;
    return VGI_OK;
}

static int open_schema(vgi__bind *b, vgi_bytes bytes, vgi_schema **out)
{
    size_t used;
    int rc = vgi__schema_decode(out, bytes.data, bytes.len, &used, NULL,
                                b->mem->allocator, b->err);
    if (rc != VGI_OK)
        return rc;
    if (vgi__arena_defer(b->mem, unref_schema, *out))
        return VGI_OK;
    vgi_schema_unref(*out);
    return vgi__fail_nomem(b->err);
}

static int bind_blob(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
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

int vgi__bind_embedded(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       vgi_bytes bytes, void *out)
{
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    int rc;
    if (slot->op == VGI__OP_SCHEMA) {
        rc = open_schema(b, bytes, &schema);
        memcpy(out, &schema, sizeof(schema));
        return rc == VGI_OK ? VGI_OK : refuse(b, at, rc);
    }
    rc = vgi__embedded_open(b, bytes, &batch);
    if (rc != VGI_OK)
        return refuse(b, at, rc);
    if (slot->op == VGI__OP_BATCH) {
        memcpy(out, &batch, sizeof(batch));
        return VGI_OK;
    }
    return bind_blob(b, at, slot, batch, out);
}
