/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's end, and clients that vanish. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/engine/echo.h"
#include "support/traced.h"

/* ---- drain ---- */

static void an_idle_server_ends_at_once(void **state)
{
    (void)state;
    echo s;

    echo_begin(&s);
    const uint64_t took = echo_end(&s);
    assert_int_equal(s.rc, VGI_OK);
    assert_true(took < 1000);
    assert_int_equal(s.unlistened, 1);
}

static void idle_connections_do_not_delay_the_end(void **state)
{
    (void)state;
    echo s;
    int fds[5];

    echo_begin(&s);
    for (int i = 0; i < 5; i++) {
        fds[i] = echo_connect(&s);
        ask(fds[i], GET("/"));
    }
    const uint64_t took = echo_end(&s);
    bool closed = true;
    for (int i = 0; i < 5; i++) {
        closed = closed && hung_up(fds[i], 1000);
        close(fds[i]);
    }
    assert_true(closed);
    assert_true(took < 1000);
}

static void a_running_request_is_answered(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/sleep/300"));
    for (int i = 0; i < 1000 && s.running == 0; i++)
        pause_ms(1);
    echo_stop(&s);
    hear(fd, &a, false);
    const bool closed = hung_up(fd, 1000);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "Connection: close"));
    assert_true(closed);
}

static void a_request_that_has_begun_is_answered(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nabcd");
    pause_ms(30);
    echo_stop(&s);
    pause_ms(150);
    say(fd, "efgh");
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 8);
}

/* A client in the middle of a conversation: its next request is answered, with the news.
 */
static void a_lively_connection_is_told(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_begin(&s);
    const int fd = echo_connect(&s);
    const int before = ask(fd, GET("/"));
    echo_stop(&s);
    pause_ms(20);
    say(fd, GET("/"));
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(before, 200);
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "Connection: close"));
}

static void pipelined_requests_are_all_answered(void **state)
{
    (void)state;
    echo s;
    int good = 0;
    bool told = false;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/sleep/100") GET("/") GET("/"));
    for (int i = 0; i < 1000 && s.running == 0; i++)
        pause_ms(1);
    echo_stop(&s);
    for (int i = 0; i < 3; i++) {
        answer a;

        hear(fd, &a, false);
        good += a.status == 200;
        told = answer_has(&a, "Connection: close");
        answer_free(&a);
    }
    close(fd);
    echo_end(&s);
    assert_int_equal(good, 3);
    assert_true(told);
}

static void new_connections_are_refused(void **state)
{
    (void)state;
    echo s;

    echo_begin(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/sleep/300"));
    for (int i = 0; i < 1000 && s.running == 0; i++)
        pause_ms(1);
    echo_stop(&s);
    for (int i = 0; i < 1000 && s.unlistened == 0; i++)
        pause_ms(1);
    pause_ms(20);
    const int late = echo_connect(&s);
    answer a = { 0 };
    hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(late, -1);
    assert_int_equal(a.status, 200);
}

/* The handler takes longer than the drain: its client is cut, no other handler starts,
 * and the end waits for it. */
static void what_is_too_slow_is_cut(void **state)
{
    (void)state;
    echo s;
    answer a = { 0 };

    echo_prepare(&s);
    s.options.drain_ms = 50;
    echo_start(&s);
    const int fd = echo_connect(&s);
    say(fd, GET("/sleep/300") GET("/"));
    const int partial = echo_connect(&s);
    say(partial, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nabcd");
    for (int i = 0; i < 1000 && s.running == 0; i++)
        pause_ms(1);
    const uint64_t took = echo_end(&s);
    hear(fd, &a, false);
    const bool closed = hung_up(partial, 1000);
    close(fd);
    close(partial);
    answer_free(&a);
    assert_int_equal(a.status, 0);
    assert_true(closed);
    assert_int_equal(s.handled, 1);
    assert_int_equal(s.sent, 1);
    assert_true(took < 2000);
}

/* ---- clients that vanish ---- */

/* Bytes that are live with nobody connected. */
static size_t settled_bytes(const echo *s)
{
    size_t last = 0;

    for (int i = 0; i < 40; i++) {
        const size_t now = vgi_test_live_bytes();

        if (now == last && atomic_load(&s->running) == 0)
            break;
        last = now;
        pause_ms(20);
    }
    return last;
}

static void a_client_may_vanish_at_any_byte(void **state)
{
    (void)state;
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: x\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "8\r\nabcdefgh\r\n0\r\n\r\n";
    const struct linger abort_it = { .l_onoff = 1 };
    echo s;

    echo_begin(&s);
    ask_alone(&s, request);
    ask_alone(&s, request);
    const size_t before = settled_bytes(&s);
    for (int hard = 0; hard < 2; hard++) {
        for (size_t n = 0; n < sizeof(request); n++) {
            const int fd = echo_connect(&s);

            say_bytes(fd, request, n);
            if (hard)
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
            close(fd);
        }
    }
    const int next = ask_alone(&s, request);
    const size_t after = settled_bytes(&s);
    const uint64_t took = echo_end(&s);
    assert_int_equal(next, 200);
    assert_int_equal(s.handled, s.sent);
    /* A thread may have a parser or a block more than before, never a connection. */
    assert_true(after <= before + 2 * (16 << 10));
    assert_true(took < 1500);
}

static void a_client_may_vanish_in_a_large_body_or_response(void **state)
{
    (void)state;
    enum { BYTES = 300000, ROUNDS = 20 };
    echo s;
    char *bytes = calloc(1, BYTES);

    echo_begin(&s);
    for (int i = 0; i < ROUNDS; i++) {
        const int up = echo_connect(&s), down = echo_connect(&s);
        char some[1000];

        say(up, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n");
        say_bytes(up, bytes, (size_t)BYTES / (size_t)(i + 1));
        say(down, GET("/bytes/8000000"));
        if (i % 2)
            (void)!recv(down, some, sizeof(some), 0);
        close(up);
        close(down);
    }
    const int next = ask_alone(&s, GET("/"));
    const uint64_t took = echo_end(&s);
    free(bytes);
    assert_int_equal(next, 200);
    assert_int_equal(s.handled, s.sent);
    assert_true(took < 1500);
}

static void a_client_may_vanish_while_its_handler_runs(void **state)
{
    (void)state;
    echo s;

    echo_begin(&s);
    for (int i = 0; i < 5; i++) {
        const int fd = echo_connect(&s);

        say(fd, GET("/sleep/50"));
        close(fd);
    }
    const int next = ask_alone(&s, GET("/"));
    echo_end(&s);
    assert_int_equal(next, 200);
    assert_int_equal(s.handled, 6);
    assert_int_equal(s.sent, 6);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_idle_server_ends_at_once),
    cmocka_unit_test(idle_connections_do_not_delay_the_end),
    cmocka_unit_test(a_running_request_is_answered),
    cmocka_unit_test(a_request_that_has_begun_is_answered),
    cmocka_unit_test(a_lively_connection_is_told),
    cmocka_unit_test(pipelined_requests_are_all_answered),
    cmocka_unit_test(new_connections_are_refused),
    cmocka_unit_test(what_is_too_slow_is_cut),
    cmocka_unit_test(a_client_may_vanish_at_any_byte),
    cmocka_unit_test(a_client_may_vanish_in_a_large_body_or_response),
    cmocka_unit_test(a_client_may_vanish_while_its_handler_runs),
};

int main(void)
{
    return vgi_test_run(tests);
}
