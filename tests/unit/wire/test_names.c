/* SPDX-License-Identifier: Apache-2.0 */
/* Levels, codes, and what passes for error details. */
#include "support/traced.h"

#include <string.h>

#include "wire/wire.h"

static void test_levels(void **state)
{
    (void)state;
    for (int level = VGI_LOG_TRACE; level <= VGI_LOG_EXCEPTION; level++) {
        const char *name = vgi__level_name((vgi_log_level)level);

        assert_int_equal(vgi__level_parse(vgi_str_from(name)), level);
    }
    assert_string_equal(vgi__level_name(VGI_LOG_WARN), "WARN");
    assert_null(vgi__level_name((vgi_log_level)0));
    assert_null(vgi__level_name((vgi_log_level)7));
    assert_int_equal(vgi__level_parse(VGI_LIT("warn")), 0);
    assert_int_equal(vgi__level_parse(VGI_LIT("WARNING")), 0);
}

static void test_codes(void **state)
{
    (void)state;
    assert_true(vgi__code_valid("UNKNOWN"));
    assert_true(vgi__code_valid("UNAUTHENTICATED"));
    assert_false(vgi__code_valid("OK"));
    assert_false(vgi__code_valid("unknown"));
    assert_false(vgi__code_valid(""));
}

static void test_details(void **state)
{
    static const char *const good[] = {
        "[]",
        " [ ] ",
        "[{}]",
        "[{\"n\":-1.5e+10,\"b\":[true,false,null,[]],\"s\":\"\\u00e9\\n\"}]",
        "[{\"a\":{\"b\":{}}}, {\"c\":0}]",
        "[{\"\xc3\xa9\":\"\xc3\xa9\"}]",
    };
    static const char *const bad[] = {
        "",
        "{}",
        "null",
        "[1]",
        "[\"a\"]",
        "[[]]",
        "[{}",
        "[{}]]",
        "[{},]",
        "[{\"a\"}]",
        "[{\"a\":}]",
        "[{a:1}]",
        "[{\"a\":01}]",
        "[{\"a\":1.}]",
        "[{\"a\":1e}]",
        "[{\"a\":-}]",
        "[{\"a\":tru}]",
        "[{\"a\":\"\n\"}]",
        "[{\"a\":\"\\x\"}]",
        "[{\"a\":\"\\u12g4\"}]",
        "[{\"a\":\"\\",
        "[{\"a\":\"",
        "[{\"a\":\"\\u1",
        "[{\"a\":\"\xff\"}]",
        "[{\"a\":1 2}]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!vgi__details_valid(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (vgi__details_valid(bad[i]))
            fail_msg("accepted: %s", bad[i]);
}

static void test_details_depth(void **state)
{
    char text[256] = "[{\"a\":";
    size_t n = strlen(text);

    (void)state;
    memset(text + n, '[', 100);
    memset(text + n + 100, ']', 100);
    strcpy(text + n + 200, "}]");
    assert_false(vgi__details_valid(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_details_depth),
    };

    return vgi_test_run(tests);
}
