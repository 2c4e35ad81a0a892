/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM and SIGINT stop a server.
 *
 * Design notes. A signal handler has no argument of its own, so the one server that
 * has the signals is a global. It is set before the handlers are installed and
 * cleared after the former ones are back.
 *
 * A thread that serves descriptors and waits for a request sits in read(2). With the
 * signals at hand it needs no poll(2) before each read: it is the `waiter`, and stop
 * interrupts it by a signal.
 *
 *     waiter:          waiting = io;      if (stopping) cut(io);   read
 *     stop, anywhere:  stopping = true;   signal the waiter
 *     its handler:     if (waiting) cut(waiting)
 *
 * The handler runs on the waiter itself, so the two sides cannot miss each other and
 * io cannot go away under it. A call that runs is not cut. */
#include "server/server.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "base/fail.h"
#include "transport/fd/fd.h"

static const int handled[] = { SIGTERM, SIGINT, SIGPIPE };
enum { HANDLED = sizeof(handled) / sizeof(handled[0]) };

static _Atomic(vgi_server *) owner;
static struct sigaction former[HANDLED];

enum waiter_state { FREE, TAKEN, READY }; /* ready: `thread` says whose it is */

static struct {
    _Atomic(enum waiter_state) state;
    pthread_t thread;
    _Atomic(vgi__io *) waiting; /* NULL: a call runs */
} waiter;

static void on_signal(int number)
{
    vgi_server *s = atomic_load(&owner);

    (void)number;
    if (s)
        vgi_server_stop(s);
}

static void restore(void)
{
    for (size_t i = 0; i < HANDLED; i++)
        sigaction(handled[i], &former[i], NULL);
    atomic_store(&owner, NULL);
}

void vgi__signals_release(vgi_server *s)
{
    if (atomic_load(&owner) == s)
        restore();
}

int vgi_server_handle_signals(vgi_server *server, vgi_error *err)
{
    vgi_server *nobody = NULL;

    if (!server) {
        if (atomic_load(&owner))
            restore();
        return VGI_OK;
    }
    if (!atomic_compare_exchange_strong(&owner, &nobody, server))
        return nobody == server
                   ? VGI_OK
                   : vgi__fail(err, VGI_EINVAL, NULL, "another server has the signals");
    for (size_t i = 0; i < HANDLED; i++) {
        struct sigaction action = { .sa_handler = on_signal };

        if (handled[i] == SIGPIPE)
            action.sa_handler = SIG_IGN;
        sigemptyset(&action.sa_mask);
        sigaction(handled[i], &action, &former[i]);
    }
    return VGI_OK;
}

bool vgi__signals_begin(vgi_server *s)
{
    enum waiter_state state = FREE;

    if (atomic_load(&owner) != s ||
        !atomic_compare_exchange_strong(&waiter.state, &state, TAKEN))
        return false;
    waiter.thread = pthread_self();
    atomic_store(&waiter.state, READY); /* a stop before this is seen by the wait */
    return true;
}

void vgi__signals_wait(vgi_server *s, vgi__io *io)
{
    /* Only this thread and its signal handler use it: no order between threads. */
    atomic_store_explicit(&waiter.waiting, io, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    if (io && atomic_load_explicit(&s->stopping, memory_order_relaxed))
        vgi__fd_cut(io);
}

void vgi__signals_end(void)
{
    atomic_store(&waiter.waiting, NULL);
    atomic_store(&waiter.state, FREE);
}

void vgi__signals_interrupt(vgi_server *s)
{
    vgi__io *io;

    if (atomic_load(&owner) != s || atomic_load(&waiter.state) != READY)
        return;
    if (!pthread_equal(pthread_self(), waiter.thread))
        pthread_kill(waiter.thread, SIGTERM);
    else if ((io = atomic_load(&waiter.waiting)))
        vgi__fd_cut(io);
}
