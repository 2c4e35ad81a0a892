/* SPDX-License-Identifier: Apache-2.0 */
/* The server handle: services, serving one byte stream, stopping.
 *
 * Design notes. Stop must be possible from a signal handler, so it only sets a flag
 * and writes one byte to a self-pipe that nobody reads: the pipe stays readable and
 * wakes every poll(2) of every serve, now and later. A serve that waits without
 * poll(2) is interrupted (signals.c). */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "rpc/session.h"
#include "shm/filter.h"
#include "transport/fd/fd.h"
#include "transport/unix/unix.h"

#define DEFAULT_DRAIN_MS 10000

int vgi_server_new(vgi_server **out, const vgi_server_options *options, vgi_error *err)
{
    const vgi_allocator *a = options ? options->allocator : NULL;
    vgi_server *s = vgi__calloc(a, 1, sizeof(*s));
    int rc;

    if (!s)
        return vgi__fail_nomem(err);
    s->allocator = a;
    if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        rc = vgi__fail_errno(err, VGI_EIO, "pipe");
        vgi__free(a, s);
        return rc;
    }
    if ((rc = vgi__registry_new(&s->registry, options, err)) != VGI_OK) {
        vgi_server_free(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

int vgi_server_add(vgi_server *server, const vgi_service *service, vgi_error *err)
{
    return vgi__registry_add(server->registry, service, err);
}

int vgi__server_begin(vgi_server *s, vgi_transport_kind kind, vgi_error *err)
{
    const vgi_server_options *o = vgi__registry_options(s->registry);

    return o->on_serve_start ? o->on_serve_start(s, kind, o->user, err) : VGI_OK;
}

unsigned vgi__server_drain_ms(const vgi_server *s)
{
    const unsigned ms = vgi__registry_options(s->registry)->drain_ms;

    return ms ? ms : DEFAULT_DRAIN_MS;
}

int vgi__server_filter(const vgi_server *s, vgi_transport_kind kind, int fd,
                       vgi__batch_filter **filter, vgi_error *err)
{
    const vgi_limits *limits = &vgi__registry_options(s->registry)->limits;
    uid_t user;

    *filter = NULL;
    if (kind != VGI_TRANSPORT_PIPE && kind != VGI_TRANSPORT_UNIX)
        return VGI_OK; /* the peer may be on another machine */
    return vgi__shm_filter_new(filter, vgi__unix_peer(fd, &user) ? &user : NULL, limits,
                               s->allocator, err);
}

/* One serve of a pair of descriptors. */
struct fds_serve {
    vgi_server *server;
    vgi__io *io;
    bool by_signal; /* stop interrupts its reads; else they poll the self-pipe */
};

/* A waiting session is woken by stop; a call that runs is not. */
static void session_idle(void *user, bool idle)
{
    struct fds_serve *f = user;

    if (f->by_signal)
        vgi__signals_wait(f->server, idle ? f->io : NULL);
    else
        vgi__fd_watch_wake(f->io, idle);
}

int vgi_server_serve_fds(vgi_server *server, int in_fd, int out_fd,
                         vgi_transport_kind kind, vgi_error *err)
{
    struct fds_serve f = { .server = server };
    vgi__fd_options o = { .in_fd = in_fd, .out_fd = out_fd, .wake_fd = server->wake[0] };
    vgi__session_info info = { .transport = kind, .idle = session_idle, .user = &f };
    int rc = vgi__server_begin(server, kind, err);

    if (rc != VGI_OK)
        return rc;
    o.cuttable = f.by_signal = vgi__signals_begin(server);
    if ((rc = vgi__server_filter(server, kind, in_fd, &info.filter, err)) == VGI_OK &&
        (rc = vgi__fd_open(&f.io, &o, server->allocator, err)) == VGI_OK) {
        rc = vgi__session_run(server->registry, f.io, &info, err);
        if (f.by_signal)
            vgi__signals_wait(server, NULL);
        vgi__io_close(f.io);
    }
    if (f.by_signal)
        vgi__signals_end();
    vgi__shm_filter_free(info.filter);
    /* A request that stop cut in two is no fault of the client's. */
    return atomic_load(&server->stopping) ? VGI_OK : rc;
}

int vgi_server_serve_stdio(vgi_server *server, vgi_error *err)
{
    return vgi_server_serve_fds(server, STDIN_FILENO, STDOUT_FILENO, VGI_TRANSPORT_PIPE,
                                err);
}

void vgi_server_stop(vgi_server *server)
{
    const int saved = errno;

    if (!atomic_exchange(&server->stopping, true))
        (void)!write(server->wake[1], "", 1);
    vgi__signals_interrupt(server);
    errno = saved;
}

const char *vgi_server_id(const vgi_server *server)
{
    return vgi__registry_server_id(server->registry);
}

const char *vgi_server_describe_hash(const vgi_server *server, const char *service)
{
    return vgi__registry_describe_hash(server->registry, service);
}

const char *vgi_server_protocol_hash(const vgi_server *server, const char *service)
{
    return vgi__registry_protocol_hash(server->registry, service);
}

void vgi_server_free(vgi_server *server)
{
    if (!server)
        return;
    vgi__signals_release(server);
    vgi__registry_free(server->registry);
    close(server->wake[0]);
    close(server->wake[1]);
    vgi__free(server->allocator, server);
}
