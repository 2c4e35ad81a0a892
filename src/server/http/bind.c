/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets for HTTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fail.h"
#include "server/http/http.h"

/* The port that the system has chosen. */
static int bound_port(int fd, uint16_t *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = { 0 };
    socklen_t n = sizeof(a);

    if (getsockname(fd, &a.any, &n) != 0)
        return -1;
    *port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
    return 0;
}

/* 0, or -1 with errno. */
static int listen_on(vgi__http_socket *s, const struct addrinfo *address)
{
    const int on = 1;
    const int fd = socket(address->ai_family,
                          address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int saved;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(fd, SOMAXCONN) == 0 && bound_port(fd, &s->port) == 0) {
        s->fd = fd;
        return 0;
    }
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* A name may have several addresses: the first that can be had. */
static int bind_host(vgi__http_socket *s, const char *host, uint16_t port, vgi_error *err)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    char service[8], echo[VGI_ECHO_SIZE], what[VGI_ECHO_SIZE + 16];
    struct addrinfo *found;
    int rc;

    snprintf(service, sizeof(service), "%u", (unsigned)port);
    vgi__echo(echo, vgi_str_from(host));
    if ((rc = getaddrinfo(host, service, &hints, &found)) != 0)
        return vgi__fail(err, VGI_EIO, NULL, "%s: %s", echo, gai_strerror(rc));
    rc = -1;
    for (const struct addrinfo *a = found; a && rc != 0; a = a->ai_next)
        rc = listen_on(s, a);
    freeaddrinfo(found);
    if (rc == 0)
        return VGI_OK;
    snprintf(what, sizeof(what), "%s port %u", echo, (unsigned)port);
    return vgi__fail_errno(err, VGI_EIO, what);
}

int vgi__http_bind(vgi__http_socket *s, const vgi_http_options *o, vgi_error *err)
{
    *s = (vgi__http_socket){ .fd = -1 };
    return o->unix_path ? vgi__unix_file_listen(&s->file, o->unix_path, &s->fd, err)
                        : bind_host(s, o->host, o->port, err);
}
