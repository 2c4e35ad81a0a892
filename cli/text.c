/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <string.h>

static char *room(text *t, size_t n)
{
    size_t cap = t->cap ? t->cap : 256;
    char *data;

    if (t->failed)
        return NULL;
    if (t->cap - t->len >= n)
        return t->data + t->len;
    while (cap - t->len < n)
        cap *= 2;
    data = vgi_arena_alloc(t->mem, cap);
    if (!data) {
        t->failed = true;
        return NULL;
    }
    if (t->len)
        memcpy(data, t->data, t->len);
    t->data = data;
    t->cap = cap;
    return data + t->len;
}

void text_bytes(text *t, const char *p, size_t n)
{
    char *to = room(t, n);

    if (!to || !n)
        return;
    memcpy(to, p, n);
    t->len += n;
}

void text_add(text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void text_json_string(text *t, const char *s)
{
    char escaped[8];

    text_add(t, "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            escaped[0] = '\\';
            escaped[1] = *s;
            text_bytes(t, escaped, 2);
        } else if ((unsigned char)*s < 0x20) {
            (void)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*s);
            text_add(t, escaped);
        } else {
            text_bytes(t, s, 1);
        }
    }
    text_add(t, "\"");
}

bool text_read(text *t, FILE *f)
{
    size_t n;

    do {
        char *to = room(t, 4096);
        if (!to)
            return false;
        n = fread(to, 1, 4096, f);
        t->len += n;
    } while (n > 0);
    return !ferror(f);
}

bool text_line(text *t, FILE *f)
{
    int ch;

    t->len = 0;
    while ((ch = getc(f)) != EOF && ch != '\n') {
        const char c = (char)ch;
        text_bytes(t, &c, 1);
    }
    return !t->failed && (ch == '\n' || t->len > 0) && !ferror(f);
}

size_t text_char(const char *p, size_t n)
{
    const unsigned char first = (unsigned char)p[0];
    const size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const unsigned char second = len > 1 && n > 1 ? (unsigned char)p[1] : 0;

    if (len > n || (first >= 0x80 && first < 0xc2) || first > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, and what is beyond Unicode. */
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return len;
}

bool text_is_utf8(vgi_str s)
{
    for (size_t i = 0, n; i < s.len; i += n) {
        n = text_char(s.data + i, s.len - i);
        if (n == 0)
            return false;
    }
    return true;
}
