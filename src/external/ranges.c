/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a long object by several connections.
 *
 * One block of the object's length, which is under the cap; threads take one range after
 * the other, and libcurl's bytes are copied straight to where they belong. A range is
 * tried again by itself; when one fails for good, the others are not begun. Nothing but
 * exactly the range that was asked for counts: a server that sends the whole object
 * instead would otherwise fill the block with its beginning, over and over.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "external/external.h"
#include "external/range.h"
#include "http/proto/fields.h"

#define MOST_THREADS 64

/* Digits at the beginning of *s, which moves behind them and `end`. */
static bool take_number(vgi_str *s, char end, int64_t *value)
{
    const char *stop = memchr(s->data, end, s->len);
    const size_t n = stop ? (size_t)(stop - s->data) : s->len;

    if (!stop || !vgi__http_decimal((vgi_str){ s->data, n }, value))
        return false;
    s->data += n + 1;
    s->len -= n + 1;
    return true;
}

bool vgi__range_total(vgi_str content_range, int64_t first, int64_t last, int64_t *total)
{
    static const char unit[] = "bytes ";
    const size_t n = sizeof(unit) - 1;
    int64_t from, to;

    if (content_range.len < n ||
        !vgi__http_equal((vgi_str){ content_range.data, n }, unit))
        return false;
    vgi_str rest = { content_range.data + n, content_range.len - n };
    return take_number(&rest, '-', &from) && take_number(&rest, '/', &to) &&
           vgi__http_decimal(rest, total) && from == first && to == last && *total > last;
}

/* What the threads share. */
typedef struct ranges {
    const vgi__attempt *whole;
    const char *url;
    vgi__block *block;
    int64_t length;
    atomic_int_fast64_t next; /* the first byte that nobody has taken */
    atomic_bool failed;
    pthread_mutex_t lock; /* of the first failure */
    int rc;
    vgi_error err;
} ranges;

static int wrong_range(vgi__attempt *attempt, const ranges *r, int64_t first,
                       int64_t last, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];

    attempt->final = true;
    return vgi__fail(err, VGI_EPROTO, "RuntimeError",
                     "%s: asked for bytes %" PRId64 " to %" PRId64
                     ", the server sent something else",
                     vgi__external_name(name, r->url), first, last);
}

static int fetch_range(vgi__attempt *attempt, vgi__transfer *t, const ranges *r,
                       int64_t first, int64_t last, vgi_error *err)
{
    char range[64];
    const vgi__fetch_request rq = { .method = VGI__HTTP_GET,
                                    .url = r->url,
                                    .range = range,
                                    .max_body = last - first + 1,
                                    .into = r->block->data + first };
    vgi__transfer_answer answer;
    int64_t total;

    (void)snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, first, last);
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);
    if (rc == VGI_ELIMIT)
        return wrong_range(attempt, r, first, last, err);
    if (rc != VGI_OK)
        return rc;
    if (answer.status != 206 && answer.status != 200)
        return vgi__external_status(attempt, r->url, answer.status, err);
    if (answer.status == 200 || (int64_t)answer.body_len != rq.max_body ||
        !vgi__range_total(vgi__transfer_header(&answer, "Content-Range"), first, last,
                          &total) ||
        total != r->length)
        return wrong_range(attempt, r, first, last, err);
    return VGI_OK;
}

/* A range, until it is there or there is no use. */
static int fetch_surely(vgi__transfer *t, const ranges *r, int64_t first, int64_t last,
                        vgi_error *err)
{
    vgi__attempt attempt = { .external = r->whole->external,
                             .deadline = r->whole->deadline };
    int rc;

    do
        rc = fetch_range(&attempt, t, r, first, last, err);
    while (rc != VGI_OK && !atomic_load(&r->failed) && vgi__attempt_next(&attempt));
    return rc;
}

static void fail(ranges *r, int rc, const vgi_error *err)
{
    pthread_mutex_lock(&r->lock);
    if (r->rc == VGI_OK) {
        r->rc = rc;
        r->err = *err;
    }
    pthread_mutex_unlock(&r->lock);
    atomic_store(&r->failed, true);
}

static void *work(void *user)
{
    ranges *r = user;
    vgi_external *x = r->whole->external;
    const int64_t chunk = x->options.chunk_bytes;
    vgi_error err = { 0 };
    vgi__transfer *t;
    int rc = vgi__transfer_pool_take(x->pool, &t, &err);

    if (rc != VGI_OK) {
        fail(r, rc, &err);
        return NULL;
    }
    while (rc == VGI_OK && !atomic_load(&r->failed)) {
        const int64_t first = atomic_fetch_add(&r->next, chunk);

        if (first >= r->length)
            break;
        const int64_t left = r->length - first;
        rc = fetch_surely(t, r, first, first + (left < chunk ? left : chunk) - 1, &err);
        if (rc != VGI_OK)
            fail(r, rc, &err);
    }
    vgi__transfer_pool_give(x->pool, t);
    return NULL;
}

/* Some threads, of which this is one; with fewer it only takes longer. */
static void work_together(ranges *r)
{
    const vgi_external_options *o = &r->whole->external->options;
    const int64_t chunks = (r->length - 1) / o->chunk_bytes + 1;
    const unsigned most = o->connections < MOST_THREADS ? o->connections : MOST_THREADS;
    const unsigned wanted = chunks < most ? (unsigned)chunks : most;
    pthread_t threads[MOST_THREADS];
    unsigned n = 0;

    while (n + 1 < wanted && pthread_create(&threads[n], NULL, work, r) == 0)
        n++;
    work(r);
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

int vgi__external_fetch_ranges(vgi__attempt *attempt, const char *url, int64_t length,
                               vgi__object *out, vgi_error *err)
{
    ranges r = { .whole = attempt,
                 .url = url,
                 .length = length,
                 .lock = PTHREAD_MUTEX_INITIALIZER,
                 .block = vgi__block_new(NULL, (size_t)length) };

    attempt->final = true; /* what could be tried again was */
    if (!r.block)
        return vgi__fail_nomem(err);
    work_together(&r);
    if (r.rc != VGI_OK) {
        vgi__block_unref(r.block);
        if (err)
            *err = r.err;
        return r.rc;
    }
    *out = (vgi__object){ r.block, (size_t)length };
    return VGI_OK;
}
