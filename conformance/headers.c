/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that begin with a header, and a stream that chooses its schema. */
#include "types.h"

#include <inttypes.h>

static int send_header(vgi_call *call, int64_t total, vgi_str description)
{
    const conformance_header header = { .total_expected = total,
                                        .description = description };

    return vgi_call_header(call, VGI_FROM(conformance_header, &header));
}

/* As Python's %: never negative. */
static int64_t modulo(int64_t a, int64_t n)
{
    return (a % n + n) % n;
}

/* Everything in the rich header follows from the seed. */
static int send_rich_header(vgi_call *call, int64_t seed)
{
    const bool even = modulo(seed, 2) == 0;
    const uint8_t bytes[] = { (uint8_t)modulo(seed, 256), (uint8_t)modulo(seed + 1, 256),
                              (uint8_t)modulo(seed + 2, 256) };
    const int64_t ints[] = { seed, seed + 1, seed + 2 }, thrice = seed * 3;
    const i64s lists[] = { { ints, 2 }, { ints + 2, 1 } };
    const int_entry entries[] = { { VGI_LIT("a"), seed }, { VGI_LIT("b"), seed + 1 } };
    const point origin = { (double)seed, 0.0 };
    const point next = { (double)seed, (double)(seed + 1) };
    vgi_str items[2], name, optional, value;
    int rc;

    if ((rc = vgi_strf(call, &name, "seed-%" PRId64, seed)) != VGI_OK ||
        (rc = vgi_strf(call, &items[0], "item-%" PRId64, seed)) != VGI_OK ||
        (rc = vgi_strf(call, &items[1], "item-%" PRId64, seed + 1)) != VGI_OK ||
        (rc = vgi_strf(call, &optional, "opt-%" PRId64, seed)) != VGI_OK ||
        (rc = vgi_strf(call, &value, "val-%" PRId64, seed)) != VGI_OK)
        return rc;

    const str_entry strings[] = { { VGI_LIT("key"), value } };
    const rich_header header = {
        .str_field = name,
        .bytes_field = { bytes, sizeof(bytes) },
        .int_field = seed * 7,
        .float_field = (double)seed * 1.5,
        .bool_field = even,
        .list_of_int = { ints, 3 },
        .list_of_str = { items, 2 },
        .dict_field = { entries, 2 },
        .enum_field = (status)modulo(seed, STATUSES),
        .nested_point = { (double)seed, (double)(seed * 2) },
        .optional_str = even ? optional : (vgi_str){ 0 },
        .optional_int = even ? NULL : &thrice,
        .optional_nested = modulo(seed, 3) == 0 ? &origin : NULL,
        .list_of_nested = { &next, 1 },
        .annotated_int32 = (int32_t)modulo(seed, 1000),
        .annotated_float32 = (float)((double)seed / 3.0),
        .nested_list = { lists, 2 },
        .dict_str_str = { strings, 1 },
    };
    return vgi_call_header(call, VGI_FROM(rich_header, &header));
}

/* Seven times a seed must fit into an int64. */
static int check_seed(vgi_call *call, int64_t seed)
{
    if (seed > INT64_MAX / 7 - 2 || seed < INT64_MIN / 7)
        return vgi_fail(call, "OverflowError", "seed is too large: %" PRId64, seed);
    return VGI_OK;
}

static int produce_with_header_open(vgi_call *call, const count_params *in,
                                    counter_state *st)
{
    vgi_str text;
    const int rc = vgi_strf(call, &text, "producing %" PRId64 " batches", in->count);

    st->count = in->count;
    return rc != VGI_OK ? rc : send_header(call, in->count, text);
}

static int produce_with_header_next(vgi_call *call, counter_state *st, vgi_output *out)
{
    (void)call;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_with_header, count_params, counter_state, counter_row,
             .header = &vgi_type_conformance_header,
             .doc = "Produce count batches after a header.");

static int produce_with_header_and_logs_open(vgi_call *call, const count_params *in,
                                             counter_state *st)
{
    vgi_str text;
    int rc;

    st->count = in->count;
    if ((rc = vgi_log(call, VGI_LOG_INFO, "stream init log")) != VGI_OK ||
        (rc = vgi_strf(call, &text, "producing %" PRId64 " with logs", in->count)) !=
            VGI_OK)
        return rc;
    return send_header(call, in->count, text);
}

static int produce_with_header_and_logs_next(vgi_call *call, counter_state *st,
                                             vgi_output *out)
{
    (void)call;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_with_header_and_logs, count_params, counter_state, counter_row,
             .header = &vgi_type_conformance_header,
             .doc = "Produce count batches after a log and a header.");

static int exchange_with_header_open(vgi_call *call, const factor_params *in,
                                     factor_params *st)
{
    vgi_str factor, text;
    int rc;

    *st = *in;
    if ((rc = conformance_float_text(call, &factor, in->factor)) != VGI_OK ||
        (rc = vgi_strf(call, &text, "scale by " VGI_STR_FMT, VGI_STR_ARG(factor))) !=
            VGI_OK)
        return rc;
    return send_header(call, 0, text);
}

static int exchange_with_header_exchange(vgi_call *call, factor_params *st,
                                         const vgi_batch *in, vgi_output *out)
{
    (void)call;
    return conformance_scale(st->factor, in, out);
}
VGI_EXCHANGE(exchange_with_header, factor_params, factor_params, value_row, value_row,
             .header = &vgi_type_conformance_header,
             .doc = "Multiply every value by factor, after a header.");

typedef struct seed_count_params {
    int64_t seed, count;
} seed_count_params;
VGI_STRUCT(seed_count_params,
           VGI_FIELD(seed_count_params, seed,
                     .doc = "Determines everything in the header."),
           VGI_FIELD(seed_count_params, count, .doc = "How many batches to produce."));

static int produce_with_rich_header_open(vgi_call *call, const seed_count_params *in,
                                         counter_state *st)
{
    const int rc = check_seed(call, in->seed);

    st->count = in->count;
    return rc != VGI_OK ? rc : send_rich_header(call, in->seed);
}

static int produce_with_rich_header_next(vgi_call *call, counter_state *st,
                                         vgi_output *out)
{
    (void)call;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_with_rich_header, seed_count_params, counter_state, counter_row,
             .header = &vgi_type_rich_header,
             .doc = "Produce count batches after a header of every type.");

typedef struct seed_factor_params {
    int64_t seed;
    double factor;
} seed_factor_params;
VGI_STRUCT(seed_factor_params,
           VGI_FIELD(seed_factor_params, seed,
                     .doc = "Determines everything in the header."),
           VGI_FIELD(seed_factor_params, factor, .doc = "Multiplies every value."));

static int exchange_with_rich_header_open(vgi_call *call, const seed_factor_params *in,
                                          factor_params *st)
{
    const int rc = check_seed(call, in->seed);

    st->factor = in->factor;
    return rc != VGI_OK ? rc : send_rich_header(call, in->seed);
}

static int exchange_with_rich_header_exchange(vgi_call *call, factor_params *st,
                                              const vgi_batch *in, vgi_output *out)
{
    (void)call;
    return conformance_scale(st->factor, in, out);
}
VGI_EXCHANGE(exchange_with_rich_header, seed_factor_params, factor_params, value_row,
             value_row, .header = &vgi_type_rich_header,
             .doc = "Multiply every value by factor, after a header of every type.");

typedef struct dynamic_params {
    int64_t seed, count;
    bool include_strings, include_floats;
} dynamic_params;
VGI_STRUCT(dynamic_params,
           VGI_FIELD(dynamic_params, seed, .doc = "Determines everything in the header."),
           VGI_FIELD(dynamic_params, count, .doc = "How many batches to produce."),
           VGI_FIELD(dynamic_params, include_strings, .doc = "Add a column label."),
           VGI_FIELD(dynamic_params, include_floats, .doc = "Add a column score."));

typedef struct dynamic_state {
    int64_t count;
    bool include_strings, include_floats;
    int64_t current;
} dynamic_state;
VGI_STRUCT(dynamic_state, VGI_FIELD(dynamic_state, count),
           VGI_FIELD(dynamic_state, include_strings),
           VGI_FIELD(dynamic_state, include_floats), VGI_FIELD(dynamic_state, current));

typedef struct dynamic_row {
    int64_t index;
    vgi_str label;
    double score;
} dynamic_row;
VGI_STRUCT(dynamic_row, VGI_FIELD(dynamic_row, index),
           VGI_FIELD(dynamic_row, label, .nullable = true),
           VGI_FIELD(dynamic_row, score));

static int choose_schema(vgi_call *call, const dynamic_params *in)
{
    vgi_column columns[3] = { { .name = "index", .format = "l", .nullable = true } };
    vgi_error err = { 0 };
    vgi_schema *schema;
    size_t n = 1;
    int rc;

    if (in->include_strings)
        columns[n++] = (vgi_column){ .name = "label", .format = "u", .nullable = true };
    if (in->include_floats)
        columns[n++] = (vgi_column){ .name = "score", .format = "g", .nullable = true };
    if ((rc = vgi_schema_build(&schema, columns, n, &err)) != VGI_OK)
        return vgi_fail(call, err.type, "%s", err.message);
    rc = vgi_call_output_schema(call, schema);
    vgi_schema_unref(schema);
    return rc;
}

static int produce_dynamic_schema_open(vgi_call *call, const dynamic_params *in,
                                       dynamic_state *st)
{
    int rc;

    st->count = in->count;
    st->include_strings = in->include_strings;
    st->include_floats = in->include_floats;
    if ((rc = check_seed(call, in->seed)) != VGI_OK ||
        (rc = choose_schema(call, in)) != VGI_OK)
        return rc;
    return send_rich_header(call, in->seed);
}

static int produce_dynamic_schema_next(vgi_call *call, dynamic_state *st, vgi_output *out)
{
    dynamic_row row = { .index = st->current, .score = (double)st->current * 1.5 };
    int rc;

    if (st->current >= st->count)
        return vgi_output_finish(out);
    if ((rc = vgi_strf(call, &row.label, "row-%" PRId64, st->current++)) != VGI_OK)
        return rc;
    /* The row may have more columns than the stream: they are dropped. */
    return vgi_output_row(out, VGI_FROM(dynamic_row, &row));
}
VGI_PRODUCER(produce_dynamic_schema, dynamic_params, dynamic_state, dynamic_row,
             .header = &vgi_type_rich_header,
             .doc = "Produce rows whose columns the parameters choose.");

const vgi_method *const conformance_headers[] = {
    VGI_METHOD(produce_with_header),
    VGI_METHOD(produce_with_header_and_logs),
    VGI_METHOD(exchange_with_header),
    VGI_METHOD(produce_with_rich_header),
    VGI_METHOD(exchange_with_rich_header),
    VGI_METHOD(produce_dynamic_schema),
    NULL,
};
