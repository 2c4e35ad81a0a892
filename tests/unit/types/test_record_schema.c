/* SPDX-License-Identifier: Apache-2.0 */
/* Described types to schemas: the mapping of the reference, role by role. Expected types
 * are pyarrow's own words. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

static vgi__record *compile(const vgi_type *type, vgi__role role)
{
    vgi__record *r;
    vgi_error err;
    int rc = vgi__record_compile(&r, type, role, "test", NULL, NULL, &err);
    if (rc != VGI_OK)
        print_error("%s\n", err.message);
    assert_int_equal(rc, VGI_OK);
    return r;
}

/* "name: type" or "name: type not null" of one column. */
static void assert_column(const vgi_schema *s, size_t i, const char *expected)
{
    char text[256], type[200];
    assert_true(i < vgi_schema_columns(s));
    vgi_schema_type_text(s, i, type, sizeof(type));
    snprintf(text, sizeof(text), "%s: %s%s", vgi_schema_name(s, i), type,
             vgi_schema_nullable(s, i) ? "" : " not null");
    assert_string_equal(text, expected);
}

static void assert_columns(const vgi_type *type, vgi__role role,
                           const char *const *expected)
{
    vgi__record *r = compile(type, role);
    size_t n = 0;
    for (; expected[n]; n++)
        assert_column(vgi__record_schema(r), n, expected[n]);
    assert_int_equal(vgi_schema_columns(vgi__record_schema(r)), n);
    assert_ptr_equal(vgi__record_type(r), type);
    assert_int_equal(vgi__record_size(r), type->size);
    vgi__record_free(r);
}

static void test_all_types(void **state)
{
    static const char *const expected[] = {
        "str_field: string not null",
        "bytes_field: binary not null",
        "int_field: int64 not null",
        "float_field: double not null",
        "bool_field: bool not null",
        "list_of_int: list<item: int64> not null",
        "list_of_str: list<item: string> not null",
        "dict_field: map<string, int64> not null",
        "enum_field: dictionary<values=string, indices=int16, ordered=0> not null",
        "nested_point: struct<x: double not null, y: double not null> not null",
        "optional_str: string",
        "optional_int: int64",
        "optional_nested: struct<x: double not null, y: double not null>",
        "list_of_nested: list<item: struct<x: double not null, y: double not null>> not "
        "null",
        "annotated_int32: int32 not null",
        "annotated_float32: float not null",
        "nested_list: list<item: list<item: int64>> not null",
        "dict_str_str: map<string, string> not null",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_all_types, VGI__ROLE_ROW, expected);
}

static void test_wide_types(void **state)
{
    static const char *const expected[] = {
        "int8_field: int8 not null",
        "int16_field: int16 not null",
        "int32_field: int32 not null",
        "uint8_field: uint8 not null",
        "uint16_field: uint16 not null",
        "uint32_field: uint32 not null",
        "uint64_field: uint64 not null",
        "float32_field: float not null",
        "date_field: date32[day] not null",
        "timestamp_field: timestamp[us] not null",
        "timestamp_utc_field: timestamp[us, tz=UTC] not null",
        "time_field: time64[us] not null",
        "duration_field: duration[us] not null",
        "decimal_field: decimal128(20, 4) not null",
        "large_string_field: large_string not null",
        "large_binary_field: large_binary not null",
        "fixed_binary_field: fixed_size_binary[8] not null",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_wide_types, VGI__ROLE_ROW, expected);
}

static void test_container_types(void **state)
{
    static const char *const expected[] = {
        "list_decimal: list<item: decimal128(20, 4)> not null",
        "list_date: list<item: date32[day]> not null",
        "list_timestamp: list<item: timestamp[us]> not null",
        "optional_date: date32[day]",
        "optional_decimal: decimal128(20, 4)",
        "optional_timestamp: timestamp[us]",
        "dict_str_decimal: map<string, decimal128(20, 4)> not null",
        "frozenset_int: list<item: int64> not null",
        "list_optional_int: list<item: int64> not null",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_container_types, VGI__ROLE_ROW, expected);
}

static void test_deep_nested(void **state)
{
    static const char *const expected[] = {
        "list_of_lists_decimal: list<item: list<item: decimal128(20, 4)>> not null",
        "optional_list_date: list<item: date32[day]>",
        "dict_encoded_string: dictionary<values=string, indices=int16, ordered=0> not "
        "null",
        "list_of_dict_encoded: list<item: dictionary<values=string, indices=int16, "
        "ordered=0>> not null",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_deep_nested, VGI__ROLE_ROW, expected);
}

static void test_embedded(void **state)
{
    static const char *const expected[] = { "batch: binary not null",
                                            "schema: binary not null", NULL };
    (void)state;
    assert_columns(&vgi_type_embedded, VGI__ROLE_ROW, expected);
}

typedef struct roles {
    point plain;
    const point *optional;
    VGI_SLICE(point) list;
    point forced;
    point blob;
} roles;
VGI_STRUCT(roles, VGI_NESTED(roles, plain, point), VGI_NESTED(roles, optional, point),
           VGI_LIST(roles, list, point), VGI_NESTED(roles, forced, point, .arrow = "+s"),
           VGI_NESTED(roles, blob, point, .arrow = "Z"));

#define POINT_TEXT "struct<x: double not null, y: double not null>"

static void test_roles(void **state)
{
    static const char *const as_params[] = {
        "plain: binary not null",
        "optional: binary",
        "list: list<item: " POINT_TEXT "> not null",
        "forced: " POINT_TEXT " not null",
        "blob: large_binary not null",
        NULL,
    };
    static const char *const as_row[] = {
        "plain: " POINT_TEXT " not null",
        "optional: " POINT_TEXT,
        "list: list<item: " POINT_TEXT "> not null",
        "forced: " POINT_TEXT " not null",
        "blob: large_binary not null",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_roles, VGI__ROLE_PARAMS, as_params);
    assert_columns(&vgi_type_roles, VGI__ROLE_ROW, as_row);
}

static void test_result(void **state)
{
    static const struct {
        const vgi_type *type;
        const char *const expected[2];
    } cases[] = {
        { &vgi_type_vgi_void, { NULL } },
        { &vgi_type_vgi_str, { "result: string not null" } },
        { &vgi_type_bool, { "result: bool not null" } },
        { &vgi_type_point, { "result: binary not null" } },
        { &vgi_type_i64s, { "result: list<item: int64> not null" } },
        { &vgi_type_maybe_i64, { "result: int64" } },
        { &vgi_type_date, { "result: date32[day] not null" } },
        { &vgi_type_status,
          { "result: dictionary<values=string, indices=int16, ordered=0> not null" } },
        { &vgi_type_dates, { "result: list<item: date32[day]> not null" } },
        { &vgi_type_vgi_batch, { "result: binary not null" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_columns(cases[i].type, VGI__ROLE_RESULT, cases[i].expected);
}

typedef VGI_SLICE(entry) counts;
VGI_LIST_TYPE(counts, entry, .arrow = "+m");
typedef vgi_str maybe_str;
VGI_SCALAR(maybe_str, vgi_str, .nullable = true);
typedef maybe_str label;
VGI_SCALAR(label, maybe_str, .arrow = "vu");
typedef VGI_SLICE(status) statuses;
VGI_LIST_TYPE(statuses, status);

typedef struct names {
    counts by_name;
    label renamed;
    statuses many;
    VGI_SLICE(double) vector;
    VGI_SLICE(double) large;
    VGI_SLICE(int32_t) view;
    uint32_t plain_enum;
    vgi_bytes raw;
    const i64s *optional_list;
    VGI_SLICE(vgi_str) nullable_list;
} names;
VGI_STRUCT(names, VGI_NESTED(names, by_name, counts),
           VGI_NESTED(names, renamed, label, .wire_name = "Label"),
           VGI_NESTED(names, many, statuses),
           VGI_LIST(names, vector, double, .arrow = "+w:3"),
           VGI_LIST(names, large, double, .arrow = "+L"),
           VGI_LIST(names, view, int32_t, .arrow = "+vl"),
           VGI_FIELD(names, plain_enum, .enum_names = status_names, .arrow = "u"),
           VGI_FIELD(names, raw, .arrow = "d:38,10"),
           VGI_NESTED(names, optional_list, i64s),
           VGI_LIST(names, nullable_list, vgi_str, .nullable = true));

static void test_names_and_formats(void **state)
{
    static const char *const expected[] = {
        "by_name: map<string, int64> not null",
        "Label: string_view",
        "many: list<item: dictionary<values=string, indices=int16, ordered=0>> not null",
        "vector: fixed_size_list<item: double>[3] not null",
        "large: large_list<item: double> not null",
        "view: list_view<item: int32> not null",
        "plain_enum: string not null",
        "raw: decimal128(38, 10) not null",
        "optional_list: list<item: int64>",
        "nullable_list: list<item: string>",
        NULL,
    };
    (void)state;
    assert_columns(&vgi_type_names, VGI__ROLE_ROW, expected);
}

typedef struct other_point {
    double x, y;
} other_point;
VGI_STRUCT(other_point, VGI_FIELD(other_point, x), VGI_FIELD(other_point, y));
typedef struct swapped {
    double y, x;
} swapped;
VGI_STRUCT(swapped, VGI_FIELD(swapped, x), VGI_FIELD(swapped, y));

static void test_type_equal(void **state)
{
    (void)state;
    assert_true(vgi__type_equal(&vgi_type_point, &vgi_type_other_point));
    assert_true(vgi__type_equal(&vgi_type_all_types, &vgi_type_all_types));
    assert_false(vgi__type_equal(&vgi_type_point, &vgi_type_swapped));
    assert_false(vgi__type_equal(&vgi_type_point, &vgi_type_box));
    assert_false(vgi__type_equal(&vgi_type_date, &vgi_type_int32_t));
    assert_false(vgi__type_equal(&vgi_type_point, NULL));
    assert_true(vgi__type_equal(NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types),       cmocka_unit_test(test_wide_types),
        cmocka_unit_test(test_container_types), cmocka_unit_test(test_deep_nested),
        cmocka_unit_test(test_embedded),        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_result),          cmocka_unit_test(test_names_and_formats),
        cmocka_unit_test(test_type_equal),
    };
    return vgi_test_run(tests);
}
