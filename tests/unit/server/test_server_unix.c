/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "base/clock.h"
#include "service.h"

/* ---- a server on a socket, in a thread ---- */

typedef struct fixture {
    vgi_server *server;
    vgi_unix_options options;
    pthread_t thread;
    int rc;
    atomic_bool ended;
    char directory[32], path[48];
} fixture;

static void *serve(void *arg)
{
    fixture *f = arg;

    f->rc = vgi_server_serve_unix(f->server, f->path, &f->options, NULL);
    atomic_store(&f->ended, true);
    return NULL;
}

static void prepare(fixture *f, const vgi_server_options *options)
{
    *f = (fixture){ .options = { .size = sizeof(vgi_unix_options) } };
    strcpy(f->directory, "/tmp/vgi-server-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof(f->path), "%s/socket", f->directory);
    const int rc = make_server(&f->server, options);
    if (rc != VGI_OK)
        rmdir(f->directory);
    assert_int_equal(rc, VGI_OK);
}

static bool file_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void start(fixture *f)
{
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    for (int i = 0; i < 2000 && !file_exists(f->path) && !atomic_load(&f->ended); i++)
        (void)poll(NULL, 0, 1);
}

static void begin(fixture *f, bool threaded, const vgi_server_options *options)
{
    prepare(f, options);
    f->options.threaded = threaded;
    start(f);
}

/* Stop, wait, free; how many milliseconds it took to end. */
static uint64_t finish(fixture *f)
{
    const uint64_t from = vgi__clock_ns();

    vgi_server_stop(f->server);
    pthread_join(f->thread, NULL);
    vgi_server_free(f->server);
    unlink(f->path);
    rmdir(f->directory);
    return (vgi__clock_ns() - from) / 1000000;
}

static void join_client(fixture *f, peer *p)
{
    int fd, rc = VGI_ECONNECT;

    for (int i = 0; i < 200 && rc == VGI_ECONNECT && !atomic_load(&f->ended); i++) {
        rc = vgi__unix_connect(f->path, 1000, &fd, NULL);
        if (rc == VGI_ECONNECT)
            (void)poll(NULL, 0, 5);
    }
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(peer_on_fd(p, fd), VGI_OK);
}

static void wait_for_call(void)
{
    for (int i = 0; i < 50 && atomic_load(&calls_running) == 0; i++)
        (void)poll(NULL, 0, 1);
}

/* ---- serving ---- */

static void clients_follow_each_other(void **state)
{
    (void)state;
    fixture f;
    peer p;
    bool ok = true;

    begin(&f, false, NULL);
    for (int64_t i = 1; i <= 3; i++) {
        join_client(&f, &p);
        ok = ok && call_twice(&p, i) == 2 * i && call_twice(&p, -i) == -2 * i;
        peer_close(&p);
    }
    finish(&f);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(ok);
}

static void a_sequential_server_serves_one_at_a_time(void **state)
{
    (void)state;
    const number in = { 1 };
    fixture f;
    peer first, second;
    int64_t out = 0;

    begin(&f, false, NULL);
    join_client(&f, &first);
    const int64_t one = call_twice(&first, 1);
    join_client(&f, &second);
    second.io->read_timeout_ms = 10;
    int rc = peer_request(&second, "twice", VGI_FROM(number, &in));
    const int waiting = peer_answer_i64(&second, &out);
    peer_close(&first);
    peer_close(&second);
    finish(&f);
    assert_int_equal(one, 2);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(waiting, VGI_ETIMEDOUT);
}

static void a_threaded_server_serves_many(void **state)
{
    (void)state;
    enum { CLIENTS = 20 };
    peer p[CLIENTS];
    fixture f;
    bool ok = true;

    begin(&f, true, NULL);
    for (int i = 0; i < CLIENTS; i++)
        join_client(&f, &p[i]);
    for (int round = 0; round < 3; round++) {
        for (int i = CLIENTS - 1; i >= 0; i--)
            ok = ok && call_twice(&p[i], i) == 2 * i;
    }
    for (int i = 0; i < CLIENTS; i++)
        peer_close(&p[i]);
    finish(&f);
    assert_true(ok);
    assert_int_equal(f.rc, VGI_OK);
}

static void over_the_cap_connections_wait(void **state)
{
    (void)state;
    const vgi_server_options o = { .size = sizeof(o), .max_connections = 2 };
    const number in = { 21 };
    fixture f;
    peer p[3];
    int64_t out = 0;

    begin(&f, true, &o);
    for (int i = 0; i < 3; i++)
        join_client(&f, &p[i]);
    const bool served = call_twice(&p[0], 1) == 2 && call_twice(&p[1], 1) == 2;
    assert_true(served);
    p[2].io->read_timeout_ms = 10;
    assert_int_equal(peer_request(&p[2], "twice", VGI_FROM(number, &in)), VGI_OK);
    const int waiting = peer_begin(&p[2]);
    assert_int_equal(waiting, VGI_ETIMEDOUT);
    peer_close(&p[0]); /* a place is free now */
    p[2].io->read_timeout_ms = 5000;
    const int answered = peer_answer_i64(&p[2], &out);
    peer_close(&p[1]);
    peer_close(&p[2]);
    finish(&f);
    assert_int_equal(answered, VGI_OK);
    assert_int_equal(out, 42);
}

static void garbage_concerns_nobody_else(void **state)
{
    (void)state;
    fixture f;
    peer bad, good;
    char got[4];
    size_t n;

    begin(&f, false, NULL);
    join_client(&f, &bad);
    int rc = peer_send(&bad, "GET / HTTP/1.1\r\n\r\n", 18);
    while (rc == VGI_OK) /* an exception, perhaps, and the end */
        rc = vgi__io_read(bad.io, got, sizeof(got), &n, NULL);
    peer_close(&bad);
    join_client(&f, &good);
    const int64_t two = call_twice(&good, 1);
    peer_close(&good);
    finish(&f);
    assert_true(rc == VGI_END || rc == VGI_ECLOSED);
    assert_int_equal(two, 2);
}

/* ---- stopping ---- */

static void stop_ends_idle_connections(bool threaded)
{
    fixture f;
    peer p;

    begin(&f, threaded, NULL);
    join_client(&f, &p);
    const int64_t two = call_twice(&p, 1);
    vgi_server_stop(f.server);
    const int after = peer_begin(&p);
    peer_close(&p);
    const uint64_t ms = finish(&f);
    assert_int_equal(two, 2);
    assert_int_equal(after, VGI_END);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(ms < 1000);
    assert_false(file_exists(f.path));
}

static void stop_while_idle(void **state)
{
    (void)state;
    stop_ends_idle_connections(false);
    stop_ends_idle_connections(true);
}

static void stop_without_connections(void **state)
{
    (void)state;
    fixture f;

    begin(&f, true, NULL);
    assert_true(finish(&f) < 1000);
    assert_int_equal(f.rc, VGI_OK);
    begin(&f, false, NULL);
    assert_true(finish(&f) < 1000);
    assert_int_equal(f.rc, VGI_OK);
}

static void stop_waits_for_the_call(bool threaded)
{
    const number ms = { 15 };
    fixture f;
    peer p;
    int64_t out = 0;

    begin(&f, threaded, NULL);
    join_client(&f, &p);
    const int sent = peer_request(&p, "nap", VGI_FROM(number, &ms));
    wait_for_call();
    vgi_server_stop(f.server);
    const int answered = peer_answer_i64(&p, &out), after = peer_begin(&p);
    peer_close(&p);
    finish(&f);
    assert_int_equal(sent, VGI_OK);
    assert_int_equal(answered, VGI_OK);
    assert_int_equal(out, 15);
    assert_int_equal(after, VGI_END);
    assert_int_equal(f.rc, VGI_OK);
}

static void stop_during_a_call(void **state)
{
    (void)state;
    stop_waits_for_the_call(false);
    stop_waits_for_the_call(true);
}

/* A stream that is open and never ends by itself. */
static int open_forever(peer *p)
{
    const vgi_void none = { 0 };
    int rc = peer_request(p, "forever", VGI_FROM(vgi_void, &none));

    if (rc == VGI_OK)
        rc = peer_open_input(p, &vgi_type_vgi_void);
    if (rc == VGI_OK)
        rc = peer_input(p, &vgi_type_vgi_void, NULL);
    if (rc == VGI_OK)
        rc = peer_begin(p);
    return rc == VGI_OK ? peer_next(p) : rc;
}

static void draining_ends_at_its_deadline(void **state)
{
    (void)state;
    const vgi_server_options o = { .size = sizeof(o), .drain_ms = 20 };
    fixture f;
    peer p;

    begin(&f, true, &o);
    join_client(&f, &p);
    const int rc = open_forever(&p);
    const uint64_t ms = finish(&f);
    const int after = peer_next(&p);
    peer_close(&p);
    assert_int_equal(rc, VGI_OK);
    assert_in_range(ms, 15, 2000);
    assert_true(after < 0);
}

/* Another server may take the path over then, and is not to lose its file. */
static void the_path_is_free_while_calls_drain(void **state)
{
    (void)state;
    fixture f;
    peer p;

    begin(&f, true, NULL);
    join_client(&f, &p);
    const int rc = open_forever(&p);
    vgi_server_stop(f.server);
    for (int i = 0; i < 2000 && file_exists(f.path); i++)
        (void)poll(NULL, 0, 1);
    const bool exists = file_exists(f.path), ended = atomic_load(&f.ended);
    peer_close(&p);
    finish(&f);
    assert_int_equal(rc, VGI_OK);
    assert_false(exists);
    assert_false(ended);
}

static void the_file_of_another_server_stays(bool threaded)
{
    fixture f;
    int fd = -1;

    begin(&f, threaded, NULL);
    unlink(f.path);
    const int rc = vgi__unix_listen(f.path, &fd, NULL);
    vgi_server_stop(f.server);
    pthread_join(f.thread, NULL);
    const bool exists = file_exists(f.path);
    close(fd);
    vgi_server_free(f.server);
    unlink(f.path);
    rmdir(f.directory);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(exists);
}

static void another_server_keeps_its_file(void **state)
{
    (void)state;
    the_file_of_another_server_stays(false);
    the_file_of_another_server_stays(true);
}

static void a_stopped_server_serves_no_more(void **state)
{
    (void)state;
    fixture f;

    prepare(&f, NULL);
    vgi_server_stop(f.server);
    start(&f);
    assert_true(finish(&f) < 1000);
    assert_int_equal(f.rc, VGI_OK);
}

static void idle_timeout_ends_the_serve(void **state)
{
    (void)state;
    fixture f;
    peer p;

    prepare(&f, NULL);
    f.options.idle_timeout_ms = 15;
    start(&f);
    join_client(&f, &p);
    (void)poll(NULL, 0, 30); /* connected is not idle */
    const int64_t two = call_twice(&p, 1);
    peer_close(&p);
    pthread_join(f.thread, NULL);
    const bool gone = !file_exists(f.path);
    vgi_server_free(f.server);
    rmdir(f.directory);
    assert_int_equal(two, 2);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(gone);
}

/* ---- starting ---- */

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    fixture f;
    peer p;
    int fd;

    prepare(&f, NULL);
    assert_int_equal(vgi__unix_listen(f.path, &fd, NULL), VGI_OK);
    close(fd);
    start(&f);
    join_client(&f, &p);
    const int64_t two = call_twice(&p, 1);
    peer_close(&p);
    finish(&f);
    assert_int_equal(two, 2);
}

static void bad_paths_are_refused(void **state)
{
    (void)state;
    char longest[200];
    vgi_error err = { 0 };
    vgi_server *server;

    assert_int_equal(make_server(&server, NULL), VGI_OK);
    memset(longest, 'x', sizeof(longest));
    longest[108] = '\0';
    const int too_long = vgi_server_serve_unix(server, longest, NULL, &err);
    const int nowhere = vgi_server_serve_unix(server, "/no/such/dir/socket", NULL, NULL);
    vgi_server_free(server);
    assert_int_equal(too_long, VGI_EINVAL);
    assert_non_null(strstr(err.message, "1 to 107"));
    assert_int_equal(nowhere, VGI_EIO);
}

typedef struct hook_log {
    int started;
    vgi_transport_kind kind;
    int status;
} hook_log;

static int on_start(vgi_server *server, vgi_transport_kind kind, void *user,
                    vgi_error *err)
{
    hook_log *log = user;

    log->started += vgi_server_id(server) != NULL;
    log->kind = kind;
    if (log->status != VGI_OK && err)
        strcpy(err->message, "not today");
    return log->status;
}

static void the_start_hook_runs_once(void **state)
{
    (void)state;
    hook_log log = { 0 };
    const vgi_server_options o = { .size = sizeof(o),
                                   .on_serve_start = on_start,
                                   .user = &log };
    fixture f;
    peer p;
    bool ok = true;

    begin(&f, true, &o);
    for (int i = 0; i < 3; i++) {
        join_client(&f, &p);
        ok = ok && call_twice(&p, 1) == 2;
        peer_close(&p);
    }
    finish(&f);
    assert_true(ok);
    assert_int_equal(log.started, 1);
    assert_int_equal(log.kind, VGI_TRANSPORT_UNIX);
}

static void a_failing_start_hook_stops_the_serve(void **state)
{
    (void)state;
    hook_log log = { .status = VGI_ENOTSUP };
    const vgi_server_options o = { .size = sizeof(o),
                                   .on_serve_start = on_start,
                                   .user = &log };
    vgi_error err = { 0 };
    fixture f;

    prepare(&f, &o);
    const int rc = vgi_server_serve_unix(f.server, f.path, NULL, &err);
    const bool there = file_exists(f.path);
    vgi_server_free(f.server);
    rmdir(f.directory);
    assert_int_equal(rc, VGI_ENOTSUP);
    assert_string_equal(err.message, "not today");
    assert_int_equal(log.started, 1);
    assert_false(there);
}

static void the_socket_is_announced(void **state)
{
    (void)state;
    char expected[64], got[64] = "";
    fixture f;
    int fds[2], former;

    prepare(&f, NULL);
    snprintf(expected, sizeof(expected), "UNIX:%s\n", f.path);
    assert_int_equal(pipe(fds), 0);
    fflush(stdout);
    former = dup(STDOUT_FILENO);
    dup2(fds[1], STDOUT_FILENO);
    f.options.announce = true;
    pthread_create(&f.thread, NULL, serve, &f);
    struct pollfd ready = { .fd = fds[0], .events = POLLIN };
    const int n = poll(&ready, 1, 5000);
    const ssize_t bytes = n == 1 ? read(fds[0], got, sizeof(got) - 1) : -1;
    const bool accepts = file_exists(f.path);
    dup2(former, STDOUT_FILENO);
    close(former);
    close(fds[0]);
    close(fds[1]);
    finish(&f);
    assert_true(bytes > 0);
    assert_string_equal(got, expected);
    assert_true(accepts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_follow_each_other),
        cmocka_unit_test(a_sequential_server_serves_one_at_a_time),
        cmocka_unit_test(a_threaded_server_serves_many),
        cmocka_unit_test(over_the_cap_connections_wait),
        cmocka_unit_test(garbage_concerns_nobody_else),
        cmocka_unit_test(stop_while_idle),
        cmocka_unit_test(stop_without_connections),
        cmocka_unit_test(stop_during_a_call),
        cmocka_unit_test(draining_ends_at_its_deadline),
        cmocka_unit_test(the_path_is_free_while_calls_drain),
        cmocka_unit_test(another_server_keeps_its_file),
        cmocka_unit_test(a_stopped_server_serves_no_more),
        cmocka_unit_test(idle_timeout_ends_the_serve),
        cmocka_unit_test(a_stale_socket_is_replaced),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(the_start_hook_runs_once),
        cmocka_unit_test(a_failing_start_hook_stops_the_serve),
        cmocka_unit_test(the_socket_is_announced),
    };

    return vgi_test_run(tests);
}
