/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/engine/echo.h"
#include "support/traced.h"

/* What a request is answered with, and whether the connection ends in order after it. */
typedef struct refusal {
    answer a;
    bool closed;
} refusal;

static refusal try_request(const echo *s, const char *text)
{
    refusal r = { 0 };
    const int fd = echo_connect(s);

    if (say(fd, text))
        hear(fd, &r.a, false);
    r.closed = hung_up(fd, 3000);
    answer_free(&r.a);
    close(fd);
    return r;
}

static void malformed_requests_are_refused_and_closed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "NONSENSE\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\nabcd",
          413 },
    };
    enum { CASES = sizeof(cases) / sizeof(cases[0]) };
    refusal r[CASES];
    echo s;

    echo_begin(&s);
    for (size_t i = 0; i < CASES; i++)
        r[i] = try_request(&s, cases[i].text);
    const int after = ask_alone(&s, GET("/"));
    echo_end(&s);
    for (size_t i = 0; i < CASES; i++) {
        assert_int_equal(r[i].a.status, cases[i].status);
        assert_true(answer_has(&r[i].a, "Connection: close"));
        assert_true(r[i].closed);
    }
    assert_int_equal(s.refused, CASES);
    assert_int_equal(s.handled, 1);
    assert_int_equal(after, 200);
}

/* The first request is answered, the second refused, the third never looked at. */
static void nothing_behind_a_refused_request_is_served(void **state)
{
    (void)state;
    answer a = { 0 }, b = { 0 };
    echo s;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/") "GET / HTTP/1.1\r\n\r\n" GET("/"));
    hear(fd, &a, false);
    hear(fd, &b, false);
    const bool closed = hung_up(fd, 3000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    answer_free(&b);
    assert_int_equal(a.status, 200);
    assert_int_equal(b.status, 400);
    assert_true(closed);
    assert_int_equal(s.handled, 1);
}

static void a_large_head_is_refused(void **state)
{
    (void)state;
    enum { BYTES = 200000 };
    echo s;
    answer a = { 0 };
    char *value = malloc(BYTES);

    memset(value, 'a', BYTES);
    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, "GET / HTTP/1.1\r\nHost: x\r\nX-A: ");
    say_bytes(fd, value, BYTES);
    say(fd, "\r\n\r\n");
    hear(fd, &a, false);
    const bool closed = hung_up(fd, 3000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    free(value);
    assert_int_equal(a.status, 431);
    assert_true(closed);
    assert_false(a.reset);
}

/* The client sends all of a body that is refused for its size, and only then reads. */
static void the_answer_reaches_a_client_that_still_sends(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 40 };
    echo s;
    answer a = { 0 };
    char *piece = calloc(1, PIECE);

    echo_begin(&s);
    const int fd = echo_connect(&s);
    bool said = say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 41943040\r\n\r\n");
    for (int i = 0; said && i < PIECES; i++)
        said = say_bytes(fd, piece, PIECE);
    hear(fd, &a, false);
    const bool closed = hung_up(fd, 3000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    free(piece);
    assert_true(said);
    assert_int_equal(a.status, 413);
    assert_true(closed);
}

static void a_chunked_body_over_the_limit_is_refused(void **state)
{
    (void)state;
    enum { PIECE = 1 << 20, PIECES = 20 };
    echo s;
    answer a = { 0 };
    char *piece = calloc(1, PIECE);
    bool said;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    said = say(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; said && i < PIECES; i++)
        said = say(fd, "100000\r\n") && say_bytes(fd, piece, PIECE) && say(fd, "\r\n");
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    free(piece);
    assert_int_equal(a.status, 413);
}

static void a_refused_head_request_has_no_body(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_prepare(&s);
    s.options.body_bytes_total = 10;
    echo_start(&s);
    const int fd = echo_connect(&s);
    say(fd, "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n");
    hear(fd, &a, true);
    const bool closed = hung_up(fd, 3000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 503);
    assert_true(closed);
}

/* Others' bodies take all that there is; when they are gone there is room again. */
static void bodies_share_a_budget(void **state)
{
    (void)state;
    enum { HOLDERS = 4, BYTES = 1000000 };
    static const char holder[] =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n";
    static const char request[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n";
    echo s;
    int fds[HOLDERS];
    char *bytes = calloc(1, BYTES);
    refusal r;
    answer a = { 0 };

    echo_prepare(&s);
    s.options.body_bytes_total = HOLDERS * (BYTES + 100) + 100000;
    echo_start(&s);
    for (int i = 0; i < HOLDERS; i++) {
        fds[i] = echo_connect(&s);
        say(fds[i], holder);
        say_bytes(fds[i], bytes, BYTES);
    }
    for (int i = 0; i < 500 && vgi_test_live_bytes() < HOLDERS * BYTES; i++)
        pause_ms(5);
    pause_ms(100); /* blocks that grow are there twice for a moment */
    r = try_request(&s, request);
    const int small = ask_alone(&s, GET("/"));
    for (int i = 0; i < HOLDERS; i++)
        close(fds[i]);
    pause_ms(100);
    const int fd = echo_connect(&s);
    say(fd, request);
    say_bytes(fd, bytes, 500000);
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    free(bytes);
    assert_int_equal(r.a.status, 503);
    assert_true(answer_has(&r.a, "Retry-After: 1"));
    assert_true(r.closed);
    assert_int_equal(small, 200);
    assert_int_equal(a.status, 200);
}

/* What a peer announces and does not send takes nothing from the others. */
static void announced_bytes_cost_nothing(void **state)
{
    (void)state;
    enum { LIARS = 20 };
    echo s;
    int fds[LIARS];

    echo_prepare(&s);
    s.options.body_bytes_total = s.options.body_bytes + 1000000;
    echo_start(&s);
    for (int i = 0; i < LIARS; i++) {
        fds[i] = echo_connect(&s);
        say(fds[i], "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\nabcd");
    }
    pause_ms(50);
    const size_t live = vgi_test_live_bytes();
    const int status =
        ask_alone(&s, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
    for (int i = 0; i < LIARS; i++)
        close(fds[i]);
    echo_end(&s);
    assert_int_equal(status, 200);
    assert_true(live < 2000000);
}

static void a_request_that_ends_early_is_refused(void **state)
{
    (void)state;
    static const char *const beginnings[] = {
        "GET / HTT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nabcd"
    };
    int status[2];
    echo s;

    echo_begin(&s);
    for (int i = 0; i < 2; i++) {
        const int fd = echo_connect(&s);
        answer a = { 0 };

        say(fd, beginnings[i]);
        shutdown(fd, SHUT_WR);
        hear(fd, &a, false);
        status[i] = a.status;
        answer_free(&a);
        close(fd);
    }
    echo_end(&s);
    assert_int_equal(status[0], 400);
    assert_int_equal(status[1], 400);
    assert_int_equal(s.handled, 0);
}

static void a_response_without_memory_is_an_error(void **state)
{
    (void)state;
    echo s;

    echo_begin(&s);
    const refusal r = try_request(&s, GET("/broken"));
    echo_end(&s);
    assert_int_equal(r.a.status, 503);
    assert_false(answer_has(&r.a, "Retry-After: 1")); /* the handler has run */
    assert_true(r.closed);
    assert_int_equal(s.sent, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(malformed_requests_are_refused_and_closed),
    cmocka_unit_test(nothing_behind_a_refused_request_is_served),
    cmocka_unit_test(a_large_head_is_refused),
    cmocka_unit_test(the_answer_reaches_a_client_that_still_sends),
    cmocka_unit_test(a_chunked_body_over_the_limit_is_refused),
    cmocka_unit_test(a_refused_head_request_has_no_body),
    cmocka_unit_test(bodies_share_a_budget),
    cmocka_unit_test(announced_bytes_cost_nothing),
    cmocka_unit_test(a_request_that_ends_early_is_refused),
    cmocka_unit_test(a_response_without_memory_is_an_error),
};

int main(void)
{
    return vgi_test_run(tests);
}
