/* SPDX-License-Identifier: Apache-2.0 */
/* A vgi__io on a pair of descriptors: stdio, pipes, sockets. */
#ifndef VGI_TRANSPORT_FD_H
#define VGI_TRANSPORT_FD_H

#include <stdbool.h>

#include "base/io.h"

#include <vgirpc/sys/alloc.h>

typedef struct vgi__fd_options {
    int in_fd, out_fd;
    bool owned;       /* closed with the io */
    int wake_fd;      /* readable: a read that waits before the first byte of a request returns VGI_ECANCELLED; -1: none */
} vgi__fd_options;

/* Pipes are widened to 1 MiB where the system allows. */
int vgi__fd_open(vgi__io **out, const vgi__fd_options *o, const vgi_allocator *a, vgi_error *err);
/* While set, a read also watches wake_fd. Set by the session's idle callback. */
void vgi__fd_watch_wake(vgi__io *io, bool on);

#endif
