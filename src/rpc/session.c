/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a byte-stream connection.
 *
 *   request stream  ->            one schema, one batch, end; read whole before it is
 *                                 checked: a refusal leaves the connection in step
 *                   <-  answer    one stream; unary calls end here, in one write
 *                   <-  (header)  of a stream: a stream of its own, flushed
 *   input stream    ->            of a stream: schema, then in lockstep
 *                   <-  output      batch -> batch
 *                   <-  end       and the rest of the input is skipped
 *
 * After a refused stream the client may or may not send its input stream, depending on
 * what it is and when it learns of the refusal. So the next stream is looked at: if its
 * first batch has none of a request's keys, it is that input, and skipped in silence. One
 * that cannot be read is answered: an answer too many is an error at the client, one too
 * few is a wait without end.
 *
 * Answers of a stream's turns are written when nothing more is buffered to read (the
 * client waits for them), when they are many, or when the oldest has waited for a while.
 */
#include "rpc/session.h"

#include "arrow/reader.h"
#include "base/clock.h"
#include "base/fail.h"
#include "rpc/stream.h"

#define PENDING_BYTES (64 << 10)
#define PENDING_NS 100000

typedef struct session {
    vgi_call call;
    vgi__io *io;
    vgi__reader *reader;
    vgi__writer *writer;
    const vgi__session_info *info;
    vgi_batch input;
    bool orphan_input;      /* a refused stream's input may come next */
    uint64_t looked_at;     /* when the last turn began, while turns are pipelined */
    uint64_t pending_since; /* 0: nothing is pending */
} session;

static int flush(session *s, vgi_error *err)
{
    s->pending_since = 0;
    return vgi__writer_pending(s->writer) > 0 ? vgi__writer_flush(s->writer, s->io, err)
                                              : VGI_OK;
}

/* Flush unless the client's next batch is here already and the answers can wait. */
static int flush_when_due(session *s, vgi_error *err)
{
    const size_t pending = vgi__writer_pending(s->writer);

    if (pending == 0)
        return VGI_OK;
    if (pending <= PENDING_BYTES && vgi__reader_has_buffered(s->reader)) {
        const uint64_t now = vgi__clock_ns();

        if (s->pending_since == 0)
            s->pending_since = s->looked_at; /* the answer is at most that old */
        s->looked_at = now;
        if (now - s->pending_since < PENDING_NS)
            return VGI_OK;
    }
    return flush(s, err);
}

static int spill(vgi_call *c, void *user)
{
    (void)c;
    return flush(user, NULL);
}

/* Is the reader after this failure where it would be without it? */
static bool in_step(const session *s, int rc)
{
    return !vgi__reader_broken(s->reader) && rc != VGI_EIO && rc != VGI_ECLOSED &&
           rc != VGI_ETIMEDOUT && rc != VGI_ECANCELLED;
}

/* ---- requests ---- */

/* The next stream's first batch. VGI_END: the input is over. */
static int read_stream(session *s, bool *empty, vgi_error *why)
{
    const vgi_schema *schema;
    int rc;

    *empty = false;
    if (s->info->idle)
        s->info->idle(s->info->user, true);
    rc = vgi__reader_begin(s->reader, &schema, why);
    if (s->info->idle)
        s->info->idle(s->info->user, false);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__reader_next(s->reader, &s->call.request, why);
    *empty = rc == VGI_END;
    return *empty ? VGI_OK : rc;
}

/* Bytes that are no stream: say so, if anybody still listens, and end the session. */
static int give_up(session *s, int rc, const vgi_error *why, vgi_error *err)
{
    if (vgi__reader_broken(s->reader)) {
        (void)vgi_fail(&s->call, "ArrowInvalid", "%s", why->message);
        if (vgi__call_reject(&s->call, NULL) == VGI_OK)
            (void)flush(s, NULL);
    }
    if (err)
        *err = *why;
    return rc;
}

/* Is what was read with this status the input of a stream that was refused? */
static bool is_orphan(session *s, int rc, bool empty)
{
    const bool expected = s->orphan_input;
    vgi__request q;

    s->orphan_input = false;
    if (!expected || rc != VGI_OK)
        return false;
    if (empty)
        return true;
    vgi__request_parse(&s->call.request.metadata, s->call.options->compat, &q);
    return !q.has_method && !q.has_version && !q.has_protocol;
}

/* What the next stream turned out to be. */
typedef enum next {
    NEXT_CALL,
    NEXT_REFUSE, /* the failure is with the call */
    NEXT_SKIP,   /* nothing to answer */
    NEXT_STOP    /* with a status: the session is over */
} next;

static next read_request(session *s, int *status, vgi_error *err)
{
    vgi_error why = { .code = VGI_OK };
    bool empty;
    int rc = read_stream(s, &empty, &why);

    *status = rc;
    if (rc == VGI_END)
        return NEXT_STOP;
    if (rc == VGI_OK || in_step(s, rc))
        *status = vgi__reader_in_stream(s->reader) ? vgi__reader_drain(s->reader, &why)
                                                   : VGI_OK;
    if (*status != VGI_OK) {
        *status = give_up(s, *status, &why, err);
        return NEXT_STOP;
    }
    if (is_orphan(s, rc, empty))
        return NEXT_SKIP;
    if (rc != VGI_OK)
        rc = vgi__call_fail_error(&s->call, &why);
    else if (empty)
        rc = vgi_fail(&s->call, "RpcError",
                      "ProtocolError: The request stream carries no batch.");
    else
        rc = vgi__call_route(&s->call);
    return rc == VGI_OK ? NEXT_CALL : NEXT_REFUSE;
}

/* ---- streams ---- */

/* The failure of an input batch, as the stream's last word. */
static int refuse_input(session *s, int rc, const vgi_error *why, vgi_error *err)
{
    int written = vgi__stream_fail(&s->call, why, err);

    if (in_step(s, rc) || written != VGI_EREMOTE)
        return written;
    if (err)
        *err = *why;
    return rc;
}

/* Turn by turn. VGI_OK: the client ended it; VGI_END, VGI_EREMOTE: we did. */
static int lockstep(session *s, vgi_error *err)
{
    vgi_call *c = &s->call;
    vgi_error why = { .code = VGI_OK };
    int rc = VGI_OK;

    while (rc == VGI_OK && (rc = flush_when_due(s, err)) == VGI_OK) {
        if ((rc = vgi__reader_next(s->reader, &s->input, &why)) == VGI_END)
            return VGI_OK;
        if (rc != VGI_OK)
            return refuse_input(s, rc, &why, err);
        if (vgi_metadata_get(&s->input.metadata, VGI_KEY_CANCEL, NULL)) {
            vgi__stream_cancel(c);
            return VGI_OK;
        }
        const uint64_t before = vgi__writer_bytes(s->writer);

        rc = vgi__stream_turn(c, &s->input, err);
        vgi__call_release(c, &s->input);
        if (rc == VGI_OK && vgi__writer_bytes(s->writer) - before >= VGI__REFERENCE_BYTES)
            rc = flush(s, err); /* it may refer to memory that the next turn overwrites */
    }
    return rc;
}

/* End what the turns left with this status, and be ready for the next request. */
static int finish_stream(session *s, int rc, vgi_error *err)
{
    vgi_call *c = &s->call;
    const bool over = rc == VGI_OK || rc == VGI_END || rc == VGI_EREMOTE;

    if (!over && !c->failed)
        (void)vgi_fail(c, "ConnectionError", "%s", vgi_status_text(rc));
    int ended = vgi__stream_end(c, over ? err : NULL);

    vgi__batch_drop_data(&s->input);
    vgi__call_release(c, &c->request);
    if (ended == VGI_OK)
        ended = flush(s, over ? err : NULL);
    if (!over)
        return rc;
    if (ended == VGI_OK && vgi__reader_in_stream(s->reader))
        ended = vgi__reader_drain(s->reader, err);
    return ended;
}

/* The data stream. A client that left before its input began has ended it, too. */
static int run_stream(session *s, vgi_error *err)
{
    vgi_error why = { .code = VGI_OK };
    const vgi_schema *schema;
    int begun = vgi__reader_begin(s->reader, &schema, &why);
    int rc = vgi__stream_begin(&s->call, err);

    if (rc == VGI_OK && begun == VGI_OK)
        rc = lockstep(s, err);
    else if (rc == VGI_OK && begun != VGI_END)
        rc = refuse_input(s, begun, &why, err);
    return finish_stream(s, rc, err);
}

static int serve_stream(session *s, vgi_error *err)
{
    int rc = vgi__stream_open(&s->call, err), flushed;

    if (rc != VGI_OK && rc != VGI_EREMOTE)
        return rc;
    s->orphan_input = rc == VGI_EREMOTE;
    if (s->orphan_input)
        vgi__call_release(&s->call, &s->call.request);
    if ((flushed = flush(s, err)) != VGI_OK && rc == VGI_OK)
        (void)vgi__stream_end(&s->call, NULL);
    if (flushed != VGI_OK || rc == VGI_EREMOTE)
        return flushed;
    return run_stream(s, err);
}

/* ---- the loop ---- */

static int refuse(session *s, vgi_error *err)
{
    const vgi__method *m = s->call.method;
    int rc = vgi__call_reject(&s->call, err);

    vgi__call_release(&s->call, &s->call.request);
    s->orphan_input = !m || m->stream; /* what the client took for a stream, perhaps */
    return rc == VGI_OK ? flush(s, err) : rc;
}

static int answer(session *s, vgi_error *err)
{
    vgi_call *c = &s->call;

    if (c->method && c->method->stream)
        return serve_stream(s, err);
    int rc = vgi__call_unary(c, err);

    vgi__call_release(c, &c->request);
    return rc == VGI_OK ? flush(s, err) : rc;
}

static int serve_next(session *s, vgi_error *err)
{
    int rc = VGI_OK;

    vgi__call_reset(&s->call);
    switch (read_request(s, &rc, err)) {
    case NEXT_CALL:
        return answer(s, err);
    case NEXT_REFUSE:
        return refuse(s, err);
    case NEXT_SKIP:
    case NEXT_STOP:
        break;
    }
    return rc;
}

static int session_open(session *s, vgi__registry *r, vgi_error *err)
{
    const vgi_server_options *o = vgi__registry_options(r);
    int rc = vgi__writer_new(&s->writer, &o->limits, o->allocator, err);

    if (rc == VGI_OK)
        rc = vgi__reader_new(&s->reader, s->io, &o->limits, o->allocator, err);
    if (rc == VGI_OK)
        rc = vgi__call_init(&s->call, r, s->writer, err);
    if (rc != VGI_OK) {
        vgi__reader_free(s->reader);
        vgi__writer_free(s->writer);
        return rc;
    }
    vgi__batch_init(&s->input, o->allocator);
    s->call.transport = s->info->transport;
    s->call.auth = s->info->auth;
    vgi__call_set_filter(&s->call, s->info->filter);
    s->call.spill = spill;
    s->call.spill_user = s;
    return VGI_OK;
}

int vgi__session_run(vgi__registry *r, vgi__io *io, const vgi__session_info *info,
                     vgi_error *err)
{
    session s = { .io = io, .info = info };
    int rc = session_open(&s, r, err);

    if (rc != VGI_OK)
        return rc;
    while (rc == VGI_OK)
        rc = serve_next(&s, err);
    vgi__batch_free(&s.input);
    vgi__call_destroy(&s.call);
    vgi__reader_free(s.reader);
    vgi__writer_free(s.writer);
    return rc == VGI_END || rc == VGI_ECANCELLED ? VGI_OK : rc;
}
