/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "external/external.h"

#define NS_PER_MS UINT64_C(1000000)
#define FIRST_PAUSE_MS 100U
#define LONGEST_PAUSE_MS 5000U

vgi__attempt vgi__attempt_first(vgi_external *x)
{
    return (vgi__attempt){ .external = x,
                           .deadline =
                               vgi__clock_ns() + x->options.timeout_ms * NS_PER_MS };
}

unsigned vgi__attempt_ms(const vgi__attempt *a)
{
    const uint64_t now = vgi__clock_ns();

    return now < a->deadline ? (unsigned)((a->deadline - now - 1) / NS_PER_MS + 1) : 1;
}

/* Twice as long each time, and never as long as others wait who failed together with us.
 */
static uint64_t pause_ns(unsigned count)
{
    unsigned ms = FIRST_PAUSE_MS, jitter;

    for (; count > 1 && ms < LONGEST_PAUSE_MS; count--)
        ms *= 2;
    vgi__random_bytes(&jitter, sizeof(jitter));
    return (ms / 2 + jitter % ms) * NS_PER_MS;
}

bool vgi__attempt_next(vgi__attempt *a)
{
    const uint64_t ns = pause_ns(++a->count);

    if (a->final || a->count > a->external->options.retries ||
        vgi__clock_ns() + ns >= a->deadline)
        return false;
    struct timespec left = { .tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000) };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
    atomic_fetch_add(&a->external->retries, 1);
    return true;
}
