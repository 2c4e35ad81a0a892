/* SPDX-License-Identifier: Apache-2.0 */
/* Safe casts between integers, floats and booleans, and from text to them. */
#include <inttypes.h>
#include <string.h>

#include "arrow/bits.h"
#include "arrow/cast_impl.h"
#include "arrow/half.h"
#include "base/endian.h"
#include "base/fail.h"
#include "base/text.h"

/* Any number: negative integers in `i`, others in `u`, floats in `real`. */
typedef struct number {
    enum { NEGATIVE, NATURAL, REAL } kind;
    int64_t i;
    uint64_t u;
    double real;
} number;

bool vgi__is_number(const vgi__node *n)
{
    return n->dictionary < 0 &&
           (n->logical == VGI__TYPE_INT || n->logical == VGI__TYPE_FLOAT ||
            n->logical == VGI__TYPE_BOOL);
}

static number natural(uint64_t u)
{
    return (number){ .kind = NATURAL, .u = u };
}

static number integer(int64_t i)
{
    return i < 0 ? (number){ .kind = NEGATIVE, .i = i } : natural((uint64_t)i);
}

static number real(double v)
{
    return (number){ .kind = REAL, .real = v };
}

static number load_float(const vgi__node *n, const void *items, int64_t i)
{
    if (n->width == 8)
        return real(((const double *)items)[i]);
    if (n->width == 4)
        return real((double)((const float *)items)[i]);
    return real(vgi__half_value(((const uint16_t *)items)[i]));
}

static number load_int(const vgi__node *n, const void *items, int64_t i)
{
    switch (n->width * (n->is_signed ? -1 : 1)) {
    case -1:
        return integer(((const int8_t *)items)[i]);
    case -2:
        return integer(((const int16_t *)items)[i]);
    case -4:
        return integer(((const int32_t *)items)[i]);
    case -8:
        return integer(((const int64_t *)items)[i]);
    case 1:
        return natural(((const uint8_t *)items)[i]);
    case 2:
        return natural(((const uint16_t *)items)[i]);
    case 4:
        return natural(((const uint32_t *)items)[i]);
    default:
        return natural(((const uint64_t *)items)[i]);
    }
}

static number load(const vgi__node *n, const void *items, int64_t i)
{
    if (n->logical == VGI__TYPE_BOOL)
        return natural(vgi__bit(items, i));
    return n->logical == VGI__TYPE_FLOAT ? load_float(n, items, i)
                                         : load_int(n, items, i);
}

/* ---- limits ---- */

typedef struct range {
    int64_t min;
    uint64_t max;
} range;

/* What an integer type holds; for a float what it holds exactly. */
static range range_of(const vgi__node *n)
{
    static const int mantissa[] = { [2] = 11, [4] = 24, [8] = 53 };
    if (n->logical == VGI__TYPE_BOOL)
        return (range){ 0, 1 };
    if (n->logical == VGI__TYPE_FLOAT) {
        int64_t most = INT64_C(1) << mantissa[n->width];
        return (range){ -most, (uint64_t)most };
    }
    int bits = n->width * 8;
    if (!n->is_signed)
        return (range){ 0, UINT64_MAX >> (64 - bits) };
    uint64_t max = UINT64_MAX >> (65 - bits);
    return (range){ -(int64_t)max - 1, max };
}

static bool in_range(number v, range r)
{
    return v.kind == NEGATIVE ? v.i >= r.min : v.u <= r.max;
}

static int out_of_range(const vgi__cast_task *t, number v)
{
    range from = range_of(vgi__cast_source(t));
    range to = range_of(vgi__cast_target(t));
    int64_t min = from.min > to.min ? from.min : to.min;
    uint64_t max = from.max < to.max ? from.max : to.max;
    char text[21];
    size_t n = v.kind == NEGATIVE ? vgi__i64_text(text, v.i) : vgi__u64_text(text, v.u);
    text[n] = 0;
    return vgi__cast_invalid(t, "Integer value %s not in range: %" PRId64 " to %" PRIu64,
                             text, min, max);
}

/* A float that is a whole number within the range of 64 bits becomes that; others stay.
 */
static number to_integer(number v)
{
    if (v.kind != REAL)
        return v;
    number whole = v;
    if (v.real >= 0 && v.real < 0x1p64)
        whole = natural((uint64_t)v.real);
    else if (v.real < 0 && v.real >= -0x1p63)
        whole = integer((int64_t)v.real);
    bool exact = (whole.kind == NATURAL && (double)whole.u == v.real) ||
                 (whole.kind == NEGATIVE && (double)whole.i == v.real);
    return exact ? whole : v;
}

static double to_real(number v)
{
    return v.kind == REAL ? v.real : v.kind == NATURAL ? (double)v.u : (double)v.i;
}

/* ---- storing ---- */

static int store_int(const vgi__cast_task *t, uint8_t *to, number v)
{
    const vgi__node *n = vgi__cast_target(t);
    number whole = to_integer(v);
    if (whole.kind == REAL || (v.kind == REAL && !in_range(whole, range_of(n)))) {
        char words[VGI__CAST_WORDS];
        return vgi__cast_invalid(
            t, "Float value %f was truncated converting to %s", v.real,
            vgi__type_words(words, sizeof(words), t->to->schema, t->node));
    }
    if (!in_range(whole, range_of(n)))
        return out_of_range(t, whole);
    uint64_t bits = whole.kind == NEGATIVE ? (uint64_t)whole.i : whole.u;
    memcpy(to, &bits, (size_t)n->width);
    return VGI_OK;
}

static int store_float(const vgi__cast_task *t, uint8_t *to, number v)
{
    const vgi__node *n = vgi__cast_target(t);
    if (v.kind != REAL && !in_range(v, range_of(n)))
        return out_of_range(t, v);
    double wide = to_real(v);
    float single = (float)wide;
    if (n->width == 8)
        memcpy(to, &wide, 8);
    else if (n->width == 4)
        memcpy(to, &single, 4);
    else
        vgi__store16(to, vgi__half_from(wide));
    return VGI_OK;
}

/* Row by row onto a boolean: what is not 0 is true. */
static int cast_to_bool(const vgi__cast_task *t)
{
    const vgi__node *from = vgi__cast_source(t);
    int rc = VGI_OK;
    for (int64_t row = t->first; rc == VGI_OK && row < t->first + t->count; row++) {
        if (vgi__array_is_null(t->schema, t->from, t->array, row))
            rc = vgi__builder_null(t->to, t->node);
        else
            rc = vgi__builder_bool(
                t->to, t->node,
                to_real(load(from, t->array->buffers[1], t->array->offset + row)) != 0);
    }
    return vgi__cast_failed(t, rc);
}

/* ---- the common ways, which lose nothing ---- */

#define EACH(from_type, to_type) \
    for (int64_t i = 0; i < n; i++) \
    ((to_type *)to)[i] = (to_type)((const from_type *)from)[i]

static bool widen_to_double(char format, void *to, const void *from, int64_t n)
{
    const int64_t most = INT64_C(1) << 53;
    bool exact = true;
    switch (format) {
    case 'f':
        EACH(float, double);
        return true;
    case 'i':
        EACH(int32_t, double);
        return true;
    case 's':
        EACH(int16_t, double);
        return true;
    case 'I':
        EACH(uint32_t, double);
        return true;
    case 'l':
        for (int64_t i = 0; i < n; i++)
            exact &=
                ((const int64_t *)from)[i] >= -most && ((const int64_t *)from)[i] <= most;
        EACH(int64_t, double);
        return exact;
    default:
        return false;
    }
}

static bool widen_to_int64(char format, void *to, const void *from, int64_t n)
{
    switch (format) {
    case 'i':
        EACH(int32_t, int64_t);
        return true;
    case 's':
        EACH(int16_t, int64_t);
        return true;
    case 'I':
        EACH(uint32_t, int64_t);
        return true;
    default:
        return false;
    }
}

/* Without a look at the single value. False: this way is not among them, or a value that
 * does not fit was met, perhaps below a null. */
static bool widen(const vgi__cast_task *t, void *to, const void *from)
{
    char format = vgi__cast_source(t)->format[0];
    switch (vgi__cast_target(t)->format[0]) {
    case 'g':
        return widen_to_double(format, to, from, t->count);
    case 'l':
        return widen_to_int64(format, to, from, t->count);
    default:
        return false;
    }
}

int vgi__cast_numbers(const vgi__cast_task *t)
{
    const vgi__node *from = vgi__cast_source(t);
    const vgi__node *to = vgi__cast_target(t);
    const struct ArrowArray *a = t->array;
    vgi__column *c = &t->to->columns[t->node];
    int64_t first = t->first + a->offset;
    const uint8_t *bits = a->null_count == 0 ? NULL : a->buffers[0];
    int rc = VGI_OK;
    if (to->logical == VGI__TYPE_BOOL)
        return cast_to_bool(t);
    uint8_t *p = vgi__column_extend(&c->first, (size_t)(t->count * to->width), &rc);
    if (rc == VGI_OK)
        rc = vgi__column_validity(c, bits, first, t->count);
    if (rc != VGI_OK)
        return vgi__cast_failed(t, rc);
    if (from->logical != VGI__TYPE_BOOL &&
        widen(t, p, (const uint8_t *)a->buffers[1] + first * from->width))
        return VGI_OK;
    for (int64_t i = first; rc == VGI_OK && i < first + t->count; i++, p += to->width) {
        number v = bits && !vgi__bit(bits, i) ? natural(0) : load(from, a->buffers[1], i);
        rc = to->logical == VGI__TYPE_INT ? store_int(t, p, v) : store_float(t, p, v);
    }
    return rc;
}

/* ---- text ---- */

static bool parse(const vgi__node *to, vgi_str text, number *v)
{
    int64_t i;
    uint64_t u;
    double d;
    bool ok;
    switch (to->logical) {
    case VGI__TYPE_FLOAT:
        ok = vgi__parse_f64(text, &d);
        *v = real(ok ? d : 0);
        return ok;
    case VGI__TYPE_BOOL:
        ok = vgi_str_eq(text, "true") || vgi_str_eq(text, "1");
        *v = natural(ok);
        return ok || vgi_str_eq(text, "false") || vgi_str_eq(text, "0");
    default:
        if (vgi__parse_i64(text, &i))
            *v = integer(i);
        else if (vgi__parse_u64(text, &u))
            *v = natural(u);
        else
            return false;
        return in_range(*v, range_of(to));
    }
}

static int parse_row(const vgi__cast_task *t, int64_t row)
{
    const vgi__node *to = vgi__cast_target(t);
    vgi_bytes bytes = vgi__array_bytes(t->schema, t->from, t->array, row);
    vgi_str text = { (const char *)bytes.data, bytes.len };
    uint8_t value[8];
    number v;
    if (!parse(to, text, &v)) {
        char echo[VGI_ECHO_SIZE];
        char words[VGI__CAST_WORDS];
        return vgi__cast_invalid(
            t, "Failed to parse string: '%s' as a scalar of type %s",
            vgi__echo(echo, text),
            vgi__type_words(words, sizeof(words), t->to->schema, t->node));
    }
    if (to->logical == VGI__TYPE_BOOL)
        return vgi__cast_failed(t, vgi__builder_bool(t->to, t->node, v.u != 0));
    int rc =
        to->logical == VGI__TYPE_INT ? store_int(t, value, v) : store_float(t, value, v);
    return rc == VGI_OK ? vgi__cast_failed(t, vgi__builder_fixed(t->to, t->node, value))
                        : rc;
}

int vgi__cast_parse(const vgi__cast_task *t)
{
    int rc = VGI_OK;
    for (int64_t row = t->first; rc == VGI_OK && row < t->first + t->count; row++) {
        if (vgi__array_is_null(t->schema, t->from, t->array, row))
            rc = vgi__cast_failed(t, vgi__builder_null(t->to, t->node));
        else
            rc = parse_row(t, row);
    }
    return rc;
}
