/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a Unix socket: one acceptor, one or many connections, and an orderly end.
 *
 * Design notes
 *
 * The acceptor owns the list of connections; no lock is needed. Who serves them
 * depends on the mode:
 *
 *     threaded     the caller's thread accepts; each connection has its own thread
 *     sequential   a helper thread accepts; the caller's thread serves one
 *                  connection after the other, handed over through a pipe
 *
 * A connection that has ended comes back through the pipe `ended` as a pointer, is
 * joined, closed and freed by the acceptor. At the cap the acceptor does not watch
 * the listener: later connections wait in the kernel's backlog.
 *
 * The end. A connection is IDLE while its session waits for a request. Stop shuts
 * down the reading side of idle connections at once, so that their blocking read
 * returns: no poll(2) on the dispatch path. Whoever comes second sees the other:
 *
 *     acceptor:  stopping = true;   if (c->idle)    shutdown(c->fd)
 *     session:   c->idle  = true;   if (stopping)   shutdown(c->fd)
 *
 * Connections that are still there after drain_ms are shut down in both directions;
 * the serve returns when the last handler has. */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "rpc/session.h"
#include "server/unix_file.h"
#include "shm/filter.h"
#include "transport/fd/fd.h"

#define DEFAULT_CONNECTIONS 1024
#define THREAD_STACK_BYTES ((size_t)1 << 20)
/* How long to leave the listener alone when the system is out of descriptors. */
#define SHORTAGE_PAUSE_MS 50

struct listener;

struct connection {
    struct listener *listener;
    struct connection *next, **link; /* link points at whatever points here */
    pthread_t thread;                /* threaded mode */
    int fd;
    atomic_bool idle;
};

struct listener {
    vgi_server *server;
    vgi__unix_file file;
    int fd;       /* -1: no longer listening */
    int ended[2]; /* pipe of struct connection *, back to the acceptor */
    int work[2];  /* sequential: pipe of struct connection *, to the caller's thread */
    bool threaded;
    unsigned cap, count;
    unsigned idle_timeout_ms, drain_ms;
    struct connection *connections;
    atomic_bool draining;
};

/* ---- connections ---- */

static void connection_idle(void *user, bool idle)
{
    struct connection *c = user;

    atomic_store(&c->idle, idle);
    if (idle && atomic_load(&c->listener->draining))
        shutdown(c->fd, SHUT_RD);
}

static void serve_connection(struct connection *c)
{
    const vgi__fd_options fds = { .in_fd = c->fd, .out_fd = c->fd, .wake_fd = -1 };
    vgi__session_info info = { .transport = VGI_TRANSPORT_UNIX,
                               .idle = connection_idle,
                               .user = c };
    vgi_server *s = c->listener->server;
    vgi__io *io;

    /* What one client did wrong ends its connection and concerns nobody else. */
    if (vgi__server_filter(s, VGI_TRANSPORT_UNIX, c->fd, &info.filter, NULL) == VGI_OK &&
        vgi__fd_open(&io, &fds, s->allocator, NULL) == VGI_OK) {
        (void)vgi__session_run(s->registry, io, &info, NULL);
        vgi__io_close(io);
    }
    vgi__shm_filter_free(info.filter);
    shutdown(c->fd, SHUT_RDWR);
    (void)!write(c->listener->ended[1], &c, sizeof(c));
}

static void *connection_thread(void *arg)
{
    serve_connection(arg);
    return NULL;
}

/* Start a thread that receives no signals: those are for the application's threads. But
 * a SIGBUS of its own it must be able to take: see shm/guard.h. */
static int start_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(thread, &attr, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

static void forget(struct listener *l, struct connection *c)
{
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    l->count--;
    close(c->fd);
    vgi__free(l->server->allocator, c);
}

/* Take over an accepted descriptor. Without memory or threads the peer is hung up on. */
static void admit(struct listener *l, int fd)
{
    struct connection *c = vgi__calloc(l->server->allocator, 1, sizeof(*c));

    if (!c) {
        close(fd);
        return;
    }
    c->listener = l;
    c->fd = fd;
    c->link = &l->connections;
    c->next = l->connections;
    if (c->next)
        c->next->link = &c->next;
    l->connections = c;
    l->count++;
    if (!l->threaded)
        (void)!write(l->work[1], &c, sizeof(c));
    else if (start_thread(&c->thread, connection_thread, c) != 0)
        forget(l, c);
}

static void collect_ended(struct listener *l)
{
    struct connection *c;

    if (read(l->ended[0], &c, sizeof(c)) != (ssize_t)sizeof(c))
        return;
    if (l->threaded)
        pthread_join(c->thread, NULL);
    forget(l, c);
}

/* ---- the acceptor ---- */

/* Accept what waits, up to the cap. VGI_ELIMIT: the system is short of descriptors. */
static int accept_waiting(struct listener *l, vgi_error *err)
{
    while (l->count < l->cap) {
        const int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(l, fd);
            continue;
        }
        switch (errno) {
        case EAGAIN:
            return VGI_OK;
        case EINTR:
        case ECONNABORTED:
            break;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return VGI_ELIMIT;
        default:
            return vgi__fail_errno(err, VGI_EIO, "accept");
        }
    }
    return VGI_OK;
}

/* Accept and collect until stop, or until nobody was there for the idle timeout. */
static int accept_loop(struct listener *l, vgi_error *err)
{
    bool paused = false;

    for (;;) {
        const bool listening = l->count < l->cap && !paused;
        struct pollfd fds[] = { { .fd = l->server->wake[0], .events = POLLIN },
                                { .fd = l->ended[0], .events = POLLIN },
                                { .fd = listening ? l->fd : -1, .events = POLLIN } };
        int timeout = -1, n, rc = VGI_OK;

        if (paused)
            timeout = SHORTAGE_PAUSE_MS;
        else if (l->count == 0 && l->idle_timeout_ms != 0)
            timeout = l->idle_timeout_ms > INT_MAX ? INT_MAX : (int)l->idle_timeout_ms;
        if ((n = poll(fds, 3, timeout)) < 0 && errno != EINTR)
            return vgi__fail_errno(err, VGI_EIO, "poll");
        if (n < 0)
            continue;
        if (fds[0].revents != 0 || (n == 0 && !paused))
            return VGI_OK;
        paused = false;
        if (fds[1].revents != 0)
            collect_ended(l);
        if (fds[2].revents != 0 && (rc = accept_waiting(l, err)) == VGI_EIO)
            return rc;
        paused = rc == VGI_ELIMIT;
    }
}

static void stop_listening(struct listener *l)
{
    if (l->fd < 0)
        return;
    vgi__unix_file_remove(&l->file);
    close(l->fd);
    l->fd = -1;
}

/* Let running calls finish within drain_ms, then cut their connections. */
static void drain(struct listener *l)
{
    const uint64_t until = vgi__clock_ns() + (uint64_t)l->drain_ms * 1000000;
    struct pollfd ended = { .fd = l->ended[0], .events = POLLIN };
    bool cut = false;

    atomic_store(&l->draining, true);
    for (struct connection *c = l->connections; c; c = c->next) {
        if (atomic_load(&c->idle))
            shutdown(c->fd, SHUT_RD);
    }
    while (l->connections) {
        const uint64_t now = vgi__clock_ns();
        const uint64_t left_ms = now < until ? (until - now) / 1000000 + 1 : 0;

        if (!cut && left_ms == 0) {
            cut = true;
            for (struct connection *c = l->connections; c; c = c->next)
                shutdown(c->fd, SHUT_RDWR);
        }
        if (poll(&ended, 1, cut ? -1 : (int)(left_ms > INT_MAX ? INT_MAX : left_ms)) > 0)
            collect_ended(l);
    }
}

/* ---- sequential mode ---- */

struct acceptor {
    struct listener *listener;
    vgi_error *err;
    int rc;
};

static void *acceptor_thread(void *arg)
{
    struct acceptor *a = arg;
    struct listener *l = a->listener;

    a->rc = accept_loop(l, a->err);
    stop_listening(l);
    drain(l);
    close(l->work[1]); /* ends the caller's loop */
    l->work[1] = -1;
    return NULL;
}

static int serve_sequential(struct listener *l, vgi_error *err)
{
    struct acceptor a = { .listener = l, .err = err };
    struct connection *c;
    pthread_t thread;
    ssize_t n;

    if ((errno = start_thread(&thread, acceptor_thread, &a)) != 0)
        return vgi__fail_errno(err, VGI_EIO, "pthread_create");
    while ((n = read(l->work[0], &c, sizeof(c))) != 0) {
        if (n == (ssize_t)sizeof(c))
            serve_connection(c);
    }
    pthread_join(thread, NULL);
    return a.rc;
}

static int serve_threaded(struct listener *l, vgi_error *err)
{
    const int rc = accept_loop(l, err);

    stop_listening(l);
    drain(l);
    return rc;
}

/* ---- the serve ---- */

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* Options of a caller that was built with older headers are shorter. */
static vgi_unix_options effective_options(const vgi_unix_options *options)
{
    vgi_unix_options o = { 0 };

    if (options)
        memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
    return o;
}

static int open_pipes(struct listener *l, vgi_error *err)
{
    if (pipe2(l->ended, O_CLOEXEC) != 0 ||
        (!l->threaded && pipe2(l->work, O_CLOEXEC) != 0))
        return vgi__fail_errno(err, VGI_EIO, "pipe");
    return VGI_OK;
}

int vgi_server_serve_unix(vgi_server *server, const char *path,
                          const vgi_unix_options *options, vgi_error *err)
{
    const vgi_server_options *so = vgi__registry_options(server->registry);
    const vgi_unix_options o = effective_options(options);
    struct listener l = {
        .server = server,
        .fd = -1,
        .ended = { -1, -1 },
        .work = { -1, -1 },
        .threaded = o.threaded,
        .cap = !o.threaded
                   ? 1
                   : (so->max_connections ? so->max_connections : DEFAULT_CONNECTIONS),
        .idle_timeout_ms = o.idle_timeout_ms,
        .drain_ms = vgi__server_drain_ms(server),
    };
    int rc;

    if ((rc = vgi__server_begin(server, VGI_TRANSPORT_UNIX, err)) != VGI_OK ||
        (rc = open_pipes(&l, err)) != VGI_OK ||
        (rc = vgi__unix_file_listen(&l.file, path, &l.fd, err)) != VGI_OK)
        goto out;
    if (o.announce) {
        printf("UNIX:%s\n", path);
        fflush(stdout);
    }
    rc = l.threaded ? serve_threaded(&l, err) : serve_sequential(&l, err);
out:
    stop_listening(&l);
    close_fd(l.ended[0]);
    close_fd(l.ended[1]);
    close_fd(l.work[0]);
    close_fd(l.work[1]);
    return rc;
}
