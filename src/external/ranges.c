/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a long object by several connections.
 *
 * One block of the object's length, which is under the cap; threads take one range after
 * the other, and libcurl's bytes are copied straight to where they belong. A range is
 * tried again by itself; when one fails for good, the others are stopped.
 *
 * A thread that finds no range left looks after those that are late: one that takes much
 * longer than others did is asked for a second time, over another connection and into a
 * block of its own. Whoever has it first stops the other. Only the thread that the range
 * belongs to writes to its place; when the helper was faster, it takes what that one has.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "external/external.h"
#include "external/range.h"

#define MOST_THREADS 64
/* A range is late after so many times what is usual, which is the median of the last
 * SAMPLES, of which there must be two; and never sooner than the time a request costs. */
#define LATE_TIMES 2
#define LATE_LEAST_NS UINT64_C(100000000)
#define SAMPLES 32

typedef struct ranges ranges;

/* A thread, and the range that it is at. */
typedef struct worker {
    ranges *all;
    vgi__transfer *transfer; /* NULL: it has none, or none any more */
    atomic_bool stop;
    int64_t first, last;
    uint64_t began;       /* with a range that is its own; 0: with none */
    bool helped;          /* that range has been asked for a second time, */
    struct worker *other; /* by this one; or the one whose range this one asks for */
    vgi__block *spare;    /* what `other` had first */
} worker;

/* What the threads share. */
struct ranges {
    const vgi__attempt *attempt;
    const vgi__whole *whole;
    vgi__block *block;
    pthread_mutex_t lock; /* of the rest, and of the workers but for their ranges */
    pthread_cond_t changed;
    int64_t next; /* the first byte that nobody has taken */
    uint64_t took[SAMPLES];
    unsigned finished, hedges;
    int rc; /* the first failure */
    vgi_error err;
    worker workers[MOST_THREADS];
};

/* ---- with the lock held ---- */

static void stop(worker *w)
{
    atomic_store(&w->stop, true);
    if (w->transfer)
        vgi__transfer_wake(w->transfer);
}

static void fail(ranges *r, int rc, const vgi_error *err)
{
    if (r->rc != VGI_OK)
        return;
    r->rc = rc;
    r->err = *err;
    for (size_t i = 0; i < MOST_THREADS; i++)
        stop(&r->workers[i]);
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* How long a range may take. */
static uint64_t patience_ns(const ranges *r)
{
    const size_t n = r->finished < SAMPLES ? r->finished : SAMPLES;
    uint64_t took[SAMPLES];

    if (n < 2)
        return UINT64_MAX;
    memcpy(took, r->took, n * sizeof(*took));
    qsort(took, n, sizeof(*took), compare);
    const uint64_t late = LATE_TIMES * took[n / 2];
    return late > LATE_LEAST_NS ? late : LATE_LEAST_NS;
}

/* The one that has been at its range for longest and has no help. */
static worker *slowest(ranges *r)
{
    worker *found = NULL;

    for (worker *w = r->workers; w < r->workers + MOST_THREADS; w++)
        if (w->began && !w->helped && (!found || w->began < found->began))
            found = w;
    return found;
}

/* Until something changes, or this much time has passed. */
static void wait_ns(ranges *r, uint64_t ns)
{
    const uint64_t most = UINT64_C(1000000000) * 3600;
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    ns = (ns < most ? ns : most) + (uint64_t)t.tv_nsec;
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    pthread_cond_timedwait(&r->changed, &r->lock, &t);
}

/* ---- the ranges ---- */

static bool take_range(worker *w)
{
    ranges *r = w->all;
    const int64_t chunk = r->attempt->external->options.chunk_bytes;
    bool found;

    pthread_mutex_lock(&r->lock);
    found = r->rc == VGI_OK && r->next < r->whole->length;
    if (found) {
        const int64_t left = r->whole->length - r->next;

        w->first = r->next;
        w->last = r->next + (left < chunk ? left : chunk) - 1;
        w->began = vgi__clock_ns();
        r->next = w->last + 1;
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

/* The range is there, or will never be. */
static void settle(worker *w, int rc, const vgi_error *err)
{
    ranges *r = w->all;

    pthread_mutex_lock(&r->lock);
    vgi__block *spare = w->spare;
    w->spare = NULL;
    if (w->other) {
        stop(w->other);
        w->other->other = NULL;
        w->other = NULL;
    }
    if (rc == VGI_OK || spare)
        r->took[r->finished++ % SAMPLES] = vgi__clock_ns() - w->began;
    else
        fail(r, rc, err);
    w->began = 0;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (rc != VGI_OK && spare)
        memcpy(r->block->data + w->first, spare->data, (size_t)(w->last - w->first) + 1);
    vgi__block_unref(spare);
}

static vgi__attempt attempt_at(const worker *w)
{
    const vgi__attempt *whole = w->all->attempt;

    return (vgi__attempt){ .external = whole->external, .deadline = whole->deadline };
}

/* Until it is there, or there is no use. */
static void fetch(worker *w)
{
    const vgi__range range = { .whole = w->all->whole,
                               .first = w->first,
                               .last = w->last,
                               .into = w->all->block->data + w->first,
                               .stop = &w->stop };
    vgi__attempt attempt = attempt_at(w);
    vgi_error err = { 0 };
    int rc;

    do
        rc = vgi__range_fetch(&attempt, w->transfer, &range, NULL, &err);
    while (rc != VGI_OK && !atomic_load(&w->stop) && vgi__attempt_next(&attempt));
    settle(w, rc, &err);
}

/* ---- those that are late ---- */

/* Wait until a range is late; false: none will be that could be helped. */
static bool take_late(worker *me)
{
    ranges *r = me->all;
    vgi_external *x = r->attempt->external;
    worker *late;

    pthread_mutex_lock(&r->lock);
    while ((late = slowest(r)) && r->rc == VGI_OK && r->hedges < x->options.hedges) {
        const uint64_t waited = vgi__clock_ns() - late->began, most = patience_ns(r);

        if (waited >= most)
            break;
        wait_ns(r, most - waited);
    }
    const bool found = late && r->rc == VGI_OK && r->hedges < x->options.hedges;
    if (found) {
        r->hedges++;
        late->helped = true;
        late->other = me;
        me->other = late;
        me->first = late->first;
        me->last = late->last;
        atomic_store(&me->stop, false);
    }
    pthread_mutex_unlock(&r->lock);
    return found;
}

/* Ask a second time for somebody's range; that it fails is of no interest. */
static void help(worker *me)
{
    ranges *r = me->all;
    const vgi__range range = {
        .whole = r->whole, .first = me->first, .last = me->last, .stop = &me->stop
    };
    vgi__attempt attempt = attempt_at(me);
    vgi__block *block = NULL;

    atomic_fetch_add(&attempt.external->hedges, 1);
    (void)vgi__range_fetch(&attempt, me->transfer, &range, &block, NULL);
    pthread_mutex_lock(&r->lock);
    worker *late = me->other;
    me->other = NULL;
    if (late) {
        late->other = NULL;
        late->spare = block;
        if (block)
            stop(late);
    }
    pthread_mutex_unlock(&r->lock);
    if (!late)
        vgi__block_unref(block);
}

/* ---- threads ---- */

static void *work(void *user)
{
    worker *w = user;
    ranges *r = w->all;
    vgi__transfer_pool *pool = r->attempt->external->pool;
    vgi_error err = { 0 };
    vgi__transfer *t;
    const int rc = vgi__transfer_pool_take(pool, &t, &err);

    pthread_mutex_lock(&r->lock);
    w->transfer = t;
    if (rc != VGI_OK)
        fail(r, rc, &err);
    pthread_mutex_unlock(&r->lock);
    while (take_range(w))
        fetch(w);
    while (take_late(w))
        help(w);
    pthread_mutex_lock(&r->lock);
    w->transfer = NULL;
    pthread_mutex_unlock(&r->lock);
    if (t)
        vgi__transfer_pool_give(pool, t);
    return NULL;
}

/* Some threads, of which this is one; with fewer it only takes longer. Signals are for
 * the application's own. */
static void work_together(ranges *r)
{
    const vgi_external_options *o = &r->attempt->external->options;
    const int64_t chunks = (r->whole->length - 1) / o->chunk_bytes + 1;
    const unsigned most = o->connections < MOST_THREADS ? o->connections : MOST_THREADS;
    const unsigned wanted = chunks < most ? (unsigned)chunks : most;
    pthread_t threads[MOST_THREADS];
    sigset_t all, before;
    unsigned n = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (n + 1 < wanted &&
           pthread_create(&threads[n], NULL, work, &r->workers[n + 1]) == 0)
        n++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    work(&r->workers[0]);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

static void init(ranges *r)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&r->lock, NULL);
    for (size_t i = 0; i < MOST_THREADS; i++)
        r->workers[i].all = r;
}

int vgi__external_fetch_ranges(vgi__attempt *attempt, const vgi__whole *whole,
                               vgi__object *out, vgi_error *err)
{
    ranges r = { .attempt = attempt,
                 .whole = whole,
                 .block = vgi__block_new(NULL, (size_t)whole->length) };

    attempt->final = true; /* what could be tried again was */
    if (!r.block)
        return vgi__fail_nomem(err);
    init(&r);
    work_together(&r);
    pthread_mutex_destroy(&r.lock);
    pthread_cond_destroy(&r.changed);
    if (r.rc != VGI_OK) {
        vgi__block_unref(r.block);
        if (err)
            *err = r.err;
        return r.rc;
    }
    *out = (vgi__object){ r.block, (size_t)whole->length };
    return VGI_OK;
}
