/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over a whole session: lockstep, headers, logs, cancel, failures, and the next
 * call. */
#include "support/rpc/session.h"

#include <string.h>

static void count_to(conversation *t, keys k, int64_t count, int ticks)
{
    const calc_count c = { count };

    talk_request(t, k, VGI_FROM(calc_count, &c), 1);
    talk_ticks(t, ticks);
}

static void expect_index(conversation *t, int64_t index)
{
    vgi_i64s items;

    talk_expect_rows(t, 1);
    assert_int_equal(vgi_batch_i64(&t->batch, "index", &items), VGI_OK);
    assert_int_equal(items.items[0], index);
}

static void test_producer(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    count_to(&t, SEED("count"), 3, 4);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "counting to 3");
    for (int64_t i = 0; i < 3; i++) {
        expect_index(&t, i);
        assert_string_equal(talk_key(&t, "index"), "yes");
    }
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    assert_int_equal(calc_saw.destroyed, 1);
    talk_end(&t);
}

/* More ticks than batches, fewer, none: the connection stays in step. */
static void test_tick_counts(void **state)
{
    static const int ticks[] = { 0, 1, 2, 9 };
    conversation t;

    (void)state;
    for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
        talk_begin(&t, NULL);
        count_to(&t, CURRENT("count"), 2, ticks[i]);
        talk_add(&t, CURRENT("add"), 1, 2);
        assert_int_equal(talk_go(&t), VGI_OK);
        talk_expect_stream(&t, 1);
        talk_expect_log(&t, "INFO", "counting to 2");
        for (int64_t n = 0; n < ticks[i] && n < 2; n++)
            expect_index(&t, n);
        talk_expect_end(&t);
        talk_expect_double(&t, 3);
        assert_int_equal(calc_saw.destroyed, 1);
        talk_end(&t);
    }
}

static void test_tick_metadata(void **state)
{
    const calc_count c = { 5 };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_input(&t, NULL);
    talk_tick(&t, "tick", "tock");
    talk_input_end(&t);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_string_equal(calc_saw.tick, "tock");
    talk_end(&t);
}

static void test_cancel(void **state)
{
    const calc_count c = { 5 };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_input(&t, NULL);
    talk_tick(&t, NULL, NULL);
    talk_tick(&t, VGI_KEY_CANCEL, "1");
    talk_input_end(&t);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "counting to 5");
    expect_index(&t, 0);
    talk_expect_log(&t, "INFO", "cancelled");
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    assert_int_equal(calc_saw.cancelled, 1);
    assert_int_equal(calc_saw.destroyed, 1);
    talk_end(&t);
}

/* ---- headers ---- */

static void test_header(void **state)
{
    conversation t;
    vgi_str title;

    (void)state;
    talk_begin(&t, NULL);
    count_to(&t, SEED("titled"), 2, 3);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 2);
    talk_expect_log(&t, "INFO", "before the header");
    talk_expect_rows(&t, 1);
    assert_int_equal(vgi_batch_str(&t.batch, "title", 0, &title), VGI_OK);
    assert_true(vgi_str_eq(title, "counting"));
    talk_expect_end(&t);

    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "turn");
    assert_null(talk_key(&t, VGI_KEY_REQUEST_ID));
    expect_index(&t, 0);
    talk_expect_log(&t, "INFO", "turn");
    expect_index(&t, 1); /* with the finish */
    talk_expect_end(&t);
    talk_expect_no_more(&t);
    talk_end(&t);
}

static void test_header_missing(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    count_to(&t, CURRENT("titled"), 13, 1);
    talk_add(&t, CURRENT("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 0);
    talk_expect_log(&t, "INFO", "before the header");
    talk_expect_exception(
        &t, "TypeError", "Method 'titled' declares header type but returned header=None");
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

/* ---- failures at the start: the client may or may not send its input ---- */

static void test_open_failure_with_input(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    count_to(&t, SEED("count"), -1, 3);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 0);
    talk_expect_exception(&t, "ValueError", "count is negative: -1");
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_expect_no_more(&t);
    assert_int_equal(calc_saw.destroyed, 0);
    talk_end(&t);
}

static void test_open_failure_without_input(void **state)
{
    const calc_count c = { -1 };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("titled"), VGI_FROM(calc_count, &c), 1);
    talk_add(&t, SEED("add"), 1, 2);
    talk_request(&t, CURRENT("titled"), VGI_FROM(calc_count, &c), 1);
    talk_input(&t, NULL); /* an empty one */
    talk_input_end(&t);
    talk_add(&t, CURRENT("add"), 3, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    for (int i = 0; i < 2; i++) {
        talk_expect_stream(&t, 0);
        talk_expect_log(&t, "INFO", "before the header");
        talk_expect_exception(&t, "ValueError", "no header for you");
        talk_expect_end(&t);
        talk_expect_double(&t, 3 + 2 * i);
    }
    talk_expect_no_more(&t);
    talk_end(&t);
}

/* ---- turns that break a rule ---- */

static void bad_turn(int64_t which, int64_t rows, const char *type, const char *text)
{
    conversation t;

    talk_begin(&t, NULL);
    count_to(&t, SEED("bad_turns"), which, 3);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    if (rows > 0)
        talk_expect_rows(&t, rows);
    talk_expect_exception(&t, type, text);
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

static void test_bad_turns(void **state)
{
    (void)state;
    bad_turn(0, 0, "RuntimeError", "No data batch was emitted");
    bad_turn(1, 1, "RuntimeError", "Only one data batch may be emitted per call");
    bad_turn(2, 0, "ValueError", "in the middle");
}

/* ---- exchanges ---- */

static void exchange(conversation *t, const char *method, double factor)
{
    const calc_value state = { factor };
    const calc_value rows[] = { { 1 }, { 2 }, { 3 } };
    vgi_batch *b;

    talk_begin(t, NULL);
    talk_request(t, CURRENT(method), VGI_FROM(calc_value, &state), 1);
    assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(calc_value, rows), 3, &t->error),
                     VGI_OK);
    talk_input(t, b->schema);
    vgi_batch_unref(b);
    talk_rows(t, VGI_FROM(calc_value, rows), 3);
    talk_rows(t, VGI_FROM(calc_value, rows), 0);
    talk_rows(t, VGI_FROM(calc_value, rows), 1);
    talk_input_end(t);
    talk_add(t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 1);
}

static void test_exchange(void **state)
{
    static const int64_t rows[] = { 3, 0, 1 };
    conversation t;
    vgi_f64s items;

    (void)state;
    exchange(&t, "scale", 10);
    for (int i = 0; i < 3; i++) {
        talk_expect_rows(&t, rows[i]);
        assert_int_equal(vgi_batch_f64(&t.batch, "value", &items), VGI_OK);
        for (size_t n = 0; n < items.count; n++)
            assert_true(items.items[n] == 10 * (double)(n + 1));
    }
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

static void test_exchange_hands_its_input_back(void **state)
{
    conversation t;

    (void)state;
    exchange(&t, "odd", 0);
    talk_expect_rows(&t, 3);
    talk_expect_rows(&t, 0);
    talk_expect_rows(&t, 1);
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

static void test_exchange_failures(void **state)
{
    static const char *const texts[][2] = {
        { "RuntimeError",
          "finish() is not allowed on exchange streams; exchange streams must "
          "emit exactly one data batch per call" },
        { "KeyError", "the batch has no column 'nothing'" },
        { "RuntimeError", "No data batch was emitted" },
    };
    conversation t;

    (void)state;
    for (int i = 0; i < 3; i++) {
        exchange(&t, "odd", i + 1);
        talk_expect_exception(&t, texts[i][0], texts[i][1]);
        talk_expect_end(&t);
        talk_expect_double(&t, 3);
        talk_end(&t);
    }
}

static void test_exchange_without_columns(void **state)
{
    const struct ArrowArray rows = { .length = 21,
                                     .n_buffers = 1,
                                     .buffers = (const void *[]){ NULL } };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("rows"), NULL, NULL, 0);
    talk_input(&t, NULL);
    assert_int_equal(vgi__writer_batch(t.writer, &rows, NULL, &t.error), VGI_OK);
    talk_input_end(&t);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 0);
    talk_expect_rows(&t, 42);
    talk_expect_end(&t);
    talk_end(&t);
}

/* Inputs are cast to what the method declares; other names are refused. */
static void other_input(conversation *t, const vgi_column *column, const void *value)
{
    const calc_value factor = { 2 };
    const void *buffers[2] = { NULL, value }, *none[1] = { NULL };
    struct ArrowArray x = { .length = 1, .n_buffers = 2, .buffers = buffers };
    struct ArrowArray *children[1] = { &x };
    const struct ArrowArray root = { .length = 1,
                                     .n_buffers = 1,
                                     .buffers = none,
                                     .n_children = 1,
                                     .children = children };
    vgi_schema *schema;

    talk_begin(t, NULL);
    talk_request(t, SEED("scale"), VGI_FROM(calc_value, &factor), 1);
    assert_int_equal(vgi_schema_build(&schema, column, 1, &t->error), VGI_OK);
    talk_input(t, schema);
    assert_int_equal(vgi__writer_batch(t->writer, &root, NULL, &t->error), VGI_OK);
    talk_input_end(t);
    vgi_schema_unref(schema);
    talk_add(t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 1);
}

static void test_input_casts(void **state)
{
    static const vgi_column wide = { .name = "value", .format = "l", .nullable = true };
    static const vgi_column named = { .name = "other", .format = "g" };
    const int64_t integer = 21;
    const double number = 21;
    conversation t;
    vgi_f64s items;

    (void)state;
    other_input(&t, &wide, &integer);
    talk_expect_rows(&t, 1);
    assert_int_equal(vgi_batch_f64(&t.batch, "value", &items), VGI_OK);
    assert_true(items.items[0] == 42);
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);

    other_input(&t, &named, &number);
    talk_expect_exception(&t, "TypeError", "Input schema mismatch: expected");
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

/* An input batch that cannot be decoded ends the stream, not the connection. */
static void test_bad_input(void **state)
{
    static const calc_value rows[300] = { { 1 } };
    const calc_value factor = { 2 };
    conversation t;
    vgi_batch *b;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("scale"), VGI_FROM(calc_value, &factor), 1);
    assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(calc_value, rows), 1, &t.error),
                     VGI_OK);
    talk_input(&t, b->schema);
    vgi_batch_unref(b);
    talk_rows(&t, VGI_FROM(calc_value, rows), 300);
    for (size_t i = 0; i + 8 <= t.sent.len; i++) /* all lengths of 300 in its metadata */
        if (memcmp(t.sent.data + i, "\x2c\x01\0\0\0\0\0", 8) == 0)
            t.sent.data[i + 2] = 1;
    talk_input_end(&t);
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_exception(&t, "ArrowInvalid", "");
    talk_expect_end(&t);
    talk_expect_double(&t, 3);
    talk_end(&t);
}

/* The client is gone before it sent anything. */
static void test_client_leaves(void **state)
{
    const calc_count c = { 3 };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_int_equal(calc_saw.destroyed, 1);
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_producer),
        cmocka_unit_test(test_tick_counts),
        cmocka_unit_test(test_tick_metadata),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_header_missing),
        cmocka_unit_test(test_open_failure_with_input),
        cmocka_unit_test(test_open_failure_without_input),
        cmocka_unit_test(test_bad_turns),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_exchange_hands_its_input_back),
        cmocka_unit_test(test_exchange_failures),
        cmocka_unit_test(test_exchange_without_columns),
        cmocka_unit_test(test_input_casts),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_client_leaves),
    };

    return vgi_test_run(tests);
}
