/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that are saved after a turn and gone on with by another call. */
#include <string.h>

#include "rpc/call.h"
#include "rpc/stream.h"
#include "support/rpc/flow.h"
#include "support/rpc/session.h"

typedef struct fixture {
    conversation talk;
    vgi_builder *builder;
    vgi_call call;
    vgi__writer *writer;
    vgi_batch input;
    vgi__buffer answer, saved;
    vgi_error err;
} fixture;

/* Service NULL: the run-time one. */
static void setup(fixture *f, const vgi_service *service)
{
    *f = (fixture){ .builder = NULL };
    memset(&flow_saw, 0, sizeof(flow_saw));
    if (!service) {
        f->builder = flow_dynamic();
        assert_non_null(f->builder);
        service = vgi_builder_service(f->builder);
        assert_non_null(service);
    }
    talk_begin_with(&f->talk, NULL, service);
    vgi__batch_init(&f->input, NULL);
    vgi__buffer_init(&f->answer, NULL, SIZE_MAX);
    vgi__buffer_init(&f->saved, NULL, SIZE_MAX);
    assert_int_equal(vgi__writer_new(&f->writer, NULL, NULL, &f->err), VGI_OK);
    assert_int_equal(vgi__call_init(&f->call, f->talk.registry, f->writer, &f->err),
                     VGI_OK);
}

static void teardown(fixture *f)
{
    vgi__call_destroy(&f->call);
    vgi__batch_free(&f->input);
    vgi__buffer_free(&f->answer);
    vgi__buffer_free(&f->saved);
    vgi__writer_free(f->writer);
    talk_end(&f->talk);
    vgi_builder_free(f->builder);
}

/* A batch of one number, or a tick, as the call would get it. */
static void receive(fixture *f, vgi_batch *to, const char *method, const int64_t *n)
{
    vgi__buffer *sent = &f->talk.sent;

    if (n)
        talk_request(&f->talk, SEED(method), VGI_FROM(flow_number, (flow_number *)n), 1);
    else
        talk_ticks(&f->talk, 1);
    vgi__block *block = vgi__block_new(NULL, sent->len);
    assert_non_null(block);
    memcpy(block->data, sent->data, sent->len);
    int rc = vgi__stream_decode(to, block->data, sent->len, block, NULL, NULL, &f->err);
    vgi__block_unref(block);
    assert_int_equal(rc, VGI_OK);
    vgi__buffer_clear(sent);
}

static void open_stream(fixture *f, const char *method, int64_t n)
{
    vgi__call_reset(&f->call);
    receive(f, &f->call.request, method, &n);
    assert_int_equal(vgi__call_route(&f->call), VGI_OK);
    assert_int_equal(vgi__stream_open(&f->call, &f->err), VGI_OK);
    assert_int_equal(vgi__stream_begin(&f->call, &f->err), VGI_OK);
}

/* A turn with this input, or a tick. */
static int turn(fixture *f, const int64_t *n)
{
    receive(f, &f->input, "", n);
    return vgi__stream_turn(&f->call, &f->input, &f->err);
}

static void save(fixture *f)
{
    vgi_bytes state;

    assert_int_equal(vgi__stream_save(&f->call, &state), VGI_OK);
    vgi__buffer_clear(&f->saved);
    assert_true(vgi__buffer_append(&f->saved, state.data, state.len));
}

/* End this part of the stream and be ready to read it. */
static void end(fixture *f)
{
    assert_int_equal(vgi__stream_end(&f->call, &f->err), VGI_OK);
    vgi__buffer_clear(&f->answer);
    assert_int_equal(vgi__writer_gather(f->writer, &f->answer, &f->err), VGI_OK);
    talk_read(&f->talk, f->answer.data, f->answer.len);
    talk_expect_stream(&f->talk, 1);
}

/* With what was saved, in a call that knows nothing else. The bytes are gone then. */
static int resume(fixture *f, const char *method)
{
    vgi_call *c = &f->call;
    const vgi__method *m;
    int rc;

    vgi__call_reset(c);
    rc =
        vgi__call_address(c, VGI__EPOCH_SEED, (vgi_str){ NULL, 0 }, vgi_str_from(method));
    assert_int_equal(rc, VGI_OK);
    m = c->method;
    rc = vgi__stream_resume(c, (vgi_bytes){ f->saved.data, f->saved.len },
                            m->input_schema, m->output_schema);
    memset(f->saved.data, 0xee, f->saved.len);
    return rc;
}

static void go_on(fixture *f, const char *method)
{
    assert_int_equal(resume(f, method), VGI_OK);
    assert_int_equal(vgi__stream_begin(&f->call, &f->err), VGI_OK);
}

static void expect_number(fixture *f, int64_t n)
{
    vgi_i64s items;

    talk_expect_rows(&f->talk, 1);
    assert_int_equal(vgi_batch_i64(&f->talk.batch, "n", &items), VGI_OK);
    assert_int_equal(items.items[0], n);
}

/* ---- described state ---- */

static void test_producer(void **state)
{
    fixture f;
    char log[16] = "turn 0";

    (void)state;
    setup(&f, &flow_service);
    open_stream(&f, "count", 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(turn(&f, NULL), VGI_OK);
        save(&f);
        end(&f);
        assert_int_equal(flow_saw.destroyed, i + 1); /* a state for each part */
        if (i == 0)
            talk_expect_log(&f.talk, "INFO", "opened");
        log[5] = (char)('0' + i);
        talk_expect_log(&f.talk, "DEBUG", log);
        expect_number(&f, i);
        go_on(&f, "count");
    }
    assert_int_equal(turn(&f, NULL), VGI_END);
    end(&f);
    talk_expect_end(&f.talk);
    assert_int_equal(flow_saw.opened, 1);
    assert_int_equal(flow_saw.destroyed, 4);
    teardown(&f);
}

static void test_exchange(void **state)
{
    const int64_t inputs[] = { 5, 0, -3 }, sums[] = { 105, 105, 102 };
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    open_stream(&f, "sum", 100);
    save(&f);
    end(&f);
    for (int i = 0; i < 3; i++) {
        go_on(&f, "sum");
        assert_int_equal(turn(&f, &inputs[i]), VGI_OK);
        save(&f);
        end(&f);
        expect_number(&f, sums[i]);
    }
    teardown(&f);
}

static void test_no_state_at_all(void **state)
{
    const int64_t n = 5;
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    open_stream(&f, "echo", 1);
    save(&f);
    end(&f);
    go_on(&f, "echo");
    assert_int_equal(turn(&f, &n), VGI_OK);
    end(&f);
    expect_number(&f, 5);
    teardown(&f);
}

static void test_cancelled(void **state)
{
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    open_stream(&f, "count", 3);
    save(&f);
    end(&f);
    go_on(&f, "count");
    vgi__stream_cancel(&f.call);
    end(&f);
    talk_expect_end(&f.talk);
    assert_int_equal(flow_saw.cancelled, 1);
    assert_int_equal(flow_saw.destroyed, 2);
    teardown(&f);
}

/* ---- what is no state ---- */

static void expect_no_state(fixture *f, const char *method, const char *text)
{
    assert_int_equal(resume(f, method), VGI_EREMOTE);
    assert_true(f->call.failed);
    assert_string_equal(f->call.failure.type, "RuntimeError");
    assert_memory_equal(f->call.failure.message, "Failed to deserialize state: ", 29);
    if (!strstr(f->call.failure.message, text))
        fail_msg("%s", f->call.failure.message);
    assert_null(f->call.state);
}

static void test_bad_states(void **state)
{
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    assert_true(vgi__buffer_str(&f.saved, "no state"));
    expect_no_state(&f, "count", "not an Arrow IPC");
    open_stream(&f, "sum", 1);
    save(&f);
    end(&f);
    expect_no_state(&f, "count", "column 'count' is missing");
    assert_int_equal(flow_saw.destroyed, 0);
    teardown(&f);
}

static void test_who_can(void **state)
{
    static const struct {
        const char *method;
        bool can;
    } rows[] = { { "count", true }, { "echo", true }, { "opaque", false } };
    static const struct {
        const char *method;
        bool can;
    } dynamic[] = { { "up", true }, { "add", true }, { "stuck", false } };
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    for (size_t i = 0; i < 3; i++) {
        open_stream(&f, rows[i].method, 1);
        assert_int_equal(vgi__stream_can_suspend(f.call.method), rows[i].can);
        end(&f);
    }
    teardown(&f);
    setup(&f, NULL);
    for (size_t i = 0; i < 3; i++) {
        open_stream(&f, dynamic[i].method, 1);
        assert_int_equal(vgi__stream_can_suspend(f.call.method), dynamic[i].can);
        end(&f);
    }
    teardown(&f);
}

/* ---- run-time streams ---- */

static void test_dynamic(void **state)
{
    const int64_t five = 5;
    fixture f;

    (void)state;
    setup(&f, NULL);
    open_stream(&f, "up", 1);
    for (int64_t i = 1; i >= 0; i--) {
        assert_int_equal(turn(&f, NULL), VGI_OK);
        save(&f);
        end(&f);
        expect_number(&f, i);
        go_on(&f, "up");
    }
    assert_int_equal(turn(&f, NULL), VGI_END);
    end(&f);
    assert_int_equal(flow_saw.saved, 2);
    assert_int_equal(flow_saw.restored, 2);
    assert_int_equal(flow_saw.closed, 3);
    open_stream(&f, "add", 10);
    save(&f);
    end(&f);
    go_on(&f, "add");
    assert_int_equal(turn(&f, &five), VGI_OK);
    end(&f);
    expect_number(&f, 15);
    teardown(&f);
}

static void test_dynamic_failures(void **state)
{
    vgi_bytes bytes;
    fixture f;

    (void)state;
    setup(&f, NULL);
    open_stream(&f, "up", 99);
    assert_int_equal(vgi__stream_save(&f.call, &bytes), VGI_EREMOTE);
    assert_string_equal(f.call.failure.message, "99 cannot be saved");
    end(&f);
    assert_true(vgi__buffer_str(&f.saved, ""));
    expect_no_state(&f, "up", "no number");
    assert_int_equal(flow_saw.closed, 1);
    assert_true(vgi__buffer_str(&f.saved, "12x"));
    expect_no_state(&f, "up", "no number");
    assert_int_equal(flow_saw.closed, 2); /* of the state that restore had made */
    teardown(&f);
}

static int nothing(vgi_call *call, const vgi_batch *in, void **state, void *user)
{
    (void)call, (void)in, (void)state, (void)user;
    return VGI_OK;
}

static int no_turn(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                   void *user)
{
    (void)call, (void)state, (void)in, (void)user;
    return vgi_output_finish(out);
}

static int save_nothing(vgi_call *call, const void *state, vgi_bytes *bytes, void *user)
{
    (void)call, (void)state, (void)bytes, (void)user;
    return VGI_OK;
}

static void test_save_and_restore_go_together(void **state)
{
    const vgi_dynamic_stream half = { .size = sizeof(half),
                                      .kind = VGI_METHOD_PRODUCER,
                                      .open = nothing,
                                      .next = no_turn,
                                      .save = save_nothing };
    const vgi_method method = { .size = sizeof(method),
                                .ident = "half",
                                .kind = VGI_METHOD_PRODUCER,
                                .dynamic_open = nothing,
                                .dynamic_next = no_turn,
                                .dynamic_save = save_nothing };
    const vgi_method *const table[] = { &method, NULL };
    const vgi_service service = { VGI_SERVICE_INIT, .name = "Half", .methods = table };
    vgi__registry *r;
    vgi_builder *b;
    vgi_error err;

    (void)state;
    assert_int_equal(vgi_builder_new(&b, "Half", NULL, &err), VGI_OK);
    assert_int_equal(vgi_builder_stream(b, "half", &half, &err), VGI_EINVAL);
    assert_string_equal(err.message,
                        "Half.half: a stream has save and restore, or none of them");
    vgi_builder_free(b);
    assert_int_equal(vgi__registry_new(&r, NULL, &err), VGI_OK);
    assert_int_equal(vgi__registry_add(r, &service, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "save and restore"));
    vgi__registry_free(r);
}

/* ---- metadata that is added after the handler ---- */

static int add_pair(vgi_call *call, void *user)
{
    ++*(int *)user;
    return vgi__output_pair(&call->output, VGI_LIT("late"), VGI_LIT("yes"));
}

static int refuse_pair(vgi_call *call, void *user)
{
    (void)user;
    return vgi_fail(call, "ValueError", "no pair for you");
}

static void sum_turn(fixture *f, int (*hook)(vgi_call *, void *), int *user, int64_t n,
                     int status)
{
    open_stream(f, "sum", 1);
    f->call.before_batch = hook;
    f->call.before_batch_user = user;
    assert_int_equal(turn(f, &n), status);
    f->call.before_batch = NULL;
    end(f);
    talk_expect_log(&f->talk, "INFO", "opened");
}

static void test_before_batch(void **state)
{
    int calls = 0;
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    sum_turn(&f, add_pair, &calls, 4, VGI_OK);
    expect_number(&f, 5);
    assert_string_equal(talk_key(&f.talk, "late"), "yes");
    sum_turn(&f, add_pair, &calls, FLOW_EMIT_EARLY, VGI_OK); /* all in its place */
    talk_expect_log(&f.talk, "INFO", "before");
    expect_number(&f, 1);
    assert_string_equal(talk_key(&f.talk, "who"), "me");
    assert_string_equal(talk_key(&f.talk, "late"), "yes");
    talk_expect_log(&f.talk, "INFO", "after");
    talk_expect_end(&f.talk);
    assert_int_equal(calls, 2);
    sum_turn(&f, refuse_pair, NULL, 4, VGI_EREMOTE);
    talk_expect_exception(&f.talk, "ValueError", "no pair for you");
    talk_expect_end(&f.talk);
    teardown(&f);
}

/* A batch that waited goes with the turn that failed; its logs do not. */
static void test_before_batch_of_failing_turns(void **state)
{
    int calls = 0;
    fixture f;

    (void)state;
    setup(&f, &flow_service);
    sum_turn(&f, add_pair, &calls, FLOW_FAIL_LATE, VGI_EREMOTE);
    talk_expect_log(&f.talk, "WARN", "about to");
    talk_expect_log(&f.talk, "WARN", "now");
    talk_expect_exception(&f.talk, "ValueError", "as told");
    talk_expect_end(&f.talk);
    sum_turn(&f, add_pair, &calls, FLOW_TWICE, VGI_EREMOTE);
    talk_expect_log(&f.talk, "WARN", "about to");
    talk_expect_exception(&f.talk, "RuntimeError", "Only one data batch");
    sum_turn(&f, add_pair, &calls, FLOW_NOTHING, VGI_EREMOTE);
    talk_expect_exception(&f.talk, "RuntimeError", "No data batch was emitted");
    assert_int_equal(calls, 0);
    sum_turn(&f, add_pair, &calls, 1, VGI_OK); /* nothing of it stays */
    expect_number(&f, 2);
    talk_expect_end(&f.talk);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_producer),
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_no_state_at_all),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_bad_states),
        cmocka_unit_test(test_who_can),
        cmocka_unit_test(test_dynamic),
        cmocka_unit_test(test_dynamic_failures),
        cmocka_unit_test(test_save_and_restore_go_together),
        cmocka_unit_test(test_before_batch),
        cmocka_unit_test(test_before_batch_of_failing_turns),
    };
    return vgi_test_run(tests);
}
