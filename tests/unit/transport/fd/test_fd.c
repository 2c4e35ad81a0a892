/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "support/traced.h"
#include "transport/fd/fd.h"

static int open_io(vgi__io **io, int in, int out, int wake)
{
    const vgi__fd_options o = {
        .in_fd = in, .out_fd = out, .owned = true, .wake_fd = wake
    };
    const int rc = vgi__fd_open(io, &o, NULL, NULL);

    if (rc != VGI_OK) {
        close(in);
        close(out);
    }
    return rc;
}

/* An io that reads and writes one pipe. */
static int open_loop(vgi__io **io, int wake)
{
    int fds[2];

    return pipe(fds) != 0 ? VGI_EIO : open_io(io, fds[0], fds[1], wake);
}

static int write_text(vgi__io *io, const char *text)
{
    struct iovec iov = { .iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text) };

    return vgi__io_write(io, &iov, 1, NULL);
}

static void a_pipe_carries_bytes(void **state)
{
    (void)state;
    char got[16] = "";
    size_t n = 0;
    vgi__io *io;

    assert_int_equal(open_loop(&io, -1), VGI_OK);
    const int rc = write_text(io, "hello") | vgi__io_read(io, got, 16, &n, NULL);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(n, 5);
    assert_string_equal(got, "hello");
}

#ifdef F_SETPIPE_SZ
static void a_pipe_is_widened(void **state)
{
    (void)state;
    vgi__io *io;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(open_io(&io, fds[0], fds[1], -1), VGI_OK);
    const int size = fcntl(fds[0], F_GETPIPE_SZ);
    vgi__io_close(io);
    assert_true(size >= 65536); /* a user's quota may be used up */
}
#endif

static void the_end_is_seen(void **state)
{
    (void)state;
    char got[4];
    size_t n;
    vgi__io *io;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    const int out = dup(STDERR_FILENO);
    close(fds[1]);
    assert_int_equal(open_io(&io, fds[0], out, -1), VGI_OK);
    const int rc = vgi__io_read(io, got, sizeof(got), &n, NULL);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_END);
}

static int write_to_nobody(vgi_error *err)
{
    struct iovec iov = { .iov_base = "x", .iov_len = 1 };
    vgi__io *io;
    int fds[2], rc;

    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    assert_int_equal(open_io(&io, dup(STDERR_FILENO), fds[1], -1), VGI_OK);
    rc = vgi__io_write(io, &iov, 1, err);
    vgi__io_close(io);
    return rc;
}

static void a_gone_reader_is_an_error(void **state)
{
    (void)state;
    vgi_error err = { 0 };

    /* With SIGPIPE at its default, ignored, and blocked: the test lives on. */
    assert_int_equal(write_to_nobody(&err), VGI_ECLOSED);
    assert_non_null(strstr(err.message, "write"));
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(write_to_nobody(&err), VGI_ECLOSED);
    signal(SIGPIPE, SIG_DFL);
}

static void a_blocked_sigpipe_stays_the_applications(void **state)
{
    (void)state;
    sigset_t sigpipe, before, pending;
    int number;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    const int rc = write_to_nobody(NULL);
    sigpending(&pending);
    const bool there = sigismember(&pending, SIGPIPE) == 1;
    if (there)
        sigwait(&sigpipe, &number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(rc, VGI_ECLOSED);
    assert_true(there);
}

static volatile sig_atomic_t raised;

static void count(int number)
{
    (void)number;
    raised = raised + 1;
}

static void the_mask_is_as_before(void **state)
{
    (void)state;
    const struct sigaction action = { .sa_handler = count };
    struct sigaction before;

    sigaction(SIGPIPE, &action, &before);
    const int rc = write_to_nobody(NULL);
    const int during = raised;
    raise(SIGPIPE);
    const int after = raised;
    sigaction(SIGPIPE, &before, NULL);
    assert_int_equal(rc, VGI_ECLOSED);
    assert_int_equal(during, 0);
    assert_int_equal(after, 1);
}

static void a_gone_socket_raises_no_signal(void **state)
{
    (void)state;
    struct iovec iov = { .iov_base = "x", .iov_len = 1 };
    vgi__io *io;
    int fds[2], rc;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[1]);
    assert_int_equal(open_io(&io, fds[0], fds[0], -1), VGI_OK);
    rc = vgi__io_write(io, &iov, 1, NULL); /* SIGPIPE would end the test */
    vgi__io_close(io);
    assert_int_equal(rc, VGI_ECLOSED);
}

static void a_read_times_out(void **state)
{
    (void)state;
    vgi_error err = { 0 };
    char got[4];
    size_t n;
    vgi__io *io;

    assert_int_equal(open_loop(&io, -1), VGI_OK);
    io->read_timeout_ms = 20;
    const uint64_t start = vgi__clock_ns();
    const int rc = vgi__io_read(io, got, sizeof(got), &n, &err);
    const uint64_t passed = vgi__clock_ns() - start;
    vgi__io_close(io);
    assert_int_equal(rc, VGI_ETIMEDOUT);
    assert_string_equal(err.message, "nothing to read for 20 ms");
    assert_true(passed >= 19000000);
}

static void a_write_times_out(void **state)
{
    (void)state;
    static char block[1 << 20];
    vgi__io *io;
    int fds[2], rc = VGI_OK;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(open_io(&io, fds[0], fds[0], -1), VGI_OK);
    io->write_timeout_ms = 20;
    for (int i = 0; i < 100 && rc == VGI_OK; i++) {
        struct iovec iov = { .iov_base = block, .iov_len = sizeof(block) };

        rc = vgi__io_write(io, &iov, 1, NULL);
    }
    vgi__io_close(io);
    close(fds[1]);
    assert_int_equal(rc, VGI_ETIMEDOUT);
}

static void a_watched_wake_ends_a_read(void **state)
{
    (void)state;
    char got[4];
    size_t n = 0;
    vgi__io *io;
    int wake[2], cancelled, later;

    assert_int_equal(pipe(wake), 0);
    assert_int_equal(open_loop(&io, wake[0]), VGI_OK);
    const int rc = write(wake[1], "", 1) != 1 || write_text(io, "ab") != VGI_OK;
    vgi__fd_watch_wake(io, true);
    cancelled = vgi__io_read(io, got, sizeof(got), &n, NULL);
    vgi__fd_watch_wake(io, false); /* a call that runs is not interrupted */
    later = vgi__io_read(io, got, sizeof(got), &n, NULL);
    vgi__io_close(io);
    close(wake[0]);
    close(wake[1]);
    assert_int_equal(rc, 0);
    assert_int_equal(cancelled, VGI_ECANCELLED);
    assert_int_equal(later, VGI_OK);
    assert_int_equal(n, 2);
}

static void no_wake_descriptor_is_no_wake(void **state)
{
    (void)state;
    char got[4];
    size_t n = 0;
    vgi__io *io;

    assert_int_equal(open_loop(&io, -1), VGI_OK);
    vgi__fd_watch_wake(io, true);
    const int rc = write_text(io, "ab") | vgi__io_read(io, got, sizeof(got), &n, NULL);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(n, 2);
}

/* Reads everything; the sum of the bytes says that all came, in some order. */
struct sink {
    vgi__io *io;
    uint64_t sum;
    size_t bytes;
};

static void *drain(void *arg)
{
    struct sink *s = arg;
    uint8_t buf[70000];
    size_t n;

    while (vgi__io_read(s->io, buf, sizeof(buf), &n, NULL) == VGI_OK) {
        for (size_t i = 0; i < n; i++)
            s->sum += buf[i] * (uint64_t)(s->bytes + i + 1);
        s->bytes += n;
    }
    return NULL;
}

static uint64_t expected_sum(const struct iovec *iov, size_t n)
{
    uint64_t sum = 0, at = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < iov[i].iov_len; k++)
            sum += ((uint8_t *)iov[i].iov_base)[k] * ++at;
    }
    return sum;
}

/* Write many and long buffers while another thread reads. */
static void gather(bool nonblocking, bool socket)
{
    enum { PIECES = 2500 };
    static uint8_t bytes[3 << 20];
    static struct iovec iov[PIECES];
    struct sink sink = { 0 };
    pthread_t thread;
    vgi__io *io;
    int fds[2], null = open("/dev/null", O_RDWR), rc;

    assert_int_equal(socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fds) : pipe(fds), 0);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    for (size_t i = 0; i < PIECES; i++) { /* empty ones, small ones, and big ones */
        iov[i].iov_base = bytes + i;
        iov[i].iov_len = i % 5 == 0 ? 0 : (i % 1000 == 1 ? 3u << 19 : i % 97);
    }
    const uint64_t expected = expected_sum(iov, PIECES);

    assert_int_equal(open_io(&sink.io, fds[0], dup(null), -1), VGI_OK);
    rc = open_io(&io, null, fds[1], -1);
    if (rc != VGI_OK)
        vgi__io_close(sink.io);
    assert_int_equal(rc, VGI_OK);
    if (nonblocking)
        rc = fcntl(fds[1], F_SETFL, O_NONBLOCK) | fcntl(fds[0], F_SETFL, O_NONBLOCK);
    rc |= pthread_create(&thread, NULL, drain, &sink);
    rc |= vgi__io_write(io, iov, PIECES, NULL);
    vgi__io_close(io);
    pthread_join(thread, NULL);
    vgi__io_close(sink.io);
    assert_int_equal(rc, VGI_OK);
    assert_true(sink.sum == expected);
}

static void pipes_take_everything(void **state)
{
    (void)state;
    gather(false, false);
}

static void sockets_take_everything(void **state)
{
    (void)state;
    gather(false, true);
}

static void nonblocking_descriptors_work_too(void **state)
{
    (void)state;
    gather(true, false);
    gather(true, true);
}

/* What a handler that interrupts the reading thread does. */
static vgi__io *to_cut;

static void cut(int number)
{
    (void)number;
    vgi__fd_cut(to_cut);
}

static void a_handler_can_end_a_read(void **state)
{
    (void)state;
    const struct sigaction action = { .sa_handler = cut };
    vgi__fd_options o = { .wake_fd = -1, .cuttable = true };
    char got[4], byte = 'x';
    size_t n = 0;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    o.in_fd = fds[0];
    o.out_fd = fds[1];
    const int opened = vgi__fd_open(&to_cut, &o, NULL, NULL);
    if (opened != VGI_OK) {
        close(fds[0]);
        close(fds[1]);
    }
    assert_int_equal(opened, VGI_OK);
    const bool wrote = write(fds[1], &byte, 1) == 1;
    const int before = vgi__io_read(to_cut, got, sizeof(got), &n, NULL);
    sigaction(SIGALRM, &action, NULL);
    ualarm(10000, 0);
    const int during = vgi__io_read(to_cut, got, sizeof(got), &n, NULL);
    const int after = vgi__io_read(to_cut, got, sizeof(got), &n, NULL);
    vgi__io_close(to_cut);
    const bool theirs = write(fds[1], &byte, 1) == 1 && read(fds[0], got, 4) == 1;
    close(fds[0]);
    close(fds[1]);
    assert_true(wrote && before == VGI_OK && n == 1);
    assert_int_equal(during, VGI_END);
    assert_int_equal(after, VGI_END);
    assert_true(theirs); /* only a duplicate was cut */
}

static void a_closed_descriptor_is_refused(void **state)
{
    (void)state;
    const vgi__fd_options o = { .in_fd = 1000, .out_fd = 1000, .wake_fd = -1 };
    vgi_error err = { 0 };
    vgi__io *io;

    assert_int_equal(vgi__fd_open(&io, &o, NULL, &err), VGI_EIO);
    assert_non_null(strstr(err.message, "descriptor"));
}

static void borrowed_descriptors_stay_open(void **state)
{
    (void)state;
    vgi__fd_options o = { .wake_fd = -1 };
    vgi__io *io;
    int fds[2], rc;

    assert_int_equal(pipe(fds), 0);
    o.in_fd = fds[0];
    o.out_fd = fds[1];
    rc = vgi__fd_open(&io, &o, NULL, NULL);
    if (rc == VGI_OK)
        vgi__io_close(io);
    const bool open = fcntl(fds[0], F_GETFD) >= 0 && fcntl(fds[1], F_GETFD) >= 0;
    close(fds[0]);
    close(fds[1]);
    assert_int_equal(rc, VGI_OK);
    assert_true(open);
}

static void on_alarm(int number)
{
    (void)number;
}

static void a_signal_does_not_end_a_read(void **state)
{
    (void)state;
    const struct sigaction action = { .sa_handler = on_alarm };
    char got[4];
    size_t n = 0;
    vgi__io *io;

    assert_int_equal(open_loop(&io, -1), VGI_OK);
    sigaction(SIGALRM, &action, NULL);
    io->read_timeout_ms = 60;
    ualarm(10000, 10000);
    const int rc = vgi__io_read(io, got, sizeof(got), &n, NULL);
    ualarm(0, 0);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_ETIMEDOUT); /* and not an error after 10 ms */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pipe_carries_bytes),
#ifdef F_SETPIPE_SZ
        cmocka_unit_test(a_pipe_is_widened),
#endif
        cmocka_unit_test(the_end_is_seen),
        cmocka_unit_test(a_gone_reader_is_an_error),
        cmocka_unit_test(a_blocked_sigpipe_stays_the_applications),
        cmocka_unit_test(the_mask_is_as_before),
        cmocka_unit_test(a_gone_socket_raises_no_signal),
        cmocka_unit_test(a_read_times_out),
        cmocka_unit_test(a_write_times_out),
        cmocka_unit_test(a_watched_wake_ends_a_read),
        cmocka_unit_test(no_wake_descriptor_is_no_wake),
        cmocka_unit_test(pipes_take_everything),
        cmocka_unit_test(sockets_take_everything),
        cmocka_unit_test(nonblocking_descriptors_work_too),
        cmocka_unit_test(a_handler_can_end_a_read),
        cmocka_unit_test(a_closed_descriptor_is_refused),
        cmocka_unit_test(borrowed_descriptors_stay_open),
        cmocka_unit_test(a_signal_does_not_end_a_read),
    };

    return vgi_test_run(tests);
}
