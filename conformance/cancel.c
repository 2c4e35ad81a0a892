/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that are meant to be cancelled, and the counters that show it.
 *
 * The counters belong to the process, or, when VGI_RPC_CONFORMANCE_PROBE_FILE names
 * a file, to all processes that share it: one JSON object, under flock(2). */
#include "types.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PRODUCE_CALLS, EXCHANGE_CALLS, CANCEL_CALLS, COUNTERS };

static _Atomic int64_t process_counters[COUNTERS];

#define PROBE_READ \
    "{\"produce_calls\": %" SCNd64 ", \"exchange_calls\": %" SCNd64 \
    ", \"on_cancel_calls\": %" SCNd64
#define PROBE_WRITE \
    "{\"produce_calls\": %" PRId64 ", \"exchange_calls\": %" PRId64 \
    ", \"on_cancel_calls\": %" PRId64 "}"

/* Open and lock the shared file. -1: there is none. */
static int lock_probe_file(void)
{
    const char *path = getenv("VGI_RPC_CONFORMANCE_PROBE_FILE");
    const int fd = path && *path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;

    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static void read_probe_file(int fd, int64_t counters[COUNTERS])
{
    char text[256] = "";
    const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

    memset(counters, 0, COUNTERS * sizeof(*counters));
    if (n > 0)
        (void)sscanf(text, PROBE_READ, &counters[PRODUCE_CALLS],
                     &counters[EXCHANGE_CALLS], &counters[CANCEL_CALLS]);
}

static void write_probe_file(int fd, const int64_t counters[COUNTERS])
{
    char text[256];
    const int n = snprintf(text, sizeof(text), PROBE_WRITE, counters[PRODUCE_CALLS],
                           counters[EXCHANGE_CALLS], counters[CANCEL_CALLS]);

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        perror("VGI_RPC_CONFORMANCE_PROBE_FILE");
}

static void bump(int counter)
{
    int64_t counters[COUNTERS];
    const int fd = lock_probe_file();

    if (fd < 0) {
        process_counters[counter]++;
        return;
    }
    read_probe_file(fd, counters);
    counters[counter]++;
    write_probe_file(fd, counters);
    close(fd);
}

static int cancel_probe_counters(vgi_call *call, const vgi_void *in, i64s *out)
{
    int64_t *counters = vgi_call_alloc(call, COUNTERS * sizeof(*counters));
    int fd;

    (void)in;
    if (!counters)
        return vgi_fail(call, "MemoryError", "no memory for the counters");
    if ((fd = lock_probe_file()) >= 0) {
        read_probe_file(fd, counters);
        close(fd);
    } else {
        for (int i = 0; i < COUNTERS; i++)
            counters[i] = process_counters[i];
    }
    out->items = counters;
    out->count = COUNTERS;
    return VGI_OK;
}
VGI_UNARY(cancel_probe_counters, vgi_void, i64s,
          .doc = "Return how often streams were produced, exchanged and cancelled.");

static int reset_cancel_probe(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    static const int64_t zeros[COUNTERS];
    const int fd = lock_probe_file();

    (void)call, (void)in, (void)out;
    for (int i = 0; i < COUNTERS; i++)
        process_counters[i] = 0;
    if (fd >= 0) {
        write_probe_file(fd, zeros);
        close(fd);
    }
    return VGI_OK;
}
VGI_UNARY(reset_cancel_probe, vgi_void, vgi_void, .doc = "Zero the cancel counters.");

typedef struct current_state {
    int64_t current;
} current_state;
VGI_STRUCT(current_state, VGI_FIELD(current_state, current));

static int cancellable_producer_open(vgi_call *call, const vgi_void *in,
                                     current_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int cancellable_producer_next(vgi_call *call, current_state *st, vgi_output *out)
{
    (void)call;
    bump(PRODUCE_CALLS);
    return conformance_counter_rows(out, st->current++, 1);
}

static void cancellable_producer_cancel(vgi_call *call, current_state *st)
{
    (void)call, (void)st;
    bump(CANCEL_CALLS);
}
VGI_ON_CANCEL(cancellable_producer, current_state);
VGI_PRODUCER(cancellable_producer, vgi_void, current_state, counter_row,
             .cancel = VGI_CANCEL(cancellable_producer),
             .doc = "Produce one batch per tick until cancelled.");

static int cancellable_exchange_open(vgi_call *call, const vgi_void *in, no_state *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int cancellable_exchange_exchange(vgi_call *call, no_state *st,
                                         const vgi_batch *in, vgi_output *out)
{
    (void)call, (void)st;
    bump(EXCHANGE_CALLS);
    return vgi_output_batch(out, in);
}

static void cancellable_exchange_cancel(vgi_call *call, no_state *st)
{
    (void)call, (void)st;
    bump(CANCEL_CALLS);
}
VGI_ON_CANCEL(cancellable_exchange, no_state);
VGI_EXCHANGE(cancellable_exchange, vgi_void, no_state, value_row, value_row,
             .cancel = VGI_CANCEL(cancellable_exchange),
             .doc = "Echo each batch until cancelled.");

const vgi_method *const conformance_cancel[] = {
    VGI_METHOD(cancellable_producer),
    VGI_METHOD(cancellable_exchange),
    VGI_METHOD(cancel_probe_counters),
    VGI_METHOD(reset_cancel_probe),
    NULL,
};
