/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: calls over HTTP, streams of the seed epoch alone.
 *
 *   unary     POST /m            -> an IPC stream; /p/m when protocol p was named
 *   stream    POST /m/init       -> [header stream] output stream
 *             POST /m/exchange   -> output stream, again for each turn that needs it
 *
 * An answer is complete when it is read, and lies in memory. The server keeps nothing:
 * its state is a token in the metadata of a batch, of which the last one goes with the
 * next request. A producer's token comes in a batch of zero rows behind the data; one
 * answer may hold several data batches, which are handed out before the token is used. An
 * exchange's first token comes in a batch of zero rows in the answer to init, the others
 * with the data that answers an input. No token: the stream is over. Nobody above sees
 * tokens, nor where an answer ends and the next one begins.
 *
 * So a turn sends nothing by itself: what is left of the answer comes first (it may be
 * logs, or a batch of the producer), and the request is made by the `next` that has used
 * it up. What the turn lends must stay until then.
 *
 * A failure ends the stream and never the connection: each request stands alone.
 */
#include <string.h>

#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "client/http.h"
#include "wire/wire.h"

/* A producer that has nothing to say so often never will. */
#define EMPTY_ANSWERS 1000

typedef struct http_channel {
    vgi__channel base;
    const vgi_allocator *allocator;
    vgi__http_peer peer;
    vgi__reader *reader;
    vgi__writer *writer;
    bool reading; /* there is an answer, and its IPC stream has not ended */
    /* Of an open stream: */
    vgi__buffer method, token;
    bool turned;        /* from the first turn on it is about the output */
    vgi_schema *output; /* reference; NULL until the output's schema was read */
    vgi__outgoing turn; /* lent */
    bool has_turn;      /* one that has no answer yet */
    bool of_input;      /* the answer being read is to an input, */
    bool answered;      /* and its data batch was there */
    vgi_pair *pairs;    /* of a request being sent */
    size_t pairs_cap;
} http_channel;

/* ---- one request ---- */

/* A failure of the reader: nothing more comes of this answer. */
static int unreadable(http_channel *hc, int rc, vgi_error *err)
{
    hc->reading = false;
    /* The bytes are all there; that they end too early is the server's doing. */
    if (rc == VGI_ECLOSED && err) {
        const vgi_error cause = *err;
        return vgi__fail(err, VGI_EPROTO, NULL, "%s", cause.message);
    }
    return rc == VGI_ECLOSED ? VGI_EPROTO : rc;
}

static int post(http_channel *hc, const vgi__http_route *route, const vgi__outgoing *out,
                vgi_error *err)
{
    vgi__http_body body;
    int rc = vgi__http_write(hc->writer, out, err);
    const size_t bytes = vgi__writer_pending(hc->writer);

    hc->reading = false;
    if (rc != VGI_OK)
        return rc;
    rc = vgi__http_post(&hc->peer, route, hc->writer, &body, err);
    if (rc == VGI_ELIMIT && vgi__http_may_upload(&hc->peer, bytes))
        rc = vgi__http_post_uploaded(&hc->peer, route, hc->writer, out, &body, err);
    if (rc != VGI_OK)
        return rc;
    vgi__reader_feed(hc->reader, body.block, body.len);
    vgi__block_unref(body.block);
    hc->reading = true;
    return VGI_OK;
}

/* ---- requests ---- */

static void forget_stream(http_channel *hc)
{
    vgi__buffer_clear(&hc->token);
    vgi_schema_unref(hc->output);
    hc->output = NULL;
    hc->turned = hc->has_turn = hc->of_input = hc->answered = false;
}

static bool is_introspection(const vgi__outgoing *out)
{
    return out->protocol ? strcmp(out->protocol, VGI_PROTOCOL_REFLECTION) == 0
                         : strcmp(out->method, VGI_METHOD_DESCRIBE) == 0;
}

static int http_request(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err)
{
    http_channel *hc = (http_channel *)ch;
    const vgi__http_route route = {
        .protocol = out->protocol ? vgi_str_from(out->protocol) : (vgi_str){ NULL, 0 },
        .method = vgi_str_from(out->method),
        .tail = out->stream ? "/init" : "",
        .idempotent = is_introspection(out),
    };

    forget_stream(hc);
    if (out->stream && out->protocol)
        return vgi__fail(err, VGI_ENOTSUP, NULL,
                         "streams over HTTP are only those of a server's first protocol, "
                         "called without its name (%s)",
                         out->protocol);
    vgi__buffer_clear(&hc->method);
    if (!vgi__buffer_append(&hc->method, route.method.data, route.method.len))
        return vgi__fail_nomem(err);
    return post(hc, &route, out, err);
}

/* ---- the output of a stream ---- */

/* Read the output's schema from the answer at hand. An answer that fails may have another
 * one than the stream. */
static int begin_output(http_channel *hc, vgi_error *err)
{
    const vgi_schema *schema;
    int rc = vgi__reader_begin(hc->reader, &schema, err);

    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "the server's answer has no output stream");
    if (rc != VGI_OK)
        return unreadable(hc, rc, err);
    if (!hc->output)
        hc->output = vgi_schema_ref(schema);
    return VGI_OK;
}

/* Keep the token of a batch, and take it out of what the caller sees. */
static int take_token(http_channel *hc, vgi_batch *b, bool *found, vgi_error *err)
{
    vgi_pair *pairs = b->store.pairs;
    size_t n = 0;

    *found = false;
    for (size_t i = 0; i < b->metadata.count; i++) {
        const vgi_pair pair = b->metadata.pairs[i];
        if (!vgi_str_eq(pair.key, VGI_KEY_STREAM_STATE)) {
            pairs[n++] = pair;
            continue;
        }
        vgi__buffer_clear(&hc->token);
        if (!vgi__buffer_append(&hc->token, pair.value.data, pair.value.len))
            return vgi__fail_nomem(err);
        *found = true;
    }
    b->metadata.count = n;
    return VGI_OK;
}

/* A data batch: is it one that may come now? */
static int check_data(http_channel *hc, const vgi_batch *b, vgi_error *err)
{
    if (hc->of_input && hc->answered)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the server answered one input with two batches");
    if (!hc->of_input && hc->has_turn && hc->turn.array)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the server sent data before it had an input: this stream is a "
                         "producer");
    if (!vgi_schema_equal(hc->output, b->schema))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the schema of the output changed in the middle of the stream");
    return VGI_OK;
}

/* The next batch of the answer at hand that the caller is to see. VGI_END: there is none.
 */
static int read_output(http_channel *hc, vgi_batch *b, vgi_error *err)
{
    while (hc->reading) {
        bool token = false;
        int rc = vgi__reader_next(hc->reader, b, err);

        if (rc == VGI_END) {
            hc->reading = false;
            break;
        }
        if (rc != VGI_OK)
            return unreadable(hc, rc, err);
        /* The token may be with what it points to. */
        if (hc->base.external &&
            (rc = hc->base.external->resolve(hc->base.external, b, err)) != VGI_OK)
            return unreadable(hc, rc, err);
        const vgi__batch_class kind = vgi__batch_classify(b);
        if (kind == VGI__BATCH_ERROR)
            hc->has_turn = false; /* this was its answer */
        if (kind != VGI__BATCH_DATA)
            return VGI_OK;
        rc = take_token(hc, b, &token, err);
        if (rc == VGI_OK && token && vgi_batch_rows(b) == 0 && !hc->of_input)
            continue; /* it was there for its token only */
        if (rc == VGI_OK)
            rc = check_data(hc, b, err);
        if (rc != VGI_OK)
            return unreadable(hc, rc, err);
        hc->has_turn = false;
        hc->answered = hc->of_input;
        return VGI_OK;
    }
    return VGI_END;
}

/* Send the turn, with the token, which is spent by that. */
static int send_turn(http_channel *hc, vgi_error *err)
{
    const vgi_metadata *given = &hc->turn.metadata;
    const bool tick = hc->has_turn && !hc->turn.array;
    const vgi__http_route route = {
        .method = { (const char *)hc->method.data, hc->method.len },
        .tail = "/exchange",
        .idempotent = tick, /* the token leads to the same batch each time */
    };

    if (!vgi__grow(hc->allocator, (void **)&hc->pairs, &hc->pairs_cap, given->count + 1,
                   sizeof(*hc->pairs)))
        return vgi__fail_nomem(err);
    hc->pairs[0] = (vgi_pair){ VGI_LIT(VGI_KEY_STREAM_STATE),
                               { (const char *)hc->token.data, hc->token.len } };
    if (given->count)
        memcpy(hc->pairs + 1, given->pairs, given->count * sizeof(*hc->pairs));
    vgi__outgoing out = hc->turn;
    out.metadata = (vgi_metadata){ hc->pairs, given->count + 1 };
    int rc = post(hc, &route, &out, err);
    vgi__buffer_clear(&hc->token);
    hc->of_input = hc->turn.array != NULL;
    hc->answered = false;
    hc->has_turn = tick; /* an input is used up, a tick waits for data */
    return rc == VGI_OK ? begin_output(hc, err) : rc;
}

static int next_output(http_channel *hc, vgi_batch *b, vgi_error *err)
{
    for (int i = 0; i < EMPTY_ANSWERS; i++) {
        int rc = read_output(hc, b, err);

        if (rc != VGI_END || !hc->has_turn || hc->token.len == 0)
            return rc;
        rc = send_turn(hc, err);
        if (rc != VGI_OK)
            return rc;
    }
    return vgi__fail(err, VGI_ELIMIT, NULL,
                     "the server sent %d answers without a batch, one after the other",
                     EMPTY_ANSWERS);
}

/* ---- the channel ---- */

static int http_begin(vgi__channel *ch, const vgi_schema **schema, vgi_error *err)
{
    http_channel *hc = (http_channel *)ch;
    int rc;

    if (!hc->turned) {
        rc = vgi__reader_begin(hc->reader, schema, err);
        if (rc == VGI_END)
            rc = vgi__fail(err, VGI_EPROTO, NULL, "the server's answer is empty");
        hc->reading = rc == VGI_OK;
        return rc == VGI_OK ? rc : unreadable(hc, rc, err);
    }
    rc = hc->output ? VGI_OK : begin_output(hc, err);
    *schema = hc->output;
    return rc;
}

static int http_next(vgi__channel *ch, vgi_batch *batch, vgi_error *err)
{
    http_channel *hc = (http_channel *)ch;

    if (hc->turned)
        return next_output(hc, batch, err);
    if (!hc->reading)
        return VGI_END;
    int rc = vgi__reader_next(hc->reader, batch, err);
    if (rc < 0)
        return unreadable(hc, rc, err);
    hc->reading = rc == VGI_OK;
    return rc;
}

/* The rest of the answer at hand is for nobody, but for the token. */
static int skip_to_token(http_channel *hc, vgi_error *err)
{
    vgi_batch b;
    int rc = hc->output ? VGI_OK : begin_output(hc, err);

    vgi__batch_init(&b, hc->allocator);
    while (rc == VGI_OK)
        rc = read_output(hc, &b, err);
    vgi__batch_free(&b);
    return rc == VGI_END ? VGI_OK : rc;
}

static int cancel(http_channel *hc, vgi_error *err)
{
    int rc;

    hc->has_turn = false;
    rc = skip_to_token(hc, err);
    return rc == VGI_OK && hc->token.len > 0 ? send_turn(hc, err) : rc;
}

static int http_turn(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err)
{
    http_channel *hc = (http_channel *)ch;

    if (!hc->turned)
        hc->reading = true; /* behind the header's stream there is the output's */
    hc->turned = true;
    hc->turn = *out;
    if (vgi_metadata_get(&out->metadata, VGI_KEY_CANCEL, NULL))
        return cancel(hc, err);
    hc->has_turn = true;
    return VGI_OK;
}

static int http_end_input(vgi__channel *ch, vgi_error *err)
{
    (void)err;
    ch->ops->abandon(ch);
    return VGI_OK;
}

/* The token is forgotten: that is the end of the stream, for the server too. */
static void http_abandon(vgi__channel *ch)
{
    http_channel *hc = (http_channel *)ch;

    vgi__buffer_clear(&hc->token);
    hc->reading = hc->has_turn = false;
    hc->turned = true;
    if (!hc->output)
        hc->output = vgi_schema_ref(vgi__schema_empty());
}

static void http_close(vgi__channel *ch)
{
    http_channel *hc = (http_channel *)ch;

    vgi__reader_free(hc->reader);
    vgi__writer_free(hc->writer);
    vgi__http_peer_free(&hc->peer);
    vgi_schema_unref(hc->output);
    vgi__buffer_free(&hc->method);
    vgi__buffer_free(&hc->token);
    vgi__free(hc->allocator, hc->pairs);
    vgi__free(hc->allocator, hc);
}

static const struct vgi__channel_ops http_ops = {
    .request = http_request,
    .begin = http_begin,
    .next = http_next,
    .turn = http_turn,
    .end_input = http_end_input,
    .abandon = http_abandon,
    .close = http_close,
};

int vgi__http_channel_new(vgi__channel **out, const vgi__http_peer *peer,
                          const vgi_limits *limits, vgi_error *err)
{
    const vgi_allocator *a = peer->allocator;
    http_channel *hc = vgi__calloc(a, 1, sizeof(*hc));
    int rc;

    if (!hc)
        return vgi__fail_nomem(err);
    hc->base.ops = &http_ops;
    hc->base.seed_only = true;
    hc->allocator = a;
    vgi__buffer_init(&hc->method, a, SIZE_MAX);
    vgi__buffer_init(&hc->token, a, SIZE_MAX);
    rc = vgi__reader_new(&hc->reader, NULL, limits, a, err);
    if (rc == VGI_OK)
        rc = vgi__writer_new(&hc->writer, limits, a, err);
    if (rc != VGI_OK) {
        http_close(&hc->base);
        return rc;
    }
    hc->peer = *peer;
    *out = &hc->base;
    return VGI_OK;
}
