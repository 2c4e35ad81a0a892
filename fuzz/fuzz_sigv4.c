/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical requests: what is escaped can be read back, order does not depend on the
 * order of what was given, and nothing outside of the input is touched. */
#include <stdlib.h>
#include <string.h>

#include "store/canonical.h"
#include "store/text.h"

enum { PAIRS_MOST = 16 };

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static bool same(vgi_str a, vgi_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static int digit(char c)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    expect(at != NULL);
    return (int)(at - digits);
}

/* Undo vgi__text_escape, strictly: only what must be escaped is, in upper case. */
static vgi_str unescape(vgi_str s, bool slashes, vgi_arena *mem)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    char *out = vgi_arena_alloc(mem, s.len);
    size_t n = 0;
    expect(out != NULL);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        const bool escaped = c == '%';
        if (escaped) {
            expect(i + 2 < s.len);
            c = (char)(16 * digit(s.data[i + 1]) + digit(s.data[i + 2]));
            i += 2;
        }
        const bool is_plain = c && (strchr(plain, c) || (slashes && c == '/'));
        expect(is_plain == !escaped);
        out[n++] = c;
    }
    return (vgi_str){ out, n };
}

static void check_escape(vgi_str s, bool slashes, vgi_arena *mem)
{
    vgi__text t = { .mem = mem };
    vgi__text_escape(&t, s, slashes);
    const vgi_str escaped = vgi__text_done(&t);
    expect(escaped.data && strlen(escaped.data) == escaped.len);
    expect(same(unescape(escaped, slashes, mem), s));
}

static int compare(vgi_str a, vgi_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Each pair is there once, and they are in order. */
static void check_query(vgi_metadata query, vgi_str text, vgi_arena *mem)
{
    bool seen[PAIRS_MOST] = { false };
    vgi_str last_key = { 0 }, last_value = { 0 };
    size_t at = 0;
    for (size_t i = 0; i < query.count; i++) {
        const size_t n = strcspn(text.data + at, "&");
        const char *equals = memchr(text.data + at, '=', n);
        expect(equals != NULL);
        const vgi_str key = { text.data + at, (size_t)(equals - text.data) - at };
        const vgi_str value = { equals + 1, n - key.len - 1 };
        const int order = i > 0 ? compare(last_key, key) : -1;
        expect(order < 0 || (order == 0 && compare(last_value, value) <= 0));
        last_key = key;
        last_value = value;
        const vgi_str plain_key = unescape(key, false, mem);
        const vgi_str plain_value = unescape(value, false, mem);
        size_t k = 0;
        while (k < query.count && (seen[k] || !same(query.pairs[k].key, plain_key) ||
                                   !same(query.pairs[k].value, plain_value)))
            k++;
        expect(k < query.count);
        seen[k] = true;
        at += n + 1;
    }
    expect(query.count == 0 ? text.len == 0 : at == text.len + 1);
}

/* The input, cut at line ends: method, path, then keys and values in turn. */
static vgi_str next_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
    const size_t n = end ? (size_t)(end - *data) : *size;
    const vgi_str line = { (const char *)*data, n };
    *data += n + (end != NULL);
    *size -= n + (end != NULL);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_arena mem = { 0 };
    vgi_pair pairs[PAIRS_MOST], reversed[PAIRS_MOST];
    size_t n = 0;
    const vgi_str path = next_line(&data, &size);
    while (size > 0 && n < PAIRS_MOST) {
        pairs[n].key = next_line(&data, &size);
        pairs[n++].value = next_line(&data, &size);
    }
    for (size_t i = 0; i < n; i++)
        reversed[i] = pairs[n - 1 - i];
    const vgi_metadata there = { pairs, n }, back = { reversed, n };

    check_escape(path, true, &mem);
    check_escape(path, false, &mem);
    const vgi_str query = vgi__canonical_query(there, &mem);
    expect(query.data != NULL);
    check_query(there, query, &mem);
    expect(same(query, vgi__canonical_query(back, &mem)));

    vgi__canonical request = { "GET", path, there, there, "UNSIGNED-PAYLOAD" };
    const vgi_str text = vgi__canonical_request(&request, &mem);
    const vgi_str names = vgi__canonical_names(there, &mem);
    expect(text.data && names.data && text.len > names.len + query.len);
    request.query = request.headers = back;
    expect(same(text, vgi__canonical_request(&request, &mem)));
    vgi_arena_free(&mem);
    return 0;
}
