/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls over a whole session: answers, logs, and every way to fail. */
#include "support/rpc/session.h"

#include <string.h>

static void test_add(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_add(&t, SEED("add"), 1.25, 2.5);
    talk_add(&t, CURRENT("add"), 2, 3);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_double(&t, 3.75);
    talk_expect_double(&t, 5);
    talk_expect_no_more(&t);
    talk_end(&t);
}

static void test_void_and_no_parameters(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("silent"), NULL, NULL, 0);
    talk_request(&t, CURRENT("silent"), NULL, NULL, 0);
    assert_int_equal(talk_go(&t), VGI_OK);
    for (int i = 0; i < 2; i++) {
        talk_expect_stream(&t, 0);
        talk_expect_rows(&t, 0);
        assert_int_equal(t.batch.metadata.count, 0);
        talk_expect_end(&t);
    }
    talk_expect_no_more(&t);
    talk_end(&t);
}

static void test_strings(void **state)
{
    const calc_text text = { VGI_LIT("gr\xc3\xbc\xc3\x9f dich") };
    conversation t;
    vgi_str s;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("echo"), VGI_FROM(calc_text, &text), 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_rows(&t, 1);
    assert_int_equal(vgi_batch_str(&t.batch, "result", 0, &s), VGI_OK);
    assert_int_equal(s.len, text.text.len);
    assert_memory_equal(s.data, text.text.data, s.len);
    talk_expect_end(&t);
    talk_end(&t);
}

/* Big results go out without being copied; small ones are built. */
static void test_bytes(void **state)
{
    static const int64_t sizes[] = { 0, 100, 4095, 4096, 300000 };
    conversation t;
    vgi_bytes b;

    (void)state;
    talk_begin(&t, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const calc_count count = { sizes[i] };

        talk_request(&t, CURRENT("blob"), VGI_FROM(calc_count, &count), 1);
    }
    assert_int_equal(talk_go(&t), VGI_OK);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        talk_expect_stream(&t, 1);
        talk_expect_rows(&t, 1);
        assert_int_equal(vgi_batch_bytes(&t.batch, "result", 0, &b), VGI_OK);
        assert_int_equal(b.len, sizes[i]);
        if (b.len > 0) {
            assert_int_equal(b.data[0], 'x');
            assert_int_equal(b.data[b.len - 1], 'x');
        }
        talk_expect_end(&t);
    }
    talk_end(&t);
}

static void test_logs(void **state)
{
    const calc_text text = { VGI_LIT("me") };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("log_twice"), VGI_FROM(calc_text, &text), 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "first one");
    assert_int_equal(strlen(talk_key(&t, VGI_KEY_REQUEST_ID)), 16);
    assert_null(talk_key(&t, VGI_KEY_LOG_EXTRA));
    talk_expect_log(&t, "DEBUG", "second");
    assert_string_equal(talk_key(&t, VGI_KEY_LOG_EXTRA), "{\"who\":\"me\"}");
    talk_expect_rows(&t, 1);
    talk_expect_end(&t);
    talk_end(&t);
}

static void fail_as(conversation *t, const char *how, const char *type, const char *text)
{
    const calc_text request = { vgi_str_from(how) };

    talk_begin(t, NULL);
    talk_request(t, CURRENT("fail"), VGI_FROM(calc_text, &request), 1);
    talk_add(t, CURRENT("add"), 1, 1);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 1);
    talk_expect_log(t, "WARN", "about to fail");
    talk_expect_exception(t, type, text);
}

static void test_failures(void **state)
{
    conversation t;

    (void)state;
    fail_as(&t, "fail", "ValueError", "bad: 42");
    assert_string_equal(talk_key(&t, VGI_KEY_ERROR_CODE), "UNKNOWN");
    assert_null(talk_key(&t, VGI_KEY_ERROR_KIND));
    talk_expect_end(&t);
    talk_expect_double(&t, 2);
    talk_end(&t);

    fail_as(&t, "with", "NotThereError", "no such thing");
    assert_string_equal(talk_key(&t, VGI_KEY_ERROR_CODE), "NOT_FOUND");
    assert_string_equal(talk_key(&t, VGI_KEY_ERROR_KIND), "thing_missing");
    assert_string_equal(talk_key(&t, VGI_KEY_ERROR_DETAILS), "[{\"@type\":\"x.Y\"}]");
    const char *extra = talk_key(&t, VGI_KEY_LOG_EXTRA);
    assert_non_null(strstr(extra, "\"exception_type\":\"NotThereError\""));
    assert_non_null(strstr(extra, "\"error_details\":[{\"@type\":\"x.Y\"}]"));
    assert_non_null(strstr(extra, "\"traceback\":\"Traceback (most recent call last):"));
    assert_non_null(strstr(extra, "\"function\":\"Calc.fail\""));
    talk_expect_end(&t);
    talk_end(&t);

    fail_as(&t, "status", "RuntimeError", "Calc.fail returned VGI_ENOTFOUND (not found)");
    talk_end(&t);
    fail_as(&t, "library", "RuntimeError",
            "a header can be set only while a stream opens");
    talk_end(&t);
    fail_as(&t, "misfit", "ValueError", "UTF-8");
    talk_expect_end(&t);
    talk_expect_double(&t, 2);
    talk_end(&t);
}

static void test_no_tracebacks(void **state)
{
    const vgi_server_options o = { .size = sizeof(o),
                                   .server_id = "test",
                                   .no_tracebacks = true };
    const calc_text text = { VGI_LIT("fail") };
    conversation t;

    (void)state;
    talk_begin(&t, &o);
    talk_request(&t, SEED("fail"), VGI_FROM(calc_text, &text), 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "WARN", "about to fail");
    talk_expect_exception(&t, "ValueError", "bad: 42");
    assert_null(strstr(talk_key(&t, VGI_KEY_LOG_EXTRA), "traceback"));
    talk_end(&t);
}

static void test_services_by_name(void **state)
{
    const keys other = { .method = "add", .protocol = "other.Calc" };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_add(&t, other, 5, 3);
    talk_add(&t, SEED("add"), 5, 3);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_double(&t, 2);
    talk_expect_double(&t, 8); /* seed requests go to the first service */
    talk_end(&t);
}

/* The reference's seed server takes columns as they come. */
static void test_lenient_seed_parameters(void **state)
{
    static const vgi_column columns[] = {
        { .name = "b", .format = "g", .nullable = true },
        { .name = "a", .format = "f", .nullable = true }
    };
    const float a = 1.5F;
    const double b = 2;
    const void *buffers_b[2] = { NULL, &b }, *buffers_a[2] = { NULL, &a },
               *none[1] = { NULL };
    struct ArrowArray x = { .length = 1, .n_buffers = 2, .buffers = buffers_b };
    struct ArrowArray y = { .length = 1, .n_buffers = 2, .buffers = buffers_a };
    struct ArrowArray *children[2] = { &x, &y };
    struct ArrowArray root = { .length = 1,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 2,
                               .children = children };
    vgi_schema *schema;
    vgi_batch batch = { .root = &root };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    assert_int_equal(vgi_schema_build(&schema, columns, 2, &t.error), VGI_OK);
    batch.schema = schema;
    talk_request_batch(&t, SEED("add"), &batch);
    vgi_schema_unref(schema);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_double(&t, 3.5);
    talk_end(&t);
}

/* A session ends at the end of input, wherever that is. */
static void test_ends(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_int_equal(t.received.len, 0);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_void_and_no_parameters),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_logs),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_no_tracebacks),
        cmocka_unit_test(test_services_by_name),
        cmocka_unit_test(test_lenient_seed_parameters),
        cmocka_unit_test(test_ends),
    };

    return vgi_test_run(tests);
}
