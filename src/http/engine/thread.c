/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: threads.
 *
 * Each waits in epoll for one event, serves that connection, and comes back. As long as
 * threads come back all is well, however busy they are. A thread that leaves nobody
 * behind in epoll nudges the keeper; when nobody came back within GROW_MS the keeper
 * starts another one, and so on until somebody waits or the cap is reached. The kernel
 * wakes the thread that came last, so those that are not needed notice, and end.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "http/engine/engine_impl.h"

#define STACK_BYTES ((size_t)1 << 20)
/* Without work for so long a thread gives back the memory of large requests ... */
#define GIVE_BACK_MS 1000
/* ... and ends, if there are others. */
#define SURPLUS_MS 5000
/* A response buffer that is kept. */
#define KEEP_RESPONSE_BYTES ((size_t)64 << 10)

/* ---- waiting ---- */

bool vgi__thread_may_stay(vgi__thread *t)
{
    vgi__engine *e = t->engine;

    if (t->stays == 0 || atomic_load_explicit(&e->waiting, memory_order_relaxed) < 1 ||
        atomic_load_explicit(&e->draining, memory_order_relaxed))
        return false;
    t->stays--;
    return true;
}

static bool holds_memory(const vgi__thread *t)
{
    return t->large || t->rs.body.cap > KEEP_RESPONSE_BYTES;
}

static void give_back(vgi__thread *t)
{
    vgi__block_unref(t->large);
    t->large = NULL;
    if (t->rs.body.cap > KEEP_RESPONSE_BYTES)
        vgi__buffer_free(&t->rs.body);
    if (t->intake)
        vgi__http_parser_shrink(t->intake->parser);
}

static int patience(const vgi__thread *t)
{
    const vgi__engine *e = t->engine;

    if (holds_memory(t))
        return GIVE_BACK_MS;
    return atomic_load(&e->running) > e->options->threads ? SURPLUS_MS : -1;
}

/* Is there one thread more than always has to be there? Then there is one less. */
static bool may_end(vgi__engine *e)
{
    unsigned running = atomic_load(&e->running);

    while (running > e->options->threads) {
        if (atomic_compare_exchange_weak(&e->running, &running, running - 1))
            return true;
    }
    return false;
}

static void tell_shortage(vgi__engine *e)
{
    if (atomic_load(&e->running) < e->options->max_threads &&
        !atomic_exchange(&e->short_of_threads, true))
        vgi__engine_nudge(e);
}

/* The next connection with an event, owned by this thread; NULL: the thread ends. */
static vgi__conn *next_connection(vgi__thread *t)
{
    vgi__engine *e = t->engine;
    struct epoll_event event;

    for (;;) {
        const int timeout = patience(t);
        int n;

        atomic_fetch_add(&e->arrivals, 1);
        atomic_fetch_add(&e->waiting, 1);
        n = epoll_wait(e->epoll, &event, 1, timeout);
        if (atomic_fetch_sub(&e->waiting, 1) == 1)
            tell_shortage(e);
        if (n > 0 && !event.data.ptr)
            return NULL;
        if (n > 0 && vgi__conn_take(event.data.ptr))
            return event.data.ptr;
        if (n != 0)
            continue;
        if (holds_memory(t)) {
            give_back(t);
        } else if (may_end(e)) {
            return NULL;
        }
    }
}

static void *run(void *arg)
{
    vgi__thread *t = arg;
    vgi__conn *c;

    while ((c = next_connection(t)))
        vgi__serve(t, c);
    atomic_store(&t->ended, true);
    vgi__engine_nudge(t->engine);
    return NULL;
}

/* ---- start and end; the keeper's ---- */

int vgi__thread_init(vgi__thread *t, vgi__engine *e, vgi_error *err)
{
    const vgi__engine_options *o = e->options;

    *t = (vgi__thread){ .engine = e };
    vgi__http_response_init(&t->rs, o->allocator);
    if (t == &e->keeper)
        return VGI_OK;
    if (!(t->buffer = vgi__alloc(o->allocator, VGI__READ_BYTES)))
        return vgi__fail_nomem(err);
    return e->app->worker_new(e->app->data, &t->worker, err);
}

void vgi__thread_release(vgi__thread *t)
{
    const vgi__engine *e = t->engine;

    if (t->worker)
        e->app->worker_free(e->app->data, t->worker);
    vgi__intake_free(t->intake);
    vgi__block_unref(t->small);
    vgi__block_unref(t->large);
    vgi__http_response_free(&t->rs);
    vgi__free(e->options->allocator, t->buffer);
}

/* Signals are for the application's threads. */
static int create(vgi__thread *t)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&t->id, &attr, run, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

int vgi__thread_start(vgi__engine *e, vgi_error *err)
{
    vgi__thread *t = vgi__calloc(e->options->allocator, 1, sizeof(*t));
    int rc;

    if (!t)
        return vgi__fail_nomem(err);
    rc = vgi__thread_init(t, e, err);
    if (rc == VGI_OK) {
        atomic_fetch_add(&e->running, 1);
        if ((errno = create(t)) != 0) {
            atomic_fetch_sub(&e->running, 1);
            rc = vgi__fail_errno(err, VGI_EIO, "pthread_create");
        }
    }
    if (rc != VGI_OK) {
        vgi__thread_release(t);
        vgi__free(e->options->allocator, t);
        return rc;
    }
    t->next = e->threads;
    e->threads = t;
    return VGI_OK;
}

void vgi__threads_reap(vgi__engine *e, bool all)
{
    vgi__thread **link = &e->threads;

    while (*link) {
        vgi__thread *t = *link;

        if (!all && !atomic_load(&t->ended)) {
            link = &t->next;
            continue;
        }
        pthread_join(t->id, NULL);
        *link = t->next;
        vgi__thread_release(t);
        vgi__free(e->options->allocator, t);
    }
}
