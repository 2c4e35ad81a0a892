/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void vgi__hex(char *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[p[i] >> 4];
        out[2 * i + 1] = hex_digits[p[i] & 15];
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool vgi__unhex(uint8_t *out, const char *p, size_t n)
{
    if (n % 2)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_value(p[i]), low = hex_value(p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Made once, when first needed: tokens are long enough for tables to pay. */
static struct {
    char pairs[1 << 12][2]; /* of 12 bits: two digits */
    /* Of a digit at each of four places: its bits, and one of 24 to 27 that says that it
     * is a digit. */
    uint32_t values[4][256];
} base64_tables;
static pthread_once_t base64_made = PTHREAD_ONCE_INIT;

static void make_base64_tables(void)
{
    for (unsigned i = 0; i < 1 << 12; i++) {
        base64_tables.pairs[i][0] = base64_digits[i >> 6];
        base64_tables.pairs[i][1] = base64_digits[i & 63];
    }
    for (unsigned place = 0; place < 4; place++)
        for (unsigned i = 0; i < 64; i++)
            base64_tables.values[place][(uint8_t)base64_digits[i]] =
                i << (18 - 6 * place) | UINT32_C(1) << (24 + place);
}

/* Three bytes as four digits. */
static void put_quad(char *out, uint32_t v)
{
    memcpy(out, base64_tables.pairs[v >> 12], 2);
    memcpy(out + 2, base64_tables.pairs[v & 0xfff], 2);
}

size_t vgi__base64(char *out, const uint8_t *p, size_t n)
{
    char *start = out;
    (void)pthread_once(&base64_made, make_base64_tables);
    for (; n >= 3; p += 3, n -= 3, out += 4)
        put_quad(out, (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]);
    if (n > 0) {
        put_quad(out, (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0));
        memset(out + n + 1, '=', 3 - n);
        out += 4;
    }
    return (size_t)(out - start);
}

/* Four digits as three bytes. */
static bool take_quad(const char *text, uint32_t *v)
{
    const uint8_t *p = (const uint8_t *)text;
    *v = base64_tables.values[0][p[0]] | base64_tables.values[1][p[1]] |
         base64_tables.values[2][p[2]] | base64_tables.values[3][p[3]];
    return *v >> 24 == 15;
}

/* The last four, of which some may be padding. The bits that it leaves over must be zero:
 * one text per value. */
static bool take_end(const char *p, uint8_t *out, size_t *bytes)
{
    size_t padding = p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;
    char quad[4] = { p[0], p[1], padding > 1 ? 'A' : p[2], padding > 0 ? 'A' : p[3] };
    uint32_t v;
    if (!take_quad(quad, &v) || (v & ((UINT32_C(1) << 8 * padding) - 1)))
        return false;
    *bytes = 3 - padding;
    for (size_t k = 0; k < *bytes; k++)
        out[k] = (uint8_t)(v >> (16 - 8 * k));
    return true;
}

bool vgi__unbase64(uint8_t *out, size_t *len, const char *p, size_t n)
{
    size_t bytes = 0, end = 0;
    uint32_t v;
    if (n % 4)
        return false;
    (void)pthread_once(&base64_made, make_base64_tables);
    for (; n > 4; p += 4, n -= 4, bytes += 3) {
        if (!take_quad(p, &v))
            return false;
        vgi__store32(out + bytes, __builtin_bswap32(v << 8)); /* a byte is behind them */
    }
    if (n > 0 && !take_end(p, out + bytes, &end))
        return false;
    *len = bytes + end;
    return true;
}

size_t vgi__u64_text(char *out, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

size_t vgi__i64_text(char *out, int64_t v)
{
    if (v >= 0)
        return vgi__u64_text(out, (uint64_t)v);
    out[0] = '-';
    return 1 + vgi__u64_text(out + 1, 0 - (uint64_t)v);
}

static size_t put(char *out, const char *text)
{
    size_t n = strlen(text);
    memcpy(out, text, n);
    return n;
}

size_t vgi__f64_text(char *out, double v)
{
    if (isnan(v))
        return put(out, "nan");
    if (isinf(v))
        return put(out, v < 0 ? "-inf" : "inf");
    if (fabs(v) < 1e16 && v == (double)(int64_t)v)
        return v == 0 && signbit(v) ? put(out, "-0") : vgi__i64_text(out, (int64_t)v);
    size_t n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        char buf[32];
        n = (size_t)snprintf(buf, sizeof(buf), "%.*g", digits, v);
        memcpy(out, buf, n);
        for (size_t i = 0; i < n; i++)
            if (!memchr("0123456789+-e", out[i], 13))
                out[i] = '.'; /* the locale's decimal point */
        double back;
        if (vgi__parse_f64((vgi_str){ out, n }, &back) && back == v)
            break;
    }
    return n;
}

static bool parse_digits(const char *p, size_t n, uint64_t *v)
{
    if (n == 0)
        return false;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(p[i] - '0'), &sum))
            return false;
    }
    *v = sum;
    return true;
}

bool vgi__parse_u64(vgi_str s, uint64_t *v)
{
    return parse_digits(s.data, s.len, v);
}

bool vgi__parse_i64(vgi_str s, int64_t *v)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    uint64_t sum;
    if (!parse_digits(s.data + negative, s.len - negative, &sum))
        return false;
    if (sum > (uint64_t)INT64_MAX + negative)
        return false;
    *v = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

/* strtod reads the decimal point of the current locale; numbers here are always C. The
 * "C" locale is a constant of the C library: nothing is owned. */
static locale_t c_locale;

static void open_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

bool vgi__parse_f64(vgi_str s, double *v)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char buf[512];
    /* strtod itself would skip spaces and take hexadecimal. */
    if (s.len == 0 || s.len >= sizeof(buf) || strchr(" \t\n\v\f\r", s.data[0]) ||
        memchr(s.data, 'x', s.len) || memchr(s.data, 'X', s.len))
        return false;
    memcpy(buf, s.data, s.len);
    buf[s.len] = '\0';
    pthread_once(&once, open_c_locale);
    char *end;
    double value = strtod_l(buf, &end, c_locale);
    if (end != buf + s.len)
        return false;
    *v = value;
    return true;
}
