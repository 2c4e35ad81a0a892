/* SPDX-License-Identifier: Apache-2.0 */
/* Batch rows to structs: every shape back from its IPC form, and columns of other types
 * than the struct's. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

static const int64_t numbers[] = { 1, -2, 3 };
static const vgi_str words[] = { { "a", 1 }, { "", 0 }, { "\xc3\xa9", 2 } };
static const entry entries[] = { { { "k", 1 }, 7 }, { { "j", 1 }, 8 } };
static const point points[] = { { 1, 2 }, { 3, 4 } };
static const i64s lists[] = { { numbers, 2 }, { NULL, 0 } };

static vgi__record *record_of(const vgi_type *type, vgi__role role)
{
    vgi__record *r;
    assert_int_equal(vgi__record_compile(&r, type, role, NULL, NULL, NULL, NULL), VGI_OK);
    return r;
}

/* A struct over the wire: what the other side would send. */
static vgi_batch *sent(const vgi_type *type, const void *row)
{
    vgi_batch *made, *read;
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    assert_int_equal(vgi_batch_from_rows(&made, type, row, 1, NULL), VGI_OK);
    assert_int_equal(vgi_batch_encode(made, NULL, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_decode(&read, bytes, NULL), VGI_OK);
    vgi_batch_unref(made);
    vgi_arena_free(&mem);
    return read;
}

static void assert_str(vgi_str s, const char *text)
{
    assert_true(vgi_str_eq(s, text));
}

/* ---- every shape ---- */

static void test_all_types(void **state)
{
    static const pair pairs[] = { { { "x", 1 }, { "y", 1 } } };
    const all_types row = { .str_field = VGI_LIT("hello"),
                            .bytes_field = { (const uint8_t *)"\x00\xff", 2 },
                            .int_field = INT64_MIN,
                            .float_field = 1.5,
                            .bool_field = true,
                            .list_of_int = { numbers, 3 },
                            .list_of_str = { words, 3 },
                            .dict_field = { entries, 2 },
                            .enum_field = CLOSED,
                            .nested_point = { 5, 6 },
                            .optional_int = &numbers[1],
                            .optional_nested = &points[1],
                            .list_of_nested = { points, 2 },
                            .annotated_int32 = -1,
                            .annotated_float32 = 0.25F,
                            .nested_list = { lists, 2 },
                            .dict_str_str = { pairs, 1 } };
    vgi_batch *b = sent(&vgi_type_all_types, &row);
    vgi_arena mem = { 0 };
    all_types got;
    (void)state;
    assert_int_equal(vgi_batch_row(b, 0, VGI_INTO(all_types, &got), &mem, NULL), VGI_OK);
    assert_str(got.str_field, "hello");
    assert_int_equal(got.bytes_field.len, 2);
    assert_int_equal(got.bytes_field.data[1], 0xff);
    assert_true(got.int_field == INT64_MIN && got.float_field == 1.5 && got.bool_field);
    assert_int_equal(got.list_of_int.count, 3);
    assert_memory_equal(got.list_of_int.items, numbers, sizeof(numbers));
    assert_int_equal(got.list_of_str.count, 3);
    assert_str(got.list_of_str.items[1], "");
    assert_str(got.list_of_str.items[2], "\xc3\xa9");
    assert_int_equal(got.dict_field.count, 2);
    assert_str(got.dict_field.items[1].key, "j");
    assert_int_equal(got.dict_field.items[1].value, 8);
    assert_int_equal(got.enum_field, CLOSED);
    assert_true(got.nested_point.x == 5 && got.nested_point.y == 6);
    assert_null(got.optional_str.data);
    assert_int_equal(*got.optional_int, -2);
    assert_true(got.optional_nested->y == 4);
    assert_int_equal(got.list_of_nested.count, 2);
    assert_true(got.list_of_nested.items[0].y == 2);
    assert_int_equal(got.annotated_int32, -1);
    assert_true(got.annotated_float32 == 0.25F);
    assert_int_equal(got.nested_list.items[0].items[1], -2);
    assert_int_equal(got.nested_list.items[1].count, 0);
    assert_non_null(got.nested_list.items[1].items);
    assert_str(got.dict_str_str.items[0].value, "y");
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

static void test_wide_types(void **state)
{
    const wide_types row = { .int8_field = INT8_MIN,
                             .uint64_field = UINT64_MAX,
                             .date_field = 19782,
                             .timestamp_utc_field = 1709210096000000,
                             .decimal_field = VGI_LIT("-123.45"),
                             .large_string_field = VGI_LIT("large"),
                             .large_binary_field = { (const uint8_t *)"bin", 3 },
                             .fixed_binary_field = { (const uint8_t *)"01234567", 8 } };
    vgi_batch *b = sent(&vgi_type_wide_types, &row);
    vgi_arena mem = { 0 };
    wide_types got;
    (void)state;
    assert_int_equal(vgi_batch_row(b, 0, VGI_INTO(wide_types, &got), &mem, NULL), VGI_OK);
    assert_int_equal(got.int8_field, INT8_MIN);
    assert_true(got.uint64_field == UINT64_MAX);
    assert_int_equal(got.date_field, 19782);
    assert_int_equal(got.timestamp_utc_field, 1709210096000000);
    assert_str(got.decimal_field, "-123.4500");
    assert_str(got.large_string_field, "large");
    assert_memory_equal(got.large_binary_field.data, "bin", 3);
    assert_memory_equal(got.fixed_binary_field.data, "01234567", 8);
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

static void test_containers(void **state)
{
    static const vgi_str prices[] = { { "1", 1 }, { "-0.0001", 7 } };
    static const date days[] = { 0, -1 };
    static const maybe_i64 maybe[] = { &numbers[0], NULL };
    static const decimals inner[] = { { prices, 2 }, { NULL, 0 } };
    static const dates some_days = { days, 2 };
    const container_types row = { .list_decimal = { prices, 2 },
                                  .optional_date = &days[1],
                                  .list_optional_int = { maybe, 2 } };
    const deep_nested deep = { { inner, 2 }, &some_days, VGI_LIT("enc"), { words, 3 } };
    vgi_batch *a = sent(&vgi_type_container_types, &row);
    vgi_batch *b = sent(&vgi_type_deep_nested, &deep);
    vgi_arena mem = { 0 };
    container_types got;
    deep_nested nested;
    (void)state;
    assert_int_equal(vgi_batch_row(a, 0, VGI_INTO(container_types, &got), &mem, NULL), 0);
    assert_str(got.list_decimal.items[1], "-0.0001");
    assert_int_equal(*got.optional_date, -1);
    assert_null(got.optional_decimal.data);
    assert_null(got.optional_timestamp);
    assert_int_equal(*got.list_optional_int.items[0], 1);
    assert_null(got.list_optional_int.items[1]);
    assert_int_equal(vgi_batch_row(b, 0, VGI_INTO(deep_nested, &nested), &mem, NULL), 0);
    assert_str(nested.list_of_lists_decimal.items[0].items[0], "1.0000");
    assert_int_equal(nested.optional_list_date->items[1], -1);
    assert_str(nested.dict_encoded_string, "enc");
    assert_str(nested.list_of_dict_encoded.items[2], "\xc3\xa9");
    vgi_batch_unref(a);
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

/* ---- embedded streams ---- */

typedef struct with_blob {
    box plain;
    const box *maybe;
} with_blob;
VGI_STRUCT(with_blob, VGI_NESTED(with_blob, plain, box, .arrow = "z"),
           VGI_NESTED(with_blob, maybe, box, .arrow = "z"));

static void test_blob(void **state)
{
    const box inner = { points[0], points[1], VGI_LIT("inner") };
    const with_blob row = { inner, &inner };
    vgi_batch *b = sent(&vgi_type_with_blob, &row);
    vgi_arena mem = { 0 };
    with_blob got;
    (void)state;
    assert_int_equal(vgi_batch_row(b, 0, VGI_INTO(with_blob, &got), &mem, NULL), VGI_OK);
    assert_true(got.plain.bottom_right.x == 3);
    assert_str(got.maybe->label, "inner");
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

/* Decoding embedded structs settles to no allocation, dictionaries apart. */
static void test_blob_steady(void **state)
{
    vgi__record *r = record_of(&vgi_type_with_blob, VGI__ROLE_PARAMS);
    const box inner = { points[0], points[1], VGI_LIT("inner") };
    const with_blob row = { inner, &inner };
    vgi_batch *b = sent(&vgi_type_with_blob, &row);
    vgi_arena mem = { 0 };
    uint64_t before = 0;
    with_blob got;
    (void)state;
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            before = vgi_test_allocations();
        assert_int_equal(vgi__record_bind(r, b, 0, &got, &mem, NULL, NULL), VGI_OK);
        assert_str(got.maybe->label, "inner");
        vgi_arena_reset(&mem);
    }
    assert_int_equal(vgi_test_allocations(), before);
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
    vgi__record_free(r);
}

/* A blob in memory that nobody counts is copied: what was bound does not point into it.
 */
static void test_blob_copied(void **state)
{
    vgi__record *r = record_of(&vgi_type_with_blob, VGI__ROLE_PARAMS);
    const box inner = { points[0], points[1], VGI_LIT("inner") };
    const with_blob row = { inner, NULL };
    vgi_batch *b;
    vgi_arena mem = { 0 };
    with_blob got;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&b, &vgi_type_with_blob, &row, 1, NULL), VGI_OK);
    assert_int_equal(vgi__record_bind(r, b, 0, &got, &mem, NULL, NULL), VGI_OK);
    vgi_batch_unref(b);
    vgi__record_free(r);
    assert_str(got.plain.label, "inner");
    assert_true(got.plain.top_left.y == 2);
    vgi_arena_free(&mem);
}

static void test_embedded(void **state)
{
    vgi_batch *inner, *kept;
    vgi_schema *schema;
    vgi_arena mem = { 0 };
    embedded row, got;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&inner, &vgi_type_point, points, 2, NULL),
                     VGI_OK);
    row = (embedded){ inner, (vgi_schema *)(uintptr_t)vgi_batch_schema(inner) };
    vgi_batch *b = sent(&vgi_type_embedded, &row);
    assert_int_equal(vgi_batch_row(b, 0, VGI_INTO(embedded, &got), &mem, NULL), VGI_OK);
    assert_true(vgi_schema_equal(got.schema, row.schema));
    assert_int_equal(vgi_batch_rows(got.batch), 2);
    /* A handle that is kept outlives the arena. */
    assert_int_equal(vgi_batch_retain(got.batch, &kept, NULL), VGI_OK);
    schema = vgi_schema_ref(got.schema);
    vgi_batch_unref(b);
    vgi_batch_unref(inner);
    vgi_arena_free(&mem);
    vgi_f64s y;
    assert_int_equal(vgi_batch_f64(kept, "y", &y), VGI_OK);
    assert_true(y.count == 2 && y.items[1] == 4);
    assert_int_equal(vgi_schema_columns(schema), 2);
    vgi_schema_unref(schema);
    vgi_batch_unref(kept);
}

/* ---- missing columns ---- */

typedef struct one_int {
    int16_t v;
} one_int;
VGI_STRUCT(one_int, VGI_FIELD(one_int, v));

typedef struct defaults {
    bool flag;
    int32_t number;
    double real;
    vgi_str text;
    status state;
    const int64_t *optional;
    const int64_t *given;
    vgi_str price;
} defaults;
VGI_STRUCT(defaults, VGI_FIELD(defaults, flag, .fallback = "true"),
           VGI_FIELD(defaults, number, .fallback = "-5"),
           VGI_FIELD(defaults, real, .fallback = "2"),
           VGI_FIELD(defaults, text, .fallback = "\"h\\u00e9\""),
           VGI_NESTED(defaults, state, status, .fallback = "\"ACTIVE\""),
           VGI_FIELD(defaults, optional), VGI_FIELD(defaults, given, .fallback = "3"),
           VGI_FIELD(defaults, price, .arrow = "d:9,2", .fallback = "\"1.50\""));

static void test_defaults(void **state)
{
    vgi__record *r = record_of(&vgi_type_defaults, VGI__ROLE_PARAMS);
    vgi_batch *empty;
    vgi_arena mem = { 0 };
    const vgi_void nothing = { 0 };
    defaults got;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&empty, &vgi_type_vgi_void, &nothing, 1, NULL),
                     0);
    assert_int_equal(vgi__record_bind(r, empty, 0, &got, &mem, "m", NULL), VGI_OK);
    assert_true(got.flag && got.number == -5 && got.real == 2);
    assert_str(got.text, "h\xc3\xa9");
    assert_int_equal(got.state, ACTIVE);
    assert_null(got.optional);
    assert_int_equal(*got.given, 3);
    assert_str(got.price, "1.50");
    vgi_batch_unref(empty);
    vgi_arena_free(&mem);
    vgi__record_free(r);
}

static void test_missing(void **state)
{
    vgi__record *r = record_of(&vgi_type_point, VGI__ROLE_PARAMS);
    const one_int row = { 1 };
    vgi_batch *b = sent(&vgi_type_one_int, &row);
    vgi_arena mem = { 0 };
    vgi_error err;
    point p;
    (void)state;
    assert_int_equal(vgi__record_bind(r, b, 0, &p, &mem, "move", &err), VGI_ESCHEMA);
    assert_string_equal(err.type, "TypeError");
    assert_string_equal(err.message,
                        "move() missing 1 required positional argument: 'x'");
    assert_int_equal(vgi__record_bind(r, b, 0, &p, &mem, NULL, &err), VGI_ESCHEMA);
    assert_string_equal(err.message, "column 'x' is missing");
    assert_int_equal(vgi__record_bind(r, b, 1, &p, &mem, NULL, &err), VGI_EINVAL);
    assert_string_equal(err.message, "row 1 of a batch of 1");
    vgi_batch_unref(b);
    vgi__record_free(r);
    vgi_arena_free(&mem);
}

/* The members of a struct with null parents, in slices, by any of several rows. */
static void test_rows_and_steady(void **state)
{
    vgi_batch *b;
    vgi_arena mem = { 0 };
    uint64_t before = 0;
    point p;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&b, &vgi_type_point, points, 2, NULL), VGI_OK);
    for (int i = 0; i < 10; i++) {
        if (i == 5)
            before = vgi_test_allocations();
        assert_int_equal(vgi_batch_row(b, i & 1, VGI_INTO(point, &p), &mem, NULL),
                         VGI_OK);
        assert_true(p.x == points[i & 1].x && p.y == points[i & 1].y);
        vgi_arena_reset(&mem);
    }
    assert_int_equal(vgi_test_allocations(), before);
    vgi_batch_unref(b);
    vgi_arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types),   cmocka_unit_test(test_wide_types),
        cmocka_unit_test(test_containers),  cmocka_unit_test(test_blob),
        cmocka_unit_test(test_blob_steady), cmocka_unit_test(test_blob_copied),
        cmocka_unit_test(test_embedded),    cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_missing),     cmocka_unit_test(test_rows_and_steady),
    };
    return vgi_test_run(tests);
}
