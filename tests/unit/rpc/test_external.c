/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that leave by way of an external filter: of which turns, with what, and what
 * becomes of a call when they cannot. */
#include <string.h>

#include "support/rpc/flow.h"
#include "support/rpc/outside.h"
#include "support/rpc/session.h"

static void begin(conversation *t, outside *o)
{
    outside_begin(o);
    const vgi_server_options options = { .size = sizeof(options),
                                         .server_id = "test",
                                         .external = outside_external(o) };
    talk_begin(t, &options);
}

static void begin_flow(conversation *t, outside *o)
{
    outside_begin(o);
    const vgi_server_options options = { .size = sizeof(options),
                                         .server_id = "test",
                                         .external = outside_external(o) };
    talk_begin_with(t, &options, &flow_service);
}

static void end(conversation *t, outside *o)
{
    talk_end(t);
    outside_end(o);
}

/* The next batch is a pointer to the n-th object, and nothing else. */
static void expect_pointer(conversation *t, const char *url)
{
    assert_int_equal(vgi__reader_next(t->reader, &t->batch, &t->error), VGI_OK);
    assert_int_equal(vgi__batch_classify(&t->batch), VGI__BATCH_LOCATION);
    assert_int_equal(t->batch.metadata.count, 1);
    assert_string_equal(talk_key(t, VGI_KEY_LOCATION), url);
}

static void test_unary(void **state)
{
    const calc_text hello = { VGI_LIT("hello") };
    conversation t;
    outside o;

    (void)state;
    begin(&t, &o);
    talk_add(&t, SEED("add"), 1, 2);
    talk_request(&t, SEED("log_twice"), VGI_FROM(calc_text, &hello), 1);
    talk_request(&t, SEED("silent"), NULL, NULL, 0);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    expect_pointer(&t, "outside:0");
    talk_expect_end(&t);
    /* Its logs stay where they are. */
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "first one");
    talk_expect_log(&t, "DEBUG", "second");
    expect_pointer(&t, "outside:1");
    talk_expect_end(&t);
    assert_int_equal(outside_count(&o, 1, VGI_KEY_LOG_LEVEL), 0);
    talk_expect_stream(&t, 0);
    talk_expect_rows(&t, 0);
    talk_expect_end(&t);
    assert_int_equal(o.n, 2);
    end(&t, &o);
}

static void test_turns(void **state)
{
    const flow_number two = { 2 };
    conversation t;
    outside o;

    (void)state;
    begin_flow(&t, &o);
    talk_request(&t, SEED("titled"), VGI_FROM(flow_number, &two), 1);
    talk_ticks(&t, 3);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "opened");
    expect_pointer(&t, "outside:0"); /* the header */
    talk_expect_end(&t);
    /* A turn's logs are in the object. */
    talk_expect_stream(&t, 1);
    expect_pointer(&t, "outside:1");
    expect_pointer(&t, "outside:2");
    talk_expect_end(&t);
    assert_int_equal(outside_count(&o, 0, VGI_KEY_LOG_LEVEL), 0);
    assert_int_equal(outside_count(&o, 1, VGI_KEY_LOG_LEVEL), 1);
    assert_int_equal(outside_count(&o, 2, VGI_KEY_LOG_LEVEL), 1);
    end(&t, &o);
}

static void sum(conversation *t, const int64_t *inputs, size_t n)
{
    const flow_number zero = { 0 };
    vgi_batch *like = NULL;

    talk_request(t, SEED("sum"), VGI_FROM(flow_number, &zero), 1);
    assert_int_equal(vgi_batch_from_rows(&like, VGI_FROM(flow_number, &zero), 1, NULL),
                     VGI_OK);
    talk_input(t, vgi_batch_schema(like));
    vgi_batch_unref(like);
    for (size_t i = 0; i < n; i++) {
        const flow_number row = { inputs[i] };

        talk_rows(t, VGI_FROM(flow_number, &row), 1);
    }
    talk_input_end(t);
}

static void test_logs_after_the_batch(void **state)
{
    const int64_t inputs[] = { FLOW_EMIT_EARLY };
    conversation t;
    outside o;

    (void)state;
    begin_flow(&t, &o);
    sum(&t, inputs, 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "opened");
    expect_pointer(&t, "outside:0");
    talk_expect_end(&t);
    assert_int_equal(outside_count(&o, 0, VGI_KEY_LOG_LEVEL), 2);
    assert_int_equal(outside_count(&o, 0, "who"), 1);
    end(&t, &o);

    begin_flow(&t, &o); /* of a batch that stays they stay around it */
    o.threshold = 2;
    sum(&t, inputs, 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "opened");
    talk_expect_log(&t, "INFO", "before");
    talk_expect_rows(&t, 1);
    talk_expect_log(&t, "INFO", "after");
    talk_expect_end(&t);
    end(&t, &o);
}

static void test_failed_turns(void **state)
{
    const int64_t inputs[] = { FLOW_FAIL_LATE };
    conversation t;
    outside o;

    (void)state;
    begin_flow(&t, &o);
    sum(&t, inputs, 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    assert_int_equal(o.n, 0); /* nothing leaves of a turn that fails */
    end(&t, &o);
}

static void test_store_down(void **state)
{
    const flow_number two = { 2 };
    conversation t;
    outside o;

    (void)state;
    begin(&t, &o);
    o.broken = true;
    talk_add(&t, SEED("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_exception(&t, "RuntimeError", "the store is down");
    talk_expect_end(&t);
    end(&t, &o);

    begin_flow(&t, &o);
    o.broken = true;
    talk_request(&t, SEED("titled"), VGI_FROM(flow_number, &two), 1);
    talk_request(&t, SEED("count"), VGI_FROM(flow_number, &two), 1);
    talk_ticks(&t, 3);
    talk_add(&t, CURRENT("add"), 1, 2);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "opened");
    talk_expect_exception(&t, "RuntimeError", "the store is down");
    talk_expect_end(&t);
    /* The logs of a turn that could not leave are there. */
    talk_expect_stream(&t, 1);
    talk_expect_log(&t, "INFO", "opened");
    talk_expect_log(&t, "DEBUG", "turn 0");
    talk_expect_exception(&t, "RuntimeError", "the store is down");
    talk_expect_end(&t);
    end(&t, &o);
}

static void test_pointers_in(void **state)
{
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("add") },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT("1") },
        { VGI_LIT(VGI_KEY_LOCATION), VGI_LIT("outside:0") },
    };
    const calc_pair row = { 1, 2 };
    vgi_batch *params = NULL;
    conversation t;
    outside o;

    (void)state;
    begin(&t, &o);
    o.threshold = 2; /* answers stay */
    assert_int_equal(vgi_batch_from_rows(&params, VGI_FROM(calc_pair, &row), 1, NULL),
                     VGI_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vgi__writer_schema(t.writer, vgi_batch_schema(params), &t.error),
                         VGI_OK);
        if (i == 0)
            assert_int_equal(
                vgi__writer_batch(t.writer, vgi_batch_array(params), NULL, &t.error),
                VGI_OK);
        else
            assert_int_equal(
                vgi__writer_empty_batch(t.writer, &(vgi_metadata){ pairs, 3 }, &t.error),
                VGI_OK);
        assert_int_equal(vgi__writer_eos(t.writer, &t.error), VGI_OK);
        assert_int_equal(
            vgi__writer_gather(t.writer, i == 0 ? &o.objects[0] : &t.sent, &t.error),
            VGI_OK);
    }
    o.n = 1;
    vgi_batch_unref(params);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_double(&t, 3);
    end(&t, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_logs_after_the_batch),
        cmocka_unit_test(test_failed_turns),
        cmocka_unit_test(test_store_down),
        cmocka_unit_test(test_pointers_in),
    };

    return vgi_test_run(tests);
}
