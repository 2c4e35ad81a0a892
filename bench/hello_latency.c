/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-hello URL [CALLS]: how long a call of the hello example takes
 * from C, the whole way there and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <vgirpc/client.h>

typedef struct hello_params {
    vgi_str name, greeting;
} hello_params;
VGI_STRUCT(hello_params, VGI_FIELD(hello_params, name),
           VGI_FIELD(hello_params, greeting));

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int call_many(vgi_client *client, double *us, size_t calls, vgi_error *err)
{
    const hello_params params = { VGI_LIT("World"), VGI_LIT("Hello") };
    vgi_arena mem = { 0 };
    vgi_str text;
    int rc = VGI_OK;

    for (size_t i = 0; i < calls && rc == VGI_OK; i++) {
        double start = now_us();
        rc = vgi_client_call(client, "hello", VGI_FROM(hello_params, &params),
                             VGI_INTO(vgi_str, &text), &mem, err);
        us[i] = now_us() - start;
        vgi_arena_reset(&mem);
    }
    vgi_arena_free(&mem);
    return rc;
}

int main(int argc, char **argv)
{
    size_t calls = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
    double *us = calloc(calls, sizeof(*us));
    vgi_client *client = NULL;
    vgi_error err = { 0 };
    int rc = VGI_ENOMEM;

    if (argc < 2 || calls == 0) {
        fputs("usage: vgirpc-bench-hello URL [CALLS]\n", stderr);
        free(us);
        return 2;
    }
    if (us)
        rc = vgi_client_open(&client, argv[1], NULL, &err);
    if (rc == VGI_OK)
        rc = call_many(client, us, calls, &err);
    if (rc == VGI_OK) {
        qsort(us, calls, sizeof(*us), ascending);
        printf("%zu calls: p50 %.1f us, p99 %.1f us\n", calls, us[calls / 2],
               us[calls * 99 / 100]);
    } else {
        fprintf(stderr, "%s: %s\n", vgi_status_text(rc), err.message);
    }
    vgi_client_close(client);
    free(us);
    return rc == VGI_OK ? 0 : 1;
}
