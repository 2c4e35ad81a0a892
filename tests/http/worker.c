/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http-worker: two methods of the conformance service for tests of the transport, with
 * limits from the environment: HEADER_MS, IDLE_MS, WRITE_MS, BODY_RATE, and NAP_MS, the
 * time that void_noop sleeps.
 */
#include <stdlib.h>
#include <threads.h>

#include <vgirpc/http.h>
#include <vgirpc/vgirpc.h>

static unsigned setting(const char *name)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static int void_noop(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    const unsigned ms = setting("NAP_MS");
    const struct timespec nap = { .tv_sec = ms / 1000,
                                  .tv_nsec = (long)(ms % 1000) * 1000000 };

    (void)call;
    (void)in;
    (void)out;
    thrd_sleep(&nap, NULL);
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

static const vgi_method *const methods[] = { VGI_METHOD(void_noop),
                                             VGI_METHOD(add_floats), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "ConformanceService",
                                     .version = "2.0.0", .methods = methods };

int main(int argc, char **argv)
{
    const vgi_http_options options = { .size = sizeof(options),
                                       .header_timeout_ms = setting("HEADER_MS"),
                                       .idle_timeout_ms = setting("IDLE_MS"),
                                       .write_timeout_ms = setting("WRITE_MS"),
                                       .body_bytes_per_second = setting("BODY_RATE") };

    if (vgi_http_register(&options) != VGI_OK)
        return 1;
    return vgi_serve(&service, argc, argv);
}
