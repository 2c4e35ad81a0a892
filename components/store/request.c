/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: attempts. Before attempt k+1 it waits 100 ms x 2^k, at most 5 s, of which
 * a random half is left out: clients that a store has refused together do not come back
 * together. An attempt may use up the time that is left; at the deadline the last failure
 * is what the caller sees.
 */
#include "store/request.h"

#include <limits.h>
#include <sys/random.h>
#include <time.h>

#include "store/fail.h"

enum { FIRST_WAIT_MS = 100, LONGEST_WAIT_MS = 5000, ANSWER_BYTES = 256 << 10 };

uint64_t vgi__store_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000U + (uint64_t)t.tv_nsec / 1000000U;
}

bool vgi__status_passes(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501);
}

/* Milliseconds until the deadline; 0: it has come. */
static unsigned left_ms(const vgi__request *request)
{
    const uint64_t now = vgi__store_now_ms();
    if (now >= request->deadline_ms)
        return 0;
    const uint64_t left = request->deadline_ms - now;
    return left < UINT_MAX ? (unsigned)left : UINT_MAX;
}

static unsigned wait_ms(unsigned attempt)
{
    const unsigned whole =
        attempt < 6 ? (unsigned)FIRST_WAIT_MS << attempt : (unsigned)LONGEST_WAIT_MS;
    unsigned random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = 0; /* no jitter then */
    return whole - random % (whole / 2 + 1);
}

static void pause_ms(unsigned ms)
{
    struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000L };
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) != 0)
        ; /* interrupted: t is what remains */
}

/* One attempt; *again tells whether a failure may pass. */
static int attempt(const vgi__request *request, vgi_arena *mem, vgi_http_answer *answer,
                   bool *again, vgi_error *err)
{
    vgi_http_transfer transfer = { .size = sizeof(transfer), .max_body = ANSWER_BYTES };
    int rc = request->prepare(request->user, &transfer, mem, err);
    *again = false;
    if (rc != VGI_OK)
        return rc;
    transfer.timeout_ms = left_ms(request);
    if (transfer.timeout_ms == 0)
        return vgi__store_fail(err, VGI_ETIMEDOUT, "the store took too long");
    *answer = (vgi_http_answer){ .size = sizeof(*answer) };
    rc = vgi_http_transfer_run(request->pool, &transfer, mem, answer, err);
    if (rc != VGI_OK) {
        *again = rc == VGI_ECLOSED || rc == VGI_ECONNECT || rc == VGI_ETIMEDOUT ||
                 rc == VGI_EIO || rc == VGI_EPROTO;
        return rc;
    }
    vgi_error why = { .code = VGI_EIO };
    const vgi__verdict verdict = request->judge(request->user, answer, &why);
    if (verdict == VGI__VERDICT_DONE)
        return VGI_OK;
    *again = verdict == VGI__VERDICT_AGAIN;
    if (err)
        *err = why;
    return why.code;
}

int vgi__request_run(const vgi__request *request, vgi_arena *mem, vgi_http_answer *answer,
                     vgi_error *err)
{
    for (unsigned i = 0;; i++) {
        bool again;
        const int rc = attempt(request, mem, answer, &again, err);
        if (rc == VGI_OK || !again || i >= request->retries)
            return rc;
        const unsigned wait = wait_ms(i);
        if (wait >= left_ms(request))
            return rc;
        pause_ms(wait);
    }
}
