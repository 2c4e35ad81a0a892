/* SPDX-License-Identifier: Apache-2.0 */
/* Streams over HTTP: which token goes when, and what ends a stream. */
#include "http_rig.h"

static canned server;

static const vgi_stream_options with_header = { .size = sizeof(vgi_stream_options),
                                                .has_header = true };
static const vgi_stream_options as_exchange = { .size = sizeof(vgi_stream_options),
                                                .exchange = true };

typedef struct number_row {
    int64_t n;
} number_row;
VGI_STRUCT(number_row, VGI_FIELD(number_row, n));

static int open_stream(rig *r, vgi_stream **s, const vgi_stream_options *options)
{
    r->err = (vgi_error){ 0 };
    return vgi_client_stream(s, r->client, "count", &vgi_type_vgi_void, NULL, options,
                             &r->err);
}

static int next_row(rig *r, vgi_stream *s, int64_t *n)
{
    number_row row = { 0 };
    const int rc = vgi_stream_row(s, VGI_INTO(number_row, &row), &r->err);

    *n = row.n;
    return rc;
}

/* The first n of a batch. */
static int64_t number_in(const vgi_batch *b)
{
    vgi_i64s items = { 0 };

    assert_int_equal(vgi_batch_i64(b, "n", &items), VGI_OK);
    return items.items[0];
}

/* Send {"n": n} and read the answer's n. */
static int exchange(rig *r, vgi_stream *s, int64_t n, int64_t *answer)
{
    const vgi_pair mine = peer_pair("mine", "yes");
    const number_row row = { n };
    const vgi_batch *out = NULL;
    vgi_batch *in = NULL;

    assert_int_equal(vgi_batch_from_rows(&in, VGI_FROM(number_row, &row), 1, NULL),
                     VGI_OK);
    in->metadata = (vgi_metadata){ &mine, 1 };
    r->err = (vgi_error){ 0 };
    const int rc = vgi_stream_exchange(s, in, &out, &r->err);
    in->metadata = (vgi_metadata){ 0 };
    vgi_batch_unref(in);
    *answer = -1;
    if (rc == VGI_OK && vgi_batch_rows(out) > 0)
        *answer = number_in(out);
    return rc;
}

static vgi_schema *numbers(void)
{
    const vgi_column c = { .name = "n", .format = "l" };
    vgi_schema *schema = NULL;

    assert_int_equal(vgi_schema_build(&schema, &c, 1, NULL), VGI_OK);
    return schema;
}

/* An answer of one batch, if there is one, and a token. */
static void answer_json(rig *r, const vgi_schema *schema, const char *json,
                        const char *token)
{
    peer_begin(&r->p, schema);
    if (json)
        peer_json(&r->p, schema, json);
    if (token)
        rig_token(r, token);
    peer_end(&r->p);
    rig_ok(r);
}

static void answer_token(rig *r, const vgi_schema *schema, const char *token)
{
    answer_json(r, schema, NULL, token);
}

/* The token that came with request `i`. */
static const char *token_of(rig *r, size_t i)
{
    rig_sent(r, i);
    return peer_sent_key(&r->p, VGI_KEY_STREAM_STATE);
}

/* ---- producers ---- */

static void rows_of_a_producer(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, schema); /* data, and where to go on */
    peer_log(&r.p, "INFO", "opening");
    peer_json(&r.p, schema, "[{\"n\": 1}, {\"n\": 2}]");
    rig_token(&r, "one");
    peer_end(&r.p);
    rig_ok(&r);
    peer_begin(&r.p, schema); /* two batches, one without rows, with a log between */
    peer_json(&r.p, schema, "[]");
    peer_log(&r.p, "INFO", "between");
    peer_json(&r.p, schema, "{\"n\": 3}");
    rig_token(&r, "two");
    peer_end(&r.p);
    rig_ok(&r);
    answer_token(&r, schema, "three");           /* a turn without data */
    answer_json(&r, schema, "{\"n\": 4}", NULL); /* the last one */
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    for (int64_t want = 1; want <= 4; want++) {
        int64_t n;
        assert_int_equal(next_row(&r, s, &n), VGI_OK);
        assert_int_equal(n, want);
        if (want == 2)
            assert_int_equal(r.p.logs, 1);
    }
    int64_t n;
    assert_int_equal(next_row(&r, s, &n), VGI_END);
    assert_int_equal(next_row(&r, s, &n), VGI_END);
    assert_int_equal(r.p.logs, 2);
    assert_int_equal(rig_void(&r), VGI_OK); /* the client is free */
    vgi_stream_close(s);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 5);
    assert_true(rig_path_is(&r, 0, "/vgi/count/init"));
    for (size_t i = 1; i < 4; i++)
        assert_true(rig_path_is(&r, i, "/vgi/count/exchange"));
    assert_string_equal(token_of(&r, 0), "-");
    assert_string_equal(token_of(&r, 1), "one");
    assert_string_equal(peer_sent_key(&r.p, VGI_KEY_METHOD), "-");
    assert_string_equal(token_of(&r, 2), "two");
    assert_string_equal(token_of(&r, 3), "three");
    assert_string_equal(token_of(&r, 4), "-");
    vgi_schema_unref(schema);
    rig_free(&r);
}

static void an_empty_producer(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    const vgi_batch *b = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, schema);
    peer_end(&r.p);
    rig_ok(&r);
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &b, &r.err), VGI_END);
    vgi_stream_close(s);
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* What the user sees of a batch that carries a token, too. */
static void tokens_are_not_seen(void **state)
{
    const vgi_pair tick = peer_pair("tick", "tock");
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    const vgi_batch *b = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, schema);
    rig_json_token(&r, schema, "{\"n\": 1}", "one");
    peer_end(&r.p);
    rig_ok(&r);
    answer_json(&r, schema, "{\"n\": 2}", NULL);
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &b, &r.err), VGI_OK);
    const vgi_metadata m = vgi_batch_metadata(b);
    assert_int_equal(m.count, 2);
    assert_true(vgi_str_eq(m.pairs[0].key, "one") && vgi_str_eq(m.pairs[1].key, "two"));
    assert_int_equal(vgi_stream_tick(s, &(vgi_metadata){ &tick, 1 }, &b, &r.err), VGI_OK);
    vgi_stream_close(s);
    canned_stop(&server);
    assert_string_equal(token_of(&r, 1), "one");
    assert_string_equal(peer_sent_key(&r.p, "tick"), "tock");
    vgi_schema_unref(schema);
    rig_free(&r);
}

static void headers_come_first(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, schema);
    peer_log(&r.p, "INFO", "before the header");
    peer_json(&r.p, schema, "{\"n\": 99}");
    peer_end(&r.p);
    answer_json(&r, schema, "{\"n\": 1}", NULL);
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, &with_header), VGI_OK);
    assert_int_equal(r.p.logs, 1);
    assert_int_equal(vgi_batch_rows(vgi_stream_header(s)), 1);
    assert_int_equal(next_row(&r, s, &n), VGI_OK);
    assert_int_equal(n, 1);
    assert_int_equal(next_row(&r, s, &n), VGI_END);
    vgi_stream_close(s);
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* A turn of a producer can be asked for twice; what its token leads to is the same. */
static void the_next_batch_is_asked_for_again(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_token(&r, schema, "one");
    rig_text(&r, "503 Gone", "", "");
    answer_json(&r, schema, "{\"n\": 5}", "two");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(next_row(&r, s, &n), VGI_OK);
    assert_int_equal(n, 5);
    vgi_stream_close(s); /* forgets the token, which is all there is */
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    assert_string_equal(token_of(&r, 1), "one");
    assert_string_equal(token_of(&r, 2), "one");
    vgi_schema_unref(schema);
    rig_free(&r);
}

static void a_producer_that_never_produces(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    const vgi_batch *b = NULL;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_token(&r, schema, "on and on");
    server.answers[0].after = CANNED_AGAIN;
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &b, &r.err), VGI_ELIMIT);
    assert_int_equal(vgi_stream_next(s, &b, &r.err), VGI_END);
    vgi_stream_close(s);
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* ---- exchanges ---- */

static void inputs_and_answers(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    peer_begin(&r.p, schema);
    peer_log(&r.p, "INFO", "opening");
    rig_token(&r, "one");
    peer_end(&r.p);
    rig_ok(&r);
    peer_begin(&r.p, schema);
    peer_log(&r.p, "INFO", "before");
    rig_json_token(&r, schema, "{\"n\": 10}", "two");
    peer_log(&r.p, "INFO", "after");
    peer_end(&r.p);
    rig_ok(&r);
    peer_begin(&r.p, schema);
    rig_json_token(&r, schema, "[]", "three"); /* no rows, and an answer all the same */
    peer_end(&r.p);
    rig_ok(&r);
    answer_json(&r, schema, "{\"n\": 30}", NULL); /* without a token: the last one */
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_OK);
    assert_int_equal(n, 10);
    assert_int_equal(r.p.logs, 2);
    assert_int_equal(exchange(&r, s, 2, &n), VGI_OK);
    assert_int_equal(n, -1);
    assert_int_equal(r.p.logs, 3);
    assert_int_equal(exchange(&r, s, 3, &n), VGI_OK);
    assert_int_equal(n, 30);
    assert_int_equal(exchange(&r, s, 4, &n), VGI_END);
    vgi_stream_close(s);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 4);
    static const char *const tokens[] = { "-", "one", "two", "three" };
    for (size_t i = 1; i < 4; i++) {
        assert_string_equal(token_of(&r, i), tokens[i]);
        assert_string_equal(peer_sent_key(&r.p, "mine"), "yes");
        assert_int_equal(number_in(&r.p.batch), i);
    }
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* Servers that answer what was not asked. */
static void exchanges_out_of_step(void **state)
{
    vgi_schema *schema = numbers(), *other = peer_schema("x", "l");
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_json(&r, schema, "{\"n\": 1}", "one"); /* data before there was an input */
    for (int i = 0; i < 2; i++) {
        answer_token(&r, schema, "one");
        peer_begin(&r.p, i == 0 ? schema : other);
        rig_json_token(&r, i == 0 ? schema : other, i == 0 ? "{\"n\": 1}" : "{\"x\": 1}",
                       "two");
        peer_json(&r.p, i == 0 ? schema : other, "[]");
        peer_end(&r.p);
        rig_ok(&r);
    }
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EPROTO);
    assert_true(rig_says(&r, "producer"));
    vgi_stream_close(s);
    /* Two answers to one input: seen when the second is due. */
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EPROTO);
    assert_true(rig_says(&r, "two batches"));
    vgi_stream_close(s);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EPROTO);
    assert_true(rig_says(&r, "schema"));
    vgi_stream_close(s);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 6);
    vgi_schema_unref(schema);
    vgi_schema_unref(other);
    rig_free(&r);
}

static void a_turn_that_is_lost_is_not_repeated(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_token(&r, schema, "one");
    rig_text(&r, "503 Gone", "", "lost");
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EPROTO);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_END);
    vgi_stream_close(s);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 3);
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* ---- exceptions ---- */

/* A refusal to open is seen at the first turn, or in place of the header; the connection
 * has no place in a conversation to lose. */
static void refusals_to_open(void **state)
{
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (int i = 0; i < 3; i++) {
        peer_refuse(&r.p, "TypeError: no", i == 1 ? "INVALID" : NULL, NULL);
        rig_arrow(&r, "200 OK", "X-VGI-RPC-Error: true\r\n");
    }
    rig_text(&r, "401 Unauthorized", "", "who are you");
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(next_row(&r, s, &n), VGI_EREMOTE);
    assert_string_equal(r.err.type, "TypeError");
    vgi_stream_close(s);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EREMOTE);
    vgi_stream_close(s);
    assert_int_equal(open_stream(&r, &s, &with_header), VGI_EREMOTE);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_EREMOTE);
    assert_string_equal(r.err.type, "AuthenticationError");
    assert_int_equal(rig_void(&r), VGI_OK);
    rig_free(&r);
}

static void exceptions_in_the_middle(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_json(&r, schema, "{\"n\": 1}", "one");
    peer_begin(&r.p, schema);
    peer_error(&r.p, "RuntimeError: gone wrong", NULL, NULL);
    rig_token(&r, "two"); /* which is of no use any more */
    peer_end(&r.p);
    rig_ok(&r);
    answer_token(&r, schema, "one");
    peer_refuse(&r.p, "RuntimeError: State token expired", NULL, NULL);
    rig_arrow(&r, "400 Bad", "");
    rig_void_answer(&r, "");
    rig_connect(&r);
    assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
    assert_int_equal(next_row(&r, s, &n), VGI_OK);
    assert_int_equal(next_row(&r, s, &n), VGI_EREMOTE);
    assert_true(rig_says(&r, "gone wrong"));
    assert_int_equal(next_row(&r, s, &n), VGI_END);
    vgi_stream_close(s);
    assert_int_equal(open_stream(&r, &s, &as_exchange), VGI_OK);
    assert_int_equal(exchange(&r, s, 1, &n), VGI_EREMOTE);
    assert_true(rig_says(&r, "expired"));
    vgi_stream_close(s);
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 5);
    vgi_schema_unref(schema);
    rig_free(&r);
}

/* ---- ends ---- */

/* Write the answer to init, with data and a token; then the one to a cancel. */
static void answer_init_and_cancel(rig *r, const vgi_schema *schema, const char *token)
{
    peer_begin(&r->p, schema);
    peer_log(&r->p, "INFO", "opening");
    peer_json(&r->p, schema, "{\"n\": 1}");
    if (token)
        rig_token(r, token);
    peer_end(&r->p);
    rig_ok(r);
    if (!token)
        return;
    peer_begin(&r->p, schema);
    peer_end(&r->p);
    rig_ok(r);
}

static void cancelled_streams(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    answer_init_and_cancel(&r, schema, "one");
    answer_init_and_cancel(&r, schema, "two");
    answer_init_and_cancel(&r, schema, NULL);
    answer_init_and_cancel(&r, schema, NULL);
    rig_void_answer(&r, "");
    rig_connect(&r);
    for (int i = 0; i < 4; i++) { /* after a row, and before the first one */
        assert_int_equal(open_stream(&r, &s, NULL), VGI_OK);
        if (i % 2 == 0)
            assert_int_equal(next_row(&r, s, &n), VGI_OK);
        assert_int_equal(vgi_stream_cancel(s, &r.err), VGI_OK);
        assert_int_equal(vgi_stream_cancel(s, &r.err), VGI_OK);
        assert_int_equal(next_row(&r, s, &n), VGI_END);
        vgi_stream_close(s);
    }
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 7);
    for (size_t i = 1; i < 4; i += 2) {
        assert_true(rig_path_is(&r, i, "/vgi/count/exchange"));
        assert_string_equal(token_of(&r, i), i == 1 ? "one" : "two");
        assert_string_equal(peer_sent_key(&r.p, VGI_KEY_CANCEL), "1");
    }
    vgi_schema_unref(schema);
    rig_free(&r);
}

static void closed_streams_send_nothing(void **state)
{
    vgi_schema *schema = numbers();
    vgi_stream *s = NULL;
    int64_t n;
    rig r;

    (void)state;
    rig_init(&r, &server);
    for (int i = 0; i < 3; i++) {
        answer_init_and_cancel(&r, schema, "one");
        r.n--;
        server.n_answers--; /* nobody cancels */
        vgi__buffer_clear(&r.wire[r.n]);
    }
    rig_void_answer(&r, "");
    rig_connect(&r);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(open_stream(&r, &s, i == 2 ? &as_exchange : NULL), VGI_OK);
        if (i == 1)
            assert_int_equal(next_row(&r, s, &n), VGI_OK);
        vgi_stream_close(s);
    }
    assert_int_equal(rig_void(&r), VGI_OK);
    canned_stop(&server);
    assert_int_equal(server.n_requests, 4);
    vgi_schema_unref(schema);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_producer),
        cmocka_unit_test(an_empty_producer),
        cmocka_unit_test(tokens_are_not_seen),
        cmocka_unit_test(headers_come_first),
        cmocka_unit_test(the_next_batch_is_asked_for_again),
        cmocka_unit_test(a_producer_that_never_produces),
        cmocka_unit_test(inputs_and_answers),
        cmocka_unit_test(exchanges_out_of_step),
        cmocka_unit_test(a_turn_that_is_lost_is_not_repeated),
        cmocka_unit_test(refusals_to_open),
        cmocka_unit_test(exceptions_in_the_middle),
        cmocka_unit_test(cancelled_streams),
        cmocka_unit_test(closed_streams_send_nothing),
    };
    return vgi_test_run(tests);
}
