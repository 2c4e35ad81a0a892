/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over HTTP, one request at a time: what is in each answer, and what goes on with
 * its token. */
#include "base/text.h"
#include "stream_client.h"

/* The stream id in a signed token. */
static void stream_id(const flow *f, char id[33])
{
    uint8_t bytes[6144];
    size_t n;

    assert_true(vgi__unbase64(bytes, &n, f->token, strlen(f->token)));
    assert_true(n > 32 + 36);
    assert_memory_equal(bytes + n - 32 - 36, "\x20\0\0\0", 4);
    memcpy(id, bytes + n - 32 - 32, 32);
    id[32] = '\0';
}

/* ---- producers ---- */

static void test_producer(void **state)
{
    char first[33], id[33], log[] = "turn 0";
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "count", 3), 200);
    for (int i = 0; i < 3; i++) {
        surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
        talk_expect_stream(&f.s.talk, 1);
        if (i == 0)
            talk_expect_log(&f.s.talk, "INFO", "opened");
        log[5] = (char)('0' + i);
        talk_expect_log(&f.s.talk, "DEBUG", log);
        expect_number(&f, "n", i);
        assert_int_equal(f.s.talk.batch.metadata.count, 0);
        expect_token(&f);
        talk_expect_end(&f.s.talk);
        talk_expect_no_more(&f.s.talk);
        stream_id(&f, i == 0 ? first : id);
        if (i > 0)
            assert_string_equal(first, id);
        assert_int_equal(flow_saw.destroyed, i + 1);
        assert_int_equal(go_on(&f, "count"), 200);
    }
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    assert_int_equal(flow_saw.opened, 1);
    assert_int_equal(flow_saw.destroyed, 4);
    end(&f);
}

static void test_a_producer_that_has_nothing(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "count", 0), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "INFO", "opened");
    talk_expect_end(&f.s.talk);
    end(&f);
}

static void test_header_once(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "titled", 1), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "INFO", "opened");
    talk_expect_rows(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "DEBUG", "turn 0");
    expect_number(&f, "n", 0);
    expect_token(&f);
    talk_expect_end(&f.s.talk);
    assert_int_equal(go_on(&f, "titled"), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    talk_expect_no_more(&f.s.talk);
    assert_int_equal(init(&f, "titled", -1), 200); /* no header before a failure */
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 0, "ValueError", "not below zero");
    end(&f);
}

static void test_a_producer_that_fails(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "fail", 1), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    talk_expect_stream(&f.s.talk, 1);
    expect_number(&f, "n", 0);
    expect_token(&f);
    assert_int_equal(go_on(&f, "fail"), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 1, "ValueError", "failed in turn 1");
    end(&f);
}

static void test_a_schema_of_its_choice(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "chosen", 3), 200);
    for (int i = 0; i < 3; i++) {
        talk_expect_stream(&f.s.talk, 1);
        expect_number(&f, "chosen", i);
        expect_token(&f);
        assert_int_equal(go_on(&f, "chosen"), 200);
    }
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    end(&f);
}

/* ---- batches per response ---- */

static void test_several_batches(void **state)
{
    const vgi_http_options http = { .size = sizeof(http), .producer_batches = 3 };
    flow f;

    (void)state;
    begin(&f, &http);
    assert_int_equal(init(&f, "count", 5), 200);
    expect_numbers(&f, 0, 3);
    expect_token(&f);
    talk_expect_end(&f.s.talk);
    assert_int_equal(go_on(&f, "count"), 200);
    expect_numbers(&f, 3, 5);
    talk_expect_end(&f.s.talk); /* it finished before the third */
    end(&f);
}

/* Until the cap is reached, and beyond by what the last batch takes. */
static void test_batches_up_to_the_cap(void **state)
{
    const vgi_http_options http = { .size = sizeof(http), .max_response_bytes = 65536 };
    int batches = 0;
    flow f;

    (void)state;
    begin(&f, &http);
    assert_int_equal(init(&f, "wide", 1000), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    assert_in_range(f.s.body.len, 65536, 65536 + 10000);
    talk_expect_stream(&f.s.talk, 1);
    for (;; batches++) {
        vgi_i64s items;

        assert_int_equal(vgi__reader_next(f.s.talk.reader, &f.s.talk.batch, NULL),
                         VGI_OK);
        if (vgi_batch_rows(&f.s.talk.batch) == 0)
            break;
        assert_int_equal(vgi_batch_i64(&f.s.talk.batch, "n", &items), VGI_OK);
        for (int64_t i = 0; i < 1000; i++)
            assert_int_equal(items.items[i], i); /* none overwrote the one before */
    }
    assert_in_range(batches, 7, 9);
    take_token(&f);
    assert_int_equal(go_on(&f, "wide"), 200);
    assert_in_range(f.s.body.len, 65536, 65536 + 10000);
    assert_int_equal(init(&f, "wide", 100000), 200); /* one is too much, and is sent */
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_rows(&f.s.talk, 100000);
    expect_token(&f);
    end(&f);
}

static void test_time_ends_a_response(void **state)
{
    const vgi_http_options http = { .size = sizeof(http),
                                    .producer_batches = UINT32_MAX,
                                    .producer_ms = 1 };
    flow f;

    (void)state;
    begin(&f, &http);
    assert_int_equal(init(&f, "wide", 1000), 200); /* it would go on for ever */
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    end(&f);
}

/* ---- exchanges ---- */

static void test_exchange(void **state)
{
    char first[33], id[33];
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "sum", 100), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "INFO", "opened");
    expect_token(&f);
    talk_expect_end(&f.s.talk);
    talk_expect_no_more(&f.s.talk);
    stream_id(&f, first);
    for (int i = 1; i < 5; i++) {
        assert_int_equal(exchange(&f, "sum", i), 200);
        expect_sum(&f, 100 + i * (i + 1) / 2);
    }
    stream_id(&f, id);
    assert_string_equal(first, id);
    end(&f);
}

/* A token is a place in the stream: it can be gone on from more than once. */
static void test_again_from_the_same_token(void **state)
{
    char kept[8192];
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "sum", 1), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "INFO", "opened");
    expect_token(&f);
    memcpy(kept, f.token, sizeof(kept));
    assert_int_equal(exchange(&f, "sum", 1), 200);
    expect_sum(&f, 2);
    memcpy(f.token, kept, sizeof(kept));
    assert_int_equal(exchange(&f, "sum", 10), 200);
    expect_sum(&f, 11);
    end(&f);
}

static void test_early_emit(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 5);
    assert_int_equal(exchange(&f, "sum", FLOW_EMIT_EARLY), 200);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_log(&f.s.talk, "INFO", "before");
    expect_number(&f, "n", 5);
    assert_string_equal(talk_key(&f.s.talk, "who"), "me");
    take_token(&f);
    talk_expect_log(&f.s.talk, "INFO", "after");
    talk_expect_end(&f.s.talk);
    assert_int_equal(exchange(&f, "sum", 0), 200); /* what it did after that counts */
    expect_sum(&f, 12);
    end(&f);
}

static void test_handlers_do_not_see_the_token(void **state)
{
    const int64_t see = FLOW_SEE_METADATA;
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 1);
    assert_int_equal(
        go_on_with(&f, "sum", &see, (vgi_pair){ VGI_LIT("mine"), VGI_LIT("x") }), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_number(&f, "n", 1);
    assert_int_equal(f.s.talk.batch.metadata.count, 2); /* that, and the token */
    assert_string_equal(talk_key(&f.s.talk, "saw-mine"), "x");
    take_token(&f);
    end(&f);
}

static void test_exchanges_that_fail(void **state)
{
    static const struct {
        int64_t how;
        const char *type, *text;
        int logs;
    } rows[] = {
        { FLOW_FAIL, "ValueError", "as told", 2 },
        { FLOW_FAIL_LATE, "ValueError", "as told", 2 },
        { FLOW_TWICE, "RuntimeError", "Only one data batch may be emitted", 1 },
        { FLOW_NOTHING, "RuntimeError", "No data batch was emitted", 0 },
    };
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(exchange(&f, "sum", rows[i].how), 200);
        surface_expect(&f.s, "X-VGI-RPC-Error", "true");
        talk_expect_stream(&f.s.talk, 1);
        if (rows[i].logs > 0)
            talk_expect_log(&f.s.talk, "WARN", "about to");
        if (rows[i].logs > 1)
            talk_expect_log(&f.s.talk, "WARN", "now");
        talk_expect_exception(&f.s.talk, rows[i].type, rows[i].text);
        talk_expect_end(&f.s.talk);
    }
    assert_int_equal(exchange(&f, "sum", 1), 200); /* the token is as good as before */
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    expect_sum(&f, 2);
    end(&f);
}

/* Go on with an int32 in place of the declared int64. */
static int exchange_narrow(flow *f, const char *path, int32_t value)
{
    const vgi_column column = { .name = "n", .format = "i" };
    const void *buffers[] = { NULL, &value }, *none[] = { NULL };
    struct ArrowArray child = { .length = 1, .n_buffers = 2, .buffers = buffers };
    struct ArrowArray *children[] = { &child };
    const struct ArrowArray root = { .length = 1,
                                     .n_buffers = 1,
                                     .buffers = none,
                                     .n_children = 1,
                                     .children = children };
    const vgi_pair token = { VGI_LIT(VGI_KEY_STREAM_STATE), vgi_str_from(f->token) };
    conversation *t = &f->s.talk;
    vgi_schema *schema;

    assert_int_equal(vgi_schema_build(&schema, &column, 1, NULL), VGI_OK);
    talk_input(t, schema);
    vgi_schema_unref(schema);
    assert_int_equal(
        vgi__writer_batch(t->writer, &root, &(vgi_metadata){ &token, 1 }, NULL), VGI_OK);
    talk_input_end(t);
    return surface_post(&f->s, path);
}

static void test_input_is_cast(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    start_sum(&f, 1);
    assert_int_equal(exchange_narrow(&f, "/sum/exchange", 4), 200);
    expect_sum(&f, 5);
    assert_int_equal(go_on(&f, "sum"), 200); /* no columns: not what is declared */
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_exception(&f.s.talk, "TypeError", "");
    end(&f);
}

/* What was cast when it came in is cast again when it is handed on. */
static void test_input_is_cast_twice(void **state)
{
    vgi_f64s items;
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "widen", 1), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_token(&f);
    for (int32_t i = 1; i < 4; i++) {
        assert_int_equal(exchange_narrow(&f, "/widen/exchange", i), 200);
        talk_expect_stream(&f.s.talk, 1);
        talk_expect_rows(&f.s.talk, 1);
        assert_int_equal(vgi_batch_f64(&f.s.talk.batch, "n", &items), VGI_OK);
        assert_true(items.items[0] == i);
        take_token(&f);
    }
    end(&f);
}

static void test_exchange_without_state(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "echo", 1), 200);
    talk_expect_stream(&f.s.talk, 1);
    expect_token(&f);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(exchange(&f, "echo", i), 200);
        expect_sum(&f, i);
    }
    end(&f);
}

/* Without columns it cannot be told from a producer, and turns at init, as there. */
static void test_exchange_without_columns(void **state)
{
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "rows", 1), 200);
    for (int i = 1; i < 4; i++) {
        talk_expect_stream(&f.s.talk, 0);
        talk_expect_rows(&f.s.talk, i);
        expect_token(&f);
        talk_expect_end(&f.s.talk);
        assert_int_equal(go_on(&f, "rows"), 200);
    }
    end(&f);
}

static void test_caps_of_exchanges(void **state)
{
    const vgi_http_options http = { .size = sizeof(http), .max_response_bytes = 4096 };
    flow f;

    (void)state;
    begin(&f, &http);
    start_sum(&f, 1);
    assert_int_equal(exchange(&f, "sum", FLOW_WIDE), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 1, "RuntimeError", "HTTP body exceeds max_response_bytes (");
    assert_int_equal(exchange(&f, "sum", 1), 200);
    expect_sum(&f, 2);
    end(&f);
    const vgi_http_options tiny = { .size = sizeof(tiny), .max_response_bytes = 100 };
    begin(&f, &tiny);
    start_sum(&f, 1); /* as the reference has it: what opens a stream is not measured */
    assert_int_equal(exchange(&f, "sum", 1), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", "true");
    expect_failure(&f, 1, "RuntimeError", "> 100) for method 'sum'");
    end(&f);
}

/* ---- cancel ---- */

static void test_cancel(void **state)
{
    const vgi_pair cancel = { VGI_LIT(VGI_KEY_CANCEL), VGI_LIT("true") };
    flow f;

    (void)state;
    begin(&f, NULL);
    assert_int_equal(init(&f, "count", 3), 200);
    expect_numbers(&f, 0, 1);
    expect_token(&f);
    assert_int_equal(go_on_with(&f, "count", NULL, cancel), 200);
    surface_expect(&f.s, "X-VGI-RPC-Error", NULL);
    talk_expect_stream(&f.s.talk, 1);
    talk_expect_end(&f.s.talk);
    talk_expect_no_more(&f.s.talk);
    assert_int_equal(flow_saw.cancelled, 1);
    assert_int_equal(flow_saw.destroyed, 2);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_producer),
        cmocka_unit_test(test_a_producer_that_has_nothing),
        cmocka_unit_test(test_header_once),
        cmocka_unit_test(test_a_producer_that_fails),
        cmocka_unit_test(test_a_schema_of_its_choice),
        cmocka_unit_test(test_several_batches),
        cmocka_unit_test(test_batches_up_to_the_cap),
        cmocka_unit_test(test_time_ends_a_response),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_again_from_the_same_token),
        cmocka_unit_test(test_early_emit),
        cmocka_unit_test(test_handlers_do_not_see_the_token),
        cmocka_unit_test(test_exchanges_that_fail),
        cmocka_unit_test(test_input_is_cast),
        cmocka_unit_test(test_input_is_cast_twice),
        cmocka_unit_test(test_exchange_without_state),
        cmocka_unit_test(test_exchange_without_columns),
        cmocka_unit_test(test_caps_of_exchanges),
        cmocka_unit_test(test_cancel),
    };
    return vgi_test_run(tests);
}
