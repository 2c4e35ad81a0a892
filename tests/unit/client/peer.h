/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted server: its answers are written before the client runs, what the client sent
 * is read afterwards. */
#ifndef TESTS_CLIENT_PEER_H
#define TESTS_CLIENT_PEER_H

#include <string.h>

#include "support/traced.h"

#include <vgirpc/client.h>

#include "arrow/reader.h"
#include "arrow/writer.h"
#include "client/connection.h"
#include "transport/mem/mem.h"
#include "wire/keys.h"

typedef struct peer {
    vgi__writer *writer;
    vgi__buffer answers, sent;
    vgi_client *client;
    const char *protocol, *protocol_version; /* of the client's options */
    uint64_t max_logs;                       /* 0: the default */
    int logs;
    char last_log[128]; /* "level message extra" */
    /* what was sent, while it is looked at */
    vgi__io *io;
    vgi__reader *reader;
    vgi_batch batch;
} peer;

static inline void peer_init(peer *p)
{
    memset(p, 0, sizeof(*p));
    vgi__buffer_init(&p->answers, NULL, SIZE_MAX);
    vgi__buffer_init(&p->sent, NULL, SIZE_MAX);
    vgi__batch_init(&p->batch, NULL);
    assert_int_equal(vgi__writer_new(&p->writer, NULL, NULL, NULL), VGI_OK);
}

static inline void peer_free(peer *p)
{
    vgi_client_close(p->client);
    vgi__batch_free(&p->batch);
    vgi__reader_free(p->reader);
    vgi__io_close(p->io);
    vgi__writer_free(p->writer);
    vgi__buffer_free(&p->answers);
    vgi__buffer_free(&p->sent);
}

/* ---- answers ---- */

static inline void peer_flush(peer *p)
{
    assert_int_equal(vgi__writer_gather(p->writer, &p->answers, NULL), VGI_OK);
}

static inline void peer_begin(peer *p, const vgi_schema *schema)
{
    assert_int_equal(vgi__writer_schema(p->writer, schema, NULL), VGI_OK);
}

static inline void peer_end(peer *p)
{
    assert_int_equal(vgi__writer_eos(p->writer, NULL), VGI_OK);
    peer_flush(p);
}

static inline void peer_batch(peer *p, const vgi_batch *b)
{
    const vgi_metadata m = vgi_batch_metadata(b);

    assert_int_equal(vgi__writer_batch(p->writer, vgi_batch_array(b), &m, NULL), VGI_OK);
    peer_flush(p);
}

static inline vgi_schema *peer_schema(const char *column, const char *format)
{
    const vgi_column c = { .name = column, .format = format, .nullable = true };
    vgi_schema *schema = NULL;

    assert_int_equal(vgi_schema_build(&schema, &c, 1, NULL), VGI_OK);
    return schema;
}

/* A batch of the begun schema from JSON. */
static inline void peer_json(peer *p, const vgi_schema *schema, const char *json)
{
    vgi_batch *b = NULL;

    assert_int_equal(vgi_batch_from_json(&b, schema, vgi_str_from(json), NULL), VGI_OK);
    peer_batch(p, b);
    vgi_batch_unref(b);
}

static inline void peer_pairs(peer *p, const vgi_pair *pairs, size_t n)
{
    const vgi_metadata m = { pairs, n };

    assert_int_equal(vgi__writer_empty_batch(p->writer, &m, NULL), VGI_OK);
    peer_flush(p);
}

static inline vgi_pair peer_pair(const char *key, const char *value)
{
    return (vgi_pair){ vgi_str_from(key), vgi_str_from(value) };
}

static inline void peer_log(peer *p, const char *level, const char *message)
{
    const vgi_pair pairs[] = { peer_pair(VGI_KEY_LOG_LEVEL, level),
                               peer_pair(VGI_KEY_LOG_MESSAGE, message),
                               peer_pair(VGI_KEY_LOG_EXTRA, "{\"k\":\"v\"}") };

    peer_pairs(p, pairs, 3);
}

/* An exception of a server of the seed epoch (code NULL) or of a current one. */
static inline void peer_error(peer *p, const char *message, const char *code,
                              const char *kind)
{
    vgi_pair pairs[4] = { peer_pair(VGI_KEY_LOG_LEVEL, "EXCEPTION"),
                          peer_pair(VGI_KEY_LOG_MESSAGE, message) };
    size_t n = 2;

    if (code)
        pairs[n++] = peer_pair(VGI_KEY_ERROR_CODE, code);
    if (kind)
        pairs[n++] = peer_pair(VGI_KEY_ERROR_KIND, kind);
    peer_pairs(p, pairs, n);
}

/* An error stream on the empty schema. */
static inline void peer_refuse(peer *p, const char *message, const char *code,
                               const char *kind)
{
    peer_begin(p, vgi__schema_empty());
    peer_error(p, message, code, kind);
    peer_end(p);
}

/* A whole unary answer. */
static inline void peer_result(peer *p, const char *format, const char *json)
{
    vgi_schema *schema = peer_schema("result", format);

    peer_begin(p, schema);
    peer_json(p, schema, json);
    peer_end(p);
    vgi_schema_unref(schema);
}

static inline void peer_void(peer *p)
{
    const vgi_metadata none = { 0 };

    peer_begin(p, vgi__schema_empty());
    assert_int_equal(vgi__writer_empty_batch(p->writer, &none, NULL), VGI_OK);
    peer_end(p);
}

/* ---- the client ---- */

static inline void peer_on_log(void *user, const vgi_log_record *record)
{
    peer *p = user;

    p->logs++;
    (void)snprintf(p->last_log, sizeof(p->last_log), "%d %.*s %.*s", (int)record->level,
                   VGI_STR_ARG(record->message), VGI_STR_ARG(record->extra));
}

static inline vgi_client *peer_connect(peer *p)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .protocol = p->protocol,
                                         .protocol_version = p->protocol_version,
                                         .limits = vgi_limits_effective(NULL),
                                         .on_log = peer_on_log,
                                         .user = p };
    vgi__channel *channel = NULL;
    vgi__io *io = NULL;
    int rc;

    assert_int_equal(
        vgi__mem_open(&io, p->answers.data, p->answers.len, 0, &p->sent, NULL, NULL),
        VGI_OK);
    rc = vgi__bytes_channel_new(&channel, io, NULL, &options.limits, NULL, NULL);
    if (rc != VGI_OK)
        vgi__io_close(io);
    assert_int_equal(rc, VGI_OK);
    rc = vgi__client_new(&p->client, channel, &options, NULL);
    if (rc != VGI_OK)
        channel->ops->close(channel);
    assert_int_equal(rc, VGI_OK);
    if (p->max_logs)
        p->client->max_logs = p->max_logs;
    return p->client;
}

/* ---- what was sent ---- */

/* Begin to read the next stream of what was sent; its columns. */
static inline size_t peer_sent_stream(peer *p)
{
    const vgi_schema *schema = NULL;

    if (!p->reader) {
        assert_int_equal(
            vgi__mem_open(&p->io, p->sent.data, p->sent.len, 0, NULL, NULL, NULL),
            VGI_OK);
        assert_int_equal(vgi__reader_new(&p->reader, p->io, NULL, NULL, NULL), VGI_OK);
    }
    assert_int_equal(vgi__reader_begin(p->reader, &schema, NULL), VGI_OK);
    return vgi_schema_columns(schema);
}

/* Its next batch; false: its end. */
static inline bool peer_sent_batch(peer *p)
{
    const int rc = vgi__reader_next(p->reader, &p->batch, NULL);

    assert_true(rc == VGI_OK || rc == VGI_END);
    return rc == VGI_OK;
}

static inline void peer_sent_end(peer *p)
{
    const vgi_schema *schema;

    assert_int_equal(vgi__reader_begin(p->reader, &schema, NULL), VGI_END);
}

/* The value of a key of the last batch, "-" when it is not there. */
static inline const char *peer_sent_key(peer *p, const char *key)
{
    static char text[128];
    const vgi_metadata m = vgi_batch_metadata(&p->batch);
    vgi_str value = VGI_LIT("-");

    vgi_metadata_get(&m, key, &value);
    (void)snprintf(text, sizeof(text), "%.*s", VGI_STR_ARG(value));
    return text;
}

#endif
