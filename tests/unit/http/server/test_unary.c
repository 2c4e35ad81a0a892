/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls over HTTP: what is answered, with which status, and in which order things
 * are looked at. */
#include <string.h>

#include "support/http/server/surface.h"

static void expect_refusal(surface *s, int status, const char *path, const char *type,
                           const char *text)
{
    assert_int_equal(surface_post(s, path), status);
    surface_expect(s, "Content-Type", ARROW_TYPE);
    surface_expect(s, "X-VGI-RPC-Error", NULL);
    talk_expect_stream(&s->talk, 0);
    talk_expect_exception(&s->talk, type, text);
    talk_expect_end(&s->talk);
}

static void test_a_call(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (int i = 0; i < 3; i++) {
        talk_add(&s.talk, SEED("add"), i, 3.5);
        assert_int_equal(surface_post(&s, "/add"), 200);
        surface_expect(&s, "Content-Type", ARROW_TYPE);
        surface_expect(&s, "X-VGI-RPC-Error", NULL);
        talk_expect_double(&s.talk, i + 3.5);
        talk_expect_no_more(&s.talk);
    }
    surface_end(&s);
}

static void test_current_calls_reach_the_service_of_the_path(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_add(&s.talk, CURRENT("add"), 5, 2);
    assert_int_equal(surface_post(&s, "/Calc/add"), 200);
    talk_expect_double(&s.talk, 7);
    talk_add(&s.talk, ((keys){ .method = "add", .protocol = "other.Calc" }), 5, 2);
    assert_int_equal(surface_post(&s, "/other.Calc/add"), 200);
    talk_expect_double(&s.talk, 3);
    talk_add(&s.talk, SEED("add"), 5, 2); /* the path names the protocol */
    assert_int_equal(surface_post(&s, "/other.Calc/add"), 200);
    talk_expect_double(&s.talk, 3);
    talk_add(&s.talk, CURRENT("add"), 5, 2); /* a current request at a seed address */
    assert_int_equal(surface_post(&s, "/add"), 200);
    talk_expect_double(&s.talk, 7);
    surface_end(&s);
}

static void test_logs_come_with_the_answer(void **state)
{
    const calc_text hello = { VGI_LIT("hello") };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    surface_header(&s, "X-Request-ID", "from-the-client");
    talk_request(&s.talk, SEED("log_twice"), VGI_FROM(calc_text, &hello), 1);
    assert_int_equal(surface_post(&s, "/log_twice"), 200);
    talk_expect_stream(&s.talk, 1);
    assert_int_equal(vgi__reader_next(s.talk.reader, &s.talk.batch, NULL), VGI_OK);
    assert_string_equal(talk_key(&s.talk, VGI_KEY_REQUEST_ID), "from-the-client");
    surface_end(&s);
}

static void test_what_a_handler_raises_is_200_with_a_flag(void **state)
{
    const calc_text text = { VGI_LIT("fail") };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_request(&s.talk, SEED("fail"), VGI_FROM(calc_text, &text), 1);
    assert_int_equal(surface_post(&s, "/fail"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", "true");
    talk_expect_stream(&s.talk, 1);
    talk_expect_log(&s.talk, "WARN", "about to fail");
    talk_expect_exception(&s.talk, "ValueError", "bad: 42");
    talk_expect_end(&s.talk);
    talk_add(&s.talk, SEED("add"), 1, 2); /* and nothing of it stays */
    assert_int_equal(surface_post(&s, "/add"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", NULL);
    talk_expect_double(&s.talk, 3);
    surface_end(&s);
}

static void test_describe(void **state)
{
    const vgi_server_options off = { .size = sizeof(off), .no_describe = true };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_request(&s.talk, SEED("__describe__"), NULL, NULL, 0);
    assert_int_equal(surface_post(&s, "/__describe__"), 200);
    talk_expect_stream(&s.talk, 8);
    assert_int_equal(vgi__reader_next(s.talk.reader, &s.talk.batch, NULL), VGI_OK);
    assert_string_equal(talk_key(&s.talk, "vgi_rpc.protocol_name"), "Calc");
    talk_expect_end(&s.talk);
    talk_request(&s.talk, SEED("__describe__"), NULL, NULL, 0);
    expect_refusal(&s, 400, "/__describe__/init", "TypeError", "is not a stream");
    surface_end(&s);
    surface_begin(&s, &off, NULL);
    talk_request(&s.talk, SEED("__describe__"), NULL, NULL, 0);
    expect_refusal(&s, 404, "/__describe__", "AttributeError", "'__describe__'");
    surface_end(&s);
}

static void test_what_is_not_there(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_add(&s.talk, SEED("nope"), 1, 2);
    expect_refusal(&s, 404, "/nope", "AttributeError", "Unknown method: 'nope'");
    talk_add(&s.talk, SEED("nope"), 1, 2);
    expect_refusal(&s, 404, "/nope/init", "AttributeError", "Unknown method: 'nope'");
    talk_add(&s.talk, SEED("nope"), 1, 2);
    expect_refusal(&s, 404, "/__upload_url__/init", "AttributeError", "__upload_url__");
    talk_add(&s.talk, CURRENT("nope"), 1, 2);
    expect_refusal(&s, 404, "/Calc/nope", "MethodNotImplementedError",
                   "Protocol 'Calc' has no method 'nope'");
    talk_add(&s.talk, CURRENT("add"), 1, 2);
    expect_refusal(&s, 404, "/Nobody/add", "ProtocolNotSupportedError", "'Nobody'");
    talk_add(&s.talk, CURRENT("add"), 1, 2);
    expect_refusal(&s, 404, "/Nobody/add/init", "ProtocolNotSupportedError", "'Nobody'");
    talk_add(&s.talk, CURRENT("add"), 1, 2);
    expect_refusal(&s, 404, "/Cal%63/add", "ProtocolNotSupportedError", "Cal%63");
    surface_end(&s);
}

static void test_the_address_has_to_be_of_the_kind(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    expect_refusal(&s, 400, "/count", "TypeError",
                   "Stream method 'count' requires /init and /exchange endpoints");
    expect_refusal(&s, 400, "/add/init", "TypeError", "Method 'add' is not a stream");
    expect_refusal(&s, 400, "/add/exchange", "TypeError",
                   "Method 'add' does not support /exchange");
    expect_refusal(&s, 400, "/Calc/count", "TypeError", "requires /init");
    expect_refusal(&s, 400, "/Calc/add/init", "TypeError", "is not a stream");
    surface_end(&s);
}

static void test_the_batch_has_to_agree_with_the_address(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_add(&s.talk, SEED("echo"), 1, 2);
    expect_refusal(&s, 400, "/add", "TypeError",
                   "Method name mismatch: URL path has 'add' but Arrow IPC "
                   "custom_metadata 'vgi_rpc.method' has 'echo'. These must match.");
    talk_add(&s.talk, ((keys){ .method = "add", .protocol = "Calc" }), 1, 2);
    expect_refusal(&s, 400, "/other.Calc/add", "ProtocolNotSupportedError",
                   "resolved to 'other.Calc'");
    talk_add(&s.talk, ((keys){ .method = "add", .protocol = "Calc" }), 1, 2);
    expect_refusal(&s, 400, "/Calc/add", "ProtocolVersionError", "2.0.0");
    surface_end(&s);
}

static void test_requests_that_are_none(void **state)
{
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    expect_refusal(&s, 400, "/add", "ArrowInvalid", "");
    talk_bytes(&s.talk, "garbage garbage garbage", 23);
    expect_refusal(&s, 400, "/add", "ArrowInvalid", "");
    talk_input(&s.talk, NULL);
    talk_input_end(&s.talk);
    expect_refusal(&s, 400, "/add", "RpcError", "carries no batch");
    talk_add(&s.talk, ((keys){ .method = NULL }), 1, 2);
    expect_refusal(&s, 400, "/add", "RpcError", "Missing 'vgi_rpc.method'");
    talk_add(&s.talk, ((keys){ .method = "add", .no_version = true }), 1, 2);
    expect_refusal(&s, 400, "/add", "VersionError", "Missing");
    talk_add(&s.talk, ((keys){ .method = "add", .version = "9" }), 1, 2);
    expect_refusal(&s, 400, "/add", "VersionError", "b'9'");
    talk_request(&s.talk, SEED("add"), VGI_FROM(calc_text, &(calc_text){ VGI_LIT("x") }),
                 1);
    expect_refusal(&s, 400, "/add", "TypeError", "unexpected keyword argument 'text'");
    surface_end(&s);
}

/* A request cut off anywhere is refused, and the worker goes on. */
static void test_truncated_bodies(void **state)
{
    surface s;
    uint8_t whole[4096];
    size_t n;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_add(&s.talk, SEED("add"), 1, 2);
    n = s.talk.sent.len;
    assert_true(n <= sizeof(whole));
    memcpy(whole, s.talk.sent.data, n);
    for (size_t cut = 0; cut + 8 < n; cut += 3) {
        vgi__buffer_clear(&s.talk.sent);
        talk_bytes(&s.talk, whole, cut);
        assert_int_equal(surface_post(&s, "/add"), 400);
    }
    talk_bytes(&s.talk, whole, n);
    assert_int_equal(surface_post(&s, "/add"), 200);
    talk_expect_double(&s.talk, 3);
    surface_end(&s);
}

/* Whatever the bytes, the answer is a good one or a refusal. */
static void test_mutated_bodies(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x80, 0xff };
    surface s;
    uint8_t whole[4096];
    size_t n;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_add(&s.talk, SEED("add"), 1, 2);
    n = s.talk.sent.len;
    assert_true(n <= sizeof(whole));
    memcpy(whole, s.talk.sent.data, n);
    for (size_t i = 0; i < 3 * n; i++) {
        vgi__buffer_clear(&s.talk.sent);
        whole[i / 3] ^= masks[i % 3];
        talk_bytes(&s.talk, whole, n);
        whole[i / 3] ^= masks[i % 3];
        if (surface_post(&s, "/add") != 200)
            assert_int_equal(s.response.status, 400);
        surface_expect(&s, "Content-Type", ARROW_TYPE);
    }
    surface_end(&s);
}

/* Seed servers look at the content type first, current ones at the address. */
static void test_content_type(void **state)
{
    static const struct {
        const char *path, *type;
        int status;
    } cases[] = {
        { "/add", NULL, 415 },
        { "/add", "application/json", 415 },
        { "/add", ARROW_TYPE "; charset=utf-8", 415 },
        { "/nope", "text/plain", 415 },
        { "/add/init", "text/plain", 415 },
        { "/Calc/nope", "text/plain", 404 },
        { "/Nobody/add", "text/plain", 404 },
        { "/Calc/add", "text/plain", 415 },
        { "/Calc/count", "text/plain", 415 },
    };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].type)
            surface_header(&s, "content-type", cases[i].type);
        assert_int_equal(surface_ask(&s, "POST", cases[i].path), cases[i].status);
        surface_expect(&s, "Content-Type", ARROW_TYPE);
        talk_expect_stream(&s.talk, 0);
        if (cases[i].status == 415)
            talk_expect_exception(&s.talk, "TypeError",
                                  "Expected Content-Type: '" ARROW_TYPE "', got '");
    }
    surface_end(&s);
}

static void test_answers_over_the_cap(void **state)
{
    const vgi_http_options capped = { .size = sizeof(capped),
                                      .max_response_bytes = 4096 };
    const calc_count big = { 100000 }, small = { 100 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, &capped);
    talk_request(&s.talk, SEED("blob"), VGI_FROM(calc_count, &small), 1);
    assert_int_equal(surface_post(&s, "/blob"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", NULL);
    talk_request(&s.talk, SEED("blob"), VGI_FROM(calc_count, &big), 1);
    assert_int_equal(surface_post(&s, "/blob"), 200);
    surface_expect(&s, "X-VGI-RPC-Error", "true");
    assert_true(s.body.len < 4096);
    talk_expect_stream(&s.talk, 1);
    talk_expect_exception(&s.talk, "RuntimeError",
                          "HTTP body exceeds max_response_bytes (");
    assert_non_null(
        strstr(talk_key(&s.talk, VGI_KEY_LOG_MESSAGE), " > 4096) for method 'blob'"));
    talk_expect_end(&s.talk);
    surface_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call),
        cmocka_unit_test(test_current_calls_reach_the_service_of_the_path),
        cmocka_unit_test(test_logs_come_with_the_answer),
        cmocka_unit_test(test_what_a_handler_raises_is_200_with_a_flag),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_the_address_has_to_be_of_the_kind),
        cmocka_unit_test(test_the_batch_has_to_agree_with_the_address),
        cmocka_unit_test(test_requests_that_are_none),
        cmocka_unit_test(test_truncated_bodies),
        cmocka_unit_test(test_mutated_bodies),
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_answers_over_the_cap),
    };

    return vgi_test_run(tests);
}
