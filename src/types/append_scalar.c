/* SPDX-License-Identifier: Apache-2.0 */
/* JSON scalars for columns that no struct describes: the defaults of run-time methods. */
#include <string.h>

#include "base/fail.h"
#include "types/plan.h"

/* The C scalar that holds values of a node; NULL: none does. */
static const vgi_type *type_of(const vgi__node *n)
{
    static const vgi_type *const ints[2][4] = {
        { &vgi_type_uint8_t, &vgi_type_uint16_t, &vgi_type_uint32_t, &vgi_type_uint64_t },
        { &vgi_type_int8_t, &vgi_type_int16_t, &vgi_type_int32_t, &vgi_type_int64_t },
    };
    switch (n->logical) {
    case VGI__TYPE_BOOL:
        return &vgi_type_bool;
    case VGI__TYPE_INT:
        return ints[n->is_signed][n->width == 8 ? 3 : n->width / 2];
    case VGI__TYPE_FLOAT:
        return n->width == 8 ? &vgi_type_double : n->width == 4 ? &vgi_type_float : NULL;
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
        return n->width == 8 ? &vgi_type_int64_t : &vgi_type_int32_t;
    case VGI__TYPE_DECIMAL:
        return &vgi_type_vgi_str;
    case VGI__TYPE_UTF8:
    case VGI__TYPE_LARGE_UTF8:
    case VGI__TYPE_UTF8_VIEW:
        return &vgi_type_vgi_str;
    case VGI__TYPE_BINARY:
    case VGI__TYPE_LARGE_BINARY:
    case VGI__TYPE_BINARY_VIEW:
    case VGI__TYPE_FIXED_BINARY:
        return &vgi_type_vgi_bytes;
    default:
        return NULL;
    }
}

static uint8_t op_of(const vgi__node *n)
{
    switch (n->logical) {
    case VGI__TYPE_BOOL:
        return VGI__OP_BOOL;
    case VGI__TYPE_DECIMAL:
        return VGI__OP_DECIMAL;
    case VGI__TYPE_FIXED_BINARY:
        return VGI__OP_RAW;
    default:
        return n->layout == VGI__LAYOUT_FIXED ? VGI__OP_FIXED
               : n->utf8                      ? VGI__OP_STR
                                              : VGI__OP_BYTES;
    }
}

int vgi__append_scalar(vgi__builder *b, int32_t node, const char *json, vgi_error *err)
{
    const vgi_schema *s = vgi__builder_schema(b);
    const vgi__node *column = &s->nodes[node], *n = column;
    union {
        vgi_str text;
        int64_t number;
        double real;
    } value = { .number = 0 };
    vgi_arena mem = { 0 };
    if (strcmp(json, "null") == 0 && column->nullable) {
        int rc = vgi__builder_null(b, node);
        return rc == VGI_ENOMEM ? vgi__fail_nomem(err) : rc;
    }
    if (n->dictionary >= 0)
        n = &s->dictionaries[n->dictionary].values->nodes[vgi__child(0)];
    vgi__slot slot = { .type = type_of(n),
                       .op = op_of(n),
                       .layout = n->layout,
                       .logical = n->logical,
                       .unit = n->unit,
                       .is_signed = n->is_signed,
                       .width = n->width,
                       .precision = n->precision,
                       .scale = n->scale,
                       .node = node,
                       .name = column->name,
                       .name_len = column->name_len };
    int rc = VGI_EINVAL;
    if (slot.type) {
        slot.type_name = slot.type->name;
        slot.size = slot.type->size;
        rc = vgi__fallback_apply(&slot, json, &value, &mem);
    }
    if (rc == VGI_OK)
        rc = vgi__append_value(&slot, &value, b, err);
    else if (rc == VGI_ENOMEM)
        rc = vgi__fail_nomem(err);
    else
        rc = vgi__fail(err, rc, "ValueError", "%s is no JSON scalar for column '%s'",
                       json, column->name);
    vgi_arena_free(&mem);
    return rc;
}
