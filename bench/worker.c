/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-worker: the measured methods of the conformance service with next
 * to nothing in them, so that what is measured is the library. The counterpart
 * of reference_worker.py.
 */
#include <stdlib.h>
#include <threads.h>

#include <vgirpc/vgirpc.h>

/* ---- unary ---- */

static int void_noop(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    (void)call;
    (void)in;
    (void)out;
    return VGI_OK;
}
VGI_UNARY(void_noop, vgi_void, vgi_void);

typedef struct add_params {
    double a, b;
} add_params;
VGI_STRUCT(add_params, VGI_FIELD(add_params, a), VGI_FIELD(add_params, b));

static int add_floats(vgi_call *call, const add_params *in, double *out)
{
    (void)call;
    *out = in->a + in->b;
    return VGI_OK;
}
VGI_UNARY(add_floats, add_params, double);

typedef struct echo_params {
    vgi_bytes data;
} echo_params;
VGI_STRUCT(echo_params, VGI_FIELD(echo_params, data));

static int echo_bytes(vgi_call *call, const echo_params *in, vgi_bytes *out)
{
    (void)call;
    *out = in->data;
    return VGI_OK;
}
VGI_UNARY(echo_bytes, echo_params, vgi_bytes);

/* ---- producers: the same batch again and again, as the reference's worker has it ----
 */

enum { LARGE_ROWS = 32768 };

typedef struct produce_params {
    int64_t count;
} produce_params;
typedef struct produce_state {
    int64_t next;
} produce_state;
typedef struct large_params {
    int64_t rows_per_batch, batch_count;
} large_params;
typedef struct row {
    int64_t index, value;
} row;
typedef struct rows_state {
    int64_t rows;
} rows_state;
VGI_STRUCT(produce_params, VGI_FIELD(produce_params, count));
VGI_STRUCT(produce_state, VGI_FIELD(produce_state, next));
VGI_STRUCT(large_params, VGI_FIELD(large_params, rows_per_batch),
           VGI_FIELD(large_params, batch_count));
VGI_STRUCT(row, VGI_FIELD(row, index), VGI_FIELD(row, value));
VGI_STRUCT(rows_state, VGI_FIELD(rows_state, rows));

static int produce_n_open(vgi_call *call, const produce_params *in, produce_state *state)
{
    (void)call;
    (void)in;
    state->next = 0;
    return VGI_OK;
}

static int produce_n_next(vgi_call *call, produce_state *state, vgi_output *out)
{
    const row now = { state->next, state->next * 10 };

    (void)call;
    state->next++;
    return vgi_output_row(out, VGI_FROM(row, &now));
}
VGI_PRODUCER(produce_n, produce_params, produce_state, row);

static vgi_batch *numbers; /* what it emits; never freed */
static once_flag numbers_once = ONCE_FLAG_INIT;

static void make_numbers(void)
{
    row *rows = malloc(LARGE_ROWS * sizeof(*rows));

    if (!rows)
        return;
    for (int64_t i = 0; i < LARGE_ROWS; i++)
        rows[i] = (row){ i, i * 10 };
    vgi_batch_from_rows(&numbers, &vgi_type_row, rows, LARGE_ROWS, NULL);
    free(rows);
}

static int produce_large_batches_open(vgi_call *call, const large_params *in,
                                      rows_state *state)
{
    call_once(&numbers_once, make_numbers);
    state->rows = in->rows_per_batch;
    if (!numbers || state->rows != LARGE_ROWS)
        return vgi_fail(call, "ValueError", "only %d rows are prepared", LARGE_ROWS);
    return VGI_OK;
}

static int produce_large_batches_next(vgi_call *call, rows_state *state, vgi_output *out)
{
    (void)call;
    (void)state;
    return vgi_output_batch(out, numbers);
}
VGI_PRODUCER(produce_large_batches, large_params, rows_state, row);

/* ---- exchange ---- */

typedef struct scale_params {
    double factor;
} scale_params;
typedef struct scale_row {
    double value;
} scale_row;
VGI_STRUCT(scale_params, VGI_FIELD(scale_params, factor));
VGI_STRUCT(scale_row, VGI_FIELD(scale_row, value));

static int exchange_scale_open(vgi_call *call, const scale_params *in,
                               scale_params *state)
{
    (void)call;
    *state = *in;
    return VGI_OK;
}

static int exchange_scale_exchange(vgi_call *call, scale_params *state,
                                   const vgi_batch *in, vgi_output *out)
{
    vgi_f64s from;
    double *to;
    int rc;

    (void)call;
    if ((rc = vgi_batch_f64(in, "value", &from)) != VGI_OK ||
        (rc = vgi_output_f64(out, "value", from.count, &to)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < from.count; i++)
        to[i] = from.items[i] * state->factor;
    return VGI_OK;
}
VGI_EXCHANGE(exchange_scale, scale_params, scale_params, scale_row, scale_row);

static const vgi_method *const methods[] = {
    VGI_METHOD(void_noop),
    VGI_METHOD(add_floats),
    VGI_METHOD(echo_bytes),
    VGI_METHOD(produce_n),
    VGI_METHOD(produce_large_batches),
    VGI_METHOD(exchange_scale),
    NULL,
};
static const vgi_service service = { VGI_SERVICE_INIT, .name = "ConformanceService",
                                     .version = "2.0.0", .methods = methods };

int main(int argc, char **argv)
{
    return vgi_serve(&service, argc, argv);
}
