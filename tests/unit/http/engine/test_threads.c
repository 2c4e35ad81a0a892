/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http/engine/echo.h"
#include "support/traced.h"

/* Requests without waiting for their answers, each on its own connection. */
static void send_all(const echo *s, int *fds, int n, const char *text)
{
    for (int i = 0; i < n; i++) {
        fds[i] = echo_connect(s);
        say(fds[i], text);
    }
}

/* How many of them are answered with 200; closes them. */
static int hear_all(const int *fds, int n)
{
    int good = 0;

    for (int i = 0; i < n; i++) {
        answer a;

        hear(fds[i], &a, false);
        good += a.status == 200;
        answer_free(&a);
        close(fds[i]);
    }
    return good;
}

static void slow_handlers_do_not_stop_fast_ones(void **state)
{
    (void)state;
    enum { SLOW = 6 };
    echo s;
    int slow[SLOW], good = 0;
    uint64_t took = 0;

    echo_begin(&s); /* with 2 threads, up to 8 */
    send_all(&s, slow, SLOW, GET("/sleep/400"));
    for (int i = 0; i < 200 && s.running < SLOW; i++)
        pause_ms(1);
    const int together = s.running;
    const int fd = echo_connect(&s);
    const uint64_t from = now_ms();
    for (int i = 0; i < 20; i++)
        good += ask(fd, GET("/")) == 200;
    took = now_ms() - from;
    const int workers = s.workers;
    close(fd);
    const int slept = hear_all(slow, SLOW);
    echo_end(&s);
    assert_int_equal(together, SLOW);
    assert_int_equal(good, 20);
    assert_true(took < 200);
    assert_in_range(workers, SLOW + 1, 8);
    assert_int_equal(slept, SLOW);
    assert_int_equal(s.workers, 0);
}

static void growth_ends_at_the_cap(void **state)
{
    (void)state;
    enum { SLOW = 9 };
    echo s;
    int slow[SLOW];

    echo_prepare(&s);
    s.options.threads = 1;
    s.options.max_threads = 3;
    echo_start(&s);
    send_all(&s, slow, SLOW, GET("/sleep/60"));
    pause_ms(40);
    const int workers = s.workers;
    const int good = hear_all(slow, SLOW);
    echo_end(&s);
    assert_int_equal(workers, 3);
    assert_int_equal(good, SLOW);
}

static void one_thread_serves_all(void **state)
{
    (void)state;
    enum { CLIENTS = 10 };
    echo s;
    int fds[CLIENTS], good = 0;

    echo_prepare(&s);
    s.options.threads = s.options.max_threads = 1;
    echo_start(&s);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = echo_connect(&s);
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < CLIENTS; i++)
            good += ask(fds[i], GET("/")) == 200;
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    echo_end(&s);
    assert_int_equal(good, CLIENTS * 20);
}

typedef struct busy {
    const echo *server;
    pthread_t thread;
    int asked, good;
} busy;

static void *keep_busy(void *arg)
{
    busy *b = arg;
    const uint64_t until = now_ms() + 300;
    const int fd = echo_connect(b->server);

    for (; now_ms() < until; b->asked++)
        b->good += ask(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
                           "abcd") == 200;
    close(fd);
    return NULL;
}

/* Fast handlers on all threads are no reason for more threads, and nobody is left out. */
static void busy_clients_share_the_threads(void **state)
{
    (void)state;
    enum { CLIENTS = 8 };
    echo s;
    busy b[CLIENTS];
    int least = 1 << 30;

    echo_prepare(&s);
    s.options.max_threads = 64;
    echo_start(&s);
    for (int i = 0; i < CLIENTS; i++) {
        b[i] = (busy){ .server = &s };
        assert_int_equal(pthread_create(&b[i].thread, NULL, keep_busy, &b[i]), 0);
    }
    pause_ms(250);
    const int workers = s.workers;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(b[i].thread, NULL);
    echo_end(&s);
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(b[i].good, b[i].asked);
        if (b[i].asked < least)
            least = b[i].asked;
    }
    assert_true(least >= 5);
    assert_true(workers < 32);
}

static void connections_beyond_the_cap_wait(void **state)
{
    (void)state;
    enum { CAP = 4 };
    echo s;
    int fds[CAP], good = 0;

    echo_prepare(&s);
    s.options.max_connections = CAP;
    echo_start(&s);
    for (int i = 0; i < CAP; i++) {
        fds[i] = echo_connect(&s);
        good += ask(fds[i], GET("/")) == 200;
    }
    const int fifth = echo_connect(&s);
    say(fifth, GET("/"));
    const bool waits = !hung_up(fifth, 50) && s.handled == CAP;
    close(fds[0]);
    const int served = hear_all(&fifth, 1);
    for (int i = 1; i < CAP; i++) {
        good += ask(fds[i], GET("/")) == 200;
        close(fds[i]);
    }
    echo_end(&s);
    assert_true(waits);
    assert_int_equal(served, 1);
    assert_int_equal(good, 2 * CAP - 1);
}

/* A reader slower than the sockets' buffers holds neither thread nor worker. */
static void slow_readers_hold_no_thread(void **state)
{
    (void)state;
    enum { READERS = 4, BYTES = 8000000 };
    echo s;
    int fds[READERS], good = 0, whole = 0;

    echo_prepare(&s);
    s.options.threads = s.options.max_threads = 2;
    echo_start(&s);
    send_all(&s, fds, READERS, GET("/bytes/8000000"));
    const int fd = echo_connect(&s);
    const uint64_t from = now_ms();
    for (int i = 0; i < 20; i++)
        good += ask(fd, GET("/")) == 200;
    const uint64_t took = now_ms() - from;
    for (int i = 0; i < 200 && s.sent < READERS + 20; i++)
        pause_ms(5); /* a client has its answer a moment before it counts as sent */
    const int sent = s.sent;
    for (int i = 0; i < READERS; i++) {
        answer a;

        hear(fds[i], &a, false);
        whole += a.len == BYTES && a.body[BYTES - 1] == (uint8_t)((BYTES - 1) * 31);
        answer_free(&a);
        whole += ask(fds[i], GET("/")) == 200;
        close(fds[i]);
    }
    close(fd);
    echo_end(&s);
    assert_int_equal(good, 20);
    assert_true(took < 2000);
    assert_int_equal(sent, READERS + 20);
    assert_int_equal(whole, 2 * READERS);
}

/* What was answered waits for its reader; until some have read, nothing new is begun. */
static void slow_readers_lose_no_answer(void **state)
{
    (void)state;
    enum { READERS = 8, BYTES = 16000000 };
    echo s;
    int fds[READERS], whole = 0, refused = 0;
    answer over;

    echo_prepare(&s);
    s.options.threads = s.options.max_threads = 2;
    s.options.body_bytes_total = 20000000;
    echo_start(&s);
    send_all(&s, fds, READERS, GET("/bytes/16000000"));
    for (int i = 0; i < 1000 && s.sent + s.refused < READERS; i++)
        pause_ms(5);
    const int fd = echo_connect(&s);
    say(fd, GET("/"));
    hear(fd, &over, false);
    close(fd);
    answer_free(&over);
    const int handled = s.handled;
    for (int i = 0; i < READERS; i++) {
        answer a;

        hear(fds[i], &a, false);
        whole += a.len == BYTES && a.body[BYTES - 1] == (uint8_t)((BYTES - 1) * 31);
        refused += a.status == 503 && answer_has(&a, "Retry-After: 1");
        answer_free(&a);
        close(fds[i]);
    }
    const int after = ask_alone(&s, GET("/"));
    echo_end(&s);
    assert_int_equal(over.status, 503);
    assert_int_equal(whole, handled);
    assert_int_equal(whole + refused, READERS);
    assert_in_range(whole, 2, 5);
    assert_int_equal(after, 200);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slow_handlers_do_not_stop_fast_ones),
    cmocka_unit_test(growth_ends_at_the_cap),
    cmocka_unit_test(one_thread_serves_all),
    cmocka_unit_test(busy_clients_share_the_threads),
    cmocka_unit_test(connections_beyond_the_cap_wait),
    cmocka_unit_test(slow_readers_hold_no_thread),
    cmocka_unit_test(slow_readers_lose_no_answer),
};

int main(void)
{
    return vgi_test_run(tests);
}
