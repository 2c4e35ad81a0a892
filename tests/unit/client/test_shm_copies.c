/* SPDX-License-Identifier: Apache-2.0 */
/* An exchange of 64 MiB each way by way of shared memory: nobody allocates memory for the
 * values, and both sides see them in the segment. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "support/traced.h"

#include <vgirpc/client.h>
#include <vgirpc/vgirpc.h>

enum { ROWS = 8 << 20, SEGMENT_BYTES = 136 << 20, SMALL_BYTES = 64 << 10 };

/* ---- allocations, by size ---- */

static atomic_size_t largest;

static void seen(size_t size)
{
    size_t most = atomic_load(&largest);

    while (size > most && !atomic_compare_exchange_weak(&largest, &most, size))
        continue;
}

static void *sized_alloc(void *user, size_t size)
{
    (void)user;
    seen(size);
    return vgi_test_allocator()->alloc(NULL, size);
}

static void *sized_resize(void *user, void *ptr, size_t size)
{
    (void)user;
    seen(size);
    return vgi_test_allocator()->resize(NULL, ptr, size);
}

static void sized_free(void *user, void *ptr)
{
    (void)user;
    vgi_test_allocator()->free(NULL, ptr);
}

static const vgi_allocator sized = { sized_alloc, sized_resize, sized_free, NULL };

/* ---- what is served ---- */

typedef struct value {
    double value;
} value;
VGI_STRUCT(value, VGI_FIELD(value, value));

/* Do these bytes lie in a mapping of a segment, of whichever side? */
static bool in_segment(const void *p, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long begin, end;
    char line[512];
    bool found = false;

    while (!found && maps && fgets(line, sizeof(line), maps))
        found = strstr(line, "/dev/shm/vgirpc-") &&
                sscanf(line, "%lx-%lx", &begin, &end) == 2 && (uintptr_t)p >= begin &&
                (uintptr_t)p + size <= end;
    if (maps)
        fclose(maps);
    return found;
}

static int twice_open(vgi_call *call, const vgi_void *in, value *state)
{
    (void)call, (void)in;
    state->value = 2;
    return VGI_OK;
}

static int twice_exchange(vgi_call *call, value *state, const vgi_batch *in,
                          vgi_output *out)
{
    vgi_f64s x;
    double *y;
    int rc;

    if ((rc = vgi_batch_f64(in, "value", &x)) != VGI_OK ||
        (rc = vgi_output_f64(out, "value", x.count, &y)) != VGI_OK)
        return rc;
    if (x.count == ROWS && (!in_segment(x.items, x.count * sizeof(*x.items)) ||
                            !in_segment(y, x.count * sizeof(*y))))
        return vgi_fail(call, "ValueError", "the values are elsewhere");
    for (size_t i = 0; i < x.count; i++)
        y[i] = x.items[i] * state->value;
    return VGI_OK;
}
VGI_EXCHANGE(twice, vgi_void, value, value, value);

static const vgi_method *const methods[] = { VGI_METHOD(twice), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Shared",
                                     .methods = methods };

typedef struct fixture {
    vgi_server *server;
    pthread_t thread;
    int fd;
    vgi_client *client;
    vgi_stream *stream;
} fixture;

static void *serve(void *arg)
{
    fixture *f = arg;

    (void)vgi_server_serve_fds(f->server, f->fd, f->fd, VGI_TRANSPORT_UNIX, NULL);
    shutdown(f->fd, SHUT_WR);
    return NULL;
}

static void begin(fixture *f)
{
    const vgi_server_options server = { .size = sizeof(server), .allocator = &sized };
    const vgi_client_options client = { .size = sizeof(client),
                                        .shm_bytes = SEGMENT_BYTES,
                                        .allocator = &sized };
    const vgi_stream_options exchange = { .size = sizeof(exchange), .exchange = true };
    int fds[2];

    assert_int_equal(vgi_server_new(&f->server, &server, NULL), VGI_OK);
    assert_int_equal(vgi_server_add(f->server, &service, NULL), VGI_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    f->fd = fds[0];
    assert_int_equal(vgi_client_open_fds(&f->client, fds[1], fds[1], &client, NULL),
                     VGI_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    assert_int_equal(vgi_client_stream(&f->stream, f->client, "twice", &vgi_type_vgi_void,
                                       NULL, &exchange, NULL),
                     VGI_OK);
}

static void finish(fixture *f)
{
    vgi_stream_close(f->stream);
    vgi_client_close(f->client);
    pthread_join(f->thread, NULL);
    vgi_server_free(f->server);
    close(f->fd);
}

static vgi_batch *values(size_t rows)
{
    value *items = calloc(rows, sizeof(*items));
    vgi_batch *b = NULL;

    if (items)
        items[rows - 1].value = 21;
    const int rc =
        items ? vgi_batch_from_rows(&b, VGI_FROM(value, items), rows, NULL) : VGI_ENOMEM;
    free(items);
    assert_int_equal(rc, VGI_OK);
    return b;
}

static void exchange(fixture *f, const vgi_batch *in, bool shared)
{
    const vgi_batch *out = NULL;
    vgi_error err = { 0 };
    vgi_f64s y;

    if (vgi_stream_exchange(f->stream, in, &out, &err) != VGI_OK)
        fail_msg("%s", err.message);
    assert_int_equal(vgi_batch_f64(out, "value", &y), VGI_OK);
    assert_int_equal(y.count, vgi_batch_rows(in));
    assert_true(y.items[y.count - 1] == 42);
    assert_int_equal(in_segment(y.items, y.count * sizeof(*y.items)), shared);
}

static void nothing_is_allocated(void **state)
{
    struct statvfs room;
    vgi_batch *one, *many;
    fixture f;

    (void)state;
    if (statvfs("/dev/shm", &room) != 0 ||
        room.f_bavail < SEGMENT_BYTES / room.f_frsize + 1)
        skip(); /* the system has less shared memory than that */
    one = values(1);
    many = values(ROWS);
    begin(&f);
    exchange(&f, one, false); /* a stream's first input goes inline */
    atomic_store(&largest, 0);
    for (int i = 0; i < 2; i++)
        exchange(&f, many, true);
    assert_true(atomic_load(&largest) < SMALL_BYTES);
    finish(&f);
    vgi_batch_unref(one);
    vgi_batch_unref(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(nothing_is_allocated) };

    return vgi_test_run(tests);
}
