/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM and SIGINT stop a server.
 *
 * Design notes. A signal handler has no argument of its own, so the one server that
 * has the signals is a global, read by the handler. It is set before the handlers
 * are installed and cleared after the former ones are back. */
#include "server/server.h"

#include <signal.h>
#include <stddef.h>

#include "base/fail.h"

static const int handled[] = { SIGTERM, SIGINT, SIGPIPE };
enum { HANDLED = sizeof(handled) / sizeof(handled[0]) };

static _Atomic(vgi_server *) owner;
static struct sigaction former[HANDLED];

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
