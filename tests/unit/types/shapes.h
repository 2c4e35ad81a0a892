/* SPDX-License-Identifier: Apache-2.0 */
/* Every shape a described struct can have: those of the reference's conformance types and
 * some more. */
#ifndef VGI_TESTS_TYPES_SHAPES_H
#define VGI_TESTS_TYPES_SHAPES_H

#include <vgirpc/batch.h>
#include <vgirpc/type.h>

typedef struct point {
    double x, y;
} point;
VGI_STRUCT(point, VGI_FIELD(point, x), VGI_FIELD(point, y));

typedef struct box {
    point top_left, bottom_right;
    vgi_str label;
} box;
VGI_STRUCT(box, VGI_NESTED(box, top_left, point), VGI_NESTED(box, bottom_right, point),
           VGI_FIELD(box, label));

typedef VGI_SLICE(int64_t) i64s;
VGI_LIST_TYPE(i64s, int64_t);
typedef const int64_t *maybe_i64;
VGI_OPTIONAL_TYPE(maybe_i64, int64_t);

typedef struct entry {
    vgi_str key;
    int64_t value;
} entry;
VGI_STRUCT(entry, VGI_FIELD(entry, key), VGI_FIELD(entry, value));
typedef struct pair {
    vgi_str key, value;
} pair;
VGI_STRUCT(pair, VGI_FIELD(pair, key), VGI_FIELD(pair, value));

typedef enum status { PENDING, ACTIVE, CLOSED } status;
static const char *const status_names[] = { "PENDING", "ACTIVE", "CLOSED", NULL };
VGI_ENUM(status, status_names);

typedef struct all_types {
    vgi_str str_field;
    vgi_bytes bytes_field;
    int64_t int_field;
    double float_field;
    bool bool_field;
    VGI_SLICE(int64_t) list_of_int;
    VGI_SLICE(vgi_str) list_of_str;
    VGI_SLICE(entry) dict_field;
    status enum_field;
    point nested_point;
    vgi_str optional_str;
    const int64_t *optional_int;
    const point *optional_nested;
    VGI_SLICE(point) list_of_nested;
    int32_t annotated_int32;
    float annotated_float32;
    VGI_SLICE(i64s) nested_list;
    VGI_SLICE(pair) dict_str_str;
} all_types;
VGI_STRUCT(all_types, VGI_FIELD(all_types, str_field), VGI_FIELD(all_types, bytes_field),
           VGI_FIELD(all_types, int_field), VGI_FIELD(all_types, float_field),
           VGI_FIELD(all_types, bool_field), VGI_LIST(all_types, list_of_int, int64_t),
           VGI_LIST(all_types, list_of_str, vgi_str),
           VGI_LIST(all_types, dict_field, entry, .arrow = "+m"),
           VGI_NESTED(all_types, enum_field, status),
           VGI_NESTED(all_types, nested_point, point),
           VGI_FIELD(all_types, optional_str, .nullable = true),
           VGI_FIELD(all_types, optional_int),
           VGI_NESTED(all_types, optional_nested, point),
           VGI_LIST(all_types, list_of_nested, point),
           VGI_FIELD(all_types, annotated_int32), VGI_FIELD(all_types, annotated_float32),
           VGI_LIST(all_types, nested_list, i64s),
           VGI_LIST(all_types, dict_str_str, pair, .arrow = "+m"));

typedef struct wide_types {
    int8_t int8_field;
    int16_t int16_field;
    int32_t int32_field;
    uint8_t uint8_field;
    uint16_t uint16_field;
    uint32_t uint32_field;
    uint64_t uint64_field;
    float float32_field;
    int32_t date_field;
    int64_t timestamp_field, timestamp_utc_field, time_field, duration_field;
    vgi_str decimal_field, large_string_field;
    vgi_bytes large_binary_field, fixed_binary_field;
} wide_types;
VGI_STRUCT(wide_types, VGI_FIELD(wide_types, int8_field),
           VGI_FIELD(wide_types, int16_field), VGI_FIELD(wide_types, int32_field),
           VGI_FIELD(wide_types, uint8_field), VGI_FIELD(wide_types, uint16_field),
           VGI_FIELD(wide_types, uint32_field), VGI_FIELD(wide_types, uint64_field),
           VGI_FIELD(wide_types, float32_field),
           VGI_FIELD(wide_types, date_field, .arrow = "tdD"),
           VGI_FIELD(wide_types, timestamp_field, .arrow = "tsu:"),
           VGI_FIELD(wide_types, timestamp_utc_field, .arrow = "tsu:UTC"),
           VGI_FIELD(wide_types, time_field, .arrow = "ttu"),
           VGI_FIELD(wide_types, duration_field, .arrow = "tDu"),
           VGI_FIELD(wide_types, decimal_field, .arrow = "d:20,4"),
           VGI_FIELD(wide_types, large_string_field, .arrow = "U"),
           VGI_FIELD(wide_types, large_binary_field, .arrow = "Z"),
           VGI_FIELD(wide_types, fixed_binary_field, .arrow = "w:8"));

typedef int32_t date;
VGI_SCALAR(date, int32_t, .arrow = "tdD");
typedef struct price_entry {
    vgi_str key, value;
} price_entry;
VGI_STRUCT(price_entry, VGI_FIELD(price_entry, key),
           VGI_FIELD(price_entry, value, .arrow = "d:20,4"));

typedef struct container_types {
    VGI_SLICE(vgi_str) list_decimal;
    VGI_SLICE(date) list_date;
    VGI_SLICE(int64_t) list_timestamp;
    const date *optional_date;
    vgi_str optional_decimal;
    const int64_t *optional_timestamp;
    VGI_SLICE(price_entry) dict_str_decimal;
    VGI_SLICE(int64_t) frozenset_int;
    VGI_SLICE(maybe_i64) list_optional_int;
} container_types;
VGI_STRUCT(container_types,
           VGI_LIST(container_types, list_decimal, vgi_str, .arrow = "d:20,4"),
           VGI_LIST(container_types, list_date, date),
           VGI_LIST(container_types, list_timestamp, int64_t, .arrow = "tsu:"),
           VGI_NESTED(container_types, optional_date, date),
           VGI_FIELD(container_types, optional_decimal, .arrow = "d:20,4",
                     .nullable = true),
           VGI_FIELD(container_types, optional_timestamp, .arrow = "tsu:"),
           VGI_LIST(container_types, dict_str_decimal, price_entry, .arrow = "+m"),
           VGI_LIST(container_types, frozenset_int, int64_t),
           VGI_LIST(container_types, list_optional_int, maybe_i64));

typedef VGI_SLICE(vgi_str) decimals;
VGI_LIST_TYPE(decimals, vgi_str, .arrow = "d:20,4");
typedef VGI_SLICE(date) dates;
VGI_LIST_TYPE(dates, date);

typedef struct deep_nested {
    VGI_SLICE(decimals) list_of_lists_decimal;
    const dates *optional_list_date;
    vgi_str dict_encoded_string;
    VGI_SLICE(vgi_str) list_of_dict_encoded;
} deep_nested;
VGI_STRUCT(deep_nested, VGI_LIST(deep_nested, list_of_lists_decimal, decimals),
           VGI_NESTED(deep_nested, optional_list_date, dates),
           VGI_FIELD(deep_nested, dict_encoded_string, .dictionary = "s"),
           VGI_LIST(deep_nested, list_of_dict_encoded, vgi_str, .dictionary = "s"));

typedef struct embedded {
    struct vgi_batch *batch;
    struct vgi_schema *schema;
} embedded;
VGI_STRUCT(embedded, VGI_FIELD(embedded, batch), VGI_FIELD(embedded, schema));

#endif
