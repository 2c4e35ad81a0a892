/* SPDX-License-Identifier: Apache-2.0 */
/* Two connected ends in one process.
 *
 * Design notes. One allocation holds both ends, a queue per direction and the
 * lock; queue i carries what end i wrote. The last end to be closed frees it.
 * A closed end's queue stays readable: the peer sees the bytes, then the end. */
#include "transport/mem/mem.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fail.h"

struct mem_pair;

struct mem_end {
    vgi__io io;
    struct mem_pair *pair;
    vgi__buffer queue; /* written by this end */
    size_t taken;      /* bytes of queue that the peer has read */
    bool closed;
};

struct mem_pair {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const vgi_allocator *allocator;
    struct mem_end ends[2];
};

static struct mem_end *peer_of(struct mem_end *end)
{
    return &end->pair->ends[end == &end->pair->ends[0]];
}

static struct timespec deadline_in(unsigned ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* With the lock held: until the peer has written or closed. False: timed out. */
static bool wait_for_peer(struct mem_end *end, struct mem_end *peer)
{
    const unsigned ms = end->io.read_timeout_ms;
    const struct timespec until = deadline_in(ms);
    int rc = 0;

    while (peer->queue.len == peer->taken && !peer->closed && rc != ETIMEDOUT) {
        if (ms == 0)
            pthread_cond_wait(&end->pair->changed, &end->pair->lock);
        else
            rc = pthread_cond_timedwait(&end->pair->changed, &end->pair->lock, &until);
    }
    return peer->queue.len != peer->taken || peer->closed;
}

static int pair_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    struct mem_end *end = (struct mem_end *)io;
    struct mem_end *peer = peer_of(end);
    int rc = VGI_OK;

    pthread_mutex_lock(&end->pair->lock);
    if (!wait_for_peer(end, peer)) {
        rc = vgi__fail(err, VGI_ETIMEDOUT, NULL, "nothing to read for %u ms",
                       io->read_timeout_ms);
    } else if (peer->queue.len == peer->taken) {
        rc = VGI_END;
    } else {
        if (n > peer->queue.len - peer->taken)
            n = peer->queue.len - peer->taken;
        memcpy(buf, peer->queue.data + peer->taken, n);
        peer->taken += n;
        if (peer->taken == peer->queue.len) {
            vgi__buffer_clear(&peer->queue);
            peer->taken = 0;
        }
        *got = n;
    }
    pthread_mutex_unlock(&end->pair->lock);
    return rc;
}

static int pair_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    struct mem_end *end = (struct mem_end *)io;
    int rc = VGI_OK;

    pthread_mutex_lock(&end->pair->lock);
    if (peer_of(end)->closed) {
        rc = vgi__fail(err, VGI_ECLOSED, NULL, "write: the other end is closed");
    } else {
        for (size_t i = 0; i < n; i++)
            vgi__buffer_append(&end->queue, iov[i].iov_base, iov[i].iov_len);
        if (end->queue.failed)
            rc = vgi__fail_nomem(err);
    }
    pthread_cond_broadcast(&end->pair->changed);
    pthread_mutex_unlock(&end->pair->lock);
    return rc;
}

static void pair_close(vgi__io *io)
{
    struct mem_end *end = (struct mem_end *)io;
    struct mem_pair *pair = end->pair;
    bool last;

    pthread_mutex_lock(&pair->lock);
    end->closed = true;
    last = peer_of(end)->closed;
    pthread_cond_broadcast(&pair->changed);
    pthread_mutex_unlock(&pair->lock);
    if (!last)
        return;
    pthread_cond_destroy(&pair->changed);
    pthread_mutex_destroy(&pair->lock);
    vgi__buffer_free(&pair->ends[0].queue);
    vgi__buffer_free(&pair->ends[1].queue);
    vgi__free(pair->allocator, pair);
}

static const struct vgi__io_ops pair_ops = { pair_read, pair_write, pair_close };

int vgi__mem_pair(vgi__io **a_end, vgi__io **b_end, const vgi_allocator *a,
                  vgi_error *err)
{
    struct mem_pair *pair = vgi__calloc(a, 1, sizeof(*pair));
    pthread_condattr_t clock;

    if (!pair)
        return vgi__fail_nomem(err);
    pthread_mutex_init(&pair->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&pair->changed, &clock);
    pthread_condattr_destroy(&clock);
    pair->allocator = a;
    for (int i = 0; i < 2; i++) {
        pair->ends[i].io.ops = &pair_ops;
        pair->ends[i].pair = pair;
        vgi__buffer_init(&pair->ends[i].queue, a, SIZE_MAX);
    }
    *a_end = &pair->ends[0].io;
    *b_end = &pair->ends[1].io;
    return VGI_OK;
}
