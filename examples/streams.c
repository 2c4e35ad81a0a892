/* SPDX-License-Identifier: Apache-2.0 */
/* Both kinds of stream: a producer of rows and an exchange of whole columns.
 *
 * RUN: vgirpc stream exec:streams count_up count=3
 * OUTPUT: {"index":0,"value":0}
 * OUTPUT: {"index":1,"value":10}
 * OUTPUT: {"index":2,"value":20}
 */
#include <inttypes.h>
#include <vgirpc/vgirpc.h>

/* A producer: the server sends rows until it says finish. */

typedef struct count_params {
    int64_t count;
} count_params;
typedef struct count_state {
    int64_t count, next;
} count_state;
typedef struct count_row {
    int64_t index, value;
} count_row;

VGI_STRUCT(count_params, VGI_FIELD(count_params, count));
VGI_STRUCT(count_state, VGI_FIELD(count_state, count), VGI_FIELD(count_state, next));
VGI_STRUCT(count_row, VGI_FIELD(count_row, index), VGI_FIELD(count_row, value));

static int count_up_open(vgi_call *call, const count_params *in, count_state *st)
{
    if (in->count < 0)
        return vgi_fail(call, "ValueError", "count is negative: %" PRId64, in->count);
    st->count = in->count;
    return VGI_OK;
}

static int count_up_next(vgi_call *call, count_state *st, vgi_output *out)
{
    const count_row row = { .index = st->next, .value = st->next * 10 };

    (void)call;
    if (st->next == st->count)
        return vgi_output_finish(out);
    st->next++;
    return vgi_output_row(out, VGI_FROM(count_row, &row));
}
VGI_PRODUCER(count_up, count_params, count_state, count_row,
             .doc = "Send count rows of {index, value}.");

/* An exchange: one batch out for each batch in, whole columns at a time. */

typedef struct scale_state {
    double factor;
} scale_state;
typedef struct scale_row {
    double value;
} scale_row;

VGI_STRUCT(scale_state, VGI_FIELD(scale_state, factor));
VGI_STRUCT(scale_row, VGI_FIELD(scale_row, value));

static int scale_open(vgi_call *call, const scale_state *in, scale_state *st)
{
    (void)call;
    *st = *in; /* the parameters are the whole state */
    return VGI_OK;
}

static int scale_exchange(vgi_call *call, scale_state *st, const vgi_batch *in,
                          vgi_output *out)
{
    vgi_f64s x;
    double *y;
    int rc;

    (void)call;
    if ((rc = vgi_batch_f64(in, "value", &x)) != VGI_OK ||
        (rc = vgi_output_f64(out, "value", x.count, &y)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < x.count; i++)
        y[i] = x.items[i] * st->factor;
    return VGI_OK; /* the batch goes out when the handler returns */
}
VGI_EXCHANGE(scale, scale_state, scale_state, scale_row, scale_row,
             .doc = "Multiply each value by factor.");

static const vgi_method *const methods[] = { VGI_METHOD(count_up), VGI_METHOD(scale),
                                             NULL };
static const vgi_service streams = { VGI_SERVICE_INIT, .name = "Streams",
                                     .methods = methods };

int main(int argc, char **argv)
{
    return vgi_serve(&streams, argc, argv);
}
