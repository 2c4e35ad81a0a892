/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A slot's state is one of these and counts on: no two uses have the same. */
enum { FREE, TAKEN, WATCHED, STATES = 4 };

struct vgi__guard {
    atomic_uint state;
    atomic_bool hit;
    atomic_uintptr_t start, end; /* both fixed while watched */
};

static vgi__guard guards[VGI__GUARDS];
static atomic_size_t used; /* slots that ever were: the handler looks no further */
static struct sigaction former;
static uintptr_t page_mask;
static bool installed;

/* ---- the handler ---- */

static vgi__guard *guard_of(uintptr_t address)
{
    const size_t n = atomic_load(&used);

    for (size_t i = 0; i < n; i++) {
        vgi__guard *g = &guards[i];
        const unsigned state = atomic_load(&g->state);

        /* The two ends of one use, and not of one and the next. */
        if (state % STATES == WATCHED && address >= atomic_load(&g->start) &&
            address < atomic_load(&g->end) && atomic_load(&g->state) == state)
            return g;
    }
    return NULL;
}

/* Zeros from the page of `address` on: when that is beyond the end of the file, so is
 * everything behind it. */
static bool replace(vgi__guard *g, uintptr_t address)
{
    const uintptr_t from = address & page_mask;
    const size_t size = atomic_load(&g->end) - from;

    /* First, so that whoever sees zeros can see this. */
    atomic_store(&g->hit, true);
    return mmap((void *)from, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static void pass_on(int signal_number, siginfo_t *info, void *context)
{
    if (former.sa_flags & SA_SIGINFO) {
        former.sa_sigaction(signal_number, info, context);
    } else if (former.sa_handler == SIG_DFL ||
               (former.sa_handler == SIG_IGN && info->si_code > 0)) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    } else if (former.sa_handler != SIG_IGN) {
        former.sa_handler(signal_number);
    }
}

static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
    const int saved = errno;
    const uintptr_t address = (uintptr_t)info->si_addr;
    /* What was sent by somebody, and not by the memory, has no address. */
    vgi__guard *g = info->si_code > 0 ? guard_of(address) : NULL;

    if (!g || !replace(g, address))
        pass_on(signal_number, info, context);
    errno = saved;
}

static void install(void)
{
    struct sigaction action = { .sa_sigaction = on_sigbus,
                                .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };

    page_mask = ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
    sigemptyset(&action.sa_mask);
    /* It is known before the handler can need it. */
    installed =
        sigaction(SIGBUS, NULL, &former) == 0 && sigaction(SIGBUS, &action, NULL) == 0;
}

/* ---- the table ---- */

static vgi__guard *take_slot(void)
{
    for (size_t i = 0; i < VGI__GUARDS; i++) {
        unsigned state = atomic_load(&guards[i].state);
        size_t n = atomic_load(&used);

        if (state % STATES != FREE ||
            !atomic_compare_exchange_strong(&guards[i].state, &state, state + 1))
            continue;
        while (n < i + 1 && !atomic_compare_exchange_weak(&used, &n, i + 1))
            continue;
        return &guards[i];
    }
    return NULL;
}

/* A fault while the signal is blocked would end the process. */
static void unblock(void)
{
    sigset_t sigbus;

    sigemptyset(&sigbus);
    sigaddset(&sigbus, SIGBUS);
    pthread_sigmask(SIG_UNBLOCK, &sigbus, NULL);
}

vgi__guard *vgi__guard_add(void *start, size_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    vgi__guard *g;

    pthread_once(&once, install);
    unblock();
    if (!installed || !(g = take_slot()))
        return NULL;
    atomic_store(&g->hit, false);
    atomic_store(&g->start, (uintptr_t)start);
    atomic_store(&g->end, (uintptr_t)start + size);
    atomic_fetch_add(&g->state, WATCHED - TAKEN);
    return g;
}

void vgi__guard_remove(vgi__guard *g)
{
    if (g)
        atomic_fetch_add(&g->state, STATES - WATCHED);
}

bool vgi__guard_hit(const vgi__guard *g)
{
    return atomic_load_explicit(&g->hit, memory_order_relaxed);
}
