/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: every armed connection has one deadline, in a dense table that the keeper
 * scans some times a second: 10,000 connections are 80 KB. It takes the late ones as a
 * thread takes those with an event, and so is their owner. Threads look at the deadline
 * of the connection that they stay on themselves.
 *
 * A body has to be fast enough on average, but a fast start buys no long pause: what is
 * held for it is worth something. The same goes for whoever reads a response.
 *
 * What has arrived is never late: if no thread had time for it, that is not the peer's
 * fault. Whether the rest of the request is late is seen when there is nothing to read.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/engine/engine_impl.h"

/* While draining: an idle connection that long has no request under way to us. */
#define QUIET_MS 100

/* Of a body or a response of which `bytes` have made it. */
static uint64_t paced(const vgi__engine *e, const vgi__conn *c, unsigned start_ms,
                      size_t bytes)
{
    const uint64_t due = c->since + start_ms + bytes * 1000 / e->options->body_rate;
    const uint64_t pause = c->progress + start_ms;

    return due < pause ? due : pause;
}

uint64_t vgi__deadline(const vgi__engine *e, const vgi__conn *c)
{
    switch (c->phase) {
    case VGI__IDLE:
        return c->since + e->options->idle_ms;
    case VGI__HEAD:
        return c->since + e->options->header_ms;
    case VGI__BODY:
        return paced(e, c, e->options->header_ms, c->intake->len);
    case VGI__WRITE:
        return paced(e, c, e->options->write_ms, c->rest_at);
    default:
        return c->since + VGI__LINGER_MS;
    }
}

/* Are there bytes that no thread has come to yet? */
static bool has_input(const vgi__conn *c)
{
    uint8_t byte;

    return c->stash || recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static uint32_t event_of(const vgi__conn *c)
{
    if (c->phase == VGI__WRITE)
        return EPOLLOUT;
    return c->stash ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

static void expire(vgi__thread *t, vgi__conn *c)
{
    if (c->phase <= VGI__BODY && has_input(c))
        vgi__conn_arm(t, c, event_of(c));
    else if (c->phase == VGI__HEAD || c->phase == VGI__BODY)
        vgi__refuse_late(t, c);
    else
        vgi__conn_close(t, c);
}

void vgi__deadlines_scan(vgi__thread *t, uint64_t now)
{
    vgi__engine *e = t->engine;

    for (uint32_t i = 0; i < e->touched; i++) {
        const uint64_t deadline =
            atomic_load_explicit(&e->deadlines[i], memory_order_relaxed);
        vgi__conn *c = &e->conns[i];

        if (deadline == 0 || deadline > now || !vgi__conn_take(c))
            continue;
        if (vgi__deadline(e, c) <= now)
            expire(t, c);
        else /* it went on in between */
            vgi__conn_arm(t, c, event_of(c));
    }
}

void vgi__deadlines_sweep(vgi__thread *t, uint64_t now)
{
    vgi__engine *e = t->engine;

    for (uint32_t i = 0; i < e->touched; i++) {
        vgi__conn *c = &e->conns[i];

        if (!vgi__conn_take(c))
            continue;
        if (c->phase == VGI__IDLE && now >= c->since + QUIET_MS && !has_input(c))
            vgi__conn_close(t, c);
        else
            vgi__conn_arm(t, c, event_of(c));
    }
}
