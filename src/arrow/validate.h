/* SPDX-License-Identifier: Apache-2.0 */
/* Is an array what its type says? Every function answers with what is wrong, or NULL. */
#ifndef VGI_ARROW_VALIDATE_H
#define VGI_ARROW_VALIDATE_H

#include <vgirpc/arrow.h>
#include <vgirpc/value.h>

#include "arrow/types.h"

typedef struct vgi__array_check {
    const vgi__node *node;    /* in its program: children follow it */
    struct ArrowArray *array; /* length, null_count, buffers, dictionary set; offset 0 */
    vgi_bytes buffers[3];     /* the fixed ones of the layout; data never NULL */
    int64_t child_rows;       /* result: rows that every child must have at least */
} vgi__array_check;

/* Null bitmap, buffer sizes, offsets, text, views, dictionary indices, type ids. Drops a
 * bitmap without nulls and sets the null count of layouts that have no bitmap. */
const char *vgi__validate_array(vgi__array_check *c);
/* What depends on the children, after they were checked themselves: list views, dense
 * unions, run ends. */
const char *vgi__validate_nesting(const vgi__array_check *c);

#endif
