/* SPDX-License-Identifier: Apache-2.0 */
/* One value of any array: where it is, after dictionaries and runs have been followed. */
#ifndef VGI_TYPES_CELL_H
#define VGI_TYPES_CELL_H

#include "arrow/batch.h"

typedef struct vgi__cell {
    const vgi_schema *s;
    int32_t node;
    const struct ArrowArray *a;
    int64_t row; /* logical: the array's own offset is not in it */
} vgi__cell;

/* Did a peer send the batch? Then what its values cost is limited by its size. */
static inline bool vgi__batch_received(const vgi_batch *batch)
{
    return batch->body != NULL;
}
/* Follow runs and dictionaries to the value itself. False: it is null. */
bool vgi__cell_resolve(vgi__cell *c);

static inline const vgi__node *vgi__cell_node(const vgi__cell *c)
{
    return &c->s->nodes[c->node];
}
/* The bytes of a FIXED value. */
static inline const uint8_t *vgi__cell_fixed(const vgi__cell *c)
{
    const uint8_t *data = c->a->buffers[1];
    return data + (c->a->offset + c->row) * vgi__cell_node(c)->width;
}
/* A BOOL value. */
static inline bool vgi__cell_bool(const vgi__cell *c)
{
    const uint8_t *bits = c->a->buffers[1];
    int64_t i = c->a->offset + c->row;
    return bits[i >> 3] >> (i & 7) & 1;
}
/* Binary-like bytes; data is never NULL. */
static inline vgi_bytes vgi__cell_bytes(const vgi__cell *c)
{
    vgi_bytes b = vgi__array_bytes(c->s, c->node, c->a, c->row);
    if (!b.data)
        b.data = (const uint8_t *)"";
    return b;
}
/* An INT value of any width. Unsigned ones above INT64_MAX set *big and wrap. */
int64_t vgi__cell_int(const vgi__cell *c, bool *big);
/* A FLOAT value of any width. */
double vgi__cell_float(const vgi__cell *c);
/* Signed storage of 4 or 8 bytes: dates, times, durations. */
int64_t vgi__cell_time(const vgi__cell *c);
/* The chosen child of a union value; false: a type id that the type does not have. */
bool vgi__cell_union(const vgi__cell *c, vgi__cell *chosen);

#endif
