/* SPDX-License-Identifier: Apache-2.0 */
/* What well-formed requests become. */
#include "feeding.h"

#include "http/proto/fields.h"

static const char post[] = "POST /rpc/add?a=1&b HTTP/1.1\r\nHost: localhost:8080\r\n"
                           "Content-Type:application/vnd.apache.arrow.stream \t\r\n"
                           "X-Empty:\r\nX-Blank:   \r\nX-Two:  a  b \r\n"
                           "Content-Length: 4\r\n\r\nabcd";

#define CHUNKED "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

static void assert_str(vgi_str s, const char *expected)
{
    assert_non_null(s.data);
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.data, expected, s.len);
}

static void assert_post(const feeding *f)
{
    const vgi__http_request *rq = vgi__http_parser_head(f->parser);
    assert_int_equal(rq->method, VGI__HTTP_POST);
    assert_str(rq->verb, "POST");
    assert_str(rq->path, "/rpc/add");
    assert_str(rq->query, "a=1&b");
    assert_int_equal(rq->minor, 1);
    assert_true(rq->keep_alive);
    assert_int_equal(rq->n_headers, 6);
    assert_str(rq->headers[0].name, "Host");
    assert_str(vgi__http_find(rq, "host"), "localhost:8080");
    assert_str(vgi__http_find(rq, "content-TYPE"), "application/vnd.apache.arrow.stream");
    assert_str(vgi__http_find(rq, "X-Empty"), "");
    assert_str(vgi__http_find(rq, "X-Blank"), "");
    assert_str(vgi__http_find(rq, "X-Two"), "a  b");
    assert_int_equal(vgi__http_parser_length(f->parser), 4);
    assert_int_equal(f->body_len, 4);
    assert_memory_equal(f->body, "abcd", 4);
}

static void in_one_piece(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    assert_int_equal(feed_text(&f, post), VGI__HTTP_DONE);
    assert_int_equal(f.used, strlen(post));
    assert_post(&f);
    feeding_close(&f);
}

static void in_pieces_of_any_size(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    for (size_t step = 1; step <= strlen(post); step++) {
        assert_int_equal(feed_steps(&f, post, strlen(post), step), VGI__HTTP_DONE);
        assert_int_equal(f.used, strlen(post));
        assert_post(&f);
        feeding_next(&f);
    }
    feeding_close(&f);
}

/* The caller learns of the head before a byte of the body is consumed. */
static void stops_at_the_head_and_at_the_end(void **state)
{
    (void)state;
    feeding f;
    size_t used, head = strlen(post) - 4;
    const uint8_t *bytes = (const uint8_t *)post;
    feeding_open(&f, &usual_limits);
    assert_true(vgi__http_parser_fresh(f.parser));
    assert_int_equal(vgi__http_parser_feed(f.parser, bytes, 1, &used), VGI__HTTP_MORE);
    assert_false(vgi__http_parser_fresh(f.parser));
    assert_int_equal(vgi__http_parser_feed(f.parser, bytes + 1, strlen(post) - 1, &used),
                     VGI__HTTP_HEAD_DONE);
    assert_int_equal(used, head - 1);
    assert_int_equal(f.body_len, 0);
    assert_int_equal(vgi__http_parser_feed(f.parser, bytes + head, 4, &used),
                     VGI__HTTP_DONE);
    assert_int_equal(used, 4);
    assert_int_equal(vgi__http_parser_feed(f.parser, bytes, 4, &used), VGI__HTTP_DONE);
    assert_int_equal(used, 0);
    vgi__http_parser_reset(f.parser);
    assert_true(vgi__http_parser_fresh(f.parser));
    feeding_close(&f);
}

/* Pipelined messages: each ends where the next begins, however they are cut. */
static void pipelined(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        CHUNKED "2;x=\"y\"\r\nde\r\n1\r\nf\r\n0\r\nX-Trailer: ignored\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "HEAD /e HTTP/1.0\r\n\r\n",
    };
    static const char *const paths[] = { "/a", "/b", "/c", "*", "/e" };
    static const char *const bodies[] = { "", "abc", "def", "", "" };
    char all[512] = "";
    size_t n = 0;
    for (size_t i = 0; i < 5; i++) {
        memcpy(all + n, messages[i], strlen(messages[i]));
        n += strlen(messages[i]);
    }
    for (size_t step = 1; step <= n; step++) {
        feeding f;
        size_t at = 0;
        feeding_open(&f, &usual_limits);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(feed_steps(&f, all + at, n - at, step), VGI__HTTP_DONE);
            assert_int_equal(f.used, strlen(messages[i]));
            at += f.used;
            const vgi__http_request *rq = vgi__http_parser_head(f.parser);
            assert_str(rq->path, paths[i]);
            assert_null(rq->query.data);
            assert_int_equal(f.body_len, strlen(bodies[i]));
            assert_memory_equal(f.body, bodies[i], f.body_len);
            feeding_next(&f);
        }
        feeding_close(&f);
    }
}

static void methods(void **state)
{
    (void)state;
    static const struct {
        const char *verb;
        vgi__http_method method;
    } rows[] = {
        { "GET", VGI__HTTP_GET },        { "HEAD", VGI__HTTP_HEAD },
        { "POST", VGI__HTTP_POST },      { "PUT", VGI__HTTP_PUT },
        { "DELETE", VGI__HTTP_DELETE },  { "OPTIONS", VGI__HTTP_OPTIONS },
        { "PATCH", VGI__HTTP_OTHER },    { "TRACE", VGI__HTTP_OTHER },
        { "PROPFIND", VGI__HTTP_OTHER }, { "M-SEARCH", VGI__HTTP_OTHER },
    };
    feeding f;
    feeding_open(&f, &usual_limits);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].verb);
        assert_int_equal(feed_text(&f, text), VGI__HTTP_DONE);
        const vgi__http_request *rq = vgi__http_parser_head(f.parser);
        assert_int_equal(rq->method, rows[i].method);
        assert_str(rq->verb, rows[i].verb);
        if (rows[i].method != VGI__HTTP_OTHER)
            assert_string_equal(vgi__http_verb(rq->method), rows[i].verb);
        feeding_next(&f);
    }
    feeding_close(&f);
}

static void keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } rows[] = {
        { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", true },
        { "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true },
        { "GET / HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n", true },
    };
    feeding f;
    feeding_open(&f, &usual_limits);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(feed_text(&f, rows[i].text), VGI__HTTP_DONE);
        assert_int_equal(vgi__http_parser_head(f.parser)->keep_alive, rows[i].keep_alive);
        feeding_next(&f);
    }
    feeding_close(&f);
}

static void expectations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool expects;
    } rows[] = {
        { "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: "
          "1\r\n\r\n",
          true },
        { "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nexpect: "
          "100-continue\r\n\r\n",
          true },
        { "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", false },
        { "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n", false },
        { "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false },
    };
    feeding f;
    feeding_open(&f, &usual_limits);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t used, n = strlen(rows[i].text);
        assert_int_equal(
            vgi__http_parser_feed(f.parser, (const uint8_t *)rows[i].text, n, &used),
            VGI__HTTP_HEAD_DONE);
        assert_int_equal(used, n);
        assert_int_equal(vgi__http_parser_expects(f.parser), rows[i].expects);
        feeding_next(&f);
    }
    feeding_close(&f);
}

static void lengths(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    assert_int_equal(feed_text(&f, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), VGI__HTTP_DONE);
    assert_int_equal(vgi__http_parser_length(f.parser), 0);
    feeding_next(&f);
    assert_int_equal(feed_text(&f, "POST / HTTP/1.1\r\nHost: x\r\n"
                                   "Transfer-Encoding: Chunked\r\n\r\n00\r\n\r\n"),
                     VGI__HTTP_DONE);
    assert_int_equal(vgi__http_parser_length(f.parser), -1);
    assert_int_equal(f.body_len, 0);
    feeding_close(&f);
}

/* Once warm, requests of the same kind allocate nothing, shrinking in between included.
 */
static void steady_state(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    uint64_t before = 0;
    for (int i = 0; i < 10; i++) {
        if (i == 1)
            before = vgi_test_allocations();
        assert_int_equal(feed_text(&f, post), VGI__HTTP_DONE);
        feeding_next(&f);
        vgi__http_parser_shrink(f.parser);
    }
    assert_int_equal(vgi_test_allocations(), before);
    feeding_close(&f);
}

/* An idle connection does not keep what an unusual head needed; a busy one does. */
static void shrinking(void **state)
{
    (void)state;
    feeding f;
    char text[20000] = "GET / HTTP/1.1\r\nHost: x\r\n";
    size_t n = strlen(text);
    feeding_open(&f, &usual_limits);
    assert_int_equal(feed_text(&f, post), VGI__HTTP_DONE);
    feeding_next(&f);
    const size_t usual = vgi_test_live_bytes();
    assert_in_range(usual, 1, 4096);
    for (int i = 0; i < 90; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "X-%d: %0200d\r\n", i, i);
    memcpy(text + n, "\r\n", 3);
    assert_int_equal(feed_text(&f, text), VGI__HTTP_DONE);
    vgi__http_parser_shrink(f.parser);
    assert_str(vgi__http_parser_head(f.parser)->headers[90].name, "X-89");
    assert_in_range(vgi_test_live_bytes(), n, 4 * n);
    feeding_next(&f);
    vgi__http_parser_shrink(f.parser);
    assert_in_range(vgi_test_live_bytes(), 1, usual);
    assert_int_equal(feed_text(&f, post), VGI__HTTP_DONE);
    assert_post(&f);
    feeding_close(&f);
}

static void hosts(void **state)
{
    (void)state;
    static const char *const good[] = {
        "x",           "example.com",   "example.com:80", "example.com:",  "127.0.0.1:1",
        "[::1]:65535", "[fe80::1%25a]", "a_b-c.d~e",      "%41!$&'()*+,;="
    };
    feeding f;
    feeding_open(&f, &usual_limits);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char text[128];
        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        if (feed_text(&f, text) != VGI__HTTP_DONE)
            fail_msg("%s was refused: %s", good[i], vgi__http_parser_reason(f.parser));
        feeding_next(&f);
    }
    feeding_close(&f);
}

/* Lines before the request line belong to it, and do no harm. */
static void empty_lines_before(void **state)
{
    (void)state;
    feeding f;
    feeding_open(&f, &usual_limits);
    assert_int_equal(feed_text(&f, "\r\n\r\nGET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"),
                     VGI__HTTP_DONE);
    assert_str(vgi__http_parser_head(f.parser)->path, "/a");
    assert_str(vgi__http_parser_head(f.parser)->query, "b");
    feeding_close(&f);
}

/* A proxy may be asked for a URL; whoever gets that takes the host from it. */
static void absolute_form(void **state)
{
    (void)state;
    static const struct {
        const char *line, *path, *query, *host;
    } rows[] = {
        { "GET http://b:80/a/c?d=/ HTTP/1.1", "/a/c", "d=/", "b:80" },
        { "POST HTTPS://[::1]/a HTTP/1.1", "/a", NULL, "[::1]" },
        { "GET http://b HTTP/1.1", "/", NULL, "b" },
        { "GET http://b?d HTTP/1.1", "/", "d", "b" },
        { "OPTIONS http://b HTTP/1.1", "*", NULL, "b" },
        { "OPTIONS http://b/ HTTP/1.1", "/", NULL, "b" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[128];
        (void)snprintf(text, sizeof(text), "%s\r\nhost: a\r\nX-A: b\r\n\r\n",
                       rows[i].line);
        for (size_t step = 1; step <= strlen(text); step++) {
            feeding f;
            feeding_open(&f, &usual_limits);
            assert_int_equal(feed_steps(&f, text, strlen(text), step), VGI__HTTP_DONE);
            const vgi__http_request *rq = vgi__http_parser_head(f.parser);
            assert_str(rq->path, rows[i].path);
            if (rows[i].query)
                assert_str(rq->query, rows[i].query);
            else
                assert_null(rq->query.data);
            assert_str(vgi__http_find(rq, "Host"), rows[i].host);
            assert_str(vgi__http_find(rq, "X-A"), "b");
            feeding_close(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_piece),
        cmocka_unit_test(in_pieces_of_any_size),
        cmocka_unit_test(stops_at_the_head_and_at_the_end),
        cmocka_unit_test(pipelined),
        cmocka_unit_test(methods),
        cmocka_unit_test(keep_alive),
        cmocka_unit_test(expectations),
        cmocka_unit_test(lengths),
        cmocka_unit_test(steady_state),
        cmocka_unit_test(shrinking),
        cmocka_unit_test(hosts),
        cmocka_unit_test(empty_lines_before),
        cmocka_unit_test(absolute_form),
    };
    return vgi_test_run(tests);
}
