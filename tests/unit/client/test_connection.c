/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, options, and peers that are real: processes, sockets, timeouts. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

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
                        "\"worker\" is no server: write exec:COMMAND or unix:PATH");
    assert_int_equal(vgi_client_open(&c, "https://example.org/", NULL, &err),
                     VGI_ENOTSUP);
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
        cmocka_unit_test(urls_that_are_none), cmocka_unit_test(options_have_a_size),
        cmocka_unit_test(worker_exits),       cmocka_unit_test(worker_echoes),
        cmocka_unit_test(silent_server),      cmocka_unit_test(close_of_nothing),
    };
    return vgi_test_run(tests);
}
