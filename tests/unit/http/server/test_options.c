/* SPDX-License-Identifier: Apache-2.0 */
/* The options: what is refused, and what is filled in. */
#include <limits.h>
#include <string.h>

#include "support/http/server/surface.h"

static void expect_refused(vgi__registry *r, vgi_http_options o, const char *text)
{
    vgi__app *app;
    vgi_error err;

    assert_int_equal(vgi__app_new(&app, r, &o, NULL, &err), VGI_EINVAL);
    if (!strstr(err.message, text))
        fail_msg("expected '%s', got '%s'", text, err.message);
}
#define REFUSED(text, ...) \
    expect_refused(t.registry, \
                   (vgi_http_options){ .size = sizeof(vgi_http_options), __VA_ARGS__ }, \
                   text)

static void test_what_is_refused(void **state)
{
    static const char *const nothing[] = { "" };
    static const char *const split[] = { "*", "https://a.example\r\nX: 1" };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    expect_refused(t.registry, (vgi_http_options){ .size = 0 }, "size");
    REFUSED("prefix 'api' does not begin with '/'", .prefix = "api");
    REFUSED("empty segment", .prefix = "/a//b");
    REFUSED("empty segment", .prefix = "//");
    REFUSED("a character", .prefix = "/a b");
    REFUSED("a character", .prefix = "/a%20b");
    REFUSED("a character", .prefix = "/a?b");
    REFUSED("nobody is asked", .prefix = "/.well-known");
    REFUSED("nobody is asked", .prefix = "/.well-known/a");
    REFUSED("max_request_bytes", .max_request_bytes = -1);
    REFUSED("max_request_bytes", .max_request_bytes = INT64_C(1) << 53);
    REFUSED("max_response_bytes", .max_response_bytes = -1);
    REFUSED("max_externalized_response_bytes", .max_externalized_response_bytes = -5);
    REFUSED("max_buffered_bytes", .max_buffered_bytes = -5);
    REFUSED("zstd_level is 20", .zstd_level = 20);
    REFUSED("zstd_level is -1", .zstd_level = -1);
    REFUSED("gzip_level is 10", .gzip_level = 10);
    REFUSED("max_threads is 2", .threads = 3, .max_threads = 2);
    REFUSED("name none", .n_cors_origins = 1);
    REFUSED("no CORS origin", .cors_origins = nothing, .n_cors_origins = 1);
    REFUSED("no CORS origin", .cors_origins = split, .n_cors_origins = 2);
    talk_end(&t);
}

static void test_what_is_filled_in(void **state)
{
    const vgi_http_options some = { .size = sizeof(some),
                                    .threads = 300,
                                    .max_response_bytes = 100000,
                                    .producer_batches = 7,
                                    .prefix = "/a/b/" };
    const vgi_http_options few_threads = { .size = sizeof(some), .max_threads = 4 };
    const vgi_http_options short_one = { .size = sizeof(size_t), .prefix = "not read" };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    assert_string_equal(s.app->options.prefix, "");
    assert_string_equal(s.app->options.host, "127.0.0.1");
    assert_int_equal(s.app->options.threads, 16);
    assert_int_equal(s.app->options.max_threads, 256);
    assert_int_equal(s.app->options.max_request_bytes, 64 << 20);
    assert_int_equal(s.app->options.max_response_bytes, 0);
    assert_int_equal(s.app->options.producer_batches, 1);
    assert_int_equal(s.app->options.token_ttl_s, 3600);
    assert_int_equal(s.app->options.zstd_level, 3);
    assert_int_equal(s.app->options.gzip_level, 6);
    surface_end(&s);
    surface_begin(&s, NULL, &some);
    assert_string_equal(s.app->options.prefix, "/a/b");
    assert_int_equal(s.app->options.max_threads, 300);
    assert_int_equal(s.app->options.producer_batches, 7);
    surface_end(&s);
    surface_begin(&s, NULL, &few_threads);
    assert_int_equal(s.app->options.threads, 4);
    surface_end(&s);
    surface_begin(&s, NULL, &short_one);
    assert_string_equal(s.app->options.prefix, "");
    surface_end(&s);
}

static void test_a_cap_lets_producers_go_on(void **state)
{
    const vgi_http_options capped = { .size = sizeof(capped),
                                      .max_response_bytes = 100000 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &capped);
    assert_int_equal(s.app->options.producer_batches, UINT_MAX);
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_what_is_filled_in),
        cmocka_unit_test(test_a_cap_lets_producers_go_on),
    };

    return vgi_test_run(tests);
}
