/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts of other origins: nothing without configuration, and no more than that. */
#include "support/http/server/surface.h"

static const char *const any[] = { "*" };
static const char *const two[] = { "https://a.example", "https://b.example" };

static void begin(surface *s, const char *const *origins, size_t n, unsigned max_age)
{
    const vgi_http_options o = { .size = sizeof(o),
                                 .cors_origins = origins,
                                 .n_cors_origins = n,
                                 .cors_max_age_s = max_age };

    surface_begin(s, NULL, &o);
}

static void test_off_by_default(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    surface_header(&s, "Origin", "https://a.example");
    surface_header(&s, "Access-Control-Request-Method", "POST");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/add"), 200);
    surface_expect(&s, "Access-Control-Allow-Origin", NULL);
    surface_expect(&s, "Access-Control-Max-Age", NULL);
    surface_expect(&s, "Cross-Origin-Resource-Policy", NULL);
    surface_end(&s);
}

static void test_any_origin(void **state)
{
    surface s;

    (void)state;
    begin(&s, any, 1, 0);
    surface_header(&s, "Origin", "https://whoever.example");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    surface_expect(&s, "Access-Control-Allow-Origin", "*");
    surface_expect(&s, "Vary", NULL);
    surface_expect(&s, "Cross-Origin-Resource-Policy", "cross-origin");
    surface_expect(&s, "Access-Control-Max-Age", NULL);
    surface_expect(&s, "Access-Control-Allow-Methods", NULL);
    surface_expect(
        &s, "Access-Control-Expose-Headers",
        "WWW-Authenticate, X-Request-ID, X-VGI-Content-Encoding, X-VGI-RPC-Error, "
        "VGI-Max-Request-Bytes, VGI-Externalization-Enabled, VGI-Supported-Encodings, "
        "VGI-Auth-Reason, VGI-Auth-Proxy-Required");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200); /* no browser */
    surface_expect(&s, "Access-Control-Allow-Origin", NULL);
    surface_expect(&s, "Vary", "Origin"); /* one would be told more */
    surface_expect(&s, "Cross-Origin-Resource-Policy", "cross-origin");
    surface_end(&s);
}

static void test_listed_origins(void **state)
{
    surface s;

    (void)state;
    begin(&s, two, 2, 0);
    for (int i = 0; i < 2; i++) {
        surface_header(&s, "Origin", two[i]);
        assert_int_equal(surface_ask(&s, "GET", "/add"), 405); /* refusals, too */
        surface_expect(&s, "Access-Control-Allow-Origin", two[i]);
        surface_expect(&s, "Vary", "Origin");
    }
    surface_header(&s, "Origin", "https://a.example.evil.example");
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    surface_expect(&s, "Access-Control-Allow-Origin", NULL);
    surface_expect(&s, "Access-Control-Expose-Headers", NULL);
    surface_header(&s, "Origin", "https://evil.example");
    surface_header(&s, "Access-Control-Request-Method", "POST");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/add"), 200);
    surface_expect(&s, "Access-Control-Allow-Methods", NULL);
    surface_end(&s);
}

static void test_preflight(void **state)
{
    surface s;

    (void)state;
    begin(&s, any, 1, 600);
    surface_header(&s, "Origin", "https://a.example");
    surface_header(&s, "Access-Control-Request-Method", "POST");
    surface_header(&s, "Access-Control-Request-Headers",
                   "content-type, x-vgi-accept-encoding");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/count/init"), 200);
    surface_expect(&s, "Access-Control-Allow-Methods", "POST");
    surface_expect(&s, "Access-Control-Allow-Headers",
                   "content-type, x-vgi-accept-encoding");
    surface_expect(&s, "Access-Control-Max-Age", "600");
    surface_header(&s, "Origin", "https://a.example");
    surface_header(&s, "Access-Control-Request-Method", "GET");
    assert_int_equal(surface_ask(&s, "OPTIONS", "/health"), 200);
    surface_expect(&s, "Access-Control-Allow-Methods", "GET, HEAD");
    surface_expect(&s, "Access-Control-Allow-Headers", "*");
    surface_end(&s);
    begin(&s, any, 1, 0);
    assert_int_equal(surface_ask(&s, "OPTIONS", "/health"), 200);
    surface_expect(&s, "Access-Control-Max-Age", "7200");
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_by_default),
        cmocka_unit_test(test_any_origin),
        cmocka_unit_test(test_listed_origins),
        cmocka_unit_test(test_preflight),
    };

    return vgi_test_run(tests);
}
