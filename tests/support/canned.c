/* SPDX-License-Identifier: Apache-2.0 */
#include "support/canned.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void canned_init(canned *c)
{
    memset(c, 0, sizeof(*c));
    c->listener = -1;
    atomic_store(&c->connection, -1);
}

void canned_add(canned *c, const void *bytes, size_t n, canned_after after)
{
    if (c->n_answers < CANNED_ANSWERS)
        c->answers[c->n_answers++] = (canned_answer){ bytes, n, after };
}

/* ---- one connection ---- */

static bool send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Byte by byte: nothing of the body is taken. */
static bool read_head(int fd, canned_request *r)
{
    size_t n = 0;

    while (n < CANNED_HEAD - 1) {
        if (recv(fd, r->head + n, 1, 0) != 1)
            return false;
        r->head[++n] = '\0';
        if (n >= 4 && memcmp(r->head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static bool read_body(int fd, canned *c, canned_request *r)
{
    const size_t i = (size_t)(r - c->requests);
    const char *length = canned_header(c, i, "Content-Length");
    size_t n = *length == '-' ? 0 : (size_t)strtoul(length, NULL, 10);

    r->body_at = c->bodies_len;
    r->body_len = n;
    while (n > 0) {
        static uint8_t dropped[65536]; /* what is too long to be remembered */
        const size_t room = CANNED_BODY - c->bodies_len;
        uint8_t *to = room > 0 ? c->bodies + c->bodies_len : dropped;
        const size_t most = room > 0 ? room : sizeof(dropped);
        ssize_t got = recv(fd, to, n < most ? n : most, 0);
        if (got <= 0)
            return false;
        n -= (size_t)got;
        c->bodies_len += room > 0 ? (size_t)got : 0;
    }
    return true;
}

static void wait_for_end(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, 0) > 0)
        ;
}

/* Serve one request; false: the connection is over. */
static bool serve_one(canned *c, int fd)
{
    const canned_answer *a = &c->answers[c->next];

    if (c->next == c->n_answers) {
        wait_for_end(fd);
        return false;
    }
    if (a->after == CANNED_NO_READ) {
        c->next++;
        return false;
    }
    canned_request *r =
        &c->requests[c->n_requests < CANNED_ANSWERS ? c->n_requests : CANNED_ANSWERS - 1];
    if (!read_head(fd, r))
        return false;
    c->next += a->after != CANNED_AGAIN;
    c->n_requests++;
    if (!read_body(fd, c, r) || !send_all(fd, a->bytes, a->n))
        return false;
    while (a->after == CANNED_REPEAT)
        if (!send_all(fd, a->bytes, a->n))
            return false;
    if (a->after == CANNED_STALL)
        wait_for_end(fd);
    return a->after == CANNED_KEEP || a->after == CANNED_AGAIN;
}

static void *serve(void *user)
{
    canned *c = user;

    for (;;) {
        int fd = accept(c->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        atomic_store(&c->connection, fd);
        c->connections++;
        while (!atomic_load(&c->stopping) && serve_one(c, fd))
            ;
        atomic_store(&c->connection, -1);
        shutdown(fd, SHUT_WR);
        close(fd);
        if (atomic_load(&c->stopping))
            return NULL;
    }
}

/* ---- the listener ---- */

static bool listen_tcp(canned *c)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof(a);

    c->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&a, n) != 0 ||
        getsockname(c->listener, (struct sockaddr *)&a, &n) != 0)
        return false;
    c->port = ntohs(a.sin_port);
    return true;
}

static bool listen_unix(canned *c, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    (void)unlink(path);
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return c->listener >= 0 && bind(c->listener, (struct sockaddr *)&a, sizeof(a)) == 0;
}

bool canned_start(canned *c, const char *unix_path)
{
    const bool bound = unix_path ? listen_unix(c, unix_path) : listen_tcp(c);

    c->started = bound && listen(c->listener, 8) == 0 &&
                 pthread_create(&c->thread, NULL, serve, c) == 0;
    return c->started;
}

void canned_stop(canned *c)
{
    if (c->started) {
        atomic_store(&c->stopping, true);
        shutdown(c->listener, SHUT_RDWR);
        const int fd = atomic_load(&c->connection);
        if (fd >= 0)
            shutdown(fd, SHUT_RDWR);
        pthread_join(c->thread, NULL);
        c->started = false;
    }
    if (c->listener >= 0)
        close(c->listener);
    c->listener = -1;
}

const char *canned_header(const canned *c, size_t i, const char *name)
{
    static _Thread_local char value[CANNED_HEAD];
    const size_t n = strlen(name);

    for (const char *line = strstr(c->requests[i].head, "\r\n"); line;
         line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1;
        line += strspn(line, " ");
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return "-";
}
