/* SPDX-License-Identifier: Apache-2.0 */
/* The `__describe__` answer, field by field. */
#include "support/rpc/session.h"

#include <string.h>

static vgi_str cell_str(const conversation *t, const char *column, int64_t row)
{
    vgi_str s;

    assert_int_equal(vgi_batch_str(&t->batch, column, row, &s), VGI_OK);
    return s;
}

static bool cell_bool(const conversation *t, const char *column, int64_t row)
{
    bool b;

    assert_int_equal(vgi_batch_bool(&t->batch, column, row, &b), VGI_OK);
    return b;
}

/* A schema column's names, joined by commas, with ? behind those that may be null; it
 * must be a message without an end of stream. */
static void expect_schema(const conversation *t, const char *column, int64_t row,
                          const char *names)
{
    char text[256] = "";
    vgi_bytes bytes;
    vgi_schema *s;
    vgi_error err;
    size_t used;

    assert_int_equal(vgi_batch_bytes(&t->batch, column, row, &bytes), VGI_OK);
    assert_int_equal(
        vgi__schema_decode(&s, bytes.data, bytes.len, &used, NULL, NULL, &err), VGI_OK);
    assert_int_equal(used, bytes.len);
    for (size_t i = 0; i < vgi_schema_columns(s); i++) {
        strcat(text, i == 0 ? "" : ",");
        strcat(text, vgi_schema_name(s, i));
        strcat(text, vgi_schema_nullable(s, i) ? "?" : "");
    }
    assert_string_equal(text, names);
    vgi_schema_unref(s);
}

typedef struct expected {
    const char *name;
    bool stream, has_return;
    const char *params, *header;
    int exchange; /* -1: null */
} expected;

static const expected calc[] = {
    { "add", false, true, "a,b", NULL, -1 },
    { "bad_turns", true, false, "count", NULL, 0 },
    { "blob", false, true, "count", NULL, -1 },
    { "count", true, false, "count", NULL, 0 },
    { "echo", false, true, "text", NULL, -1 },
    { "fail", false, true, "text", NULL, -1 },
    { "log_twice", false, true, "text", NULL, -1 },
    { "odd", true, false, "value", NULL, 1 },
    { "rows", true, false, "", NULL, 1 },
    { "scale", true, false, "value", NULL, 1 },
    { "silent", false, false, "", NULL, -1 },
    { "titled", true, false, "count", "title,total", 0 },
};
#define METHODS (sizeof(calc) / sizeof(calc[0]))

static void expect_method(const conversation *t, int64_t row, const expected *e)
{
    assert_true(vgi_str_eq(cell_str(t, "name", row), e->name));
    assert_true(
        vgi_str_eq(cell_str(t, "method_type", row), e->stream ? "stream" : "unary"));
    assert_int_equal(cell_bool(t, "has_return", row), e->has_return);
    expect_schema(t, "params_schema_ipc", row, e->params);
    expect_schema(t, "result_schema_ipc", row, e->has_return ? "result" : "");
    assert_int_equal(cell_bool(t, "has_header", row), e->header != NULL);
    assert_int_equal(vgi_batch_is_null(&t->batch, "header_schema_ipc", row), !e->header);
    if (e->header)
        expect_schema(t, "header_schema_ipc", row, e->header);
    assert_int_equal(vgi_batch_is_null(&t->batch, "is_exchange", row), e->exchange < 0);
    if (e->exchange >= 0)
        assert_int_equal(cell_bool(t, "is_exchange", row), e->exchange);
}

static void test_describe(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("__describe__"), NULL, NULL, 0);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 8);
    talk_expect_rows(&t, METHODS);
    for (size_t i = 0; i < METHODS; i++)
        expect_method(&t, (int64_t)i, &calc[i]);
    for (size_t i = 0; i < 8; i++)
        assert_true(vgi_schema_nullable(vgi_batch_schema(&t.batch), i));
    assert_int_equal(t.batch.metadata.count, 5);
    assert_string_equal(talk_key(&t, "vgi_rpc.protocol_name"), "Calc");
    assert_string_equal(talk_key(&t, "vgi_rpc.request_version"), "1");
    assert_string_equal(talk_key(&t, "vgi_rpc.describe_version"), "4");
    assert_string_equal(talk_key(&t, "vgi_rpc.server_id"), "test");
    assert_string_equal(talk_key(&t, "vgi_rpc.protocol_hash"),
                        vgi__registry_describe_hash(t.registry, "Calc"));
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

static void serve_instead(conversation *t, const vgi_service *s)
{
    vgi__registry_free(t->registry);
    t->registry = NULL;
    assert_int_equal(vgi__registry_new(&t->registry, NULL, &t->error), VGI_OK);
    assert_int_equal(vgi__registry_add(t->registry, s, &t->error), VGI_OK);
}

static int swap(vgi_call *call, const calc_pair *in, calc_pair *out)
{
    (void)call;
    *out = (calc_pair){ in->b, in->a };
    return VGI_OK;
}
VGI_UNARY(swap, calc_pair, calc_pair);

/* As in release 0.15.0, and not as the answer itself has it. */
static void test_struct_result(void **state)
{
    const vgi_method *const methods[] = { VGI_METHOD(swap), NULL };
    const vgi_service s = { VGI_SERVICE_INIT, .name = "Pairs", .methods = methods };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    serve_instead(&t, &s);
    talk_request(&t, SEED("__describe__"), NULL, NULL, 0);
    talk_add(&t, SEED("swap"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 8);
    talk_expect_rows(&t, 1);
    expect_schema(&t, "result_schema_ipc", 0, "result?");
    talk_expect_end(&t);
    talk_expect_stream(&t, 1);
    talk_expect_rows(&t, 1);
    assert_false(vgi_schema_nullable(vgi_batch_schema(&t.batch), 0));
    talk_expect_end(&t);
    talk_end(&t);
}

/* A service that does not state its streams' kinds, and a method of the current epoch
 * only. */
static void test_untyped_and_hidden(void **state)
{
    const vgi_method *methods[3] = { calc_service.methods[6], calc_service.methods[0],
                                     NULL };
    vgi_method hidden = *methods[1];
    const vgi_service s = { VGI_SERVICE_INIT, .name = "Untyped", .methods = methods,
                            .untyped_streams = true };
    conversation t;

    (void)state;
    hidden.visible = VGI_VISIBLE_CURRENT;
    methods[1] = &hidden;
    talk_begin(&t, NULL);
    serve_instead(&t, &s);
    talk_request(&t, SEED("__describe__"), NULL, NULL, 0);
    talk_add(&t, SEED("add"), 1, 2);
    talk_add(&t, (keys){ .method = "add", .protocol = "Untyped" }, 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 8);
    talk_expect_rows(&t, 1);
    assert_true(vgi_str_eq(cell_str(&t, "name", 0), "count"));
    assert_true(vgi_batch_is_null(&t.batch, "is_exchange", 0));
    talk_expect_end(&t);
    talk_expect_error(&t, "AttributeError",
                      "Available methods: ['__describe__', 'count']");
    talk_expect_double(&t, 3);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_struct_result),
        cmocka_unit_test(test_untyped_and_hidden),
    };

    return vgi_test_run(tests);
}
