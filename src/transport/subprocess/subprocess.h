/* SPDX-License-Identifier: Apache-2.0 */
/* A child process on two pipes. */
#ifndef VGI_TRANSPORT_SUBPROCESS_H
#define VGI_TRANSPORT_SUBPROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <vgirpc/error.h>
#include <vgirpc/sys/alloc.h>

typedef struct vgi__subprocess {
    pid_t pid;
    int to_child, from_child;
    bool ended; /* collected, with this wait status */
    int status; /* -1: somebody else collected it */
} vgi__subprocess;

/* Start a command line (quoting as in a shell, no shell is run). VGI_EINVAL unbalanced
 * quotes or empty; VGI_ECONNECT it could not be started (exec failure is reported, not
 * guessed). */
int vgi__subprocess_start(vgi__subprocess *out, const char *command, bool discard_stderr,
                          const vgi_allocator *a, vgi_error *err);
/* Has the process ended, or does it within `ms`? Then p->status says how. */
bool vgi__subprocess_ended(vgi__subprocess *p, unsigned ms);
/* After the descriptors are closed: wait 5 s unless `at_once`, SIGTERM, 1 s, SIGKILL.
 * Returns the wait status. */
int vgi__subprocess_reap(vgi__subprocess *p, bool at_once);

#endif
