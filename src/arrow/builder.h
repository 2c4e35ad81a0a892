/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: building arrays row by row or column by column.
 *
 * One builder per schema, with buffers per node that are kept across resets. Values are
 * appended to a node by its index in the schema's program. A parent counts its own rows:
 * for a struct row append validity to the struct and one value to each child; for a list
 * row append the items to the child, then close the list row. Dictionary-encoded nodes
 * take the value bytes; equal values share one entry.
 */
#ifndef VGI_ARROW_BUILDER_H
#define VGI_ARROW_BUILDER_H

#include "arrow/batch.h"

typedef struct vgi__builder vgi__builder;

int vgi__builder_new(vgi__builder **out, const vgi_schema *s, const vgi_limits *limits,
                     const vgi_allocator *a, vgi_error *err);
void vgi__builder_free(vgi__builder *b);
void vgi__builder_reset(vgi__builder *b);
const vgi_schema *vgi__builder_schema(const vgi__builder *b);

/* All return VGI_OK, VGI_ENOMEM or VGI_ELIMIT (offsets or indices beyond their type,
 * bytes over the message limit); VGI_EINVAL when the value has not the width of the type.
 * After a failure the builder is good for a reset only. */

/* A null; children get their padding as the layout needs. */
int vgi__builder_null(vgi__builder *b, int32_t node);
int vgi__builder_bool(vgi__builder *b, int32_t node, bool v);
/* A value of the node's width (of its dictionary's) in bytes. */
int vgi__builder_fixed(vgi__builder *b, int32_t node, const void *v);
/* BINARY, BINARY64, VIEW, FIXED of that width, or a dictionary of those. */
int vgi__builder_bytes(vgi__builder *b, int32_t node, const void *p, size_t n);
/* A struct row; its fields are appended to the children. */
int vgi__builder_valid(vgi__builder *b, int32_t node);
/* A row of any list layout, or of a map: the items appended since the last close. */
int vgi__builder_close_list(vgi__builder *b, int32_t node);
/* Append `rows` fixed-width values at once; *items is unset memory to fill. */
int vgi__builder_column(vgi__builder *b, int32_t node, int64_t rows, void **items);
/* A whole column in memory of the caller's, which is unset yet and stays until the reset:
 * `rows` fixed-width values. Only for a column without rows, and then its only ones. */
void vgi__builder_lend(vgi__builder *b, int32_t node, int64_t rows, const void *items);
int64_t vgi__builder_length(const vgi__builder *b, int32_t node);

/* The finished struct array, borrowed until reset. Every column must have `rows` rows
 * (-1: those of the first column; VGI_EINVAL naming the column otherwise). `rows` also
 * gives the length of a batch without columns. */
int vgi__builder_finish(vgi__builder *b, int64_t rows, struct ArrowArray **out,
                        vgi_error *err);

/* One finished column by itself, however many rows it has. */
int vgi__builder_finish_column(vgi__builder *b, int32_t node, struct ArrowArray **out,
                               vgi_error *err);

/* Copy `count` rows of any array of the same type (all layouts) onto a node. For casts,
 * slices, retained batches. */
int vgi__builder_copy(vgi__builder *b, int32_t node, const vgi_schema *s, int32_t from,
                      const struct ArrowArray *a, int64_t first, int64_t count,
                      vgi_error *err);

#endif
