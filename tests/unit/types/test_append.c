/* SPDX-License-Identifier: Apache-2.0 */
/* Structs to rows: what comes out is read back as JSON, by code that shares nothing with
 * appending. */
#include <math.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

/* One row as JSON, after a trip through its IPC form. */
static void assert_row(const vgi_type *type, const void *row, const char *json)
{
    vgi_batch *made, *read;
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    vgi_str text;
    vgi_error err;
    int rc = vgi_batch_from_rows(&made, type, row, 1, &err);
    if (rc != VGI_OK)
        print_error("%s\n", err.message);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(vgi_batch_encode(made, NULL, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_decode(&read, bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_row_json(read, 0, &mem, &text, NULL), VGI_OK);
    assert_string_equal(text.data, json);
    vgi_batch_unref(read);
    vgi_batch_unref(made);
    vgi_arena_free(&mem);
}

static void assert_refused(const vgi_type *type, const void *row, const char *message)
{
    vgi_batch *made;
    vgi_error err;
    assert_int_equal(vgi_batch_from_rows(&made, type, row, 1, &err), VGI_EINVAL);
    assert_string_equal(err.type, "ValueError");
    assert_string_equal(err.message, message);
}

static const int64_t numbers[] = { 1, -2, 3 };
static const vgi_str words[] = { { "a", 1 }, { "", 0 }, { "\xc3\xa9", 2 } };
static const entry entries[] = { { { "k", 1 }, 7 }, { { "j", 1 }, 8 } };
static const point points[] = { { 1, 2 }, { 3, 4 } };
static const i64s lists[] = { { numbers, 2 }, { NULL, 0 } };
static const pair pairs[] = { { { "x", 1 }, { "y", 1 } } };

static all_types full_row(void)
{
    return (all_types){
        .str_field = VGI_LIT("hello"),
        .bytes_field = { (const uint8_t *)"\x00\xff", 2 },
        .int_field = INT64_MIN,
        .float_field = 1.5,
        .bool_field = true,
        .list_of_int = { numbers, 3 },
        .list_of_str = { words, 3 },
        .dict_field = { entries, 2 },
        .enum_field = CLOSED,
        .nested_point = { 5, 6 },
        .optional_str = VGI_LIT(""),
        .optional_int = &numbers[1],
        .optional_nested = &points[1],
        .list_of_nested = { points, 2 },
        .annotated_int32 = -1,
        .annotated_float32 = 0.25F,
        .nested_list = { lists, 2 },
        .dict_str_str = { pairs, 1 },
    };
}

static void test_all_types(void **state)
{
    const all_types full = full_row(), zero = { .bool_field = false };
    (void)state;
    assert_row(
        &vgi_type_all_types, &full,
        "{\"str_field\":\"hello\",\"bytes_field\":\"AP8=\","
        "\"int_field\":-9223372036854775808,\"float_field\":1.5,\"bool_field\":true,"
        "\"list_of_int\":[1,-2,3],\"list_of_str\":[\"a\",\"\",\"\xc3\xa9\"],"
        "\"dict_field\":{\"k\":7,\"j\":8},\"enum_field\":\"CLOSED\","
        "\"nested_point\":{\"x\":5.0,\"y\":6.0},\"optional_str\":\"\","
        "\"optional_int\":-2,\"optional_nested\":{\"x\":3.0,\"y\":4.0},"
        "\"list_of_nested\":[{\"x\":1.0,\"y\":2.0},{\"x\":3.0,\"y\":4.0}],"
        "\"annotated_int32\":-1,\"annotated_float32\":0.25,"
        "\"nested_list\":[[1,-2],[]],\"dict_str_str\":{\"x\":\"y\"}}");
    assert_row(
        &vgi_type_all_types, &zero,
        "{\"str_field\":\"\",\"bytes_field\":\"\",\"int_field\":0,\"float_field\":0.0,"
        "\"bool_field\":false,\"list_of_int\":[],\"list_of_str\":[],\"dict_field\":{},"
        "\"enum_field\":\"PENDING\",\"nested_point\":{\"x\":0.0,\"y\":0.0},"
        "\"optional_str\":null,\"optional_int\":null,\"optional_nested\":null,"
        "\"list_of_nested\":[],\"annotated_int32\":0,\"annotated_float32\":0.0,"
        "\"nested_list\":[],\"dict_str_str\":{}}");
}

static void test_wide_types(void **state)
{
    const wide_types row = {
        .int8_field = INT8_MIN,
        .int16_field = INT16_MIN,
        .int32_field = INT32_MIN,
        .uint8_field = UINT8_MAX,
        .uint16_field = UINT16_MAX,
        .uint32_field = UINT32_MAX,
        .uint64_field = UINT64_MAX,
        .float32_field = 0.5F,
        .date_field = 19782,
        .timestamp_field = 1709210096123456,
        .timestamp_utc_field = 1709210096000000,
        .time_field = 45296789000,
        .duration_field = -1500000,
        .decimal_field = VGI_LIT("-123.45"),
        .large_string_field = VGI_LIT("large"),
        .large_binary_field = { (const uint8_t *)"bin", 3 },
        .fixed_binary_field = { (const uint8_t *)"01234567", 8 },
    };
    (void)state;
    assert_row(
        &vgi_type_wide_types, &row,
        "{\"int8_field\":-128,\"int16_field\":-32768,\"int32_field\":-2147483648,"
        "\"uint8_field\":255,\"uint16_field\":65535,\"uint32_field\":4294967295,"
        "\"uint64_field\":18446744073709551615,\"float32_field\":0.5,"
        "\"date_field\":\"2024-02-29\","
        "\"timestamp_field\":\"2024-02-29T12:34:56.123456\","
        "\"timestamp_utc_field\":\"2024-02-29T12:34:56Z\","
        "\"time_field\":\"12:34:56.789\",\"duration_field\":\"PT-1.5S\","
        "\"decimal_field\":-123.4500,\"large_string_field\":\"large\","
        "\"large_binary_field\":\"Ymlu\",\"fixed_binary_field\":\"MDEyMzQ1Njc=\"}");
}

static void test_containers(void **state)
{
    static const vgi_str prices[] = { { "1", 1 }, { "-0.0001", 7 }, { "1.5e3", 5 } };
    static const date days[] = { 0, -1 };
    static const int64_t micros[] = { 0 };
    static const price_entry by_name[] = { { { "a", 1 }, { "2.50", 4 } } };
    static const maybe_i64 maybe[] = { &numbers[0], NULL };
    static const decimals inner[] = { { prices, 2 }, { NULL, 0 } };
    static const dates some_days = { days, 2 };
    const container_types row = { .list_decimal = { prices, 3 },
                                  .list_date = { days, 2 },
                                  .list_timestamp = { micros, 1 },
                                  .dict_str_decimal = { by_name, 1 },
                                  .frozenset_int = { numbers, 3 },
                                  .list_optional_int = { maybe, 2 } };
    const deep_nested deep = {
        { inner, 2 }, &some_days, VGI_LIT("encoded"), { words, 3 }
    };
    (void)state;
    assert_row(&vgi_type_container_types, &row,
               "{\"list_decimal\":[1.0000,-0.0001,1500.0000],"
               "\"list_date\":[\"1970-01-01\",\"1969-12-31\"],"
               "\"list_timestamp\":[\"1970-01-01T00:00:00\"],\"optional_date\":null,"
               "\"optional_decimal\":null,\"optional_timestamp\":null,"
               "\"dict_str_decimal\":{\"a\":2.5000},\"frozenset_int\":[1,-2,3],"
               "\"list_optional_int\":[1,null]}");
    assert_row(&vgi_type_deep_nested, &deep,
               "{\"list_of_lists_decimal\":[[1.0000,-0.0001],[]],"
               "\"optional_list_date\":[\"1970-01-01\",\"1969-12-31\"],"
               "\"dict_encoded_string\":\"encoded\","
               "\"list_of_dict_encoded\":[\"a\",\"\",\"\xc3\xa9\"]}");
}

typedef struct fixed {
    VGI_SLICE(double) vector;
    vgi_bytes raw;
} fixed;
VGI_STRUCT(fixed, VGI_LIST(fixed, vector, double, .arrow = "+w:2"),
           VGI_FIELD(fixed, raw, .arrow = "tsu:"));

static void test_fixed_sizes(void **state)
{
    static const double xy[] = { 1, 2 };
    static const uint8_t epoch[8] = { 1 };
    (void)state;
    assert_row(&vgi_type_fixed, &(fixed){ { xy, 2 }, { epoch, 8 } },
               "{\"vector\":[1.0,2.0],\"raw\":\"1970-01-01T00:00:00.000001\"}");
    assert_refused(&vgi_type_fixed, &(fixed){ { xy, 1 }, { epoch, 8 } },
                   "vector: 1 items, not 2");
    assert_refused(&vgi_type_fixed, &(fixed){ { xy, 2 }, { epoch, 7 } },
                   "raw: 7 bytes, not 8");
}

static void test_refused_values(void **state)
{
    all_types row = full_row();
    (void)state;
    row.enum_field = (status)3;
    assert_refused(&vgi_type_all_types, &row, "enum_field: 3 is not a valid status");
    row.enum_field = (status)-1;
    assert_refused(&vgi_type_all_types, &row, "enum_field: -1 is not a valid status");
    row = full_row();
    row.str_field = VGI_LIT("\xff");
    assert_refused(&vgi_type_all_types, &row, "str_field: the text is not valid UTF-8");
    row = full_row();
    row.str_field = (vgi_str){ NULL, 1 };
    assert_refused(&vgi_type_all_types, &row,
                   "str_field: data is NULL, but len is not 0");
    row = full_row();
    row.list_of_nested.items = NULL;
    assert_refused(&vgi_type_all_types, &row,
                   "list_of_nested: items is NULL, but count is not 0");
    row = full_row();
    row.list_of_int.count = SIZE_MAX / 4;
    assert_refused(&vgi_type_all_types, &row, "list_of_int: count is beyond all memory");
}

static void assert_decimal_refused(vgi_str value, const char *message)
{
    const wide_types row = { .decimal_field = value,
                             .fixed_binary_field = { (const uint8_t *)"01234567", 8 } };
    assert_refused(&vgi_type_wide_types, &row, message);
}

static void test_refused_decimals(void **state)
{
    (void)state;
    assert_decimal_refused(VGI_LIT("1.23456"),
                           "decimal_field: '1.23456' has too many fraction digits for "
                           "decimal(20, 4)");
    assert_decimal_refused(VGI_LIT("12345678901234567"),
                           "decimal_field: '12345678901234567' has too many digits for "
                           "decimal(20, 4)");
    assert_decimal_refused(
        VGI_LIT("1,5"), "decimal_field: '1,5' is no decimal number for decimal(20, 4)");
    assert_decimal_refused(VGI_LIT(""),
                           "decimal_field: '' is no decimal number for decimal(20, 4)");
}

/* ---- to a builder of another schema ---- */

static vgi__builder *builder_of(const vgi_column *columns, size_t n)
{
    vgi_schema *s;
    vgi__builder *b;
    assert_int_equal(vgi_schema_build(&s, columns, n, NULL), VGI_OK);
    assert_int_equal(vgi__builder_new(&b, s, NULL, NULL, NULL), VGI_OK);
    vgi_schema_unref(s);
    return b;
}

static vgi__record *record_of(const vgi_type *type)
{
    vgi__record *r;
    assert_int_equal(vgi__record_compile(&r, type, VGI__ROLE_ROW, NULL, NULL, NULL, NULL),
                     VGI_OK);
    return r;
}

/* Columns are found by name; what the struct has beyond them is dropped. */
static void test_other_order(void **state)
{
    static const vgi_column columns[] = {
        { .name = "extra", .format = "l", .nullable = true },
        { .name = "y", .format = "g", .nullable = true }
    };
    vgi__builder *b = builder_of(columns, 2);
    vgi__record *r = record_of(&vgi_type_point);
    struct ArrowArray *array;
    (void)state;
    assert_int_equal(vgi__record_append(r, &points[0], b, NULL), VGI_OK);
    assert_int_equal(vgi__record_append(r, &points[1], b, NULL), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, 2, &array, NULL), VGI_OK);
    assert_int_equal(array->children[0]->null_count, 2);
    const double *y = array->children[1]->buffers[1];
    assert_true(y[0] == 2 && y[1] == 4);
    vgi__builder_free(b);
    vgi__record_free(r);
}

static void test_other_types(void **state)
{
    static const vgi_column other[] = { { .name = "y", .format = "f" } };
    static const vgi_column missing[] = { { .name = "z", .format = "g" } };
    vgi__record *r = record_of(&vgi_type_point);
    vgi_error err;
    (void)state;
    vgi__builder *b = builder_of(other, 1);
    assert_int_equal(vgi__record_append(r, &points[0], b, &err), VGI_ESCHEMA);
    assert_string_equal(err.message,
                        "column 'y' has another Arrow type than the struct's");
    vgi__builder_free(b);
    b = builder_of(missing, 1);
    assert_int_equal(vgi__record_append(r, &points[0], b, &err), VGI_ESCHEMA);
    assert_string_equal(err.message, "no member of the struct is column 'z'");
    vgi__builder_free(b);
    vgi__record_free(r);
}

/* ---- embedded streams ---- */

typedef struct with_blob {
    box plain;
    const box *maybe;
} with_blob;
VGI_STRUCT(with_blob, VGI_NESTED(with_blob, plain, box, .arrow = "z"),
           VGI_NESTED(with_blob, maybe, box, .arrow = "z"));

/* A struct as binary is a whole stream of its own. */
static void test_blob(void **state)
{
    const with_blob row = { { points[0], points[1], VGI_LIT("b") }, NULL };
    vgi_batch *outer, *inner;
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    vgi_str json;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&outer, &vgi_type_with_blob, &row, 1, NULL),
                     VGI_OK);
    assert_true(vgi_batch_is_null(outer, "maybe", 0));
    assert_int_equal(vgi_batch_bytes(outer, "plain", 0, &bytes), VGI_OK);
    assert_int_equal(vgi_batch_decode(&inner, bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_row_json(inner, 0, &mem, &json, NULL), VGI_OK);
    assert_string_equal(
        json.data,
        "{\"top_left\":{\"x\":1.0,\"y\":2.0},\"bottom_right\":{\"x\":3.0,\"y\":4.0},"
        "\"label\":\"b\"}");
    vgi_batch_unref(inner);
    vgi_batch_unref(outer);
    vgi_arena_free(&mem);
}

static void test_embedded(void **state)
{
    embedded row = { NULL, NULL };
    vgi_batch *outer, *inner;
    vgi_schema *schema;
    vgi_bytes bytes;
    vgi_error err;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&inner, &vgi_type_point, points, 2, NULL),
                     VGI_OK);
    assert_int_equal(vgi_batch_from_rows(&outer, &vgi_type_embedded, &row, 1, &err),
                     VGI_EINVAL);
    assert_string_equal(err.message, "batch: is not optional but got None");
    row.batch = inner;
    row.schema = (vgi_schema *)(uintptr_t)vgi_batch_schema(inner);
    assert_int_equal(vgi_batch_from_rows(&outer, &vgi_type_embedded, &row, 1, NULL),
                     VGI_OK);
    vgi_batch_unref(inner);
    assert_int_equal(vgi_batch_bytes(outer, "schema", 0, &bytes), VGI_OK);
    assert_int_equal(vgi_schema_decode(&schema, bytes, NULL), VGI_OK);
    assert_int_equal(vgi_schema_columns(schema), 2);
    vgi_schema_unref(schema);
    assert_int_equal(vgi_batch_bytes(outer, "batch", 0, &bytes), VGI_OK);
    assert_int_equal(vgi_batch_decode(&inner, bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_rows(inner), 2);
    vgi_batch_unref(inner);
    vgi_batch_unref(outer);
}

/* ---- nothing is allocated once warm ---- */

static void test_steady(void **state)
{
    vgi__record *r = record_of(&vgi_type_with_blob);
    vgi__builder *b;
    struct ArrowArray *array;
    const with_blob row = { { points[0], points[1], VGI_LIT("label") }, NULL };
    uint64_t before = 0;
    (void)state;
    assert_int_equal(vgi__builder_new(&b, vgi__record_schema(r), NULL, NULL, NULL),
                     VGI_OK);
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            before = vgi_test_allocations();
        vgi__builder_reset(b);
        assert_int_equal(vgi__record_append(r, &row, b, NULL), VGI_OK);
        assert_int_equal(vgi__builder_finish(b, 1, &array, NULL), VGI_OK);
    }
    assert_int_equal(vgi_test_allocations(), before);
    vgi__builder_free(b);
    vgi__record_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types),      cmocka_unit_test(test_wide_types),
        cmocka_unit_test(test_containers),     cmocka_unit_test(test_fixed_sizes),
        cmocka_unit_test(test_refused_values), cmocka_unit_test(test_refused_decimals),
        cmocka_unit_test(test_other_order),    cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_blob),           cmocka_unit_test(test_embedded),
        cmocka_unit_test(test_steady),
    };
    return vgi_test_run(tests);
}
