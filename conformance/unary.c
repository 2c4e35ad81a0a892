/* SPDX-License-Identifier: Apache-2.0 */
/* Unary methods: every parameter and result shape. */
#include "types.h"

#include <inttypes.h>
#include <string.h>

/* A method that gives its one parameter back. */
#define ECHO(fn, member, T, text) \
    typedef struct fn##_params { \
        T member; \
    } fn##_params; \
    VGI_STRUCT(fn##_params, VGI_NESTED(fn##_params, member, T)); \
    static int fn(vgi_call *call, const fn##_params *in, T *out) \
    { \
        (void)call; \
        *out = in->member; \
        return VGI_OK; \
    } \
    VGI_UNARY(fn, fn##_params, T, .doc = text)

ECHO(echo_string, value, vgi_str, "Echo a string value.");
ECHO(echo_bytes, data, vgi_bytes, "Echo a bytes value.");
ECHO(echo_int, value, int64_t, "Echo an integer value.");
ECHO(echo_float, value, double, "Echo a float value.");
ECHO(echo_bool, value, bool, "Echo a boolean value.");
ECHO(echo_enum, status, status, "Echo an enum value.");
ECHO(echo_list, values, strs, "Echo a list of strings.");
ECHO(echo_dict, mapping, int_map, "Echo a map.");
ECHO(echo_nested_list, matrix, i64_lists, "Echo a list of lists.");
ECHO(echo_optional_string, value, maybe_str, "Echo an optional string.");
ECHO(echo_optional_int, value, maybe_i64, "Echo an optional integer.");
ECHO(echo_point, point, point, "Echo a Point.");
ECHO(echo_all_types, data, all_types, "Echo a struct that has every shape.");
ECHO(echo_bounding_box, box, bounding_box, "Echo a struct of structs.");
ECHO(echo_int8, value, int8_t, "Echo an int8 value.");
ECHO(echo_int16, value, int16_t, "Echo an int16 value.");
ECHO(echo_int32, value, int32_t, "Echo an int32 value.");
ECHO(echo_uint8, value, uint8_t, "Echo a uint8 value.");
ECHO(echo_uint16, value, uint16_t, "Echo a uint16 value.");
ECHO(echo_uint32, value, uint32_t, "Echo a uint32 value.");
ECHO(echo_uint64, value, uint64_t, "Echo a uint64 value.");
ECHO(echo_float32, value, float, "Echo a float32 value.");
ECHO(echo_date, value, date, "Echo a date.");
ECHO(echo_timestamp, value, timestamp, "Echo a timestamp without a time zone.");
ECHO(echo_timestamp_utc, value, timestamp_utc, "Echo a UTC timestamp.");
ECHO(echo_time, value, time_of_day, "Echo a time of day.");
ECHO(echo_duration, value, duration, "Echo a duration.");
ECHO(echo_decimal, value, decimal, "Echo a decimal.");
ECHO(echo_large_string, value, large_str, "Echo a string with 64-bit offsets.");
ECHO(echo_large_binary, value, large_bytes, "Echo bytes with 64-bit offsets.");
ECHO(echo_fixed_binary, value, eight_bytes, "Echo exactly 8 bytes.");
ECHO(echo_wide_types, data, wide_types, "Echo a struct of every width.");
ECHO(echo_container_wide_types, data, container_wide_types,
     "Echo wide types inside lists, maps and optionals.");
ECHO(echo_deep_nested, data, deep_nested, "Echo containers within containers.");
ECHO(echo_embedded_arrow, data, embedded_arrow, "Echo a record batch and a schema.");
ECHO(echo_dict_encoded_string, value, dictionary_str,
     "Echo a dictionary-encoded string.");

static int void_noop(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    (void)call, (void)in, (void)out;
    return VGI_OK;
}
VGI_UNARY(void_noop, vgi_void, vgi_void, .doc = "Do nothing.");

typedef struct void_with_param_params {
    int64_t value;
} void_with_param_params;
VGI_STRUCT(void_with_param_params, VGI_FIELD(void_with_param_params, value));

static int void_with_param(vgi_call *call, const void_with_param_params *in,
                           vgi_void *out)
{
    (void)call, (void)in, (void)out;
    return VGI_OK;
}
VGI_UNARY(void_with_param, void_with_param_params, vgi_void,
          .doc = "Take a parameter, return nothing.");

typedef struct oversized_params {
    int64_t target_bytes;
} oversized_params;
VGI_STRUCT(oversized_params, VGI_FIELD(oversized_params, target_bytes));

static int oversized_unary(vgi_call *call, const oversized_params *in, vgi_bytes *out)
{
    uint8_t *zeros;

    if (in->target_bytes < 0)
        return vgi_fail(call, "ValueError", "target_bytes must be non-negative");
    if (!(zeros = vgi_call_alloc(call, (size_t)in->target_bytes)))
        return vgi_fail(call, "MemoryError", "no memory for %" PRId64 " bytes",
                        in->target_bytes);
    out->data = memset(zeros, 0, (size_t)in->target_bytes);
    out->len = (size_t)in->target_bytes;
    return VGI_OK;
}
VGI_UNARY(oversized_unary, oversized_params, vgi_bytes,
          .doc = "Return target_bytes zero bytes.");

static int inspect_point(vgi_call *call, const echo_point_params *in, vgi_str *out)
{
    vgi_str x, y;
    int rc;

    if ((rc = conformance_float_text(call, &x, in->point.x)) != VGI_OK ||
        (rc = conformance_float_text(call, &y, in->point.y)) != VGI_OK)
        return rc;
    return vgi_strf(call, out, "Point(" VGI_STR_FMT ", " VGI_STR_FMT ")", VGI_STR_ARG(x),
                    VGI_STR_ARG(y));
}
VGI_UNARY(inspect_point, echo_point_params, vgi_str, .doc = "Describe a Point.");

typedef struct add_floats_params {
    double a, b;
} add_floats_params;
VGI_STRUCT(add_floats_params, VGI_FIELD(add_floats_params, a),
           VGI_FIELD(add_floats_params, b));

static int add_floats(vgi_call *call, const add_floats_params *in, double *out)
{
    (void)call;
    *out = in->a + in->b;
    return VGI_OK;
}
VGI_UNARY(add_floats, add_floats_params, double, .doc = "Add two floats.");

typedef struct concatenate_params {
    vgi_str prefix, suffix, separator;
} concatenate_params;
VGI_STRUCT(concatenate_params, VGI_FIELD(concatenate_params, prefix),
           VGI_FIELD(concatenate_params, suffix),
           VGI_FIELD(concatenate_params, separator, .fallback = "\"-\""));

static int concatenate(vgi_call *call, const concatenate_params *in, vgi_str *out)
{
    const vgi_str parts[] = { in->prefix, in->separator, in->suffix };

    return vgi_concat(call, out, parts, 3);
}
VGI_UNARY(concatenate, concatenate_params, vgi_str,
          .doc = "Join prefix and suffix with separator.");

typedef struct with_defaults_params {
    int64_t required;
    vgi_str optional_str;
    int64_t optional_int;
} with_defaults_params;
VGI_STRUCT(with_defaults_params, VGI_FIELD(with_defaults_params, required),
           VGI_FIELD(with_defaults_params, optional_str, .fallback = "\"default\""),
           VGI_FIELD(with_defaults_params, optional_int, .fallback = "42"));

static int with_defaults(vgi_call *call, const with_defaults_params *in, vgi_str *out)
{
    vgi_str parts[] = { { 0 }, in->optional_str, { 0 } };
    int rc;

    if ((rc = vgi_strf(call, &parts[0],
                       "required=%" PRId64 ", optional_str=", in->required)) != VGI_OK ||
        (rc = vgi_strf(call, &parts[2], ", optional_int=%" PRId64, in->optional_int)) !=
            VGI_OK)
        return rc;
    return vgi_concat(call, out, parts, 3);
}
VGI_UNARY(with_defaults, with_defaults_params, vgi_str,
          .doc = "Show all parameters, defaults included.");

const vgi_method *const conformance_unary[] = {
    VGI_METHOD(echo_string),
    VGI_METHOD(echo_bytes),
    VGI_METHOD(oversized_unary),
    VGI_METHOD(echo_int),
    VGI_METHOD(echo_float),
    VGI_METHOD(echo_bool),
    VGI_METHOD(void_noop),
    VGI_METHOD(void_with_param),
    VGI_METHOD(echo_enum),
    VGI_METHOD(echo_list),
    VGI_METHOD(echo_dict),
    VGI_METHOD(echo_nested_list),
    VGI_METHOD(echo_optional_string),
    VGI_METHOD(echo_optional_int),
    VGI_METHOD(echo_point),
    VGI_METHOD(echo_all_types),
    VGI_METHOD(echo_bounding_box),
    VGI_METHOD(inspect_point),
    VGI_METHOD(echo_int32),
    VGI_METHOD(echo_float32),
    VGI_METHOD(echo_int8),
    VGI_METHOD(echo_int16),
    VGI_METHOD(echo_uint8),
    VGI_METHOD(echo_uint16),
    VGI_METHOD(echo_uint32),
    VGI_METHOD(echo_uint64),
    VGI_METHOD(echo_date),
    VGI_METHOD(echo_timestamp),
    VGI_METHOD(echo_timestamp_utc),
    VGI_METHOD(echo_time),
    VGI_METHOD(echo_duration),
    VGI_METHOD(echo_decimal),
    VGI_METHOD(echo_large_string),
    VGI_METHOD(echo_large_binary),
    VGI_METHOD(echo_fixed_binary),
    VGI_METHOD(echo_wide_types),
    VGI_METHOD(echo_container_wide_types),
    VGI_METHOD(echo_embedded_arrow),
    VGI_METHOD(echo_deep_nested),
    VGI_METHOD(echo_dict_encoded_string),
    VGI_METHOD(add_floats),
    VGI_METHOD(concatenate),
    VGI_METHOD(with_defaults),
    NULL,
};
