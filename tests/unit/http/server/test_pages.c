/* SPDX-License-Identifier: Apache-2.0 */
/* The HTML pages: what they say, that they are sound HTML, and that neither a peer nor a
 * table can put markup into them. */
#include "support/traced.h"

#include <string.h>

#include <vgirpc/version.h>

#include "http/server/page.h"

/* ---- a service with everything that a page shows, all of it hostile ---- */

typedef enum colour { RED, GREEN } colour;
static const char *const colour_names[] = { "RED", "<GREEN>", NULL };
VGI_ENUM(colour, colour_names);

typedef struct spot {
    double x, y;
} spot;
VGI_STRUCT(spot, VGI_FIELD(spot, x, .doc = "Across & along."), VGI_FIELD(spot, y));

typedef struct paint_params {
    vgi_str name;
    colour shade;
    const int64_t *times;
    spot at;
    double width;
} paint_params;
VGI_STRUCT(paint_params, VGI_FIELD(paint_params, name, .doc = "Whose \"<b>name</b>\"."),
           VGI_NESTED(paint_params, shade, colour), VGI_FIELD(paint_params, times),
           VGI_NESTED(paint_params, at, spot),
           VGI_FIELD(paint_params, width, .fallback = "1.25"));

typedef struct row {
    int64_t index;
} row;
VGI_STRUCT(row, VGI_FIELD(row, index));
typedef struct title {
    vgi_str text;
} title;
VGI_STRUCT(title, VGI_FIELD(title, text));

static int paint(vgi_call *call, const paint_params *in, spot *out)
{
    (void)call;
    *out = in->at;
    return VGI_OK;
}
VGI_UNARY(paint, paint_params, spot, .doc = "Paint <script>alert(1)</script>.");

static int ping(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    (void)call;
    (void)in;
    (void)out;
    return VGI_OK;
}
VGI_UNARY(ping, vgi_void, vgi_void);

static int pong(vgi_call *call, const vgi_void *in, vgi_void *out)
{
    return ping(call, in, out);
}
VGI_UNARY(pong, vgi_void, vgi_void, .visible = VGI_VISIBLE_CURRENT);

static int count_open(vgi_call *call, const row *in, row *state)
{
    (void)call;
    *state = *in;
    return VGI_OK;
}
static int count_next(vgi_call *call, row *state, vgi_output *out)
{
    (void)call;
    (void)state;
    return vgi_output_finish(out);
}
VGI_PRODUCER(count, row, row, row, .header = &vgi_type_title);

static int twist_open(vgi_call *call, const row *in, row *state)
{
    return count_open(call, in, state);
}
static int twist_exchange(vgi_call *call, row *state, const vgi_batch *in,
                          vgi_output *out)
{
    (void)call;
    (void)state;
    (void)in;
    return vgi_output_finish(out);
}
VGI_EXCHANGE(twist, row, row, row, spot);

static const vgi_method *const methods[] = { VGI_METHOD(paint), VGI_METHOD(ping),
                                             VGI_METHOD(pong),  VGI_METHOD(count),
                                             VGI_METHOD(twist), NULL };
static const vgi_service painter = { VGI_SERVICE_INIT, .name = "Painter",
                                     .version = "3.1.4",
                                     .doc = "Paints what it is told & more.",
                                     .methods = methods };
static const vgi_method *const few[] = { VGI_METHOD(ping), NULL };
static const vgi_service other = { VGI_SERVICE_INIT, .name = "Other", .methods = few };

/* ---- fixture ---- */

typedef struct fixture {
    vgi__app app;
    vgi__http_header headers[2];
    vgi__http_request rq;
    vgi__http_response rs;
} fixture;

static const vgi_server_options server_options = { .size = sizeof(server_options),
                                                   .server_id = "id<1>",
                                                   .server_version = "9.8" };

static void setup(fixture *f, const vgi_server_options *options, const char *prefix)
{
    *f = (fixture){ .app = { .options = { .prefix = prefix } } };
    f->headers[0] = (vgi__http_header){ VGI_LIT("Host"), VGI_LIT("example.org:8080") };
    f->rq.headers = f->headers;
    f->rq.n_headers = 1;
    assert_int_equal(vgi__registry_new(&f->app.registry, options, NULL), VGI_OK);
    vgi__http_response_init(&f->rs, NULL);
}

static void host(fixture *f, const vgi_service *service)
{
    assert_int_equal(vgi__registry_add(f->app.registry, service, NULL), VGI_OK);
}

static void teardown(fixture *f)
{
    vgi__registry_free(f->app.registry);
    vgi__http_response_free(&f->rs);
}

/* The page as a string. */
static const char *html(fixture *f)
{
    assert_true(vgi__buffer_char(&f->rs.body, '\0'));
    assert_false(f->rs.head.failed);
    return (const char *)f->rs.body.data;
}

static void has(const char *page, const char *part)
{
    if (!strstr(page, part))
        fail_msg("\"%s\" is not in:\n%s", part, page);
}

static void has_not(const char *page, const char *part)
{
    if (strstr(page, part))
        fail_msg("\"%s\" is in:\n%s", part, page);
}

static bool has_header(fixture *f, const char *line)
{
    assert_false(f->rs.head.failed);
    return memmem(f->rs.head.data, f->rs.head.len, line, strlen(line)) != NULL;
}

/* ---- is it HTML? ---- */

static bool is_empty_element(const char *name, size_t n)
{
    static const char *const empty[] = { "meta", "link", "br" };

    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
        if (strlen(empty[i]) == n && memcmp(empty[i], name, n) == 0)
            return true;
    return false;
}

/* Every element that is opened is closed, in order; nothing can run or be loaded. */
static void is_sound(const char *page)
{
    struct {
        const char *name;
        size_t len;
    } open[32];
    size_t depth = 0;

    assert_memory_equal(page, "<!DOCTYPE html>\n<html lang=\"en\">\n", 33);
    for (const char *at = strchr(page + 1, '<'); at; at = strchr(at + 1, '<')) {
        const bool closing = at[1] == '/';
        const char *name = at + 1 + closing;
        const size_t len = strcspn(name, " >");

        assert_true(len > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz123456") == len);
        if (closing) {
            assert_true(depth > 0);
            depth--;
            assert_int_equal(open[depth].len, len);
            assert_memory_equal(open[depth].name, name, len);
        } else if (!is_empty_element(name, len)) {
            assert_true(depth < sizeof(open) / sizeof(open[0]));
            open[depth].name = name;
            open[depth++].len = len;
        }
    }
    assert_int_equal(depth, 0);
    has_not(page, "<script");
    has_not(page, "src=");
    has_not(page, "@import");
    has_not(page, "url(");
}

/* ---- tests ---- */

static void test_escape(void **state)
{
    vgi__buffer b;

    (void)state;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    vgi__html_text(&b, VGI_LIT("a<b>&\"c\"'d'\n\te\x01\x7f\xc3\xa9"));
    vgi__html_text(&b, (vgi_str){ 0 });
    vgi__html_text(&b, (vgi_str){ "\0", 1 });
    assert_true(vgi__buffer_char(&b, '\0'));
    assert_string_equal(b.data, "a&lt;b&gt;&amp;&quot;c&quot;&#39;d&#39;\n\te"
                                "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd");
    vgi__buffer_clear(&b);
    vgi__html(&b, "<b>", "<", "</b><i>", ">", NULL);
    vgi__html(&b, "</i>", NULL);
    assert_true(vgi__buffer_char(&b, '\0'));
    assert_string_equal(b.data, "<b>&lt;</b><i>&gt;</i>");
    vgi__buffer_free(&b);
}

static void test_headers(void **state)
{
    fixture f;

    (void)state;
    setup(&f, &server_options, "");
    host(&f, &painter);
    vgi__page_landing(&f.app, &f.rq, &f.rs);
    assert_int_equal(f.rs.status, 200);
    assert_true(has_header(&f, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_true(has_header(
        &f, "Cache-Control: no-cache, no-store, must-revalidate, max-age=0\r\n"));
    assert_true(has_header(&f, "Content-Security-Policy: default-src 'none'; "));
    assert_true(has_header(&f, "X-Content-Type-Options: nosniff\r\n"));
    teardown(&f);
}

static void test_landing(void **state)
{
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &server_options, "/api/v1");
    host(&f, &painter);
    host(&f, &other);
    vgi__page_landing(&f.app, &f.rq, &f.rs);
    page = html(&f);
    is_sound(page);
    has(page, "<title>Overview · Painter</title>");
    has(page, "<h1>Painter</h1>");
    has(page, "Paints what it is told &amp; more.");
    has(page, "3.1.4");
    has(page, "9.8");
    has(page, "id&lt;1&gt;");
    has(page, "vgirpc " VGI_VERSION_STRING);
    has(page, "href=\"/api/v1\"");
    has(page, "href=\"/api/v1/describe\"");
    has(page, "href=\"/api/v1/health\"");
    has(page, "<code>Other</code></dt><dd>1 method</dd>");
    has(page, "vgirpc describe http://example.org:8080/api/v1\n");
    has(page, "vgirpc call http://example.org:8080/api/v1 ping\n");
    has(page, "curl http://example.org:8080/api/v1/health\n");
    teardown(&f);
}

static void test_without_describe(void **state)
{
    const vgi_server_options options = { .size = sizeof(options), .no_describe = true };
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &options, "");
    host(&f, &other);
    vgi__page_landing(&f.app, &f.rq, &f.rs);
    has_not(html(&f), "describe");
    vgi__http_response_reset(&f.rs);
    vgi__page_not_found(&f.app, VGI_LIT("/x"), &f.rs);
    page = html(&f);
    has_not(page, "describe");
    has(page, "href=\"/\"");
    has(page, "href=\"/health\"");
    teardown(&f);
}

/* The address in the examples is the one under which the request came. */
static void test_address(void **state)
{
    static const struct {
        const char *host, *scheme, *shown;
    } cases[] = {
        { "localhost", NULL, "curl http://localhost/health" },
        { "[::1]:80", "http", "curl http://[::1]:80/health" },
        { "a.example", "https, http", "curl https://a.example/health" },
        { "a.example", "HTTPS", "curl https://a.example/health" },
        { "a.example;rm -rf", NULL, "curl http://HOST/health" },
        { "<b>", "<i>", "curl http://HOST/health" },
        { "", NULL, "curl http://HOST/health" },
    };
    fixture f;

    (void)state;
    setup(&f, &server_options, "");
    host(&f, &painter);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        f.headers[0].value = vgi_str_from(cases[i].host);
        f.headers[1] = (vgi__http_header){ VGI_LIT("X-Forwarded-Proto"),
                                           vgi_str_from(cases[i].scheme) };
        f.rq.n_headers = cases[i].scheme ? 2 : 1;
        vgi__http_response_reset(&f.rs);
        vgi__page_landing(&f.app, &f.rq, &f.rs);
        has(html(&f), cases[i].shown);
    }
    f.rq.n_headers = 0;
    vgi__http_response_reset(&f.rs);
    vgi__page_landing(&f.app, &f.rq, &f.rs);
    has(html(&f), "curl http://HOST/health");
    teardown(&f);
}

static void test_describe(void **state)
{
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &server_options, "");
    host(&f, &painter);
    host(&f, &other);
    vgi__page_describe(&f.app, &f.rq, &f.rs);
    page = html(&f);
    is_sound(page);
    has(page, "<title>Methods · Painter</title>");
    has(page, "<h2>Painter <span class=\"muted\">3.1.4</span></h2>");
    has(page, "<a href=\"#Painter.paint\">paint</a>");
    has(page, "id=\"Painter.paint\"");
    has(page, "id=\"Other.ping\"");
    has(page, "<code>paint(name, shade, times, at, width)</code>");
    has(page, "Paint &lt;script&gt;alert(1)&lt;/script&gt;.");
    has(page, "<dt><code>name</code></dt><dd><code>string</code><div class=\"note\">"
              "Whose &quot;&lt;b&gt;name&lt;/b&gt;&quot;.</div></dd>");
    has(page, "one of <code>RED</code>, <code>&lt;GREEN&gt;</code>");
    has(page, "dictionary&lt;values=string");
    has(page, "<dt><code>times</code></dt><dd><code>int64</code> or null</dd>");
    has(page, "<code>double</code>, default <code>1.25</code>");
    has(page, "<dt><code>x</code></dt><dd><code>double</code><div class=\"note\">"
              "Across &amp; along.</div></dd>");
    has(page, "<h4>Returns</h4>\n<div><code>binary</code>");
    has(page, "<span class=\"kind unary\">unary, for current clients</span>");
    has(page, "<span class=\"kind producer\">producer</span>");
    has(page, "<h4>Header</h4>\n<dl>\n<dt><code>text</code></dt>");
    has(page, "<h4>Takes rows of</h4>");
    has(page, "<h4>Sends rows of</h4>\n<dl>\n<dt><code>x</code></dt>");
    teardown(&f);
}

static void test_examples(void **state)
{
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &server_options, "");
    host(&f, &painter);
    host(&f, &other);
    vgi__page_describe(&f.app, &f.rq, &f.rs);
    page = html(&f);
    has(page, "vgirpc stream http://example.org:8080 count index=1\n");
    has(page, "vgirpc stream http://example.org:8080 twist index=1 --input rows.jsonl\n");
    has(page, "vgirpc call http://example.org:8080 ping\n");
    has_not(page, "8080 paint"); /* `at` has no short example */
    has_not(page, "8080 pong");  /* seed clients do not see it */
    page = strstr(page, "id=\"Other.ping\"");
    assert_non_null(page);
    has_not(page, "vgirpc call"); /* not of the primary */
    teardown(&f);
}

static int late(vgi_call *call, const vgi_batch *in, vgi_output *out, void *user)
{
    (void)call;
    (void)in;
    (void)user;
    return vgi_output_finish(out);
}

static void test_run_time_methods(void **state)
{
    const vgi_column columns[] = { { .name = "a<", .format = "l" },
                                   { .name = "b", .format = "b", .nullable = true } };
    const char *const defaults[] = { "7", NULL };
    vgi_method m = { .size = sizeof(m),
                     .ident = "late",
                     .kind = VGI_METHOD_UNARY,
                     .defaults = defaults,
                     .dynamic_unary = late };
    const vgi_method *const table[] = { &m, NULL };
    const vgi_service service = { VGI_SERVICE_INIT, .name = "Late", .methods = table };
    vgi_schema *params = NULL, *result = NULL;
    fixture f;
    const char *page;

    (void)state;
    assert_int_equal(vgi_schema_build(&params, columns, 2, NULL), VGI_OK);
    assert_int_equal(vgi_schema_build(&result, columns, 1, NULL), VGI_OK);
    m.params_schema = params;
    m.result_schema = result;
    setup(&f, &server_options, "");
    host(&f, &service);
    vgi__page_describe(&f.app, &f.rq, &f.rs);
    page = html(&f);
    is_sound(page);
    has(page, "late(a&lt;, b)");
    has(page, "<code>int64</code>, default <code>7</code>");
    has(page, "<code>bool</code> or null");
    has(page, "vgirpc call http://example.org:8080 late\n");
    teardown(&f);
    vgi_schema_unref(params);
    vgi_schema_unref(result);
}

static void test_not_found(void **state)
{
    char path[2000];
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &server_options, "/api");
    host(&f, &painter);
    vgi__page_not_found(&f.app, VGI_LIT("/<script>\"'&\x01\xff"), &f.rs);
    assert_int_equal(f.rs.status, 404);
    page = html(&f);
    is_sound(page);
    has(page, "<h1><span class=\"muted\">404</span> Not found</h1>");
    has(page, "<code>/&lt;script&gt;&quot;&#39;&amp;\\x01\\xff</code>");
    has(page, "<code>Painter</code>");
    has(page, "<code>/api</code>");
    has(page, "href=\"/api/describe\"");
    has(page, "<code>/api/METHOD</code>");
    has(page, "<code>/api/SERVICE/METHOD</code>");

    memset(path, 'x', sizeof(path));
    vgi__http_response_reset(&f.rs);
    vgi__page_not_found(&f.app, (vgi_str){ path, sizeof(path) }, &f.rs);
    page = strstr(html(&f), "<code>xxx");
    assert_non_null(page);
    assert_int_equal(strspn(page + 6, "x"), VGI_ERROR_ECHO_BYTES);
    teardown(&f);
}

/* What this server does not answer is not offered. */
static void test_one_epoch(void **state)
{
    static const struct {
        vgi_compat compat;
        const char *has, *has_not;
    } cases[] = {
        { VGI_COMPAT_CURRENT_ONLY, "<code>/SERVICE/METHOD<", "<code>/METHOD<" },
        { VGI_COMPAT_SEED_ONLY, "<code>/METHOD<", "<code>/SERVICE/METHOD<" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const vgi_server_options options = { .size = sizeof(options),
                                             .compat = cases[i].compat };
        fixture f;
        const char *page;

        setup(&f, &options, "");
        host(&f, &painter);
        vgi__page_not_found(&f.app, VGI_LIT("/x"), &f.rs);
        page = html(&f);
        has(page, cases[i].has);
        has_not(page, cases[i].has_not);
        vgi__http_response_reset(&f.rs);
        vgi__page_landing(&f.app, &f.rq, &f.rs);
        page = html(&f);
        has(page, "curl http://example.org:8080/health\n");
        if (cases[i].compat == VGI_COMPAT_CURRENT_ONLY)
            has_not(page, "vgirpc call"); /* the command asks as seed clients do */
        teardown(&f);
    }
}

static void test_error(void **state)
{
    fixture f;
    const char *page;

    (void)state;
    setup(&f, &server_options, "");
    host(&f, &painter);
    vgi__page_error(&f.app, 401, "Unauthorized <you>", "No & again no.", &f.rs);
    assert_int_equal(f.rs.status, 401);
    assert_true(has_header(&f, "Cache-Control: no-store\r\n"));
    page = html(&f);
    is_sound(page);
    has(page, "<h1><span class=\"muted\">401</span> Unauthorized &lt;you&gt;</h1>");
    has(page, "No &amp; again no.");
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),    cmocka_unit_test(test_headers),
        cmocka_unit_test(test_landing),   cmocka_unit_test(test_without_describe),
        cmocka_unit_test(test_address),   cmocka_unit_test(test_describe),
        cmocka_unit_test(test_examples),  cmocka_unit_test(test_run_time_methods),
        cmocka_unit_test(test_not_found), cmocka_unit_test(test_one_epoch),
        cmocka_unit_test(test_error),
    };

    return vgi_test_run(tests);
}
