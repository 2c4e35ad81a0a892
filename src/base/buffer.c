/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdio.h>

#include "base/alloc.h"

void vgi__buffer_init(vgi__buffer *b, const vgi_allocator *a, size_t limit)
{
    *b = (vgi__buffer){ .limit = limit, .allocator = a };
}

void vgi__buffer_free(vgi__buffer *b)
{
    vgi__free(b->allocator, b->data);
    *b = (vgi__buffer){ .limit = b->limit, .allocator = b->allocator };
}

static bool grow(vgi__buffer *b, size_t n)
{
    if (b->len > b->limit || n > b->limit - b->len)
        return false;
    size_t cap = b->cap < b->limit / 2 ? b->cap * 2 : b->limit;
    if (cap < 64)
        cap = 64;
    if (cap < b->len + n)
        cap = b->len + n;
    uint8_t *data = vgi__resize(b->allocator, b->data, cap);
    if (!data)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

uint8_t *vgi__buffer_reserve(vgi__buffer *b, size_t n)
{
    if (b->failed)
        return NULL;
    size_t end = b->cap < b->limit ? b->cap : b->limit;
    bool fits = b->data && b->len <= end && n <= end - b->len;
    if (!fits && !grow(b, n)) {
        b->failed = true;
        return NULL;
    }
    return b->data + b->len;
}

uint8_t *vgi__buffer_extend(vgi__buffer *b, size_t n)
{
    uint8_t *p = vgi__buffer_reserve(b, n);
    if (p)
        b->len += n;
    return p;
}

bool vgi__buffer_append(vgi__buffer *b, const void *p, size_t n)
{
    uint8_t *to = vgi__buffer_extend(b, n);
    if (!to)
        return false;
    if (n > 0)
        memcpy(to, p, n);
    return true;
}

bool vgi__buffer_str(vgi__buffer *b, const char *text)
{
    return vgi__buffer_append(b, text, strlen(text));
}

bool vgi__buffer_char(vgi__buffer *b, char c)
{
    return vgi__buffer_append(b, &c, 1);
}

bool vgi__buffer_vprintf(vgi__buffer *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        b->failed = true;
        return false;
    }
    /* vsnprintf wants room for a NUL, which is not part of the text. */
    char *to = (char *)vgi__buffer_reserve(b, (size_t)n + 1);
    if (!to)
        return false;
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
    return true;
}

bool vgi__buffer_printf(vgi__buffer *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = vgi__buffer_vprintf(b, fmt, ap);
    va_end(ap);
    return ok;
}
