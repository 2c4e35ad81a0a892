/* SPDX-License-Identifier: Apache-2.0 */
/* A vgi__io on a pair of descriptors: stdio, pipes, sockets. */
#ifndef VGI_TRANSPORT_FD_H
#define VGI_TRANSPORT_FD_H

#include <stdbool.h>

#include "base/io.h"

#include <vgirpc/sys/alloc.h>

typedef struct vgi__fd_options {
    int in_fd, out_fd;
    bool owned;    /* closed with the io */
    int wake_fd;   /* readable: a watched read returns VGI_ECANCELLED; -1: none */
    bool cuttable; /* vgi__fd_cut will be used; reads a duplicate of in_fd */
} vgi__fd_options;

/* Pipes are widened to 512 KiB where the system allows. */
int vgi__fd_open(vgi__io **out, const vgi__fd_options *o, const vgi_allocator *a,
                 vgi_error *err);
/* While set, a read also watches wake_fd, in a poll(2) before it. */
void vgi__fd_watch_wake(vgi__io *io, bool on);
/* Make this and every later read of the thread see the end of the input.
 * Async-signal-safe: for a handler that interrupted the thread that reads. */
void vgi__fd_cut(vgi__io *io);

#endif
