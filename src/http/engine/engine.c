/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the keeper's loop, and the end.
 *
 * The keeper sleeps in poll until there is a connection to accept, something to do for it
 * (`nudge`), or the end (`wake_fd`). While there are connections it also looks at their
 * deadlines some times a second. An idle server sleeps for good.
 *
 * The end: what waits in the kernel's backlog is accepted, for its peers think that they
 * are connected; then the listener is closed. Connections without a request are closed
 * when they were quiet for a moment: a client in the middle of a conversation is told by
 * the answer to its next request. When nobody is left, or drain_ms is over, everything is
 * cut, and the engine ends as soon as the last handler has.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail.h"
#include "http/engine/engine_impl.h"

#define SCAN_MS 100
#define DRAIN_SCAN_MS 10
/* How often threads are counted while nobody waits for events. */
#define BALANCE_MS 1

uint64_t vgi__engine_ms(void)
{
    return vgi__clock_ns() / 1000000;
}

static void signal_event(int fd)
{
    const uint64_t one = 1;

    (void)!write(fd, &one, sizeof(one));
}

void vgi__engine_nudge(vgi__engine *e)
{
    signal_event(e->nudge);
}

bool vgi__engine_charge(vgi__engine *e, int64_t n)
{
    const int64_t total = atomic_fetch_add(&e->charged, n) + n;

    if (n <= 0 || total <= e->options->body_bytes_total)
        return true;
    atomic_fetch_sub(&e->charged, n);
    return false;
}

void vgi__engine_charge_anyway(vgi__engine *e, int64_t n)
{
    atomic_fetch_add(&e->charged, n);
}

bool vgi__engine_is_over(vgi__engine *e)
{
    return atomic_load_explicit(&e->charged, memory_order_relaxed) >
           e->options->body_bytes_total;
}

void vgi__engine_discharge(vgi__engine *e, int64_t n)
{
    atomic_fetch_sub(&e->charged, n);
}

/* ---- the keeper's chores ---- */

static uint32_t connections(vgi__engine *e)
{
    uint32_t used;

    pthread_mutex_lock(&e->lock);
    used = e->used;
    pthread_mutex_unlock(&e->lock);
    return used;
}

/* Wait for the listener, a nudge, the end or the next chore. True: the end. */
static bool wait_for_chores(vgi__engine *e, bool listening, int timeout)
{
    struct pollfd fds[] = { { .fd = e->nudge, .events = POLLIN },
                            { .fd = e->listener, .events = POLLIN },
                            { .fd = e->options->wake_fd, .events = POLLIN } };
    uint64_t nudges;

    if (!listening)
        fds[1].fd = -1;
    if (atomic_load(&e->draining))
        fds[2].fd = -1;
    if (atomic_load(&e->short_of_threads))
        timeout = BALANCE_MS;
    if (poll(fds, 3, timeout) <= 0)
        return false;
    if (fds[0].revents)
        (void)!read(e->nudge, &nudges, sizeof(nudges));
    if (fds[1].revents)
        vgi__accept_waiting(e);
    return fds[2].revents != 0;
}

static void do_chores(vgi__engine *e)
{
    const uint64_t now = vgi__engine_ms();

    if (now >= e->scan_at) {
        vgi__deadlines_scan(&e->keeper, now);
        e->scan_at = now + SCAN_MS;
    }
    vgi__threads_balance(e, now);
    vgi__threads_reap(e);
}

static void serve(vgi__engine *e)
{
    for (;;) {
        const bool listening = vgi__accept_wanted(e, vgi__engine_ms());
        const bool idle = listening && connections(e) == 0;

        if (wait_for_chores(e, listening, idle ? -1 : SCAN_MS))
            return;
        do_chores(e);
    }
}

/* ---- the end ---- */

static void stop_listening(vgi__engine *e)
{
    if (e->listener < 0)
        return;
    if (e->options->unlisten)
        e->options->unlisten(e->options->user);
    close(e->listener);
    e->listener = -1;
}

static void drain(vgi__engine *e)
{
    const uint64_t until = vgi__engine_ms() + e->options->drain_ms;

    atomic_store(&e->draining, true);
    while ((connections(e) > 0 || e->listener >= 0) && vgi__engine_ms() < until) {
        if (e->listener >= 0 && vgi__accept_waiting(e)) {
            stop_listening(e);
            continue;
        }
        vgi__deadlines_sweep(&e->keeper, vgi__engine_ms());
        wait_for_chores(e, false, DRAIN_SCAN_MS);
        do_chores(e);
    }
}

/* No handler starts from now on, and no thread waits for a peer. */
static void cut(vgi__engine *e)
{
    atomic_store(&e->cut, true);
    pthread_mutex_lock(&e->lock);
    for (uint32_t i = 0; i < e->touched; i++) {
        if (e->conns[i].fd >= 0)
            shutdown(e->conns[i].fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&e->lock);
    signal_event(e->quit);
    vgi__threads_close(e);
}

/* ---- start ---- */

static int open_events(vgi__engine *e, vgi_error *err)
{
    struct epoll_event quit = { .events = EPOLLIN };

    if ((e->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return vgi__fail_errno(err, VGI_EIO, "epoll_create");
    if ((e->nudge = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 ||
        (e->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        return vgi__fail_errno(err, VGI_EIO, "eventfd");
    if (epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->quit, &quit) != 0)
        return vgi__fail_errno(err, VGI_EIO, "epoll_ctl");
    return VGI_OK;
}

static int start(vgi__engine *e, vgi_error *err)
{
    int rc;

    if ((rc = vgi__conns_open(e, err)) != VGI_OK || (rc = open_events(e, err)) != VGI_OK)
        return rc;
    return vgi__threads_start(e, err);
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

int vgi__engine_run(const vgi__engine_options *options, const vgi__http_app *app,
                    vgi_error *err)
{
    vgi__engine e = { .options = options, .app = app, .listener = options->listen_fd };
    int rc;

    e.epoll = e.nudge = e.quit = -1;
    pthread_mutex_init(&e.lock, NULL);
    vgi__threads_init(&e);
    (void)vgi__thread_init(&e.keeper, &e, NULL);
    if ((rc = start(&e, err)) == VGI_OK) {
        serve(&e);
        drain(&e);
    }
    stop_listening(&e);
    cut(&e);
    vgi__conns_close(&e, &e.keeper);
    vgi__thread_release(&e.keeper);
    close_fd(e.epoll);
    close_fd(e.nudge);
    close_fd(e.quit);
    pthread_mutex_destroy(&e.lock);
    return rc;
}
