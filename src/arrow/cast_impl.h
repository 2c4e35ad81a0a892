/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of casts, for cast*.c only. */
#ifndef VGI_ARROW_CAST_IMPL_H
#define VGI_ARROW_CAST_IMPL_H

#include "arrow/builder_impl.h"
#include "arrow/cast.h"

/* Rows `first` to `first + count` of an array, counted from its own offset, and where
 * they go. */
typedef struct vgi__cast_task {
    vgi__builder *to;
    int32_t node; /* there */
    const vgi_schema *schema;
    int32_t from; /* node of `array` in `schema` */
    const struct ArrowArray *array;
    int64_t first, count;
    vgi_error *err;
} vgi__cast_task;

static inline const vgi__node *vgi__cast_source(const vgi__cast_task *t)
{
    return &t->schema->nodes[t->from];
}
static inline const vgi__node *vgi__cast_target(const vgi__cast_task *t)
{
    return &t->to->schema->nodes[t->node];
}

/* Any type to any other; VGI_ESCHEMA when there is no such cast, VGI_EINVAL when a value
 * is lost. */
int vgi__cast_rows(const vgi__cast_task *t);
/* "Unsupported cast from int64 to struct<...>". */
int vgi__cast_unsupported(const vgi__cast_task *t);
/* The message for a failed append. */
int vgi__cast_failed(const vgi__cast_task *t, int rc);
/* A failed cast of one value: "ArrowInvalid". */
int vgi__cast_invalid(const vgi__cast_task *t, const char *fmt, ...) VGI_PRINTF(2, 3);
#define VGI__CAST_WORDS 160 /* bytes for a type in a message */

/* Between integers, floats and booleans. */
bool vgi__is_number(const vgi__node *n);
int vgi__cast_numbers(const vgi__cast_task *t);
/* Between temporal types, and between those and the integers of their storage. */
bool vgi__is_temporal_cast(const vgi__node *from, const vgi__node *to);
int vgi__cast_temporal(const vgi__cast_task *t);
/* Between strings and binaries; strings to numbers. Also onto dictionaries of strings and
 * binaries. */
bool vgi__is_binary_like(const vgi__node *n);
int vgi__cast_bytes(const vgi__cast_task *t);
int vgi__cast_parse(const vgi__cast_task *t);
/* Between decimals of one scale, to the same or a greater precision. */
bool vgi__is_decimal_cast(const vgi__node *from, const vgi__node *to);
int vgi__cast_decimals(const vgi__cast_task *t);

#endif
