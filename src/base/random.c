/* SPDX-License-Identifier: Apache-2.0 */
/* Design notes
 *
 * Ids come from a splitmix64 sequence per thread: a counter with a random start,
 * put through a bijection. Within a thread ids never repeat; threads meet with
 * the odds of random 64-bit numbers. A child of fork() has its parent's
 * counters, so a fork bumps `generation` and each thread seeds itself anew when
 * it sees that its own is old. */
#include "base/random.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/endian.h"
#include "base/text.h"

void vgi__random_bytes(void *p, size_t n)
{
    uint8_t *to = p;
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* no kernel since 3.17 does this; a guessable secret would be worse
                      */
        to += got;
        n -= (size_t)got;
    }
}

static atomic_uint generation = 1; /* 0 is the state of a thread that has no seed */

static void after_fork(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, after_fork);
}

static uint64_t next(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static _Thread_local uint64_t counter;
    static _Thread_local unsigned seeded;
    unsigned now = atomic_load_explicit(&generation, memory_order_relaxed);
    if (seeded != now) {
        pthread_once(&once, watch_forks);
        vgi__random_bytes(&counter, sizeof(counter));
        seeded = now;
    }
    counter += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = counter;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void vgi__random_id(char out[17])
{
    uint8_t bytes[8];
    vgi__store64(bytes, next());
    vgi__hex(out, bytes, sizeof(bytes));
    out[16] = '\0';
}
