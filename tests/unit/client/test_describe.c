/* SPDX-License-Identifier: Apache-2.0 */
/* Both introspections, and servers whose description is wrong. */
#include <stdio.h>

#include "peer.h"

/* ---- answers in the two forms ---- */

static vgi_schema *describe_schema(void)
{
    static const vgi_column columns[] = {
        { .name = "name", .format = "u", .nullable = true },
        { .name = "method_type", .format = "u", .nullable = true },
        { .name = "has_return", .format = "b", .nullable = true },
        { .name = "params_schema_ipc", .format = "z", .nullable = true },
        { .name = "result_schema_ipc", .format = "z", .nullable = true },
        { .name = "has_header", .format = "b", .nullable = true },
        { .name = "header_schema_ipc", .format = "z", .nullable = true },
        { .name = "is_exchange", .format = "b", .nullable = true },
    };
    vgi_schema *schema = NULL;

    assert_int_equal(vgi_schema_build(&schema, columns, 8, NULL), VGI_OK);
    return schema;
}

/* The schema {x: int64} as base64 of its message. */
static void base64_schema(char *out, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    vgi_schema *schema = peer_schema("x", "l");
    const vgi_bytes m = vgi_schema_message(schema);
    size_t n = 0;

    assert_true(size > m.len / 3 * 4 + 5);
    for (size_t i = 0; i < m.len; i += 3) {
        const uint32_t word = (uint32_t)m.data[i] << 16 |
                              (i + 1 < m.len ? (uint32_t)m.data[i + 1] << 8 : 0) |
                              (i + 2 < m.len ? m.data[i + 2] : 0);
        out[n++] = digits[word >> 18];
        out[n++] = digits[word >> 12 & 63];
        out[n++] = i + 1 < m.len ? digits[word >> 6 & 63] : '=';
        out[n++] = i + 2 < m.len ? digits[word & 63] : '=';
    }
    out[n] = '\0';
    vgi_schema_unref(schema);
}

static void answer_describe(peer *p, const char *rows)
{
    const vgi_pair pairs[] = { peer_pair(VGI_KEY_PROTOCOL_NAME, "Adder"),
                               peer_pair(VGI_KEY_DESCRIBE_VERSION, "4"),
                               peer_pair(VGI_KEY_PROTOCOL_HASH, "00ff"),
                               peer_pair(VGI_KEY_SERVER_ID, "abc") };
    vgi_schema *schema = describe_schema();
    vgi_batch *b = NULL;

    assert_int_equal(vgi_batch_from_json(&b, schema, vgi_str_from(rows), NULL), VGI_OK);
    b->metadata = (vgi_metadata){ pairs, 4 };
    peer_begin(p, schema);
    peer_batch(p, b);
    peer_end(p);
    vgi_batch_unref(b);
    vgi_schema_unref(schema);
}

static void no_reflection(peer *p)
{
    peer_refuse(p, "AttributeError: Unknown method: 'list_protocols'.", NULL, NULL);
}

/* ---- __describe__ ---- */

/* A version that the caller declared goes with the protocol that was described. */
static void seed_server_with_a_version(void **state)
{
    vgi_description *d = NULL;
    vgi_str value;
    peer p;

    (void)state;
    peer_init(&p);
    p.protocol_version = "1.2.3";
    no_reflection(&p);
    answer_describe(&p, "[]");
    peer_refuse(&p, "ValueError: no", NULL, NULL);
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, NULL), VGI_OK);
    vgi_description_free(d);
    assert_int_equal(vgi_client_call_batch(p.client, "add", NULL, NULL, NULL),
                     VGI_EREMOTE);
    for (int i = 0; i < 3; i++) {
        (void)peer_sent_stream(&p);
        assert_true(peer_sent_batch(&p));
        if (i == 1)
            assert_false(
                vgi_metadata_get(&p.batch.metadata, VGI_KEY_PROTOCOL_VERSION, NULL));
        assert_int_equal(vgi__reader_drain(p.reader, NULL), VGI_OK);
    }
    assert_true(vgi_metadata_get(&p.batch.metadata, VGI_KEY_PROTOCOL, &value));
    assert_true(vgi_str_eq(value, "Adder"));
    assert_true(vgi_metadata_get(&p.batch.metadata, VGI_KEY_PROTOCOL_VERSION, &value));
    assert_true(vgi_str_eq(value, "1.2.3"));
    peer_free(&p);
}

static void seed_server(void **state)
{
    const vgi_method_info *m;
    vgi_description *d = NULL;
    char schema[1024], rows[8192];
    peer p;

    (void)state;
    base64_schema(schema, sizeof(schema));
    (void)snprintf(
        rows, sizeof(rows),
        "[{\"name\": \"watch\", \"method_type\": \"stream\", \"has_return\": false,"
        "  \"params_schema_ipc\": \"%s\", \"result_schema_ipc\": \"\","
        "  \"has_header\": true, \"header_schema_ipc\": \"%s\", \"is_exchange\": true},"
        " {\"name\": \"feed\", \"method_type\": \"stream\", \"has_return\": false,"
        "  \"params_schema_ipc\": \"\", \"result_schema_ipc\": \"\","
        "  \"has_header\": false},"
        " {\"name\": \"add\", \"method_type\": \"unary\", \"has_return\": true,"
        "  \"params_schema_ipc\": \"%s\", \"result_schema_ipc\": \"%s\","
        "  \"has_header\": false}]",
        schema, schema, schema, schema);
    peer_init(&p);
    no_reflection(&p);
    answer_describe(&p, rows);
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, NULL), VGI_OK);
    assert_string_equal(vgi_description_name(d), "Adder");
    assert_string_equal(vgi_description_version(d), "4");
    assert_string_equal(vgi_description_hash(d), "00ff");
    assert_string_equal(vgi_description_server_id(d), "abc");
    assert_string_equal(vgi_description_protocol_version(d), "");
    assert_int_equal(vgi_description_methods(d), 3);

    m = vgi_description_method(d, 0); /* sorted */
    assert_string_equal(m->name, "add");
    assert_int_equal(m->kind, VGI_METHOD_UNARY);
    assert_true(m->has_return && m->kind_known && !m->is_stream && !m->header);
    assert_string_equal(vgi_schema_name(m->params, 0), "x");
    m = vgi_description_find(d, "feed");
    assert_true(m->is_stream && !m->kind_known);
    assert_int_equal(vgi_schema_columns(m->params), 0);
    m = vgi_description_find(d, "watch");
    assert_int_equal(m->kind, VGI_METHOD_EXCHANGE);
    assert_true(m->kind_known && m->has_header);
    assert_int_equal(vgi_schema_columns(m->header), 1);
    assert_null(vgi_description_find(d, "other"));
    assert_null(vgi_description_method(d, 3));
    /* It outlives its client. */
    vgi_client_close(p.client);
    p.client = NULL;
    assert_string_equal(vgi_description_name(d), "Adder");
    vgi_description_free(d);

    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_false(peer_sent_batch(&p));
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "__describe__");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "-");
    peer_free(&p);
}

static void bad_descriptions(void **state)
{
    static const char *const rows[] = {
        /* no schema message */
        "{\"name\": \"add\", \"method_type\": \"unary\", \"has_return\": true,"
        " \"params_schema_ipc\": \"AAAA\", \"result_schema_ipc\": \"\", \"has_header\": "
        "false}",
        /* no name */
        "{\"method_type\": \"unary\", \"has_return\": true,"
        " \"params_schema_ipc\": \"\", \"result_schema_ipc\": \"\", \"has_header\": "
        "false}",
        /* not said whether it returns anything */
        "{\"name\": \"add\", \"method_type\": \"unary\","
        " \"params_schema_ipc\": \"\", \"result_schema_ipc\": \"\", \"has_header\": "
        "false}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        vgi_description *d = NULL;
        vgi_error err = { 0 };
        peer p;
        peer_init(&p);
        no_reflection(&p);
        answer_describe(&p, rows[i]);
        peer_void(&p);
        peer_connect(&p);
        const int rc = vgi_client_describe(p.client, &d, &err);
        assert_true(rc == VGI_EPROTO || rc == VGI_ESCHEMA);
        assert_null(d);
        assert_int_equal(vgi_client_call_batch(p.client, "noop", NULL, NULL, &err),
                         VGI_OK);
        peer_free(&p);
    }
}

static void not_a_description(void **state)
{
    vgi_description *d = NULL;
    vgi_error err = { 0 };
    peer p;

    (void)state;
    peer_init(&p);
    no_reflection(&p);
    peer_result(&p, "l", "{\"result\": 5}");
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, &err), VGI_ESCHEMA);
    peer_free(&p);
}

static void introspection_is_off(void **state)
{
    vgi_description *d = NULL;
    vgi_error err = { 0 };
    peer p;

    (void)state;
    peer_init(&p);
    no_reflection(&p);
    peer_refuse(&p, "AttributeError: Unknown method: '__describe__'.", NULL, NULL);
    peer_refuse(&p, "PermissionError: not for you", "PERMISSION_DENIED",
                "introspection_refused");
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, &err), VGI_EREMOTE);
    assert_string_equal(err.message, "Unknown method: '__describe__'.");
    /* What is refused, and not unknown, is not asked for in another way. */
    assert_int_equal(vgi_client_describe(p.client, &d, &err), VGI_EREMOTE);
    assert_true(vgi_str_eq(vgi_client_failure(p.client)->kind, "introspection_refused"));
    peer_free(&p);
}

/* ---- reflection ---- */

typedef struct protocol_row {
    vgi_str protocol, protocol_version, extra;
} protocol_row;
VGI_STRUCT(protocol_row, VGI_FIELD(protocol_row, protocol),
           VGI_FIELD(protocol_row, extra), VGI_FIELD(protocol_row, protocol_version));

typedef struct list_row {
    VGI_SLICE(protocol_row) protocols;
    vgi_str server_id;
} list_row;
VGI_STRUCT(list_row, VGI_LIST(list_row, protocols, protocol_row),
           VGI_FIELD(list_row, server_id));

typedef struct method_row {
    vgi_str name, method_type, stream_kind, idempotency;
    bool has_return, has_header;
    vgi_bytes params_schema_ipc, result_schema_ipc, header_schema_ipc;
} method_row;
VGI_STRUCT(method_row, VGI_FIELD(method_row, name), VGI_FIELD(method_row, method_type),
           VGI_FIELD(method_row, has_return), VGI_FIELD(method_row, has_header),
           VGI_FIELD(method_row, stream_kind), VGI_FIELD(method_row, idempotency),
           VGI_FIELD(method_row, params_schema_ipc),
           VGI_FIELD(method_row, result_schema_ipc),
           VGI_FIELD(method_row, header_schema_ipc));

typedef struct service_row {
    vgi_str protocol, protocol_version, protocol_hash;
    VGI_SLICE(method_row) methods;
} service_row;
VGI_STRUCT(service_row, VGI_FIELD(service_row, protocol),
           VGI_FIELD(service_row, protocol_version),
           VGI_FIELD(service_row, protocol_hash),
           VGI_LIST(service_row, methods, method_row));

typedef struct blob_row {
    vgi_bytes result;
} blob_row;
VGI_STRUCT(blob_row, VGI_FIELD(blob_row, result));

static void answer_struct(peer *p, const vgi_type *type, const void *value)
{
    vgi_batch *inner = NULL, *outer = NULL;
    vgi_arena mem = { 0 };
    blob_row blob;

    assert_int_equal(vgi_batch_from_rows(&inner, type, value, 1, NULL), VGI_OK);
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

static void answer_list(peer *p, const protocol_row *rows, size_t n)
{
    const list_row list = { { rows, n }, VGI_LIT("abc") };

    answer_struct(p, VGI_FROM(list_row, &list));
}

static void current_server(void **state)
{
    const protocol_row protocols[] = {
        { VGI_LIT("Adder"), VGI_LIT("1.0.0"), VGI_LIT("") },
        { VGI_LIT("Other"), VGI_LIT(""), VGI_LIT("") },
    };
    vgi_schema *x = peer_schema("x", "l");
    const vgi_bytes schema = vgi_schema_message(x), none = { (const uint8_t *)"", 0 };
    const method_row methods[] = {
        { VGI_LIT("feed"), VGI_LIT("stream"), VGI_LIT("producer"), VGI_LIT("unknown"),
          false, false, schema, none, none },
        { VGI_LIT("add"), VGI_LIT("unary"), VGI_LIT(""), VGI_LIT("unknown"), true, false,
          schema, schema, none },
    };
    const service_row service = {
        VGI_LIT("Adder"), VGI_LIT("1.0.0"), VGI_LIT("cafe"), { methods, 2 }
    };
    vgi_description *d = NULL;
    vgi_str asked;
    peer p;

    (void)state;
    peer_init(&p);
    answer_list(&p, protocols, 2);
    answer_struct(&p, VGI_FROM(service_row, &service));
    peer_void(&p);
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, NULL), VGI_OK);
    assert_string_equal(vgi_description_name(d), "Adder");
    assert_string_equal(vgi_description_protocol_version(d), "1.0.0");
    assert_string_equal(vgi_description_version(d), "vgi_rpc.Reflection.v1");
    assert_string_equal(vgi_description_hash(d), "cafe");
    assert_string_equal(vgi_description_server_id(d), "abc");
    assert_int_equal(vgi_description_methods(d), 2);
    assert_string_equal(vgi_description_method(d, 0)->name, "add");
    assert_int_equal(vgi_description_find(d, "feed")->kind, VGI_METHOD_PRODUCER);
    assert_true(vgi_description_find(d, "feed")->kind_known);
    vgi_description_free(d);

    /* From now on requests name what was described. */
    assert_int_equal(vgi_client_call_batch(p.client, "noop", NULL, NULL, NULL), VGI_OK);
    (void)peer_sent_stream(&p);
    while (peer_sent_batch(&p))
        ;
    assert_int_equal(peer_sent_stream(&p), 1);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_METHOD), "describe");
    assert_int_equal(vgi_batch_str(&p.batch, "protocol", 0, &asked), VGI_OK);
    assert_true(vgi_str_eq(asked, "Adder"));
    assert_false(peer_sent_batch(&p));
    (void)peer_sent_stream(&p);
    assert_true(peer_sent_batch(&p));
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL), "Adder");
    assert_string_equal(peer_sent_key(&p, VGI_KEY_PROTOCOL_VERSION), "1.0.0");
    vgi_schema_unref(x);
    peer_free(&p);
}

static void only_framework_protocols(void **state)
{
    const protocol_row protocols[] = { { VGI_LIT("vgi_rpc.Reflection.v1"), VGI_LIT(""),
                                         VGI_LIT("") } };
    vgi_description *d = NULL;
    vgi_error err = { 0 };
    peer p;

    (void)state;
    peer_init(&p);
    answer_list(&p, protocols, 1);
    peer_connect(&p);
    assert_int_equal(vgi_client_describe(p.client, &d, &err), VGI_ENOTFOUND);
    peer_free(&p);
}

static void results_that_are_no_streams(void **state)
{
    static const char *const results[] = { "{\"result\": null}", "{\"result\": \"\"}",
                                           "{\"result\": \"AAAAAAAA\"}",
                                           "[{\"result\": \"\"}, {\"result\": \"\"}]" };

    (void)state;
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        vgi_description *d = NULL;
        vgi_error err = { 0 };
        peer p;
        peer_init(&p);
        peer_result(&p, "z", results[i]);
        peer_connect(&p);
        const int rc = vgi_client_describe(p.client, &d, &err);
        assert_true(rc == VGI_EPROTO || rc == VGI_ECLOSED);
        peer_free(&p);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_server),
        cmocka_unit_test(seed_server_with_a_version),
        cmocka_unit_test(bad_descriptions),
        cmocka_unit_test(not_a_description),
        cmocka_unit_test(introspection_is_off),
        cmocka_unit_test(current_server),
        cmocka_unit_test(only_framework_protocols),
        cmocka_unit_test(results_that_are_no_streams),
    };
    return vgi_test_run(tests);
}
