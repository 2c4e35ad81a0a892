/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: streams without a connection.
 *
 *   init      params         -> [header stream] data stream { logs, (batch,) token }
 *   exchange  token + input  -> data stream { logs, batch with the next token }
 *             token + tick   -> data stream { logs, batch, the next token, on no rows }
 *             token + cancel -> data stream { }
 *
 * A stream whose input has no columns produces: its first turn runs in init, and the
 * response without a token is the last one. Between two requests nothing of a stream is
 * here: the token is made of the state after each turn, and a turn begins with a state
 * made of it.
 *
 * The token of an exchange rides on the batch that the handler made, so it is made after
 * the handler has returned and before the batch is encoded: call->before_batch.
 *
 * Failures: what is wrong with a request or its token is a status of 400. What the
 * handler does wrong is an answer, 200 with X-VGI-RPC-Error; over the cap it takes the
 * place of what was there.
 */
#include <string.h>

#include "arrow/reader.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/random.h"
#include "http/server/app.h"
#include "rpc/epoch.h"
#include "rpc/stream.h"
#include "wire/keys.h"

#define EOS_BYTES 8

/* The part of a stream that one request is. */
typedef struct part {
    vgi__worker *w;
    vgi_str id;   /* of the stream */
    uint64_t now; /* seconds of the epoch */
} part;

static uint64_t seconds(void)
{
    return (uint64_t)vgi__wall_us() / 1000000;
}

/* ---- tokens ---- */

static vgi_bytes message_of(const vgi_schema *s)
{
    return (vgi_bytes){ s->message, s->message_len };
}

/* The token of the state as it is now, in w->token. VGI_EREMOTE: the call keeps why. */
static int make_token(part *p)
{
    vgi__worker *w = p->w;
    vgi_call *c = &w->call;
    const uint32_t limit = c->options->limits.metadata_bytes;
    vgi__token t = { .created_at = p->now,
                     .output_schema = message_of(c->output_schema),
                     .input_schema = message_of(c->input_schema),
                     .stream_id = p->id };
    int rc = vgi__stream_save(c, &t.state);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__token_write(w->app->keys, &w->auth, &t, &w->token, &c->sink);
    if (rc != VGI_OK)
        return vgi__call_fail_status(c, rc);
    if (w->token.len + sizeof(VGI_KEY_STREAM_STATE) > limit)
        return vgi_fail(c, "RuntimeError",
                        "The state of stream '%s' makes a token of %zu bytes: over the "
                        "limit of %u for metadata",
                        c->method->name, w->token.len, limit);
    return VGI_OK;
}

static vgi_pair token_pair(const vgi__worker *w)
{
    return (vgi_pair){ VGI_LIT(VGI_KEY_STREAM_STATE),
                       { (const char *)w->token.data, w->token.len } };
}

/* For call->before_batch. */
static int add_token(vgi_call *c, void *user)
{
    part *p = user;
    int rc = make_token(p);
    const vgi_pair pair = token_pair(p->w);

    return rc == VGI_OK ? vgi__output_pair(&c->output, pair.key, pair.value) : rc;
}

/* A batch of no rows with the token. VGI_EREMOTE: the exception in its place. */
static int write_token(part *p)
{
    vgi_call *c = &p->w->call;
    int rc = make_token(p);

    if (rc == VGI_OK) {
        const vgi_pair pair = token_pair(p->w);

        return vgi__writer_empty_batch(c->writer, &(vgi_metadata){ &pair, 1 }, NULL);
    }
    rc = vgi__call_write_failure(c, NULL);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

/* ---- answers ---- */

/* An answer to an input, over the cap, is replaced by an exception. */
static int enforce_limit(part *p)
{
    vgi_call *c = &p->w->call;
    int rc = vgi__call_check_size(c, vgi__writer_pending(c->writer) + EOS_BYTES);

    if (rc == VGI_OK)
        return VGI_OK;
    vgi__writer_clear(c->writer);
    rc = vgi__writer_schema(c->writer, c->output_schema, NULL);
    if (rc == VGI_OK)
        rc = vgi__call_write_failure(c, NULL);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

/* What the data stream has come to: VGI_OK, or VGI_EREMOTE with the exception in it. Any
 * other status is lack of memory. */
static void finish(part *p, int rc, vgi__http_response *rs)
{
    vgi__worker *w = p->w;
    int ended = vgi__stream_end(&w->call, NULL);

    if ((rc == VGI_OK || rc == VGI_EREMOTE) && ended == VGI_OK)
        vgi__app_send(w, rc == VGI_EREMOTE, rs);
    else
        vgi__app_unavailable(w, rs);
}

/* ---- producers ---- */

/* May another batch go into this response? */
static bool has_room(const part *p, unsigned batches, uint64_t began)
{
    const vgi_http_options *o = &p->w->app->options;
    const vgi_call *c = &p->w->call;

    return batches < o->producer_batches && c->method->def.kind == VGI_METHOD_PRODUCER &&
           (c->response_limit == 0 ||
            vgi__writer_pending(c->writer) < (uint64_t)c->response_limit) &&
           vgi__clock_ns() - began < o->producer_ms * UINT64_C(1000000);
}

static int produce(part *p, vgi_batch *tick)
{
    vgi_call *c = &p->w->call;
    const bool several = p->w->app->options.producer_batches > 1;
    const uint64_t began = several ? vgi__clock_ns() : 0;
    unsigned batches = 0;
    int rc = vgi__stream_begin(c, NULL);

    vgi__writer_copy(c->writer, several); /* a turn overwrites what the last one built */
    while (rc == VGI_OK) {
        if ((rc = vgi__stream_turn(c, tick, NULL)) == VGI_OK &&
            !has_room(p, ++batches, began)) {
            rc = write_token(p);
            break;
        }
    }
    vgi__writer_copy(c->writer, false);
    return rc == VGI_END ? VGI_OK : rc;
}

/* The first turn has no request of its own. */
static int produce_first(part *p)
{
    const void *buffers[1] = { NULL };
    struct ArrowArray nothing = { .n_buffers = 1, .buffers = buffers };
    vgi_batch tick = { .schema = (vgi_schema *)(uintptr_t)vgi__schema_empty(),
                       .root = &nothing };

    return produce(p, &tick);
}

/* ---- init ---- */

static int begin_exchange(part *p)
{
    int rc = vgi__stream_begin(&p->w->call, NULL);

    return rc == VGI_OK ? write_token(p) : rc;
}

static void open_stream(part *p, vgi__http_response *rs)
{
    vgi_call *c = &p->w->call;
    int rc = vgi__stream_open(c, NULL);

    if (rc == VGI_EREMOTE) {
        vgi__app_send(p->w, true, rs);
    } else if (rc != VGI_OK) {
        vgi__app_unavailable(p->w, rs);
    } else {
        rc = c->input_schema->n_columns == 0 ? produce_first(p) : begin_exchange(p);
        finish(p, rc, rs);
    }
}

/* Can these requests be for the method at all? Asked before its handler does work that
 * would be lost. */
static bool is_served(vgi__worker *w, const vgi__route *route, vgi__http_response *rs)
{
    static const vgi_failure not_implemented = { .type = "MethodNotImplementedError",
                                                 .code = "UNIMPLEMENTED",
                                                 .kind = "method_not_implemented" };
    vgi_call *c = &w->call;
    const char *name = c->method->name;

    if (vgi__epoch_rules_of(route->epoch)->current) {
        (void)vgi__call_refuse(c, &not_implemented,
                               "Stream '%s' is not served at this address, but at "
                               "%s/%s/init, as clients of version 0.15 ask for it.",
                               name, w->app->options.prefix, name);
        vgi__app_refuse(w, 404, rs);
        return false;
    }
    if (vgi__stream_can_suspend(c->method))
        return true;
    (void)vgi_fail(c, "RuntimeError",
                   "Stream '%s' cannot be served over HTTP: its state cannot travel. "
                   "Describe the state, or give the stream save and restore.",
                   name);
    if (vgi__call_reject(c, NULL) == VGI_OK)
        vgi__app_send(w, true, rs);
    else
        vgi__app_unavailable(w, rs);
    return false;
}

void vgi__app_init(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                   vgi__http_response *rs)
{
    char id[2 * 16 + 1];
    part p = { .w = w, .id = { id, sizeof(id) - 1 }, .now = seconds() };

    if (vgi__app_address(w, route, rq, rs) != VGI_OK || !is_served(w, route, rs) ||
        vgi__app_read_batch(w, rq, rs) != VGI_OK || vgi__app_accept(w, rs) != VGI_OK)
        return;
    vgi__random_id(id);
    vgi__random_id(id + 16);
    open_stream(&p, rs);
}

/* ---- exchange ---- */

/* The schema of a token: the declared one when it is that, because what turns need is
 * made for it already. A reference. */
static int token_schema(vgi__worker *w, vgi_bytes message, const vgi_schema *declared,
                        const char *which, vgi_schema **out)
{
    vgi_call *c = &w->call;
    vgi_error why;
    size_t used;

    if (message.len == declared->message_len &&
        memcmp(message.data, declared->message, message.len) == 0) {
        *out = vgi_schema_ref(declared);
        return VGI_OK;
    }
    vgi_schema *s =
        vgi_schema_ref(vgi__schema_cache_find(&w->schemas, message.data, message.len));
    if (!s) {
        if (vgi__schema_decode(&s, message.data, message.len, &used, &c->options->limits,
                               c->options->allocator, &why) != VGI_OK)
            return vgi_fail(c, "RuntimeError", "Failed to deserialize %s schema: %s",
                            which, why.message);
        if (s->message_len <= VGI__CACHED_SCHEMA_BYTES)
            vgi__schema_cache_put(&w->schemas, vgi_schema_ref(s));
    }
    *out = s;
    if (vgi_schema_equal(s, declared)) {
        *out = vgi_schema_ref(declared);
        vgi_schema_unref(s);
    }
    return VGI_OK;
}

static int resume(vgi__worker *w, const vgi__token *t)
{
    vgi_call *c = &w->call;
    const vgi__method *m = c->method;
    vgi_schema *input = NULL, *output = NULL;
    int rc = token_schema(w, t->output_schema, m->output_schema, "output", &output);

    if (rc == VGI_OK)
        rc = token_schema(w, t->input_schema, m->input_schema, "input", &input);
    if (rc == VGI_OK && m->def.kind == VGI_METHOD_PRODUCER && input->n_columns > 0)
        rc = vgi_fail(c, "RuntimeError", "State token is of another method than '%s'",
                      m->name);
    if (rc == VGI_OK)
        rc = vgi__stream_resume(c, t->state, input, output);
    vgi_schema_unref(input);
    vgi_schema_unref(output);
    return rc;
}

/* The handler's view of the input's metadata is without the token. */
static int strip_token(vgi_call *c)
{
    const vgi_metadata all = c->request.metadata;
    vgi_pair *pairs = vgi_arena_calloc(&c->arena, all.count, sizeof(*pairs));
    size_t n = 0;

    if (!pairs)
        return VGI_ENOMEM;
    for (size_t i = 0; i < all.count; i++)
        if (!vgi_str_eq(all.pairs[i].key, VGI_KEY_STREAM_STATE))
            pairs[n++] = all.pairs[i];
    c->request.metadata = (vgi_metadata){ n > 0 ? pairs : NULL, n };
    return VGI_OK;
}

/* From the request's token to an open stream. VGI_EREMOTE: the call keeps why not;
 * VGI_ENOMEM. */
static int take_token(part *p)
{
    vgi__worker *w = p->w;
    vgi_call *c = &w->call;
    vgi__token t;
    vgi_str text;
    int rc;

    if (!vgi_metadata_get(&c->request.metadata, VGI_KEY_STREAM_STATE, &text))
        return vgi_fail(c, "RuntimeError", "Missing state token in exchange request");
    rc = vgi__token_read(w->app->keys, (vgi__token_bearer){ &w->auth, p->now }, text,
                         &w->plain, &t, &c->sink);
    if (rc == VGI_OK)
        rc = vgi_str_copy(c, &p->id, t.stream_id);
    if (rc == VGI_OK)
        rc = strip_token(c);
    if (rc != VGI_OK)
        return rc == VGI_ENOMEM ? rc : vgi__call_fail_status(c, rc);
    return resume(w, &t);
}

static int exchange(part *p)
{
    vgi_call *c = &p->w->call;
    int rc = vgi__stream_begin(c, NULL);

    if (rc != VGI_OK)
        return rc;
    c->before_batch = add_token;
    c->before_batch_user = p;
    rc = vgi__stream_turn(c, &c->request, NULL);
    c->before_batch = NULL;
    return rc == VGI_OK ? enforce_limit(p) : rc;
}

/* The stream ends without a batch. */
static int cancel(part *p)
{
    vgi__stream_cancel(&p->w->call);
    return vgi__stream_begin(&p->w->call, NULL);
}

void vgi__app_exchange(vgi__worker *w, const vgi__route *route,
                       const vgi__http_request *rq, vgi__http_response *rs)
{
    vgi_call *c = &w->call;
    part p = { .w = w, .now = seconds() };

    if (vgi__app_address(w, route, rq, rs) != VGI_OK || !is_served(w, route, rs) ||
        vgi__app_read_batch(w, rq, rs) != VGI_OK)
        return;
    int rc = take_token(&p);
    if (rc == VGI_ENOMEM)
        vgi__app_unavailable(w, rs);
    else if (rc != VGI_OK)
        vgi__app_refuse(w, 400, rs);
    else if (vgi_metadata_get(&c->request.metadata, VGI_KEY_CANCEL, NULL))
        finish(&p, cancel(&p), rs);
    else if (c->input_schema->n_columns > 0)
        finish(&p, exchange(&p), rs);
    else
        finish(&p, produce(&p, &c->request), rs);
}
