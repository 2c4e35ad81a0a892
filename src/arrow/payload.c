/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/batch.h"

static uint64_t payload(const vgi_schema *s, int32_t node, const struct ArrowArray *a)
{
    const vgi__node *n = &s->nodes[node];
    const uint64_t rows = (uint64_t)a->length;
    const int64_t end = a->offset + a->length;
    uint64_t bytes = 0;

    if (rows == 0)
        return 0;
    switch (n->layout) {
    case VGI__LAYOUT_FIXED:
        bytes = rows * (uint64_t)n->width;
        break;
    case VGI__LAYOUT_BINARY: {
        const int32_t *offsets = a->buffers[1];

        bytes = 4 * rows + (uint64_t)(offsets[end] - offsets[a->offset]);
        break;
    }
    case VGI__LAYOUT_BINARY64: {
        const int64_t *offsets = a->buffers[1];

        bytes = 8 * rows + (uint64_t)(offsets[end] - offsets[a->offset]);
        break;
    }
    case VGI__LAYOUT_VIEW: {
        const int64_t *sizes = a->buffers[a->n_buffers - 1];

        bytes = 16 * rows;
        for (int64_t i = 0; i < a->n_buffers - 3; i++)
            bytes += (uint64_t)sizes[i];
        break;
    }
    default:
        bytes = node > 0 ? rows : 0;
    }
    if (n->dictionary >= 0)
        bytes += payload(s->dictionaries[n->dictionary].values, 1, a->dictionary);
    int32_t child = vgi__child(node);
    for (int64_t i = 0; i < a->n_children; i++, child = vgi__sibling(s, child))
        bytes += payload(s, child, a->children[i]);
    return bytes;
}

uint64_t vgi__array_payload(const vgi_schema *s, const struct ArrowArray *a)
{
    return payload(s, 0, a);
}
