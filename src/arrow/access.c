/* SPDX-License-Identifier: Apache-2.0 */
/* One value of an array, by row. */
#include "arrow/batch.h"
#include "base/endian.h"

#define VIEW_BYTES 16
#define VIEW_INLINE 12 /* values up to this many bytes lie in the view itself */

static int64_t signed_at(const void *items, int32_t width, int64_t i)
{
    switch (width) {
    case 1:
        return ((const int8_t *)items)[i];
    case 2:
        return ((const int16_t *)items)[i];
    case 4:
        return ((const int32_t *)items)[i];
    default:
        return ((const int64_t *)items)[i];
    }
}

bool vgi__array_is_null(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                        int64_t row)
{
    switch (s->nodes[node].layout) {
    case VGI__LAYOUT_NULL:
        return true;
    case VGI__LAYOUT_UNION_SPARSE:
    case VGI__LAYOUT_UNION_DENSE:
    case VGI__LAYOUT_RUN_END:
        return false;
    default:
        break;
    }
    const uint8_t *bits = a->buffers[0];
    int64_t i = row + a->offset;
    return a->null_count != 0 && bits && !(bits[i >> 3] >> (i & 7) & 1);
}

static vgi_bytes view_at(const struct ArrowArray *a, int64_t i)
{
    const uint8_t *view = (const uint8_t *)a->buffers[1] + i * VIEW_BYTES;
    size_t len = vgi__load32(view);
    if (len <= VIEW_INLINE)
        return (vgi_bytes){ view + 4, len };
    const uint8_t *data = a->buffers[2 + vgi__load32(view + 8)];
    return (vgi_bytes){ data + vgi__load32(view + 12), len };
}

vgi_bytes vgi__array_bytes(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                           int64_t row)
{
    int64_t i = row + a->offset;
    const vgi__node *n = &s->nodes[node];
    int64_t first;
    int64_t end;
    switch (n->layout) {
    case VGI__LAYOUT_BINARY:
        first = ((const int32_t *)a->buffers[1])[i];
        end = ((const int32_t *)a->buffers[1])[i + 1];
        break;
    case VGI__LAYOUT_BINARY64:
        first = ((const int64_t *)a->buffers[1])[i];
        end = ((const int64_t *)a->buffers[1])[i + 1];
        break;
    case VGI__LAYOUT_VIEW:
        return view_at(a, i);
    default:
        return (vgi_bytes){ (const uint8_t *)a->buffers[1] + i * n->width,
                            (size_t)n->width };
    }
    return (vgi_bytes){ (const uint8_t *)a->buffers[2] + first, (size_t)(end - first) };
}

int64_t vgi__array_index(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                         int64_t row)
{
    const vgi__node *n = &s->nodes[node];
    int64_t v = signed_at(a->buffers[1], n->width, row + a->offset);
    if (n->is_signed || n->width == 8)
        return v;
    return (int64_t)((uint64_t)v & ((UINT64_C(1) << (8 * n->width)) - 1));
}

void vgi__array_list(const vgi_schema *s, int32_t node, const struct ArrowArray *a,
                     int64_t row, int64_t *first, int64_t *count)
{
    const vgi__node *n = &s->nodes[node];
    int64_t i = row + a->offset;
    int32_t width =
        n->layout == VGI__LAYOUT_LIST64 || n->layout == VGI__LAYOUT_LIST_VIEW64 ? 8 : 4;
    switch (n->layout) {
    case VGI__LAYOUT_FIXED_LIST:
        *first = i * n->width;
        *count = n->width;
        break;
    case VGI__LAYOUT_LIST_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
        *first = signed_at(a->buffers[1], width, i);
        *count = signed_at(a->buffers[2], width, i);
        break;
    default:
        *first = signed_at(a->buffers[1], width, i);
        *count = signed_at(a->buffers[1], width, i + 1) - *first;
        break;
    }
}
