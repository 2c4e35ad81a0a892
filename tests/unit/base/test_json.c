/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdint.h>

#include "base/json.h"
#include "support/traced.h"

/* Compare what was written, then start over. */
static void assert_written(vgi__buffer *b, const char *expected)
{
    bool same = !b->failed && b->len == strlen(expected) &&
                memcmp(b->data, expected, b->len) == 0;
    if (!same)
        print_error("%.*s instead of %s\n", (int)b->len, (const char *)b->data, expected);
    vgi__buffer_free(b);
    assert_true(same);
}

static void assert_string(const char *text, size_t n, const char *expected)
{
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    vgi__json_string(&b, text, n);
    assert_written(&b, expected);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    assert_string("", 0, "\"\"");
    assert_string("plain", 5, "\"plain\"");
    assert_string("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    assert_string("\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\"");
    assert_string("\0\x0b\x1f", 3, "\"\\u0000\\u000b\\u001f\"");
    assert_string("gr\xc3\xbcn \xf0\x9f\x98\x80", 10, "\"gr\xc3\xbcn \xf0\x9f\x98\x80\"");
}

static void invalid_utf8_is_replaced(void **state)
{
    (void)state;
    assert_string("a\xff"
                  "b",
                  3,
                  "\"a\xef\xbf\xbd"
                  "b\"");
    assert_string("\xc3", 1, "\"\xef\xbf\xbd\"");
    assert_string("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void numbers_keep_their_kind(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    static const double reals[] = { 1, -0.5, 1e20, 0, INFINITY, -INFINITY, NAN };
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        vgi__json_f64(&b, reals[i]);
        vgi__buffer_char(&b, ' ');
    }
    vgi__json_i64(&b, INT64_MIN);
    vgi__buffer_char(&b, ' ');
    vgi__json_u64(&b, UINT64_MAX);
    vgi__json_bool(&b, true);
    vgi__json_bool(&b, false);
    assert_written(&b, "1.0 -0.5 1e+20 0.0 \"Infinity\" \"-Infinity\" \"NaN\" "
                       "-9223372036854775808 18446744073709551615truefalse");
}

static void a_full_buffer_stops_it(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, 8);
    bool ok = vgi__json_string(&b, "0123456789", 10);
    vgi__buffer_free(&b);
    assert_false(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(invalid_utf8_is_replaced),
        cmocka_unit_test(numbers_keep_their_kind),
        cmocka_unit_test(a_full_buffer_stops_it),
    };
    return vgi_test_run(tests);
}
