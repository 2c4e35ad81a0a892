/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: getting a response out.
 *
 * Everything goes out with one gathered write in almost all cases. When the socket is
 * full the thread may wait for the peer a little, if others wait for requests. Then what
 * is left is copied to the connection, so that thread and worker are free, and goes out
 * when epoll says that there is room. Such copies count towards the budget of bodies, but
 * are made even when it is used up, for the request was carried out: until peers have
 * read, no other request is (vgi__answer). So there is at most one copy per thread too
 * much.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http/engine/engine_impl.h"

/* Entries handed to one write. */
#define WINDOW 64
#define FLAT_BYTES ((size_t)2048)
#define OWN (sizeof(((vgi__reply *)0)->own) / sizeof(struct iovec))

static struct iovec *entry(vgi__reply *r, size_t i)
{
    return i < OWN ? &r->own[i] : &r->more[i - OWN];
}

/* The next entries that are not empty; how many. */
static size_t fill_window(vgi__reply *r, struct iovec *window)
{
    size_t n = 0;

    for (size_t i = r->at; i < OWN + r->n_more && n < WINDOW; i++) {
        if (entry(r, i)->iov_len > 0)
            window[n++] = *entry(r, i);
    }
    return n;
}

static void consume(vgi__reply *r, size_t n)
{
    while (n > 0) {
        struct iovec *v = entry(r, r->at);
        const size_t part = n < v->iov_len ? n : v->iov_len;

        v->iov_base = (uint8_t *)v->iov_base + part;
        v->iov_len -= part;
        n -= part;
        if (v->iov_len == 0)
            r->at++;
    }
}

/* Copy what is left to the connection. */
static int keep_rest(vgi__thread *t, vgi__conn *c, vgi__reply *r)
{
    size_t total = 0;

    for (size_t i = r->at; i < OWN + r->n_more; i++)
        total += entry(r, i)->iov_len;
    if (!(c->rest = vgi__block_new(t->engine->options->allocator, total)))
        return VGI_ECLOSED;
    vgi__engine_charge_anyway(t->engine, (int64_t)total);
    c->rest_at = c->rest_len = 0;
    for (size_t i = r->at; i < OWN + r->n_more; i++) {
        const struct iovec *v = entry(r, i);

        if (v->iov_len > 0)
            memcpy(c->rest->data + c->rest_len, v->iov_base, v->iov_len);
        c->rest_len += v->iov_len;
    }
    return VGI_END;
}

/* Small responses are copied into one piece: that costs less than what the kernel does to
 * take up several. Bytes; 0: it is too large. */
static size_t flatten(vgi__reply *r, uint8_t *flat)
{
    size_t n = 0;

    for (size_t i = r->at; i < OWN + r->n_more; i++) {
        const struct iovec *v = entry(r, i);

        if (v->iov_len > FLAT_BYTES - n)
            return 0;
        if (v->iov_len > 0)
            memcpy(flat + n, v->iov_base, v->iov_len);
        n += v->iov_len;
    }
    return n;
}

/* Send once more. Bytes; 0: the socket is full; -1: the peer is gone. */
static ssize_t send_some(vgi__thread *t, vgi__conn *c, struct iovec *iov, size_t n,
                         bool wait)
{
    const struct msghdr message = { .msg_iov = iov, .msg_iovlen = n };
    const int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
    ssize_t sent;

    vgi__thread_blocks(t, wait);
    do
        sent = n == 1 ? send(c->fd, iov->iov_base, iov->iov_len, flags)
                      : sendmsg(c->fd, &message, flags);
    while (sent < 0 && errno == EINTR);
    vgi__thread_blocks(t, false);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    return sent;
}

int vgi__reply_send(vgi__thread *t, vgi__conn *c, vgi__reply *r)
{
    struct iovec window[WINDOW];
    uint8_t flat[FLAT_BYTES];
    size_t n = flatten(r, flat);
    bool wait = false;

    window[0] = (struct iovec){ flat, n };
    n = n > 0 ? 1 : fill_window(r, window);
    while (n > 0) {
        const ssize_t sent = send_some(t, c, window, n, wait);

        if (sent < 0)
            return VGI_ECLOSED;
        consume(r, (size_t)sent);
        if ((n = fill_window(r, window)) == 0)
            break;
        if (sent == 0 && wait)
            return keep_rest(t, c, r);
        wait = vgi__thread_may_stay(t);
        if (sent == 0 && !wait)
            return keep_rest(t, c, r);
    }
    return VGI_OK;
}

int vgi__rest_send(vgi__thread *t, vgi__conn *c)
{
    while (c->rest_at < c->rest_len) {
        struct iovec left = { c->rest->data + c->rest_at, c->rest_len - c->rest_at };
        const ssize_t sent = send_some(t, c, &left, 1, false);

        if (sent < 0)
            return VGI_ECLOSED;
        if (sent == 0)
            return VGI_END;
        c->rest_at += (size_t)sent;
        c->progress = vgi__engine_ms();
    }
    vgi__engine_discharge(t->engine, (int64_t)c->rest->size);
    vgi__block_unref(c->rest);
    c->rest = NULL;
    return VGI_OK;
}
