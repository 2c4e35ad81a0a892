/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a batch, in the words of tools/make_golden.py. */
#ifndef VGI_TESTS_SUPPORT_ARROW_RENDER_H
#define VGI_TESTS_SUPPORT_ARROW_RENDER_H

#include "arrow/batch.h"
#include "base/buffer.h"

/* One row of an array of schema node `node`, appended. */
void vgi_test_render_value(vgi__buffer *out, const vgi_schema *s, int32_t node,
                           const struct ArrowArray *a, int64_t row);
/* {"rows":...,"metadata":...,"columns":...} */
void vgi_test_render_batch(vgi__buffer *out, const vgi_batch *b);
/* [["name",nullable],...] */
void vgi_test_render_schema(vgi__buffer *out, const vgi_schema *s);

#endif
