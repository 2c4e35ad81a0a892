/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas and values written as text.
 *
 * A schema is fields with semicolons, each `name=format`, then its children in
 * parentheses or the value type of its dictionary in angle brackets, then `!` when it is
 * not nullable:
 *
 *     a=l!;b=+l(item=u);c=s<=u>;d=+s(x=i;y=d:9,2)
 *
 * Values have blanks between them: null, true, 12, 1.5, 'text', [items], {fields}. */
#ifndef VGI_TESTS_SUPPORT_ARROW_LITERAL_H
#define VGI_TESTS_SUPPORT_ARROW_LITERAL_H

#include "arrow/builder.h"
#include "base/buffer.h"

int vgi_test_schema(vgi_schema **out, const char *text, vgi_error *err);
/* A builder of the schema; owned. */
int vgi_test_builder(vgi__builder **out, const char *schema, vgi_error *err);
/* Append values to a node; VGI_EINVAL: the text does not fit the type. */
int vgi_test_append(vgi__builder *b, int32_t node, const char *values);
/* The values of an array as JSON with commas between, NUL-terminated. */
const char *vgi_test_values(vgi__buffer *out, const vgi_schema *s, int32_t node,
                            const struct ArrowArray *a);

#endif
