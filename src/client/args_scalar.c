/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values without members: numbers with their ranges, texts, bytes, times. */
#include <math.h>
#include <string.h>

#include "arrow/half.h"
#include "base/alloc.h"
#include "base/text.h"
#include "client/args.h"
#include "types/decimal.h"

/* Callers turn VGI_EINVAL into the message that says what does not fit. */
#define MISFIT VGI_EINVAL

static int put_bool(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    if (v->kind == VGI__JSON_BOOL)
        return vgi__builder_bool(c->builder, node, vgi__json_bool_of(v->json));
    if (v->kind == VGI__JSON_STRING && vgi_str_eq(v->text, "true"))
        return vgi__builder_bool(c->builder, node, true);
    if (v->kind == VGI__JSON_STRING && vgi_str_eq(v->text, "false"))
        return vgi__builder_bool(c->builder, node, false);
    return MISFIT;
}

/* A signed whole number: a JSON integer, or a string of one. */
static bool whole(const vgi__json_value *v, int64_t *out)
{
    if (v->kind == VGI__JSON_INT)
        *out = vgi__json_int_of(v->json);
    return v->kind == VGI__JSON_INT ||
           (v->kind == VGI__JSON_STRING && vgi__parse_i64(v->text, out));
}

static bool fits_signed(int64_t i, int32_t width)
{
    const int64_t max = width == 8 ? INT64_MAX : (INT64_C(1) << (width * 8 - 1)) - 1;

    return i <= max && i >= -max - 1;
}

static bool fits_unsigned(uint64_t u, int32_t width)
{
    return width == 8 || u >> (width * 8) == 0;
}

static int put_int(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const vgi__node *n = &c->schema->nodes[node];
    int64_t i = 0;
    uint64_t u;

    if (n->is_signed) {
        if (!whole(v, &i) || !fits_signed(i, n->width))
            return MISFIT;
        return vgi__builder_fixed(c->builder, node, &i);
    }
    if (v->kind == VGI__JSON_STRING) {
        if (!vgi__parse_u64(v->text, &u))
            return MISFIT;
    } else if (v->kind == VGI__JSON_INT && (i = vgi__json_int_of(v->json)) >= 0) {
        u = (uint64_t)i;
    } else {
        return MISFIT;
    }
    return fits_unsigned(u, n->width) ? vgi__builder_fixed(c->builder, node, &u) : MISFIT;
}

static int put_float(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const int32_t width = c->schema->nodes[node].width;
    double d;

    if (v->kind == VGI__JSON_STRING) {
        if (!vgi__parse_f64(v->text, &d))
            return MISFIT;
    } else if (v->kind == VGI__JSON_INT || v->kind == VGI__JSON_REAL) {
        d = vgi__json_real_of(v->json);
    } else {
        return MISFIT;
    }
    if (width == 8)
        return vgi__builder_fixed(c->builder, node, &d);
    if (width == 4) {
        const float f = (float)d;
        return isinf(f) && !isinf(d) ? MISFIT : vgi__builder_fixed(c->builder, node, &f);
    }
    const uint16_t half = vgi__half_from(d);
    if ((half & 0x7fff) == 0x7c00 && !isinf(d))
        return MISFIT;
    return vgi__builder_fixed(c->builder, node, &half);
}

static int put_decimal(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const vgi__node *n = &c->schema->nodes[node];
    uint8_t value[32];
    char digits[32];
    vgi_str text = { digits, 0 };

    if (v->kind == VGI__JSON_STRING)
        text = v->text;
    else if (v->kind == VGI__JSON_INT)
        text.len = vgi__i64_text(digits, vgi__json_int_of(v->json));
    else if (v->kind == VGI__JSON_REAL)
        text.len = vgi__f64_text(digits, vgi__json_real_of(v->json));
    else
        return MISFIT;
    if (vgi__decimal_parse(text, n->precision, n->scale, n->width, value) !=
        VGI__DECIMAL_OK)
        return MISFIT;
    return vgi__builder_fixed(c->builder, node, value);
}

/* Base64 into bytes; fixed-size types want exactly their width. */
static int put_binary(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                      int32_t width)
{
    uint8_t *bytes;
    size_t n;
    int rc = MISFIT;

    if (v->kind != VGI__JSON_STRING)
        return MISFIT;
    bytes = vgi__alloc(NULL, v->text.len);
    if (!bytes)
        return VGI_ENOMEM;
    if (vgi__unbase64(bytes, &n, v->text.data, v->text.len) &&
        (width < 0 || n == (size_t)width))
        rc = vgi__builder_bytes(c->builder, node, bytes, n);
    vgi__free(NULL, bytes);
    return rc;
}

/* Text or bytes, as `value_type` says: that of the node, or of its dictionary's values.
 */
static int put_bytes(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                     const vgi__node *value_type)
{
    if (value_type->logical == VGI__TYPE_FIXED_BINARY)
        return put_binary(c, node, v, value_type->width);
    if (!value_type->utf8)
        return put_binary(c, node, v, -1);
    if (v->kind != VGI__JSON_STRING)
        return MISFIT;
    return vgi__builder_bytes(c->builder, node, v->text.data, v->text.len);
}

static bool is_bytes(const vgi__node *n)
{
    return n->layout == VGI__LAYOUT_BINARY || n->layout == VGI__LAYOUT_BINARY64 ||
           n->layout == VGI__LAYOUT_VIEW || n->logical == VGI__TYPE_FIXED_BINARY;
}

/* "PT1.5S" in the column's unit; without months, whose length varies. */
static bool duration_units(vgi_str text, vgi__time_unit unit, int64_t *out)
{
    vgi__span span;

    return vgi__span_parse(text, unit, &span) && span.months == 0 &&
           vgi__span_units(&span, unit, out);
}

/* Dates, times, timestamps and durations: a number in the column's unit, or ISO 8601. */
static int put_temporal(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const vgi__node *n = &c->schema->nodes[node];
    const vgi__time_unit unit = (vgi__time_unit)n->unit;
    int64_t i = 0;
    bool ok = whole(v, &i);

    if (!ok && v->kind == VGI__JSON_STRING) {
        switch (n->logical) {
        case VGI__TYPE_DATE:
            ok = vgi__date_parse(v->text, &i);
            if (unit == VGI__UNIT_MS)
                i *= INT64_C(86400000);
            break;
        case VGI__TYPE_TIME:
            ok = vgi__time_parse(v->text, unit, &i);
            break;
        case VGI__TYPE_TIMESTAMP:
            ok = vgi__timestamp_parse(v->text, unit, n->extra && n->extra[0], &i);
            break;
        default:
            ok = duration_units(v->text, unit, &i);
            break;
        }
    }
    return ok && fits_signed(i, n->width) ? vgi__builder_fixed(c->builder, node, &i)
                                          : MISFIT;
}

/* "P1M", "P2DT0.5S", "P1M2DT0.000000001S", as far as the type has the parts. */
static int put_interval(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const int32_t width = c->schema->nodes[node].width;
    const vgi__time_unit unit = width == 8 ? VGI__UNIT_MS : VGI__UNIT_NS;
    uint8_t value[16];
    vgi__span s;

    if (v->kind != VGI__JSON_STRING || !vgi__span_parse(v->text, unit, &s) ||
        !fits_signed(s.months, 4) || !fits_signed(s.days, 4))
        return MISFIT;
    if (width == 4) {
        memcpy(value, &s.months, 4);
        return s.days || s.units ? MISFIT : vgi__builder_fixed(c->builder, node, value);
    }
    if (width == 8) {
        if (s.months || !fits_signed(s.units, 4))
            return MISFIT;
        memcpy(value, &s.days, 4);
        memcpy(value + 4, &s.units, 4);
    } else {
        memcpy(value, &s.months, 4);
        memcpy(value + 4, &s.days, 4);
        memcpy(value + 8, &s.units, 8);
    }
    return vgi__builder_fixed(c->builder, node, value);
}

static int put_plain(vgi__json_cells *c, int32_t node, const vgi__json_value *v)
{
    const vgi__node *n = &c->schema->nodes[node];

    switch ((vgi__logical)n->logical) {
    case VGI__TYPE_BOOL:
        return put_bool(c, node, v);
    case VGI__TYPE_INT:
        return put_int(c, node, v);
    case VGI__TYPE_FLOAT:
        return put_float(c, node, v);
    case VGI__TYPE_DECIMAL:
        return put_decimal(c, node, v);
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
        return put_temporal(c, node, v);
    case VGI__TYPE_INTERVAL:
        return put_interval(c, node, v);
    default:
        return is_bytes(n) ? put_bytes(c, node, v, n) : MISFIT;
    }
}

int vgi__json_scalar(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                     const vgi__json_path *at)
{
    const vgi__node *n = &c->schema->nodes[node];
    int rc;

    if (n->dictionary < 0) {
        rc = put_plain(c, node, v);
    } else {
        const vgi__node *value_type =
            &c->schema->dictionaries[n->dictionary].values->nodes[1];
        rc = is_bytes(value_type) && value_type->dictionary < 0
                 ? put_bytes(c, node, v, value_type)
                 : MISFIT;
    }
    return rc == MISFIT ? vgi__json_misfit(c, at, v, node) : rc;
}
