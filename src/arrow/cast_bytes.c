/* SPDX-License-Identifier: Apache-2.0 */
/* Safe casts between strings and binaries, and between decimals. */
#include <string.h>

#include "arrow/cast_impl.h"
#include "base/utf8.h"

bool vgi__is_binary_like(const vgi__node *n)
{
    if (n->dictionary >= 0)
        return false;
    return n->layout == VGI__LAYOUT_BINARY || n->layout == VGI__LAYOUT_BINARY64 ||
           n->layout == VGI__LAYOUT_VIEW || n->logical == VGI__TYPE_FIXED_BINARY;
}

int vgi__cast_bytes(const vgi__cast_task *t)
{
    const vgi__node *from = vgi__cast_source(t);
    const vgi__node *to = vgi__cast_target(t);
    if (to->dictionary >= 0)
        to = &t->to->columns[t->node].entries->values->schema->nodes[1];
    for (int64_t row = t->first; row < t->first + t->count; row++) {
        int rc;
        if (vgi__array_is_null(t->schema, t->from, t->array, row)) {
            rc = vgi__builder_null(t->to, t->node);
        } else {
            vgi_bytes v = vgi__array_bytes(t->schema, t->from, t->array, row);
            if (to->utf8 && !from->utf8 && !vgi__utf8_valid(v.data, v.len))
                return vgi__cast_invalid(t, "Invalid UTF8 payload");
            if (to->logical == VGI__TYPE_FIXED_BINARY && v.len != (size_t)to->width)
                return vgi__cast_invalid(
                    t, "a value of %zu bytes does not fit a width of %d", v.len,
                    to->width);
            rc = vgi__builder_bytes(t->to, t->node, v.data, v.len);
        }
        if (rc != VGI_OK)
            return vgi__cast_failed(t, rc);
    }
    return VGI_OK;
}

bool vgi__is_decimal_cast(const vgi__node *from, const vgi__node *to)
{
    return from->logical == VGI__TYPE_DECIMAL && to->logical == VGI__TYPE_DECIMAL &&
           from->scale == to->scale && from->precision <= to->precision &&
           from->width <= to->width;
}

int vgi__cast_decimals(const vgi__cast_task *t)
{
    size_t width = (size_t)vgi__cast_source(t)->width;
    uint8_t wide[32];
    int rc = VGI_OK;
    for (int64_t row = t->first; rc == VGI_OK && row < t->first + t->count; row++) {
        if (vgi__array_is_null(t->schema, t->from, t->array, row)) {
            rc = vgi__builder_null(t->to, t->node);
            continue;
        }
        vgi_bytes v = vgi__array_bytes(t->schema, t->from, t->array, row);
        memset(wide, v.data[width - 1] & 0x80 ? 0xFF : 0, sizeof(wide)); /* the sign */
        memcpy(wide, v.data, width);
        rc = vgi__builder_fixed(t->to, t->node, wide);
    }
    return vgi__cast_failed(t, rc);
}
