/* SPDX-License-Identifier: Apache-2.0 */
/* Any cell of any type as text or JSON. */
#ifndef VGI_TYPES_TEXT_H
#define VGI_TYPES_TEXT_H

#include "arrow/batch.h"
#include "base/buffer.h"

bool vgi__cell_json(vgi__buffer *b, const vgi_schema *s, int32_t node,
                    const struct ArrowArray *a, int64_t row);
bool vgi__cell_text(vgi__buffer *b, const vgi_schema *s, int32_t node,
                    const struct ArrowArray *a, int64_t row);

#endif
