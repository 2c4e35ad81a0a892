/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <math.h>

#include "base/text.h"
#include "base/utf8.h"

/* How many bytes from `p` stand for themselves in a JSON string. */
static size_t plain_run(const uint8_t *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

static bool put_escaped(vgi__buffer *b, uint8_t c)
{
    static const char letters[] = "btn\0fr"; /* of 0x08 to 0x0d */
    if (c == '"' || c == '\\')
        return vgi__buffer_char(b, '\\') && vgi__buffer_char(b, (char)c);
    if (c >= 0x08 && c <= 0x0d && letters[c - 0x08])
        return vgi__buffer_char(b, '\\') && vgi__buffer_char(b, letters[c - 0x08]);
    char hex[2];
    vgi__hex(hex, &c, 1);
    return vgi__buffer_str(b, "\\u00") && vgi__buffer_append(b, hex, 2);
}

/* The length of the valid multi-byte character at `p`, 0 if there is none. */
static size_t character(const uint8_t *p, size_t n)
{
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    return len <= n && vgi__utf8_valid(p, len) ? len : 0;
}

bool vgi__json_string(vgi__buffer *b, const char *text, size_t n)
{
    const uint8_t *p = (const uint8_t *)text;
    vgi__buffer_char(b, '"');
    for (size_t i = 0; i < n && !b->failed;) {
        size_t run = plain_run(p + i, n - i);
        vgi__buffer_append(b, p + i, run);
        i += run;
        if (i == n)
            break;
        if (p[i] < 0x80) {
            put_escaped(b, p[i++]);
            continue;
        }
        size_t len = character(p + i, n - i);
        vgi__buffer_append(b, len ? (const void *)(p + i) : "\xef\xbf\xbd",
                           len ? len : 3);
        i += len ? len : 1;
    }
    return vgi__buffer_char(b, '"');
}

bool vgi__json_f64(vgi__buffer *b, double v)
{
    if (isnan(v))
        return vgi__buffer_str(b, "\"NaN\"");
    if (isinf(v))
        return vgi__buffer_str(b, v < 0 ? "\"-Infinity\"" : "\"Infinity\"");
    char text[32];
    size_t n = vgi__f64_text(text, v);
    vgi__buffer_append(b, text, n);
    /* A whole number keeps a point, so that it reads back as a float. */
    if (!memchr(text, '.', n) && !memchr(text, 'e', n))
        vgi__buffer_str(b, ".0");
    return !b->failed;
}

bool vgi__json_i64(vgi__buffer *b, int64_t v)
{
    char text[20];
    return vgi__buffer_append(b, text, vgi__i64_text(text, v));
}

bool vgi__json_u64(vgi__buffer *b, uint64_t v)
{
    char text[20];
    return vgi__buffer_append(b, text, vgi__u64_text(text, v));
}

bool vgi__json_bool(vgi__buffer *b, bool v)
{
    return vgi__buffer_str(b, v ? "true" : "false");
}
