/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/batch.h"

#include <string.h>

#include "arrow/dictionary.h"
#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/fail.h"

void vgi__batch_init(vgi_batch *b, const vgi_allocator *a)
{
    memset(b, 0, sizeof(*b));
    atomic_init(&b->refs, 1);
    b->allocator = a;
}

void vgi__batch_clear(vgi_batch *b)
{
    vgi__batch_drop_data(b);
    vgi_schema_unref(b->schema);
    b->schema = NULL;
    b->store.linked_for = NULL;
}

void vgi__batch_drop_data(vgi_batch *b)
{
    vgi__block_unref(b->body);
    vgi__block_unref(b->meta);
    vgi__block_unref(b->inflated);
    vgi__dictionary_set_unref(b->dictionaries);
    if (b->imported.release)
        b->imported.release(&b->imported);
    b->body = b->meta = b->inflated = NULL;
    b->dictionaries = NULL;
    b->root = NULL;
    b->metadata = (vgi_metadata){ NULL, 0 };
    b->body_bytes = 0;
    b->whole = false;
}

void vgi__batch_free(vgi_batch *b)
{
    vgi__batch_clear(b);
    vgi__free(b->allocator, b->store.arrays);
    vgi__free(b->allocator, b->store.children);
    vgi__free(b->allocator, (void *)b->store.buffers);
    vgi__free(b->allocator, b->store.pairs);
    memset(&b->store, 0, sizeof(b->store));
}

int vgi__batch_new(vgi_batch **out, const vgi_allocator *a, vgi_error *err)
{
    vgi_batch *b = vgi__alloc(a, sizeof(*b));
    if (!b)
        return vgi__fail_nomem(err);
    vgi__batch_init(b, a);
    b->heap = true;
    *out = b;
    return VGI_OK;
}

int vgi__store_reserve(vgi__array_store *s, const vgi_allocator *a, size_t arrays,
                       size_t children, size_t buffers)
{
    if (arrays <= s->arrays_cap && children <= s->children_cap &&
        buffers <= s->buffers_cap)
        return VGI_OK;
    void *array_p = s->arrays;
    void *children_p = s->children;
    void *buffers_p = (void *)s->buffers;
    bool ok = vgi__grow(a, &array_p, &s->arrays_cap, arrays, sizeof(*s->arrays));
    ok =
        ok && vgi__grow(a, &children_p, &s->children_cap, children, sizeof(*s->children));
    ok = ok && vgi__grow(a, &buffers_p, &s->buffers_cap, buffers, sizeof(*s->buffers));
    s->arrays = array_p; /* also after a failure: those that did grow have moved */
    s->children = children_p;
    s->buffers = buffers_p;
    return ok ? VGI_OK : VGI_ENOMEM;
}

/* ---- keeping ---- */

/* Pairs and their texts in one allocation of the kept batch. */
static int copy_metadata(vgi_batch *to, vgi_metadata m)
{
    size_t bytes = m.count * sizeof(vgi_pair);
    for (size_t i = 0; i < m.count; i++)
        bytes += m.pairs[i].key.len + m.pairs[i].value.len;
    if (m.count == 0)
        return VGI_OK;
    vgi_pair *pairs = vgi__alloc(to->allocator, bytes);
    if (!pairs)
        return VGI_ENOMEM;
    char *text = (char *)(pairs + m.count);
    for (size_t i = 0; i < m.count; i++) {
        const vgi_pair *from = &m.pairs[i];
        pairs[i].key = (vgi_str){ text, from->key.len };
        if (from->key.len)
            memcpy(text, from->key.data, from->key.len);
        text += from->key.len;
        pairs[i].value = (vgi_str){ text, from->value.len };
        if (from->value.len)
            memcpy(text, from->value.data, from->value.len);
        text += from->value.len;
    }
    to->store.pairs = pairs;
    to->metadata = (vgi_metadata){ pairs, m.count };
    return VGI_OK;
}

/* The place in `to` that corresponds to `p` in `from`; pointers to elsewhere stay. */
static const void *moved(const vgi__array_store *to, const vgi__array_store *from,
                         const void *p)
{
    uintptr_t base = (uintptr_t)from->buffers;
    uintptr_t at = (uintptr_t)p;
    if (at < base || at >= base + from->buffers_used * sizeof(void *))
        return p;
    return (const char *)to->buffers + (at - base);
}

/* Copy the array structs of a decoded batch, which lie in the order of the schema's
 * nodes. */
static int copy_arrays(vgi_batch *to, const vgi_batch *from)
{
    size_t n = (size_t)from->schema->n_nodes;
    const vgi__array_store *old = &from->store;
    vgi__array_store *new = &to->store;
    if (vgi__store_reserve(new, to->allocator, n, n, old->buffers_used) != VGI_OK)
        return VGI_ENOMEM;
    new->buffers_used = old->buffers_used;
    for (size_t i = 0; i < old->buffers_used;
         i++) /* the last of a view array points into them */
        new->buffers[i] = moved(new, old, old->buffers[i]);
    for (size_t i = 0; i + 1 < n; i++)
        new->children[i] = new->arrays + (old->children[i] - old->arrays);
    for (size_t i = 0; i < n; i++) {
        struct ArrowArray *a = &new->arrays[i];
        *a = old->arrays[i];
        a->buffers = new->buffers + (a->buffers - old->buffers);
        if (a->children)
            a->children = new->children + (a->children - old->children);
    }
    to->root = new->arrays;
    return VGI_OK;
}

static int share(const vgi_batch *from, vgi_batch *to, vgi_error *err)
{
    to->schema = vgi_schema_ref(from->schema);
    to->body = vgi__block_ref(from->body);
    to->inflated = vgi__block_ref(from->inflated);
    to->dictionaries = vgi__dictionary_set_ref(from->dictionaries);
    to->body_bytes = from->body_bytes;
    to->whole = true;
    int rc = copy_arrays(to, from);
    if (rc == VGI_OK)
        rc = copy_metadata(to, from->metadata);
    return rc == VGI_OK ? rc : vgi__fail_nomem(err);
}

/* Write the batch as a stream into a block of its own. */
static int encode(const vgi_batch *from, vgi__block **out, vgi_error *err)
{
    const vgi_allocator *a = from->allocator;
    const vgi_limits limits = { .message_bytes = INT64_MAX };
    vgi__writer *w = NULL;
    vgi__buffer bytes;
    vgi__buffer_init(&bytes, a, SIZE_MAX);
    int rc = vgi__writer_new(&w, &limits, a, err);
    if (rc == VGI_OK)
        rc = vgi__writer_schema(w, from->schema, err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(w, from->root, &from->metadata, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w, err);
    if (rc == VGI_OK)
        rc = vgi__writer_gather(w, &bytes, err);
    if (rc == VGI_OK) {
        *out = vgi__block_new(a, bytes.len);
        if (*out)
            memcpy((*out)->data, bytes.data, bytes.len);
        else
            rc = vgi__fail_nomem(err);
    }
    vgi__buffer_free(&bytes);
    vgi__writer_free(w);
    return rc;
}

/* Data that belongs to somebody else: through the codec, which knows every layout. */
static int copy_through_ipc(const vgi_batch *from, vgi_batch *to, vgi_error *err)
{
    const vgi_limits limits = { .message_bytes = INT64_MAX,
                                .dictionary_bytes = INT64_MAX,
                                .schema_bytes = UINT32_MAX,
                                .name_bytes = UINT32_MAX,
                                .metadata_bytes = UINT32_MAX,
                                .metadata_pairs = UINT32_MAX };
    vgi__block *block = NULL;
    int rc = encode(from, &block, err);
    if (rc == VGI_OK)
        rc = vgi__stream_decode(to, block->data, block->size, block, &limits,
                                to->allocator, err);
    vgi__block_unref(block);
    return rc == VGI_END ? vgi__fail(err, VGI_EINTERNAL, NULL, "batch lost in a copy")
                         : rc;
}

int vgi_batch_retain(const vgi_batch *batch, vgi_batch **out, vgi_error *err)
{
    if (batch->heap) {
        vgi_batch *same = (vgi_batch *)(uintptr_t)batch;
        atomic_fetch_add_explicit(&same->refs, 1, memory_order_relaxed);
        *out = same;
        return VGI_OK;
    }
    vgi_batch *kept = NULL;
    int rc = vgi__batch_new(&kept, batch->allocator, err);
    if (rc != VGI_OK)
        return rc;
    rc = batch->whole ? share(batch, kept, err) : copy_through_ipc(batch, kept, err);
    if (rc != VGI_OK) {
        vgi_batch_unref(kept);
        return rc;
    }
    *out = kept;
    return VGI_OK;
}

void vgi_batch_unref(vgi_batch *batch)
{
    if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    vgi__batch_free(batch);
    vgi__free(batch->allocator, batch);
}

int vgi_batch_decode(vgi_batch **out, vgi_bytes bytes, vgi_error *err)
{
    vgi_batch *b = NULL;
    int rc = vgi__batch_new(&b, NULL, err);
    if (rc != VGI_OK)
        return rc;
    vgi__block *block = vgi__block_new(NULL, bytes.len);
    if (!block) {
        vgi_batch_unref(b);
        return vgi__fail_nomem(err);
    }
    if (bytes.len)
        memcpy(block->data, bytes.data, bytes.len);
    rc = vgi__stream_decode(b, block->data, bytes.len, block, NULL, NULL, err);
    vgi__block_unref(block);
    if (rc != VGI_OK) {
        vgi_batch_unref(b);
        return rc;
    }
    *out = b;
    return VGI_OK;
}

/* ---- looking at one ---- */

int64_t vgi_batch_rows(const vgi_batch *batch)
{
    return batch->root ? batch->root->length : 0;
}

const vgi_schema *vgi_batch_schema(const vgi_batch *batch)
{
    return batch->schema;
}

vgi_metadata vgi_batch_metadata(const vgi_batch *batch)
{
    return batch->metadata;
}

const struct ArrowArray *vgi_batch_array(const vgi_batch *batch)
{
    return batch->root;
}
