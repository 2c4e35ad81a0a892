/* SPDX-License-Identifier: Apache-2.0 */
#include "store/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

/* Where `n` more bytes and a NUL go; NULL: no memory. */
static char *reserve(vgi__text *t, size_t n)
{
    if (t->failed || n >= SIZE_MAX / 2 - t->len) {
        t->failed = true;
        return NULL;
    }
    const size_t want = t->len + n + 1;
    if (want > t->cap) {
        const size_t doubled = t->cap ? 2 * t->cap : FIRST_BYTES;
        const size_t cap = doubled > want ? doubled : want;
        char *data = vgi_arena_alloc(t->mem, cap);
        if (!data) {
            t->failed = true;
            return NULL;
        }
        if (t->len > 0)
            memcpy(data, t->data, t->len);
        t->data = data;
        t->cap = cap;
    }
    return t->data + t->len;
}

void vgi__text_add(vgi__text *t, vgi_str s)
{
    char *at = reserve(t, s.len);
    if (at && s.len > 0) {
        memcpy(at, s.data, s.len);
        t->len += s.len;
    }
}

void vgi__text_char(vgi__text *t, char c)
{
    vgi__text_add(t, (vgi_str){ &c, 1 });
}

static void add_formatted(vgi__text *t, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *at = n < 0 ? NULL : reserve(t, (size_t)n);
    if (at) {
        vsnprintf(at, (size_t)n + 1, fmt, ap);
        t->len += (size_t)n;
    } else {
        t->failed = true;
    }
}

void vgi__text_printf(vgi__text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add_formatted(t, fmt, ap);
    va_end(ap);
}

void vgi__text_hex(vgi__text *t, vgi_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *at = bytes.len > SIZE_MAX / 4 ? NULL : reserve(t, 2 * bytes.len);
    if (!at) {
        t->failed = true;
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        *at++ = digits[bytes.data[i] >> 4];
        *at++ = digits[bytes.data[i] & 15];
    }
    t->len += 2 * bytes.len;
}

/* By RFC 3986; the C library's isalnum would ask the locale. */
static bool is_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

void vgi__text_escape(vgi__text *t, vgi_str s, bool slashes)
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = s.len > SIZE_MAX / 8 ? NULL : reserve(t, 3 * s.len);
    if (!at) {
        t->failed = true;
        return;
    }
    char *p = at;
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (is_unreserved(c) || (slashes && c == '/')) {
            *p++ = (char)c;
        } else {
            *p++ = '%';
            *p++ = digits[c >> 4];
            *p++ = digits[c & 15];
        }
    }
    t->len += (size_t)(p - at);
}

vgi_str vgi__text_done(vgi__text *t)
{
    char *end = reserve(t, 0);
    if (!end)
        return (vgi_str){ 0 };
    *end = '\0';
    return (vgi_str){ t->data, t->len };
}

const char *vgi__text_copy(vgi_arena *mem, vgi_str s)
{
    char *copy = vgi_arena_alloc(mem, s.len + 1);
    if (!copy)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return copy;
}

const char *vgi__text_format(vgi_arena *mem, const char *fmt, ...)
{
    vgi__text t = { .mem = mem };
    va_list ap;
    va_start(ap, fmt);
    add_formatted(&t, fmt, ap);
    va_end(ap);
    return vgi__text_done(&t).data;
}
