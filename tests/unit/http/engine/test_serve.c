/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/engine/echo.h"
#include "support/traced.h"

#define POST_ECHO(length, rest) \
    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " length "\r\n" rest

/* Serve one exchange of bytes on a connection of its own. */
static void exchange(echo *s, const char *request, answer *a, bool bodiless)
{
    echo_begin(s);
    const int fd = echo_connect(s);
    if (say(fd, request))
        hear(fd, a, bodiless);
    close(fd);
    echo_end(s);
    answer_free(a);
}

/* ---- one request after the other ---- */

static void a_connection_serves_many_requests(void **state)
{
    (void)state;
    echo s;
    int good = 0;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    for (int i = 0; i < 500; i++)
        good += ask(fd, GET("/")) == 200;
    close(fd);
    echo_end(&s);
    assert_int_equal(s.rc, VGI_OK);
    assert_int_equal(good, 500);
    assert_int_equal(s.handled, 500);
    assert_int_equal(s.sent, 500);
    assert_int_equal(s.workers, 0);
    assert_int_equal(s.unlistened, 1);
}

static void a_unix_socket_serves_as_well(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_prepare_unix(&s);
    echo_start(&s);
    const int fd = echo_connect(&s);
    const int first = ask(fd, GET("/"));
    say(fd, GET("/peer"));
    hear(fd, &a, false);
    const bool named = a.len == 4 && memcmp(a.body, "unix", 4) == 0;
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(first, 200);
    assert_true(named);
}

static void a_response_says_what_is_needed(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    exchange(&s, GET("/"), &a, false);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "Content-Length: 5"));
    assert_true(answer_has(&a, "X-Test: yes"));
    assert_non_null(strstr(a.head, "\r\nDate: "));
    assert_non_null(strstr(a.head, " GMT\r\n"));
    assert_null(strstr(a.head, "Connection:"));
    assert_null(strstr(a.head, "Transfer-Encoding:"));
}

static void the_peer_is_named(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/peer"));
    hear(fd, &a, false);
    const bool named = a.len == 9 && memcmp(a.body, "127.0.0.1", 9) == 0;
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_true(named);
}

/* ---- bodies ---- */

/* Post `n` bytes in pieces; true: they came back. */
static bool echoes(int fd, size_t n, size_t piece)
{
    uint8_t *bytes = malloc(n + 1);
    char head[128];
    answer a = { 0 };
    bool ok = bytes;

    for (size_t i = 0; ok && i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    snprintf(head, sizeof(head),
             "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", n);
    ok = ok && say(fd, head);
    for (size_t at = 0; ok && at < n; at += piece)
        ok = say_bytes(fd, bytes + at, n - at < piece ? n - at : piece);
    if (ok)
        hear(fd, &a, false);
    ok = ok && a.status == 200 && a.len == n && (n == 0 || memcmp(a.body, bytes, n) == 0);
    answer_free(&a);
    free(bytes);
    return ok;
}

static void bodies_of_all_sizes_come_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0,     1,     8191,    8192,    8193,
                                    65535, 65536, 1 << 20, 2 << 20, (8 << 20) + 3 };
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };
    echo s;
    int good = 0;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < SIZES; i++)
            good += echoes(fd, sizes[i], (size_t)1 << 20);
    close(fd);
    echo_end(&s);
    assert_int_equal(good, 2 * SIZES);
}

static void a_body_may_come_in_pieces(void **state)
{
    (void)state;
    echo s;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    const bool ok = echoes(fd, 3000, 7) && echoes(fd, 100000, 999);
    close(fd);
    echo_end(&s);
    assert_true(ok);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    (void)state;
    static const char request[] = POST_ECHO("4", "\r\nabcd");
    echo s;
    answer a = { 0 };
    bool ok = true;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    for (size_t i = 0; ok && i < sizeof(request) - 1; i++) {
        ok = say_bytes(fd, request + i, 1);
        if (i % 16 == 0) /* long enough for the thread to leave the connection */
            pause_ms(12);
    }
    if (ok)
        hear(fd, &a, false);
    ok = ok && a.len == 4 && memcmp(a.body, "abcd", 4) == 0;
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_true(ok);
}

static void chunks_become_one_body(void **state)
{
    (void)state;
    static const char request[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n";
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, request);
    hear(fd, &a, false);
    const bool ok = a.len == 7 && memcmp(a.body, "abcdefg", 7) == 0;
    const int next = ask(fd, GET("/"));
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_true(ok);
    assert_int_equal(next, 200);
}

static void a_client_is_told_to_continue(void **state)
{
    (void)state;
    echo s;
    answer first = { 0 }, a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, POST_ECHO("4", "Expect: 100-continue\r\n\r\n"));
    hear(fd, &first, true);
    say(fd, "abcd");
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&first);
    answer_free(&a);
    assert_int_equal(first.status, 100);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 4);
}

static void a_body_that_is_there_needs_no_continue(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    exchange(&s, POST_ECHO("4", "Expect: 100-continue\r\n\r\nabcd"), &a, false);
    assert_int_equal(a.status, 200);
}

/* ---- pipelining ---- */

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    enum { REQUESTS = 1000 };
    echo s;
    char *text = malloc(REQUESTS * 100);
    size_t len = 0;
    int good = 0;

    for (int i = 0; i < REQUESTS; i++)
        len += (size_t)snprintf(
            text + len, 100,
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n%04d", i);
    echo_begin(&s);
    const int fd = echo_connect(&s);
    const bool said = say_bytes(fd, text, len);
    for (int i = 0; said && i < REQUESTS; i++) {
        char want[5];
        answer a;

        hear(fd, &a, false);
        snprintf(want, sizeof(want), "%04d", i);
        good += a.status == 200 && a.len == 4 && memcmp(a.body, want, 4) == 0;
        answer_free(&a);
    }
    close(fd);
    echo_end(&s);
    free(text);
    assert_int_equal(good, REQUESTS);
}

/* The responses do not fit into the socket while the next requests are there already. */
static void pipelined_requests_wait_for_a_slow_reader(void **state)
{
    (void)state;
    enum { REQUESTS = 6, BYTES = 1000000 };
    echo s;
    int good = 0;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    for (int i = 0; i < REQUESTS; i++)
        say(fd, GET("/bytes/1000000"));
    pause_ms(50);
    for (int i = 0; i < REQUESTS; i++) {
        answer a;

        hear(fd, &a, false);
        good += a.len == BYTES && a.body[BYTES - 1] == (uint8_t)((BYTES - 1) * 31);
        answer_free(&a);
    }
    const int next = ask(fd, GET("/"));
    close(fd);
    echo_end(&s);
    assert_int_equal(good, REQUESTS);
    assert_int_equal(next, 200);
}

/* ---- methods, versions, statuses ---- */

static void head_has_the_length_and_no_body(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, &a, true);
    const int next = ask(fd, GET("/"));
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "Content-Length: 5"));
    assert_int_equal(next, 200);
}

static void some_statuses_have_no_body(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 }, b = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/status/204") GET("/status/304"));
    hear(fd, &a, true);
    hear(fd, &b, true);
    const int next = ask(fd, GET("/status/201"));
    close(fd);
    echo_end(&s);
    answer_free(&a);
    answer_free(&b);
    assert_int_equal(a.status, 204);
    assert_null(strstr(a.head, "Content-Length:"));
    assert_int_equal(b.status, 304);
    assert_int_equal(next, 201);
}

static void version_1_0_is_closed(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, "GET / HTTP/1.0\r\n\r\n");
    hear(fd, &a, false);
    const bool closed = hung_up(fd, 1000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "Connection: close"));
    assert_true(closed);
}

static void version_1_0_may_ask_to_be_kept(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    hear(fd, &a, false);
    const int next = ask(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_true(answer_has(&a, "Connection: keep-alive"));
    assert_int_equal(next, 200);
}

static void either_side_may_close(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", GET("/close")
    };
    bool closed[2], told[2];
    echo s;

    echo_begin(&s);
    for (int i = 0; i < 2; i++) {
        const int fd = echo_connect(&s);
        answer a = { 0 };

        say(fd, requests[i]);
        hear(fd, &a, false);
        told[i] = a.status == 200 && answer_has(&a, "Connection: close");
        closed[i] = hung_up(fd, 1000);
        answer_free(&a);
        close(fd);
    }
    echo_end(&s);
    assert_true(told[0] && told[1]);
    assert_true(closed[0] && closed[1]);
}

static void a_half_closed_client_is_answered(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/sleep/20"));
    shutdown(fd, SHUT_WR);
    hear(fd, &a, false);
    const bool closed = hung_up(fd, 1000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_true(closed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_connection_serves_many_requests),
    cmocka_unit_test(a_unix_socket_serves_as_well),
    cmocka_unit_test(a_response_says_what_is_needed),
    cmocka_unit_test(the_peer_is_named),
    cmocka_unit_test(bodies_of_all_sizes_come_back),
    cmocka_unit_test(a_body_may_come_in_pieces),
    cmocka_unit_test(a_request_may_come_byte_by_byte),
    cmocka_unit_test(chunks_become_one_body),
    cmocka_unit_test(a_client_is_told_to_continue),
    cmocka_unit_test(a_body_that_is_there_needs_no_continue),
    cmocka_unit_test(pipelined_requests_are_answered_in_order),
    cmocka_unit_test(pipelined_requests_wait_for_a_slow_reader),
    cmocka_unit_test(head_has_the_length_and_no_body),
    cmocka_unit_test(some_statuses_have_no_body),
    cmocka_unit_test(version_1_0_is_closed),
    cmocka_unit_test(version_1_0_may_ask_to_be_kept),
    cmocka_unit_test(either_side_may_close),
    cmocka_unit_test(a_half_closed_client_is_answered),
};

int main(void)
{
    return vgi_test_run(tests);
}
