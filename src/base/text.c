/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

size_t vgi__base64(char *out, const uint8_t *p, size_t n)
{
    char *start = out;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        if (have > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (have > 2)
            v |= p[i + 2];
        *out++ = base64_digits[v >> 18];
        *out++ = base64_digits[v >> 12 & 63];
        *out++ = have > 1 ? base64_digits[v >> 6 & 63] : '=';
        *out++ = have > 2 ? base64_digits[v & 63] : '=';
    }
    return (size_t)(out - start);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool vgi__unbase64(uint8_t *out, size_t *len, const char *p, size_t n)
{
    if (n % 4)
        return false;
    size_t padding = 0;
    if (n > 0 && p[n - 1] == '=')
        padding = p[n - 2] == '=' ? 2 : 1;
    uint8_t *start = out;
    for (size_t i = 0; i < n; i += 4) {
        size_t digits = i + 4 == n ? 4 - padding : 4;
        uint32_t v = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < digits ? base64_value(p[i + k]) : 0;
            if (d < 0)
                return false;
            v = v << 6 | (uint32_t)d;
        }
        /* The bits that padding leaves over must be zero: one text per value. */
        if (v & ((UINT32_C(1) << 8 * (4 - digits)) - 1))
            return false;
        for (size_t k = 0; k + 1 < digits; k++)
            *out++ = (uint8_t)(v >> (16 - 8 * k));
    }
    *len = (size_t)(out - start);
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
