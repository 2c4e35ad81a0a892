/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults of table members: one JSON scalar each. */
#include <string.h>

#include <vgirpc/error.h>

#include "base/json.h"
#include "types/decimal.h"
#include "types/plan.h"

int32_t vgi__enum_find(const char *const *names, vgi_str name)
{
    for (int32_t i = 0; names[i]; i++)
        if (strlen(names[i]) == name.len && memcmp(names[i], name.data, name.len) == 0)
            return i;
    return -1;
}

static int apply_integer(const vgi__slot *slot, const vgi__scalar *v, void *out)
{
    int bits = (int)slot->size * 8;
    if (slot->type->kind >= VGI_KIND_UINT8 && slot->type->kind <= VGI_KIND_UINT64) {
        uint64_t u = v->kind == VGI__SCALAR_UINT ? v->u : (uint64_t)v->i;
        bool fits =
            v->kind == VGI__SCALAR_UINT || (v->kind == VGI__SCALAR_INT && v->i >= 0);
        if (!fits || (bits < 64 && u >> bits))
            return VGI_EINVAL;
        memcpy(out, &u, slot->size);
        return VGI_OK;
    }
    if (v->kind != VGI__SCALAR_INT)
        return VGI_EINVAL;
    int64_t top = v->i >> (bits - 1); /* all sign bits when it fits */
    if (top != 0 && top != -1)
        return VGI_EINVAL;
    memcpy(out, &v->i, slot->size);
    return VGI_OK;
}

static int apply_number(const vgi__slot *slot, const vgi__scalar *v, void *out)
{
    if (slot->logical != VGI__TYPE_FLOAT)
        return apply_integer(slot, v, out);
    double d;
    switch (v->kind) {
    case VGI__SCALAR_INT:
        d = (double)v->i;
        break;
    case VGI__SCALAR_UINT:
        d = (double)v->u;
        break;
    case VGI__SCALAR_REAL:
        d = v->real;
        break;
    default:
        return VGI_EINVAL;
    }
    float f = (float)d;
    if (slot->size == sizeof(f))
        memcpy(out, &f, sizeof(f));
    else
        memcpy(out, &d, sizeof(d));
    return VGI_OK;
}

static int apply_text(const vgi__slot *slot, const vgi__scalar *v, void *out,
                      vgi_arena *mem)
{
    uint8_t digits[32];
    if (v->kind != VGI__SCALAR_STRING)
        return VGI_EINVAL;
    vgi_str text = { (const char *)v->text.data, v->text.len };
    if (!text.data)
        text.data = "";
    if (slot->op == VGI__OP_ENUM) {
        int32_t index = vgi__enum_find(slot->enum_names, text);
        memcpy(out, &index, sizeof(index));
        return index < 0 ? VGI_EINVAL : VGI_OK;
    }
    if (slot->op == VGI__OP_RAW && text.len != (size_t)slot->width)
        return VGI_EINVAL;
    if (slot->op == VGI__OP_DECIMAL &&
        vgi__decimal_parse(text, slot->precision, slot->scale, slot->width, digits) !=
            VGI__DECIMAL_OK)
        return VGI_EINVAL;
    char *copy = vgi_arena_alloc(mem, text.len);
    if (!copy)
        return VGI_ENOMEM;
    memcpy(copy, text.data, text.len);
    text.data = copy;
    memcpy(out, &text, sizeof(text)); /* vgi_bytes looks the same */
    return VGI_OK;
}

static int apply_value(const vgi__slot *slot, const vgi__scalar *v, void *out,
                       vgi_arena *mem)
{
    switch ((vgi__op)slot->op) {
    case VGI__OP_BOOL:
        if (v->kind != VGI__SCALAR_BOOL)
            return VGI_EINVAL;
        memcpy(out, &v->boolean, sizeof(bool));
        return VGI_OK;
    case VGI__OP_FIXED:
        return apply_number(slot, v, out);
    case VGI__OP_STR:
    case VGI__OP_BYTES:
    case VGI__OP_RAW:
    case VGI__OP_DECIMAL:
    case VGI__OP_ENUM:
        return apply_text(slot, v, out, mem);
    default:
        return VGI_EINVAL;
    }
}

int vgi__fallback_apply(const vgi__slot *slot, const char *json, void *out,
                        vgi_arena *mem)
{
    vgi__scalar v;
    int rc = VGI_OK;
    if (!vgi__scalar_parse(&v, json, strlen(json), mem->allocator))
        return VGI_EINVAL;
    if (v.kind == VGI__SCALAR_NULL) {
        memset(out, 0, vgi__slot_stride(slot));
        rc = slot->hold == VGI__HOLD_VALUE ? VGI_EINVAL : VGI_OK;
    } else if (slot->hold == VGI__HOLD_POINTER) {
        void *value = vgi_arena_alloc(mem, slot->size);
        rc = value ? apply_value(slot, &v, value, mem) : VGI_ENOMEM;
        memcpy(out, &value, sizeof(value));
    } else {
        rc = apply_value(slot, &v, out, mem);
    }
    vgi__scalar_free(&v);
    return rc;
}
