/* SPDX-License-Identifier: Apache-2.0 */
/* External locations over HTTP: what is advertised, upload URLs, caps, and where the
 * token of a stream goes. */
#include <stdio.h>
#include <string.h>

#include "support/http/server/surface.h"
#include "support/rpc/outside.h"

static void begin(surface *s, outside *o, const vgi_http_options *http)
{
    const vgi_server_options options = { .size = sizeof(options),
                                         .server_id = "test",
                                         .external = outside_external(o) };

    surface_begin(s, &options, http);
}

/* A request for `count` places, with this method in its metadata. */
static void ask(surface *s, const char *method, int64_t count)
{
    const calc_count row = { count };

    talk_request(&s->talk, SEED(method), VGI_FROM(calc_count, &row), 1);
}

static void expect_urls(surface *s, int64_t n)
{
    vgi_i64s expires;
    vgi_str url;

    talk_expect_stream(&s->talk, 3);
    talk_expect_rows(&s->talk, n);
    assert_int_equal(vgi_batch_str(&s->talk.batch, "upload_url", n - 1, &url), VGI_OK);
    assert_true(vgi_str_eq(url, "outside:put"));
    assert_int_equal(vgi_batch_str(&s->talk.batch, "download_url", 0, &url), VGI_OK);
    assert_true(vgi_str_eq(url, "outside:get"));
    assert_string_equal(vgi_schema_format(s->talk.batch.schema, 2), "tsu:UTC");
    assert_int_equal(vgi_batch_i64(&s->talk.batch, "expires_at", &expires), VGI_OK);
    assert_true(expires.items[0] == 1700000000000000);
    talk_expect_end(&s->talk);
}

static void test_upload_urls(void **state)
{
    static const int64_t asked[] = { 1, 3, 100, 101, 0, -5 };
    static const int64_t given[] = { 1, 3, 100, 100, 1, 1 };
    outside o;
    surface s;

    (void)state;
    outside_begin(&o);
    o.source.upload_url = outside_upload_url;
    begin(&s, &o, NULL);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        ask(&s, "__upload_url__", asked[i]);
        assert_int_equal(surface_post(&s, "/__upload_url__/init"), 200);
        surface_expect(&s, "X-VGI-RPC-Error", NULL);
        surface_expect(&s, "VGI-Externalization-Enabled", "true");
        surface_expect(&s, "VGI-Upload-URL-Support", "true");
        surface_expect(&s, "VGI-Max-Upload-Bytes", "4096");
        expect_urls(&s, given[i]);
    }
    ask(&s, "add", 1);
    assert_int_equal(surface_post(&s, "/__upload_url__/init"), 400);
    talk_expect_stream(&s.talk, 0);
    talk_expect_exception(&s.talk, "TypeError", "expected '__upload_url__', got 'add'");
    ask(&s, "__upload_url__", 1);
    assert_int_equal(surface_ask(&s, "POST", "/__upload_url__/init"), 415);
    assert_int_equal(surface_ask(&s, "GET", "/__upload_url__/init"), 405);
    o.broken = true;
    ask(&s, "__upload_url__", 1);
    assert_int_equal(surface_post(&s, "/__upload_url__/init"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", "true");
    talk_expect_stream(&s.talk, 3);
    talk_expect_exception(&s.talk, "RuntimeError", "the store is down");
    talk_expect_end(&s.talk);
    surface_end(&s);
    outside_end(&o);
}

static void test_no_provider(void **state)
{
    outside o;
    surface s;

    (void)state;
    outside_begin(&o);
    begin(&s, &o, NULL);
    ask(&s, "__upload_url__", 1);
    assert_int_equal(surface_post(&s, "/__upload_url__/init"), 404);
    surface_expect(&s, "VGI-Externalization-Enabled", "true");
    surface_expect(&s, "VGI-Upload-URL-Support", NULL);
    surface_end(&s);
    outside_end(&o);
}

/* ---- caps ---- */

static void test_caps(void **state)
{
    const vgi_http_options http = { .size = sizeof(http),
                                    .signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
                                    .signing_key_bytes = 32,
                                    .max_externalized_response_bytes = 150 };
    outside o;
    surface s;

    (void)state;
    outside_begin(&o);
    begin(&s, &o, &http);
    for (int i = 0; i < 3; i++) { /* each response has its own */
        talk_add(&s.talk, SEED("add"), 1, 2);
        assert_int_equal(surface_post(&s, "/add"), 200);
        surface_expect(&s, "X-VGI-RPC-Error", NULL);
    }
    assert_int_equal(o.n, 3);
    o.bytes = 151;
    talk_add(&s.talk, SEED("add"), 1, 2);
    assert_int_equal(surface_post(&s, "/add"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", "true");
    talk_expect_stream(&s.talk, 1);
    talk_expect_exception(&s.talk, "RuntimeError",
                          "Externalised payload exceeds max_externalized_response_bytes "
                          "(151 > 150) for method 'add'");
    talk_expect_end(&s.talk);
    assert_int_equal(o.n, 3); /* nothing was stored */
    surface_end(&s);
    outside_end(&o);
}

/* ---- streams ---- */

static void test_exchange(void **state)
{
    const vgi_http_options http = { .size = sizeof(http),
                                    .signing_key = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
                                    .signing_key_bytes = 32 };
    outside o;
    surface s;

    (void)state;
    outside_begin(&o);
    const vgi_server_options options = { .size = sizeof(options),
                                         .server_id = "test",
                                         .external = outside_external(&o) };
    surface_begin(&s, &options, &http);
    talk_request(&s.talk, SEED("scale"), VGI_FROM(calc_value, &(calc_value){ 2 }), 1);
    assert_int_equal(surface_post(&s, "/scale/init"), 200);
    talk_expect_stream(&s.talk, 1);
    talk_expect_rows(&s.talk, 0);
    char token[4096];
    (void)snprintf(token, sizeof(token), "%s", talk_key(&s.talk, VGI_KEY_STREAM_STATE));

    /* The input by way of a pointer, on which the token is. */
    const calc_value row = { 21 };
    const vgi_pair pairs[] = { { VGI_LIT(VGI_KEY_STREAM_STATE), vgi_str_from(token) },
                               { VGI_LIT(VGI_KEY_LOCATION), VGI_LIT("outside:0") } };
    vgi__writer *w = s.talk.writer;
    vgi_batch *input = NULL;
    assert_int_equal(vgi_batch_from_rows(&input, VGI_FROM(calc_value, &row), 1, NULL),
                     VGI_OK);
    assert_int_equal(vgi__writer_schema(w, input->schema, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(w, input->root, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__writer_eos(w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(w, &o.objects[o.n++], NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(w, input->schema, NULL), VGI_OK);
    assert_int_equal(vgi__writer_empty_batch(w, &(vgi_metadata){ pairs, 2 }, NULL),
                     VGI_OK);
    assert_int_equal(vgi__writer_eos(w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(w, &s.talk.sent, NULL), VGI_OK);
    vgi_batch_unref(input);
    assert_int_equal(surface_post(&s, "/scale/exchange"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", NULL);
    talk_expect_stream(&s.talk, 1);
    assert_int_equal(vgi__reader_next(s.talk.reader, &s.talk.batch, NULL), VGI_OK);
    assert_string_equal(talk_key(&s.talk, VGI_KEY_LOCATION), "outside:1");
    assert_null(talk_key(&s.talk, VGI_KEY_STREAM_STATE)); /* it is in the object */
    assert_int_equal(outside_count(&o, 1, VGI_KEY_STREAM_STATE), 1);
    surface_end(&s);
    outside_end(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upload_urls),
        cmocka_unit_test(test_no_provider),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_exchange),
    };

    return vgi_test_run(tests);
}
