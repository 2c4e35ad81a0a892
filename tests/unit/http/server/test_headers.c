/* SPDX-License-Identifier: Apache-2.0 */
/* What every response has, and the addresses that are no calls. */
#include <string.h>

#include "support/http/server/surface.h"

/* The headers of a server with default options, whatever the response. */
static void expect_capabilities(surface *s)
{
    surface_expect(s, "VGI-Max-Request-Bytes", "67108864");
    surface_expect(s, "VGI-Max-Response-Bytes", NULL);
    surface_expect(s, "VGI-Max-Externalized-Response-Bytes", NULL);
    surface_expect(s, "VGI-Externalization-Enabled", "false");
    surface_expect(s, "VGI-Supported-Encodings", "zstd, gzip");
    surface_expect(s, "VGI-Accept-Max-Response-Bytes-Support", NULL);
    surface_expect(s, "Access-Control-Allow-Origin", NULL);
    surface_expect(s, "Cross-Origin-Resource-Policy", NULL);
    assert_int_equal(strlen(surface_answer(s, "X-Request-ID")), 16);
}

static void test_capabilities_are_everywhere(void **state)
{
    static const struct {
        const char *method, *path;
        int status;
    } cases[] = {
        { "GET", "/health", 200 },     { "HEAD", "/health", 200 },
        { "OPTIONS", "/health", 200 }, { "OPTIONS", "/add", 200 },
        { "OPTIONS", "*", 200 },       { "GET", "/", 200 },
        { "GET", "/describe", 200 },   { "GET", "/no/where/at/all", 404 },
        { "POST", "/add", 415 },       { "GET", "/add", 405 },
        { "GET", "/Nobody/add", 404 }, { "OPTIONS", "/no/where/at/all", 404 },
    };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(surface_ask(&s, cases[i].method, cases[i].path),
                         cases[i].status);
        expect_capabilities(&s);
    }
    s.response.status = 431;
    vgi__http_response_reset(&s.response);
    s.response.status = 431;
    s.engine.refuse(s.app, "too many headers", &s.response);
    assert_int_equal(s.response.status, 431);
    expect_capabilities(&s);
    surface_expect(&s, "Content-Type", "application/json");
    surface_end(&s);
}

static void test_configured_capabilities(void **state)
{
    const vgi_http_options o = { .size = sizeof(o),
                                 .max_request_bytes = 1000,
                                 .max_response_bytes = 2000,
                                 .max_externalized_response_bytes = 3000,
                                 .no_compression = true };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &o);
    assert_int_equal(surface_ask(&s, "OPTIONS", "/health"), 200);
    surface_expect(&s, "VGI-Max-Request-Bytes", "1000");
    surface_expect(&s, "VGI-Max-Response-Bytes", "2000");
    surface_expect(&s, "VGI-Max-Externalized-Response-Bytes", "3000");
    surface_expect(&s, "VGI-Supported-Encodings", "");
    surface_end(&s);
}

static void test_request_ids(void **state)
{
    char longest[130];
    surface s;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    surface_begin(&s, NULL, NULL);
    longest[128] = '\0';
    surface_header(&s, "x-request-id", longest);
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    surface_expect(&s, "X-Request-ID", longest);
    longest[128] = 'x';
    longest[129] = '\0';
    surface_header(&s, "X-Request-ID", longest);
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    assert_int_equal(strlen(surface_answer(&s, "X-Request-ID")), 16);
    surface_header(&s, "X-Request-ID", "two words");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    assert_int_equal(strlen(surface_answer(&s, "X-Request-ID")), 16);
    surface_header(&s, "X-Request-ID", "sch\xc3\xb6n");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    assert_int_equal(strlen(surface_answer(&s, "X-Request-ID")), 16);
    surface_header(&s, "X-Request-ID", "");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    assert_int_equal(strlen(surface_answer(&s, "X-Request-ID")), 16);
    surface_end(&s);
}

static void test_errors_carry_the_request_id(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    surface_header(&s, "X-Request-ID", "sixteen-letters!");
    talk_add(&s.talk, SEED("nope"), 1, 2);
    assert_int_equal(surface_post(&s, "/nope"), 404);
    talk_expect_stream(&s.talk, 0);
    talk_expect_exception(&s.talk, "AttributeError", "nope");
    assert_string_equal(talk_key(&s.talk, VGI_KEY_REQUEST_ID), "sixteen-letters!");
    surface_end(&s);
}

static void test_health(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    surface_expect(&s, "Content-Type", "application/json");
    assert_string_equal(
        surface_text(&s),
        "{\"status\":\"ok\",\"server_id\":\"test\",\"protocol\":\"Calc\"}");
    assert_int_equal(surface_ask(&s, "POST", "/health"), 405);
    surface_expect(&s, "Allow", "GET, HEAD, OPTIONS");
    surface_end(&s);
}

static void test_options(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    assert_int_equal(surface_ask(&s, "OPTIONS", "/health?x=1"), 200);
    surface_expect(&s, "Allow", "GET, HEAD");
    surface_expect(&s, "Cache-Control", "public, max-age=300");
    assert_string_equal(surface_text(&s), "");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/add"), 200);
    surface_expect(&s, "Allow", "POST");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/Calc/count/init"), 200);
    surface_expect(&s, "Allow", "POST");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/"), 200);
    surface_expect(&s, "Allow", "GET, HEAD");
    surface_end(&s);
}

static void test_methods_that_are_not_allowed(void **state)
{
    static const char *const verbs[] = { "GET", "HEAD", "PUT", "DELETE", "PATCH" };
    static const char *const paths[] = { "/add", "/count/init", "/count/exchange",
                                         "/Calc/add", "/Calc/count/init" };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t v = 0; v < sizeof(verbs) / sizeof(verbs[0]); v++) {
        for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
            assert_int_equal(surface_ask(&s, verbs[v], paths[p]), 405);
            surface_expect(&s, "Allow", "POST, OPTIONS");
            surface_expect(&s, "Content-Type", "application/json");
            assert_string_equal(surface_text(&s),
                                "{\"title\": \"405 Method Not Allowed\"}");
        }
        assert_int_equal(surface_ask(&s, verbs[v], "/Nobody/add"), 404);
        surface_expect(&s, "Content-Type", "application/json");
    }
    assert_int_equal(surface_ask(&s, "POST", "/"), 405);
    surface_expect(&s, "Allow", "GET, HEAD, OPTIONS");
    surface_end(&s);
}

static void test_pages_are_html_unless_there_are_none(void **state)
{
    const vgi_http_options off = { .size = sizeof(off), .no_pages = true };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    assert_int_equal(surface_ask(&s, "GET", "/"), 200);
    surface_expect(&s, "Content-Type", "text/html; charset=utf-8");
    assert_int_equal(surface_ask(&s, "DELETE", "/x/y/z"), 404);
    surface_expect(&s, "Content-Type", "text/html; charset=utf-8");
    surface_end(&s);
    surface_begin(&s, NULL, &off);
    assert_int_equal(surface_ask(&s, "GET", "/"), 404);
    assert_string_equal(surface_text(&s), "{\"title\": \"404 Not Found\"}");
    assert_int_equal(surface_ask(&s, "GET", "/describe"), 405);
    surface_end(&s);
}

static void test_refusals_of_the_engine(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    s.response.status = 413;
    s.engine.refuse(s.app, "a body of 5 bytes", &s.response);
    vgi__buffer_append(&s.body, s.response.body.data, s.response.body.len);
    assert_string_equal(surface_text(&s),
                        "{\"title\": \"Request body exceeds max_request_bytes\", "
                        "\"description\": \"a body of 5 bytes\"}");
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities_are_everywhere),
        cmocka_unit_test(test_configured_capabilities),
        cmocka_unit_test(test_request_ids),
        cmocka_unit_test(test_errors_carry_the_request_id),
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_methods_that_are_not_allowed),
        cmocka_unit_test(test_pages_are_html_unless_there_are_none),
        cmocka_unit_test(test_refusals_of_the_engine),
    };

    return vgi_test_run(tests);
}
