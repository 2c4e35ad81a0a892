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

/* ---- in bulk ---- */

/*
 * Values are loaded by the hundred as int64 or double, checked together and stored. Only
 * when one among them does not fit, which can be no more than an unsigned number beyond
 * int64, they are looked at one by one.
 */
#define CHUNK 512

#define LOAD(from_type) \
    for (int64_t i = 0; i < n; i++) \
    to[i] = ((const from_type *)from)[first + i]

/* What is beyond int64 becomes negative. */
static void load_ints(const vgi__node *node, const void *from, int64_t first, int64_t n,
                      int64_t *to)
{
    if (node->logical == VGI__TYPE_BOOL) {
        for (int64_t i = 0; i < n; i++)
            to[i] = vgi__bit(from, first + i);
        return;
    }
    switch (node->width * (node->is_signed ? -1 : 1)) {
    case -1:
        LOAD(int8_t);
        return;
    case -2:
        LOAD(int16_t);
        return;
    case -4:
        LOAD(int32_t);
        return;
    case 1:
        LOAD(uint8_t);
        return;
    case 2:
        LOAD(uint16_t);
        return;
    case 4:
        LOAD(uint32_t);
        return;
    default:
        LOAD(int64_t);
        return;
    }
}

static void load_reals(const vgi__node *node, const void *from, int64_t first, int64_t n,
                       double *to)
{
    if (node->width == 8) {
        LOAD(double);
    } else if (node->width == 4) {
        LOAD(float);
    } else {
        for (int64_t i = 0; i < n; i++)
            to[i] = vgi__half_value(((const uint16_t *)from)[first + i]);
    }
}

#define STORE(to_type) \
    for (int64_t i = 0; i < n; i++) \
    ((to_type *)(void *)to)[i] = (to_type)from[i]

static void store_ints(const vgi__node *node, uint8_t *to, const int64_t *from, int64_t n)
{
    switch (node->width) {
    case 1:
        STORE(uint8_t);
        return;
    case 2:
        STORE(uint16_t);
        return;
    case 4:
        STORE(uint32_t);
        return;
    default:
        STORE(uint64_t);
        return;
    }
}

static void store_reals(const vgi__node *node, uint8_t *to, const double *from, int64_t n)
{
    if (node->width == 8) {
        STORE(double);
    } else if (node->width == 4) {
        STORE(float);
    } else {
        for (int64_t i = 0; i < n; i++)
            vgi__store16(to + 2 * i, vgi__half_from(from[i]));
    }
}

static bool all_in_range(const int64_t *v, int64_t n, range r)
{
    int64_t max = r.max < INT64_MAX ? (int64_t)r.max : INT64_MAX;
    bool bad = false;
    for (int64_t i = 0; i < n; i++)
        bad |= (v[i] < r.min) | (v[i] > max);
    return !bad;
}

/* Whole numbers of a size that both types have. */
static bool all_whole(const double *v, int64_t n, int64_t *whole)
{
    bool bad = false;
    for (int64_t i = 0; i < n; i++) {
        double bounded = v[i] > -0x1p62 && v[i] < 0x1p62 ? v[i] : 0;
        whole[i] = (int64_t)bounded;
        bad |= (double)whole[i] != v[i];
    }
    return !bad;
}

/* Rows of a cast, at most CHUNK of them. */
typedef struct chunk {
    const vgi__node *from, *to;
    const void *items;
    const uint8_t *bits; /* validity; or NULL */
    int64_t first, n;
} chunk;

/* False: a value may not fit. Nulls become 0. */
static bool cast_chunk(const chunk *c, uint8_t *to)
{
    int64_t ints[CHUNK];
    double reals[CHUNK];
    bool reals_in = c->from->logical == VGI__TYPE_FLOAT;
    bool reals_out = c->to->logical == VGI__TYPE_FLOAT;
    if (reals_in)
        load_reals(c->from, c->items, c->first, c->n, reals);
    else
        load_ints(c->from, c->items, c->first, c->n, ints);
    for (int64_t i = 0; c->bits && i < c->n; i++) {
        bool valid = vgi__bit(c->bits, c->first + i);
        if (reals_in)
            reals[i] = valid ? reals[i] : 0;
        else
            ints[i] = valid ? ints[i] : 0;
    }
    if (reals_in && !reals_out && !all_whole(reals, c->n, ints))
        return false;
    if (!reals_in || !reals_out) {
        bool natural_source = !reals_in && !c->from->is_signed;
        range r = range_of(c->to);
        r.min = natural_source && r.min < 0 ? 0 : r.min;
        if (!all_in_range(ints, c->n, r))
            return false;
    }
    for (int64_t i = 0; reals_out && !reals_in && i < c->n; i++)
        reals[i] = (double)ints[i];
    if (reals_out)
        store_reals(c->to, to, reals, c->n);
    else
        store_ints(c->to, to, ints, c->n);
    return true;
}

static int cast_one_by_one(const vgi__cast_task *t, const chunk *c, uint8_t *to)
{
    int rc = VGI_OK;
    for (int64_t i = c->first; rc == VGI_OK && i < c->first + c->n; i++) {
        number v =
            c->bits && !vgi__bit(c->bits, i) ? natural(0) : load(c->from, c->items, i);
        rc =
            c->to->logical == VGI__TYPE_INT ? store_int(t, to, v) : store_float(t, to, v);
        to += c->to->width;
    }
    return rc;
}

/* What is not 0 is true. `base`: bits that are there already. */
static void cast_to_bool(const chunk *c, uint8_t *to, int64_t base)
{
    for (int64_t i = 0; i < c->n; i++)
        vgi__bit_set(to, base + i, to_real(load(c->from, c->items, c->first + i)) != 0);
}

int vgi__cast_numbers(const vgi__cast_task *t)
{
    const struct ArrowArray *a = t->array;
    vgi__column *column = &t->to->columns[t->node];
    chunk c = { .from = vgi__cast_source(t),
                .to = vgi__cast_target(t),
                .items = a->buffers[1],
                .bits = a->null_count == 0 ? NULL : a->buffers[0],
                .first = t->first + a->offset,
                .n = t->count };
    bool to_bool = c.to->logical == VGI__TYPE_BOOL;
    int64_t base = column->length;
    int rc = VGI_OK;
    uint8_t *p = NULL;
    if (to_bool)
        rc = vgi__column_bits(&column->first, base, NULL, 0, c.n);
    else
        p = vgi__column_extend(&column->first, (size_t)(c.n * c.to->width), &rc);
    if (rc == VGI_OK)
        rc = vgi__column_validity(column, c.bits, c.first, c.n);
    if (rc != VGI_OK)
        return vgi__cast_failed(t, rc);
    if (to_bool) {
        cast_to_bool(&c, column->first.data, base);
        return VGI_OK;
    }
    int64_t end = c.first + t->count;
    for (; rc == VGI_OK && c.first < end; c.first += c.n, p += c.n * c.to->width) {
        c.n = end - c.first < CHUNK ? end - c.first : CHUNK;
        if (!cast_chunk(&c, p))
            rc = cast_one_by_one(t, &c, p);
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
