/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#include "transport/mem/mem.h"

void talk_begin(conversation *t, const vgi_server_options *options)
{
    talk_begin_with(t, options, NULL);
}

void talk_begin_with(conversation *t, const vgi_server_options *options,
                     const vgi_service *primary)
{
    const vgi_server_options standard = { .size = sizeof(standard), .server_id = "test" };

    *t = (conversation){ .info = { .transport = VGI_TRANSPORT_MEMORY } };
    memset(&calc_saw, 0, sizeof(calc_saw));
    vgi__buffer_init(&t->sent, NULL, SIZE_MAX);
    vgi__buffer_init(&t->received, NULL, SIZE_MAX);
    vgi__batch_init(&t->batch, NULL);
    assert_int_equal(
        vgi__registry_new(&t->registry, options ? options : &standard, &t->error),
        VGI_OK);
    if (primary)
        assert_int_equal(vgi__registry_add(t->registry, primary, &t->error), VGI_OK);
    assert_int_equal(vgi__registry_add(t->registry, &calc_service, &t->error), VGI_OK);
    assert_int_equal(vgi__registry_add(t->registry, &calc_other, &t->error), VGI_OK);
    assert_int_equal(vgi__writer_new(&t->writer, NULL, NULL, &t->error), VGI_OK);
}

void talk_end(conversation *t)
{
    vgi__batch_free(&t->batch);
    vgi__reader_free(t->reader);
    vgi__io_close(t->io);
    vgi__writer_free(t->writer);
    vgi__registry_free(t->registry);
    vgi__buffer_free(&t->sent);
    vgi__buffer_free(&t->received);
}

/* ---- what the client sends ---- */

static void put(vgi_pair *pairs, size_t *n, const char *key, const char *value)
{
    if (value)
        pairs[(*n)++] = (vgi_pair){ vgi_str_from(key), vgi_str_from(value) };
}

static void send_stream(conversation *t, keys k, const vgi_schema *schema,
                        const struct ArrowArray *array)
{
    vgi_pair pairs[4];
    size_t n = 0;

    put(pairs, &n, VGI_KEY_METHOD, k.method);
    put(pairs, &n, VGI_KEY_REQUEST_VERSION,
        k.no_version ? NULL
        : k.version  ? k.version
                     : "1");
    put(pairs, &n, VGI_KEY_PROTOCOL, k.protocol);
    put(pairs, &n, VGI_KEY_PROTOCOL_VERSION, k.protocol_version);
    const vgi_metadata m = { pairs, n };

    assert_int_equal(vgi__writer_schema(t->writer, schema, &t->error), VGI_OK);
    if (array)
        assert_int_equal(vgi__writer_batch(t->writer, array, &m, &t->error), VGI_OK);
    else
        assert_int_equal(vgi__writer_empty_batch(t->writer, &m, &t->error), VGI_OK);
    talk_input_end(t);
}

void talk_request(conversation *t, keys k, const vgi_type *type, const void *rows,
                  size_t count)
{
    vgi_batch *b;

    if (!type) {
        send_stream(t, k, vgi__schema_empty(), NULL);
        return;
    }
    assert_int_equal(vgi_batch_from_rows(&b, type, rows, count, &t->error), VGI_OK);
    send_stream(t, k, b->schema, b->root);
    vgi_batch_unref(b);
}

void talk_request_batch(conversation *t, keys k, const vgi_batch *batch)
{
    send_stream(t, k, batch->schema, batch->root);
}

void talk_input(conversation *t, const vgi_schema *schema)
{
    assert_int_equal(
        vgi__writer_schema(t->writer, schema ? schema : vgi__schema_empty(), &t->error),
        VGI_OK);
}

void talk_rows(conversation *t, const vgi_type *type, const void *rows, size_t count)
{
    vgi_batch *b;

    assert_int_equal(vgi_batch_from_rows(&b, type, rows, count, &t->error), VGI_OK);
    assert_int_equal(vgi__writer_batch(t->writer, b->root, NULL, &t->error), VGI_OK);
    assert_int_equal(vgi__writer_gather(t->writer, &t->sent, &t->error), VGI_OK);
    vgi_batch_unref(b);
}

void talk_tick(conversation *t, const char *key, const char *value)
{
    const vgi_pair pair = { vgi_str_from(key), vgi_str_from(value) };
    const vgi_metadata m = { &pair, 1 };

    assert_int_equal(vgi__writer_empty_batch(t->writer, key ? &m : NULL, &t->error),
                     VGI_OK);
}

void talk_input_end(conversation *t)
{
    assert_int_equal(vgi__writer_eos(t->writer, &t->error), VGI_OK);
    assert_int_equal(vgi__writer_gather(t->writer, &t->sent, &t->error), VGI_OK);
}

void talk_ticks(conversation *t, int count)
{
    talk_input(t, NULL);
    for (int i = 0; i < count; i++)
        talk_tick(t, NULL, NULL);
    talk_input_end(t);
}

void talk_bytes(conversation *t, const void *bytes, size_t n)
{
    assert_int_equal(vgi__writer_gather(t->writer, &t->sent, &t->error), VGI_OK);
    assert_true(vgi__buffer_append(&t->sent, bytes, n));
}

void talk_add(conversation *t, keys k, double a, double b)
{
    const calc_pair p = { a, b };

    talk_request(t, k, VGI_FROM(calc_pair, &p), 1);
}

/* ---- the session, and its answers ---- */

int talk_go(conversation *t)
{
    vgi__io *io;

    talk_bytes(t, "", 0);
    assert_int_equal(
        vgi__mem_open(&io, t->sent.data, t->sent.len, 0, &t->received, NULL, &t->error),
        VGI_OK);
    t->status = vgi__session_run(t->registry, io, &t->info, &t->error);
    vgi__io_close(io);
    t->sent.len = 0;
    talk_read(t, t->received.data, t->received.len);
    return t->status;
}

void talk_read(conversation *t, const uint8_t *bytes, size_t n)
{
    vgi__batch_clear(&t->batch);
    vgi__reader_free(t->reader);
    vgi__io_close(t->io);
    t->reader = NULL;
    t->io = NULL;
    assert_int_equal(vgi__mem_open(&t->io, bytes, n, 0, NULL, NULL, &t->error), VGI_OK);
    assert_int_equal(vgi__reader_new(&t->reader, t->io, NULL, NULL, &t->error), VGI_OK);
}

static void next(conversation *t)
{
    assert_int_equal(vgi__reader_next(t->reader, &t->batch, &t->error), VGI_OK);
}

const char *talk_key(conversation *t, const char *key)
{
    static char text[8192];
    vgi_str value;

    if (!vgi_metadata_get(&t->batch.metadata, key, &value))
        return NULL;
    (void)snprintf(text, sizeof(text), VGI_STR_FMT, VGI_STR_ARG(value));
    return text;
}

void talk_expect_stream(conversation *t, size_t columns)
{
    const vgi_schema *s;

    assert_int_equal(vgi__reader_begin(t->reader, &s, &t->error), VGI_OK);
    assert_int_equal(vgi_schema_columns(s), columns);
}

void talk_expect_rows(conversation *t, int64_t rows)
{
    next(t);
    if (vgi__batch_classify(&t->batch) == VGI__BATCH_ERROR)
        fail_msg("%s", talk_key(t, VGI_KEY_LOG_MESSAGE));
    assert_int_equal(vgi__batch_classify(&t->batch), VGI__BATCH_DATA);
    assert_int_equal(vgi_batch_rows(&t->batch), rows);
}

void talk_expect_log(conversation *t, const char *level, const char *message)
{
    next(t);
    assert_int_equal(vgi__batch_classify(&t->batch), VGI__BATCH_LOG);
    assert_string_equal(talk_key(t, VGI_KEY_LOG_LEVEL), level);
    assert_string_equal(talk_key(t, VGI_KEY_LOG_MESSAGE), message);
    assert_string_equal(talk_key(t, VGI_KEY_SERVER_ID), "test");
}

void talk_expect_exception(conversation *t, const char *type, const char *text)
{
    const char *message;

    next(t);
    assert_int_equal(vgi__batch_classify(&t->batch), VGI__BATCH_ERROR);
    message = talk_key(t, VGI_KEY_LOG_MESSAGE);
    if (strncmp(message, type, strlen(type)) != 0 || message[strlen(type)] != ':' ||
        !strstr(message, text))
        fail_msg("expected %s with '%s', got '%s'", type, text, message);
    assert_non_null(talk_key(t, VGI_KEY_ERROR_CODE));
    assert_int_equal(strlen(talk_key(t, VGI_KEY_REQUEST_ID)), 16);
}

void talk_expect_end(conversation *t)
{
    assert_int_equal(vgi__reader_next(t->reader, &t->batch, &t->error), VGI_END);
}

void talk_expect_no_more(conversation *t)
{
    const vgi_schema *s;

    assert_int_equal(vgi__reader_begin(t->reader, &s, &t->error), VGI_END);
}

void talk_expect_error(conversation *t, const char *type, const char *text)
{
    const vgi_schema *s;

    assert_int_equal(vgi__reader_begin(t->reader, &s, &t->error), VGI_OK);
    talk_expect_exception(t, type, text);
    talk_expect_end(t);
}

void talk_expect_double(conversation *t, double value)
{
    vgi_f64s items;

    talk_expect_stream(t, 1);
    talk_expect_rows(t, 1);
    assert_int_equal(vgi_batch_f64(&t->batch, "result", &items), VGI_OK);
    assert_true(items.items[0] == value);
    assert_int_equal(t->batch.metadata.count, 0);
    talk_expect_end(t);
}
