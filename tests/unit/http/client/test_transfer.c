/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers: what goes out, what comes in, and servers that mean no good. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/canned.h"
#include "support/traced.h"

#include "base/clock.h"
#include "http/client/transfer.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static canned server;

/* One client for one server. */
typedef struct rig {
    vgi__transfer *t;
    vgi__transfer_answer answer;
    vgi_error err;
    char url[64];
    bool once; /* its requests must not be executed twice */
} rig;

static void serve(const char *answer, canned_after after)
{
    canned_add(&server, answer, strlen(answer), after);
}

static void start_with(rig *r, vgi__transfer_options o)
{
    memset(r, 0, sizeof(*r));
    assert_true(canned_start(&server, o.unix_path));
    if (!o.head_bytes)
        o.head_bytes = 16 * KIB;
    if (!o.connect_ms)
        o.connect_ms = 5000;
    (void)snprintf(r->url, sizeof(r->url), "http://127.0.0.1:%d/x", server.port);
    assert_int_equal(vgi__transfer_new(&r->t, &o, &r->err), VGI_OK);
}

static void start(rig *r)
{
    start_with(r, (vgi__transfer_options){ 0 });
}

static void stop(rig *r)
{
    vgi__transfer_free(r->t);
    canned_stop(&server);
}

static int post(rig *r, const struct iovec *body, size_t n, int64_t max_body)
{
    const vgi__http_header headers[] = {
        { VGI_LIT("Content-Type"), VGI_LIT("text/x") },
        { VGI_LIT("X-Empty"), VGI_LIT("") },
    };
    const vgi__transfer_request rq = { .method = VGI__HTTP_POST,
                                       .url = r->url,
                                       .headers = headers,
                                       .n_headers = 2,
                                       .body = body,
                                       .n_body = n,
                                       .max_body = max_body,
                                       .once = r->once };

    r->err = (vgi_error){ 0 };
    return vgi__transfer_run(r->t, &rq, &r->answer, &r->err);
}

static int post_text(rig *r, const char *text)
{
    const struct iovec body = { (void *)(uintptr_t)text, strlen(text) };

    return post(r, &body, 1, 1 << 20);
}

static int get(rig *r, vgi__http_method method)
{
    const vgi__transfer_request rq = { .method = method,
                                       .url = r->url,
                                       .max_body = 1 << 20 };

    r->err = (vgi_error){ 0 };
    return vgi__transfer_run(r->t, &rq, &r->answer, &r->err);
}

static bool body_is(rig *r, const char *text)
{
    const size_t n = strlen(text);
    const bool same =
        r->answer.body_len == n &&
        (n == 0 ? !r->answer.body : memcmp(r->answer.body->data, text, n) == 0);

    vgi__block_unref(r->answer.body);
    return same;
}

static bool header_is(const rig *r, const char *name, const char *value)
{
    return vgi_str_eq(vgi__transfer_header(&r->answer, name), value);
}

/* ---- the plain case ---- */

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                            "X-One:  spaced \t \r\nx-two:2\r\n\r\nhello";

static void what_goes_out_and_comes_in(void **state)
{
    rig r;

    (void)state;
    canned_init(&server);
    serve(hello, CANNED_KEEP);
    start(&r);
    int rc = post_text(&r, "question");
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(r.answer.status, 200);
    assert_true(header_is(&r, "x-one", "spaced"));
    assert_true(header_is(&r, "X-TWO", "2"));
    assert_null(vgi__transfer_header(&r.answer, "X-Three").data);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_int_equal(server.n_requests, 1);
    assert_int_equal(strncmp(server.requests[0].head, "POST /x HTTP/1.1\r\n", 18), 0);
    assert_string_equal(canned_header(&server, 0, "Content-Type"), "text/x");
    assert_string_equal(canned_header(&server, 0, "X-Empty"), "");
    assert_string_equal(canned_header(&server, 0, "Content-Length"), "8");
    assert_string_equal(canned_header(&server, 0, "Expect"), "-");
    assert_string_equal(canned_header(&server, 0, "Accept-Encoding"), "-");
    assert_memory_equal(server.bodies, "question", 8);
}

static void the_connection_is_kept(void **state)
{
    rig r;

    (void)state;
    canned_init(&server);
    for (int i = 0; i < 20; i++)
        serve(hello, CANNED_KEEP);
    start(&r);
    uint64_t before = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(post_text(&r, "q"), VGI_OK);
        assert_true(body_is(&r, "hello"));
        if (i == 3)
            before = vgi_test_allocations();
    }
    assert_int_equal(vgi_test_allocations(), before); /* the block is used again */
    stop(&r);
    assert_int_equal(server.connections, 1);
    assert_int_equal(server.n_requests, 20);
}

/* A body that somebody holds is not written over. */
static void bodies_are_independent(void **state)
{
    vgi__block *held[4] = { 0 };
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthree",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour",
    };
    rig r;

    (void)state;
    canned_init(&server);
    for (int i = 0; i < 4; i++)
        serve(answers[i], CANNED_KEEP);
    start(&r);
    int rc = VGI_OK;
    for (int i = 0; i < 4 && rc == VGI_OK; i++) {
        rc = post_text(&r, "q");
        held[i] = rc == VGI_OK ? r.answer.body : NULL;
    }
    const bool same = rc == VGI_OK && memcmp(held[0]->data, "one", 3) == 0 &&
                      memcmp(held[1]->data, "two", 3) == 0 &&
                      memcmp(held[2]->data, "three", 5) == 0 &&
                      memcmp(held[3]->data, "four", 4) == 0;
    for (int i = 0; i < 4; i++)
        vgi__block_unref(held[i]);
    stop(&r);
    assert_int_equal(rc, VGI_OK);
    assert_true(same);
}

static void bodies_of_all_shapes_go_out(void **state)
{
    static uint8_t big[600 * 1024];
    struct iovec none[1] = { { NULL, 0 } };
    struct iovec short_runs[] = { { big, 10 }, { big + 10, 0 }, { big + 10, 20 } };
    struct iovec long_runs[] = {
        { big, 1 }, { big + 1, 299999 }, { big + 300000, 0 }, { big + 300000, 300000 }
    };
    rig r;

    (void)state;
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (uint8_t)(i * 7 >> 3);
    canned_init(&server);
    for (int i = 0; i < 5; i++)
        serve(hello, CANNED_KEEP);
    start(&r);
    assert_int_equal(post(&r, NULL, 0, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    assert_int_equal(post(&r, none, 1, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    assert_int_equal(post(&r, short_runs, 3, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    assert_int_equal(post(&r, long_runs, 4, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    assert_int_equal(post(&r, long_runs + 1, 1, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_int_equal(server.n_requests, 5);
    assert_string_equal(canned_header(&server, 0, "Content-Length"), "0");
    assert_int_equal(server.requests[2].body_len, 30);
    assert_memory_equal(server.bodies, big, 30);
    assert_int_equal(server.requests[3].body_len, 600000);
    assert_memory_equal(server.bodies + server.requests[3].body_at, big, 600000);
    assert_memory_equal(server.bodies + server.requests[4].body_at, big + 1, 299999);
    assert_int_equal(server.connections, 1);
}

static void other_methods(void **state)
{
    static const char no_body[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    rig r;

    (void)state;
    canned_init(&server);
    serve(hello, CANNED_KEEP);
    serve(no_body, CANNED_KEEP);
    serve("HTTP/1.1 204 No Content\r\nAllow: GET\r\n\r\n", CANNED_KEEP);
    serve(hello, CANNED_KEEP);
    start(&r);
    assert_int_equal(get(&r, VGI__HTTP_GET), VGI_OK);
    assert_true(body_is(&r, "hello"));
    assert_int_equal(get(&r, VGI__HTTP_HEAD), VGI_OK);
    assert_true(body_is(&r, ""));
    assert_int_equal(get(&r, VGI__HTTP_OPTIONS), VGI_OK);
    assert_int_equal(r.answer.status, 204);
    assert_true(header_is(&r, "Allow", "GET"));
    assert_int_equal(post_text(&r, "x"), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_int_equal(strncmp(server.requests[0].head, "GET /x ", 7), 0);
    assert_int_equal(strncmp(server.requests[1].head, "HEAD /x ", 8), 0);
    assert_int_equal(strncmp(server.requests[2].head, "OPTIONS /x ", 11), 0);
    assert_int_equal(strncmp(server.requests[3].head, "POST /x ", 8), 0);
}

static void any_status_is_an_answer(void **state)
{
    rig r;

    (void)state;
    canned_init(&server);
    serve("HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad", CANNED_KEEP);
    serve("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", CANNED_KEEP);
    serve("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
          "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
          CANNED_KEEP);
    serve("HTTP/1.0 200 OK\r\n\r\nuntil the end", CANNED_CLOSE);
    serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\nchu\r\n4\r\nnked\r\n0\r\nX-Trailer: 1\r\n\r\n",
          CANNED_KEEP);
    start(&r);
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_int_equal(r.answer.status, 500);
    assert_true(body_is(&r, "bad"));
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_int_equal(r.answer.status, 302);
    assert_true(header_is(&r, "Location", "/y"));
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_int_equal(r.answer.status, 401);
    assert_null(vgi__transfer_header(&r.answer, "X-Early").data);
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "until the end"));
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "chunked"));
    stop(&r);
    assert_int_equal(server.n_requests, 5); /* no redirect was followed */
}

static void through_a_unix_socket(void **state)
{
    char path[64];
    rig r;

    (void)state;
    (void)snprintf(path, sizeof(path), "/tmp/vgi_transfer_%d.sock", (int)getpid());
    canned_init(&server);
    serve(hello, CANNED_KEEP);
    start_with(&r, (vgi__transfer_options){ .unix_path = path });
    (void)snprintf(r.url, sizeof(r.url), "http://anywhere/x");
    int rc = post_text(&r, "q");
    (void)unlink(path);
    assert_int_equal(rc, VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_string_equal(canned_header(&server, 0, "Host"), "anywhere");
}

/* ---- limits ---- */

static void bodies_over_the_limit(void **state)
{
    struct iovec body = { "q", 1 };
    rig r;

    (void)state;
    canned_init(&server);
    /* Refused by what is announced: not one byte of it comes. */
    serve("HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n", CANNED_STALL);
    serve("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!", CANNED_KEEP);
    serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
          "1\r\n!\r\n0\r\n\r\n",
          CANNED_KEEP);
    serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", CANNED_KEEP);
    start(&r);
    assert_int_equal(post(&r, &body, 1, 5), VGI_ELIMIT);
    assert_non_null(strstr(r.err.message, "limit of 5 bytes"));
    assert_non_null(strstr(r.err.message, "127.0.0.1:"));
    assert_int_equal(post(&r, &body, 1, 5), VGI_ELIMIT);
    assert_int_equal(post(&r, &body, 1, 5), VGI_ELIMIT);
    assert_non_null(strstr(r.err.message, "limit of 5 bytes"));
    assert_int_equal(post(&r, &body, 1, 5), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
}

static void endless_bodies(void **state)
{
    static const char xs[] = "HTTP/1.1 200 OK\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    rig r;

    (void)state;
    canned_init(&server);
    serve("HTTP/1.1 200 OK\r\n\r\n", CANNED_CLOSE);
    serve(xs, CANNED_REPEAT);
    start(&r);
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, ""));
    assert_int_equal(post_text(&r, "q"), VGI_ELIMIT);
    assert_true(vgi_test_live_bytes() < 3 * MIB);
    stop(&r);
}

static void endless_headers(void **state)
{
    static char head[40000] = "HTTP/1.1 200 OK\r\n";
    rig r;

    (void)state;
    canned_init(&server);
    for (size_t n = 17; n + 8 < sizeof(head); n += 8)
        memcpy(head + n, "X: yyy\r\n", 8);
    serve("HTTP/1.1 100 Continue\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
          CANNED_REPEAT);
    serve(head, CANNED_STALL);
    serve(hello, CANNED_KEEP);
    start(&r);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(post_text(&r, "q"), VGI_ELIMIT);
        assert_non_null(strstr(r.err.message, "limit of 16384 bytes"));
    }
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
}

/* ---- what breaks ---- */

static void answers_that_break_off(void **state)
{
    static const char *const cut[] = {
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    };
    rig r;

    (void)state;
    canned_init(&server);
    for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++)
        serve(cut[i], CANNED_CLOSE);
    serve(hello, CANNED_KEEP);
    start(&r);
    for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
        const int rc = post_text(&r, "q");
        assert_true(rc == VGI_ECLOSED || rc == VGI_EPROTO);
        assert_false(r.answer.untouched);
        assert_null(r.answer.body);
    }
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
}

static void answers_that_are_none(void **state)
{
    static const char *const junk[] = {
        "SSH-2.0-OpenSSH_9.2p1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    };
    rig r;

    (void)state;
    canned_init(&server);
    for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++)
        serve(junk[i], CANNED_CLOSE);
    start(&r);
    for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
        const int rc = post_text(&r, "q");
        assert_true(rc == VGI_EPROTO || rc == VGI_ECLOSED || rc == VGI_EIO);
        assert_true(strlen(r.err.message) > 0);
    }
    stop(&r);
}

/* The server closed the connection while nobody looked: the request is sent anew. */
static void a_closed_connection_is_replaced(void **state)
{
    static uint8_t big[200000];
    struct iovec runs[] = { { big, 100000 }, { big + 100000, 100000 } };
    rig r;

    (void)state;
    memset(big, 'b', sizeof(big));
    canned_init(&server);
    for (int i = 0; i < 3; i++)
        serve(hello, CANNED_CLOSE);
    start(&r);
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "hello"));
    (void)usleep(20000);
    assert_int_equal(post_text(&r, "q"), VGI_OK);
    assert_true(body_is(&r, "hello"));
    (void)usleep(20000);
    assert_int_equal(post(&r, runs, 2, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_int_equal(server.connections, 3);
    assert_int_equal(server.requests[2].body_len, 200000);
    assert_int_equal(server.bodies[server.requests[2].body_at + 199999], 'b');
}

/* A kept connection ends when the server has the request: it may have executed it. */
static void lose_the_answer(bool once, struct iovec *runs, size_t n)
{
    rig r;

    canned_init(&server);
    serve(hello, CANNED_KEEP);
    serve("", CANNED_CLOSE);
    serve(hello, CANNED_KEEP);
    start(&r);
    r.once = once;
    assert_int_equal(post(&r, runs, n, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    if (once) {
        assert_int_equal(post(&r, runs, n, 100), VGI_ECLOSED);
        assert_non_null(strstr(r.err.message, "lost before an answer"));
        assert_false(r.answer.untouched);
    }
    assert_int_equal(post(&r, runs, n, 100), VGI_OK);
    assert_true(body_is(&r, "hello"));
    stop(&r);
    assert_int_equal(server.n_requests, 3);
    assert_int_equal(server.connections, 2);
}

static void a_request_is_not_repeated(void **state)
{
    static uint8_t big[200000];
    struct iovec runs[] = { { big, 100000 }, { big + 100000, 100000 } };

    (void)state;
    for (size_t n = 1; n <= 2; n++) { /* in one piece, and read piece by piece */
        lose_the_answer(true, runs, n);
        lose_the_answer(false, runs, n);
    }
}

static void nobody_listens(void **state)
{
    rig r;

    (void)state;
    canned_init(&server);
    start(&r);
    canned_stop(&server);
    assert_int_equal(post_text(&r, "q"), VGI_ECONNECT);
    assert_true(r.answer.untouched);
    assert_non_null(strstr(r.err.message, "127.0.0.1:"));
    (void)snprintf(r.url, sizeof(r.url), "http://no-such-host.invalid/");
    assert_int_equal(post_text(&r, "q"), VGI_ECONNECT);
    assert_true(r.answer.untouched);
    assert_non_null(strstr(r.err.message, "no-such-host.invalid"));
    (void)snprintf(r.url, sizeof(r.url), "ftp://127.0.0.1/");
    assert_int_equal(post_text(&r, "q"), VGI_EPROTO);
    (void)snprintf(r.url, sizeof(r.url), "http://:bad:/");
    assert_int_equal(post_text(&r, "q"), VGI_EINVAL);
    vgi__transfer_free(r.t);
}

static void a_silent_server(void **state)
{
    rig r;

    (void)state;
    canned_init(&server);
    serve("", CANNED_STALL);
    serve("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", CANNED_STALL);
    start_with(&r, (vgi__transfer_options){ .read_ms = 150 });
    for (int i = 0; i < 2; i++) {
        const uint64_t from = vgi__clock_ns();
        assert_int_equal(post_text(&r, "q"), VGI_ETIMEDOUT);
        const uint64_t ms = (vgi__clock_ns() - from) / 1000000;
        assert_true(ms >= 140 && ms < 5000);
        assert_false(r.answer.untouched);
        assert_non_null(strstr(r.err.message, "150 ms"));
    }
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_out_and_comes_in),
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(bodies_are_independent),
        cmocka_unit_test(bodies_of_all_shapes_go_out),
        cmocka_unit_test(other_methods),
        cmocka_unit_test(any_status_is_an_answer),
        cmocka_unit_test(through_a_unix_socket),
        cmocka_unit_test(bodies_over_the_limit),
        cmocka_unit_test(endless_bodies),
        cmocka_unit_test(endless_headers),
        cmocka_unit_test(answers_that_break_off),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(a_closed_connection_is_replaced),
        cmocka_unit_test(a_request_is_not_repeated),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_silent_server),
    };
    return vgi_test_run(tests);
}
