/* SPDX-License-Identifier: Apache-2.0 */
/* What must be refused, and with which status, in one piece and byte by byte. */
#include "feeding.h"

#define POST "POST /rpc HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define HOST(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

typedef struct vector {
    const char *text;
    int status; /* 0: accepted */
} vector;

static void check(const char *text, size_t n, int status)
{
    const size_t steps[] = { SIZE_MAX, 1, 7 };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        feeding f;
        feeding_open(&f, &usual_limits);
        vgi__http_step s = feed_steps(&f, text, n, steps[i]);
        if (s != (status ? VGI__HTTP_BAD : VGI__HTTP_DONE) || status_of(&f) != status)
            fail_msg("step %d, status %d, expected %d: %.80s", (int)s, status_of(&f),
                     status, text);
        if (status) {
            size_t used;
            assert_in_range(strlen(vgi__http_parser_reason(f.parser)), 5, 119);
            assert_int_equal(
                vgi__http_parser_feed(f.parser, (const uint8_t *)"x", 1, &used),
                VGI__HTTP_BAD);
            assert_int_equal(used, 0);
        }
        feeding_close(&f);
    }
}

static void check_all(const vector *vectors, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(vectors[i].text, strlen(vectors[i].text), vectors[i].status);
}
#define CHECK_ALL(vectors) check_all(vectors, sizeof(vectors) / sizeof((vectors)[0]))

/* A length that two readers could understand in two ways. */
static void ambiguous_lengths(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { POST "Content-Length: 4\r\n\r\nabcd", 0 },
        { POST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
               "GET /x HTTP/1.1\r\nHost: x\r\n\r\n",
          400 },
        { POST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400 },
        { POST "Content-Length: 4\r\nContent-Length: 8\r\n\r\nabcdefgh", 400 },
        { POST "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { POST "Content-Length: 4, 4\r\n\r\nabcd", 400 },
        { POST "Content-Length: +4\r\n\r\nabcd", 400 },
        { POST "Content-Length: -1\r\n\r\n", 400 },
        { POST "Content-Length: 4abc\r\n\r\nabcd", 400 },
        { POST "Content-Length: 0x4\r\n\r\nabcd", 400 },
        { POST "Content-Length: \r\n\r\n", 400 },
        { POST "Content-Length: 4 4\r\n\r\nabcd", 400 },
        { POST "Content-Length: 18446744073709551620\r\n\r\nabcd", 400 },
        { POST "Content-Length : 4\r\n\r\nabcd", 400 },
        { POST " Content-Length: 4\r\n\r\nabcd", 400 },
        { POST "Content-Length\t: 4\r\n\r\nabcd", 400 },
    };
    CHECK_ALL(vectors);
}

static void transfer_codings(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { CHUNKED "4\r\nabcd\r\n0\r\n\r\n", 0 },
        { POST "Transfer-Encoding: xchunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", 400 },
        { POST "Transfer-Encoding: chunked, identity\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
          400 },
        { POST "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", 400 },
        { POST "Transfer-Encoding: chunked, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", 400 },
        { POST "Transfer-Encoding: identity\r\n\r\n", 400 },
        { POST "Transfer-Encoding:\r\n\r\n", 400 },
        { POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400 },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\n",
          400 },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
               "0\r\n\r\n",
          400 },
        { POST "Transfer-Encoding: \x0b"
               "chunked\r\n\r\n0\r\n\r\n",
          400 },
        { POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400 },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
    };
    CHECK_ALL(vectors);
}

static void chunk_framing(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { CHUNKED "4\r\nabcd\r\n0\r\nA: b\r\n\r\n", 0 },
        { CHUNKED "a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n", 0 },
        { CHUNKED "4;name\r\nabcd\r\n0;a=b;c=\"d\"\r\n\r\n", 0 },
        { CHUNKED "0x4\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "10000000000000004\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "4\r\nabcdXX0\r\n\r\n", 400 },
        { CHUNKED "4\nabcd\n0\n\n", 400 },
        { CHUNKED "4\r\nabcd\n0\r\n\r\n", 400 },
        { CHUNKED "4 \r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED " 4\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "-4\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "\r\n0\r\n\r\n", 400 },
        { CHUNKED "4;\nGET / HTTP/1.1\r\n\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "4;a=\"\nb\"\r\nabcd\r\n0\r\n\r\n", 400 },
        { CHUNKED "0\r\nA b: c\r\n\r\n", 400 },
        { CHUNKED "0\r\nA: b\nC: d\r\n\r\n", 400 },
    };
    CHECK_ALL(vectors);
}

static void heads(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { "POST /rpc HTTP/1.1\r\nHost: x\rContent-Length: 4\r\n\r\nabcd", 400 },
        { "POST /rpc HTTP/1.1\nHost: x\nContent-Length: 4\n\nabcd", 400 },
        { POST "X-A: b\r\n c\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { POST "X-A: b\r\n\tc\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { POST "X-A: b\x7f"
               "c\r\n\r\n",
          400 },
        { POST "X-A: b\x01"
               "c\r\n\r\n",
          400 },
        { POST "X-A\r\n\r\n", 400 },
        { POST ": b\r\n\r\n", 400 },
        { POST "X A: b\r\n\r\n", 400 },
        { POST "X(A): b\r\n\r\n", 400 },
        { POST "X-\xc3\xa4: b\r\n\r\n", 400 },
        { POST "\r\nX-A: b", 0 },
        { POST "Content-Type: a/b\r\ncontent-type: a/b\r\n\r\n", 400 },
        { POST "Authorization: Bearer a\r\nAUTHORIZATION: Bearer b\r\n\r\n", 400 },
        { POST "Expect: 200-ok\r\n\r\n", 417 },
        { POST "Expect: 100-continue, x\r\n\r\n", 417 },
        { POST "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 4\r\n\r\nabcd",
          0 },
        { POST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 0 },
        { "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n", 400 },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
        { "\x16\x03\x01\x02\x01\x01", 400 },
        { "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
        { "post / HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
    };
    CHECK_ALL(vectors);
}

static void versions(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { "POST /rpc HTTP/1.2\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/11.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1\r\nHost: x\r\n\r\n", 400 },
        { "GET / http/1.1\r\nHost: x\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400 },
        { "GET / RTSP/1.0\r\nHost: x\r\n\r\n", 400 },
        { "SOURCE / ICE/1.0\r\nHost: x\r\n\r\n", 400 },
        { "GET /\r\nHost: x\r\n\r\n", 400 },
    };
    CHECK_ALL(vectors);
}

static void host_headers(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { HOST("localhost"), 0 },
        { "POST /rpc HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { POST "host: y\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { POST "Host: x\r\nContent-Length: 4\r\n\r\nabcd", 400 },
        { "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400 },
        { HOST(""), 400 },
        { HOST("a b"), 400 },
        { HOST("a/b"), 400 },
        { HOST("user@a"), 400 },
        { HOST("a:b"), 400 },
        { HOST("a:123456"), 400 },
        { HOST("a:1:2"), 400 },
        { HOST(":80"), 400 },
        { HOST("::1"), 400 },
        { HOST("[::1"), 400 },
        { HOST("[]"), 400 },
        { HOST("[::1]x"), 400 },
        { HOST("[::/1]"), 400 },
        { HOST("a?b"), 400 },
        { HOST("a#b"), 400 },
        { HOST("\xc3\xa4"), 400 },
        { HOST("a\\b"), 400 },
    };
    CHECK_ALL(vectors);
}

static void targets(void **state)
{
    (void)state;
    static const vector vectors[] = {
        { GET("/"), 0 },
        { GET("/a%2Fb/../c//d?e=/?f"), 0 },
        { GET("//host/a"), 0 },
        { GET("http://x/a"), 0 },
        { GET("HTTPS://[::1]:80/a?b"), 0 },
        { GET("http://x"), 0 },
        { GET("http://"), 400 },
        { GET("http:///a"), 400 },
        { GET("http://a@x/"), 400 },
        { GET("http://x:/a:b@c"), 0 },
        { GET("http://x:123456/"), 400 },
        { GET("http://x/a#b"), 400 },
        { GET("http:/x/a"), 400 },
        { GET("httpx://x/a"), 400 },
        { GET("ftp://x/a"), 400 },
        { GET("x:80"), 400 },
        { "GET http://x/ HTTP/1.1\r\n\r\n", 400 },
        { "GET http://x/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
        { "GET http://x/ HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400 },
        { GET("*"), 400 },
        { GET("a"), 400 },
        { GET("/a#b"), 400 },
        { GET("/a b"), 400 },
        { GET(" /a"), 400 },
        { GET("/a "), 400 },
        { GET(""), 400 },
        { GET("/\xc3\xa4"), 400 },
        { GET("/a\tb"), 400 },
        { GET("/a\x01"), 400 },
        { GET("/a\x7f"), 400 },
        { "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0 },
        { "OPTIONS ** HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
    };
    CHECK_ALL(vectors);
}

static void with_nul_bytes(void **state)
{
    (void)state;
    static const char value[] = POST "X-A: b\0c\r\nContent-Length: 4\r\n\r\nabcd";
    static const char name[] = POST "X\0A: b\r\n\r\n";
    static const char target[] = "GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n";
    static const char host[] = HOST("a\0b");
    check(value, sizeof(value) - 1, 400);
    check(name, sizeof(name) - 1, 400);
    check(target, sizeof(target) - 1, 400);
    check(host, sizeof(host) - 1, 400);
}

static void every_byte(void **state)
{
    (void)state;
    char garbage[1024];
    for (size_t i = 0; i < sizeof(garbage); i++)
        garbage[i] = (char)i;
    check(garbage, sizeof(garbage), 400);
    /* A head that stops anywhere is no request. */
    static const char text[] = POST "Content-Length: 4\r\n\r\nabcd";
    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        feeding f;
        feeding_open(&f, &usual_limits);
        vgi__http_step s = feed_steps(&f, text, n, SIZE_MAX);
        assert_true(s == VGI__HTTP_MORE || s == VGI__HTTP_HEAD_DONE);
        assert_int_equal(f.used, n);
        feeding_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ambiguous_lengths), cmocka_unit_test(transfer_codings),
        cmocka_unit_test(chunk_framing),     cmocka_unit_test(heads),
        cmocka_unit_test(versions),          cmocka_unit_test(host_headers),
        cmocka_unit_test(targets),           cmocka_unit_test(with_nul_bytes),
        cmocka_unit_test(every_byte),
    };
    return vgi_test_run(tests);
}
