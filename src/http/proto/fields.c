/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proto/fields.h"

#include <string.h>

#include "base/text.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static vgi_str trim(vgi_str s)
{
    while (s.len > 0 && is_space(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.data[s.len - 1]))
        s.len--;
    return s;
}

/* The first `n` bytes of *s, which moves behind the byte after them, or to its end. */
static vgi_str take(vgi_str *s, size_t n)
{
    vgi_str piece = { s->data, n };
    size_t past = n < s->len ? n + 1 : n;
    if (past > 0)
        *s = (vgi_str){ s->data + past, s->len - past };
    return piece;
}

/* What stands before the first `mark`. */
static vgi_str cut(vgi_str *s, char mark)
{
    const char *at = s->len > 0 ? memchr(s->data, mark, s->len) : NULL;
    return take(s, at ? (size_t)(at - s->data) : s->len);
}

/* What stands before the first `mark` outside of a quoted string. */
static vgi_str cut_unquoted(vgi_str *s, char mark)
{
    size_t n = 0;
    bool quoted = false;
    while (n < s->len && (quoted || s->data[n] != mark)) {
        char c = s->data[n++];
        if (c == '"')
            quoted = !quoted;
        else if (c == '\\' && quoted && n < s->len)
            n++;
    }
    return take(s, n);
}

bool vgi__http_equal(vgi_str a, const char *b)
{
    size_t i = 0;
    while (i < a.len && b[i] && lower(a.data[i]) == lower(b[i]))
        i++;
    return i == a.len && !b[i];
}

bool vgi__http_contains(vgi_str text, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; n <= text.len && i <= text.len - n; i++)
        if (n == 0 || vgi__http_equal((vgi_str){ text.data + i, n }, word))
            return true;
    return false;
}

bool vgi__http_next_element(vgi_str *list, vgi_str *token, vgi_str *parameters)
{
    while (list->len > 0) {
        vgi_str element = cut_unquoted(list, ',');
        vgi_str rest = element;
        *token = trim(cut(&rest, ';'));
        bool more = token->len > 0 || rest.len > 0;
        *parameters = rest.len > 0 ? trim(rest) : (vgi_str){ 0 };
        if (more)
            return true;
    }
    return false;
}

bool vgi__http_next_token(vgi_str *list, vgi_str *token)
{
    vgi_str parameters;
    return vgi__http_next_element(list, token, &parameters);
}

bool vgi__http_is_type(vgi_str content_type, const char *type)
{
    return vgi__http_equal(trim(cut(&content_type, ';')), type);
}

/* Does a parameter say q=0, "not this one"? */
static bool is_refused(vgi_str parameters)
{
    while (parameters.len > 0) {
        vgi_str value = cut_unquoted(&parameters, ';');
        vgi_str name = trim(cut(&value, '='));
        if (!vgi__http_equal(name, "q"))
            continue;
        value = trim(value);
        return value.len > 0 && value.len <= 5 &&
               memcmp(value.data, "0.000", value.len) == 0;
    }
    return false;
}

bool vgi__http_accepts_by_name(vgi_str accept, const char *type)
{
    vgi_str token, parameters;
    while (vgi__http_next_element(&accept, &token, &parameters))
        if (vgi__http_equal(token, type))
            return !is_refused(parameters);
    return false;
}

vgi_str vgi__http_cookie(vgi_str header, const char *name)
{
    size_t n = strlen(name);
    while (header.len > 0) { /* quotes hide nothing: one cookie must not swallow others */
        vgi_str value = cut(&header, ';');
        vgi_str key = trim(cut(&value, '='));
        if (key.len != n || memcmp(key.data, name, n) != 0)
            continue;
        value = trim(value);
        if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
            value = (vgi_str){ value.data + 1, value.len - 2 };
        return value;
    }
    return (vgi_str){ 0 };
}

bool vgi__http_is_token(vgi_str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.len; i++) {
        char c = lower(s.data[i]);
        bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  memchr(marks, c, sizeof(marks) - 1);
        if (!ok)
            return false;
    }
    return s.len > 0;
}

bool vgi__http_is_value(vgi_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

bool vgi__http_decimal(vgi_str s, int64_t *value)
{
    int64_t v = 0;
    if (s.len == 0 || s.len > 19 || (s.data[0] == '0' && s.len > 1))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        int digit = s.data[i] - '0';
        if (digit < 0 || digit > 9 || v > (INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

bool vgi__http_unescape(char *out, size_t *len, vgi_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (c == '%') {
            uint8_t byte;
            if (s.len - i < 3 || !vgi__unhex(&byte, s.data + i + 1, 2))
                return false;
            c = (char)byte;
            i += 2;
        }
        out[n++] = c;
    }
    *len = n;
    return true;
}
