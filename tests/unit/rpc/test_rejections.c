/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad requests in well-framed streams, in both epochs: a typed error, and then a good
 * call on the same connection. And bytes that are no streams: an error, and the end.
 */
#include "support/rpc/session.h"

#include <string.h>

/* ---- a batch of doubles, all equal, with any names ---- */

typedef struct doubles {
    vgi_batch batch;
    struct ArrowArray root, columns[4], *children[4];
    const void *buffers[4][2], *none[1];
    double values[2];
} doubles;

/* Columns of `format` ("g" or "f") named by single letters. */
static void make(conversation *t, doubles *d, const char *names, const char *format,
                 bool nullable, int64_t rows)
{
    const size_t n = strlen(names);
    char texts[4][2];
    vgi_column columns[4];
    vgi_schema *schema;

    *d = (doubles){ .values = { 1, 1 } };
    for (size_t i = 0; i < n; i++) {
        texts[i][0] = names[i];
        texts[i][1] = '\0';
        columns[i] =
            (vgi_column){ .name = texts[i], .format = format, .nullable = nullable };
        d->buffers[i][1] = d->values;
        d->columns[i] = (struct ArrowArray){ .length = rows,
                                             .n_buffers = 2,
                                             .buffers = d->buffers[i] };
        d->children[i] = &d->columns[i];
    }
    d->root = (struct ArrowArray){ .length = rows,
                                   .n_buffers = 1,
                                   .buffers = d->none,
                                   .n_children = (int64_t)n,
                                   .children = d->children };
    assert_int_equal(vgi_schema_build(&schema, columns, n, &t->error), VGI_OK);
    d->batch = (vgi_batch){ .schema = schema, .root = &d->root };
}

static void send_doubles(conversation *t, keys k, const char *names, const char *format,
                         bool nullable, int64_t rows)
{
    doubles d;

    make(t, &d, names, format, nullable, rows);
    talk_request_batch(t, k, &d.batch);
    vgi_schema_unref(d.batch.schema);
}

/* The session over what was sent, with a good call after it. */
static void then_good(conversation *t, keys good)
{
    talk_add(t, good, 1.25, 2.5);
    assert_int_equal(talk_go(t), VGI_OK);
}

static void expect_refusal(conversation *t, const char *type, const char *text)
{
    talk_expect_error(t, type, text);
    talk_expect_double(t, 3.75);
    talk_expect_no_more(t);
    talk_end(t);
}

/* ---- parameters ---- */

typedef struct shape {
    const char *names, *format;
    bool nullable;
    int64_t rows;
    const char *type, *text;
} shape;

static void test_current_parameters(void **state)
{
    static const shape shapes[] = {
        { "a", "g", false, 1, "TypeError", "add() missing required argument(s): 'b'" },
        { "abx", "g", false, 1, "TypeError",
          "Request carries parameter(s) this protocol does not declare: x. Declared: a, "
          "b." },
        { "ac", "g", false, 1, "TypeError", "does not declare: c. Declared: a, b." },
        { "ba", "g", false, 1, "TypeError",
          "add() parameter schema field 0 expected name 'a', got 'b'" },
        { "ab", "f", false, 1, "TypeError",
          "add() parameter 'a' expected Arrow type double but the request batch carried "
          "float" },
        { "ab", "g", true, 1, "TypeError",
          "add() parameter 'a' expected nullable=False, but the request batch carried "
          "nullable=True" },
        { "ab", "g", false, 0, "RpcError",
          "ProtocolError: Expected 1 row in request batch, got 0." },
        { "ab", "g", false, 2, "RpcError",
          "got 2. Each parameter is a column (not a row)." },
        { "aab", "g", false, 1, "TypeError",
          "add() parameter schema expected 2 fields, got 3" },
    };
    conversation t;

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const shape *s = &shapes[i];

        talk_begin(&t, NULL);
        send_doubles(&t, CURRENT("add"), s->names, s->format, s->nullable, s->rows);
        then_good(&t, CURRENT("add"));
        expect_refusal(&t, s->type, s->text);
    }
}

static void test_seed_parameters(void **state)
{
    static const shape shapes[] = {
        { "a", "g", false, 1, "TypeError",
          "add() missing 1 required positional argument: 'b'" },
        { "abx", "g", false, 1, "TypeError",
          "add() got an unexpected keyword argument 'x'" },
        { "ac", "g", false, 1, "TypeError",
          "add() got an unexpected keyword argument 'c'" },
        { "ab", "g", false, 0, "RpcError", "Expected 1 row in request batch, got 0." },
        { "ab", "g", false, 2, "RpcError", "with schema (a: double not null" },
    };
    conversation t;

    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const shape *s = &shapes[i];

        talk_begin(&t, NULL);
        send_doubles(&t, SEED("add"), s->names, s->format, s->nullable, s->rows);
        then_good(&t, SEED("add"));
        expect_refusal(&t, s->type, s->text);
    }
}

/* A null where none is allowed: the schema says nullable, so only the seed epoch gets
 * there. */
static void test_null_parameter(void **state)
{
    static const uint8_t no_bits = 0;
    conversation t;
    doubles d;

    (void)state;
    talk_begin(&t, NULL);
    make(&t, &d, "ab", "g", true, 1);
    d.buffers[1][0] = &no_bits;
    d.columns[1].null_count = 1;
    talk_request_batch(&t, SEED("add"), &d.batch);
    vgi_schema_unref(d.batch.schema);
    then_good(&t, SEED("add"));
    expect_refusal(&t, "TypeError", "add() parameter 'b' is not optional but got None");
}

/* ---- metadata ---- */

typedef struct envelope {
    keys keys;
    const char *type, *text, *code, *kind;
} envelope;

static void refuse_envelope(const envelope *e, const vgi_server_options *options,
                            keys good)
{
    conversation t;

    talk_begin(&t, options);
    talk_add(&t, e->keys, 1, 1);
    then_good(&t, good);
    const vgi_schema *schema;
    assert_int_equal(vgi__reader_begin(t.reader, &schema, &t.error), VGI_OK);
    talk_expect_exception(&t, e->type, e->text);
    assert_string_equal(talk_key(&t, VGI_KEY_ERROR_CODE), e->code ? e->code : "UNKNOWN");
    if (e->kind)
        assert_string_equal(talk_key(&t, VGI_KEY_ERROR_KIND), e->kind);
    else
        assert_null(talk_key(&t, VGI_KEY_ERROR_KIND));
    talk_expect_end(&t);
    talk_expect_double(&t, 3.75);
    talk_expect_no_more(&t);
    talk_end(&t);
}

#define ROUTED .protocol = "Calc", .protocol_version = "2.0.0"

static void test_envelopes(void **state)
{
    static const envelope current[] = {
        { { ROUTED }, "RpcError", "ProtocolError: Missing 'vgi_rpc.method'", NULL, NULL },
        { { .method = "add", .no_version = true, ROUTED },
          "VersionError",
          "Missing 'vgi_rpc.request_version'",
          NULL,
          NULL },
        { { .method = "add", .version = "2", ROUTED },
          "VersionError",
          "Unsupported request version b'2', expected b'1'",
          NULL,
          NULL },
        { { .method = "\xff\xfe", ROUTED },
          "RpcError",
          "must be valid UTF-8",
          NULL,
          NULL },
        { { .method = "add", .protocol_version = "2.0.0" },
          "ProtocolNotSpecifiedError",
          "This server hosts: ['Calc', 'other.Calc'].",
          "INVALID_ARGUMENT",
          "protocol_not_specified" },
        { { .method = "add", .protocol = "no such" },
          "ProtocolNotSupportedError",
          "'vgi_rpc.protocol' is not a protocol name: 'no such'",
          "UNIMPLEMENTED",
          "protocol_not_supported" },
        { { .method = "add", .protocol = "Nobody" },
          "ProtocolNotSupportedError",
          "This server does not host protocol 'Nobody'. Hosted: ['Calc', 'other.Calc'].",
          "UNIMPLEMENTED",
          "protocol_not_supported" },
        { { .method = "minus", .protocol = "other.Calc" },
          "MethodNotImplementedError",
          "Protocol 'other.Calc' has no method 'minus'. Available: ['add'].",
          "UNIMPLEMENTED",
          "method_not_implemented" },
        { { .method = "__magic__", ROUTED },
          "MethodNotImplementedError",
          "does not implement the reserved method '__magic__'",
          "UNIMPLEMENTED",
          "method_not_implemented" },
        { { .method = "__describe__", ROUTED },
          "MethodNotImplementedError",
          "'vgi_rpc.Reflection.v1'",
          "UNIMPLEMENTED",
          "method_not_implemented" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(current) / sizeof(current[0]); i++)
        refuse_envelope(&current[i], NULL, CURRENT("add"));
}

static void test_seed_envelopes(void **state)
{
    static const envelope seed[] = {
        { { .method = NULL },
          "RpcError",
          "ProtocolError: Missing 'vgi_rpc.method'",
          NULL,
          NULL },
        { { .method = "add", .no_version = true },
          "VersionError",
          "custom_metadata value to b'1'.",
          NULL,
          NULL },
        { { .method = "zzz" },
          "AttributeError",
          "Unknown method: 'zzz'. Available methods: ['__describe__', 'add', "
          "'bad_turns', ",
          "UNIMPLEMENTED",
          "method_not_implemented" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(seed) / sizeof(seed[0]); i++)
        refuse_envelope(&seed[i], NULL, SEED("add"));
}

static void test_version_gate(void **state)
{
    static const char *const versions[][3] = {
        { NULL, "  Client: <not declared>\n  Server: 2.0.0\n",
          "the client did not send" },
        { "1.9.0", "  Client: 1.9.0\n",
          "client is too old; upgrade the VGI extension/client" },
        { "2.1.0", "  Client: 2.1.0\n",
          "server is too old; upgrade the VGI worker to a version "
          "supporting protocol_version 2.1.0." },
        { "02.0.0", "  Client: 02.0.0\n", "malformed protocol_version" },
        { "2.0", "  Client: 2.0\n", "malformed protocol_version" },
        { "\xff", "  Client: <undecodable bytes>\n", "non-UTF-8" },
    };
    envelope e = { .keys = { .method = "add", .protocol = "Calc" },
                   .type = "ProtocolVersionError",
                   .code = "FAILED_PRECONDITION",
                   .kind = "protocol_version_mismatch" };

    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        e.keys.protocol_version = versions[i][0];
        for (int part = 1; part <= 2; part++) {
            e.text = versions[i][part];
            /* the patch version does not count */
            refuse_envelope(&e, NULL,
                            (keys){ .method = "add",
                                    .protocol = "Calc",
                                    .protocol_version = "2.0.9" });
        }
    }
}

static void test_compat(void **state)
{
    const vgi_server_options current = { .size = sizeof(current),
                                         .server_id = "test",
                                         .compat = VGI_COMPAT_CURRENT_ONLY };
    const vgi_server_options seed = { .size = sizeof(seed),
                                      .server_id = "test",
                                      .compat = VGI_COMPAT_SEED_ONLY };
    const envelope unrouted = { SEED("add"), "ProtocolNotSpecifiedError", "routing key",
                                "INVALID_ARGUMENT", "protocol_not_specified" };
    const envelope described = { SEED("__describe__"), "MethodNotImplementedError",
                                 "retired", "UNIMPLEMENTED", "method_not_implemented" };
    const envelope routed = { CURRENT("zzz"), "AttributeError", "Unknown method: 'zzz'",
                              "UNIMPLEMENTED", "method_not_implemented" };

    (void)state;
    refuse_envelope(&unrouted, &current, CURRENT("add"));
    refuse_envelope(&described, &current, CURRENT("add"));
    refuse_envelope(&routed, &seed, SEED("add"));
}

static void test_describe_off(void **state)
{
    const vgi_server_options o = { .size = sizeof(o),
                                   .server_id = "test",
                                   .no_describe = true };
    const envelope e = { SEED("__describe__"), "AttributeError",
                         "Unknown method: '__describe__'. Available methods: ['add', ",
                         "UNIMPLEMENTED", "method_not_implemented" };

    (void)state;
    refuse_envelope(&e, &o, SEED("add"));
}

/* A hostile text is repeated cut and escaped. */
static void test_echo(void **state)
{
    char name[4000];
    conversation t;

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[0] = '\n';
    name[sizeof(name) - 1] = '\0';
    talk_begin(&t, NULL);
    talk_add(&t, SEED(name), 1, 1);
    assert_int_equal(talk_go(&t), VGI_OK);
    talk_expect_stream(&t, 0);
    talk_expect_exception(&t, "AttributeError", "Unknown method: '\\x0axxx");
    assert_true(strlen(talk_key(&t, VGI_KEY_LOG_MESSAGE)) < 1000);
    talk_end(&t);
}

/* ---- streams that are refused before they open ---- */

static void test_refused_streams(void **state)
{
    static const keys refused[] = { { .method = "nothing" }, { .method = "count" } };
    const calc_text wrong = { VGI_LIT("no number") };
    conversation t;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int with_input = 0; with_input <= 1; with_input++) {
            talk_begin(&t, NULL);
            talk_request(&t, refused[i], VGI_FROM(calc_text, &wrong), 1);
            if (with_input)
                talk_ticks(&t, 2);
            then_good(&t, SEED("add"));
            expect_refusal(&t, i == 0 ? "AttributeError" : "TypeError",
                           i == 0 ? "nothing" : "unexpected keyword argument 'text'");
        }
    }
}

/* ---- bad framing, bad contents ---- */

static void test_no_batch(void **state)
{
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    talk_input(&t, NULL);
    talk_input_end(&t);
    then_good(&t, SEED("add"));
    expect_refusal(&t, "RpcError", "The request stream carries no batch");
}

/* A well-framed batch with bad contents: a text that is no UTF-8. */
static void send_text(conversation *t, const int32_t *offsets, const char *data)
{
    static const vgi_column column = { .name = "text", .format = "u" };
    const void *buffers[] = { NULL, offsets, data }, *none[] = { NULL };
    struct ArrowArray text = { .length = 1, .n_buffers = 3, .buffers = buffers };
    struct ArrowArray *children[] = { &text };
    struct ArrowArray root = { .length = 1,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 1,
                               .children = children };
    vgi_batch batch = { .root = &root };

    assert_int_equal(vgi_schema_build(&batch.schema, &column, 1, &t->error), VGI_OK);
    talk_request_batch(t, SEED("echo"), &batch);
    vgi_schema_unref(batch.schema);
}

static void test_bad_contents(void **state)
{
    static const int32_t five[] = { 0, 5 };
    conversation t;

    (void)state;
    talk_begin(&t, NULL);
    send_text(&t, five, "ab\xff\xfe!");
    then_good(&t, SEED("add"));
    expect_refusal(&t, "ArrowInvalid", "UTF-8");
}

/* What cannot be read behind a refused stream is a request and not that stream's input:
 * its client waits for an answer. */
static void test_bad_contents_after_a_refused_stream(void **state)
{
    static const keys refused[] = { { .method = "nothing" }, { .method = "count" } };
    static const int32_t five[] = { 0, 5 };
    const calc_text wrong = { VGI_LIT("no number") };
    conversation t;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        talk_begin(&t, NULL);
        talk_request(&t, refused[i], VGI_FROM(calc_text, &wrong), 1);
        send_text(&t, five, "ab\xff\xfe!");
        talk_request(&t, refused[i], VGI_FROM(calc_text, &wrong), 1);
        send_text(&t, five, "ab\xff\xfe!");
        talk_ticks(&t, 1); /* of a stream, for all that is known */
        then_good(&t, SEED("add"));
        for (int pair = 0; pair < 2; pair++) {
            talk_expect_error(&t, i == 0 ? "AttributeError" : "TypeError", "");
            talk_expect_error(&t, "ArrowInvalid", "UTF-8");
        }
        talk_expect_double(&t, 3.75);
        talk_expect_no_more(&t);
        talk_end(&t);
    }
}

static void test_second_batch_ignored(void **state)
{
    const calc_pair p = { 4, 4 };
    const vgi_pair pairs[] = { { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("add") },
                               { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT("1") } };
    const vgi_metadata m = { pairs, 2 };
    conversation t;
    vgi_batch *b;

    (void)state;
    talk_begin(&t, NULL);
    assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(calc_pair, &p), 1, &t.error),
                     VGI_OK);
    talk_input(&t, b->schema);
    for (int i = 0; i < 3; i++)
        assert_int_equal(vgi__writer_batch(t.writer, b->root, &m, &t.error), VGI_OK);
    talk_input_end(&t);
    vgi_batch_unref(b);
    then_good(&t, SEED("add"));
    talk_expect_double(&t, 8);
    talk_expect_double(&t, 3.75);
    talk_expect_no_more(&t);
    talk_end(&t);
}

static void test_text_instead_of_a_stream(void **state)
{
    static const char *const texts[] = { "GET / H", "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                         "x" };
    conversation t;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        talk_begin(&t, NULL);
        talk_add(&t, SEED("add"), 1, 2);
        talk_bytes(&t, texts[i], strlen(texts[i]));
        assert_int_not_equal(talk_go(&t), VGI_OK);
        assert_int_equal(t.error.code, t.status);
        talk_expect_double(&t, 3);
        talk_expect_error(&t, "ArrowInvalid", "");
        talk_expect_no_more(&t);
        talk_end(&t);
    }
}

/* Every prefix of a connection: an answer, an error, or nothing; never a hang or a crash.
 */
static void test_truncation(void **state)
{
    const calc_count c = { 2 };
    conversation t;
    vgi__buffer whole;

    (void)state;
    talk_begin(&t, NULL);
    talk_request(&t, SEED("count"), VGI_FROM(calc_count, &c), 1);
    talk_ticks(&t, 3);
    vgi__buffer_init(&whole, NULL, SIZE_MAX);
    assert_true(vgi__buffer_append(&whole, t.sent.data, t.sent.len));
    talk_end(&t);
    for (size_t n = 0; n < whole.len; n += 7) {
        talk_begin(&t, NULL);
        talk_bytes(&t, whole.data, n);
        (void)talk_go(&t);
        assert_int_equal(calc_saw.opened, calc_saw.destroyed);
        talk_end(&t);
    }
    vgi__buffer_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_current_parameters),
        cmocka_unit_test(test_seed_parameters),
        cmocka_unit_test(test_null_parameter),
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_seed_envelopes),
        cmocka_unit_test(test_version_gate),
        cmocka_unit_test(test_compat),
        cmocka_unit_test(test_describe_off),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_refused_streams),
        cmocka_unit_test(test_no_batch),
        cmocka_unit_test(test_bad_contents),
        cmocka_unit_test(test_bad_contents_after_a_refused_stream),
        cmocka_unit_test(test_second_batch_ignored),
        cmocka_unit_test(test_text_instead_of_a_stream),
        cmocka_unit_test(test_truncation),
    };

    return vgi_test_run(tests);
}
