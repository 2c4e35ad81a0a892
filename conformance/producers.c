/* SPDX-License-Identifier: Apache-2.0 */
/* Producer streams. */
#include "types.h"

#include <inttypes.h>

static int produce_n_open(vgi_call *call, const count_params *in, counter_state *st)
{
    (void)call;
    st->count = in->count;
    return VGI_OK;
}

static int produce_n_next(vgi_call *call, counter_state *st, vgi_output *out)
{
    (void)call;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_n, count_params, counter_state, counter_row,
             .doc = "Produce count batches of {index, value}.");

static int produce_empty_open(vgi_call *call, const vgi_void *in, no_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int produce_empty_next(vgi_call *call, no_state *st, vgi_output *out)
{
    (void)call, (void)st;
    return vgi_output_finish(out);
}
VGI_PRODUCER(produce_empty, vgi_void, no_state, counter_row,
             .doc = "Produce no batch at all.");

typedef struct once_state {
    bool emitted;
} once_state;
VGI_STRUCT(once_state, VGI_FIELD(once_state, emitted));

static int produce_single_open(vgi_call *call, const vgi_void *in, once_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int produce_single_next(vgi_call *call, once_state *st, vgi_output *out)
{
    (void)call;
    if (st->emitted)
        return vgi_output_finish(out);
    st->emitted = true;
    return conformance_counter_rows(out, 0, 1);
}
VGI_PRODUCER(produce_single, vgi_void, once_state, counter_row,
             .doc = "Produce exactly one batch.");

typedef struct large_params {
    int64_t rows_per_batch, batch_count;
} large_params;
VGI_STRUCT(large_params, VGI_FIELD(large_params, rows_per_batch),
           VGI_FIELD(large_params, batch_count));

typedef struct large_state {
    int64_t rows_per_batch, batch_count, current;
} large_state;
VGI_STRUCT(large_state, VGI_FIELD(large_state, rows_per_batch),
           VGI_FIELD(large_state, batch_count), VGI_FIELD(large_state, current));

static int produce_large_batches_open(vgi_call *call, const large_params *in,
                                      large_state *st)
{
    (void)call;
    st->rows_per_batch = in->rows_per_batch;
    st->batch_count = in->batch_count;
    return VGI_OK;
}

static int produce_large_batches_next(vgi_call *call, large_state *st, vgi_output *out)
{
    (void)call;
    if (st->current >= st->batch_count)
        return vgi_output_finish(out);
    const uint64_t first = (uint64_t)st->current++ * (uint64_t)st->rows_per_batch;

    return conformance_counter_rows(out, (int64_t)first, st->rows_per_batch);
}
VGI_PRODUCER(produce_large_batches, large_params, large_state, counter_row,
             .doc = "Produce batch_count batches of rows_per_batch rows each.");

static int produce_with_logs_open(vgi_call *call, const count_params *in,
                                  counter_state *st)
{
    (void)call;
    st->count = in->count;
    return VGI_OK;
}

static int produce_with_logs_next(vgi_call *call, counter_state *st, vgi_output *out)
{
    int rc;

    if (st->current < st->count &&
        (rc = vgi_log(call, VGI_LOG_INFO, "producing batch %" PRId64, st->current)) !=
            VGI_OK)
        return rc;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_with_logs, count_params, counter_state, counter_row,
             .doc = "Produce batches with an INFO log before each.");

typedef struct error_after_params {
    int64_t emit_before_error;
} error_after_params;
VGI_STRUCT(error_after_params, VGI_FIELD(error_after_params, emit_before_error));

typedef struct error_after_state {
    int64_t emit_before_error, current;
} error_after_state;
VGI_STRUCT(error_after_state, VGI_FIELD(error_after_state, emit_before_error),
           VGI_FIELD(error_after_state, current));

static int produce_error_mid_stream_open(vgi_call *call, const error_after_params *in,
                                         error_after_state *st)
{
    (void)call;
    st->emit_before_error = in->emit_before_error;
    return VGI_OK;
}

static int produce_error_mid_stream_next(vgi_call *call, error_after_state *st,
                                         vgi_output *out)
{
    if (st->current >= st->emit_before_error)
        return vgi_fail(call, "RuntimeError",
                        "intentional error after %" PRId64 " batches",
                        st->emit_before_error);
    return conformance_counter_rows(out, st->current++, 1);
}
VGI_PRODUCER(produce_error_mid_stream, error_after_params, error_after_state, counter_row,
             .doc = "Raise after emit_before_error batches.");

static int produce_error_on_init_open(vgi_call *call, const vgi_void *in,
                                      counter_state *st)
{
    (void)in, (void)st;
    return vgi_fail(call, "RuntimeError", "intentional init error");
}

static int produce_error_on_init_next(vgi_call *call, counter_state *st, vgi_output *out)
{
    (void)call;
    return conformance_count(st, out);
}
VGI_PRODUCER(produce_error_on_init, vgi_void, counter_state, counter_row,
             .doc = "Raise when the stream is opened.");

typedef struct oversized_batch_params {
    int64_t rows_per_batch;
} oversized_batch_params;
VGI_STRUCT(oversized_batch_params, VGI_FIELD(oversized_batch_params, rows_per_batch));

typedef struct oversized_batch_state {
    int64_t rows_per_batch;
    bool emitted;
} oversized_batch_state;
VGI_STRUCT(oversized_batch_state, VGI_FIELD(oversized_batch_state, rows_per_batch),
           VGI_FIELD(oversized_batch_state, emitted));

static int produce_oversized_batch_open(vgi_call *call, const oversized_batch_params *in,
                                        oversized_batch_state *st)
{
    (void)call;
    st->rows_per_batch = in->rows_per_batch;
    return VGI_OK;
}

static int produce_oversized_batch_next(vgi_call *call, oversized_batch_state *st,
                                        vgi_output *out)
{
    (void)call;
    if (st->emitted)
        return vgi_output_finish(out);
    st->emitted = true;
    return conformance_counter_rows(out, 0, st->rows_per_batch);
}
VGI_PRODUCER(produce_oversized_batch, oversized_batch_params, oversized_batch_state,
             counter_row, .doc = "Produce one batch of rows_per_batch rows.");

const vgi_method *const conformance_producers[] = {
    VGI_METHOD(produce_n),
    VGI_METHOD(produce_empty),
    VGI_METHOD(produce_single),
    VGI_METHOD(produce_large_batches),
    VGI_METHOD(produce_with_logs),
    VGI_METHOD(produce_error_mid_stream),
    VGI_METHOD(produce_error_on_init),
    VGI_METHOD(produce_oversized_batch),
    NULL,
};
