/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "support/traced.h"
#include "types/decimal.h"

static void assert_round(const char *in, int32_t precision, int32_t scale, int32_t width,
                         const char *out)
{
    uint8_t value[32];
    char text[VGI__DECIMAL_TEXT_SIZE + 1];
    assert_int_equal(vgi__decimal_parse(vgi_str_from(in), precision, scale, width, value),
                     VGI__DECIMAL_OK);
    text[vgi__decimal_text(text, value, width, scale)] = '\0';
    assert_string_equal(text, out);
}

static void test_round_trip(void **state)
{
    (void)state;
    assert_round("0", 9, 0, 4, "0");
    assert_round("-0", 9, 2, 4, "0.00");
    assert_round("1", 9, 2, 4, "1.00");
    assert_round("-1.5", 9, 2, 4, "-1.50");
    assert_round("+.5", 9, 2, 4, "0.50");
    assert_round("5.", 9, 2, 4, "5.00");
    assert_round("0001.10", 9, 2, 4, "1.10");
    assert_round("1e3", 9, 2, 4, "1000.00");
    assert_round("1.5E-1", 9, 2, 4, "0.15");
    assert_round("1500", 9, -2, 4, "15E+2");
    assert_round("999999999", 9, 0, 4, "999999999");
    assert_round("-999999999999999999", 18, 0, 8, "-999999999999999999");
    assert_round("99999999999999999999999999999999999999", 38, 0, 16,
                 "99999999999999999999999999999999999999");
    assert_round(
        "-0.9999999999999999999999999999999999999999999999999999999999999999999999999999",
        76, 76, 32,
        "-0."
        "9999999999999999999999999999999999999999999999999999999999999999999999999999");
    assert_round(
        "1e-100", 76, 100, 32,
        "0.00000000000000000000000000000000000000000000000000000000000000000000000000000"
        "00000000000000000000001");
    assert_round("1e-101", 76, 101, 32, "1E-101");
    assert_round("0e999999999", 9, 0, 4, "0");
    assert_round(
        "1.000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000",
        9, 0, 4, "1");
}

static void assert_status(const char *in, vgi__decimal_status status)
{
    uint8_t value[32];
    assert_int_equal(vgi__decimal_parse(vgi_str_from(in), 9, 2, 4, value), status);
}

static void test_refused(void **state)
{
    static const char *const malformed[] = { "",    "-",     "+",     ".",   "e5",
                                             "1e",  "1e+",   "1.2.3", "1 ",  " 1",
                                             "0x1", "1e5.5", "nan",   "--1", "1,000" };
    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_status(malformed[i], VGI__DECIMAL_MALFORMED);
    assert_status("1.234", VGI__DECIMAL_SCALE);
    assert_status("1e-3", VGI__DECIMAL_SCALE);
    assert_status("1e-999999999999", VGI__DECIMAL_SCALE);
    assert_status("1.230", VGI__DECIMAL_OK);
    assert_status("9999999.99", VGI__DECIMAL_OK);
    assert_status("10000000", VGI__DECIMAL_PRECISION);
    assert_status("1e7", VGI__DECIMAL_PRECISION);
    assert_status("1e999999999999", VGI__DECIMAL_PRECISION);
    assert_status(
        "1111111111111111111111111111111111111111111111111111111111111111111111111111111"
        "1111111",
        VGI__DECIMAL_PRECISION);
    char longest[5000];
    memset(longest, '1', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_status(longest, VGI__DECIMAL_MALFORMED);
}

/* The most negative number of a width has no positive counterpart. */
static void test_extremes(void **state)
{
    static const uint8_t least[32] = { [31] = 0x80 };
    static const uint8_t least4[4] = { 0, 0, 0, 0x80 };
    char text[VGI__DECIMAL_TEXT_SIZE + 1];
    (void)state;
    text[vgi__decimal_text(text, least, 32, 0)] = '\0';
    assert_string_equal(
        text, "-57896044618658097711785492504343953926634992332820282019728792003956"
              "564819968");
    text[vgi__decimal_text(text, least4, 4, 10)] = '\0';
    assert_string_equal(text, "-0.2147483648");
    text[vgi__decimal_text(text, least4, 4, INT32_MIN)] = '\0';
    assert_string_equal(text, "-2147483648E+2147483648");
    text[vgi__decimal_text(text, least4, 4, INT32_MAX)] = '\0';
    assert_string_equal(text, "-2147483648E-2147483647");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_extremes),
    };
    return vgi_test_run(tests);
}
