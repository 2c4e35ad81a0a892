/* SPDX-License-Identifier: Apache-2.0 */
/* Every public macro, expanded in C. Compiled, not linked. */
#include <vgirpc/vgirpc.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

VGI_BEGIN_DECLS
int say(const char *fmt, ...) VGI_PRINTF(1, 2);
int VGI_NODISCARD must_look(void);
VGI_API int exported(void);
VGI_END_DECLS

VGI_STATIC_ASSERT(VGI_VERSION_MAJOR * 10000 + VGI_VERSION_MINOR * 100 +
                          VGI_VERSION_PATCH >=
                      100,
                  "0.1.0 is the first version");
VGI_STATIC_ASSERT(sizeof(VGI_VERSION_STRING) >= sizeof("0.1.0"), "version text");
VGI_STATIC_ASSERT(VGI_ERROR_TYPE_SIZE + VGI_ERROR_MESSAGE_SIZE + sizeof(int) == 512,
                  "vgi_error");

#define COUNT(name, number, text) +1
VGI_STATIC_ASSERT(0 VGI_STATUS_MAP(COUNT) == 14, "statuses");

const vgi_limits limits = {
    .schema_bytes = VGI_DEFAULT_SCHEMA_BYTES,
    .fields = VGI_DEFAULT_FIELDS,
    .depth = VGI_DEFAULT_DEPTH,
    .name_bytes = VGI_DEFAULT_NAME_BYTES,
    .message_bytes = VGI_DEFAULT_MESSAGE_BYTES,
    .decompressed_bytes = VGI_DEFAULT_DECOMPRESSED_BYTES,
    .dictionary_bytes = VGI_DEFAULT_DICTIONARY_BYTES,
    .metadata_bytes = VGI_DEFAULT_METADATA_BYTES,
    .metadata_pairs = VGI_DEFAULT_METADATA_PAIRS,
    .arena_bytes = VGI_DEFAULT_ARENA_BYTES,
    .log_bytes = VGI_DEFAULT_LOG_BYTES,
};
char echo[VGI_ERROR_ECHO_BYTES];

/* ---- types: each kind of member, with and without attributes
 * --------------------------------- */

typedef enum color { RED, GREEN } color;
static const char *const color_names[] = { "RED", "GREEN", NULL };
VGI_ENUM(color, color_names);

typedef int32_t date;
VGI_SCALAR(date, int32_t, .arrow = "tdD");

typedef VGI_SLICE(int64_t) int_list;
VGI_LIST_TYPE(int_list, int64_t);

typedef struct pair {
    vgi_str key;
    double value;
} pair;
VGI_STRUCT(pair, VGI_FIELD(pair, key), VGI_FIELD(pair, value));

typedef VGI_SLICE(pair) dict;
VGI_LIST_TYPE(dict, pair, .arrow = "+m");

typedef const int64_t *maybe_int;
VGI_OPTIONAL_TYPE(maybe_int, int64_t);

typedef struct everything {
    bool flag;
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f32;
    double f64;
    vgi_str str;
    vgi_bytes bytes;
    const double *maybe;
    struct vgi_batch *batch;
    struct vgi_schema *schema;
    color shade;
    const color *maybe_shade;
    date day;
    pair one;
    const pair *maybe_one;
    VGI_SLICE(vgi_str) names;
    VGI_SLICE(pair) pairs;
    dict map;
} everything;

VGI_STRUCT(
    everything, VGI_FIELD(everything, flag), VGI_FIELD(everything, i8),
    VGI_FIELD(everything, i16), VGI_FIELD(everything, i32), VGI_FIELD(everything, i64),
    VGI_FIELD(everything, u8), VGI_FIELD(everything, u16), VGI_FIELD(everything, u32),
    VGI_FIELD(everything, u64), VGI_FIELD(everything, f32), VGI_FIELD(everything, f64),
    VGI_FIELD(everything, str, .nullable = true, .dictionary = "s"),
    VGI_FIELD(everything, bytes, .arrow = "w:8"),
    VGI_FIELD(everything, maybe, .doc = "may be missing", .fallback = "null"),
    VGI_FIELD(everything, batch), VGI_FIELD(everything, schema),
    VGI_NESTED(everything, shade, color), VGI_NESTED(everything, maybe_shade, color),
    VGI_NESTED(everything, day, date), VGI_NESTED(everything, one, pair),
    VGI_NESTED(everything, maybe_one, pair, .wire_name = "maybe"),
    VGI_LIST(everything, names, vgi_str),
    VGI_LIST(everything, pairs, pair, .doc = "pairs"), VGI_NESTED(everything, map, dict));

typedef struct handle {
    FILE *file;
} handle;
VGI_OPAQUE(handle);

/* ---- methods
 * -------------------------------------------------------------------------------- */

static int unary(vgi_call *call, const everything *in, double *out)
{
    *out = in->f64;
    return vgi_log(call, VGI_LOG_INFO, VGI_STR_FMT, VGI_STR_ARG(in->str));
}
VGI_UNARY(unary, everything, double);

static int flag(vgi_call *call, const vgi_void *in, bool *out)
{
    (void)call, (void)in;
    *out = true;
    return VGI_OK;
}
VGI_UNARY(flag, vgi_void, bool, .doc = "With attributes.", .name = "is_set");

static int nothing(vgi_call *call, const pair *in, vgi_void *out)
{
    (void)call, (void)in, (void)out;
    return VGI_OK;
}
VGI_UNARY(nothing, pair, vgi_void);

static int rows_open(vgi_call *call, const pair *in, pair *state)
{
    (void)call;
    *state = *in;
    return VGI_OK;
}
static int rows_next(vgi_call *call, pair *state, vgi_output *out)
{
    (void)call;
    state->key = VGI_LIT("key");
    return vgi_output_row(out, VGI_FROM(pair, state));
}
static void rows_cancel(vgi_call *call, pair *state)
{
    (void)call, (void)state;
}
static void rows_destroy(pair *state)
{
    (void)state;
}
VGI_ON_CANCEL(rows, pair);
VGI_ON_DESTROY(rows, pair);
VGI_PRODUCER(rows, pair, pair, pair, .cancel = VGI_CANCEL(rows),
             .destroy = VGI_DESTROY(rows), .header = &vgi_type_pair);

static int echo_open(vgi_call *call, const vgi_void *in, handle *state)
{
    (void)call, (void)in, (void)state;
    return VGI_OK;
}
static int echo_exchange(vgi_call *call, handle *state, const vgi_batch *in,
                         vgi_output *out)
{
    pair row;
    vgi_error err;
    (void)state;
    int rc = vgi_batch_row(in, 0, VGI_INTO(pair, &row), vgi_call_arena(call), &err);
    return rc ? rc : vgi_output_row(out, VGI_FROM(pair, &row));
}
VGI_EXCHANGE(echo, vgi_void, handle, pair, pair);

static const vgi_method *const methods[] = {
    VGI_METHOD(unary), VGI_METHOD(flag), VGI_METHOD(nothing),
    VGI_METHOD(rows),  VGI_METHOD(echo), NULL,
};
const vgi_service service = { VGI_SERVICE_INIT, .name = "All", .methods = methods };
const vgi_type *const types[] = { &vgi_type_maybe_int, &vgi_type_int_list };
const uint32_t abi = VGI_TYPE_ABI;
