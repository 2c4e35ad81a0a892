/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to serve that libraries add to vgi_serve.
 *
 * Design notes. The table is filled by constructors, before main(), and by main() itself
 * before it serves: one thread, no lock. It starts as all zero, so that the order of the
 * constructors is of no consequence. */
#include <string.h>

#include "server/server.h"

#define LISTENERS 8

static const vgi_listener *table[LISTENERS + 1]; /* ends with NULL */

int vgi_listener_register(const vgi_listener *listener)
{
    size_t i = 0;

    if (!listener || listener->size < sizeof(*listener) || !listener->option ||
        !listener->help || !listener->option_set || !listener->serve)
        return VGI_EINVAL;
    while (table[i] && strcmp(table[i]->option, listener->option) != 0)
        i++;
    if (i == LISTENERS)
        return VGI_ELIMIT;
    table[i] = listener;
    return VGI_OK;
}

const vgi_listener *const *vgi__listeners(void)
{
    return table;
}
