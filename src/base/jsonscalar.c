/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits(const char *p, size_t n)
{
    size_t i = 0;
    while (i < n && is_digit(p[i]))
        i++;
    return i;
}

/* Tells whether all of `p` is a JSON number and whether it has a fraction or an exponent.
 */
static bool number_syntax(const char *p, size_t n, bool *real)
{
    size_t i = n > 0 && p[0] == '-';
    size_t whole = digits(p + i, n - i);
    if (whole == 0 || (whole > 1 && p[i] == '0'))
        return false;
    i += whole;
    *real = i < n;
    if (i < n && p[i] == '.') {
        size_t fraction = digits(p + i + 1, n - i - 1);
        if (fraction == 0)
            return false;
        i += 1 + fraction;
    }
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        if (i < n && (p[i] == '+' || p[i] == '-'))
            i++;
        size_t exponent = digits(p + i, n - i);
        if (exponent == 0)
            return false;
        i += exponent;
    }
    return i == n;
}

static bool parse_number(vgi__scalar *out, vgi_str s)
{
    bool real;
    if (!number_syntax(s.data, s.len, &real))
        return false;
    if (!real && vgi__parse_i64(s, &out->i)) {
        out->kind = VGI__SCALAR_INT;
        return true;
    }
    if (!real && vgi__parse_u64(s, &out->u)) {
        out->kind = VGI__SCALAR_UINT;
        return true;
    }
    out->kind = VGI__SCALAR_REAL;
    return vgi__parse_f64(s, &out->real);
}

static bool put_utf8(vgi__buffer *b, uint32_t c)
{
    char out[4];
    if (c < 0x80)
        return vgi__buffer_char(b, (char)c);
    size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    out[0] = (char)(lead[len] | c);
    return vgi__buffer_append(b, out, len);
}

/* Four hex digits at `p`. */
static bool parse_unit(const char *p, size_t n, uint32_t *unit)
{
    uint8_t bytes[2];
    if (n < 4 || !vgi__unhex(bytes, p, 4))
        return false;
    *unit = (uint32_t)bytes[0] << 8 | bytes[1];
    return true;
}

/* The escape whose backslash stands before `p`; *used says how long it is. */
static bool parse_escape(vgi__buffer *b, const char *p, size_t n, size_t *used)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (n == 0)
        return false;
    const char *at = memchr(names, p[0], sizeof(names) - 1);
    if (at) {
        *used = 1;
        return vgi__buffer_char(b, values[at - names]);
    }
    uint32_t unit, low;
    if (p[0] != 'u' || !parse_unit(p + 1, n - 1, &unit) || (unit & 0xfc00) == 0xdc00)
        return false;
    *used = 5;
    if ((unit & 0xfc00) == 0xd800) {
        if (n < 11 || p[5] != '\\' || p[6] != 'u' || !parse_unit(p + 7, n - 7, &low) ||
            (low & 0xfc00) != 0xdc00)
            return false;
        *used = 11;
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
    }
    return put_utf8(b, unit);
}

/* What stands between the quotes. */
static bool parse_string(vgi__buffer *b, const char *p, size_t n)
{
    if (!vgi__utf8_valid(p, n))
        return false;
    for (size_t i = 0; i < n;) {
        if ((unsigned char)p[i] < 0x20 || p[i] == '"')
            return false;
        if (p[i] != '\\') {
            if (!vgi__buffer_char(b, p[i++]))
                return false;
            continue;
        }
        size_t used = 0;
        if (!parse_escape(b, p + i + 1, n - i - 1, &used))
            return false;
        i += 1 + used;
    }
    return true;
}

bool vgi__scalar_parse(vgi__scalar *out, const char *json, size_t n,
                       const vgi_allocator *a)
{
    vgi_str s = { json, n };
    *out = (vgi__scalar){ .kind = VGI__SCALAR_NULL };
    vgi__buffer_init(&out->text, a, SIZE_MAX);
    if (vgi_str_eq(s, "null"))
        return true;
    if (vgi_str_eq(s, "true") || vgi_str_eq(s, "false")) {
        out->kind = VGI__SCALAR_BOOL;
        out->boolean = json[0] == 't';
        return true;
    }
    if (n < 2 || json[0] != '"' || json[n - 1] != '"')
        return parse_number(out, s);
    out->kind = VGI__SCALAR_STRING;
    /* The reservation gives even an empty string a non-NULL pointer. */
    if (vgi__buffer_reserve(&out->text, n) && parse_string(&out->text, json + 1, n - 2))
        return true;
    vgi__buffer_free(&out->text);
    return false;
}

void vgi__scalar_free(vgi__scalar *s)
{
    vgi__buffer_free(&s->text);
}
