/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication: who is asked, what an authenticator sees, and what a refused client
 * gets; and cookies, which handlers set. */
#include <stdio.h>
#include <string.h>

#include "support/http/server/surface.h"

/* ---- a service that says who calls, and sets cookies ---- */

static int whoami(vgi_call *call, const vgi_void *in, vgi_str *out)
{
    const vgi_auth *a = vgi_call_auth(call);

    (void)in;
    return vgi_strf(call, out, "%s|%s|%s|%d|%s", a->domain, a->principal, a->claims,
                    a->authenticated, vgi_transport_name(vgi_call_transport(call)));
}
VGI_UNARY(whoami, vgi_void, vgi_str);

static const vgi_cookie *to_set; /* by `bake`, until one has no name */

static int bake(vgi_call *call, const vgi_void *in, int64_t *out)
{
    (void)in;
    *out = VGI_OK;
    for (const vgi_cookie *c = to_set; c->size > 0 && *out == VGI_OK; c++)
        *out = vgi_call_set_cookie(call, c);
    return VGI_OK;
}
VGI_UNARY(bake, vgi_void, int64_t);

static int budget(vgi_call *call, const vgi_void *in, int64_t *out)
{
    (void)in;
    *out = vgi_call_response_budget(call);
    return VGI_OK;
}
VGI_UNARY(budget, vgi_void, int64_t);

static const vgi_method *const methods[] = { VGI_METHOD(whoami), VGI_METHOD(bake),
                                             VGI_METHOD(budget), NULL };
static const vgi_service who = { VGI_SERVICE_INIT, .name = "Who", .methods = methods };

/* ---- an authenticator ---- */

typedef struct guard {
    int asked;
    vgi_auth_reason reason; /* 0: let in */
    int status;             /* returned in place of a rejection, if not VGI_OK */
} guard;

static int check_bearer(vgi_http_request *rq, vgi_auth *auth, void *user)
{
    guard *g = user;
    const vgi_str token = vgi_http_request_header(rq, "authorization");

    g->asked++;
    assert_string_equal(auth->principal, "");
    assert_false(auth->authenticated);
    if (g->status != VGI_OK)
        return g->status;
    if (g->reason)
        return vgi_http_reject(rq, g->reason, "secret detail");
    if (!vgi_str_eq(token, "Bearer good"))
        return vgi_http_reject(rq, VGI_AUTH_MISSING_CREDENTIAL, NULL);
    char *name = vgi_arena_alloc(vgi_http_request_arena(rq), 6);
    if (!name)
        return VGI_ENOMEM;
    memcpy(name, "alice", 6);
    *auth = (vgi_auth){ .domain = "bearer",
                        .principal = name,
                        .claims = "{\"a\":1}",
                        .authenticated = true };
    return VGI_OK;
}

static void begin(surface *s, guard *g, int64_t cap)
{
    const vgi_http_options o = { .size = sizeof(o),
                                 .authenticate = g ? check_bearer : NULL,
                                 .authenticate_user = g,
                                 .max_response_bytes = cap };

    surface_begin(s, NULL, &o);
    s->engine.worker_free(s->app, s->worker); /* its calls have a fixed set of methods */
    assert_int_equal(vgi__registry_add(s->talk.registry, &who, &s->talk.error), VGI_OK);
    assert_int_equal(s->engine.worker_new(s->app, &s->worker, &s->talk.error), VGI_OK);
}

static void post(surface *s, const char *method, int status)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/Who/%s", method);
    talk_request(&s->talk, SEED(method), NULL, NULL, 0);
    assert_int_equal(surface_post(s, path), status);
}

static const char *read_str(surface *s)
{
    static char text[256];
    vgi_str value;

    talk_expect_stream(&s->talk, 1);
    talk_expect_rows(&s->talk, 1);
    assert_int_equal(vgi_batch_str(&s->talk.batch, "result", 0, &value), VGI_OK);
    (void)snprintf(text, sizeof(text), VGI_STR_FMT, VGI_STR_ARG(value));
    return text;
}

static void test_everybody_is_anonymous(void **state)
{
    surface s;

    (void)state;
    begin(&s, NULL, 0);
    post(&s, "whoami", 200);
    assert_string_equal(read_str(&s), "||{}|0|http");
    surface_end(&s);
}

static void test_a_principal_reaches_the_handler(void **state)
{
    guard g = { .asked = 0 };
    surface s;

    (void)state;
    begin(&s, &g, 0);
    for (int i = 0; i < 2; i++) {
        surface_header(&s, "Authorization", "Bearer good");
        post(&s, "whoami", 200);
        assert_string_equal(read_str(&s), "bearer|alice|{\"a\":1}|1|http");
    }
    assert_int_equal(g.asked, 2);
    surface_end(&s);
}

static void test_what_a_refused_client_gets(void **state)
{
    static const struct {
        vgi_auth_reason reason;
        const char *name;
    } cases[] = {
        { VGI_AUTH_MISSING_CREDENTIAL, "missing_credential" },
        { VGI_AUTH_INVALID_CREDENTIAL, "invalid_credential" },
        { VGI_AUTH_EXPIRED_CREDENTIAL, "expired_credential" },
        { VGI_AUTH_INSUFFICIENT_SCOPE, "insufficient_scope" },
        { VGI_AUTH_PROXY_REQUIRED, "proxy_required" },
        { VGI_AUTH_UNAUTHORIZED, "unauthorized" },
    };
    guard g = { .asked = 0 };
    char json[128];
    surface s;

    (void)state;
    begin(&s, &g, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool proxy = cases[i].reason == VGI_AUTH_PROXY_REQUIRED;

        g.reason = cases[i].reason;
        post(&s, "whoami", 401);
        surface_expect(&s, "VGI-Auth-Reason", cases[i].name);
        surface_expect(&s, "Cache-Control", "no-store");
        surface_expect(&s, "Content-Type", "application/json");
        assert_int_equal(surface_answer(&s, "VGI-Auth-Proxy-Required") != NULL, proxy);
        assert_non_null(surface_answer(&s, "VGI-Externalization-Enabled"));
        (void)snprintf(json, sizeof(json),
                       "{\"error\":\"unauthorized\",\"reason\":\"%s\","
                       "\"detail\":\"authentication rejected\"}",
                       cases[i].name);
        assert_string_equal(surface_text(&s), json);
    }
    g = (guard){ .status = VGI_EIO }; /* an authenticator that just fails */
    post(&s, "whoami", 401);
    surface_expect(&s, "VGI-Auth-Reason", "unauthorized");
    surface_end(&s);
}

static void test_browsers_get_a_page(void **state)
{
    guard g = { .reason = VGI_AUTH_INVALID_CREDENTIAL };
    surface s;

    (void)state;
    begin(&s, &g, 0);
    surface_header(&s, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    assert_int_equal(surface_ask(&s, "GET", "/"), 401);
    surface_expect(&s, "Content-Type", "text/html; charset=utf-8");
    surface_expect(&s, "Cache-Control", "no-store");
    surface_expect(&s, "VGI-Auth-Reason", "invalid_credential");
    assert_null(strstr(surface_text(&s), "secret"));
    surface_end(&s);
}

static void test_who_is_not_asked(void **state)
{
    guard g = { .reason = VGI_AUTH_MISSING_CREDENTIAL };
    surface s;

    (void)state;
    begin(&s, &g, 0);
    assert_int_equal(surface_ask(&s, "GET", "/health"), 200);
    assert_int_equal(surface_ask(&s, "HEAD", "/health"), 200);
    assert_int_equal(surface_ask(&s, "OPTIONS", "/Who/whoami"), 200);
    assert_int_equal(surface_ask(&s, "GET", "/.well-known/anything"), 404);
    assert_int_equal(g.asked, 0);
    assert_int_equal(surface_ask(&s, "GET", "/healthy"), 401);
    assert_int_equal(surface_ask(&s, "GET", "/.well-known"), 401);
    assert_int_equal(surface_ask(&s, "GET", "/"), 401);
    assert_int_equal(surface_ask(&s, "GET", "/no/where/at/all"), 401);
    assert_int_equal(surface_ask(&s, "PUT", "/Who/whoami"), 401);
    assert_int_equal(g.asked, 5);
    surface_end(&s);
}

static int look_around(vgi_http_request *rq, vgi_auth *auth, void *user)
{
    (void)auth;
    assert_true(vgi_str_eq(vgi_http_request_method(rq), "GET"));
    assert_true(vgi_str_eq(vgi_http_request_path(rq), "/some%20where"));
    assert_string_equal(vgi_http_request_peer(rq), "127.0.0.1");
    assert_true(vgi_str_eq(vgi_http_request_cookie(rq, "b"), "two"));
    assert_null(vgi_http_request_cookie(rq, "c").data);
    assert_null(vgi_http_request_header(rq, "X-Absent").data);
    *(int *)user = 1;
    return VGI_OK;
}

static void test_what_an_authenticator_sees(void **state)
{
    int seen = 0;
    const vgi_http_options o = { .size = sizeof(o),
                                 .authenticate = look_around,
                                 .authenticate_user = &seen };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &o);
    surface_header(&s, "Cookie", "a=one; b=\"two\"");
    assert_int_equal(surface_ask(&s, "GET", "/some%20where?q=1"), 405);
    assert_int_equal(seen, 1);
    surface_end(&s);
}

/* ---- cookies ---- */

static int64_t read_status(surface *s)
{
    vgi_i64s items;

    talk_expect_stream(&s->talk, 1);
    talk_expect_rows(&s->talk, 1);
    assert_int_equal(vgi_batch_i64(&s->talk.batch, "result", &items), VGI_OK);
    return items.items[0];
}

static void test_cookies(void **state)
{
    const vgi_cookie whole[] = { { .size = sizeof(vgi_cookie),
                                   .name = "sid",
                                   .value = "abc",
                                   .path = "/a",
                                   .domain = "x.example",
                                   .same_site = "Lax",
                                   .max_age_s = 60,
                                   .secure = true,
                                   .http_only = true },
                                 { .size = 0 } };
    const vgi_cookie gone[] = {
        { .size = sizeof(vgi_cookie), .name = "sid", .value = "", .max_age_s = -1 },
        { .size = 0 }
    };
    surface s;

    (void)state;
    begin(&s, NULL, 0);
    to_set = whole;
    post(&s, "bake", 200);
    surface_expect(&s, "Set-Cookie",
                   "sid=abc; Domain=x.example; Max-Age=60; Path=/a; SameSite=Lax; "
                   "Secure; HttpOnly");
    assert_int_equal(read_status(&s), VGI_OK);
    to_set = gone;
    post(&s, "bake", 200);
    surface_expect(&s, "Set-Cookie",
                   "sid=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
    post(&s, "whoami", 200); /* and none of it stays */
    surface_expect(&s, "Set-Cookie", NULL);
    surface_end(&s);
}

static void test_cookies_that_cannot_be_sent(void **state)
{
    static const vgi_cookie bad[] = {
        { .name = NULL, .value = "v" },
        { .name = "", .value = "v" },
        { .name = "a b", .value = "v" },
        { .name = "n", .value = NULL },
        { .name = "n", .value = "a b" },
        { .name = "n", .value = "a;b" },
        { .name = "n", .value = "a\r\nX-Evil: 1" },
        { .name = "n", .value = "\xc3\xa4" },
        { .name = "n", .value = "v", .path = "/;x" },
        { .name = "n", .value = "v", .path = "/\n" },
        { .name = "n", .value = "v", .domain = "a;b" },
        { .name = "n", .value = "v", .same_site = "lax" },
    };
    vgi_cookie one[2] = { { .size = 0 } };
    surface s;

    (void)state;
    begin(&s, NULL, 0);
    to_set = one;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        one[0] = bad[i];
        one[0].size = sizeof(vgi_cookie);
        post(&s, "bake", 200);
        assert_int_equal(read_status(&s), VGI_EINVAL);
        surface_expect(&s, "Set-Cookie", NULL);
        surface_expect(&s, "X-Evil", NULL);
    }
    surface_end(&s);
}

/* ---- what is left of the response ---- */

static void test_budget(void **state)
{
    surface s;
    int64_t left;

    (void)state;
    begin(&s, NULL, 0);
    post(&s, "budget", 200);
    assert_int_equal(read_status(&s), -1);
    surface_end(&s);
    begin(&s, NULL, 10000);
    post(&s, "budget", 200);
    left = read_status(&s); /* the schema is there already */
    assert_in_range(left, 9000, 9999);
    post(&s, "budget", 200);
    assert_int_equal(read_status(&s), left);
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everybody_is_anonymous),
        cmocka_unit_test(test_a_principal_reaches_the_handler),
        cmocka_unit_test(test_what_a_refused_client_gets),
        cmocka_unit_test(test_browsers_get_a_page),
        cmocka_unit_test(test_who_is_not_asked),
        cmocka_unit_test(test_what_an_authenticator_sees),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_cookies_that_cannot_be_sent),
        cmocka_unit_test(test_budget),
    };

    return vgi_test_run(tests);
}
