/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: streams in lockstep.
 *
 *             open            turn (request for a batch)        last batch was it
 *   (client) ------> OPEN ----------------------------> OPEN -------------------> OVER
 *                      |   cancel, close, a failure of either side                  ^
 *                      +------------------------------------------------------------+
 *
 * While a stream is OPEN the connection is its own. On the way to OVER the client says
 * that no more input follows and reads the output to its end, so that an OVER stream
 * leaves the connection free for the next call; what the last turn brought stays
 * readable.
 *
 * A server that refuses to open a stream says so where the header or the first batch is
 * expected. Who refused decides about the input stream that belongs to the call.
 *
 * The method, on a current server: that stream is read. If none was begun, an empty one
 * is sent.
 *
 * A server of the seed epoch, or the dispatch of a current one: what comes next is taken
 * for a request. With a header nothing was sent yet, and nothing must be. Without one the
 * first turn's input is already on its way; the two sides no longer agree on what comes
 * next, and the connection is given up.
 *
 * Wrong parameters may have been found by either, so then it is given up as well.
 *
 * Servers of the current epoch are known by the error code in each of their exceptions,
 * refusals of the dispatch by their kind.
 */
#include "client/connection.h"
#include "client/shm.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "wire/keys.h"

struct vgi_stream {
    vgi_client *client; /* NULL when it was closed before the stream */
    const vgi_allocator *allocator;
    vgi_batch header, batch;
    bool has_header, exchange;
    bool begun; /* the output's schema was read */
    bool over;
    vgi_schema *input_schema; /* reference; NULL until the first batch of an exchange */
    int64_t row;              /* the next one that vgi_stream_row returns */
    vgi__record *record;      /* of the rows; NULL until asked for */
    vgi_arena mem;            /* of the last row */
};

/* The end: let go of the connection. It has been left in order, or it is broken. */
static void set_over(vgi_stream *s)
{
    s->over = true;
    s->client->stream = NULL;
}

/* Say that no input follows and read the output to its end. */
static int finish(vgi_stream *s, vgi_error *err)
{
    vgi_client *c = s->client;
    const vgi_schema *schema;
    int rc = VGI_OK;

    if (!c->channel->broken)
        rc = c->channel->ops->end_input(c->channel, err);
    if (rc == VGI_OK && !s->begun && !c->channel->broken)
        rc = vgi__answer_begin(c, &schema, err);
    if (rc == VGI_OK && !c->channel->broken)
        rc = vgi__answer_drain(c, err);
    return vgi__client_lost(c, rc, err);
}

/* After the output ended by itself or with an exception, which drained it. */
static void end_after_output(vgi_stream *s)
{
    vgi_client *c = s->client;

    if (!c->channel->broken)
        (void)c->channel->ops->end_input(c->channel, NULL);
    set_over(s);
}

typedef enum refusal { REFUSED_READS_INPUT, REFUSED_READS_NONE, REFUSED_UNKNOWN } refusal;

/* What the server does next, after the failure that is kept. */
static refusal refusal_of(const vgi__failure *f)
{
    static const char *const of_dispatch[] = {
        "protocol_not_specified",
        "protocol_not_supported",
        "protocol_version_mismatch",
        "method_not_implemented",
    };

    if (!f->current)
        return REFUSED_READS_NONE;
    for (size_t i = 0; i < sizeof(of_dispatch) / sizeof(*of_dispatch); i++) {
        if (vgi_str_eq(f->info.kind, of_dispatch[i]))
            return REFUSED_READS_NONE;
    }
    return vgi_str_eq(f->info.type, "TypeError") ? REFUSED_UNKNOWN : REFUSED_READS_INPUT;
}

static void give_up(vgi_client *c)
{
    c->channel->ops->abandon(c->channel);
    vgi__fail(
        &c->lost, VGI_ECLOSED, NULL,
        "after it refused to open a stream, it is not known what this server expects");
}

/* The first thing on the output was a failure, on the empty schema: it may be the refusal
 * to open. */
static void end_after_refusal(vgi_stream *s)
{
    if (refusal_of(&s->client->failure) == REFUSED_READS_INPUT) {
        end_after_output(s);
        return;
    }
    give_up(s->client);
    set_over(s);
}

/* The failure came in place of the header: no input was sent yet. */
static void settle_refusal(vgi_client *c)
{
    const refusal r = refusal_of(&c->failure);

    if (r == REFUSED_UNKNOWN)
        give_up(c);
    else if (r == REFUSED_READS_INPUT && !c->channel->broken)
        (void)c->channel->ops->end_input(c->channel, NULL);
}

/* Send one input and read to the batch that answers it. */
static int turn(vgi_stream *s, const vgi__outgoing *out, vgi_error *err)
{
    vgi_client *c = s->client;
    const vgi_schema *schema = NULL;
    bool first = !s->begun;
    int rc = c->channel->ops->turn(c->channel, out, err);

    c->logs = 0;
    /* What could not be sent because of its content leaves the stream as it was. */
    if (rc != VGI_OK && !c->channel->broken)
        return rc;
    if (rc == VGI_OK && first) {
        rc = vgi__answer_begin(c, &schema, err);
        s->begun = rc == VGI_OK;
    }
    if (rc == VGI_OK)
        rc = vgi__answer_next(c, &s->batch, err);
    if (rc == VGI_OK)
        return VGI_OK;
    if (rc == VGI_EREMOTE && first && schema && vgi_schema_columns(schema) == 0)
        end_after_refusal(s);
    else if (rc == VGI_END || rc == VGI_EREMOTE || c->channel->broken)
        end_after_output(s);
    else { /* a batch that could not be read; the stream is of no more use */
        (void)finish(s, NULL);
        set_over(s);
    }
    return vgi__client_lost(c, rc, err);
}

/* What the last turn brought is used up. */
static void drop_batch(vgi_stream *s)
{
    vgi__batch_clear(&s->batch);
    vgi_arena_reset(&s->mem);
    s->row = 0;
}

static int next_batch(vgi_stream *s, const vgi__outgoing *out, const vgi_batch **batch,
                      vgi_error *err)
{
    vgi_error local;
    int rc;

    drop_batch(s);
    if (s->over)
        return VGI_END;
    vgi__failure_clear(&s->client->failure);
    rc = turn(s, out, err ? err : &local);
    if (rc == VGI_OK && batch)
        *batch = &s->batch;
    return rc;
}

int vgi_stream_tick(vgi_stream *stream, const vgi_metadata *tick, const vgi_batch **batch,
                    vgi_error *err)
{
    vgi__outgoing out = { .stream = true, .schema = vgi__schema_empty() };

    if (stream->exchange)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "this stream is an exchange: send a batch for each answer");
    if (tick)
        out.metadata = *tick;
    return next_batch(stream, &out, batch, err);
}

int vgi_stream_next(vgi_stream *stream, const vgi_batch **batch, vgi_error *err)
{
    return vgi_stream_tick(stream, NULL, batch, err);
}

int vgi_stream_exchange(vgi_stream *stream, const vgi_batch *in, const vgi_batch **batch,
                        vgi_error *err)
{
    const vgi_schema *schema = vgi_batch_schema(in);
    vgi__outgoing out = { .stream = true,
                          .schema = schema,
                          .array = vgi_batch_array(in),
                          .metadata = vgi_batch_metadata(in) };

    if (!stream->exchange)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "this stream is a producer: it takes no batches");
    if (!stream->input_schema)
        stream->input_schema = vgi_schema_ref(schema);
    else if (!vgi_schema_equal(stream->input_schema, schema))
        return vgi__fail(err, VGI_ESCHEMA, NULL,
                         "the batch has another schema than the stream's input");
    return next_batch(stream, &out, batch, err);
}

/* Bring the next unread row into s->batch. */
static int fetch_row(vgi_stream *s, vgi_error *err)
{
    const vgi__outgoing tick = { .stream = true, .schema = vgi__schema_empty() };

    while (s->row >= vgi_batch_rows(&s->batch)) {
        int rc = next_batch(s, &tick, NULL, err);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

int vgi_stream_row(vgi_stream *stream, const vgi_type *type, void *row, vgi_error *err)
{
    int rc = VGI_OK;

    if (stream->exchange)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "this stream is an exchange: it has no rows");
    if (!stream->record || vgi__record_type(stream->record) != type) {
        vgi__record *record = NULL;
        rc = vgi__record_compile(&record, type, VGI__ROLE_ROW,
                                 type->name ? type->name : "row", NULL, stream->allocator,
                                 err);
        if (rc != VGI_OK)
            return rc;
        vgi__record_free(stream->record);
        stream->record = record;
    }
    vgi_arena_reset(&stream->mem);
    rc = fetch_row(stream, err);
    if (rc == VGI_OK)
        rc = vgi__record_bind(stream->record, &stream->batch, stream->row, row,
                              &stream->mem, NULL, err);
    if (rc == VGI_OK)
        stream->row++;
    return rc;
}

int vgi_stream_cancel(vgi_stream *stream, vgi_error *err)
{
    const vgi_pair cancel = { VGI_LIT(VGI_KEY_CANCEL), VGI_LIT("1") };
    const vgi__outgoing out = { .stream = true,
                                .schema = stream->input_schema ? stream->input_schema
                                                               : vgi__schema_empty(),
                                .metadata = { &cancel, 1 } };
    vgi_error local;
    int rc;

    err = err ? err : &local;
    drop_batch(stream);
    if (stream->over)
        return VGI_OK;
    rc = stream->client->channel->ops->turn(stream->client->channel, &out, err);
    if (rc == VGI_OK)
        rc = finish(stream, err);
    else
        vgi__client_lost(stream->client, rc, err);
    set_over(stream);
    return rc;
}

void vgi_stream_close(vgi_stream *stream)
{
    vgi_error err;

    if (!stream)
        return;
    if (!stream->over) {
        (void)finish(stream, &err);
        set_over(stream);
    }
    vgi__batch_free(&stream->header);
    vgi__batch_free(&stream->batch);
    if (stream->client) /* a failure is the next call's */
        (void)vgi__client_shm_settle(stream->client->shm, NULL);
    vgi_schema_unref(stream->input_schema);
    vgi__record_free(stream->record);
    vgi_arena_free(&stream->mem);
    vgi__free(stream->allocator, stream);
}

void vgi__stream_orphan(vgi_stream *stream)
{
    stream->over = true;
    stream->client = NULL;
}

const vgi_batch *vgi_stream_header(const vgi_stream *stream)
{
    return stream->has_header ? &stream->header : NULL;
}

/* ---- opening ---- */

/* The header is an IPC stream of its own, before the output. */
static int read_header(vgi_stream *s, const char *method, vgi_error *err)
{
    vgi_client *c = s->client;
    const vgi_schema *schema;
    int rc = vgi__answer_begin(c, &schema, err);

    if (rc == VGI_OK)
        rc = vgi__answer_next(c, &s->header, err);
    if (rc == VGI_EREMOTE) {
        settle_refusal(c);
        return rc;
    }
    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "%s() sent no header", method);
    if (rc == VGI_OK)
        rc = vgi__answer_drain(c, err);
    if (rc < 0)
        c->channel->ops->abandon(c->channel);
    s->has_header = rc == VGI_OK;
    return vgi__client_lost(c, rc, err);
}

static vgi_stream *new_stream(vgi_client *c, const vgi_stream_options *options)
{
    vgi_stream *s = vgi__calloc(c->allocator, 1, sizeof(*s));

    if (!s)
        return NULL;
    s->client = c;
    s->allocator = c->allocator;
    s->mem.allocator = c->allocator;
    vgi__batch_init(&s->header, c->allocator);
    vgi__batch_init(&s->batch, c->allocator);
    s->exchange = options && options->exchange;
    if (s->exchange)
        s->input_schema = vgi_schema_ref(options->input_schema);
    return s;
}

/* Is the client ready for a stream? A refusal to open it for lack of a protocol would
 * come too late to repeat the request, so this is asked before. */
static int ready(vgi_client *c, vgi_error *err)
{
    int rc = vgi__client_ready(c, err);

    if (rc != VGI_OK || c->routing != VGI__ROUTING_UNKNOWN)
        return rc;
    if (vgi__client_learn(c, err) == VGI_EREMOTE)
        c->routing = VGI__ROUTING_NONE;
    return vgi__client_ready(c, err);
}

static int open_stream(vgi_stream **out, vgi_client *c, const char *method,
                       const vgi__payload *params, const vgi_stream_options *options,
                       vgi_error *err)
{
    const vgi__target target = { .method = method };
    vgi_stream *s = new_stream(c, options);
    int rc;

    if (!s)
        return vgi__fail_nomem(err);
    rc = vgi__client_request(c, &target, true, params, err);
    if (rc == VGI_OK && options && options->has_header)
        rc = read_header(s, method, err);
    if (rc != VGI_OK) {
        s->over = true;
        vgi_stream_close(s);
        return rc;
    }
    c->stream = s;
    *out = s;
    return VGI_OK;
}

int vgi_client_stream(vgi_stream **out, vgi_client *client, const char *method,
                      const vgi_type *in_type, const void *in,
                      const vgi_stream_options *options, vgi_error *err)
{
    vgi__payload params = { 0 };
    vgi_error local;
    int rc;

    err = err ? err : &local;
    rc = ready(client, err);
    if (rc == VGI_OK)
        rc = vgi__client_params(client, in_type, in, &params, err);
    return rc == VGI_OK ? open_stream(out, client, method, &params, options, err) : rc;
}

int vgi_client_stream_batch(vgi_stream **out, vgi_client *client, const char *method,
                            const vgi_batch *params, const vgi_stream_options *options,
                            vgi_error *err)
{
    const vgi__payload payload = vgi__payload_of(params);
    vgi_error local;
    int rc;

    err = err ? err : &local;
    rc = ready(client, err);
    return rc == VGI_OK ? open_stream(out, client, method, &payload, options, err) : rc;
}
