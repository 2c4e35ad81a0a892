/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, options, and peers that are real: processes, sockets, timeouts. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

#include "base/clock.h"

static int call_void(vgi_client *c, vgi_error *err)
{
    return vgi_client_call(c, "noop", &vgi_type_vgi_void, NULL, &vgi_type_vgi_void, NULL,
                           NULL, err);
}

static void urls_that_are_none(void **state)
{
    vgi_client *c = NULL;
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi_client_open(&c, "worker", NULL, &err), VGI_EINVAL);
    assert_string_equal(err.message,
                        "\"worker\" is no server: write exec:COMMAND, unix:PATH or "
                        "http://HOST:PORT");
    assert_int_equal(vgi_client_open(&c, "ftp://example.org/", NULL, &err), VGI_ENOTSUP);
    assert_int_equal(vgi_client_open(&c, "exec:", NULL, &err), VGI_EINVAL);
    assert_int_equal(vgi_client_open(&c, "exec:'unbalanced", NULL, &err), VGI_EINVAL);
    assert_int_equal(vgi_client_open(&c, "exec:/nonexistent/worker", NULL, &err),
                     VGI_ECONNECT);
    assert_int_equal(vgi_client_open(&c, "unix:/nonexistent/socket", NULL, &err),
                     VGI_ECONNECT);
    assert_null(c);
}

static void options_have_a_size(void **state)
{
    const vgi_client_options unset = { .read_timeout_ms = 1 };
    vgi_client *c = NULL;
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi_client_open(&c, "exec:true", &unset, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "size"));
}

/* A worker that is gone is an error of the call; SIGPIPE has its default action here. */
static void worker_exits(void **state)
{
    vgi_client *c = NULL;
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi_client_open(&c, "exec:true", NULL, &err), VGI_OK);
    (void)usleep(50000);
    assert_int_equal(call_void(c, &err), VGI_ECLOSED);
    assert_int_equal(call_void(c, &err), VGI_ECLOSED);
    vgi_client_close(c);
}

/* What a call to this worker fails with, and how long it takes until all is closed. */
static uint64_t fail_with(const char *url, const vgi_client_options *options, int *rc,
                          vgi_error *err)
{
    const uint64_t start = vgi__clock_ns();
    vgi_client *c = NULL;

    assert_int_equal(vgi_client_open(&c, url, options, err), VGI_OK);
    *rc = call_void(c, err);
    vgi_client_close(c);
    return (vgi__clock_ns() - start) / 1000000;
}

static void the_end_of_a_worker_is_told(void **state)
{
    static const struct {
        const char *url, *message;
    } workers[] = {
        { "exec:true", "the worker exited with status 0 before it answered" },
        { "exec:sh -c 'cat >/dev/null & exec sleep 0.02'", "status 0 before" },
        { "exec:sh -c 'exit 3'", "the worker exited with status 3 before it answered" },
        { "exec:sh -c 'kill -9 $$'", "the worker was ended by signal 9 (" },
        { "exec:sh -c 'printf \"\\377\\377\\377\"; exit 4'", "status 4 before" },
    };
    vgi_error err = { 0 };
    int rc;

    (void)state;
    for (size_t i = 0; i < sizeof(workers) / sizeof(*workers); i++) {
        fail_with(workers[i].url, NULL, &rc, &err);
        assert_int_equal(rc, VGI_ECLOSED);
        assert_non_null(strstr(err.message, workers[i].message));
    }
}

/* It closed its output, but lives: there is no status to tell, and nothing to wait for.
 */
static void a_broken_channel_is_closed_at_once(void **state)
{
    const vgi_client_options options = { .size = sizeof(options), .read_timeout_ms = 20 };
    vgi_error err = { 0 };
    int rc;

    (void)state;
    assert_true(fail_with("exec:sh -c 'exec sleep 60 >&-'", NULL, &rc, &err) < 1000);
    assert_int_equal(rc, VGI_ECLOSED);
    assert_string_equal(err.message, "the server closed the connection");
    assert_true(fail_with("exec:sleep 60", &options, &rc, &err) < 1000);
    assert_int_equal(rc, VGI_ETIMEDOUT);
    assert_true(fail_with("exec:sh -c 'echo hello; exec sleep 60'", NULL, &rc, &err) <
                1000);
    assert_int_equal(rc, VGI_EPROTO);
}

/* `cat` answers a request with the request: well framed, and no answer to it. */
static void worker_echoes(void **state)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .read_timeout_ms = 5000 };
    vgi_client *c = NULL;
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi_client_open(&c, "exec:cat", &options, &err), VGI_OK);
    assert_int_equal(call_void(c, &err), VGI_OK);
    vgi_client_close(c);
}

static void silent_server(void **state)
{
    const vgi_client_options options = { .size = sizeof(options), .read_timeout_ms = 20 };
    vgi_client *c = NULL;
    vgi_error err = { 0 };
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(vgi_client_open_fds(&c, fds[0], fds[0], &options, &err), VGI_OK);
    assert_int_equal(call_void(c, &err), VGI_ETIMEDOUT);
    /* An answer that comes later would be taken for that of another call. */
    assert_int_equal(call_void(c, &err), VGI_ECLOSED);
    vgi_client_close(c);
    (void)close(fds[1]);
}

static void close_of_nothing(void **state)
{
    (void)state;
    vgi_client_close(NULL);
    vgi_stream_close(NULL);
    vgi_description_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_are_none),
        cmocka_unit_test(options_have_a_size),
        cmocka_unit_test(worker_exits),
        cmocka_unit_test(the_end_of_a_worker_is_told),
        cmocka_unit_test(a_broken_channel_is_closed_at_once),
        cmocka_unit_test(worker_echoes),
        cmocka_unit_test(silent_server),
        cmocka_unit_test(close_of_nothing),
    };
    return vgi_test_run(tests);
}
