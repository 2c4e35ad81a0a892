/* SPDX-License-Identifier: Apache-2.0 */
/* The structs of the conformance service, and what they are on the wire. */
#ifndef CONFORMANCE_TYPES_H
#define CONFORMANCE_TYPES_H

#include <vgirpc/vgirpc.h>

/* ---- scalars with an Arrow type of their own ---- */

typedef int32_t date;
typedef int64_t timestamp;
typedef int64_t timestamp_utc;
typedef int64_t time_of_day;
typedef int64_t duration;
typedef vgi_str decimal;
typedef vgi_str large_str;
typedef vgi_bytes large_bytes;
typedef vgi_bytes eight_bytes;
typedef vgi_str dictionary_str;
typedef vgi_str maybe_str;
typedef const int64_t *maybe_i64;

VGI_SCALAR(date, int32_t, .arrow = "tdD");
VGI_SCALAR(timestamp, int64_t, .arrow = "tsu:");
VGI_SCALAR(timestamp_utc, int64_t, .arrow = "tsu:UTC");
VGI_SCALAR(time_of_day, int64_t, .arrow = "ttu");
VGI_SCALAR(duration, int64_t, .arrow = "tDu");
VGI_SCALAR(decimal, vgi_str, .arrow = "d:20,4");
VGI_SCALAR(large_str, vgi_str, .arrow = "U");
VGI_SCALAR(large_bytes, vgi_bytes, .arrow = "Z");
VGI_SCALAR(eight_bytes, vgi_bytes, .arrow = "w:8");
VGI_SCALAR(dictionary_str, vgi_str, .dictionary = "s");
VGI_SCALAR(maybe_str, vgi_str, .nullable = true);
VGI_OPTIONAL_TYPE(maybe_i64, int64_t);

typedef enum status { PENDING, ACTIVE, CLOSED, STATUSES } status;
static const char *const status_names[] = { "PENDING", "ACTIVE", "CLOSED", NULL };
VGI_ENUM(status, status_names);

/* ---- lists and maps ---- */

typedef struct int_entry {
    vgi_str key;
    int64_t value;
} int_entry;
typedef struct str_entry {
    vgi_str key, value;
} str_entry;
typedef struct decimal_entry {
    vgi_str key;
    decimal value;
} decimal_entry;
typedef VGI_SLICE(int64_t) i64s;
typedef VGI_SLICE(vgi_str) strs;
typedef VGI_SLICE(date) dates;
typedef VGI_SLICE(decimal) decimals;
typedef VGI_SLICE(i64s) i64_lists;
typedef VGI_SLICE(int_entry) int_map;

VGI_STRUCT(int_entry, VGI_FIELD(int_entry, key), VGI_FIELD(int_entry, value));
VGI_STRUCT(str_entry, VGI_FIELD(str_entry, key), VGI_FIELD(str_entry, value));
VGI_STRUCT(decimal_entry, VGI_FIELD(decimal_entry, key),
           VGI_NESTED(decimal_entry, value, decimal));
VGI_LIST_TYPE(i64s, int64_t);
VGI_LIST_TYPE(strs, vgi_str);
VGI_LIST_TYPE(dates, date);
VGI_LIST_TYPE(decimals, decimal);
VGI_LIST_TYPE(i64_lists, i64s);
VGI_LIST_TYPE(int_map, int_entry, .arrow = "+m");

/* ---- structs ---- */

typedef struct point {
    double x, y;
} point;
VGI_STRUCT(point, VGI_FIELD(point, x), VGI_FIELD(point, y));

typedef struct bounding_box {
    point top_left, bottom_right;
    vgi_str label;
} bounding_box;
VGI_STRUCT(bounding_box, VGI_NESTED(bounding_box, top_left, point),
           VGI_NESTED(bounding_box, bottom_right, point), VGI_FIELD(bounding_box, label));

typedef struct all_types {
    vgi_str str_field;
    vgi_bytes bytes_field;
    int64_t int_field;
    double float_field;
    bool bool_field;
    VGI_SLICE(int64_t) list_of_int;
    VGI_SLICE(vgi_str) list_of_str;
    VGI_SLICE(int_entry) dict_field;
    status enum_field;
    point nested_point;
    vgi_str optional_str;
    const int64_t *optional_int;
    const point *optional_nested;
    VGI_SLICE(point) list_of_nested;
    int32_t annotated_int32;
    float annotated_float32;
    VGI_SLICE(i64s) nested_list;
    VGI_SLICE(str_entry) dict_str_str;
} all_types;

/* The rich stream header has the same members, in another order on the wire. */
typedef all_types rich_header;

#define FIELDS_TO_NESTED_LIST(T) \
    VGI_FIELD(T, str_field), VGI_FIELD(T, bytes_field), VGI_FIELD(T, int_field), \
        VGI_FIELD(T, float_field), VGI_FIELD(T, bool_field), \
        VGI_LIST(T, list_of_int, int64_t), VGI_LIST(T, list_of_str, vgi_str), \
        VGI_LIST(T, dict_field, int_entry, .arrow = "+m"), \
        VGI_NESTED(T, enum_field, status), VGI_NESTED(T, nested_point, point), \
        VGI_FIELD(T, optional_str, .nullable = true), VGI_FIELD(T, optional_int), \
        VGI_NESTED(T, optional_nested, point), VGI_LIST(T, list_of_nested, point)

VGI_STRUCT(all_types, FIELDS_TO_NESTED_LIST(all_types),
           VGI_FIELD(all_types, annotated_int32), VGI_FIELD(all_types, annotated_float32),
           VGI_LIST(all_types, nested_list, i64s),
           VGI_LIST(all_types, dict_str_str, str_entry, .arrow = "+m"));

VGI_STRUCT(rich_header, FIELDS_TO_NESTED_LIST(rich_header),
           VGI_LIST(rich_header, nested_list, i64s),
           VGI_FIELD(rich_header, annotated_int32),
           VGI_FIELD(rich_header, annotated_float32),
           VGI_LIST(rich_header, dict_str_str, str_entry, .arrow = "+m"));

typedef struct wide_types {
    int8_t int8_field;
    int16_t int16_field;
    int32_t int32_field;
    uint8_t uint8_field;
    uint16_t uint16_field;
    uint32_t uint32_field;
    uint64_t uint64_field;
    float float32_field;
    date date_field;
    timestamp timestamp_field;
    timestamp_utc timestamp_utc_field;
    time_of_day time_field;
    duration duration_field;
    decimal decimal_field;
    large_str large_string_field;
    large_bytes large_binary_field;
    eight_bytes fixed_binary_field;
} wide_types;
VGI_STRUCT(wide_types, VGI_FIELD(wide_types, int8_field),
           VGI_FIELD(wide_types, int16_field), VGI_FIELD(wide_types, int32_field),
           VGI_FIELD(wide_types, uint8_field), VGI_FIELD(wide_types, uint16_field),
           VGI_FIELD(wide_types, uint32_field), VGI_FIELD(wide_types, uint64_field),
           VGI_FIELD(wide_types, float32_field), VGI_NESTED(wide_types, date_field, date),
           VGI_NESTED(wide_types, timestamp_field, timestamp),
           VGI_NESTED(wide_types, timestamp_utc_field, timestamp_utc),
           VGI_NESTED(wide_types, time_field, time_of_day),
           VGI_NESTED(wide_types, duration_field, duration),
           VGI_NESTED(wide_types, decimal_field, decimal),
           VGI_NESTED(wide_types, large_string_field, large_str),
           VGI_NESTED(wide_types, large_binary_field, large_bytes),
           VGI_NESTED(wide_types, fixed_binary_field, eight_bytes));

typedef struct container_wide_types {
    VGI_SLICE(decimal) list_decimal;
    VGI_SLICE(date) list_date;
    VGI_SLICE(timestamp) list_timestamp;
    const date *optional_date;
    const decimal *optional_decimal;
    const timestamp *optional_timestamp;
    VGI_SLICE(decimal_entry) dict_str_decimal;
    VGI_SLICE(int64_t) frozenset_int;
    VGI_SLICE(maybe_i64) list_optional_int;
} container_wide_types;
VGI_STRUCT(container_wide_types, VGI_LIST(container_wide_types, list_decimal, decimal),
           VGI_LIST(container_wide_types, list_date, date),
           VGI_LIST(container_wide_types, list_timestamp, timestamp),
           VGI_NESTED(container_wide_types, optional_date, date),
           VGI_NESTED(container_wide_types, optional_decimal, decimal),
           VGI_NESTED(container_wide_types, optional_timestamp, timestamp),
           VGI_LIST(container_wide_types, dict_str_decimal, decimal_entry, .arrow = "+m"),
           VGI_LIST(container_wide_types, frozenset_int, int64_t),
           VGI_LIST(container_wide_types, list_optional_int, maybe_i64));

typedef struct deep_nested {
    VGI_SLICE(decimals) list_of_lists_decimal;
    const dates *optional_list_date;
    dictionary_str dict_encoded_string;
    VGI_SLICE(dictionary_str) list_of_dict_encoded;
} deep_nested;
VGI_STRUCT(deep_nested, VGI_LIST(deep_nested, list_of_lists_decimal, decimals),
           VGI_NESTED(deep_nested, optional_list_date, dates),
           VGI_NESTED(deep_nested, dict_encoded_string, dictionary_str),
           VGI_LIST(deep_nested, list_of_dict_encoded, dictionary_str));

typedef struct embedded_arrow {
    vgi_batch *batch;
    vgi_schema *schema;
} embedded_arrow;
VGI_STRUCT(embedded_arrow, VGI_FIELD(embedded_arrow, batch),
           VGI_FIELD(embedded_arrow, schema));

typedef struct conformance_header {
    int64_t total_expected;
    vgi_str description;
} conformance_header;
VGI_STRUCT(conformance_header, VGI_FIELD(conformance_header, total_expected),
           VGI_FIELD(conformance_header, description));

/* ---- rows of the streams: every column of the reference's may be null ---- */

typedef struct counter_row {
    const int64_t *index, *value;
} counter_row;
VGI_STRUCT(counter_row, VGI_FIELD(counter_row, index), VGI_FIELD(counter_row, value));

typedef struct value_row {
    const double *value;
} value_row;
VGI_STRUCT(value_row, VGI_FIELD(value_row, value));

/* ---- stream parameters and states that several methods share ---- */

typedef struct count_params {
    int64_t count;
} count_params;
VGI_STRUCT(count_params, VGI_FIELD(count_params, count));

typedef struct counter_state {
    int64_t count, current;
} counter_state;
VGI_STRUCT(counter_state, VGI_FIELD(counter_state, count),
           VGI_FIELD(counter_state, current));

typedef struct factor_params {
    double factor;
} factor_params;
VGI_STRUCT(factor_params, VGI_FIELD(factor_params, factor));

/* The state of a method that keeps nothing; named as in the reference's tokens. */
typedef struct no_state {
    int64_t placeholder;
} no_state;
VGI_STRUCT(no_state, VGI_FIELD(no_state, placeholder, .wire_name = "_placeholder"));

/* ---- what several files do ---- */

/* Send row `current` of a counter, or finish. */
int conformance_count(counter_state *st, vgi_output *out);
/* Send {index, value} rows `first` to `first + rows - 1`. */
int conformance_counter_rows(vgi_output *out, int64_t first, int64_t rows);
/* Send every value of `in` multiplied by `factor`; null stays null. */
int conformance_scale(double factor, const vgi_batch *in, vgi_output *out);
/* Whether the one column of a value_row batch may have nulls. */
bool conformance_has_nulls(const vgi_batch *in);
/* A float as Python prints it. */
int conformance_float_text(vgi_call *call, vgi_str *out, double value);

/* The methods of each file; they end with NULL. */
extern const vgi_method *const conformance_unary[];
extern const vgi_method *const conformance_errors_logs[];
extern const vgi_method *const conformance_producers[];
extern const vgi_method *const conformance_exchanges[];
extern const vgi_method *const conformance_headers[];
extern const vgi_method *const conformance_cancel[];

const vgi_service *conformance_service(void);
/* Give vgi_serve its --http, with this cap unless the command line has one (0: the
 * default), and take our own options of it out of the command line. */
void conformance_http(int *argc, char **argv, int64_t max_request_bytes);
/* The same for the store of big batches. Returns the threshold; 0: there is no store. */
int64_t conformance_storage(int *argc, char **argv, struct vgi_external **external);
/* After the last use. NULL is ignored. */
void conformance_storage_end(struct vgi_external *external);

#endif
