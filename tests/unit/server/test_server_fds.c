/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "service.h"

/* A server on one end of a socket pair, in a thread; a peer on the other. */
typedef struct fixture {
    vgi_server *server;
    pthread_t thread;
    int fd, rc;
    peer p;
} fixture;

static void *serve(void *arg)
{
    fixture *f = arg;

    f->rc = vgi_server_serve_fds(f->server, f->fd, f->fd, VGI_TRANSPORT_UNIX, NULL);
    shutdown(f->fd, SHUT_WR); /* the peer shall not wait in vain */
    return NULL;
}

static void begin(fixture *f, const vgi_server_options *options, bool signals)
{
    int fds[2];

    assert_int_equal(make_server(&f->server, options), VGI_OK);
    if (signals)
        assert_int_equal(vgi_server_handle_signals(f->server, NULL), VGI_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    f->fd = fds[0];
    assert_int_equal(peer_on_fd(&f->p, fds[1]), VGI_OK);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

/* How many milliseconds the serve still took. */
static uint64_t finish(fixture *f)
{
    const uint64_t from = vgi__clock_ns();

    pthread_join(f->thread, NULL);
    const uint64_t ms = (vgi__clock_ns() - from) / 1000000;
    peer_close(&f->p);
    vgi_server_free(f->server);
    close(f->fd);
    return ms;
}

static void wait_for_call(void)
{
    for (int i = 0; i < 50 && atomic_load(&calls_running) == 0; i++)
        (void)poll(NULL, 0, 1);
}

static void a_serve_ends_with_its_input(void **state)
{
    (void)state;
    fixture f;

    begin(&f, NULL, false);
    const int64_t two = call_twice(&f.p, 1), four = call_twice(&f.p, 2);
    vgi__io_close(f.p.io);
    f.p.io = NULL;
    pthread_join(f.thread, NULL);
    peer_close(&f.p);
    const bool open = fcntl(f.fd, F_GETFD) >= 0; /* they are not closed */
    vgi_server_free(f.server);
    close(f.fd);
    assert_int_equal(two, 2);
    assert_int_equal(four, 4);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(open);
}

static void stop_from_another_thread(bool signals)
{
    fixture f;

    begin(&f, NULL, signals);
    const int64_t two = call_twice(&f.p, 1);
    (void)poll(NULL, 0, 5);
    vgi_server_stop(f.server);
    const uint64_t ms = finish(&f);
    assert_int_equal(two, 2);
    assert_int_equal(f.rc, VGI_OK);
    assert_true(ms < 1000);
}

static void stop_wakes_an_idle_serve(void **state)
{
    (void)state;
    stop_from_another_thread(false);
    stop_from_another_thread(true);
}

static void stop_lets_a_call_finish(bool signals)
{
    const number ms = { 30 };
    fixture f;
    int64_t out = 0;

    begin(&f, NULL, signals);
    const int sent = peer_request(&f.p, "nap", VGI_FROM(number, &ms));
    wait_for_call();
    vgi_server_stop(f.server);
    const int answered = peer_answer_i64(&f.p, &out);
    finish(&f);
    assert_int_equal(sent, VGI_OK);
    assert_int_equal(answered, VGI_OK);
    assert_int_equal(out, 30);
    assert_int_equal(f.rc, VGI_OK);
}

static void stop_during_a_call(void **state)
{
    (void)state;
    stop_lets_a_call_finish(false);
    stop_lets_a_call_finish(true);
}

static void stop_between_calls_is_never_missed(void **state)
{
    (void)state;
    if (getenv("VGI_TORTURE"))
        return;
    for (int i = 0; i < 200; i++) { /* with luck, some hit the instant before read(2) */
        fixture f;

        begin(&f, NULL, i % 2 == 0);
        (void)call_twice(&f.p, 1);
        for (int spin = 0; spin < i * 20; spin++)
            __asm__ volatile("" ::: "memory");
        vgi_server_stop(f.server);
        assert_true(finish(&f) < 2000);
        assert_int_equal(f.rc, VGI_OK);
    }
}

static void a_signal_stops_the_serve(void **state)
{
    (void)state;
    const int numbers[] = { SIGTERM, SIGINT };

    for (int i = 0; i < 2; i++) {
        fixture f;

        begin(&f, NULL, true);
        const int64_t two = call_twice(&f.p, 1);
        raise(numbers[i]); /* on this thread, not on the one that serves */
        const uint64_t ms = finish(&f);
        assert_int_equal(two, 2);
        assert_int_equal(f.rc, VGI_OK);
        assert_true(ms < 1000);
    }
}

static void formerly(int signal_number)
{
    (void)signal_number;
}

static void handlers_are_given_back(void **state)
{
    (void)state;
    const struct sigaction mine = { .sa_handler = formerly };
    struct sigaction now;
    vgi_error err = { 0 };
    vgi_server *first, *second;

    sigaction(SIGTERM, &mine, NULL);
    assert_int_equal(make_server(&first, NULL), VGI_OK);
    const int made = make_server(&second, NULL);
    if (made != VGI_OK)
        vgi_server_free(first);
    assert_int_equal(made, VGI_OK);
    const int rc = vgi_server_handle_signals(first, NULL);
    const int again = vgi_server_handle_signals(first, NULL);
    const int other = vgi_server_handle_signals(second, &err);
    vgi_server_free(first); /* gives them back */
    sigaction(SIGTERM, NULL, &now);
    const bool back = now.sa_handler == formerly;
    const int later = vgi_server_handle_signals(second, NULL);
    vgi_server_handle_signals(NULL, NULL);
    sigaction(SIGPIPE, NULL, &now);
    const bool pipe_back = now.sa_handler == SIG_DFL;
    vgi_server_free(second);
    signal(SIGTERM, SIG_DFL);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(again, VGI_OK);
    assert_int_equal(other, VGI_EINVAL);
    assert_string_equal(err.message, "another server has the signals");
    assert_true(back);
    assert_int_equal(later, VGI_OK);
    assert_true(pipe_back);
}

static void broken_framing_is_reported(void **state)
{
    (void)state;
    fixture f;

    begin(&f, NULL, false);
    const int sent = peer_send(&f.p, "nonsense", 8);
    const int began = peer_begin(&f.p), rc = began == VGI_OK ? peer_next(&f.p) : began;
    finish(&f);
    assert_int_equal(sent, VGI_OK);
    assert_int_equal(rc, VGI_EREMOTE);
    assert_int_equal(f.rc, VGI_EPROTO);
}

static int refuse(vgi_server *server, vgi_transport_kind kind, void *user, vgi_error *err)
{
    (void)server, (void)user, (void)err;
    return kind == VGI_TRANSPORT_PIPE ? VGI_ENOTSUP : VGI_OK;
}

static void a_failing_start_hook_reads_nothing(void **state)
{
    (void)state;
    const vgi_server_options o = { .size = sizeof(o), .on_serve_start = refuse };
    vgi_server *server;
    char byte;
    int fds[2];

    assert_int_equal(make_server(&server, &o), VGI_OK);
    assert_int_equal(pipe(fds), 0);
    const ssize_t sent = write(fds[1], "x", 1);
    const int rc = vgi_server_serve_fds(server, fds[0], fds[1], VGI_TRANSPORT_PIPE, NULL);
    const ssize_t kept = read(fds[0], &byte, 1);
    close(fds[0]);
    close(fds[1]);
    vgi_server_free(server);
    assert_int_equal(sent, 1);
    assert_int_equal(rc, VGI_ENOTSUP);
    assert_int_equal(kept, 1);
}

static void closed_descriptors_are_refused(void **state)
{
    (void)state;
    vgi_server *server;

    assert_int_equal(make_server(&server, NULL), VGI_OK);
    const int rc = vgi_server_serve_fds(server, 1000, 1000, VGI_TRANSPORT_PIPE, NULL);
    vgi_server_free(server);
    assert_int_equal(rc, VGI_EIO);
}

static void ids_and_hashes_are_told(void **state)
{
    (void)state;
    const vgi_server_options o = { .size = sizeof(o), .server_id = "me" };
    vgi_server *server;

    assert_int_equal(make_server(&server, &o), VGI_OK);
    const bool id = strcmp(vgi_server_id(server), "me") == 0;
    const char *describe = vgi_server_describe_hash(server, "Test");
    const char *protocol = vgi_server_protocol_hash(server, "Test");
    const bool hashes = describe && protocol && strlen(describe) == 64 &&
                        strlen(protocol) == 64 && strcmp(describe, protocol) != 0;
    const bool unknown = !vgi_server_describe_hash(server, "Nobody") &&
                         !vgi_server_protocol_hash(server, "Nobody");
    vgi_server_free(server);
    vgi_server_free(NULL);
    assert_true(id);
    assert_true(hashes);
    assert_true(unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_serve_ends_with_its_input),
        cmocka_unit_test(stop_wakes_an_idle_serve),
        cmocka_unit_test(stop_during_a_call),
        cmocka_unit_test(stop_between_calls_is_never_missed),
        cmocka_unit_test(a_signal_stops_the_serve),
        cmocka_unit_test(handlers_are_given_back),
        cmocka_unit_test(broken_framing_is_reported),
        cmocka_unit_test(a_failing_start_hook_reads_nothing),
        cmocka_unit_test(closed_descriptors_are_refused),
        cmocka_unit_test(ids_and_hashes_are_told),
    };

    return vgi_test_run(tests);
}
