/* SPDX-License-Identifier: Apache-2.0 */
/* vgirpc call: one unary call, or many to see how long they take. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "commands.h"
#include "method.h"
#include "print.h"
#include "target.h"

static int call_once(const session *on, const char *method, const settings *s)
{
    vgi_batch *result = NULL;
    vgi_error err;
    printer p;
    int rc;

    printer_init(&p, s->format);
    rc = vgi_client_call_batch(on->client, method, on->params, &result, &err);
    if (rc == VGI_OK)
        rc = printer_result(&p, result, &err);
    if (printer_end(&p, &err) != VGI_OK || rc != VGI_OK)
        rc = tell_error(on->client, &err, s);
    vgi_batch_unref(result);
    return rc == VGI_OK ? EXIT_OK : EXIT_FAILED;
}

/* ---- latencies ---- */

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The smallest value that `share` of all are not above. */
static double percentile(const double *sorted, size_t n, double share)
{
    const size_t rank = (size_t)(share * (double)n + 0.999999);

    return sorted[rank > 0 ? rank - 1 : 0];
}

static void print_latencies(double *us, size_t n, output_format format)
{
    double sum = 0;

    qsort(us, n, sizeof(*us), by_value);
    for (size_t i = 0; i < n; i++)
        sum += us[i];
    (void)printf(format == FORMAT_JSON
                     ? "{\"calls\":%zu,\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f,"
                       "\"mean_us\":%.2f}\n"
                     : "%zu calls: p50 %.1f us, p99 %.1f us, max %.1f us, mean %.1f us\n",
                 n, percentile(us, n, 0.50), percentile(us, n, 0.99), us[n - 1],
                 sum / (double)n);
}

static int measure(const session *on, const char *method, const settings *s, double *us)
{
    const uint64_t warm_up = s->bench < 1000 ? s->bench / 10 + 1 : 100;
    vgi_error err;

    for (uint64_t i = 0; i < warm_up + s->bench; i++) {
        const double start = now_us();
        if (vgi_client_call_batch(on->client, method, on->params, NULL, &err) != VGI_OK)
            return tell_error(on->client, &err, s);
        if (i >= warm_up)
            us[i - warm_up] = now_us() - start;
    }
    print_latencies(us, (size_t)s->bench, s->format);
    return EXIT_OK;
}

static int bench(const session *on, const char *method, const settings *s)
{
    vgi_arena mem = { 0 };
    double *us = vgi_arena_calloc(&mem, (size_t)s->bench, sizeof(*us));
    int rc = EXIT_FAILED;

    if (us)
        rc = measure(on, method, s, us);
    else
        (void)fputs("error: out of memory\n", stderr);
    vgi_arena_free(&mem);
    return rc;
}

/* ---- the command ---- */

static int run(const settings *s, int argc, char **argv)
{
    session on;
    int rc = session_open(&on, s, argc, argv);

    if (rc == EXIT_OK && on.method && on.method->is_stream) {
        (void)fprintf(stderr, "error: %s is a stream: use vgirpc stream\n", argv[1]);
        rc = EXIT_USAGE;
    } else if (rc == EXIT_OK) {
        rc = s->bench ? bench(&on, argv[1], s) : call_once(&on, argv[1], s);
    }
    session_close(&on);
    return rc;
}

static const option options[] = { { 0, "json", OPTION_TEXT, offsetof(settings, json),
                                    "OBJECT",
                                    "parameters as JSON; @FILE or - reads them" },
                                  { 0, "bench", OPTION_COUNT, offsetof(settings, bench),
                                    "N", "call N times and print the latencies" },
                                  { 0 } };

const command call_command = {
    .name = "call",
    .operands = "call TARGET METHOD [NAME=VALUE ...] [OPTIONS]",
    .summary = "call a method and print its result",
    .description =
        "Calls a method once. Values are converted to the types that the worker\n"
        "describes; lists, maps and structs are written as JSON, bytes as base64,\n"
        "times as ISO 8601. Logs of the worker go to stderr.\n"
        "\n"
        "Exit status: 0 done, 1 the call failed, 2 wrong usage.",
    .examples = "  vgirpc call exec:./hello hello name=World greeting=Hi\n"
                "  vgirpc call unix:/run/sum.sock sum 'values=[1, 2, 3.5]'\n"
                "  vgirpc call exec:./hello hello --json '{\"name\": \"World\"}'\n"
                "  vgirpc call exec:./hello hello name=World --bench 10000\n",
    .options = options,
    .min_operands = 2,
    .max_operands = -1,
    .run = run,
};
