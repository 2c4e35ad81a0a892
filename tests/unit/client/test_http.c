/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls over HTTP: requests, answers, refusals, codings, repetitions. */
#include "http_rig.h"

static canned server;

static const vgi_http_client_options plain = { .size = sizeof(plain),
                                               .no_compression = true,
                                               .no_retries = true };

typedef struct text_in {
    vgi_str text;
} text_in;
VGI_STRUCT(text_in, VGI_FIELD(text_in, text));

/* Call with a parameter of so many bytes. */
static int call_with(rig *r, size_t bytes)
{
    static char text[100000];
    const text_in in = { { text, bytes } };

    memset(text, 't', sizeof(text));
    r->err = (vgi_error){ 0 };
    return vgi_client_call(r->client, "put", VGI_FROM(text_in, &in), &vgi_type_vgi_void,
                           NULL, NULL, &r->err);
}

static void calls(void **state)
{
    int64_t n = 0;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, vgi__schema_empty());
    peer_log(&r.p, "INFO", "on the way");
    peer_end(&r.p);
    vgi__buffer_clear(&r.p.answers);
    peer_result(&r.p, "l", "{\"result\": 42}");
    rig_ok(&r);
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(vgi_client_call(r.client, "answer me", &vgi_type_vgi_void, NULL,
                                     &vgi_type_int64_t, &n, NULL, &r.err),
                     VGI_OK);
    assert_int_equal(n, 42);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.connections, 1);
    assert_true(rig_path_is(&r, 0, "/vgi/answer%20me"));
    assert_true(rig_path_is(&r, 1, "/vgi/noop"));
    assert_string_equal(canned_header(&server, 0, "Content-Type"), VGI__ARROW_TYPE);
    assert_string_equal(canned_header(&server, 0, "Accept-Encoding"), "zstd, gzip");
    assert_string_equal(canned_header(&server, 0, "Content-Encoding"), "-");
    rig_sent(&r, 0);
    assert_string_equal(peer_sent_key(&r.p, VGI_KEY_METHOD), "answer me");
    assert_string_equal(peer_sent_key(&r.p, VGI_KEY_REQUEST_VERSION), "1");
    assert_string_equal(peer_sent_key(&r.p, VGI_KEY_PROTOCOL), "-");
    rig_free(&r);
}

/* Current addresses, for what they serve. */
static void a_protocol_by_name(void **state)
{
    vgi_stream *stream = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_void_answer(&r, "");
    rig_text(&r, "404 Not Found", "", "");
    rig_connect_to(&r, "my.Calc_2", NULL);
    assert_int_equal(rig_void(&r), VGI_OK);
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "/vgi/my.Calc_2/noop"));
    assert_int_equal(
        vgi_client_stream_batch(&stream, r.client, "count", NULL, NULL, &r.err),
        VGI_ENOTSUP);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 2);
    assert_true(rig_path_is(&r, 0, "/vgi/my.Calc_2/noop"));
    rig_sent(&r, 0);
    assert_string_equal(peer_sent_key(&r.p, VGI_KEY_PROTOCOL), "my.Calc_2");
    rig_free(&r);
}

static void steady_calls_allocate_nothing(void **state)
{
    uint64_t before = 0;
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (int i = 0; i < 20; i++) {
        rig_void_answer(&r, "");
    }
    rig_connect(&r);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rig_void(&r), VGI_OK);
        if (i == 4)
            before = vgi_test_allocations();
    }
    assert_int_equal(vgi_test_allocations(), before);
    rig_free(&r);
}

static void options(void **state)
{
    static const char *const bad_urls[] = {
        "http://",       "http:///x",   "http://h/?q",       "http://h/#f",
        "http://h/ x",   "ftp://h/",    "http://h\r\nX: y/", "https://",
        "http://u:p@h/", "localhost:1", "http://h/\x7f",
    };
    static const char *const bad_headers[] = {
        "no colon", ": no name",         "Bad Name: x",          "X: a\r\nY: b",
        "",         "Content-Type: x/y", "transfer-encoding: x", "Content-Length: 3",
    };
    const char *headers[] = { "Authorization: Bearer abc", "X-Two:   2" };
    vgi_http_client_options http = plain;
    vgi_client *c = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (size_t i = 0; i < sizeof(bad_urls) / sizeof(*bad_urls); i++)
        assert_int_equal(vgi_client_open_http(&c, bad_urls[i], NULL, NULL, &r.err),
                         VGI_EINVAL);
    http.n_headers = 1;
    for (size_t i = 0; i < sizeof(bad_headers) / sizeof(*bad_headers); i++) {
        http.headers = &bad_headers[i];
        assert_int_equal(vgi_client_open_http(&c, "http://h", &http, NULL, &r.err),
                         VGI_EINVAL);
    }
    http.size = 0;
    assert_int_equal(vgi_client_open_http(&c, "http://h", &http, NULL, &r.err),
                     VGI_EINVAL);
    assert_null(c);
    http = plain;
    http.headers = headers;
    http.n_headers = 2;
    rig_void_answer(&r, "");
    rig_connect_with(&r, &http);
    headers[0] = headers[1] = NULL; /* copied */
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_string_equal(canned_header(&server, 0, "Authorization"), "Bearer abc");
    assert_string_equal(canned_header(&server, 0, "X-Two"), "2");
    assert_string_equal(canned_header(&server, 0, "Accept-Encoding"), "-");
    rig_free(&r);
}

/* ---- failures that are Arrow ---- */

static void exceptions_of_any_status(void **state)
{
    static const char *const statuses[] = { "200 OK", "400 Bad", "404 Not Found",
                                            "415 Type" };
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (int i = 0; i < 4; i++) {
        peer_refuse(&r.p, "ValueError: no", NULL, NULL);
        rig_arrow(&r, statuses[i], "X-VGI-RPC-Error: true\r\n");
    }
    rig_void_answer(&r, "");
    rig_connect(&r);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rig_void(&r), VGI_EREMOTE);
        assert_string_equal(r.err.type, "ValueError");
        assert_non_null(vgi_client_failure(r.client));
    }
    assert_int_equal(rig_void(&r), VGI_OK);
    assert_null(vgi_client_failure(r.client));
    rig_free(&r);
}

static void answers_that_are_cut(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_result(&r.p, "l", "{\"result\": 1}");
    const size_t whole = r.p.answers.len;
    for (size_t i = 0; i < 12; i++)
        rig_bytes(&r, "200 OK", RIG_ARROW, r.p.answers.data, 1 + i * (whole - 8) / 12,
                  CANNED_KEEP);
    vgi__buffer_clear(&r.p.answers);
    rig_void_answer(&r, "");
    rig_connect(&r);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_int_equal(rig_void(&r), VGI_OK);
    rig_free(&r);
}

/* ---- refusals ---- */

static void unauthenticated(void **state)
{
    const vgi_remote_failure *f;
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_text(&r, "401 Unauthorized", "Content-Type: application/json\r\n",
             "{\"error\":\"unauthorized\",\"reason\":\"expired_credential\","
             "\"detail\":\"authentication rejected\"}");
    rig_text(&r, "401 Unauthorized", "Content-Type: text/html\r\n", "<p>go away\x01</p>");
    rig_text(&r, "401 Unauthorized", "Content-Type: application/json\r\n", "[1, 2]");
    rig_text(&r, "401 Unauthorized", "", "");
    rig_connect(&r);
    assert_int_equal(rig_void(&r), VGI_EREMOTE);
    assert_string_equal(r.err.type, "AuthenticationError");
    assert_string_equal(r.err.message, "expired_credential: authentication rejected");
    f = vgi_client_failure(r.client);
    assert_non_null(f);
    assert_true(vgi_str_eq(f->type, "AuthenticationError"));
    assert_true(vgi_str_eq(f->message, r.err.message));
    assert_int_equal(f->traceback.len, 0);
    assert_int_equal(rig_void(&r), VGI_EREMOTE);
    assert_true(rig_says(&r, "<p>go away\\x01</p>"));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rig_void(&r), VGI_EREMOTE);
        assert_string_equal(r.err.type, "AuthenticationError");
    }
    rig_free(&r);
}

static void other_refusals(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_text(&r, "404 Not Found", "Content-Type: text/html\r\n", "<h1>404</h1>");
    rig_text(&r, "404 Not Found",
             "VGI-Accept-Max-Response-Bytes-Support: true\r\n"
             "Content-Type: application/json\r\n",
             "{\"title\": \"404 Not Found\"}");
    rig_text(&r, "302 Found", "Location: http://elsewhere/\r\n", "");
    rig_text(&r, "500 Oh", "", "stack trace");
    rig_text(&r, "200 OK", "Content-Type: text/plain\r\n", "all is well");
    rig_text(&r, "200 OK", RIG_ARROW, "");
    rig_text(&r, "200 OK", RIG_ARROW "Content-Encoding: br\r\n", "x");
    rig_text(&r, "200 OK", RIG_ARROW "Content-Encoding: zstd\r\n", "not zstd");
    rig_text(&r, "200 OK", RIG_ARROW, "not Arrow, but long enough to look at");
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "404") && rig_says(&r, "/vgi/noop"));
    assert_int_equal(rig_void(&r), VGI_ENOTSUP);
    assert_true(rig_says(&r, "--protocol"));
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "http://elsewhere/"));
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "500") && rig_says(&r, "stack trace"));
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "all is well"));
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "'br'"));
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_true(rig_says(&r, "not an Arrow IPC stream"));
    assert_int_equal(rig_void(&r), VGI_OK);
    rig_free(&r);
}

static void requests_that_are_too_large(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_text(&r, "413 Large", "", "{}");
    rig_text(&r, "413 Large", "VGI-Max-Request-Bytes: 5000\r\n", "{}");
    rig_void_answer(&r, "");
    rig_connect_with(&r, &plain);
    assert_int_equal(call_with(&r, 9000), VGI_ELIMIT);
    assert_true(rig_says(&r, "too large"));
    assert_int_equal(call_with(&r, 9000), VGI_ELIMIT);
    assert_true(rig_says(&r, "at most 5000"));
    /* From here on it is known; nothing is sent. */
    assert_int_equal(call_with(&r, 9000), VGI_ELIMIT);
    assert_true(rig_says(&r, "at most 5000"));
    assert_int_equal(call_with(&r, 100), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    rig_free(&r);
}

/* ---- codings ---- */

static void requests_are_compressed_for_who_takes_it(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_void_answer(&r, "VGI-Externalization-Enabled: false\r\n"); /* a seed server */
    rig_void_answer(&r, "");
    rig_void_answer(&r, "VGI-Supported-Encodings: gzip, br\r\n");
    rig_void_answer(&r, "VGI-Supported-Encodings: \r\n");
    rig_void_answer(&r, "VGI-Supported-Encodings: gzip,zstd\r\n");
    rig_void_answer(&r, "");
    rig_void_answer(&r, "");
    rig_connect(&r);
    for (int i = 0; i < 6; i++)
        assert_int_equal(call_with(&r, 20000), VGI_OK);
    assert_int_equal(call_with(&r, 10), VGI_OK);
    canned_stop(&server);
    static const char *const want[] = { "-", "zstd", "zstd", "gzip", "-", "zstd", "-" };
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(canned_header(&server, i, "Content-Encoding"), want[i]);
        rig_sent(&r, i);
        vgi_str text = { 0 };
        assert_int_equal(vgi_batch_str(&r.p.batch, "text", 0, &text), VGI_OK);
        assert_int_equal(text.len, i < 6 ? 20000 : 10);
        if (want[i][0] != '-')
            assert_true(server.requests[i].body_len < 2000);
    }
    rig_free(&r);
}

static void a_refused_coding_is_given_up(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_void_answer(&r, "VGI-Supported-Encodings: zstd\r\n");
    rig_text(&r, "415 Type", "VGI-Supported-Encodings: gzip\r\n", "{}");
    rig_void_answer(&r, "VGI-Supported-Encodings: gzip\r\n");
    rig_text(&r, "415 Type", "", "{}");
    rig_void_answer(&r, "");
    rig_text(&r, "415 Type", "", "{}");
    rig_connect(&r);
    for (int i = 0; i < 3; i++)
        assert_int_equal(call_with(&r, 20000), VGI_OK);
    assert_int_equal(call_with(&r, 20000), VGI_EPROTO); /* not for its coding */
    assert_true(rig_says(&r, "415"));
    canned_stop(&server);
    static const char *const want[] = { "-", "zstd", "gzip", "gzip", "-", "-" };
    assert_int_equal(server.n_requests, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(canned_header(&server, i, "Content-Encoding"), want[i]);
    rig_free(&r);
}

/* What was written to the peer, coded. */
static void answer_coded(rig *r, vgi__coding coding, const char *headers)
{
    struct iovec iov = { r->p.answers.data, r->p.answers.len };
    char lines[256];
    vgi__buffer out;

    vgi__buffer_init(&out, NULL, SIZE_MAX);
    const int rc = vgi__coding_encode(coding, 1, &iov, 1, &out, NULL);
    if (rc == VGI_OK) {
        (void)snprintf(lines, sizeof(lines), RIG_ARROW "%s", headers);
        rig_bytes(r, "200 OK", lines, out.data, out.len, CANNED_KEEP);
    }
    vgi__buffer_free(&out);
    vgi__buffer_clear(&r->p.answers);
    assert_int_equal(rc, VGI_OK);
}

static void coded_answers(void **state)
{
    static const struct {
        vgi__coding coding;
        const char *header;
    } ways[] = { { VGI__CODING_ZSTD, "Content-Encoding: zstd\r\n" },
                 { VGI__CODING_ZSTD, "X-VGI-Content-Encoding: zstd\r\n" },
                 { VGI__CODING_GZIP, "Content-Encoding: gzip\r\n" },
                 { VGI__CODING_GZIP, "X-VGI-Content-Encoding: GZIP\r\n" } };
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (size_t i = 0; i < 4; i++) {
        peer_result(&r.p, "l", "{\"result\": 7}");
        answer_coded(&r, ways[i].coding, ways[i].header);
    }
    rig_connect(&r);
    for (size_t i = 0; i < 4; i++) {
        int64_t n = 0;
        assert_int_equal(vgi_client_call(r.client, "n", &vgi_type_vgi_void, NULL,
                                         &vgi_type_int64_t, &n, NULL, &r.err),
                         VGI_OK);
        assert_int_equal(n, 7);
    }
    rig_free(&r);
}

/* Sixteen MiB of zeros for a client that takes a few thousand bytes. */
static void an_answer_that_is_a_bomb(void **state)
{
    static const uint8_t zeros[1 << 20];
    struct iovec iov[16];
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (size_t i = 0; i < 16; i++)
        iov[i] = (struct iovec){ (void *)(uintptr_t)zeros, sizeof(zeros) };
    vgi__buffer *b = &r.p.answers;
    assert_int_equal(vgi__coding_encode(VGI__CODING_GZIP, 1, iov, 16, b, NULL), VGI_OK);
    rig_arrow(&r, "200 OK", "Content-Encoding: gzip\r\n");
    rig_void_answer(&r, "");
    const vgi_client_options few = { .size = sizeof(few), .limits.message_bytes = 4096 };
    char url[64];
    assert_true(canned_start(&server, NULL));
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", server.port);
    assert_int_equal(vgi_client_open(&r.client, url, &few, &r.err), VGI_OK);
    assert_int_equal(rig_void(&r), VGI_ELIMIT);
    assert_true(rig_says(&r, "limit"));
    assert_int_equal(rig_void(&r), VGI_OK);
    rig_free(&r);
}

/* ---- repetitions ---- */

static int describe(rig *r)
{
    vgi_description *d = NULL;
    const int rc = vgi_client_describe(r->client, &d, &r->err);

    vgi_description_free(d);
    return rc;
}

static void introspection_is_repeated(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_text(&r, "503 Gone", "", "");
    canned_add(&server, "", 0, CANNED_CLOSE);
    peer_refuse(&r.p, "AttributeError: no", NULL, NULL);
    rig_arrow(&r, "404 Not Found", "");
    rig_connect(&r);
    assert_int_equal(describe(&r), VGI_EREMOTE);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    assert_true(rig_path_is(&r, 2, "/vgi/__describe__"));
    rig_free(&r);
}

static void other_calls_are_not(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_text(&r, "503 Gone", "", "");
    rig_bytes(&r, "200 OK", RIG_ARROW, "cut", 3, CANNED_CLOSE);
    server.answers[1].n -= 2;
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(rig_void(&r), VGI_EPROTO);
    assert_int_equal(rig_void(&r), VGI_ECLOSED);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    rig_free(&r);
}

/* The server has the request when it closes a kept connection: libcurl would send it
 * again. */
static void nothing_is_repeated_for_us(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_void_answer(&r, "");
    canned_add(&server, "", 0, CANNED_CLOSE);
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(rig_void(&r), VGI_OK);
    assert_int_equal(rig_void(&r), VGI_ECLOSED);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    rig_free(&r);
}

static void nobody_listens(void **state)
{
    rig r;

    (void)state;
    rig_init(&r, &server);
    rig_connect(&r);
    canned_stop(&server);
    assert_int_equal(rig_void(&r), VGI_ECONNECT);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),
        cmocka_unit_test(a_protocol_by_name),
        cmocka_unit_test(steady_calls_allocate_nothing),
        cmocka_unit_test(options),
        cmocka_unit_test(exceptions_of_any_status),
        cmocka_unit_test(answers_that_are_cut),
        cmocka_unit_test(unauthenticated),
        cmocka_unit_test(other_refusals),
        cmocka_unit_test(requests_that_are_too_large),
        cmocka_unit_test(requests_are_compressed_for_who_takes_it),
        cmocka_unit_test(a_refused_coding_is_given_up),
        cmocka_unit_test(coded_answers),
        cmocka_unit_test(an_answer_that_is_a_bomb),
        cmocka_unit_test(introspection_is_repeated),
        cmocka_unit_test(other_calls_are_not),
        cmocka_unit_test(nothing_is_repeated_for_us),
        cmocka_unit_test(nobody_listens),
    };
    return vgi_test_run(tests);
}
