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
    const char *text = NULL;

    if (address->ss_family == AF_INET)
        text = inet_ntop(AF_INET, &in4->sin_addr, c->peer, sizeof(c->peer));
    else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        text = inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, c->peer, sizeof(c->peer));
    else if (address->ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &in6->sin6_addr, c->peer, sizeof(c->peer));
    if (!text)
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

static void admit(vgi__engine *e, int fd, const struct sockaddr_storage *address)
{
    vgi__conn *c = vgi__conn_new(e, fd);

    if (!c) {
        close(fd);
        return;
    }
    set_options(fd, address->ss_family);
    note_peer(c, address);
    vgi__conn_arm(&e->keeper, c, EPOLLIN);
}

bool vgi__accept_wanted(vgi__engine *e, uint64_t now)
{
    bool full;

    if (e->pause_until > now)
        return false;
    /* Said before it is looked at, so that a connection that ends in between nudges. */
    atomic_store(&e->full, true);
    pthread_mutex_lock(&e->lock);
    full = e->used == e->options->max_connections;
    pthread_mutex_unlock(&e->lock);
    if (!full)
        atomic_store(&e->full, false);
    return !full;
}

bool vgi__accept_waiting(vgi__engine *e)
{
    for (int i = 0; i < ACCEPT_BURST && vgi__accept_wanted(e, vgi__engine_ms()); i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t len = sizeof(address);
        const int fd =
            accept4(e->listener, (struct sockaddr *)&address, &len, SOCK_CLOEXEC);

        if (fd >= 0)
            admit(e, fd, &address);
        else if (errno == EAGAIN)
            return true;
        else if (errno != EINTR && errno != ECONNABORTED) /* no descriptors, or memory */
            e->pause_until = vgi__engine_ms() + SHORTAGE_PAUSE_MS;
    }
    return false;
}
