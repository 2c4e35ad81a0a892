/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a builder, for builder*.c, intern.c and cast*.c only. */
#ifndef VGI_ARROW_BUILDER_IMPL_H
#define VGI_ARROW_BUILDER_IMPL_H

#include "arrow/builder.h"
#include "base/buffer.h"

/* A value met before: its hash, and its index plus 1; 0: a free slot. */
typedef struct vgi__intern_slot {
    uint32_t hash, index;
} vgi__intern_slot;

/* The dictionary of the columns that share one dictionary type. */
typedef struct vgi__entries {
    vgi__builder *values;
    vgi__intern_slot *slots;
    size_t n_slots;
    uint64_t seed;
} vgi__entries;

typedef struct vgi__column {
    vgi__buffer validity; /* bits, kept only from the first null on */
    vgi__buffer first;    /* values, bits, offsets, views or type ids */
    vgi__buffer second;   /* data, sizes, offsets of a union */
    const void *lent;     /* in place of `first`; or NULL */
    int64_t length, nulls;
    int64_t data_bytes;    /* finished view arrays: their last buffer points here */
    vgi__entries *entries; /* NULL: not dictionary-encoded */
    /* While a dictionary is copied: the index here of each of its entries, or -1. */
    int64_t *memo;
    size_t memo_cap;
    uint64_t memo_epoch;
    const struct ArrowArray *memo_of; /* that dictionary */
} vgi__column;

struct vgi__builder {
    vgi_schema *schema;
    vgi_limits limits;
    const vgi_allocator *allocator;
    vgi__column *columns;  /* by node; [0] is not used */
    vgi__entries *entries; /* by dictionary type */
    struct ArrowArray *arrays;
    struct ArrowArray **children;
    const void **buffers;
    uint64_t epoch; /* of the copy in progress: what memos are valid for */
};

/* `n` more bytes at the end of a buffer; NULL with VGI_ENOMEM or VGI_ELIMIT in *rc. */
uint8_t *vgi__column_grow(vgi__buffer *buffer, size_t n, int *rc);
static inline uint8_t *vgi__column_extend(vgi__buffer *buffer, size_t n, int *rc)
{
    if (n > buffer->cap - buffer->len || !buffer->data)
        return vgi__column_grow(buffer, n, rc);
    uint8_t *p = buffer->data + buffer->len;
    buffer->len += n;
    return p;
}
/* From now on no buffer of a node or below it grows beyond `bytes`. */
void vgi__builder_limit(vgi__builder *b, int32_t node, int64_t bytes);
/* Append `count` rows of validity: of `bits` from `first` on, NULL: all valid. Counts the
 * rows. */
int vgi__column_validity(vgi__column *c, const uint8_t *bits, int64_t first,
                         int64_t count);
/* Append `count` bits to a bitmap that holds `length`; `bits` NULL: ones. */
int vgi__column_bits(vgi__buffer *buffer, int64_t length, const uint8_t *bits,
                     int64_t first, int64_t count);
/* Append an offset of 4 or 8 bytes; VGI_ELIMIT when it does not fit. */
int vgi__column_offset(vgi__buffer *buffer, bool wide, int64_t value);
/* Append an index to a dictionary-encoded column; VGI_ELIMIT when it does not fit. */
int vgi__column_index(vgi__builder *b, int32_t node, int64_t index);
/* The index of the entry with these bytes, made if need be. */
int vgi__intern(vgi__entries *e, const void *p, size_t n, int64_t *index);
void vgi__intern_clear(vgi__entries *e);

#endif
