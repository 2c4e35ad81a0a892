/* SPDX-License-Identifier: Apache-2.0 */
/* The batch object behind vgi_batch. */
#ifndef VGI_ARROW_BATCH_H
#define VGI_ARROW_BATCH_H

#include <vgirpc/batch.h>

#include "arrow/types.h"
#include "base/block.h"

/*
 * Design notes: who owns what.
 *
 * A batch is schema (reference) + one C Data struct array `root` + metadata pairs. The
 * array structs live in `store`, which is reused from batch to batch by whoever owns the
 * object (a reader, a builder): a steady stream allocates nothing. The data is borrowed
 * from `body` (reference) or, for imported batches, from `imported` (released with the
 * batch). Heap batches (vgi_batch_retain, _decode, _import, _from_rows) have heap = true
 * and a reference count.
 */
typedef struct vgi__array_store {
    struct ArrowArray *arrays;
    struct ArrowArray **children;
    const void **buffers;
    size_t arrays_cap, children_cap, buffers_cap;
    size_t buffers_used;
    const vgi_schema
        *linked_for; /* plain schema whose arrays are linked up in it; or NULL */
    vgi_pair *pairs;
    size_t pairs_cap;
} vgi__array_store;

typedef struct vgi__dictionary_set vgi__dictionary_set; /* arrow/dictionary.h */

struct vgi_batch {
    vgi_schema *schema;      /* reference */
    struct ArrowArray *root; /* into store, or &imported */
    vgi_metadata metadata; /* pairs into store; strings borrowed from `body` or `meta` */
    int64_t body_bytes;    /* of the message it came in; 0 otherwise */
    vgi_error *sink;       /* where getters leave their message; may be NULL */
    const vgi_allocator *allocator;
    vgi__array_store store;
    vgi__block *body; /* reference: data buffers (and inline metadata) */
    vgi__block *meta; /* reference: message metadata when it lies elsewhere; or NULL */
    vgi__block *inflated; /* reference: decompressed or realigned buffers; or NULL */
    vgi__dictionary_set *dictionaries; /* reference; or NULL */
    struct ArrowArray imported;
    atomic_int refs; /* heap batches */
    bool heap;
    bool whole; /* the references above cover all data: it can be shared. Else retain
                   copies it */
};

void vgi__batch_init(vgi_batch *b, const vgi_allocator *a); /* empty, not heap */
/* Drop data, schema and metadata references; keep the store for the next batch. */
void vgi__batch_clear(vgi_batch *b);
/* As clear, but the schema stays: likely the next batch has the same. */
void vgi__batch_drop_data(vgi_batch *b);
void vgi__batch_free(vgi_batch *b); /* clear + free the store; not the object */
int vgi__batch_new(vgi_batch **out, const vgi_allocator *a,
                   vgi_error *err); /* heap, refs 1 */
/* Make room in the store for a schema's arrays (and n_pairs); VGI_OK or VGI_ENOMEM. */
int vgi__store_reserve(vgi__array_store *s, const vgi_allocator *a, size_t arrays,
                       size_t children, size_t buffers);

/* About how many bytes the body of a struct array takes: enough to tell the small from
 * the big. */
uint64_t vgi__array_payload(const vgi_schema *s, const struct ArrowArray *a);

/* Row access for types/ and text: is row `i` of array `a` (any layout but
 * union/run-end/null, which answer by their own rules) null? Offsets of sliced arrays are
 * honoured. */
bool vgi__array_is_null(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                        int64_t row);
/* The bytes of a binary-like value (BINARY, BINARY64, VIEW, FIXED). */
vgi_bytes vgi__array_bytes(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                           int64_t row);
/* Index into the dictionary of row `i`. */
int64_t vgi__array_index(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                         int64_t row);
/* First item and count of a list-like row. */
void vgi__array_list(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                     int64_t row, int64_t *first, int64_t *count);

#endif
