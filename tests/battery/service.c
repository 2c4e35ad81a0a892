/* SPDX-License-Identifier: Apache-2.0 */
/* What the battery calls. */
#include "rig.h"

#include <inttypes.h>

typedef struct number {
    int64_t value;
} number;
VGI_STRUCT(number, VGI_FIELD(number, value));

typedef struct blob {
    vgi_bytes data;
} blob;
VGI_STRUCT(blob, VGI_FIELD(blob, data));

static int twice(vgi_call *call, const number *in, int64_t *out)
{
    (void)call;
    *out = in->value * 2;
    return VGI_OK;
}
VGI_UNARY(twice, number, int64_t);

static int nothing(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    (void)call, (void)in, (void)out;
    return VGI_OK;
}
VGI_UNARY(nothing, vgi_void, vgi_void);

static int refuse(vgi_call *call, const number *in, int64_t *out)
{
    (void)out;
    return vgi_fail(call, "ValueError", "%" PRId64 " is refused", in->value);
}
VGI_UNARY(refuse, number, int64_t);

static int chatter(vgi_call *call, const number *in, int64_t *out)
{
    for (int64_t i = 0; i < in->value; i++)
        vgi_log(call, VGI_LOG_INFO, "line %" PRId64, i);
    *out = in->value;
    return VGI_OK;
}
VGI_UNARY(chatter, number, int64_t);

static int kind(vgi_call *call, const vgi_void *in, vgi_str *out)
{
    (void)in;
    *out = vgi_str_from(vgi_transport_name(vgi_call_transport(call)));
    return VGI_OK;
}
VGI_UNARY(kind, vgi_void, vgi_str);

static int echo(vgi_call *call, const blob *in, vgi_bytes *out)
{
    (void)call;
    *out = in->data;
    return VGI_OK;
}
VGI_UNARY(echo, blob, vgi_bytes);

/* Rows value, value - 1, ... 1; a negative number fails to open, 13 fails on the way. */
static int countdown_open(vgi_call *call, const number *in, number *st)
{
    if (in->value < 0)
        return vgi_fail(call, "ValueError", "cannot count down from %" PRId64, in->value);
    *st = *in;
    return VGI_OK;
}

static int countdown_next(vgi_call *call, number *st, vgi_output *out)
{
    int rc;

    if (st->value == 13)
        return vgi_fail(call, "RuntimeError", "unlucky");
    if (st->value == 0)
        return vgi_output_finish(out);
    rc = vgi_output_row(out, VGI_FROM(number, st));
    st->value--;
    return rc;
}
VGI_PRODUCER(countdown, number, number, number);

static atomic_int cancelled;

int battery_cancelled(void)
{
    return atomic_load(&cancelled);
}

/* The running sum of what came; adding 13 fails. */
static int sum_open(vgi_call *call, const number *in, number *st)
{
    if (in->value < 0)
        return vgi_fail(call, "ValueError", "cannot start at %" PRId64, in->value);
    *st = *in;
    return VGI_OK;
}

static int sum_exchange(vgi_call *call, number *st, const vgi_batch *in, vgi_output *out)
{
    vgi_i64s values;
    int rc = vgi_batch_i64(in, "value", &values);

    if (rc != VGI_OK)
        return rc;
    for (size_t i = 0; i < values.count; i++) {
        if (values.items[i] == 13)
            return vgi_fail(call, "RuntimeError", "unlucky");
        st->value += values.items[i];
    }
    return vgi_output_row(out, VGI_FROM(number, st));
}

static void sum_cancel(vgi_call *call, number *st)
{
    (void)call, (void)st;
    atomic_fetch_add(&cancelled, 1);
}
VGI_ON_CANCEL(sum, number);
VGI_EXCHANGE(sum, number, number, number, number, .cancel = VGI_CANCEL(sum));

static const vgi_method *const methods[] = {
    VGI_METHOD(twice),     VGI_METHOD(nothing), VGI_METHOD(refuse),
    VGI_METHOD(chatter),   VGI_METHOD(kind),    VGI_METHOD(echo),
    VGI_METHOD(countdown), VGI_METHOD(sum),     NULL,
};
const vgi_service battery_service = { VGI_SERVICE_INIT, .name = "Battery",
                                      .methods = methods };
