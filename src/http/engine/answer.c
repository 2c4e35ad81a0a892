/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the end of a request.
 *
 * Every response says its Content-Length, so none is chunked; 204 and 304 have no body
 * and no length, an answer to HEAD the length alone.
 *
 * Closing. A socket that is closed while bytes of the peer are unread, or come later, is
 * reset, and the peer may lose the answer over it. So after a refusal, or when the peer
 * does not expect the end, only our direction is shut down. What still comes is thrown
 * away until the peer closes, for a bounded time and amount.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/engine/engine_impl.h"

/* Thrown away before others are looked at. */
#define LINGER_STEP ((int64_t)1 << 20)

/* ---- the head of a response ---- */

typedef struct line_buffer {
    char text[256];
    size_t len;
} line_buffer;

static void add(line_buffer *b, const char *text, size_t n)
{
    memcpy(b->text + b->len, text, n);
    b->len += n;
}

#define ADD(b, literal) add((b), (literal), sizeof(literal) - 1)

/* "Date: Sun, 22 Nov 2026 14:13:00 GMT\r\n" of this second. */
static void add_date(vgi__thread *t, line_buffer *b)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const time_t now = time(NULL);
    struct tm tm;

    if (now != t->date_at && gmtime_r(&now, &tm)) {
        snprintf(t->date, sizeof(t->date),
                 "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                 days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
        t->date_at = now;
    }
    add(b, t->date, strlen(t->date));
}

static void add_status(line_buffer *b, int status)
{
    if (status == 200) {
        ADD(b, "HTTP/1.1 200 OK\r\n");
        return;
    }
    b->len += (size_t)snprintf(b->text + b->len, 96, "HTTP/1.1 %03d %.64s\r\n", status,
                               vgi__http_reason(status));
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* What the engine knows: status, date, length, and what becomes of the connection. */
static void write_head(vgi__thread *t, const vgi__http_request *rq, bool keep,
                       line_buffer *b)
{
    const vgi__http_response *rs = &t->rs;

    add_status(b, rs->status);
    add_date(t, b);
    if (has_body(rs->status)) {
        ADD(b, "Content-Length: ");
        b->len += vgi__u64_text(b->text + b->len, vgi__http_body_bytes(rs));
        ADD(b, "\r\n");
    }
    if (!keep)
        ADD(b, "Connection: close\r\n");
    else if (rq->minor == 0)
        ADD(b, "Connection: keep-alive\r\n");
}

/* Send t->rs; rq: what it answers, or NULL when that is not known. */
static int send_response(vgi__thread *t, vgi__conn *c, const vgi__http_request *rq,
                         bool keep)
{
    vgi__http_response *rs = &t->rs;
    const bool body = has_body(rs->status) && !(rq && rq->method == VGI__HTTP_HEAD);
    line_buffer b = { .len = 0 };
    vgi__reply r;

    write_head(t, rq, keep, &b);
    r = (vgi__reply){
        .own = { { b.text, b.len }, { rs->head.data, rs->head.len }, { "\r\n", 2 } },
    };
    if (body && rs->n_iov > 0) {
        r.more = rs->iov;
        r.n_more = rs->n_iov;
    } else if (body) {
        r.own[3] = (struct iovec){ rs->body.data, rs->body.len };
    }
    return vgi__reply_send(t, c, &r);
}

/* ---- after a response ---- */

static void start_linger(vgi__thread *t, vgi__conn *c)
{
    if (c->intake)
        vgi__intake_put(t, c);
    t->n_bytes = 0;
    shutdown(c->fd, SHUT_WR);
    c->phase = VGI__LINGER;
    c->since = vgi__engine_ms();
    c->lingered = 0;
    vgi__linger(t, c);
}

void vgi__linger(vgi__thread *t, vgi__conn *c)
{
    uint8_t thrown[4096];
    int64_t before = c->lingered;
    ssize_t n;

    while (c->lingered - before < LINGER_STEP) {
        n = recv(c->fd, thrown, sizeof(thrown), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0 && errno == EINTR)
            continue;
        c->lingered += n;
        if (n <= 0 || c->lingered > VGI__LINGER_BYTES) {
            vgi__conn_close(t, c);
            return;
        }
    }
    vgi__conn_arm(t, c, EPOLLIN);
}

/* Nothing of the response is left. False: the connection is gone, or armed. */
static bool answered(vgi__thread *t, vgi__conn *c)
{
    switch (c->after) {
    case VGI__KEEP:
        c->phase = VGI__IDLE;
        return true;
    case VGI__CLOSE:
        vgi__conn_close(t, c);
        return false;
    default:
        start_linger(t, c);
        return false;
    }
}

bool vgi__conclude(vgi__thread *t, vgi__conn *c, int rc)
{
    if (rc == VGI_OK)
        return answered(t, c);
    if (rc == VGI_END && vgi__stash(t, c)) {
        if (c->phase != VGI__WRITE)
            c->since = c->progress = vgi__engine_ms();
        c->phase = VGI__WRITE;
        vgi__conn_arm(t, c, EPOLLOUT);
    } else {
        vgi__conn_close(t, c);
    }
    return false;
}

/* ---- a request ---- */

static bool incomplete(const vgi__http_response *rs)
{
    return rs->head.failed || (rs->n_iov == 0 && rs->body.failed);
}

/* Make t->rs a refusal. What the app cannot say for lack of memory goes without words. */
static void make_refusal(vgi__thread *t, int status, const char *reason)
{
    const vgi__http_app *app = t->engine->app;
    vgi__http_response *rs = &t->rs;

    vgi__http_response_reset(rs);
    rs->status = status;
    app->refuse(app->data, reason, rs);
    if (incomplete(rs)) {
        vgi__http_response_reset(rs);
        rs->status = status;
    }
}

void vgi__refuse(vgi__thread *t, vgi__conn *c, int status, const char *reason)
{
    const bool head = c->phase == VGI__BODY;
    int rc;

    make_refusal(t, status, reason);
    if (status == 503)
        vgi__buffer_str(&t->rs.head, "Retry-After: 1\r\n");
    c->after = VGI__CLOSE_LATER;
    rc = send_response(t, c, head ? vgi__http_parser_head(c->intake->parser) : NULL,
                       false);
    t->n_bytes = 0;
    vgi__conclude(t, c, rc);
}

void vgi__refuse_late(vgi__thread *t, vgi__conn *c)
{
    vgi__refuse(t, c, 408, "the request took too long to arrive");
}

bool vgi__answer(vgi__thread *t, vgi__conn *c)
{
    vgi__engine *e = t->engine;
    vgi__intake *in = c->intake;
    vgi__http_request rq = *vgi__http_parser_head(in->parser);
    bool keep;
    int rc;

    if (atomic_load_explicit(&e->cut, memory_order_relaxed)) {
        vgi__conn_close(t, c);
        return false;
    }
    if (vgi__engine_is_over(e)) {
        vgi__refuse(t, c, 503, "too many responses wait to be read");
        return false;
    }
    if (in->len > 0) {
        rq.body = (vgi_bytes){ in->body->data, in->len };
        rq.held = in->body;
    }
    rq.peer = e->options->peer ? e->options->peer : c->peer;
    vgi__http_response_reset(&t->rs);
    vgi__thread_blocks(t, true);
    e->app->handle(e->app->data, t->worker, &rq, &t->rs);
    vgi__thread_blocks(t, false);
    keep = rq.keep_alive && !t->rs.close;
    if (incomplete(&t->rs)) {
        make_refusal(t, 503, "not enough memory for the response");
        keep = false;
    }
    /* While draining, requests that arrived are still answered, the last one with the
     * news that it is. */
    if (atomic_load_explicit(&e->draining, memory_order_relaxed) && t->n_bytes == 0)
        keep = false;
    c->after = keep                                ? VGI__KEEP
               : !rq.keep_alive && t->n_bytes == 0 ? VGI__CLOSE
                                                   : VGI__CLOSE_LATER;
    rc = send_response(t, c, &rq, keep);
    e->app->sent(e->app->data, t->worker);
    vgi__intake_put(t, c);
    return vgi__conclude(t, c, rc);
}
