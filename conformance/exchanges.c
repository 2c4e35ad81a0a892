/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange streams. */
#include "types.h"

#include <inttypes.h>

static int exchange_scale_open(vgi_call *call, const factor_params *in, factor_params *st)
{
    (void)call;
    *st = *in; /* the parameters are the whole state */
    return VGI_OK;
}

static int exchange_scale_exchange(vgi_call *call, factor_params *st, const vgi_batch *in,
                                   vgi_output *out)
{
    (void)call;
    return conformance_scale(st->factor, in, out);
}
VGI_EXCHANGE(exchange_scale, factor_params, factor_params, value_row, value_row,
             .doc = "Multiply every value by factor.");

static int exchange_cast_compatible_open(vgi_call *call, const vgi_void *in,
                                         factor_params *st)
{
    (void)call, (void)in;
    st->factor = 1.0;
    return VGI_OK;
}

static int exchange_cast_compatible_exchange(vgi_call *call, factor_params *st,
                                             const vgi_batch *in, vgi_output *out)
{
    (void)call;
    return conformance_scale(st->factor, in, out);
}
VGI_EXCHANGE(exchange_cast_compatible, vgi_void, factor_params, value_row, value_row,
             .doc = "Echo values of any type that casts safely to float64.");

static int exchange_error_on_init_open(vgi_call *call, const vgi_void *in,
                                       factor_params *st)
{
    (void)in, (void)st;
    return vgi_fail(call, "RuntimeError", "intentional exchange init error");
}

static int exchange_error_on_init_exchange(vgi_call *call, factor_params *st,
                                           const vgi_batch *in, vgi_output *out)
{
    (void)call;
    return conformance_scale(st->factor, in, out);
}
VGI_EXCHANGE(exchange_error_on_init, vgi_void, factor_params, value_row, value_row,
             .doc = "Raise when the stream is opened.");

typedef struct sum_state {
    double running_sum;
    int64_t exchange_count;
} sum_state;
VGI_STRUCT(sum_state, VGI_FIELD(sum_state, running_sum),
           VGI_FIELD(sum_state, exchange_count));

typedef struct sum_row {
    const double *running_sum;
    const int64_t *exchange_count;
} sum_row;
VGI_STRUCT(sum_row, VGI_FIELD(sum_row, running_sum), VGI_FIELD(sum_row, exchange_count));

static int exchange_accumulate_open(vgi_call *call, const vgi_void *in, sum_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int exchange_accumulate_exchange(vgi_call *call, sum_state *st,
                                        const vgi_batch *in, vgi_output *out)
{
    const sum_row row = { &st->running_sum, &st->exchange_count };
    vgi_f64s values;
    size_t summed = 0;
    double sum = 0.0;
    int rc;

    if ((rc = vgi_batch_f64(in, "value", &values)) != VGI_OK)
        return rc;
    const bool nulls = conformance_has_nulls(in);
    for (size_t i = 0; i < values.count; i++) {
        if (nulls && vgi_batch_is_null(in, "value", (int64_t)i))
            continue;
        sum += values.items[i];
        summed++;
    }
    if (summed == 0) /* the sum of nothing is None, and the reference adds it */
        return vgi_fail(call, "TypeError",
                        "unsupported operand type(s) for +=: 'float' and 'NoneType'");
    st->running_sum += sum;
    st->exchange_count++;
    return vgi_output_row(out, VGI_FROM(sum_row, &row));
}
VGI_EXCHANGE(exchange_accumulate, vgi_void, sum_state, value_row, sum_row,
             .doc = "Return the running sum and the number of exchanges.");

static int exchange_with_logs_open(vgi_call *call, const vgi_void *in, no_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int exchange_with_logs_exchange(vgi_call *call, no_state *st, const vgi_batch *in,
                                       vgi_output *out)
{
    int rc;

    (void)st;
    if ((rc = vgi_log(call, VGI_LOG_INFO, "exchange processing")) != VGI_OK ||
        (rc = vgi_log(call, VGI_LOG_DEBUG, "exchange debug")) != VGI_OK)
        return rc;
    return vgi_output_batch(out, in);
}
VGI_EXCHANGE(exchange_with_logs, vgi_void, no_state, value_row, value_row,
             .doc = "Echo each batch after an INFO and a DEBUG log.");

typedef struct call_count_state {
    int64_t call_count;
} call_count_state;
VGI_STRUCT(call_count_state, VGI_FIELD(call_count_state, call_count));

static int exchange_zero_columns_open(vgi_call *call, const vgi_void *in,
                                      call_count_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int exchange_zero_columns_exchange(vgi_call *call, call_count_state *st,
                                          const vgi_batch *in, vgi_output *out)
{
    (void)call, (void)in;
    st->call_count++;
    return vgi_output_rows(out, 0);
}
VGI_EXCHANGE(exchange_zero_columns, vgi_void, call_count_state, vgi_void, vgi_void,
             .doc = "Take and return batches without columns.");

typedef struct fail_on_params {
    int64_t fail_on;
} fail_on_params;
VGI_STRUCT(fail_on_params, VGI_FIELD(fail_on_params, fail_on));

typedef struct fail_on_state {
    int64_t fail_on, exchange_count;
} fail_on_state;
VGI_STRUCT(fail_on_state, VGI_FIELD(fail_on_state, fail_on),
           VGI_FIELD(fail_on_state, exchange_count));

static int exchange_error_on_nth_open(vgi_call *call, const fail_on_params *in,
                                      fail_on_state *st)
{
    (void)call;
    st->fail_on = in->fail_on;
    return VGI_OK;
}

static int exchange_error_on_nth_exchange(vgi_call *call, fail_on_state *st,
                                          const vgi_batch *in, vgi_output *out)
{
    if (++st->exchange_count >= st->fail_on)
        return vgi_fail(call, "RuntimeError", "intentional error on exchange %" PRId64,
                        st->exchange_count);
    return vgi_output_batch(out, in);
}
VGI_EXCHANGE(exchange_error_on_nth, fail_on_params, fail_on_state, value_row, value_row,
             .doc = "Raise on exchange number fail_on (from 1).");

typedef struct rows_params {
    int64_t rows_per_batch;
} rows_params;
VGI_STRUCT(rows_params, VGI_FIELD(rows_params, rows_per_batch));

static int exchange_oversized_open(vgi_call *call, const rows_params *in, rows_params *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int exchange_oversized_exchange(vgi_call *call, rows_params *st,
                                       const vgi_batch *in, vgi_output *out)
{
    (void)call, (void)in;
    return conformance_counter_rows(out, 0, st->rows_per_batch);
}
VGI_EXCHANGE(exchange_oversized, rows_params, rows_params, value_row, counter_row,
             .doc = "Answer every batch with rows_per_batch rows.");

const vgi_method *const conformance_exchanges[] = {
    VGI_METHOD(exchange_scale),
    VGI_METHOD(exchange_accumulate),
    VGI_METHOD(exchange_with_logs),
    VGI_METHOD(exchange_zero_columns),
    VGI_METHOD(exchange_error_on_nth),
    VGI_METHOD(exchange_cast_compatible),
    VGI_METHOD(exchange_error_on_init),
    VGI_METHOD(exchange_oversized),
    NULL,
};
