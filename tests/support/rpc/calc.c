/* SPDX-License-Identifier: Apache-2.0 */
#include "calc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

calc_seen calc_saw;

/* ---- unary ---- */

static int add(vgi_call *call, const calc_pair *in, double *out)
{
    (void)call;
    *out = in->a + in->b;
    return VGI_OK;
}
VGI_UNARY(add, calc_pair, double, .doc = "Add two numbers.");

static int echo(vgi_call *call, const calc_text *in, vgi_str *out)
{
    (void)call;
    *out = in->text;
    return VGI_OK;
}
VGI_UNARY(echo, calc_text, vgi_str);

static int blob(vgi_call *call, const calc_count *in, vgi_bytes *out)
{
    const size_t n = (size_t)in->count;
    uint8_t *data = vgi_call_alloc(call, n);

    if (!data)
        return VGI_ENOMEM;
    memset(data, 'x', n);
    *out = (vgi_bytes){ data, n };
    return VGI_OK;
}
VGI_UNARY(blob, calc_count, vgi_bytes);

static int silent(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    (void)call;
    (void)in;
    (void)out;
    return VGI_OK;
}
VGI_UNARY(silent, vgi_void, vgi_void);

static int log_twice(vgi_call *call, const calc_text *in, vgi_str *out)
{
    const vgi_pair extra = { VGI_LIT("who"), in->text };
    int rc = vgi_log(call, VGI_LOG_INFO, "first %s", "one");

    if (rc == VGI_OK)
        rc = vgi_log_with(call, VGI_LOG_DEBUG, VGI_LIT("second"), &extra, 1);
    *out = in->text;
    return rc;
}
VGI_UNARY(log_twice, calc_text, vgi_str);

/* How a handler can fail: the text says which way. */
static int fail(vgi_call *call, const calc_text *in, vgi_str *out)
{
    const vgi_failure whole = { .size = sizeof(whole),
                                .type = "NotThereError",
                                .message = "no such thing",
                                .code = "NOT_FOUND",
                                .kind = "thing_missing",
                                .details = "[{\"@type\":\"x.Y\"}]" };

    *out = (vgi_str){ NULL, 0 };
    (void)vgi_log(call, VGI_LOG_WARN, "about to fail");
    if (vgi_str_eq(in->text, "fail"))
        return vgi_fail(call, "ValueError", "bad: %d", 42);
    if (vgi_str_eq(in->text, "with"))
        return vgi_fail_with(call, &whole);
    if (vgi_str_eq(in->text, "status"))
        return VGI_ENOTFOUND;
    if (vgi_str_eq(in->text, "library"))
        return vgi_call_header(call, &vgi_type_calc_header, NULL);
    *out = VGI_LIT("\xff\xfe"); /* no UTF-8: the result does not fit */
    return VGI_OK;
}
VGI_UNARY(fail, calc_text, vgi_str);

/* ---- producers ---- */

typedef struct count_state {
    int64_t count, next;
} count_state;
VGI_STRUCT(count_state, VGI_FIELD(count_state, count), VGI_FIELD(count_state, next));

static void count_destroy(count_state *st)
{
    (void)st;
    calc_saw.destroyed++;
}
VGI_ON_DESTROY(count, count_state);

static void count_cancel(vgi_call *call, count_state *st)
{
    (void)st;
    calc_saw.cancelled++;
    (void)vgi_log(call, VGI_LOG_INFO, "cancelled");
}
VGI_ON_CANCEL(count, count_state);

static int count_open(vgi_call *call, const calc_count *in, count_state *st)
{
    calc_saw.opened++;
    if (in->count < 0)
        return vgi_fail(call, "ValueError", "count is negative: %" PRId64, in->count);
    st->count = in->count;
    return vgi_log(call, VGI_LOG_INFO, "counting to %" PRId64, in->count);
}

static int count_next(vgi_call *call, count_state *st, vgi_output *out)
{
    const calc_row row = { st->next };
    vgi_metadata tick = vgi_call_turn_metadata(call);
    vgi_str value;

    if (vgi_metadata_get(&tick, "tick", &value))
        (void)snprintf(calc_saw.tick, sizeof(calc_saw.tick), VGI_STR_FMT,
                       VGI_STR_ARG(value));
    if (st->next == st->count)
        return vgi_output_finish(out);
    st->next++;
    int rc = vgi_output_metadata(out, "index", VGI_LIT("yes"));
    return rc == VGI_OK ? vgi_output_row(out, VGI_FROM(calc_row, &row)) : rc;
}
VGI_PRODUCER(count, calc_count, count_state, calc_row, .cancel = VGI_CANCEL(count),
             .destroy = VGI_DESTROY(count));

/* Turns that break a rule: nothing sent, two batches, then a failure. */
static int bad_turns_open(vgi_call *call, const calc_count *in, count_state *st)
{
    (void)call;
    st->next = in->count;
    return VGI_OK;
}

static int bad_turns_next(vgi_call *call, count_state *st, vgi_output *out)
{
    const calc_row row = { 7 };
    int rc;

    if (st->next == 0)
        return VGI_OK;
    if ((rc = vgi_output_row(out, VGI_FROM(calc_row, &row))) != VGI_OK)
        return rc;
    if (st->next == 2)
        return vgi_fail(call, "ValueError", "in the middle");
    if ((rc = vgi_output_emit(out)) != VGI_OK)
        return rc;
    (void)vgi_output_emit(out);
    return VGI_OK;
}
VGI_PRODUCER(bad_turns, calc_count, count_state, calc_row);

/* The header: set, missing, or a failure before it. */
static int titled_open(vgi_call *call, const calc_count *in, count_state *st)
{
    const calc_header header = { VGI_LIT("counting"), in->count };

    st->count = in->count;
    (void)vgi_log(call, VGI_LOG_INFO, "before the header");
    if (in->count == 13)
        return VGI_OK;
    if (in->count < 0)
        return vgi_fail(call, "ValueError", "no header for you");
    return vgi_call_header(call, VGI_FROM(calc_header, &header));
}

static int titled_next(vgi_call *call, count_state *st, vgi_output *out)
{
    const calc_row row = { st->next };

    (void)vgi_log(call, VGI_LOG_INFO, "turn");
    if (++st->next >= st->count) {
        int rc = vgi_output_finish(out); /* together with the last batch */
        if (rc != VGI_OK)
            return rc;
    }
    return vgi_output_row(out, VGI_FROM(calc_row, &row));
}
VGI_PRODUCER(titled, calc_count, count_state, calc_row, .header = &vgi_type_calc_header);

/* ---- exchanges ---- */

static int scale_open(vgi_call *call, const calc_value *in, calc_value *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int scale_exchange(vgi_call *call, calc_value *st, const vgi_batch *in,
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
        y[i] = x.items[i] * st->value;
    return VGI_OK;
}
VGI_EXCHANGE(scale, calc_value, calc_value, calc_value, calc_value);

/* What exchanges may not do, and what they can: the factor says what. */
static int odd_exchange(vgi_call *call, calc_value *st, const vgi_batch *in,
                        vgi_output *out)
{
    vgi_i64s items;

    (void)call;
    if (st->value == 1)
        return vgi_output_finish(out);
    if (st->value == 2)
        return vgi_batch_i64(in, "nothing", &items);
    if (st->value == 3)
        return VGI_OK;
    return vgi_output_batch(out, in);
}
static int odd_open(vgi_call *call, const calc_value *in, calc_value *st)
{
    return scale_open(call, in, st);
}
VGI_EXCHANGE(odd, calc_value, calc_value, calc_value, calc_value);

/* Batches without columns, whose rows count. */
static int rows_open(vgi_call *call, const vgi_void *in, calc_count *st)
{
    (void)call;
    (void)in;
    (void)st;
    return VGI_OK;
}

static int rows_exchange(vgi_call *call, calc_count *st, const vgi_batch *in,
                         vgi_output *out)
{
    (void)call;
    (void)st;
    return vgi_output_rows(out, 2 * vgi_batch_rows(in));
}
VGI_EXCHANGE(rows, vgi_void, calc_count, vgi_void, vgi_void);

static const vgi_method *const methods[] = {
    VGI_METHOD(add),
    VGI_METHOD(echo),
    VGI_METHOD(blob),
    VGI_METHOD(silent),
    VGI_METHOD(log_twice),
    VGI_METHOD(fail),
    VGI_METHOD(count),
    VGI_METHOD(bad_turns),
    VGI_METHOD(titled),
    VGI_METHOD(scale),
    VGI_METHOD(odd),
    VGI_METHOD(rows),
    NULL,
};
const vgi_service calc_service = { VGI_SERVICE_INIT, .name = "Calc", .version = "2.0.0",
                                   .methods = methods };

/* ---- the other service ---- */

static int minus(vgi_call *call, const calc_pair *in, double *out)
{
    (void)call;
    *out = in->a - in->b;
    return VGI_OK;
}
VGI_UNARY(minus, calc_pair, double, .name = "add");

static const vgi_method *const other_methods[] = { VGI_METHOD(minus), NULL };
const vgi_service calc_other = { VGI_SERVICE_INIT, .name = "other.Calc",
                                 .methods = other_methods };
