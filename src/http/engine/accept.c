/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/engine/engine_impl.h"

/* How long to leave the listener alone when the system is short of something. */
#define SHORTAGE_PAUSE_MS 50
/* Connections accepted before the keeper looks at something else. */
#define ACCEPT_BURST 256

static void note_peer(vgi__conn *c, const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    const void *bytes = NULL;

    if (address->ss_family == AF_INET)
        bytes = &in4->sin_addr;
    else if (address->ss_family == AF_INET6)
        bytes = &in6->sin6_addr;
    if (!bytes || !inet_ntop(address->ss_family, bytes, c->peer, sizeof(c->peer)))
        c->peer[0] = '\0';
}

/* Reads and writes that may block do so for a moment only. */
static void set_options(int fd, int family)
{
    const struct timeval stay = { .tv_usec = VGI__STAY_MS * 1000 };
    const int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stay, sizeof(stay));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stay, sizeof(stay));
    if (family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* False: nothing more to accept now. */
static bool accept_one(vgi__engine *e)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address);
    const int fd = accept4(e->listener, (struct sockaddr *)&address, &len, SOCK_CLOEXEC);
    vgi__conn *c;

    if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED)
            return true;
        if (errno != EAGAIN) /* out of descriptors, or memory */
            e->pause_until = vgi__engine_ms() + SHORTAGE_PAUSE_MS;
        return false;
    }
    if (!(c = vgi__conn_new(e, fd))) {
        close(fd);
        return false;
    }
    set_options(fd, address.ss_family);
    note_peer(c, &address);
    vgi__conn_arm(&e->keeper, c, EPOLLIN);
    return true;
}

bool vgi__accept_wanted(vgi__engine *e, uint64_t now)
{
    bool full;

    if (e->pause_until > now)
        return false;
    e->pause_until = 0;
    /* Said before it is looked at, so that a connection that ends in between nudges. */
    atomic_store(&e->full, true);
    pthread_mutex_lock(&e->lock);
    full = e->used == e->options->max_connections;
    pthread_mutex_unlock(&e->lock);
    if (!full)
        atomic_store(&e->full, false);
    return !full;
}

void vgi__accept_waiting(vgi__engine *e)
{
    for (int i = 0; i < ACCEPT_BURST; i++) {
        if (!vgi__accept_wanted(e, 0) || !accept_one(e))
            return;
    }
}
