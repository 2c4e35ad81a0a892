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

/* Emits, and talks on; what the client has of that meanwhile goes to `arrived`. */
static int client_fd;
static ssize_t arrived;

static int chatty_open(vgi_call *call, const vgi_void *in, factor *st)
{
    return same_open(call, in, st);
}

static int chatty_exchange(vgi_call *call, factor *st, const vgi_batch *in,
                           vgi_output *out)
{
    char text[1001], byte;
    int rc = vgi_output_batch(out, in);

    (void)st;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    if (rc != VGI_OK || (rc = vgi_output_emit(out)) != VGI_OK)
        return rc;
    for (int i = 0; rc == VGI_OK && i < 200; i++)
        rc = vgi_log(call, VGI_LOG_INFO, "%s", text);
    arrived = recv(client_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return rc;
}
VGI_EXCHANGE(chatty, vgi_void, factor, value, value);

static int echo(vgi_call *call, const blob *in, vgi_bytes *out)
{
    (void)call;
    *out = in->data;
    return VGI_OK;
}
VGI_UNARY(echo, blob, vgi_bytes);

static const vgi_method *const methods[] = { VGI_METHOD(scale), VGI_METHOD(same),
                                             VGI_METHOD(waste), VGI_METHOD(chatty),
                                             VGI_METHOD(echo),  NULL };
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
    client_fd = fds[1];
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

/* A stream of a method without parameters. */
static void begin_stream(fixture *f, const char *method)
{
    const vgi_void none = { 0 };

    begin(f);
    assert_int_equal(shm_client_request(&f->c, method, VGI_FROM(vgi_void, &none), true),
                     VGI_OK);
    assert_int_equal(shm_client_begin(&f->c), VGI_OK);
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
    begin_stream(&f, "same");
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
    begin_stream(&f, "waste");
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "for nothing"));
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(vgi__writer_eos(f.c.out, NULL), VGI_OK);
    assert_int_equal(shm_client_send(&f.c), VGI_OK);
    finish(&f);
}

/* Whoever has the data takes the table for his: none of it leaves before the turn is over
 * and the input is given back. */
static void no_data_before_the_end(void **state)
{
    fixture f;

    (void)state;
    begin_stream(&f, "chatty");
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_OK);
    assert_int_equal(arrived, -1);
    assert_int_equal(shm_client_regions(&f.c), 1);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    finish(&f);
}

/* Every entry of the table is taken: the rest goes inline. */
static void full_table(void **state)
{
    fixture f;
    uint64_t at;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    vgi__shm *s = vgi__shm_port_segment(f.c.port);
    for (int i = 0; i < VGI__SHM_MAX_ALLOCATIONS - 1; i++)
        assert_int_equal(vgi__shm_allocate(s, 64, 0, &at, NULL), VGI_OK);
    /* One entry is left: for the input, or for the answer. */
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_OK);
    expect_scaled(&f, 1000, 2);
    assert_int_equal(f.c.pointers, 0);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_exchange(&f.c, 10), VGI_OK);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(vgi__shm_allocate(s, 64, 0, &at, NULL), VGI_OK);
    assert_int_equal(shm_client_exchange(&f.c, 1000), VGI_OK);
    expect_scaled(&f, 1000, 2);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_regions(&f.c), VGI__SHM_MAX_ALLOCATIONS);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    assert_int_equal(f.c.pointers, 0);
    finish(&f);
}

/* A request that names something; the status of its answer. */
static int name_it(fixture *f, const char *name)
{
    const factor in = { 1 };
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("scale") },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_NAME), vgi_str_from(name) },
        { VGI_LIT(VGI_KEY_SHM_SEGMENT_SIZE), VGI_LIT("1048576") },
    };
    int rc = peer_send_row(&f->c.p, &(vgi_metadata){ pairs, 4 }, VGI_FROM(factor, &in));

    if (rc == VGI_OK)
        rc = peer_begin(&f->c.p);
    return rc == VGI_OK ? peer_next(&f->c.p) : rc;
}

/* A file of some size, of another user if we can; what naming it comes to. */
static int name_file(fixture *f, off_t size, bool theirs)
{
    char path[40];

    (void)snprintf(path, sizeof(path), "/vgitest-%d", getpid());
    const int fd = shm_open(path, O_RDWR | O_CREAT, 0600);
    const bool made = fd >= 0 && ftruncate(fd, size) == 0 &&
                      (!theirs || fchown(fd, geteuid() + 1, (gid_t)-1) == 0);
    const int rc = made ? name_it(f, path + 1) : VGI_EIO;
    close(fd);
    shm_unlink(path);
    return rc;
}

/* Names that are none, and of what is none, or of somebody else's. The connection goes
 * on. */
static void refused_segments(void **state)
{
    static const char *const names[] = { "../x", "a/b", ".x", "", "vgirpc-nowhere" };
    fixture f;

    (void)state;
    begin(&f);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(name_it(&f, names[i]), VGI_EREMOTE);
    assert_int_equal(name_file(&f, 100, false), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "too few"));
    assert_int_equal(name_file(&f, 1 << 20, false), VGI_EREMOTE);
    assert_non_null(strstr(f.c.p.message, "magic"));
    if (geteuid() == 0) { /* who else can give files away */
        assert_int_equal(name_file(&f, 1 << 20, true), VGI_EREMOTE);
        assert_non_null(strstr(f.c.p.message, "is user 1's"));
    }
    begin_scale(&f, 2, true);
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_OK);
    assert_int_equal(f.c.pointers, 1);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
    finish(&f);
}

/* ---- one segment for several ---- */

static void *hammer(void *arg)
{
    fixture *f = arg;
    const factor by = { 2 };

    for (int round = 0; round < 20; round++) {
        int rc = shm_client_request(&f->c, "scale", VGI_FROM(factor, &by), true);

        if (rc == VGI_OK)
            rc = shm_client_begin(&f->c);
        for (int64_t i = 0; rc == VGI_OK && i < 50; i++)
            if ((rc = shm_client_exchange(&f->c, 200 + i)) == VGI_OK)
                rc = shm_client_drop(&f->c);
        vgi__batch_drop_data(&f->c.p.batch);
        if (rc == VGI_OK)
            rc = shm_client_end(&f->c);
        if (rc != VGI_OK)
            break; /* they get what they asked for */
    }
    return NULL;
}

/* Two connections that work in one segment at once break the rules: values may be wrong
 * and calls may fail, but nothing else. */
static void shared_by_two(void **state)
{
    pthread_t thread;
    fixture f, g;

    (void)state;
    begin(&f);
    begin(&g);
    const vgi_str name = vgi__shm_name(vgi__shm_port_segment(f.c.port));
    const vgi__shm_terms any = { .max_bytes = UINT64_MAX };
    vgi__shm *s;
    assert_int_equal(vgi__shm_attach(&s, name, &any, NULL, NULL), VGI_OK);
    vgi__shm_port_free(g.c.port);
    assert_int_equal(vgi__shm_port_new(&g.c.port, s, NULL, NULL, NULL), VGI_OK);
    assert_int_equal(pthread_create(&thread, NULL, hammer, &f), 0);
    (void)hammer(&g);
    pthread_join(thread, NULL);
    finish(&g);
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

static void spoil(void)
{
    const int fd = shm_open(segment_path, O_RDWR, 0);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "VGIX", 4, 0), 4);
    close(fd);
}

/* A table that breaks in a call fails it; another segment on the same connection is as
 * good as new. */
static void broken_table(void **state)
{
    vgi__shm *s;
    fixture f;

    (void)state;
    begin(&f);
    begin_scale(&f, 2, true);
    const vgi_str name = vgi__shm_name(vgi__shm_port_segment(f.c.port));
    (void)snprintf(segment_path, sizeof(segment_path), "/%.*s", VGI_STR_ARG(name));
    meanwhile = spoil;
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_EREMOTE);
    meanwhile = NULL;
    assert_non_null(strstr(f.c.p.message, "magic"));
    assert_int_equal(vgi__writer_eos(f.c.out, NULL), VGI_OK);
    assert_int_equal(shm_client_send(&f.c), VGI_OK);
    vgi__shm_port_free(f.c.port);
    assert_int_equal(vgi__shm_create(&s, 4 << 20, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__shm_port_new(&f.c.port, s, NULL, NULL, NULL), VGI_OK);
    begin_scale(&f, 2, true);
    assert_int_equal(shm_client_exchange(&f.c, 5000), VGI_OK);
    expect_scaled(&f, 5000, 2);
    assert_int_equal(f.c.pointers, 1);
    assert_int_equal(shm_client_drop(&f.c), VGI_OK);
    assert_int_equal(shm_client_regions(&f.c), 0);
    assert_int_equal(shm_client_end(&f.c), VGI_OK);
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
        cmocka_unit_test(no_data_before_the_end),
        cmocka_unit_test(full_table),
        cmocka_unit_test(broken_table),
        cmocka_unit_test(refused_segments),
        cmocka_unit_test(shared_by_two),
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
