/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: dictionaries of a stream that is being read.
 *
 * A dictionary is a one-column batch under an id. The table of a stream knows every id of
 * its schema, at all levels, and what was last received for it. A batch does not point at
 * the table but holds a set: references to just the dictionaries its own schema names, in
 * that order; the values of a dictionary that nest further ones hold such a set in their
 * turn. So a replacement never changes what an earlier batch sees, and whatever is kept
 * keeps exactly what it needs.
 *
 *   table (stream) --id--> dictionary <-- set <-- batch
 *                              `-- values (a batch) --> set of the nested ones
 *
 * A delta appends to the values in place when nothing but the table holds them, otherwise
 * to a copy.
 *
 * What is held counts against dictionary_bytes and is given back by a replacement. What
 * was made of less that was sent, by inflating it or as the bitmaps of rows without
 * bytes, counts against decompressed_bytes for the whole stream: it has cost its time.
 */
#ifndef VGI_ARROW_DICTIONARY_H
#define VGI_ARROW_DICTIONARY_H

#include "arrow/batch.h"
#include "arrow/decode.h"

typedef struct vgi__dictionary vgi__dictionary;

struct vgi__dictionary_set {
    atomic_int refs;
    const vgi_allocator *allocator;
    int32_t count;
    vgi__dictionary *items[]; /* by node->dictionary */
};

/* Empty (items NULL), refs 1; NULL: no memory. */
vgi__dictionary_set *vgi__dictionary_set_new(const vgi_allocator *a, int32_t count);
vgi__dictionary_set *vgi__dictionary_set_ref(vgi__dictionary_set *set);
void vgi__dictionary_set_unref(
    vgi__dictionary_set *set); /* NULL is ignored; any thread */
/* The values of an entry, as ArrowArray.dictionary shows them; never NULL in a filled
 * set. */
struct ArrowArray *vgi__dictionary_values(const vgi__dictionary_set *set, int32_t index);

vgi__dictionary_table *
vgi__dictionary_table_new(const vgi_allocator *a); /* NULL: no memory */
void vgi__dictionary_table_free(vgi__dictionary_table *t);
/* Forget what was received and expect the ids of `s`, which must outlive the stream. */
int vgi__dictionary_table_begin(vgi__dictionary_table *t, const vgi_schema *s,
                                vgi_error *err);
/* The stream is over: give back what its dictionaries were inflated into. */
void vgi__dictionary_table_end(vgi__dictionary_table *t);
/* Bytes that are held inflated. */
int64_t vgi__dictionary_table_inflated(const vgi__dictionary_table *t);
/* Apply a DictionaryBatch message, which may lower in->inflate_limit. */
int vgi__dictionary_table_apply(vgi__dictionary_table *t, vgi__decode_input *in,
                                vgi_error *err);
/* The set for batches of schema `s` (the stream's, or that of nested values): a
 * reference. Ids for which nothing was received get an empty dictionary. */
int vgi__dictionary_table_set(vgi__dictionary_table *t, const vgi_schema *s,
                              vgi__dictionary_set **out, vgi_error *err);

#endif
