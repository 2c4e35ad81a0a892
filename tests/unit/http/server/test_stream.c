/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over HTTP, one request at a time: what is in each answer, and what goes on with
 * its token. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "support/http/server/surface.h"
#include "support/rpc/flow.h"

typedef struct flow {
    surface s;
    char token[8192]; /* of the last answer */
} flow;

static void begin(flow *f, const vgi_http_options *http)
{
    memset(&flow_saw, 0, sizeof(flow_saw));
    f->token[0] = '\0';
    surface_begin_with(&f->s, http, &flow_service);
}

static void end(flow *f)
{
    surface_end(&f->s);
}

/* ---- requests ---- */

static int init(flow *f, const char *method, int64_t n)
{
    const flow_number row = { n };
    char path[64];

    (void)snprintf(path, sizeof(path), "/%s/init", method);
    talk_request(&f->s.talk, SEED(method), VGI_FROM(flow_number, &row), 1);
    return surface_post(&f->s, path);
}

/* The token with an input of one number, or with none, and perhaps one more pair. */
static int go_on_with(flow *f, const char *method, const int64_t *n, vgi_pair more)
{
    vgi_pair pairs[2] = { { VGI_LIT(VGI_KEY_STREAM_STATE), vgi_str_from(f->token) },
                          more };
    const vgi_metadata m = { pairs, more.key.data ? 2 : 1 };
    conversation *t = &f->s.talk;
    vgi_batch *b = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "/%s/exchange", method);
    if (n) {
        const flow_number row = { *n };

        assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(flow_number, &row), 1, NULL),
                         VGI_OK);
    }
    talk_input(t, b ? b->schema : NULL);
    int rc = b ? vgi__writer_batch(t->writer, b->root, &m, NULL)
               : vgi__writer_empty_batch(t->writer, &m, NULL);
    assert_int_equal(rc, VGI_OK);
    talk_input_end(t);
    vgi_batch_unref(b);
    return surface_post(&f->s, path);
}

static int go_on(flow *f, const char *method)
{
    return go_on_with(f, method, NULL, (vgi_pair){ { NULL, 0 }, { NULL, 0 } });
}

static int exchange(flow *f, const char *method, int64_t n)
{
    return go_on_with(f, method, &n, (vgi_pair){ { NULL, 0 }, { NULL, 0 } });
}

/* ---- answers ---- */

static void take_token(flow *f)
{
    const char *token = talk_key(&f->s.talk, VGI_KEY_STREAM_STATE);

    assert_non_null(token);
    assert_true(strlen(token) < sizeof(f->token));
    memcpy(f->token, token, strlen(token) + 1);
}

/* A batch of no rows with nothing but a token. */
static void expect_token(flow *f)
{
    talk_expect_rows(&f->s.talk, 0);
    assert_int_equal(f->s.talk.batch.metadata.count, 1);
    take_token(f);
}

static void expect_number(flow *f, const char *column, int64_t n)
{
    vgi_i64s items;

    talk_expect_rows(&f->s.talk, 1);
    assert_int_equal(vgi_batch_i64(&f->s.talk.batch, column, &items), VGI_OK);
    assert_int_equal(items.items[0], n);
}

/* An answer of an exchange: one row, with the next token. */
static void expect_sum(flow *f, int64_t n)
{
    talk_expect_stream(&f->s.talk, 1);
    expect_number(f, "n", n);
    take_token(f);
    talk_expect_end(&f->s.talk);
    talk_expect_no_more(&f->s.talk);
}

/* The whole answer is an exception. */
static void expect_failure(flow *f, size_t columns, const char *type, const char *text)
{
    talk_expect_stream(&f->s.talk, columns);
    talk_expect_exception(&f->s.talk, type, text);
    talk_expect_end(&f->s.talk);
    talk_expect_no_more(&f->s.talk);
}

static void expect_refusal(flow *f, int status, const char *type, const char *text)
{
    assert_int_equal(f->s.response.status, status);
    surface_expect(&f->s, "X-VGI-RPC-Error", NULL);
    expect_failure(f, 0, type, text);
}

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

static void expect_numbers(flow *f, int64_t from, int64_t to)
{
    talk_expect_stream(&f->s.talk, 1);
    for (; from < to; from++) {
        do
            assert_int_equal(vgi__reader_next(f->s.talk.reader, &f->s.talk.batch, NULL),
                             VGI_OK);
        while (vgi__batch_classify(&f->s.talk.batch) == VGI__BATCH_LOG);
        vgi_i64s items;
        assert_int_equal(vgi_batch_rows(&f->s.talk.batch), 1);
        assert_int_equal(vgi_batch_i64(&f->s.talk.batch, "n", &items), VGI_OK);
        assert_int_equal(items.items[0], from);
    }
}

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

static void start_sum(flow *f, int64_t n)
{
    assert_int_equal(init(f, "sum", n), 200);
    talk_expect_stream(&f->s.talk, 1);
    talk_expect_log(&f->s.talk, "INFO", "opened");
    expect_token(f);
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
    assert_int_equal(init(&f, "sum", 1), 200);
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
    const calc_count three = { 3 };
    surface s;

    (void)state;
    surface_begin(&s, NULL, NULL);
    talk_request(&s.talk, CURRENT("count"), VGI_FROM(calc_count, &three), 1);
    assert_int_equal(surface_post(&s, "/Calc/count/init"), 404);
    talk_expect_stream(&s.talk, 0);
    talk_expect_exception(&s.talk, "MethodNotImplementedError", "/count/init");
    assert_string_equal(talk_key(&s.talk, VGI_KEY_ERROR_KIND), "method_not_implemented");
    talk_request(&s.talk, CURRENT("count"), VGI_FROM(calc_count, &three), 1);
    assert_int_equal(surface_post(&s, "/Calc/count/exchange"), 404);
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
