/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpc/session.h"
#include "server/server.h"
#include "transport/fd/fd.h"
#include "transport/mem/mem.h"
#include "transport/unix/unix.h"

static vgi__io *open_fds(int in, int out)
{
    const vgi__fd_options o = {
        .in_fd = in, .out_fd = out, .owned = true, .wake_fd = -1
    };
    vgi__io *io;

    assert_int_equal(vgi__fd_open(&io, &o, NULL, NULL), VGI_OK);
    return io;
}

static void start_thread(rig *r, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

/* ---- memory ---- */

static void *serve_mem(void *arg)
{
    rig *r = arg;
    const vgi__session_info info = { .transport = VGI_TRANSPORT_MEMORY };

    r->rc = vgi__session_run(r->server->registry, r->far, &info, NULL);
    vgi__io_close(r->far);
    return NULL;
}

static void start_mem(rig *r)
{
    assert_int_equal(vgi__mem_pair(&r->near, &r->far, NULL, NULL), VGI_OK);
    start_thread(r, serve_mem);
}

static vgi__io *connect_mem(rig *r)
{
    return r->near;
}

/* ---- pipes ---- */

static void *serve_pipe(void *arg)
{
    rig *r = arg;

    r->rc =
        vgi_server_serve_fds(r->server, r->fds[0], r->fds[1], VGI_TRANSPORT_PIPE, NULL);
    close(r->fds[0]);
    close(r->fds[1]);
    return NULL;
}

static void start_pipe(rig *r)
{
    int to_server[2], to_client[2];

    assert_int_equal(pipe(to_server) | pipe(to_client), 0);
    r->fds[0] = to_server[0];
    r->fds[1] = to_client[1];
    r->fds[2] = to_client[0];
    r->fds[3] = to_server[1];
    start_thread(r, serve_pipe);
}

static vgi__io *connect_pipe(rig *r)
{
    return open_fds(r->fds[2], r->fds[3]);
}

/* ---- sockets ---- */

static void serve_unix(rig *r, bool threaded)
{
    const vgi_unix_options o = { .size = sizeof(o), .threaded = threaded };

    r->rc = vgi_server_serve_unix(r->server, r->path, &o, NULL);
}

static void *serve_sequential(void *arg)
{
    serve_unix(arg, false);
    return NULL;
}

static void *serve_threaded(void *arg)
{
    serve_unix(arg, true);
    return NULL;
}

static void start_unix(rig *r, void *(*run)(void *))
{
    struct stat st;

    strcpy(r->directory, "/tmp/vgi-battery-XXXXXX");
    assert_non_null(mkdtemp(r->directory));
    snprintf(r->path, sizeof(r->path), "%s/socket", r->directory);
    start_thread(r, run);
    for (int i = 0; i < 2000 && lstat(r->path, &st) != 0; i++)
        (void)poll(NULL, 0, 1);
}

static void start_sequential(rig *r)
{
    start_unix(r, serve_sequential);
}

static void start_threaded(rig *r)
{
    start_unix(r, serve_threaded);
}

static vgi__io *connect_unix(rig *r)
{
    int fd = -1, rc = VGI_ECONNECT;

    /* The file is there an instant before the socket listens. */
    for (int i = 0; i < 200 && rc == VGI_ECONNECT; i++) {
        if (i > 0)
            (void)poll(NULL, 0, 5);
        rc = vgi__unix_connect(r->path, 1000, &fd, NULL);
    }
    assert_int_equal(rc, VGI_OK);
    return open_fds(fd, fd);
}

/* ---- all of them ---- */

static const transport transports[] = {
    { "mem", "memory", false, start_mem, connect_mem },
    { "pipe", "pipe", false, start_pipe, connect_pipe },
    { "unix", "unix", true, start_sequential, connect_unix },
    { "unix_threaded", "unix", true, start_threaded, connect_unix },
};

const transport *rig_transport(const char *name)
{
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        if (strcmp(name, transports[i].name) == 0)
            return &transports[i];
    }
    return NULL;
}

void rig_open(rig *r, const transport *t)
{
    *r = (rig){ .transport = t };
    assert_int_equal(vgi_server_new(&r->server, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_server_add(r->server, &battery_service, NULL), VGI_OK);
    t->start(r);
    assert_int_equal(peer_open(&r->p, t->connect(r)), VGI_OK);
}

void rig_reconnect(rig *r)
{
    peer_close(&r->p);
    assert_int_equal(peer_open(&r->p, r->transport->connect(r)), VGI_OK);
}

int rig_close(rig *r)
{
    peer_close(&r->p);
    if (r->transport->many)
        vgi_server_stop(r->server);
    pthread_join(r->thread, NULL);
    vgi_server_free(r->server);
    if (r->path[0])
        rmdir(r->directory);
    return r->rc;
}
