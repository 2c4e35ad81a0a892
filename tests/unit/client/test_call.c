/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls: what goes out, what comes back, and what servers do wrong. */
#include <stdio.h>

#include "peer.h"

typedef struct add_params {
    int64_t a, b;
} add_params;
VGI_STRUCT(add_params, VGI_FIELD(add_params, a), VGI_FIELD(add_params, b));

static const add_params two_and_three = { 2, 3 };

static int call_add(vgi_client *c, int64_t *out, vgi_error *err)
{
    vgi_arena mem = { 0 };
    int rc = vgi_client_call(c, "add", VGI_FROM(add_params, &two_and_three),
                             VGI_INTO(int64_t, out), &mem, err);

    vgi_arena_free(&mem);
    return rc;
}

static int call_void(vgi_client *c, vgi_error *err)
{
    return vgi_client_call(c, "noop", &vgi_type_vgi_void, NULL, &vgi_type_vgi_void, NULL,
                           NULL, err);
}

static void typed_call(void **state)
{
    int64_t sum = 0, count = 0;
    vgi_i64s column;
    peer p;

    (void)state;
    peer_init(&p);
    peer_result(&p, "l", "{\"result\": 5}");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, NULL), VGI_OK);
    assert_int_equal(sum, 5);
    assert_null(vgi_client_failure(p.client));

    assert_int_equal(peer_sent_stream(&p), 2);
    assert_true(peer_sent_batch(&p));
    assert_int_equal(vgi_batch_i64(&p.batch, "b", &column), VGI_OK);
    assert_int_equal(column.count, 1);
    assert_int_equal(column.items[0], 3);
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "add");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_REQUEST_VERSION), "1");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "-");
    while (peer_sent_batch(&p))
        count++;
    assert_int_equal(count, 0);
    peer_sent_end(&p);
    peer_free(&p);
}

static void declared_protocol_is_sent(void **state)
{
    peer p;

    (void)state;
    peer_init(&p);
    p.protocol = "Adder";
    p.protocol_version = "1.2.3";
    peer_void(&p);
    peer_connect(&p);
    assert_int_equal(call_void(p.client, NULL), VGI_OK);
    assert_int_equal(peer_sent_stream(&p), 0);
    assert_true(peer_sent_batch(&p));
    assert_int_equal(vgi_batch_rows(&p.batch), 0);
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "Adder");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL_VERSION), "1.2.3");
    peer_free(&p);
}

static void strings_outlive_the_next_call(void **state)
{
    vgi_arena mem = { 0 };
    vgi_str first, second;
    peer p;

    (void)state;
    peer_init(&p);
    peer_result(&p, "u", "{\"result\": \"the first answer\"}");
    peer_result(&p, "u", "{\"result\": \"another answer\"}");
    peer_connect(&p);
    assert_int_equal(vgi_client_call(p.client, "a", &vgi_type_vgi_void, NULL,
                                     VGI_INTO(vgi_str, &first), &mem, NULL),
                     VGI_OK);
    assert_int_equal(vgi_client_call(p.client, "b", &vgi_type_vgi_void, NULL,
                                     VGI_INTO(vgi_str, &second), &mem, NULL),
                     VGI_OK);
    vgi_client_close(p.client);
    p.client = NULL;
    assert_true(vgi_str_eq(first, "the first answer"));
    assert_true(vgi_str_eq(second, "another answer"));
    vgi_arena_free(&mem);
    peer_free(&p);
}

static void batch_call(void **state)
{
    const vgi_pair tag = peer_pair("app.tag", "blue");
    vgi_batch *params = NULL, *result = NULL;
    vgi_schema *schema = peer_schema("x", "g");
    vgi_f64s column;
    peer p;

    (void)state;
    assert_int_equal(vgi_batch_from_json(&params, schema, VGI_LIT("{\"x\": 1.5}"), NULL),
                     VGI_OK);
    params->metadata = (vgi_metadata){ &tag, 1 };
    peer_init(&p);
    peer_result(&p, "g", "{\"result\": 3.0}");
    peer_void(&p);
    peer_connect(&p);
    assert_int_equal(vgi_client_call_batch(p.client, "twice", params, &result, NULL),
                     VGI_OK);
    assert_int_equal(vgi_batch_f64(result, "result", &column), VGI_OK);
    assert_true(column.items[0] == 3.0);
    vgi_batch_unref(result);
    assert_int_equal(vgi_client_call_batch(p.client, "nothing", NULL, &result, NULL),
                     VGI_OK);
    assert_null(result);

    assert_int_equal(peer_sent_stream(&p), 1);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, "app.tag"), "blue");
    vgi_batch_unref(params);
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void logs_reach_the_callback(void **state)
{
    vgi_schema *schema = peer_schema("result", "l");
    int64_t sum = 0;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_log(&p, "WARN", "first");
    peer_log(&p, "SHOUT", "second");
    peer_json(&p, schema, "{\"result\": 7}");
    peer_log(&p, "INFO", "too late to be told");
    peer_end(&p);
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, NULL), VGI_OK);
    assert_int_equal(sum, 7);
    assert_int_equal(p.logs, 2);
    /* A level that is not known is told as INFO. */
    assert_string_equal(p.last_log, "3 second {\"k\":\"v\"}");
    vgi_schema_unref(schema);
    peer_free(&p);
}

static void too_many_logs_end_the_call(void **state)
{
    vgi_error err = { 0 };
    int64_t sum = 0;
    peer p;

    (void)state;
    peer_init(&p);
    p.max_logs = 3;
    peer_begin(&p, vgi__schema_empty());
    for (int i = 0; i < 5; i++)
        peer_log(&p, "INFO", "again");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_ELIMIT);
    assert_int_equal(p.logs, 3);
    assert_non_null(strstr(err.message, "more than 3 log records"));
    assert_int_equal(call_add(p.client, &sum, &err), VGI_ECLOSED);
    assert_non_null(strstr(err.message, "more than 3 log records"));
    peer_free(&p);
}

static void failure_then_success(void **state)
{
    const vgi_remote_failure *f;
    vgi_error err = { 0 };
    int64_t sum = 0;
    peer p;

    (void)state;
    peer_init(&p);
    peer_refuse(&p, "ValueError: a is negative", NULL, NULL);
    peer_result(&p, "l", "{\"result\": 5}");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_EREMOTE);
    assert_string_equal(err.type, "ValueError");
    assert_string_equal(err.message, "a is negative");
    f = vgi_client_failure(p.client);
    assert_non_null(f);
    assert_true(vgi_str_eq(f->message, "a is negative"));
    assert_int_equal(call_add(p.client, &sum, &err), VGI_OK);
    assert_null(vgi_client_failure(p.client));
    peer_free(&p);
}

static void wrong_results(void **state)
{
    vgi_schema *schema = peer_schema("result", "l");
    vgi_error err = { 0 };
    int64_t sum = 0;
    peer p;

    (void)state;
    peer_init(&p);
    peer_result(&p, "u", "{\"result\": \"five\"}"); /* another type */
    peer_begin(&p, schema);                         /* no batch */
    peer_end(&p);
    peer_result(&p, "l", "[{\"result\": 1}, {\"result\": 2}]");
    peer_result(&p, "l", "{\"result\": null}");
    peer_begin(&p, schema); /* two batches: the first counts */
    peer_json(&p, schema, "{\"result\": 5}");
    peer_json(&p, schema, "{\"result\": 6}");
    peer_end(&p);
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_ESCHEMA);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_EPROTO);
    assert_string_equal(err.message, "the server's answer to add() has no batch");
    assert_int_equal(call_add(p.client, &sum, &err), VGI_EPROTO);
    assert_non_null(strstr(err.message, "2 rows instead of 1"));
    assert_int_equal(call_add(p.client, &sum, &err), VGI_ESCHEMA);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_OK);
    assert_int_equal(sum, 5);
    vgi_schema_unref(schema);
    peer_free(&p);
}

/* Every way in which an answer can stop short. */
static void truncated_answers(void **state)
{
    vgi_error err;
    int64_t sum;
    peer p;

    (void)state;
    peer_init(&p);
    peer_result(&p, "l", "{\"result\": 5}");
    const size_t whole = p.answers.len;
    for (size_t n = 0; n < whole; n += 8) {
        p.answers.len = n;
        peer_connect(&p);
        assert_int_equal(call_add(p.client, &sum, &err), VGI_ECLOSED);
        assert_int_equal(call_add(p.client, &sum, &err), VGI_ECLOSED);
        assert_non_null(strstr(err.message, "connection was lost"));
        vgi_client_close(p.client);
        p.client = NULL;
    }
    peer_free(&p);
}

static void garbage_answers(void **state)
{
    static const char *const garbage[] = { "HTTP/1.1 400 Bad Request\r\n\r\n",
                                           "Traceback (most recent call last):\n",
                                           "\xff\xff\xff\xff\xff\xff\xff\x7f garbage" };
    vgi_error err;
    int64_t sum;

    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        peer p;
        peer_init(&p);
        assert_true(vgi__buffer_append(&p.answers, garbage[i], strlen(garbage[i])));
        peer_connect(&p);
        const int rc = call_add(p.client, &sum, &err);
        assert_true(rc == VGI_EPROTO || rc == VGI_ELIMIT);
        assert_int_equal(call_add(p.client, &sum, &err), VGI_ECLOSED);
        peer_free(&p);
    }
}

static void pointers_are_refused(void **state)
{
    const vgi_pair location = peer_pair(VGI_KEY_LOCATION, "https://example.org/batch");
    vgi_schema *schema = peer_schema("result", "l");
    vgi_error err = { 0 };
    int64_t sum;
    peer p;

    (void)state;
    peer_init(&p);
    peer_begin(&p, schema);
    peer_pairs(&p, &location, 1);
    peer_end(&p);
    peer_result(&p, "l", "{\"result\": 5}");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_ENOTSUP);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_OK);
    vgi_schema_unref(schema);
    peer_free(&p);
}

/* ---- routing ---- */

typedef struct protocol_row {
    vgi_str protocol, protocol_version;
} protocol_row;
VGI_STRUCT(protocol_row, VGI_FIELD(protocol_row, protocol),
           VGI_FIELD(protocol_row, protocol_version));

typedef struct list_row {
    vgi_str server_id;
    VGI_SLICE(protocol_row) protocols;
} list_row;
VGI_STRUCT(list_row, VGI_FIELD(list_row, server_id),
           VGI_LIST(list_row, protocols, protocol_row));

typedef struct blob_row {
    vgi_bytes result;
} blob_row;
VGI_STRUCT(blob_row, VGI_FIELD(blob_row, result));

static void answer_protocols(peer *p)
{
    const protocol_row rows[] = {
        { VGI_LIT("vgi_rpc.Reflection.v1"), VGI_LIT("") },
        { VGI_LIT("Adder"), VGI_LIT("2.0.0") },
    };
    const list_row list = { VGI_LIT("abc"), { rows, 2 } };
    vgi_batch *inner = NULL, *outer = NULL;
    vgi_arena mem = { 0 };
    blob_row blob;

    assert_int_equal(vgi_batch_from_rows(&inner, VGI_FROM(list_row, &list), 1, NULL),
                     VGI_OK);
    assert_int_equal(vgi_batch_encode(inner, NULL, &mem, &blob.result, NULL), VGI_OK);
    assert_int_equal(vgi_batch_from_rows(&outer, VGI_FROM(blob_row, &blob), 1, NULL),
                     VGI_OK);
    peer_begin(p, vgi_batch_schema(outer));
    peer_batch(p, outer);
    peer_end(p);
    vgi_batch_unref(inner);
    vgi_batch_unref(outer);
    vgi_arena_free(&mem);
}

static void learns_the_protocol_when_asked_for_it(void **state)
{
    int64_t sum = 0;
    peer p;

    (void)state;
    peer_init(&p);
    peer_refuse(&p, "ProtocolNotSpecifiedError: name it", "INVALID_ARGUMENT",
                "protocol_not_specified");
    answer_protocols(&p);
    peer_result(&p, "l", "{\"result\": 5}");
    peer_result(&p, "l", "{\"result\": 6}");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, NULL), VGI_OK);
    assert_int_equal(sum, 5);
    assert_null(vgi_client_failure(p.client));
    assert_int_equal(call_add(p.client, &sum, NULL), VGI_OK);

    static const char *const sent[][3] = {
        { "add", "-", "-" },
        { "list_protocols", "vgi_rpc.Reflection.v1", "-" },
        { "add", "Adder", "2.0.0" },
        { "add", "Adder", "2.0.0" },
    };
    for (size_t i = 0; i < 4; i++) {
        (void)peer_sent_stream(&p);
        assert_true(peer_sent_batch(&p));
        assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), sent[i][0]);
        assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), sent[i][1]);
        assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL_VERSION), sent[i][2]);
        assert_false(peer_sent_batch(&p));
    }
    peer_sent_end(&p);
    peer_free(&p);
}

static void refusal_stays_when_nothing_is_learned(void **state)
{
    vgi_error err = { 0 };
    int64_t sum;
    peer p;

    (void)state;
    peer_init(&p);
    peer_refuse(&p, "ProtocolNotSpecifiedError: name it", "INVALID_ARGUMENT",
                "protocol_not_specified");
    peer_refuse(&p, "ProtocolNotSupportedError: no reflection", "UNIMPLEMENTED",
                "protocol_not_supported");
    peer_connect(&p);
    assert_int_equal(call_add(p.client, &sum, &err), VGI_EREMOTE);
    assert_string_equal(err.type, "ProtocolNotSpecifiedError");
    assert_true(vgi_str_eq(vgi_client_failure(p.client)->kind, "protocol_not_specified"));
    peer_free(&p);
}

static void misuse(void **state)
{
    vgi_error err = { 0 };
    vgi_arena mem = { 0 };
    int64_t sum;
    peer p;

    (void)state;
    peer_init(&p);
    peer_connect(&p);
    assert_int_equal(vgi_client_call(p.client, "add", &vgi_type_add_params, NULL,
                                     VGI_INTO(int64_t, &sum), &mem, &err),
                     VGI_EINVAL);
    assert_int_equal(
        vgi_client_call(p.client, "add", NULL, NULL, VGI_INTO(int64_t, &sum), &mem, &err),
        VGI_EINVAL);
    assert_int_equal(vgi_client_call(p.client, "add",
                                     VGI_FROM(add_params, &two_and_three), NULL, NULL,
                                     NULL, &err),
                     VGI_EINVAL);
    assert_int_equal(p.sent.len, 0);
    peer_free(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_call),
        cmocka_unit_test(declared_protocol_is_sent),
        cmocka_unit_test(strings_outlive_the_next_call),
        cmocka_unit_test(batch_call),
        cmocka_unit_test(logs_reach_the_callback),
        cmocka_unit_test(too_many_logs_end_the_call),
        cmocka_unit_test(failure_then_success),
        cmocka_unit_test(wrong_results),
        cmocka_unit_test(truncated_answers),
        cmocka_unit_test(garbage_answers),
        cmocka_unit_test(pointers_are_refused),
        cmocka_unit_test(learns_the_protocol_when_asked_for_it),
        cmocka_unit_test(refusal_stays_when_nothing_is_learned),
        cmocka_unit_test(misuse),
    };
    return vgi_test_run(tests);
}
