/* SPDX-License-Identifier: Apache-2.0 */
/* The router: every shape of path, in each wire epoch. */
#include <string.h>

#include "support/http/server/surface.h"

typedef struct expected {
    const char *path;
    vgi__route_kind kind;
    vgi__epoch epoch;
    const char *protocol, *method; /* NULL: null */
    bool hosted;
} expected;

static const expected in_auto[] = {
    { "/", VGI__ROUTE_LANDING, 0, NULL, NULL, true },
    { "", VGI__ROUTE_LANDING, 0, NULL, NULL, true },
    { "/health", VGI__ROUTE_HEALTH, 0, NULL, NULL, true },
    { "/describe", VGI__ROUTE_DESCRIBE_PAGE, 0, NULL, NULL, true },
    { "/add", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "add", true },
    { "/%61dd", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "add", true },
    { "/Calc", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "Calc", true },
    { "/__describe__", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "__describe__", true },
    { "/count/init", VGI__ROUTE_INIT, VGI__EPOCH_SEED, NULL, "count", true },
    { "/count/exchange", VGI__ROUTE_EXCHANGE, VGI__EPOCH_SEED, NULL, "count", true },
    { "/__upload_url__/init", VGI__ROUTE_INIT, VGI__EPOCH_SEED, NULL, "__upload_url__",
      true },
    { "/Calc/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Calc", "add", true },
    { "/Calc/init", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Calc", "init", true },
    { "/other.Calc/%61dd", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "other.Calc", "add",
      true },
    { "/Nobody/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Nobody", "add", false },
    { "/Cal%63/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Cal%63", "add", false },
    { "/Calc/count/init", VGI__ROUTE_INIT, VGI__EPOCH_CURRENT, "Calc", "count", true },
    { "/Calc/count/exchange", VGI__ROUTE_EXCHANGE, VGI__EPOCH_CURRENT, "Calc", "count",
      true },
    { "/Nobody/count/init", VGI__ROUTE_INIT, VGI__EPOCH_CURRENT, "Nobody", "count",
      false },
    { "/Calc/count/other", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/a/b/c/init", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/add/", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "//add", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/add%", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/ad%zz", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "*", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "add", VGI__ROUTE_NONE, 0, NULL, NULL, true },
};

static const expected in_seed[] = {
    { "/add", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "add", true },
    { "/Calc/init", VGI__ROUTE_INIT, VGI__EPOCH_SEED, NULL, "Calc", true },
    { "/Calc/add", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/Calc/count/init", VGI__ROUTE_NONE, 0, NULL, NULL, true },
};

static const expected in_current[] = {
    { "/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, NULL, "add", true },
    { "/count/init", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "count", "init", false },
    { "/Calc/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Calc", "add", true },
    { "/Calc/count/init", VGI__ROUTE_INIT, VGI__EPOCH_CURRENT, "Calc", "count", true },
};

static const expected in_prefix[] = {
    { "/api/v1", VGI__ROUTE_LANDING, 0, NULL, NULL, true },
    { "/api/v1/", VGI__ROUTE_LANDING, 0, NULL, NULL, true },
    { "/api/v1/add", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "add", true },
    { "/api/v1/health", VGI__ROUTE_HEALTH, 0, NULL, NULL, true },
    { "/api/v1/Calc/add", VGI__ROUTE_UNARY, VGI__EPOCH_CURRENT, "Calc", "add", true },
    { "/", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/health", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/add", VGI__ROUTE_NONE, 0, NULL, NULL, true },
    { "/api/v1add", VGI__ROUTE_NONE, 0, NULL, NULL, true },
};

static void check(const vgi__app *app, const expected *e)
{
    vgi_arena arena = { .head = NULL };
    vgi__route r = vgi__app_route(app, vgi_str_from(e->path), &arena);

    if (r.kind != e->kind)
        fail_msg("%s is of kind %d, not %d", e->path, r.kind, e->kind);
    if (r.kind != VGI__ROUTE_NONE) {
        assert_int_equal(r.epoch, e->epoch);
        assert_true(vgi_str_eq(r.protocol, e->protocol));
        assert_true(vgi_str_eq(r.method, e->method));
    }
    assert_int_equal(r.hosted, e->hosted);
    vgi_arena_free(&arena);
}

static void check_all(const vgi_server_options *options, const vgi_http_options *http,
                      const expected *cases, size_t n)
{
    surface s;

    surface_begin(&s, options, http);
    for (size_t i = 0; i < n; i++)
        check(s.app, &cases[i]);
    surface_end(&s);
}
#define CHECK(options, http, cases) \
    check_all(options, http, cases, sizeof(cases) / sizeof((cases)[0]))

static void test_both_shapes(void **state)
{
    (void)state;
    CHECK(NULL, NULL, in_auto);
}

static void test_one_epoch_alone(void **state)
{
    const vgi_server_options seed = { .size = sizeof(seed),
                                      .compat = VGI_COMPAT_SEED_ONLY };
    const vgi_server_options current = { .size = sizeof(current),
                                         .compat = VGI_COMPAT_CURRENT_ONLY };

    (void)state;
    CHECK(&seed, NULL, in_seed);
    CHECK(&current, NULL, in_current);
}

static void test_a_prefix(void **state)
{
    const vgi_http_options plain = { .size = sizeof(plain), .prefix = "/api/v1" };
    const vgi_http_options slash = { .size = sizeof(slash), .prefix = "/api/v1/" };
    const vgi_http_options root = { .size = sizeof(root), .prefix = "/" };

    (void)state;
    CHECK(NULL, &plain, in_prefix);
    CHECK(NULL, &slash, in_prefix);
    CHECK(NULL, &root, in_auto);
}

static void test_without_pages(void **state)
{
    static const expected cases[] = {
        { "/", VGI__ROUTE_NONE, 0, NULL, NULL, true },
        { "/describe", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "describe", true },
        { "/health", VGI__ROUTE_HEALTH, 0, NULL, NULL, true },
    };
    static const expected undescribed[] = {
        { "/", VGI__ROUTE_LANDING, 0, NULL, NULL, true },
        { "/describe", VGI__ROUTE_UNARY, VGI__EPOCH_SEED, NULL, "describe", true },
    };
    const vgi_http_options off = { .size = sizeof(off), .no_pages = true };
    const vgi_server_options quiet = { .size = sizeof(quiet), .no_describe = true };

    (void)state;
    CHECK(NULL, &off, cases);
    CHECK(&quiet, NULL, undescribed);
}

/* ---- names with two meanings ---- */

static int taken_open(vgi_call *call, const calc_count *in, calc_count *st)
{
    (void)call;
    *st = *in;
    return VGI_OK;
}

static int taken_next(vgi_call *call, calc_count *st, vgi_output *out)
{
    (void)call;
    (void)st;
    return vgi_output_finish(out);
}

VGI_PRODUCER(taken, calc_count, calc_count, calc_row);
static const vgi_method *const streams[] = { VGI_METHOD(taken), NULL };
static const vgi_service first = { VGI_SERVICE_INIT, .name = "First",
                                   .methods = streams };
static const vgi_service second = { VGI_SERVICE_INIT, .name = "taken",
                                    .methods = streams };

static void test_two_meanings_are_refused(void **state)
{
    vgi_server_options options = { .size = sizeof(options) };
    vgi__registry *r;
    vgi__app *app;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi__registry_new(&r, &options, &err), VGI_OK);
    assert_int_equal(vgi__app_new(&app, r, NULL, NULL, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "hosts no service"));
    assert_int_equal(vgi__registry_add(r, &first, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &second, &err), VGI_OK);
    assert_int_equal(vgi__app_new(&app, r, NULL, NULL, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "service 'taken' has the name of a stream"));
    vgi__registry_free(r);

    options.compat = VGI_COMPAT_CURRENT_ONLY; /* there, only one of them has an address */
    assert_int_equal(vgi__registry_new(&r, &options, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &first, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &second, &err), VGI_OK);
    assert_int_equal(vgi__app_new(&app, r, NULL, NULL, &err), VGI_OK);
    vgi__app_free(app);
    vgi__registry_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_shapes),
        cmocka_unit_test(test_one_epoch_alone),
        cmocka_unit_test(test_a_prefix),
        cmocka_unit_test(test_without_pages),
        cmocka_unit_test(test_two_meanings_are_refused),
    };

    return vgi_test_run(tests);
}
