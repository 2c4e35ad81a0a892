/* SPDX-License-Identifier: Apache-2.0 */
/* Batches from JSON: every type, and the place in every error. */
#include <stdio.h>
#include <string.h>

#include "support/traced.h"

#include <vgirpc/client.h>

static const vgi_column item_int32 = { .name = "item", .format = "i", .nullable = true };
static const vgi_column int_list = { .name = "item",
                                     .format = "+l",
                                     .nullable = true,
                                     .children = &item_int32,
                                     .n_children = 1 };
static const vgi_column point_fields[] = {
    { .name = "x", .format = "g" },
    { .name = "y", .format = "g", .nullable = true },
};
static const vgi_column text_values = { .name = "", .format = "u" };

/* Build one column `v`, write it back as JSON and compare. */
static void round_trip(vgi_column column, const char *value, const char *expected)
{
    char json[512], back[512];
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    vgi_arena mem = { 0 };
    vgi_error err = { 0 };
    vgi_str text;

    column.name = "v";
    assert_int_equal(vgi_schema_build(&schema, &column, 1, NULL), VGI_OK);
    (void)snprintf(json, sizeof(json), "{\"v\": %s}", value);
    const int rc = vgi_batch_from_json(&batch, schema, vgi_str_from(json), &err);
    if (rc != VGI_OK)
        print_message("%s %s: %s\n", column.format, value, err.message);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(vgi_batch_rows(batch), 1);
    assert_int_equal(vgi_batch_row_json(batch, 0, &mem, &text, NULL), VGI_OK);
    (void)snprintf(back, sizeof(back), "{\"v\":%s}", expected);
    assert_string_equal(text.data, back);
    vgi_arena_free(&mem);
    vgi_batch_unref(batch);
    vgi_schema_unref(schema);
}

static void round_trip_format(const char *format, const char *value, const char *expected)
{
    round_trip((vgi_column){ .format = format, .nullable = true }, value, expected);
}

/* The error that a value of one column `v` gives. */
static void refuse(vgi_column column, const char *value, const char *message)
{
    char json[512];
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    vgi_error err = { 0 };

    column.name = "v";
    assert_int_equal(vgi_schema_build(&schema, &column, 1, NULL), VGI_OK);
    (void)snprintf(json, sizeof(json), "{\"v\": %s}", value);
    assert_int_equal(vgi_batch_from_json(&batch, schema, vgi_str_from(json), &err),
                     VGI_EINVAL);
    assert_string_equal(err.message, message);
    assert_null(batch);
    vgi_schema_unref(schema);
}

static void refuse_format(const char *format, const char *value, const char *message)
{
    refuse((vgi_column){ .format = format, .nullable = true }, value, message);
}

static void integers(void **state)
{
    (void)state;
    round_trip_format("c", "-128", "-128");
    round_trip_format("C", "255", "255");
    round_trip_format("s", "\"-32768\"", "-32768");
    round_trip_format("S", "65535", "65535");
    round_trip_format("i", "2147483647", "2147483647");
    round_trip_format("I", "4294967295", "4294967295");
    round_trip_format("l", "\"-9223372036854775808\"", "-9223372036854775808");
    round_trip_format("L", "\"18446744073709551615\"", "18446744073709551615");
    round_trip_format("l", "null", "null");
    refuse_format("c", "128", "$.v: 128 does not fit int8");
    refuse_format("C", "-1", "$.v: -1 does not fit uint8");
    refuse_format("C", "256", "$.v: 256 does not fit uint8");
    refuse_format("l", "1.5", "$.v: 1.5 does not fit int64");
    refuse_format("l", "\"9223372036854775808\"",
                  "$.v: \"9223372036854775808\" does not fit int64");
    refuse_format("L", "\"-1\"", "$.v: \"-1\" does not fit uint64");
    refuse_format("l", "true", "$.v: a boolean does not fit int64");
    refuse_format("l", "[]", "$.v: an array does not fit int64");
}

static void floats_and_booleans(void **state)
{
    (void)state;
    round_trip_format("g", "0.1", "0.1");
    round_trip_format("g", "3", "3.0");
    round_trip_format("f", "1.5", "1.5");
    round_trip_format("e", "0.5", "0.5");
    round_trip_format("g", "\"NaN\"", "\"NaN\"");
    round_trip_format("f", "\"-Infinity\"", "\"-Infinity\"");
    round_trip_format("b", "true", "true");
    round_trip_format("b", "\"false\"", "false");
    refuse_format("f", "1e39", "$.v: 9.9999999999999994e+38 does not fit float");
    refuse_format("e", "70000", "$.v: 70000 does not fit halffloat");
    refuse_format("g", "\"high\"", "$.v: \"high\" does not fit double");
    refuse_format("b", "1", "$.v: 1 does not fit bool");
}

static void decimals(void **state)
{
    (void)state;
    round_trip_format("d:20,4", "\"123.4500\"", "123.4500");
    round_trip_format("d:20,4", "-5", "-5.0000");
    round_trip_format("d:20,4", "1.25", "1.2500");
    refuse_format("d:20,4", "\"0.00001\"",
                  "$.v: \"0.00001\" does not fit decimal128(20, 4)");
    refuse_format("d:4,2", "100", "$.v: 100 does not fit decimal128(4, 2)");
    refuse_format("d:4,2", "\"ten\"", "$.v: \"ten\" does not fit decimal128(4, 2)");
}

static void text_and_bytes(void **state)
{
    (void)state;
    round_trip_format("u", "\"gr\\u00fc\\u00df\"", "\"gr\xc3\xbc\xc3\x9f\"");
    round_trip_format("U", "\"\"", "\"\"");
    round_trip_format("vu", "\"a text that is longer than a view\"",
                      "\"a text that is longer than a view\"");
    round_trip_format("z", "\"AAH/\"", "\"AAH/\"");
    round_trip_format("z", "\"\"", "\"\"");
    round_trip_format("w:3", "\"AAH/\"", "\"AAH/\"");
    round_trip(
        (vgi_column){ .format = "s", .nullable = true, .dictionary = &text_values },
        "\"ACTIVE\"", "\"ACTIVE\"");
    refuse_format("u", "5", "$.v: 5 does not fit string");
    refuse_format("z", "\"not base64\"", "$.v: \"not base64\" does not fit binary");
    refuse_format("w:2", "\"AAH/\"", "$.v: \"AAH/\" does not fit fixed_size_binary[2]");
}

static void dates_and_times(void **state)
{
    (void)state;
    round_trip_format("tdD", "\"2024-02-29\"", "\"2024-02-29\"");
    round_trip_format("tdD", "0", "\"1970-01-01\"");
    round_trip_format("tdm", "\"2024-02-29\"", "\"2024-02-29\"");
    round_trip_format("ttu", "\"12:34:56.789000\"", "\"12:34:56.789\"");
    round_trip_format("tsu:UTC", "\"2024-02-29T12:00:00.500000Z\"",
                      "\"2024-02-29T12:00:00.5Z\"");
    round_trip_format("tsu:UTC", "\"2024-02-29T14:00:00+02:00\"",
                      "\"2024-02-29T12:00:00Z\"");
    round_trip_format("tss:", "\"2024-02-29T12:00:00\"", "\"2024-02-29T12:00:00\"");
    round_trip_format("tDm", "\"PT1.500S\"", "\"PT1.5S\"");
    round_trip_format("tDs", "90", "\"PT90S\"");
    round_trip_format("tiM", "\"P14M\"", "\"P14M\"");
    round_trip_format("tiD", "\"P2DT0.500S\"", "\"P2DT0.5S\"");
    round_trip_format("tin", "\"P1M2DT0.000000001S\"", "\"P1M2DT0.000000001S\"");
    refuse_format("tdD", "\"2023-02-29\"",
                  "$.v: \"2023-02-29\" does not fit date32[day]");
    refuse_format("tts", "\"12:34:56.5\"", "$.v: \"12:34:56.5\" does not fit time32[s]");
    refuse_format("tDs", "\"P1M\"", "$.v: \"P1M\" does not fit duration[s]");
}

static void containers(void **state)
{
    const vgi_column list = {
        .format = "+l", .nullable = true, .children = &int_list, .n_children = 1
    };
    const vgi_column pair = { .format = "+w:2",
                              .children = &item_int32,
                              .n_children = 1 };
    const vgi_column point = {
        .format = "+s", .nullable = true, .children = point_fields, .n_children = 2
    };

    (void)state;
    round_trip(list, "[[1, 2], [], null, [null]]", "[[1,2],[],null,[null]]");
    round_trip(pair, "[1, 2]", "[1,2]");
    round_trip(point, "{\"y\": 2, \"x\": 1}", "{\"x\":1.0,\"y\":2.0}");
    round_trip(point, "{\"x\": 1}", "{\"x\":1.0,\"y\":null}");
    round_trip(point, "null", "null");
    refuse(list, "[[1], [2, \"x\"]]", "$.v[1][1]: \"x\" does not fit int32");
    refuse(list, "{}", "$.v: an object does not fit list<item: list<item: int32>>");
    refuse(pair, "[1]", "$.v: 1 items instead of 2");
    refuse(pair, "null", "$.v: null, but \"v\" is not nullable");
    refuse(point, "{\"y\": 2}", "$.v: \"x\" is missing");
    refuse(point, "{\"x\": 1, \"z\": 2}", "$.v: there is no \"z\"");
    refuse(point, "{\"x\": null}", "$.v.x: null, but \"x\" is not nullable");
    refuse(point, "[1, 2]",
           "$.v: an array does not fit struct<x: double not null, y: double>");
}

static void maps(void **state)
{
    const vgi_column by_name[] = { { .name = "key", .format = "u" },
                                   { .name = "value", .format = "l", .nullable = true } };
    const vgi_column by_number[] = {
        { .name = "key", .format = "i" },
        { .name = "value", .format = "u", .nullable = true }
    };
    const vgi_column names = {
        .name = "entries", .format = "+s", .children = by_name, .n_children = 2
    };
    const vgi_column numbers = {
        .name = "entries", .format = "+s", .children = by_number, .n_children = 2
    };
    const vgi_column named = { .format = "+m", .children = &names, .n_children = 1 };
    const vgi_column numbered = { .format = "+m", .children = &numbers, .n_children = 1 };

    (void)state;
    round_trip(named, "{\"a\": 1, \"b\": null}", "{\"a\":1,\"b\":null}");
    round_trip(named, "[[\"a\", 1]]", "{\"a\":1}");
    round_trip(named, "[{\"key\": \"a\", \"value\": 1}]", "{\"a\":1}");
    round_trip(numbered, "{\"7\": \"seven\"}", "[[7,\"seven\"]]");
    round_trip(numbered, "[]", "[]");
    refuse(named, "{\"a\": \"x\"}", "$.v.a: \"x\" does not fit int64");
    refuse(named, "[[1, 2, 3]]",
           "$.v[0]: a map entry is [key, value] or {\"key\", \"value\"}");
    refuse(named, "[[null, 1]]", "$.v[0]: null, but \"key\" is not nullable");
    refuse(numbered, "{\"seven\": \"7\"}", "$.v.seven: \"seven\" does not fit int32");
}

static void types_that_json_cannot_make(void **state)
{
    const vgi_column members[] = { { .name = "a", .format = "i", .nullable = true } };
    const vgi_column choice = {
        .format = "+us:0", .nullable = true, .children = members, .n_children = 1
    };

    (void)state;
    refuse(choice, "5", "$.v: values of format \"+us:0\" cannot be made from JSON");
}

static void documents(void **state)
{
    static const vgi_column columns[] = {
        { .name = "a", .format = "l" }, { .name = "b", .format = "u", .nullable = true }
    };
    static const struct {
        const char *json, *message;
    } bad[] = {
        { "5", "$: an integer instead of an object of columns" },
        { "[{\"a\": 1}, 5]", "$[1]: an integer instead of an object of columns" },
        { "[{\"a\": 1}, {\"a\": \"x\"}]", "$[1].a: \"x\" does not fit int64" },
        { "{\"b\": \"\"}", "$: \"a\" is missing" },
        { "{\"a\": 1, \"c\": 2}", "$: there is no \"c\"" },
    };
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    vgi_error err = { 0 };
    vgi_i64s a;

    (void)state;
    assert_int_equal(vgi_schema_build(&schema, columns, 2, NULL), VGI_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(
            vgi_batch_from_json(&batch, schema, vgi_str_from(bad[i].json), &err),
            VGI_EINVAL);
        assert_string_equal(err.message, bad[i].message);
    }
    assert_int_equal(vgi_batch_from_json(&batch, schema, VGI_LIT("{\"a\": 1"), &err),
                     VGI_EINVAL);
    assert_int_equal(
        vgi_batch_from_json(&batch, schema,
                            VGI_LIT("[{\"a\": 1}, {\"a\": 2, \"b\": \"x\"}]"), &err),
        VGI_OK);
    assert_int_equal(vgi_batch_i64(batch, "a", &a), VGI_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.items[1], 2);
    assert_true(vgi_batch_is_null(batch, "b", 0));
    vgi_batch_unref(batch);
    assert_int_equal(vgi_batch_from_json(&batch, schema, VGI_LIT("[]"), &err), VGI_OK);
    assert_int_equal(vgi_batch_rows(batch), 0);
    vgi_batch_unref(batch);
    vgi_schema_unref(schema);
}

/* Foreign text in a message is made harmless. */
static void hostile_text(void **state)
{
    (void)state;
    refuse_format("l", "\"\\u001b[31m\"", "$.v: \"\\x1b[31m\" does not fit int64");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(floats_and_booleans),
        cmocka_unit_test(decimals),
        cmocka_unit_test(text_and_bytes),
        cmocka_unit_test(dates_and_times),
        cmocka_unit_test(containers),
        cmocka_unit_test(maps),
        cmocka_unit_test(types_that_json_cannot_make),
        cmocka_unit_test(documents),
        cmocka_unit_test(hostile_text),
    };
    return vgi_test_run(tests);
}
