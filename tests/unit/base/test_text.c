/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/traced.h"

static vgi_str str(const char *s)
{
    return vgi_str_from(s);
}

static void hex_both_ways(void **state)
{
    (void)state;
    char out[8];
    uint8_t back[4];
    vgi__hex(out, (const uint8_t *)"\x00\x9f\xab\xff", 4);
    assert_memory_equal(out, "009fabff", 8);
    assert_true(vgi__unhex(back, "009FabfF", 8));
    assert_memory_equal(back, "\x00\x9f\xab\xff", 4);
    assert_false(vgi__unhex(back, "abc", 3));
    assert_false(vgi__unhex(back, "0g", 2));
    assert_false(vgi__unhex(back, "-1", 2));
    assert_true(vgi__unhex(back, "", 0));
}

static void base64_known_answers(void **state)
{
    (void)state;
    static const char *const rows[][2] = { /* RFC 4648, section 10 */
                                           { "", "" },
                                           { "f", "Zg==" },
                                           { "fo", "Zm8=" },
                                           { "foo", "Zm9v" },
                                           { "foob", "Zm9vYg==" },
                                           { "fooba", "Zm9vYmE=" },
                                           { "foobar", "Zm9vYmFy" }
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[16];
        uint8_t back[16];
        size_t n = strlen(rows[i][0]), len = 99;
        size_t m = vgi__base64(out, (const uint8_t *)rows[i][0], n);
        assert_int_equal(m, strlen(rows[i][1]));
        assert_memory_equal(out, rows[i][1], m);
        assert_true(vgi__unbase64(back, &len, rows[i][1], m));
        assert_int_equal(len, n);
        assert_memory_equal(back, rows[i][0], n);
    }
}

static void base64_is_strict(void **state)
{
    (void)state;
    static const char *const bad[] = { "Zg",   "Zg=",  "Z===", "====", "Zg==Zg==", "Zh==",
                                       "Zm9=", "Zm-v", "Zm v", "=m9v", "Z=8=" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint8_t out[8];
        size_t len;
        if (vgi__unbase64(out, &len, bad[i], strlen(bad[i])))
            fail_msg("%s was accepted", bad[i]);
    }
}

static void base64_every_byte(void **state)
{
    (void)state;
    uint8_t in[256], back[258];
    char out[344];
    for (size_t i = 0; i < 256; i++)
        in[i] = (uint8_t)(i * 167);
    size_t len, n = vgi__base64(out, in, 256);
    assert_int_equal(n, 344);
    assert_true(vgi__unbase64(back, &len, out, n));
    assert_int_equal(len, 256);
    assert_memory_equal(back, in, 256);
}

static void assert_text(const char *out, size_t n, const char *expected)
{
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(out, expected, n);
}

static void integers_to_text(void **state)
{
    (void)state;
    char out[20];
    assert_text(out, vgi__u64_text(out, 0), "0");
    assert_text(out, vgi__u64_text(out, 1234567890), "1234567890");
    assert_text(out, vgi__u64_text(out, UINT64_MAX), "18446744073709551615");
    assert_text(out, vgi__i64_text(out, -1), "-1");
    assert_text(out, vgi__i64_text(out, INT64_MIN), "-9223372036854775808");
    assert_text(out, vgi__i64_text(out, INT64_MAX), "9223372036854775807");
}

static void integers_from_text(void **state)
{
    (void)state;
    int64_t i;
    uint64_t u;
    assert_true(vgi__parse_i64(str("-9223372036854775808"), &i) && i == INT64_MIN);
    assert_true(vgi__parse_i64(str("9223372036854775807"), &i) && i == INT64_MAX);
    assert_true(vgi__parse_i64(str("-0"), &i) && i == 0);
    assert_true(vgi__parse_u64(str("18446744073709551615"), &u) && u == UINT64_MAX);
    static const char *const bad[] = { "",
                                       "-",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "0x1",
                                       "--1",
                                       "9223372036854775808",
                                       "-9223372036854775809" };
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
        assert_false(vgi__parse_i64(str(bad[k]), &i));
    assert_false(vgi__parse_u64(str("18446744073709551616"), &u));
    assert_false(vgi__parse_u64(str("-1"), &u));
    assert_false(vgi__parse_u64((vgi_str){ NULL, 0 }, &u));
}

static void floats_to_text(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 1.0, "1" },
        { 0.1, "0.1" },
        { -2.5, "-2.5" },
        { 1e15, "1000000000000000" },
        { 1e16, "1e+16" },
        { 1e-7, "1e-07" },
        { 1.0 / 3, "0.3333333333333333" },
        { 1e300, "1e+300" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { INFINITY, "inf" },
        { -INFINITY, "-inf" },
        { NAN, "nan" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[32];
        assert_text(out, vgi__f64_text(out, rows[i].v), rows[i].text);
    }
}

static void floats_read_back(void **state)
{
    (void)state;
    static const double extremes[] = { DBL_MIN, DBL_MAX, DBL_TRUE_MIN, -DBL_MAX, 5e-324 };
    uint64_t bits = 1;
    for (size_t i = 0; i < 20000; i++) {
        double v, back;
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&v, &bits, sizeof(v));
        if (i < 5)
            v = extremes[i];
        if (!isfinite(v))
            continue;
        char out[32];
        size_t n = vgi__f64_text(out, v);
        assert_in_range(n, 1, 32);
        assert_true(vgi__parse_f64((vgi_str){ out, n }, &back));
        assert_true(back == v);
    }
}

static void floats_from_text(void **state)
{
    (void)state;
    double v;
    assert_true(vgi__parse_f64(str("-1.5e3"), &v) && v == -1500);
    assert_true(vgi__parse_f64(str("inf"), &v) && isinf(v));
    assert_true(vgi__parse_f64(str("nan"), &v) && isnan(v));
    static const char *const bad[] = { "", " 1", "1 ", "0x1p3", "1,5", "1.5.2", "one" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(vgi__parse_f64(str(bad[i]), &v));
    char text[600];
    memset(text, '1', sizeof(text));
    assert_false(vgi__parse_f64((vgi_str){ text, sizeof(text) }, &v));
}

/* A program that set a locale with a decimal comma gets the same texts. */
static void floats_ignore_the_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")) {
        skip();
        return;
    }
    char out[32];
    double v;
    size_t n = vgi__f64_text(out, 1.5);
    bool parsed = vgi__parse_f64(str("1.5"), &v);
    setlocale(LC_NUMERIC, "C");
    assert_text(out, n, "1.5");
    assert_true(parsed && v == 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),    cmocka_unit_test(base64_known_answers),
        cmocka_unit_test(base64_is_strict), cmocka_unit_test(base64_every_byte),
        cmocka_unit_test(integers_to_text), cmocka_unit_test(integers_from_text),
        cmocka_unit_test(floats_to_text),   cmocka_unit_test(floats_read_back),
        cmocka_unit_test(floats_from_text), cmocka_unit_test(floats_ignore_the_locale),
    };
    return vgi_test_run(tests);
}
