/* SPDX-License-Identifier: Apache-2.0 */
#include "types/decimal.h"

#include <string.h>

#include "base/text.h"

#define LIMBS 8       /* of 32 bits */
#define MAX_DIGITS 78 /* of 2^256 */
#define MAX_PLAIN_SCALE 100
#define MAX_EXPONENT 4096 /* beyond any precision: only zeros could be meant */

typedef struct magnitude {
    uint32_t limb[LIMBS]; /* least significant first */
} magnitude;

static void negate(magnitude *m)
{
    uint64_t carry = 1;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint32_t)~m->limb[i];
        m->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* What does not fit is lost; the caller has bounded the digits. */
static void multiply_add(magnitude *m, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)m->limb[i] * factor;
        m->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static uint32_t divide(magnitude *m, uint32_t by)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | m->limb[i];
        m->limb[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    return (uint32_t)rest;
}

static bool is_zero(const magnitude *m)
{
    uint32_t any = 0;
    for (int i = 0; i < LIMBS; i++)
        any |= m->limb[i];
    return any == 0;
}

/* Sign-extend to 256 bits and take the absolute value. */
static bool load(magnitude *m, const uint8_t *value, int32_t width)
{
    bool negative = value[width - 1] >> 7;
    memset(m, negative ? 0xff : 0, sizeof(*m));
    memcpy(m->limb, value, (size_t)width);
    if (negative)
        negate(m);
    return negative;
}

/* Decimal digits, most significant first, at least one. */
static size_t to_digits(char *out, magnitude *m)
{
    char reversed[MAX_DIGITS + 9];
    size_t n = 0;
    while (!is_zero(m)) {
        uint32_t part = divide(m, 1000000000);
        for (int i = 0; i < 9; i++, part /= 10)
            reversed[n++] = (char)('0' + part % 10);
    }
    while (n > 1 && reversed[n - 1] == '0')
        n--;
    if (n == 0)
        reversed[n++] = '0';
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}

size_t vgi__decimal_text(char out[VGI__DECIMAL_TEXT_SIZE], const uint8_t *value,
                         int32_t width, int32_t scale)
{
    magnitude m;
    char digits[MAX_DIGITS + 9];
    char *at = out;
    if (load(&m, value, width))
        *at++ = '-';
    size_t n = to_digits(digits, &m);
    if (scale < 0 || scale > MAX_PLAIN_SCALE) {
        memcpy(at, digits, n);
        at += n;
        *at++ = 'E';
        if (scale < 0)
            *at++ = '+';
        at += vgi__i64_text(at, -(int64_t)scale);
        return (size_t)(at - out);
    }
    size_t fraction = (size_t)scale, whole = n > fraction ? n - fraction : 0;
    if (whole == 0)
        *at++ = '0';
    memcpy(at, digits, whole);
    at += whole;
    if (fraction > 0) {
        *at++ = '.';
        size_t zeros = fraction - (n - whole);
        memset(at, '0', zeros);
        memcpy(at + zeros, digits + whole, n - whole);
        at += fraction;
    }
    return (size_t)(at - out);
}

/* The significant digits of a text, and the power of ten behind the last of them. */
typedef struct scanned {
    char digits[MAX_DIGITS];
    int32_t n, exponent;
    bool negative, too_long;
} scanned;

static bool scan_exponent(const char *p, const char *end, int32_t *exponent)
{
    int32_t sign = 1, value = 0;
    if (p < end && (*p == '+' || *p == '-'))
        sign = *p++ == '-' ? -1 : 1;
    if (p == end)
        return false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        if (value < MAX_EXPONENT)
            value = value * 10 + (*p - '0');
    }
    *exponent = sign * value;
    return true;
}

/* Zeros between digits are kept back until a digit follows: "1.500" has two digits. */
static bool scan_mantissa(scanned *s, const char **at, const char *end)
{
    const char *p = *at;
    int32_t zeros = 0, point = 0;
    bool any = false, in_fraction = false;
    for (; p < end && (*p == '.' || (*p >= '0' && *p <= '9')); p++) {
        if (*p == '.') {
            if (in_fraction)
                return false;
            in_fraction = true;
            continue;
        }
        any = true;
        point += in_fraction;
        if (*p == '0') {
            zeros += s->n > 0;
            continue;
        }
        if (s->n + zeros >= MAX_DIGITS) {
            s->too_long = true;
            continue;
        }
        memset(s->digits + s->n, '0', (size_t)zeros);
        s->n += zeros;
        zeros = 0;
        s->digits[s->n++] = *p;
    }
    s->exponent = zeros - point;
    *at = p;
    return any;
}

static bool scan(vgi_str text, scanned *s)
{
    const char *p = text.data, *end = text.data + text.len;
    int32_t exponent = 0;
    *s = (scanned){ 0 };
    if (text.len > MAX_EXPONENT)
        return false;
    if (p < end && (*p == '+' || *p == '-'))
        s->negative = *p++ == '-';
    if (!scan_mantissa(s, &p, end))
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        if (!scan_exponent(p + 1, end, &exponent))
            return false;
        p = end;
    }
    s->exponent += exponent;
    return p == end;
}

vgi__decimal_status vgi__decimal_parse(vgi_str text, int32_t precision, int32_t scale,
                                       int32_t width, uint8_t *out)
{
    scanned s;
    magnitude m = { { 0 } };
    if (!scan(text, &s))
        return VGI__DECIMAL_MALFORMED;
    int64_t zeros = (int64_t)s.exponent + scale;
    if (s.n > 0) {
        if (zeros < 0)
            return VGI__DECIMAL_SCALE;
        if (s.too_long || s.n + zeros > precision)
            return VGI__DECIMAL_PRECISION;
    }
    for (int32_t i = 0; i < s.n; i++)
        multiply_add(&m, 10, (uint32_t)(s.digits[i] - '0'));
    for (int64_t i = 0; s.n > 0 && i < zeros; i++)
        multiply_add(&m, 10, 0);
    if (s.negative)
        negate(&m);
    memcpy(out, m.limb, (size_t)width);
    return VGI__DECIMAL_OK;
}
