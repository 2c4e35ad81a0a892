/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding a stream that is wholly in memory, which others may write to. */
#include <stdatomic.h>
#include <string.h>

#include "arrow/decode.h"
#include "arrow/dictionary.h"
#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/fail.h"

/* The stream from where it is read on. */
typedef struct cursor {
    const uint8_t *p;
    size_t left;
    vgi__buffer *heads; /* of a shared stream: where messages are copied to but for their
                           bodies, one at a time; or NULL */
} cursor;

/* What was read is not read again. */
static void read_once(void *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    atomic_signal_fence(memory_order_seq_cst);
}

/* Prefix and metadata of the next message, `total` bytes, where they do not change; NULL:
 * no memory. */
static const uint8_t *hold_head(cursor *c, const uint8_t *prefix, size_t total)
{
    if (!c->heads)
        return c->p;
    vgi__buffer_clear(c->heads);
    uint8_t *p = vgi__buffer_extend(c->heads, total);
    if (!p)
        return NULL;
    memcpy(p, prefix, VGI__MESSAGE_PREFIX);
    read_once(p + VGI__MESSAGE_PREFIX, c->p + VGI__MESSAGE_PREFIX,
              total - VGI__MESSAGE_PREFIX);
    return p;
}

/* The next message; VGI_END: end of stream. */
static int next_message(cursor *c, vgi__message *m, const uint8_t **body,
                        const vgi_limits *limits, vgi_error *err)
{
    uint8_t prefix[VGI__MESSAGE_PREFIX] = { 0 };
    uint32_t bytes;
    if (c->left >= sizeof(prefix))
        read_once(prefix, c->p, sizeof(prefix));
    if (!vgi__message_prefix(prefix, &bytes))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "not an Arrow IPC stream, or one cut short");
    if (bytes == 0)
        return VGI_END;
    if (bytes > limits->schema_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "Arrow message metadata of %u bytes is over the limit of %u",
                         bytes, limits->schema_bytes);
    size_t total = VGI__MESSAGE_PREFIX + (size_t)bytes;
    if (total > c->left)
        return vgi__fail(err, VGI_EPROTO, NULL, "Arrow IPC stream cut short");
    const uint8_t *head = hold_head(c, prefix, total);
    if (!head)
        return vgi__fail_nomem(err);
    int rc = vgi__message_parse(m, head + VGI__MESSAGE_PREFIX, bytes, err);
    if (rc != VGI_OK)
        return rc;
    if ((uint64_t)m->body_bytes > c->left - total)
        return vgi__fail(err, VGI_EPROTO, NULL, "Arrow IPC stream cut short");
    if (m->body_bytes > limits->message_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "Arrow message body of %lld bytes is over the limit of %lld",
                         (long long)m->body_bytes, (long long)limits->message_bytes);
    *body = c->p + total;
    total += (size_t)m->body_bytes;
    c->p += total;
    c->left -= total;
    return VGI_OK;
}

static int first_batch(vgi_batch *b, cursor *c, const vgi_schema *s,
                       vgi__decode_input *in, vgi_error *err)
{
    for (;;) {
        vgi__message m;
        int rc = next_message(c, &m, &in->body, in->limits, err);
        if (rc != VGI_OK)
            return rc;
        in->message = &m;
        in->inflate_limit = in->limits->decompressed_bytes;
        if (in->dictionaries)
            in->inflate_limit -= vgi__dictionary_table_inflated(in->dictionaries);
        if (m.kind == VGI__MESSAGE_BATCH)
            rc = vgi__decode_batch(b, s, in, err);
        else if (m.kind == VGI__MESSAGE_DICTIONARY && s->n_dictionaries)
            rc = vgi__dictionary_table_apply(in->dictionaries, in, err);
        else
            rc =
                vgi__fail(err, VGI_EPROTO, NULL, "unexpected message in an Arrow stream");
        if (rc != VGI_OK)
            return rc;
        if (m.kind == VGI__MESSAGE_BATCH)
            return in->shared ? VGI_OK : vgi__decode_metadata(b, &m, in->limits, err);
    }
}

static int decode_with(vgi_batch *b, cursor *c, const vgi_schema *s,
                       vgi__decode_input *in, vgi_error *err)
{
    if (s->n_dictionaries == 0)
        return first_batch(b, c, s, in, err);
    in->dictionaries = vgi__dictionary_table_new(b->allocator);
    if (!in->dictionaries)
        return vgi__fail_nomem(err);
    int rc = vgi__dictionary_table_begin(in->dictionaries, s, err);
    if (rc == VGI_OK)
        rc = first_batch(b, c, s, in, err);
    vgi__dictionary_table_free(in->dictionaries);
    return rc;
}

/* A batch that is used again often meets the schema it had before. */
static vgi_schema *recognise(const vgi_schema *last, const uint8_t *p, size_t n)
{
    if (!last || last->message_len > n ||
        memcmp(p, last->message, last->message_len) != 0)
        return NULL;
    return vgi_schema_ref(last);
}

/* The batch behind the schema `s`, whose message is the first `used` bytes. */
static int decode_rest(vgi_batch *b, const vgi_schema *s, vgi_bytes stream, size_t used,
                       vgi__decode_input *in, vgi_error *err)
{
    cursor c = { stream.data + used, stream.len - used, NULL };
    int rc = decode_with(b, &c, s, in, err);
    if (rc < 0)
        vgi__batch_clear(b);
    return rc;
}

int vgi__stream_decode(vgi_batch *b, const uint8_t *p, size_t n, vgi__block *block,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err)
{
    vgi_limits l = vgi_limits_effective(limits);
    vgi__decode_input in = { .block = block, .limits = &l };
    vgi_schema *s = recognise(b->schema, p, n);
    size_t used = s ? s->message_len : 0;
    int rc = VGI_OK;
    vgi__batch_clear(b);
    if (!s && (rc = vgi__schema_decode(&s, p, n, &used, &l, a, err)) != VGI_OK)
        return rc;
    rc = decode_rest(b, s, (vgi_bytes){ p, n }, used, &in, err);
    vgi_schema_unref(s);
    return rc;
}

int vgi__stream_decode_cached(vgi_batch *b, vgi__schema_cache *cache, vgi_bytes stream,
                              vgi__block *block, const vgi_limits *limits, vgi_error *err)
{
    vgi__decode_input in = { .block = block, .limits = limits };
    vgi_schema *s = vgi__schema_cache_find(cache, stream.data, stream.len);
    size_t used = s ? s->message_len : 0;
    int rc;
    vgi__batch_drop_data(b);
    if (s)
        return decode_rest(b, s, stream, used, &in, err);
    rc =
        vgi__schema_decode(&s, stream.data, stream.len, &used, limits, b->allocator, err);
    if (rc != VGI_OK)
        return rc;
    rc = decode_rest(b, s, stream, used, &in, err);
    if (s->message_len <= VGI__CACHED_SCHEMA_BYTES)
        vgi__schema_cache_put(cache, s);
    else
        vgi_schema_unref(s);
    return rc;
}

/* ---- streams in shared memory ---- */

/* The schema that the stream begins with, or the expected one if it begins without: a
 * reference. The cursor is behind it. */
static int shared_schema(cursor *c, const vgi__shared_stream *from, vgi_schema **out,
                         const vgi_allocator *a, vgi_error *err)
{
    const vgi_schema *expected = from->schema;
    const cursor start = *c;
    const uint8_t *body;
    vgi__message m;
    size_t used;
    if (expected->message_len <= c->left &&
        memcmp(c->p, expected->message, expected->message_len) == 0) {
        c->p += expected->message_len;
        c->left -= expected->message_len;
        *out = vgi_schema_ref(expected);
        return VGI_OK;
    }
    int rc = next_message(c, &m, &body, from->limits, err);
    if (rc == VGI_OK && m.kind == VGI__MESSAGE_SCHEMA)
        return vgi__schema_decode(out, from->heads->data, from->heads->len, &used,
                                  from->limits, a, err);
    if (rc != VGI_OK)
        return rc;
    *c = start;
    *out = vgi_schema_ref(expected);
    return VGI_OK;
}

int vgi__stream_decode_shared(vgi_batch *b, const vgi__shared_stream *from,
                              vgi_error *err)
{
    cursor c = { from->stream.data, from->stream.len, from->heads };
    vgi__decode_input in = {
        .block = from->block, .shared = true, .spare = from->spare, .limits = from->limits
    };
    vgi_schema *s = NULL;
    int rc = shared_schema(&c, from, &s, b->allocator, err);
    vgi__batch_drop_data(b);
    if (rc == VGI_OK)
        rc = decode_with(b, &c, s, &in, err);
    if (rc != VGI_OK)
        vgi__batch_clear(b);
    vgi_schema_unref(s);
    return rc;
}
