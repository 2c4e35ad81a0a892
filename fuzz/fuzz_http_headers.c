/* SPDX-License-Identifier: Apache-2.0 */
/* Header values as peers send them: whatever is read out of one lies within it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/coding/coding.h"
#include "http/proto/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DECODED_BYTES ((size_t)1 << 16)

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static bool within(vgi_str part, vgi_str all)
{
    return !part.data || (part.data >= all.data && part.len <= all.len &&
                          part.data - all.data <= (ptrdiff_t)(all.len - part.len));
}

static void check_trimmed(vgi_str s)
{
    if (s.len > 0) {
        expect(s.data[0] != ' ' && s.data[0] != '\t');
        expect(s.data[s.len - 1] != ' ' && s.data[s.len - 1] != '\t');
    }
}

static void lists(vgi_str value)
{
    vgi_str rest = value, token, parameters, plain = value, same;
    bool html = false;
    while (vgi__http_next_element(&rest, &token, &parameters)) {
        expect(within(token, value) && within(parameters, value) && within(rest, value));
        expect(vgi__http_next_token(&plain, &same) && same.data == token.data &&
               same.len == token.len);
        check_trimmed(token);
        check_trimmed(parameters);
        html = html || vgi__http_equal(token, "text/html");
        vgi__coding coding = vgi__coding_parse(token);
        expect(coding == VGI__CODING_UNKNOWN ||
               vgi__http_equal(token, vgi__coding_name(coding)));
    }
    expect(!vgi__http_next_token(&plain, &same));
    expect(html || !vgi__http_accepts_by_name(value, "text/html"));
    expect(!html || vgi__http_contains(value, "TEXT/html"));
    if (vgi__http_is_type(value, "text/html"))
        expect(vgi__http_contains(value, "text/html"));
}

static void cookies(vgi_str value)
{
    static const char *const names[] = { "session", "a", "" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        vgi_str cookie = vgi__http_cookie(value, names[i]);
        expect(within(cookie, value));
        expect(!memchr(cookie.data ? cookie.data : "", ';', cookie.len));
    }
}

static void numbers(vgi_str value)
{
    char text[24];
    int64_t number;
    if (vgi__http_decimal(value, &number)) {
        snprintf(text, sizeof(text), "%lld", (long long)number);
        expect(vgi_str_eq(value, text));
    }
}

static void escapes(vgi_str value)
{
    size_t len = 0;
    char *out = malloc(value.len ? value.len : 1);
    expect(out != NULL);
    if (vgi__http_unescape(out, &len, value)) {
        expect(len <= value.len);
        if (len == value.len)
            expect(memcmp(out, value.data, len) == 0);
    } else {
        expect(memchr(value.data, '%', value.len) != NULL);
    }
    free(out);
}

static void bodies(const uint8_t *data, size_t size)
{
    for (vgi__coding c = VGI__CODING_IDENTITY; c < VGI__CODING_UNKNOWN; c++) {
        vgi__block *block = NULL;
        size_t len = 0;
        if (!vgi__coding_available(c) ||
            vgi__coding_decode(c, data, size, DECODED_BYTES, NULL, &block, &len, NULL) !=
                VGI_OK)
            continue;
        expect(len <= DECODED_BYTES && len <= block->size);
        vgi__block_unref(block);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi_str value = { (const char *)data, size };
    if (size == 0)
        return 0;
    lists(value);
    cookies(value);
    numbers(value);
    escapes(value);
    bodies(data, size);
    if (vgi__http_is_token(value))
        expect(vgi__http_is_value(value));
    return 0;
}
