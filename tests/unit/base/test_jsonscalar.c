/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "support/traced.h"

static bool parse(vgi__scalar *s, const char *json)
{
    return vgi__scalar_parse(s, json, strlen(json), NULL);
}

static void words(void **state)
{
    (void)state;
    vgi__scalar s;
    assert_true(parse(&s, "null"));
    assert_int_equal(s.kind, VGI__SCALAR_NULL);
    assert_true(parse(&s, "true"));
    assert_int_equal(s.kind, VGI__SCALAR_BOOL);
    assert_true(s.boolean);
    assert_true(parse(&s, "false"));
    assert_int_equal(s.kind, VGI__SCALAR_BOOL);
    assert_false(s.boolean);
    vgi__scalar_free(&s);
}

static void numbers(void **state)
{
    (void)state;
    vgi__scalar s;
    assert_true(parse(&s, "-9223372036854775808"));
    assert_int_equal(s.kind, VGI__SCALAR_INT);
    assert_true(s.i == INT64_MIN);
    assert_true(parse(&s, "9223372036854775808"));
    assert_int_equal(s.kind, VGI__SCALAR_UINT);
    assert_true(s.u == (uint64_t)INT64_MAX + 1);
    assert_true(parse(&s, "18446744073709551616"));
    assert_int_equal(s.kind, VGI__SCALAR_REAL);
    assert_true(s.real == 18446744073709551616.0);
    assert_true(parse(&s, "1.0"));
    assert_int_equal(s.kind, VGI__SCALAR_REAL);
    assert_true(s.real == 1.0);
    assert_true(parse(&s, "-2.5E-1"));
    assert_true(s.real == -0.25);
    assert_true(parse(&s, "0"));
    assert_int_equal(s.kind, VGI__SCALAR_INT);
    assert_int_equal(s.i, 0);
}

static void assert_string(const char *json, const char *expected, size_t n)
{
    vgi__scalar s;
    bool ok = parse(&s, json);
    assert_true(ok);
    bool same = s.kind == VGI__SCALAR_STRING && s.text.data && s.text.len == n &&
                memcmp(s.text.data, expected, n) == 0;
    vgi__scalar_free(&s);
    assert_true(same);
}

static void strings(void **state)
{
    (void)state;
    assert_string("\"\"", "", 0);
    assert_string("\"abc\"", "abc", 3);
    assert_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
    assert_string("\"\\u0041\\u00e9\\u20ac\\u0000\"", "A\xc3\xa9\xe2\x82\xac\0", 7);
    assert_string("\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 4);
    assert_string("\"gr\xc3\xbcn\"", "gr\xc3\xbcn", 5);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         " ",           "nul",         "True",
        "\"",       "\"abc",       "abc\"",       "01",
        "+1",       "1.",          ".5",          "1e",
        "1e+",      "-",           "0x10",        "NaN",
        " 1",       "1 ",          "[1]",         "{}",
        "\"a\"b\"", "\"\\x\"",     "\"\\\"",      "\"\\u12\"",
        "\"\n\"",   "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"",
        "\"\xff\"", "1-",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        vgi__scalar s;
        if (parse(&s, bad[i]))
            fail_msg("%s was accepted", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
        cmocka_unit_test(strings),
        cmocka_unit_test(what_is_refused),
    };
    return vgi_test_run(tests);
}
