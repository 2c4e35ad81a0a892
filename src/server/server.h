/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the server layer share. */
#ifndef VGI_SERVER_SERVER_H
#define VGI_SERVER_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vgirpc/sys/listener.h>

#include "base/io.h"
#include "rpc/registry.h"
#include "wire/batch_filter.h"

struct vgi_server {
    vgi__registry *registry;
    const vgi_allocator *allocator;
    atomic_bool stopping;
    int wake[2]; /* self-pipe: [0] is readable, for good, once stop was called */
};

/* Run the on_serve_start hook, if there is one. */
int vgi__server_begin(vgi_server *s, vgi_transport_kind kind, vgi_error *err);
/* What byte-stream connections of a kind, read from `fd`, do beside sending bytes; NULL:
 * nothing. */
int vgi__server_filter(const vgi_server *s, vgi_transport_kind kind, int fd,
                       vgi__batch_filter **filter, vgi_error *err);
/* How long calls may run on after stop. */
unsigned vgi__server_drain_ms(const vgi_server *s);
/* If `s` has the signal handlers, give them back. */
void vgi__signals_release(vgi_server *s);
/* Let stop interrupt this thread's reads by a signal, until end. False: `s` has not the
 * signals, or another thread came first. */
bool vgi__signals_begin(vgi_server *s);
void vgi__signals_end(void);
/* The thread is about to read a request from `io`, which is cuttable; NULL: it has one.
 */
void vgi__signals_wait(vgi_server *s, vgi__io *io);
/* Part of stop: async-signal-safe. */
void vgi__signals_interrupt(vgi_server *s);
/* The registered listeners; ends with NULL. */
const vgi_listener *const *vgi__listeners(void);
/* Print services as a person reads them, on stdout. VGI_OK, or why a type cannot be
 * described. */
int vgi__print_services(const vgi_service *const *services, vgi_error *err);

#endif
