/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in lockstep: order on the wire, ends of all kinds, and refusals to open. */
#include <stdio.h>

#include "peer.h"

typedef struct number_row {
    int64_t n;
} number_row;
VGI_STRUCT(number_row, VGI_FIELD(number_row, n));

static const vgi_stream_options with_header = { .size = sizeof(vgi_stream_options),
                                                .has_header = true };
static const vgi_stream_options as_exchange = { .size = sizeof(vgi_stream_options),
                                                .exchange = true };

/* Connected to a server that wants no protocol: its name does not matter here. */
static void connect_routed(peer *p)
{
    p->protocol = "Numbers";
    peer_connect(p);
}

static int open_stream(peer *p, vgi_stream **s, const vgi_stream_options *options,
                       vgi_error *err)
{
    return vgi_client_stream(s, p->client, "count", &vgi_type_vgi_void, NULL, options,
                             err);
}

static int call_void(peer *p, vgi_error *err)
{
    return vgi_client_call(p->client, "noop", &vgi_type_vgi_void, NULL,
                           &vgi_type_vgi_void, NULL, NULL, err);
}

static void producer_rows(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    number_row row;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "[{\"n\": 1}, {\"n\": 2}]");
    peer_log(&p, "INFO", "between");
    peer_json(&p, schema, "[]"); /* a batch without rows is not the end */
    peer_json(&p, schema, "{\"n\": 3}");
    peer_end(&p);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    assert_null(vgi_stream_header(s));
    assert_int_equal(call_void(&p, &err), VGI_EINVAL);
    for (int64_t i = 1; i <= 3; i++) {
        assert_int_equal(vgi_stream_row(s, VGI_INTO(number_row, &row), &err), VGI_OK);
        assert_int_equal(row.n, i);
    }
    assert_int_equal(p.logs, 1);
    assert_int_equal(vgi_stream_row(s, VGI_INTO(number_row, &row), &err), VGI_END);
    assert_int_equal(vgi_stream_row(s, VGI_INTO(number_row, &row), &err), VGI_END);
    /* The stream is over: the connection is free although it was not closed. */
    assert_int_equal(call_void(&p, &err), VGI_OK);
    vgi_stream_close(s);

    assert_int_equal(peer_sent_stream(&p), 0); /* the request */
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "count");
    assert_false(peer_sent_batch(&p));
    assert_int_equal(peer_sent_stream(&p),
                     0); /* ticks, one for each batch and one for the end */
    for (int i = 0; i < 4; i++) {
        assert_true(peer_sent_batch(&p));
        assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "-");
    }
    assert_false(peer_sent_batch(&p));
    assert_int_equal(peer_sent_stream(&p), 0); /* the call behind it */
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "noop");
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void ticks_carry_metadata(void **state)
{
    const vgi_pair pair = peer_pair("app.page", "7");
    const vgi_metadata tick = { &pair, 1 };
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *batch = NULL;
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    peer_end(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_stream_tick(s, &tick, &batch, NULL), VGI_OK);
    assert_int_equal(vgi_batch_rows(batch), 1);
    vgi_stream_close(s);
    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, "app.page"), "7");
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void header_comes_first(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *batch = NULL;
    vgi_stream *s = NULL;
    vgi_i64s column;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_log(&p, "DEBUG", "opening");
    peer_json(&p, schema, "{\"n\": 100}");
    peer_end(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    peer_end(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, &with_header, NULL), VGI_OK);
    assert_int_equal(p.logs, 1);
    assert_int_equal(vgi_stream_next(s, &batch, NULL), VGI_OK);
    assert_int_equal(vgi_batch_i64(batch, "n", &column), VGI_OK);
    assert_int_equal(column.items[0], 1);
    assert_int_equal(vgi_batch_i64(vgi_stream_header(s), "n", &column), VGI_OK);
    assert_int_equal(column.items[0], 100);
    assert_int_equal(vgi_stream_next(s, &batch, NULL), VGI_END);
    vgi_stream_close(s);
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void exchange_answers(void **state)
{
    vgi_schema *schema = peer_schema("n", "l"), *other = peer_schema("m", "l");
    vgi_batch *in = NULL, *wrong = NULL;
    const vgi_batch *answer = NULL;
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    number_row row;
    peer p;

    (void)state;
    assert_int_equal(vgi_batch_from_json(&in, schema, VGI_LIT("{\"n\": 21}"), NULL),
                     VGI_OK);
    assert_int_equal(vgi_batch_from_json(&wrong, other, VGI_LIT("{\"m\": 1}"), NULL),
                     VGI_OK);
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 42}");
    peer_json(&p, schema, "{\"n\": 43}");
    peer_end(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, &as_exchange, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &answer, &err), VGI_EINVAL);
    assert_int_equal(vgi_stream_row(s, VGI_INTO(number_row, &row), &err), VGI_EINVAL);
    assert_int_equal(vgi_stream_exchange(s, in, &answer, NULL), VGI_OK);
    assert_int_equal(vgi_stream_exchange(s, wrong, &answer, &err), VGI_ESCHEMA);
    assert_int_equal(vgi_stream_exchange(s, in, &answer, NULL), VGI_OK);
    vgi_stream_close(s);

    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    assert_int_equal(peer_sent_stream(&p), 1);
    assert_true(peer_sent_batch(&p));
    assert_true(peer_sent_batch(&p));
    assert_false(peer_sent_batch(&p));
    peer_sent_end(&p);
    vgi_batch_unref(in);
    vgi_batch_unref(wrong);
    vgi_schema_unref(schema);
    vgi_schema_unref(other);
    peer_free(&p);
}

static void producers_take_no_batches(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *answer = NULL;
    vgi_stream *s = NULL;
    vgi_batch *in = NULL;
    peer p;

    (void)state;
    assert_int_equal(vgi_batch_from_json(&in, schema, VGI_LIT("{\"n\": 21}"), NULL),
                     VGI_OK);
    peer_init(&p);
    peer_begin(&p, schema);
    peer_end(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_stream_exchange(s, in, &answer, NULL), VGI_EINVAL);
    vgi_stream_close(s);
    vgi_batch_unref(in);
    vgi_schema_unref(schema);
    peer_free(&p);
}

/* Closed without a single turn: an empty input stream lets the server go on. */
static void close_at_once(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_end(&p);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    assert_int_equal(peer_sent_stream(&p), 0);
    assert_false(peer_sent_batch(&p));
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void cancel(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *batch = NULL;
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    peer_end(&p);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, NULL), VGI_OK);
    assert_int_equal(vgi_stream_cancel(s, NULL), VGI_OK);
    assert_int_equal(vgi_stream_cancel(s, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, NULL), VGI_END);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_CANCEL), "-");
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_CANCEL), "1");
    assert_false(peer_sent_batch(&p));
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void failure_in_the_middle(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *batch = NULL;
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    peer_error(&p, "RuntimeError: it broke", NULL, NULL);
    peer_end(&p);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_EREMOTE);
    assert_string_equal(err.message, "it broke");
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_END);
    assert_int_equal(call_void(&p, NULL), VGI_OK);
    vgi_stream_close(s);
    vgi_schema_unref(schema);
    peer_free(&p);
}

/* ---- refusals to open ---- */

typedef struct refusal_case {
    const char *message, *code, *kind;
    bool input_sent;          /* with a header: an empty input stream follows */
    int with_header, without; /* what the next call says */
} refusal_case;

static const refusal_case refusals[] = {
    /* the method of a current server, which reads an input stream then */
    { "ValueError: no", "UNKNOWN", NULL, true, VGI_OK, VGI_OK },
    /* a server of the seed epoch, which does not */
    { "ValueError: no", NULL, NULL, false, VGI_OK, VGI_ECLOSED },
    /* the dispatch of a current server, which does not either */
    { "MethodNotImplementedError: no", "UNIMPLEMENTED", "method_not_implemented", false,
      VGI_OK, VGI_ECLOSED },
    /* who of them it was cannot be seen */
    { "TypeError: no", "UNKNOWN", NULL, false, VGI_ECLOSED, VGI_ECLOSED },
};

static void refused_with_header(const refusal_case *r)
{
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    peer_init(&p);
    peer_refuse(&p, r->message, r->code, r->kind);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, &with_header, &err), VGI_EREMOTE);
    assert_null(s);
    assert_int_equal(call_void(&p, &err), r->with_header);
    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    if (r->input_sent) {
        assert_int_equal(peer_sent_stream(&p), 0);
        assert_false(peer_sent_batch(&p));
    }
    if (r->with_header == VGI_OK) {
        (void)peer_sent_stream(&p);
        assert_true(peer_sent_batch(&p));
        assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "noop");
        assert_false(peer_sent_batch(&p));
    }
    peer_sent_end(&p);
    peer_free(&p);
}

static void refused_without(const refusal_case *r)
{
    const vgi_batch *batch = NULL;
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    peer_init(&p);
    peer_refuse(&p, r->message, r->code, r->kind);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_EREMOTE);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, &err), r->without);
    if (r->without != VGI_OK)
        assert_non_null(strstr(err.message, "refused to open a stream"));
    peer_free(&p);
}

static void refusals_with_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        refused_with_header(&refusals[i]);
}

static void refusals_without_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        refused_without(&refusals[i]);
}

/* ---- servers that do not keep to it ---- */

static void header_is_missing(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_end(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, &with_header, &err), VGI_EPROTO);
    assert_string_equal(err.message, "count() sent no header");
    assert_int_equal(call_void(&p, &err), VGI_ECLOSED);
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void output_without_end(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    const size_t schema_bytes = vgi_schema_message(schema).len;
    const size_t batch_bytes = p.answers.len - schema_bytes;
    for (int i = 0; i < VGI__DRAIN_BATCHES + 1; i++) {
        uint8_t *to = vgi__buffer_extend(&p.answers, batch_bytes);
        assert_non_null(to);
        memcpy(to, p.answers.data + schema_bytes, batch_bytes);
    }
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, &err), VGI_ECLOSED);
    assert_non_null(strstr(err.message, "does not end"));
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void rows_of_another_type(void **state)
{
    vgi_schema *schema = peer_schema("n", "u");
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    number_row row;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": \"one\"}");
    peer_end(&p);
    peer_void(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    assert_int_equal(vgi_stream_row(s, VGI_INTO(number_row, &row), &err), VGI_ESCHEMA);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, &err), VGI_OK);
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void truncated_output(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    const vgi_batch *batch = NULL;
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_json(&p, schema, "{\"n\": 1}");
    peer_json(&p, schema, "{\"n\": 2}");
    p.answers.len -= 8;
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_OK);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_ECLOSED);
    assert_int_equal(vgi_stream_next(s, &batch, &err), VGI_END);
    vgi_stream_close(s);
    assert_int_equal(call_void(&p, &err), VGI_ECLOSED);
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void client_closed_first(void **state)
{
    const vgi_batch *batch = NULL;
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    connect_routed(&p);
    assert_int_equal(open_stream(&p, &s, NULL, NULL), VGI_OK);
    vgi_client_close(p.client);
    p.client = NULL;
    assert_int_equal(vgi_stream_next(s, &batch, NULL), VGI_END);
    vgi_stream_close(s);
    peer_free(&p);
}

/* Without a protocol of its own the client asks before it opens a stream. */
static void asks_before_opening(void **state)
{
    vgi_schema *schema = peer_schema("n", "l");
    vgi_error err = { 0 };
    vgi_stream *s = NULL;
    peer p;

    (void)state;
    peer_init(&p);
    peer_refuse(&p, "AttributeError: Unknown method: 'list_protocols'.", NULL, NULL);
    peer_begin(&p, schema);
    peer_end(&p);
    peer_connect(&p);
    assert_int_equal(open_stream(&p, &s, NULL, &err), VGI_OK);
    assert_null(vgi_client_failure(p.client));
    vgi_stream_close(s);
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "list_protocols");
    assert_false(peer_sent_batch(&p));
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "count");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "-");
    vgi_schema_unref(schema);
    peer_free(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(producer_rows),
        cmocka_unit_test(ticks_carry_metadata),
        cmocka_unit_test(header_comes_first),
        cmocka_unit_test(exchange_answers),
        cmocka_unit_test(producers_take_no_batches),
        cmocka_unit_test(close_at_once),
        cmocka_unit_test(cancel),
        cmocka_unit_test(failure_in_the_middle),
        cmocka_unit_test(refusals_with_header),
        cmocka_unit_test(refusals_without_header),
        cmocka_unit_test(header_is_missing),
        cmocka_unit_test(output_without_end),
        cmocka_unit_test(rows_of_another_type),
        cmocka_unit_test(truncated_output),
        cmocka_unit_test(client_closed_first),
        cmocka_unit_test(asks_before_opening),
    };
    return vgi_test_run(tests);
}
