/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a whole connection: requests, stream inputs, and what is neither. */
#include <stdlib.h>
#include <string.h>

#include <vgirpc/vgirpc.h>

#include "rpc/session.h"
#include "transport/mem/mem.h"

typedef enum colour { RED, GREEN } colour;
static const char *const colours[] = { "RED", "GREEN", NULL };
VGI_ENUM(colour, colours);

typedef struct point {
    double x, y;
} point;
VGI_STRUCT(point, VGI_FIELD(point, x), VGI_FIELD(point, y));

typedef struct everything {
    double a;
    vgi_str text;
    const int64_t *maybe;
    VGI_SLICE(int64_t) numbers;
    colour c;
    point p;
} everything;
VGI_STRUCT(everything, VGI_FIELD(everything, a), VGI_FIELD(everything, text),
           VGI_FIELD(everything, maybe), VGI_LIST(everything, numbers, int64_t),
           VGI_NESTED(everything, c, colour), VGI_NESTED(everything, p, point));

typedef struct pair {
    double a, b;
} pair;
VGI_STRUCT(pair, VGI_FIELD(pair, a), VGI_FIELD(pair, b));

typedef struct count_params {
    int64_t count;
} count_params;
VGI_STRUCT(count_params, VGI_FIELD(count_params, count));

typedef struct value {
    double value;
} value;
VGI_STRUCT(value, VGI_FIELD(value, value));

static int add(vgi_call *call, const pair *in, double *out)
{
    (void)call;
    *out = in->a + in->b;
    return VGI_OK;
}
VGI_UNARY(add, pair, double);

static int take(vgi_call *call, const everything *in, vgi_str *out)
{
    int rc = vgi_log(call, VGI_LOG_INFO, "%s of %zu", colours[in->c], in->numbers.count);

    *out = in->text;
    return rc;
}
VGI_UNARY(take, everything, vgi_str);

static int count_open(vgi_call *call, const count_params *in, count_params *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int count_next(vgi_call *call, count_params *st, vgi_output *out)
{
    (void)call;
    return st->count-- > 0 ? vgi_output_row(out, VGI_FROM(count_params, st))
                           : vgi_output_finish(out);
}
VGI_PRODUCER(count, count_params, count_params, count_params);

static int titled_open(vgi_call *call, const count_params *in, count_params *st)
{
    *st = *in;
    return in->count < 0 ? vgi_fail(call, "ValueError", "negative")
                         : vgi_call_header(call, VGI_FROM(count_params, in));
}

static int titled_next(vgi_call *call, count_params *st, vgi_output *out)
{
    return count_next(call, st, out);
}
VGI_PRODUCER(titled, count_params, count_params, count_params,
             .header = &vgi_type_count_params);

static int scale_open(vgi_call *call, const value *in, value *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int scale_exchange(vgi_call *call, value *st, const vgi_batch *in, vgi_output *out)
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
VGI_EXCHANGE(scale, value, value, value, value);

static const vgi_method *const methods[] = { VGI_METHOD(add),   VGI_METHOD(take),
                                             VGI_METHOD(count), VGI_METHOD(titled),
                                             VGI_METHOD(scale), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Fuzz", .version = "1.0.0",
                                     .methods = methods };

static vgi__registry *make_registry(void)
{
    const vgi_server_options o = { .size = sizeof(o), .server_id = "fuzz" };
    vgi__registry *r = NULL;

    if (vgi__registry_new(&r, &o, NULL) != VGI_OK ||
        vgi__registry_add(r, &service, NULL) != VGI_OK)
        abort();
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static vgi__registry *registry;
    const vgi__session_info info = { .transport = VGI_TRANSPORT_MEMORY };
    vgi__buffer out;
    vgi__io *io;

    if (!registry)
        registry = make_registry();
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    if (vgi__mem_open(&io, data, size, 0, &out, NULL, NULL) != VGI_OK)
        return 0;
    (void)vgi__session_run(registry, io, &info, NULL);
    vgi__io_close(io);
    vgi__buffer_free(&out);
    return 0;
}
