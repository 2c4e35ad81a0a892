/* SPDX-License-Identifier: Apache-2.0 */
/* Shared memory from a server's side, with a real one behind a socket pair. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <vgirpc/vgirpc.h>

#include "service.h"
#include "support/shm_client.h"

typedef struct factor {
    double factor;
} factor;
VGI_STRUCT(factor, VGI_FIELD(factor, factor));
typedef struct value {
    double value;
} value;
VGI_STRUCT(value, VGI_FIELD(value, value));
typedef struct blob {
    vgi_bytes data;
} blob;
VGI_STRUCT(blob, VGI_FIELD(blob, data));

/* What the handlers keep, and what is done to them. */
static vgi_batch *kept;
static bool keep;
static void (*meanwhile)(void);

static int scale_open(vgi_call *call, const factor *in, factor *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int scale_exchange(vgi_call *call, factor *st, const vgi_batch *in,
                          vgi_output *out)
{
    vgi_f64s x;
    double *y;
    int rc;

    (void)call;
    if (meanwhile)
        meanwhile();
    if (keep && (rc = vgi_batch_retain(in, &kept, NULL)) != VGI_OK)
        return rc;
    if ((rc = vgi_batch_f64(in, "value", &x)) != VGI_OK ||
        (rc = vgi_output_f64(out, "value", x.count, &y)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < x.count; i++)
        y[i] = x.items[i] * st->factor;
    return VGI_OK;
}
VGI_EXCHANGE(scale, factor, factor, value, value);

/* The input itself, and nothing else. */
static int same_open(vgi_call *call, const vgi_void *in, factor *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int same_exchange(vgi_call *call, factor *st, const vgi_batch *in, vgi_output *out)
{
    (void)call, (void)st;
    return vgi_output_batch(out, in);
}
VGI_EXCHANGE(same, vgi_void, factor, value, value);

/* Room is asked for, and then the turn fails. */
static int waste_open(vgi_call *call, const vgi_void *in, factor *st)
{
    return same_open(call, in, st);
}

static int waste_exchange(vgi_call *call, factor *st, const vgi_batch *in,
                          vgi_output *out)
{
    double *y;

    (void)st, (void)in;
    if (vgi_output_f64(out, "value", 5000, &y) == VGI_OK)
        y[0] = 1;
    return vgi_fail(call, "ValueError", "for nothing");
}
VGI_EXCHANGE(waste, vgi_void, factor, value, value);

static int echo(vgi_call *call, const blob *in, vgi_bytes *out)
{
    (void)call;
    *out = in->data;
    return VGI_OK;
}
VGI_UNARY(echo, blob, vgi_bytes);

static const vgi_method *const methods[] = { VGI_METHOD(scale), VGI_METHOD(same),
                                             VGI_METHOD(waste), VGI_METHOD(echo), NULL };
static const vgi_service service = { VGI_SERVICE_INIT, .name = "Shared",
                                     .methods = methods };

typedef struct fixture {
    vgi_server *server;
    pthread_t thread;
    int fd;
    shm_client c;
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
    int fds[2];

    memset(f, 0, sizeof(*f));
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "1000", 1);
    assert_int_equal(vgi_server_new(&f->server, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_server_add(f->server, &service, NULL), VGI_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    f->fd = fds[0];
    assert_int_equal(peer_on_fd(&f->c.p, fds[1]), VGI_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    assert_int_equal(shm_client_open(&f->c, 4 << 20), VGI_OK);
}

static void finish(fixture *f)
{
    shm_client_close(&f->c);
    pthread_join(f->thread, NULL);
    vgi_server_free(f->server);
    close(f->fd);
}

static void begin_scale(fixture *f, double by, bool named)
{
    const factor in = { by };

    assert_int_equal(shm_client_request(&f->c, "scale", VGI_FROM(factor, &in), named),
                     VGI_OK);
    assert_int_equal(shm_client_begin(&f->c), VGI_OK);
}

static void expect_scaled(fixture *f, int64_t rows, double by)
{
    vgi_f64s x;

    assert_int_equal(vgi_batch_rows(&f->c.p.batch), rows);
    assert_int_equal(vgi_batch_f64(&f->c.p.batch, "value", &x), VGI_OK);
    for (int64_t i = 0; i < rows; i++)
        assert_true(x.items[i] == (double)i * by);
}

static void both_directions(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 3, true);
    for (int64_t rows = 1; rows < 3000; rows = 2 * rows + 1) {
        assert_int_equal(shm_client_exchange(&f.c, rows), VGI_OK);
        expect_scaled(&f, rows, 3);
        /* Only the answer is left: the server gave back what it took. */
        assert_int_equal(shm_client_regions(&f.c), rows < 80 ? 0 : 1);
        assert_int_equal(shm_client_drop(&f.c), VGI_OK);
        assert_int_equal(shm_client_regions(&f.c), 0);
    }
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    assert_int_equal(f.c.pointers, 5); /* 127, 255, ... 2047: those from 1000 bytes on */
    finish(&f);
}

/* The segment is known from the first request, but who does not speak of it gets his
 * answers inline. */
static void one_segment_for_a_connection(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    begin_scale(&f, 2, false);
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_OK);
    expect_scaled(&f, 1000, 2);
    assert_int_equal(f.c.pointers, 0);
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    finish(&f);
}

static void pointer_before_a_name(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, false);
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "before a segment was named"));
    finish(&f);
}

/* What is answered is the input itself, which lies in the segment. */
static void input_as_output(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    assert_int_equal(
        shm_client_request(&f.c, "same", VGI_FROM(vgi_void, &(vgi_void){ 0 }), true),
        VGI_OK);
    assert_int_equal(shm_client_begin(&f.c), VGI_OK);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_OK);
        expect_scaled(&f, 5000, 1);
        assert_int_equal(shm_client_drop(&f.c), VGI_OK);
        assert_int_equal(shm_client_regions(&f.c), 0);
    }
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    assert_int_equal(f.c.pointers, 20);
    finish(&f);
}

/* A full segment is no failure. */
static void falls_back(void **state)
{
    fixture f;
    uint64_t at;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    vgi__shm *s = vgi__shm_port_segment(f.c.port);
    assert_int_equal(vgi__shm_allocate(s, (4 << 20) - 65536, 0, &at, NULL), VGI_OK);
    assert_int_equal(shm_client_exchange(&f.c, 20000), VGI_OK);
    expect_scaled(&f, 20000, 2);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(f.c.pointers, 0);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    finish(&f);
}

static void failed_turns_leave_nothing(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    assert_int_equal(
        shm_client_request(&f.c, "waste", VGI_FROM(vgi_void, &(vgi_void){ 0 }), true),
        VGI_OK);
    assert_int_equal(shm_client_begin(&f.c), VGI_OK);
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "for nothing"));
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(vgi__writer_eos(f.c.out, NULL), VGI_OK);
    assert_int_equal(shm_client_send(&f.c), VGI_OK);
    finish(&f);
}

/* A handler keeps an input: its memory is not given back until it is done with it. */
static void kept_input(void **state)
{
    vgi_f64s x;
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    keep = true;
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_OK);
    keep = false;
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_regions(&f.c), 1);
    assert_int_equal(vgi_batch_f64(kept, "value", &x), VGI_OK);
    assert_true(x.items[999] == 999);
    vgi_batch_unref(kept);
    assert_int_equal(shm_client_regions(&f.c), 1); /* it is not the server's turn */
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_OK);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    finish(&f);
}

/* ---- requests as pointers ---- */

static void send_blob(fixture *f, const blob *in)
{
    vgi__shm *s = vgi__shm_port_segment(f->c.port);
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("echo") },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_NAME), vgi__shm_name(s) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_SIZE), VGI_LIT("4194304") },
    };
    vgi_batch *b;

    assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(blob, in), 1, NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f->c.out, b->schema, NULL), VGI_OK);
    assert_int_equal(vgi__shm_put(f->c.port, f->c.out, b->schema, b->root,
                                  &(vgi_metadata){ pairs, 4 }, NULL),
                     VGI_OK);
    assert_int_equal(vgi__writer_eos(f->c.out, NULL), VGI_OK);
    assert_int_equal(shm_client_send(&f->c), VGI_OK);
    vgi_batch_unref(b);
}

static void request_and_result(void **state)
{
    static uint8_t bytes[100000];
    const blob in = { { bytes, sizeof(bytes) } };
    vgi_bytes out;
    fixture f;

    (void)state;
    memset(bytes, 'v', sizeof(bytes));
    begin(&f);
    for (int i = 0; i < 3; i++) {
        send_blob(&f, &in);
        assert_int_equal(peer_begin(&f.c.p), VGI_OK);
        assert_int_equal(shm_client_next(&f.c), VGI_OK);
        assert_int_equal(vgi_batch_bytes(&f.c.p.batch, "result", 0, &out), VGI_OK);
        assert_int_equal(out.len, sizeof(bytes));
        assert_memory_equal(out.data, bytes, sizeof(bytes));
        assert_int_equal(shm_client_regions(&f.c), 1);
        assert_int_equal(shm_client_drop(&f.c), VGI_OK);
        assert_int_equal(shm_client_regions(&f.c), 0);
        assert_int_equal(vgi__reader_drain(f.c.p.reader, NULL), VGI_OK);
    }
    assert_int_equal(f.c.pointers, 3);
    finish(&f);
}

/* ---- peers that truncate ---- */

static char segment_path[300];
static struct sigaction guard;

static void cut(void)
{
    const int fd = shm_open(segment_path, O_RDWR, 0);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    sigaction(SIGBUS, &guard, NULL); /* cmocka takes it for each test */
}

/* While a handler works on its input: the call fails, and the server lives. */
static void truncated_in_a_call(void **state)
{
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    const vgi_str name = vgi__shm_name(vgi__shm_port_segment(f.c.port));
    (void)snprintf(segment_path, sizeof(segment_path), "/%.*s", (int)name.len, name.data);
    meanwhile = cut;
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_EREMOTE);
    meanwhile = NULL;
    assert_non_null(strstr(f.c.p.message, "was truncated"));
    assert_int_equal(vgi__writer_eos(f.c.out, NULL), VGI_OK);
    assert_int_equal(shm_client_send(&f.c), VGI_OK);
    const factor in = { 1 };
    assert_int_equal(shm_client_request(&f.c, "scale", VGI_FROM(factor, &in), true),
                     VGI_OK);
    assert_int_equal(peer_begin(&f.c.p), VGI_OK);
    assert_int_equal(peer_next(&f.c.p), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "too few for a segment"));
    finish(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions),
        cmocka_unit_test(one_segment_for_a_connection),
        cmocka_unit_test(pointer_before_a_name),
        cmocka_unit_test(input_as_output),
        cmocka_unit_test(falls_back),
        cmocka_unit_test(failed_turns_leave_nothing),
        cmocka_unit_test(kept_input),
        cmocka_unit_test(request_and_result),
        cmocka_unit_test(truncated_in_a_call),
    };
    vgi__shm *s;

    if (vgi__shm_create(&s, 1 << 20, NULL, NULL) != VGI_OK)
        return 1;
    sigaction(SIGBUS, NULL, &guard);
    vgi__shm_unref(s);
    return vgi_test_run(tests);
}
