/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of dates, times, timestamps and spans. */
#include <stdio.h>

#include "support/traced.h"

#include "client/args.h"

typedef struct time_case {
    const char *text;
    vgi__time_unit unit;
    int64_t value;
} time_case;

static void dates(void **state)
{
    static const struct {
        const char *text;
        int64_t days;
    } good[] = {
        { "1970-01-01", 0 },      { "1969-12-31", -1 },      { "2000-02-29", 11016 },
        { "2024-12-31", 20088 },  { "0001-01-01", -719162 }, { "9999-12-31", 2932896 },
        { "1900-03-01", -25508 },
    };
    static const char *const bad[] = { "",           "2024",        "2024-1-1",
                                       "2024-13-01", "2023-02-29",  "1900-02-29",
                                       "2024-04-31", "2024-00-10",  "2024-01-00",
                                       "0000-01-01", "2024-01-01x", "2024/01/01" };
    int64_t days;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(vgi__date_parse(vgi_str_from(good[i].text), &days));
        assert_int_equal(days, good[i].days);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(vgi__date_parse(vgi_str_from(bad[i]), &days));
}

static void times(void **state)
{
    static const time_case good[] = {
        { "00:00", VGI__UNIT_S, 0 },
        { "23:59:59", VGI__UNIT_S, 86399 },
        { "01:02:03.004", VGI__UNIT_MS, 3723004 },
        { "01:02:03.5", VGI__UNIT_US, INT64_C(3723500000) },
        { "00:00:00.000000001", VGI__UNIT_NS, 1 },
        { "00:00:01.500", VGI__UNIT_MS, 1500 },
        { "00:00:01.000", VGI__UNIT_S, 1 },
    };
    static const char *const bad[] = { "24:00",     "23:60",  "23:59:60",   "1:00",
                                       "12:00:00.", "12:00Z", "12:00:00.5", "12" };
    int64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(vgi__time_parse(vgi_str_from(good[i].text), good[i].unit, &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad);
         i++) /* seconds: half of one is too fine */
        assert_false(vgi__time_parse(vgi_str_from(bad[i]), VGI__UNIT_S, &value));
}

static void timestamps(void **state)
{
    static const time_case zoned[] = {
        { "1970-01-01T00:00:00Z", VGI__UNIT_S, 0 },
        { "1970-01-01T02:00:00+02:00", VGI__UNIT_S, 0 },
        { "1969-12-31T18:30:00-0530", VGI__UNIT_S, 0 },
        { "1970-01-01 00:00:01.5Z[Europe/Berlin]", VGI__UNIT_MS, 1500 },
        { "1970-01-02", VGI__UNIT_S, 86400 },
        { "1969-12-31T23:59:59.999999", VGI__UNIT_US, -1 },
    };
    static const char *const bad[] = { "1970-01-01T",        "1970-01-01T00:00:00X",
                                       "1970-01-01T00:00Z[", "1970-01-01T00:00+24:00",
                                       "1970-01-01T00:00+1", "T00:00" };
    int64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(zoned) / sizeof(*zoned); i++) {
        assert_true(vgi__timestamp_parse(vgi_str_from(zoned[i].text), zoned[i].unit, true,
                                         &value));
        assert_int_equal(value, zoned[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(
            vgi__timestamp_parse(vgi_str_from(bad[i]), VGI__UNIT_S, true, &value));
    /* Without a zone a wall clock is meant, which has no offset. */
    assert_true(
        vgi__timestamp_parse(VGI_LIT("1970-01-01T00:00:07"), VGI__UNIT_S, false, &value));
    assert_int_equal(value, 7);
    assert_false(vgi__timestamp_parse(VGI_LIT("1970-01-01T00:00:07Z"), VGI__UNIT_S, false,
                                      &value));
    /* Nanoseconds reach to the year 2262. */
    assert_false(vgi__timestamp_parse(VGI_LIT("2300-01-01T00:00:00"), VGI__UNIT_NS, false,
                                      &value));
}

static void spans(void **state)
{
    static const struct {
        const char *text;
        vgi__time_unit unit;
        vgi__span span;
    } good[] = {
        { "PT0S", VGI__UNIT_S, { 0, 0, 0 } },
        { "PT1.5S", VGI__UNIT_MS, { 0, 0, 1500 } },
        { "PT-1.5S", VGI__UNIT_MS, { 0, 0, -1500 } },
        { "P1Y2M", VGI__UNIT_S, { 14, 0, 0 } },
        { "P-3M", VGI__UNIT_S, { -3, 0, 0 } },
        { "P1W2DT3H4M5S", VGI__UNIT_S, { 0, 9, 11045 } },
        { "P1M2DT0.000000001S", VGI__UNIT_NS, { 1, 2, 1 } },
        { "PT5M", VGI__UNIT_S, { 0, 0, 300 } },
    };
    static const char *const bad[] = {
        "",
        "P",
        "1S",
        "PT",
        "PT1",
        "P1S",
        "PT1D",
        "PT1S5",
        "P1D2Y",
        "PT1S1S",
        "PT1.5M",
        "P1.5D",
        "PT99999999999999999999S",
        "PT9223372036854775807H",
        "P9223372036854775807Y",
    };
    vgi__span span;
    int64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(vgi__span_parse(vgi_str_from(good[i].text), good[i].unit, &span));
        assert_int_equal(span.months, good[i].span.months);
        assert_int_equal(span.days, good[i].span.days);
        assert_int_equal(span.units, good[i].span.units);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(vgi__span_parse(vgi_str_from(bad[i]), VGI__UNIT_MS, &span));
    span = (vgi__span){ 0, 1, 500 };
    assert_true(vgi__span_units(&span, VGI__UNIT_MS, &value));
    assert_int_equal(value, 86400500);
    span.days = INT64_MAX;
    assert_false(vgi__span_units(&span, VGI__UNIT_MS, &value));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(times),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(spans),
    };
    return vgi_test_run(tests);
}
