/* SPDX-License-Identifier: Apache-2.0 */
/* Which Arrow formats a C value can hold without loss. */
#include "types/plan.h"

/* Signed and unsigned integers of one width; signed ones also keep times of that width.
 */
static bool integer_holds(const vgi__slot *s, int32_t width, bool is_signed)
{
    if (s->layout != VGI__LAYOUT_FIXED || s->width != width)
        return false;
    switch (s->logical) {
    case VGI__TYPE_INT:
        return s->is_signed == is_signed;
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
        return is_signed;
    case VGI__TYPE_INTERVAL:
        return is_signed && s->unit == 0; /* months: one number */
    default:
        return false;
    }
}

static bool is_binary(const vgi__slot *s)
{
    return s->logical == VGI__TYPE_BINARY || s->logical == VGI__TYPE_LARGE_BINARY ||
           s->logical == VGI__TYPE_BINARY_VIEW;
}

const char *vgi__kind_format(vgi_kind kind)
{
    switch (kind) {
#define FORMAT_CASE(T, K, A) \
    case VGI_KIND_##K: \
        return A;
        VGI_SCALARS_(FORMAT_CASE)
#undef FORMAT_CASE
    case VGI_KIND_BATCH:
    case VGI_KIND_SCHEMA:
        return "z";
    default:
        return NULL;
    }
}

bool vgi__kind_holds(vgi_kind kind, const vgi__slot *s)
{
    switch (kind) {
    case VGI_KIND_BOOL:
        return s->logical == VGI__TYPE_BOOL;
    case VGI_KIND_INT8:
        return integer_holds(s, 1, true);
    case VGI_KIND_INT16:
        return integer_holds(s, 2, true);
    case VGI_KIND_INT32:
        return integer_holds(s, 4, true);
    case VGI_KIND_INT64:
        return integer_holds(s, 8, true);
    case VGI_KIND_UINT8:
        return integer_holds(s, 1, false);
    case VGI_KIND_UINT16:
        return integer_holds(s, 2, false);
    case VGI_KIND_UINT32:
        return integer_holds(s, 4, false);
    case VGI_KIND_UINT64:
        return integer_holds(s, 8, false);
    case VGI_KIND_FLOAT32:
        return s->logical == VGI__TYPE_FLOAT && s->width == 4;
    case VGI_KIND_FLOAT64:
        return s->logical == VGI__TYPE_FLOAT && s->width == 8;
    case VGI_KIND_STR:
        return s->logical == VGI__TYPE_UTF8 || s->logical == VGI__TYPE_LARGE_UTF8 ||
               s->logical == VGI__TYPE_UTF8_VIEW || s->logical == VGI__TYPE_DECIMAL;
    case VGI_KIND_BYTES:
        return is_binary(s) || s->layout == VGI__LAYOUT_FIXED;
    case VGI_KIND_STRUCT:
        return is_binary(s) || s->logical == VGI__TYPE_STRUCT;
    case VGI_KIND_BATCH:
    case VGI_KIND_SCHEMA:
        return is_binary(s);
    default:
        return false;
    }
}
