/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "http/engine/engine_impl.h"

#define NONE UINT32_MAX

int vgi__conns_open(vgi__engine *e, vgi_error *err)
{
    const vgi__engine_options *o = e->options;

    /* Pages of the tables that no connection has used are not memory yet. */
    e->conns = vgi__calloc(o->allocator, o->max_connections, sizeof(*e->conns));
    e->deadlines = vgi__calloc(o->allocator, o->max_connections, sizeof(*e->deadlines));
    if (!e->conns || !e->deadlines)
        return vgi__fail_nomem(err);
    e->free = NONE;
    return VGI_OK;
}

void vgi__conns_close(vgi__engine *e, vgi__thread *t)
{
    for (uint32_t i = 0; i < e->touched; i++) {
        vgi__conn *c = &e->conns[i];

        if (c->fd >= 0)
            vgi__conn_close(t, c);
        pthread_mutex_destroy(&c->lock);
    }
    vgi__free(e->options->allocator, e->conns);
    vgi__free(e->options->allocator, e->deadlines);
}

static uint32_t index_of(const vgi__engine *e, const vgi__conn *c)
{
    return (uint32_t)(c - e->conns);
}

/* Under e->lock. */
static vgi__conn *pick(vgi__engine *e)
{
    vgi__conn *c;

    if (e->free != NONE) {
        c = &e->conns[e->free];
        e->free = c->next;
        return c;
    }
    if (e->touched == e->options->max_connections)
        return NULL;
    c = &e->conns[e->touched];
    if (pthread_mutex_init(&c->lock, NULL) != 0)
        return NULL;
    e->touched++;
    return c;
}

vgi__conn *vgi__conn_new(vgi__engine *e, int fd)
{
    vgi__conn *c;

    pthread_mutex_lock(&e->lock);
    if ((c = pick(e))) {
        c->fd = fd;
        e->used++;
    }
    pthread_mutex_unlock(&e->lock);
    if (c) {
        c->phase = VGI__IDLE;
        c->known = false;
        c->since = vgi__engine_ms();
    }
    return c;
}

bool vgi__conn_take(vgi__conn *c)
{
    bool armed;

    pthread_mutex_lock(&c->lock);
    armed = c->armed;
    c->armed = false;
    pthread_mutex_unlock(&c->lock);
    return armed;
}

void vgi__conn_arm(vgi__thread *t, vgi__conn *c, uint32_t events)
{
    vgi__engine *e = t->engine;
    struct epoll_event event = { .events = events | EPOLLONESHOT, .data.ptr = c };
    const int op = c->known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    bool armed;

    atomic_store_explicit(&e->deadlines[index_of(e, c)], vgi__deadline(e, c),
                          memory_order_relaxed);
    c->known = true;
    pthread_mutex_lock(&c->lock);
    armed = c->armed = epoll_ctl(e->epoll, op, c->fd, &event) == 0;
    pthread_mutex_unlock(&c->lock);
    if (!armed)
        vgi__conn_close(t, c);
}

/* Closing the descriptor takes it out of the epoll set. It happens under the engine's
 * lock, under which the keeper may shut down descriptors that it does not own. */
void vgi__conn_close(vgi__thread *t, vgi__conn *c)
{
    vgi__engine *e = t->engine;

    if (c->intake)
        vgi__intake_put(t, c);
    if (c->stash) {
        vgi__engine_discharge(e, (int64_t)c->n_stash);
        vgi__free(e->options->allocator, c->stash);
        c->stash = NULL;
        c->n_stash = 0;
    }
    if (c->rest) {
        vgi__engine_discharge(e, (int64_t)c->rest->size);
        vgi__block_unref(c->rest);
        c->rest = NULL;
    }
    c->phase = VGI__FREE;
    atomic_store_explicit(&e->deadlines[index_of(e, c)], 0, memory_order_relaxed);
    pthread_mutex_lock(&e->lock);
    close(c->fd);
    c->fd = -1;
    c->next = e->free;
    e->free = index_of(e, c);
    e->used--;
    pthread_mutex_unlock(&e->lock);
    if (atomic_load(&e->full))
        vgi__engine_nudge(e);
}
