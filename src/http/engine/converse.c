/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one connection, while a thread owns it.
 *
 * The bytes received are in the thread's buffer; a connection that waits has none. They
 * are fed to the parser until a request is complete, which is answered at once, then the
 * rest is fed: a pipelining client is served in order, one request at a time. What is not
 * looked at yet when the thread has to leave the connection (its response waits for the
 * socket, or it had its turn) is stashed.
 *
 * To wait for the next request a thread would arm the connection and go to epoll: two
 * system calls that a client which asks again at once need not pay. While another thread
 * waits in epoll, it blocks in the read for a moment instead (vgi__thread_may_stay).
 * Server CPU per small POST on one connection: 9.3 us against 13.2 (and 10.2 when the
 * thread tries one read before it leaves); 8.2 is the least possible. It makes no
 * difference to 32 connections, where hardly anybody waits.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "http/engine/engine_impl.h"

/* Feeds of one connection before others have their turn. */
#define TURNS 256

/* ---- what came too early ---- */

bool vgi__stash(vgi__thread *t, vgi__conn *c)
{
    if (t->n_bytes == 0)
        return true;
    if (!(c->stash = vgi__alloc(t->engine->options->allocator, t->n_bytes)))
        return false;
    vgi__engine_charge_anyway(t->engine, (int64_t)t->n_bytes);
    memcpy(c->stash, t->bytes, t->n_bytes);
    c->n_stash = t->n_bytes;
    t->n_bytes = 0;
    return true;
}

static void unstash(vgi__thread *t, vgi__conn *c)
{
    t->bytes = t->buffer;
    t->n_bytes = c->n_stash;
    if (!c->stash)
        return;
    memcpy(t->buffer, c->stash, c->n_stash);
    vgi__engine_discharge(t->engine, (int64_t)c->n_stash);
    vgi__free(t->engine->options->allocator, c->stash);
    c->stash = NULL;
    c->n_stash = 0;
}

/* Leave the connection until there is more to read; one with a stash is ready at once. */
static void leave(vgi__thread *t, vgi__conn *c)
{
    if (!vgi__stash(t, c)) {
        vgi__conn_close(t, c);
        return;
    }
    if (c->phase == VGI__IDLE)
        c->since = vgi__engine_ms();
    vgi__conn_arm(t, c, c->stash ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* ---- receiving ---- */

/* The peer sends no more, or is gone. */
static void end_of_input(vgi__thread *t, vgi__conn *c, bool orderly)
{
    if (orderly && c->phase != VGI__IDLE)
        vgi__refuse(t, c, 400, "the request ended early");
    else
        vgi__conn_close(t, c);
}

static bool is_late(vgi__thread *t, vgi__conn *c)
{
    return c->phase != VGI__IDLE && vgi__engine_ms() >= vgi__deadline(t->engine, c);
}

static ssize_t receive_into(vgi__conn *c, uint8_t *to, size_t room, int flags)
{
    ssize_t n;

    do
        n = recv(c->fd, to, room, flags);
    while (n < 0 && errno == EINTR);
    return n;
}

/* Receive more of the connection. `ready`: there should be some. False: it was armed,
 * refused or closed. */
static bool receive(vgi__thread *t, vgi__conn *c, bool *ready)
{
    uint8_t *to = NULL;
    size_t room = 0;
    ssize_t n = -1;

    if (!*ready && is_late(t, c)) {
        vgi__refuse_late(t, c);
        return false;
    }
    if (c->phase == VGI__BODY && !vgi__intake_tail(c->intake, &to, &room)) {
        vgi__refuse(t, c, 503, "no memory for the request body");
        return false;
    }
    if (!to) {
        to = t->buffer;
        room = VGI__READ_BYTES;
    }
    errno = EAGAIN;
    if (*ready) {
        n = receive_into(c, to, room, MSG_DONTWAIT);
    } else if (vgi__thread_may_stay(t)) {
        vgi__thread_blocks(t, true);
        n = receive_into(c, to, room, 0);
        vgi__thread_blocks(t, false);
    }
    if (n > 0) {
        *ready = (size_t)n == room;
        t->bytes = to;
        t->n_bytes = (size_t)n;
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        leave(t, c);
    else
        end_of_input(t, c, n == 0);
    return false;
}

/* ---- requests ---- */

/* False: only a part of it fits. A peer that takes none of it will send anyway. */
static bool tell_to_continue(vgi__conn *c)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const ssize_t n = send(c->fd, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);

    return n < 0 || n == (ssize_t)sizeof(line) - 1;
}

/* The head is there. False: refused, or closed. */
static bool expect_body(vgi__thread *t, vgi__conn *c)
{
    c->phase = VGI__BODY;
    if (!vgi__intake_expect(t, c->intake)) {
        vgi__refuse(t, c, 503, "too many request bodies are under way");
        return false;
    }
    if (vgi__http_parser_expects(c->intake->parser) && t->n_bytes == 0 &&
        !tell_to_continue(c)) {
        vgi__conn_close(t, c);
        return false;
    }
    return true;
}

static vgi__http_step feed_once(vgi__thread *t, vgi__intake *in)
{
    size_t used;
    const vgi__http_step step =
        vgi__http_parser_feed(in->parser, t->bytes, t->n_bytes, &used);

    t->bytes += used;
    t->n_bytes -= used;
    return step;
}

/* Feed what was received, up to the end of a request, which is answered. False: the
 * connection was armed, refused or closed. */
static bool feed(vgi__thread *t, vgi__conn *c)
{
    vgi__intake *in = vgi__intake_get(t, c);
    const vgi__phase before = c->phase;
    vgi__http_step step;

    if (!in) {
        vgi__refuse(t, c, 503, "no memory for the request");
        return false;
    }
    if ((step = feed_once(t, in)) == VGI__HTTP_HEAD_DONE) {
        if (!expect_body(t, c))
            return false;
        step = feed_once(t, in);
    }
    switch (step) {
    case VGI__HTTP_DONE:
        return vgi__answer(t, c);
    case VGI__HTTP_BAD:
        vgi__refuse(t, c, vgi__http_parser_status(in->parser),
                    vgi__http_parser_reason(in->parser));
        return false;
    default:
        c->progress = vgi__engine_ms();
        if (c->phase == VGI__IDLE)
            c->phase = VGI__HEAD;
        if (c->phase != before)
            c->since = c->progress;
        return true;
    }
}

static void converse(vgi__thread *t, vgi__conn *c)
{
    bool ready = true;

    unstash(t, c);
    for (unsigned turns = TURNS; turns > 0; turns--) {
        if (t->n_bytes == 0 && !receive(t, c, &ready))
            return;
        if (!feed(t, c))
            return;
    }
    leave(t, c);
}

void vgi__serve(vgi__thread *t, vgi__conn *c)
{
    t->stays = VGI__STAYS;
    t->n_bytes = 0;
    if (c->phase == VGI__LINGER) {
        vgi__linger(t, c);
        return;
    }
    if (c->phase == VGI__WRITE && !vgi__conclude(t, c, vgi__rest_send(t, c)))
        return;
    converse(t, c);
}
