/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over HTTP: tokens and methods that are refused, and who is told of it. */
#include "stream_client.h"

/* ---- what is refused ---- */

static void test_bad_tokens(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    talk_ticks(&f.s.talk, 1);
    assert_int_equal(surface_post(&f.s, "/count/exchange"), 400);
    expect_refusal(&f, 400, "RuntimeError", "Missing state token in exchange request");
    memcpy(f.token, "no token", 9);
    assert_int_equal(go_on(&f, "count"), 400);
    expect_refusal(&f, 400, "RuntimeError", "Malformed state token");
    start_sum(&f, 1);
    f.token[20] = f.token[20] == 'A' ? 'B' : 'A';
    assert_int_equal(exchange(&f, "sum", 1), 400);
    expect_refusal(&f, 400, "RuntimeError", "State token");
    talk_input(&f.s.talk, NULL); /* no batch, no token */
    talk_input_end(&f.s.talk);
    assert_int_equal(surface_post(&f.s, "/sum/exchange"), 400);
    assert_int_equal(surface_post(&f.s, "/sum/exchange"), 400); /* nothing at all */
    end(&f);
}

/* Another method's token is signed well, and yet no state of this one. */
static void test_tokens_of_other_methods(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 1);
    assert_int_equal(exchange(&f, "wide", 1), 400); /* its state would do */
    expect_refusal(&f, 400, "RuntimeError", "State token is of another method");
    assert_int_equal(init(&f, "fail", 5), 200);
    expect_numbers(&f, 0, 1);
    expect_token(&f);
    assert_int_equal(go_on(&f, "sum"), 400);
    expect_refusal(&f, 400, "RuntimeError",
                   "Failed to deserialize state: column 'n' is missing");
    end(&f);
}

static void test_keys_and_expiry(void **state)
{
    const vgi_http_options other = { .size = sizeof(other),
                                     .signing_key = "another",
                                     .signing_key_bytes = 7 };
    char kept[8192];
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 1);
    memcpy(kept, f.token, sizeof(kept));
    end(&f);
    begin(&f, NULL); /* another worker with the same key */
    memcpy(f.token, kept, sizeof(kept));
    assert_int_equal(exchange(&f, "sum", 1), 200);
    expect_sum(&f, 2);
    end(&f);
    begin(&f, &other);
    memcpy(f.token, kept, sizeof(kept));
    assert_int_equal(exchange(&f, "sum", 1), 400);
    expect_refusal(&f, 400, "RuntimeError", "State token signature verification failed");
    end(&f);
}

static int by_name(vgi_http_request *request, vgi_auth *auth, void *user)
{
    const vgi_str name = vgi_http_request_header(request, "Authorization");

    (void)user;
    if (name.len > 0)
        *auth = (vgi_auth){ .domain = "test",
                            .principal = name.data,
                            .claims = "{}",
                            .authenticated = true };
    return VGI_OK;
}

static void test_tokens_are_their_callers(void **state)
{
    const vgi_http_options http = { .size = sizeof(http), .authenticate = by_name };
    flow f;

    (void)state;
    begin(&f, &http);
    surface_header(&f.s, "Authorization", "alice");
    start_sum(&f, 1);
    surface_header(&f.s, "Authorization", "alice");
    assert_int_equal(exchange(&f, "sum", 1), 200);
    expect_sum(&f, 2);
    surface_header(&f.s, "Authorization", "bob");
    assert_int_equal(exchange(&f, "sum", 1), 400);
    expect_refusal(&f, 400, "RuntimeError", "State token signature verification failed");
    assert_int_equal(exchange(&f, "sum", 1), 400); /* nobody */
    expect_refusal(&f, 400, "RuntimeError", "State token signature verification failed");
    end(&f);
}

static void test_sealed(void **state)
{
    const vgi_http_options http = { .size = sizeof(http),
                                    .token_format = VGI_TOKEN_SEALED };
    flow f;

    (void)state;
    begin(&f, &http);
    start_sum(&f, 1);
    assert_memory_equal(f.token, "Bg", 1);
    assert_int_equal(exchange(&f, "sum", 2), 200);
    expect_sum(&f, 3);
    end(&f);
}

static void test_state_that_cannot_travel(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "opaque", 3), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 0, "RuntimeError", "Stream 'opaque' cannot be served over HTTP");
    assert_int_equal(flow_saw.opened, 0); /* before any work was done */
    end(&f);
}

/* A state may be too big for what metadata can be. */
static void test_state_that_is_too_big(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "big", 2000), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_number(&f, "n", 2000);
    expect_token(&f);
    assert_int_equal(init(&f, "big", 1 << 20), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    talk_expect_stream(&f.s.talk, 1);
    expect_number(&f, "n", 1 << 20);
    talk_expect_exception(&f.s.talk, "RuntimeError",
                          "over the limit of 1048576 for metadata");
    talk_expect_end(&f.s.talk);
    end(&f);
}

static void test_current_addresses(void **state)
{
    const vgi_http_options http = { .size = sizeof(http), .prefix = "/api" };
    const calc_count three = { 3 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &http);
    talk_request(&s.talk, CURRENT("count"), VGI_FROM(calc_count, &three), 1);
    assert_int_equal(surface_post(&s, "/api/Calc/count/init"), 404);
    talk_expect_stream(&s.talk, 0);
    talk_expect_exception(&s.talk, "MethodNotImplementedError", "at /api/count/init");
    assert_string_equal(talk_key(&s.talk, VGI_KEY_ERROR_KIND), "method_not_implemented");
    talk_request(&s.talk, CURRENT("count"), VGI_FROM(calc_count, &three), 1);
    assert_int_equal(surface_post(&s, "/api/Calc/count/exchange"), 404);
    surface_end(&s);
}

static void test_bad_parameters(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    talk_request(&f.s.talk, SEED("sum"), VGI_FROM(flow_number, (&(flow_number){ 1 })), 1);
    assert_int_equal(surface_post(&f.s, "/count/init"), 400);
    expect_refusal(&f, 400, "TypeError", "Method name mismatch");
    talk_request(&f.s.talk, SEED("count"), NULL, NULL, 0);
    assert_int_equal(surface_post(&f.s, "/count/init"), 400);
    assert_int_equal(flow_saw.opened, 0);
    end(&f);
}

/* ---- run-time streams ---- */

static void test_dynamic(void **state)
{
    vgi_builder *b = flow_dynamic();
    flow f;

    (void)state;
    assert_non_null(b);
    memset(&flow_saw, 0, sizeof(flow_saw));
    const vgi_service *service = vgi_builder_service(b);
    assert_non_null(service);
    surface_begin_with(&f.s, NULL, service);
    assert_int_equal(init(&f, "up", 1), 200);
    for (int i = 1; i >= 0; i--) {
        talk_expect_stream(&f.s.talk, 1);
        expect_number(&f, "n", i);
        expect_token(&f);
        assert_int_equal(go_on(&f, "up"), 200);
    }
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    assert_int_equal(flow_saw.closed, 3);
    assert_int_equal(init(&f, "add", 98), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_token(&f);
    assert_int_equal(exchange(&f, "add", 1), 200); /* 99 */
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 1, "ValueError", "99 cannot be saved");
    assert_int_equal(exchange(&f, "add", 2), 200);
    expect_sum(&f, 100);
    assert_int_equal(init(&f, "add", 99), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 1, "ValueError", "99 cannot be saved");
    assert_int_equal(init(&f, "stuck", 1), 200);
    expect_failure(&f, 0, "RuntimeError", "give the stream save and restore");
    end(&f);
    vgi_builder_free(b);
}

/* ---- hooks ---- */

typedef struct seen {
    int starts, ends, errors;
    uint64_t inputs, outputs;
} seen;

static void on_start(void *user, const vgi_dispatch_info *info, void **token)
{
    (void)token;
    ((seen *)user)->starts++;
    assert_string_equal(info->method_type, "stream");
}

static void on_end(void *user, void *token, const vgi_dispatch_info *info,
                   const vgi_call_statistics *stats, const vgi_error *error)
{
    seen *s = user;

    (void)token, (void)info;
    s->ends++;
    s->errors += error != NULL;
    s->inputs += stats->input_batches;
    s->outputs += stats->output_batches;
}

static void test_hooks(void **state)
{
    seen all = { 0 };
    const vgi_dispatch_hook hook = { .start = on_start, .end = on_end, .user = &all };
    const vgi_server_options options = {
        .size = sizeof(options), .server_id = "test", .hooks = &hook, .n_hooks = 1
    };
    const calc_value two = { 2 };
    flow f;

    (void)state;
    surface_begin(&f.s, &options, NULL);
    talk_request(&f.s.talk, SEED("scale"), VGI_FROM(calc_value, &two), 1);
    assert_int_equal(surface_post(&f.s, "/scale/init"), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_token(&f);
    assert_int_equal(all.starts, 1);
    assert_int_equal(all.inputs, 1);                 /* the parameters */
    assert_int_equal(exchange(&f, "scale", 1), 200); /* another column: it fails */
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    assert_int_equal(all.starts, 2);
    assert_int_equal(all.ends, 2);
    assert_int_equal(all.errors, 1);
    assert_int_equal(all.inputs, 2); /* the input, once */
    memcpy(f.token, "bad", 4);
    assert_int_equal(exchange(&f, "scale", 1), 400); /* it was no call */
    assert_int_equal(all.starts, 2);
    assert_int_equal(all.ends, 2);
    surface_end(&f.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_tokens),
        cmocka_unit_test(test_tokens_of_other_methods),
        cmocka_unit_test(test_keys_and_expiry),
        cmocka_unit_test(test_tokens_are_their_callers),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_state_that_cannot_travel),
        cmocka_unit_test(test_state_that_is_too_big),
        cmocka_unit_test(test_current_addresses),
        cmocka_unit_test(test_bad_parameters),
        cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_hooks),
    };
    return vgi_test_run(tests);
}
