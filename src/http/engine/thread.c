/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: which threads take part.
 *
 * A thread that waits in epoll is woken for one event, serves that connection, and comes
 * back. If all threads waited, each event of a burst would wake another one, and the
 * cores would be busy changing threads: at 32 busy connections that is a quarter of all
 * CPU time. So only as many threads are active as there are cores, and those that are in
 * handlers, which may sleep; the others stand by.
 *
 *              event, nobody waits: nudge
 *   standing by <------ comes back ------ serving <------ waiting in epoll
 *        |               too many            |               ^
 *        |                                   +---------------+
 *        +--- called by the keeper, every GROW_MS while nobody waits
 *
 * How many may sleep is sampled by the keeper, while nobody waits: handlers that take a
 * microsecond are hardly ever seen, those that block always. When there is nobody to call
 * it starts threads, up to the cap. Those that stand by for long in vain end.
 *
 * A thread that had to sleep for its event, and leaves others that wait, may stay on the
 * connection for a while when it has answered: there is no rush.
 *
 * Measured on two cores, server CPU per small POST in us (best of 5, a busy machine):
 * with 32 connections 12.0 with all threads in epoll, 9.1 with this; a server that only
 * reads and writes takes 5.8.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "http/engine/engine_impl.h"

#define STACK_BYTES ((size_t)1 << 20)
/* Without work for so long a thread gives back the memory of large requests, and one that
 * is not needed steps back ... */
#define GIVE_BACK_MS 1000
/* ... and ends. */
#define SURPLUS_MS 5000
#define GROW_MS 1
/* How long not to try again when the system gives no more threads. */
#define SHORTAGE_MS 50
/* A waiting thread, and another that stays on its connection. */
#define LEAST_ACTIVE 2
/* A response buffer that is kept. */
#define KEEP_RESPONSE_BYTES ((size_t)64 << 10)

/* ---- memory of large requests ---- */

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

/* ---- standing by ---- */

/* Is this thread not needed in epoll? Then it is not active any more. */
static bool may_step_back(vgi__engine *e)
{
    unsigned active = atomic_load(&e->active);

    while (active > e->cores &&
           (active > atomic_load(&e->wanted) || atomic_load(&e->waiting) >= e->cores)) {
        if (atomic_compare_exchange_weak(&e->active, &active, active - 1))
            return true;
    }
    return false;
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

/* Under e->bench. False: nobody called in that time; 0 is for ever. */
static bool wait_for_call(vgi__engine *e, uint64_t ms)
{
    const uint64_t until = vgi__clock_ns() + ms * 1000000;
    const struct timespec at = { .tv_sec = (time_t)(until / 1000000000),
                                 .tv_nsec = (long)(until % 1000000000) };

    while (e->calls == 0 && !e->ending) {
        if (ms == 0)
            pthread_cond_wait(&e->called, &e->bench);
        else if (pthread_cond_timedwait(&e->called, &e->bench, &at) == ETIMEDOUT)
            return e->calls > 0 || e->ending;
    }
    return true;
}

static uint64_t patience(const vgi__thread *t)
{
    const vgi__engine *e = t->engine;

    if (holds_memory(t))
        return GIVE_BACK_MS;
    return atomic_load(&e->running) > e->options->threads ? SURPLUS_MS : 0;
}

/* Until the keeper calls. False: the thread ends. */
static bool stand_by(vgi__thread *t)
{
    vgi__engine *e = t->engine;
    bool goes_on = true;

    pthread_mutex_lock(&e->bench);
    e->standing_by++;
    while (goes_on && !wait_for_call(e, patience(t))) {
        if (holds_memory(t))
            give_back(t);
        else
            goes_on = !may_end(e);
    }
    if (goes_on && e->calls > 0)
        e->calls--;
    e->standing_by--;
    goes_on = goes_on && !e->ending;
    pthread_mutex_unlock(&e->bench);
    return goes_on;
}

/* Let up to `n` of those that stand by take part. How many are there? */
static unsigned call(vgi__engine *e, unsigned n)
{
    pthread_mutex_lock(&e->bench);
    if (n > e->standing_by - e->calls)
        n = e->standing_by - e->calls;
    e->calls += n;
    atomic_fetch_add(&e->active, n);
    for (unsigned i = 0; i < n; i++)
        pthread_cond_signal(&e->called);
    pthread_mutex_unlock(&e->bench);
    return n;
}

/* ---- waiting ---- */

bool vgi__thread_may_stay(vgi__thread *t)
{
    vgi__engine *e = t->engine;

    if (!t->slept || t->stays == 0 ||
        atomic_load_explicit(&e->waiting, memory_order_relaxed) == 0 ||
        atomic_load_explicit(&e->draining, memory_order_relaxed))
        return false;
    t->stays--;
    return true;
}

/* Wait for an event. False: there was none for a while. */
static bool wait_for_event(vgi__thread *t, struct epoll_event *event)
{
    vgi__engine *e = t->engine;
    const bool for_good = !holds_memory(t) && atomic_load(&e->active) <= e->cores;
    int n = epoll_wait(e->epoll, event, 1, 0);

    t->slept = n <= 0;
    if (n > 0)
        return true;
    atomic_fetch_add(&e->waiting, 1);
    n = epoll_wait(e->epoll, event, 1, for_good ? -1 : GIVE_BACK_MS);
    /* Who leaves nobody behind says so, also without an event: the next look may find
     * one. */
    if (atomic_fetch_sub(&e->waiting, 1) == 1 &&
        !atomic_exchange(&e->short_of_threads, true))
        vgi__engine_nudge(e);
    if (n == 0)
        give_back(t);
    return n > 0;
}

/* The next connection with an event, owned by this thread; NULL: the thread ends. */
static vgi__conn *next_connection(vgi__thread *t)
{
    struct epoll_event event;

    for (;;) {
        if (may_step_back(t->engine) && !stand_by(t))
            return NULL;
        if (!wait_for_event(t, &event))
            continue;
        if (!event.data.ptr || vgi__conn_take(event.data.ptr))
            return event.data.ptr;
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

static int start_thread(vgi__engine *e, vgi_error *err)
{
    vgi__thread *t = vgi__calloc(e->options->allocator, 1, sizeof(*t));
    int rc;

    if (!t)
        return vgi__fail_nomem(err);
    rc = vgi__thread_init(t, e, err);
    if (rc == VGI_OK) {
        atomic_fetch_add(&e->running, 1);
        atomic_fetch_add(&e->active, 1);
        if ((errno = create(t)) != 0) {
            atomic_fetch_sub(&e->running, 1);
            atomic_fetch_sub(&e->active, 1);
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

static unsigned count_cores(void)
{
    cpu_set_t set;
    const int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > LEAST_ACTIVE ? (unsigned)n : LEAST_ACTIVE;
}

void vgi__threads_init(vgi__engine *e)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&e->bench, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&e->called, &attr);
    pthread_condattr_destroy(&attr);
    e->cores = count_cores();
    atomic_store(&e->wanted, e->cores);
    atomic_store(&e->short_of_threads, true);
}

int vgi__threads_start(vgi__engine *e, vgi_error *err)
{
    int rc = VGI_OK;

    for (unsigned i = 0; i < e->options->threads && rc == VGI_OK; i++)
        rc = start_thread(e, err);
    return rc;
}

void vgi__threads_balance(vgi__engine *e, uint64_t now)
{
    unsigned blocked = 0, active, wanted;

    if (!atomic_load(&e->short_of_threads) || now < e->grow_at)
        return;
    e->grow_at = now + GROW_MS;
    for (const vgi__thread *t = e->threads; t; t = t->next)
        blocked += atomic_load_explicit(&t->blocked, memory_order_relaxed);
    e->blocked = (e->blocked + 16 * blocked + 1) / 2; /* comes to all of them */
    wanted = e->cores + e->blocked / 16;
    atomic_store(&e->wanted, wanted);
    /* Said before it is looked at, so that whoever leaves nobody behind says it again. */
    atomic_store(&e->short_of_threads, false);
    if (atomic_load(&e->waiting) > 0)
        return;
    active = atomic_load(&e->active);
    if (active < wanted && call(e, wanted - active) == 0) {
        if (atomic_load(&e->running) >= e->options->max_threads)
            return; /* nothing to be done about it */
        if (start_thread(e, NULL) != VGI_OK)
            e->grow_at = now + SHORTAGE_MS;
    }
    atomic_store(&e->short_of_threads, true);
}

static void join(vgi__engine *e, vgi__thread **link)
{
    vgi__thread *t = *link;

    pthread_join(t->id, NULL);
    *link = t->next;
    vgi__thread_release(t);
    vgi__free(e->options->allocator, t);
}

void vgi__threads_reap(vgi__engine *e)
{
    vgi__thread **link = &e->threads;

    while (*link) {
        if (atomic_load(&(*link)->ended))
            join(e, link);
        else
            link = &(*link)->next;
    }
}

void vgi__threads_close(vgi__engine *e)
{
    pthread_mutex_lock(&e->bench);
    e->ending = true;
    pthread_cond_broadcast(&e->called);
    pthread_mutex_unlock(&e->bench);
    while (e->threads)
        join(e, &e->threads);
    pthread_cond_destroy(&e->called);
    pthread_mutex_destroy(&e->bench);
}
