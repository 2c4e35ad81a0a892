/* SPDX-License-Identifier: Apache-2.0 */
/* Slow peers. Times are asserted from below exactly, from above generously. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/engine/echo.h"
#include "support/traced.h"

#define LATE_MS 3000

/* What became of a connection that sent `first` and then `drip` every 5 ms. */
typedef struct outcome {
    int status; /* 0: closed without an answer */
    uint64_t ms;
    int handled;
} outcome;

static outcome drip_until_closed(echo *s, const char *first, const char *drip)
{
    outcome o = { 0 };
    answer a = { 0 };

    echo_start(s);
    const int fd = echo_connect(s);
    const uint64_t from = now_ms();
    bool open = say(fd, first);
    char byte;

    while (open && now_ms() < from + LATE_MS &&
           recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
        if (*drip)
            open = say_bytes(fd, drip, 1);
        pause_ms(5);
    }
    o.ms = now_ms() - from;
    hear(fd, &a, false);
    o.status = a.status;
    answer_free(&a);
    close(fd);
    echo_end(s);
    o.handled = s->handled;
    return o;
}

static void a_silent_peer_is_closed_without_a_word(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.idle_ms = 150;
    const outcome o = drip_until_closed(&s, "", "");
    assert_int_equal(o.status, 0);
    assert_in_range(o.ms, 140, LATE_MS - 1);
}

static void an_idle_connection_is_closed(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.idle_ms = 150;
    echo_start(&s);
    const int fd = echo_connect(&s);
    const int status = ask(fd, GET("/"));
    const uint64_t from = now_ms();
    const bool closed = hung_up(fd, LATE_MS);
    const uint64_t took = now_ms() - from;
    close(fd);
    echo_end(&s);
    assert_int_equal(status, 200);
    assert_true(closed);
    assert_in_range(took, 130, LATE_MS - 1);
    assert_int_equal(s.refused, 0);
}

static void a_busy_connection_is_never_idle(void **state)
{
    (void)state;
    echo s;
    int good = 0;

    echo_prepare(&s);
    s.options.idle_ms = 200;
    echo_start(&s);
    const int fd = echo_connect(&s);
    for (int i = 0; i < 10; i++) {
        good += ask(fd, GET("/")) == 200;
        pause_ms(40);
    }
    good += ask(fd, GET("/sleep/300")) == 200;
    close(fd);
    echo_end(&s);
    assert_int_equal(good, 11);
}

static void a_dripping_head_has_an_absolute_deadline(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.header_ms = 150;
    const outcome o = drip_until_closed(&s, "GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "a");
    assert_int_equal(o.status, 408);
    assert_in_range(o.ms, 140, LATE_MS - 1);
    assert_int_equal(o.handled, 0);
    assert_int_equal(s.refused, 1);
}

static void a_head_that_stops_is_refused(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.header_ms = 150;
    const outcome o = drip_until_closed(&s, "GET / HT", "");
    assert_int_equal(o.status, 408);
    assert_in_range(o.ms, 140, LATE_MS - 1);
}

/* 200 bytes per second against a rate of 1,000. */
static void a_dripping_body_has_to_make_its_rate(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.header_ms = 150;
    s.options.body_rate = 1000;
    const outcome o = drip_until_closed(
        &s, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "a");
    assert_int_equal(o.status, 408);
    assert_in_range(o.ms, 140, LATE_MS - 1);
}

static void a_dripping_chunk_has_to_as_well(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.header_ms = 150;
    s.options.body_rate = 1000;
    const outcome o = drip_until_closed(
        &s, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
        "a");
    assert_int_equal(o.status, 408);
    assert_in_range(o.ms, 140, LATE_MS - 1);
}

/* The head takes almost all of its time, and the body, at its rate, much longer. */
static void a_body_that_makes_its_rate_may_take_long(void **state)
{
    (void)state;
    static const char head[] =
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n";
    echo s;
    answer a = { 0 };
    char piece[20] = { 0 };

    echo_prepare(&s);
    s.options.header_ms = 400;
    s.options.body_rate = 500;
    echo_start(&s);
    const int fd = echo_connect(&s);
    bool ok = say_bytes(fd, head, 10);
    pause_ms(200);
    ok = ok && say(fd, head + 10);
    for (int i = 0; ok && i < 30; i++) {
        ok = say_bytes(fd, piece, sizeof(piece));
        pause_ms(20);
    }
    if (ok)
        hear(fd, &a, false);
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 600);
}

/* A fast start does not buy a long pause. */
static void a_body_that_stops_is_refused(void **state)
{
    (void)state;
    static char bytes[100000];
    echo s;
    answer a = { 0 };

    echo_prepare(&s);
    s.options.header_ms = 150;
    s.options.body_rate = 10;
    echo_start(&s);
    const int fd = echo_connect(&s);
    say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n");
    say_bytes(fd, bytes, sizeof(bytes));
    const uint64_t from = now_ms();
    hear(fd, &a, false);
    const uint64_t took = now_ms() - from;
    close(fd);
    echo_end(&s);
    answer_free(&a);
    assert_int_equal(a.status, 408);
    assert_in_range(took, 100, LATE_MS - 1);
}

static void a_reader_that_stops_is_closed(void **state)
{
    (void)state;
    echo s;

    echo_prepare(&s);
    s.options.write_ms = 150;
    echo_start(&s);
    const int fd = echo_connect(&s);
    const int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    const bool said = say(fd, GET("/bytes/16000000"));
    for (int i = 0; i < LATE_MS / 5 && s.sent == 0; i++)
        pause_ms(5);
    const uint64_t from = now_ms();
    pause_ms(400);
    /* The end of the engine would wait for it, if it were there. */
    const uint64_t took = echo_end(&s);
    close(fd);
    assert_true(said);
    assert_int_equal(s.sent, 1);
    assert_true(now_ms() - from < LATE_MS);
    assert_true(took < s.options.drain_ms);
}

/* It reads all the time, so that every write makes progress, but not fast enough. */
static void a_reader_has_to_make_its_rate(void **state)
{
    (void)state;
    enum { BYTES = 32000000, STEP = 65536 };
    static char bytes[STEP];
    echo s;
    size_t heard = 0;
    ssize_t n;

    echo_prepare(&s);
    s.options.write_ms = 400;
    s.options.body_rate = 1000000000;
    echo_start(&s);
    const int fd = echo_connect(&s);
    const uint64_t from = now_ms();
    const bool said = say(fd, GET("/bytes/32000000"));
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
        heard += (size_t)n;
        pause_ms(5);
    }
    const uint64_t took = now_ms() - from;
    close(fd);
    echo_end(&s);
    assert_true(said);
    assert_int_equal(s.sent, 1);
    assert_true(heard < BYTES);
    assert_true(took >= 390);
}

/* The body is there in time, but the only thread is not. */
static void what_has_arrived_is_not_late(void **state)
{
    (void)state;
    static char half[20000];
    echo s;
    answer a = { 0 };

    echo_prepare(&s);
    s.options.threads = s.options.max_threads = 1;
    s.options.header_ms = 150;
    s.options.body_rate = 1000000;
    echo_start(&s);
    const int fd = echo_connect(&s), other = echo_connect(&s);
    bool ok =
        say(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 40000\r\n\r\n") &&
        say_bytes(fd, half, sizeof(half));
    pause_ms(30);
    ok = ok && say(other, GET("/sleep/600"));
    for (int i = 0; i < 1000 && s.running == 0; i++)
        pause_ms(1);
    ok = ok && say_bytes(fd, half, sizeof(half));
    if (ok)
        hear(fd, &a, false);
    close(fd);
    close(other);
    echo_end(&s);
    answer_free(&a);
    assert_true(ok);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.len, 2 * sizeof(half));
}

static void late_and_busy_ones_do_not_disturb_each_other(void **state)
{
    (void)state;
    enum { SLOW = 20 };
    echo s;
    int slow[SLOW], good = 0, late = 0;

    echo_prepare(&s);
    s.options.header_ms = 200;
    echo_start(&s);
    for (int i = 0; i < SLOW; i++) {
        slow[i] = echo_connect(&s);
        say(slow[i], "GET / HTTP/1.1\r\nHo");
    }
    const int fd = echo_connect(&s);
    const uint64_t until = now_ms() + 400;
    int asked = 0;
    for (; now_ms() < until; asked++)
        good += ask(fd, GET("/")) == 200;
    for (int i = 0; i < SLOW; i++) {
        answer a;

        hear(slow[i], &a, false);
        late += a.status == 408;
        answer_free(&a);
        close(slow[i]);
    }
    close(fd);
    echo_end(&s);
    assert_int_equal(good, asked);
    assert_int_equal(late, SLOW);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_silent_peer_is_closed_without_a_word),
    cmocka_unit_test(an_idle_connection_is_closed),
    cmocka_unit_test(a_busy_connection_is_never_idle),
    cmocka_unit_test(a_dripping_head_has_an_absolute_deadline),
    cmocka_unit_test(a_head_that_stops_is_refused),
    cmocka_unit_test(a_dripping_body_has_to_make_its_rate),
    cmocka_unit_test(a_dripping_chunk_has_to_as_well),
    cmocka_unit_test(a_body_that_makes_its_rate_may_take_long),
    cmocka_unit_test(a_body_that_stops_is_refused),
    cmocka_unit_test(a_reader_that_stops_is_closed),
    cmocka_unit_test(a_reader_has_to_make_its_rate),
    cmocka_unit_test(what_has_arrived_is_not_late),
    cmocka_unit_test(late_and_busy_ones_do_not_disturb_each_other),
};

int main(void)
{
    return vgi_test_run(tests);
}
