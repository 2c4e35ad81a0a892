/* SPDX-License-Identifier: Apache-2.0 */
#include "support/external/store.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void nap(unsigned ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

    if (ms > 0)
        nanosleep(&t, NULL);
}

static bool send_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n > 0) {
        const ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool send_slowly(int fd, const uint8_t *bytes, size_t n, unsigned ms)
{
    if (ms == 0)
        return send_all(fd, bytes, n);
    for (size_t i = 0; i < n; i++) {
        nap(ms);
        if (!send_all(fd, bytes + i, 1))
            return false;
    }
    return true;
}

static bool read_head(int fd, char *head, size_t size)
{
    for (size_t n = 0; n < size - 1;) {
        if (recv(fd, head + n, 1, 0) != 1)
            return false;
        head[++n] = '\0';
        if (n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

static const char *header(const char *head, const char *name)
{
    const size_t n = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':')
            return line + 2 + n + 2;
    return NULL;
}

/* ---- answers ---- */

typedef struct request {
    store *s;
    store_object *o;
    int fd;
    bool head;        /* HEAD */
    long first, last; /* a range; -1: none */
} request;

static bool say(const request *r, int status, const char *lines, size_t length)
{
    char head[512];
    const int n =
        snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n",
                 status, lines, length);

    return send_all(r->fd, head, (size_t)n);
}

/* How this request is answered; what happens only so often is counted down. */
static store_manner take_manner(const request *r)
{
    store_manner *all = &r->o->manner;
    store_manner m;

    pthread_mutex_lock(&r->s->lock);
    m = *all;
    if (all->failures > 0)
        all->failures--;
    else if (r->first >= 0 && all->refusals > 0)
        all->refusals--;
    else if (r->first == 0 && all->stalls > 0)
        all->stalls--;
    else if (!r->head && all->cuts > 0)
        all->cuts--;
    else if (!r->head && all->garbles > 0)
        all->garbles--;
    if (r->head)
        m.cuts = m.garbles = 0;
    pthread_mutex_unlock(&r->s->lock);
    return m;
}

static bool send_body(const request *r, const store_manner *m, const uint8_t *bytes,
                      size_t n)
{
    if (r->head)
        return true;
    if (m->cuts > 0) {
        (void)send_all(r->fd, bytes, n / 2);
        return false;
    }
    if (m->garbles > 0) {
        uint8_t *copy = malloc(n + 1);
        bool ok;

        memcpy(copy, bytes, n);
        copy[n / 2] ^= 1;
        ok = send_all(r->fd, copy, n);
        free(copy);
        return ok;
    }
    return send_slowly(r->fd, bytes, n, m->trickle_ms) && !m->no_length;
}

static bool send_part(const request *r, const store_manner *m)
{
    const store_object *o = r->o;
    const size_t shift = m->wrong_range && r->first > 0 ? 1 : 0;
    const size_t first = (size_t)r->first - shift;
    size_t n = (size_t)(r->last - r->first + 1);
    char lines[256];

    if (r->first > r->last || (size_t)r->last >= o->n)
        return say(r, 416, "", 0);
    snprintf(lines, sizeof(lines),
             "ETag: \"%ld\"\r\nContent-Range: bytes %zu-%zu/%zu\r\n%s%s%s",
             m->changes ? r->first : 0L, first, first + n - 1,
             m->wrong_total ? o->n + 1 : o->n, m->encoding ? "Content-Encoding: " : "",
             m->encoding ? m->encoding : "", m->encoding ? "\r\n" : "");
    if (m->whole_range)
        n = o->n - first;
    return say(r, 206, lines, n) && send_body(r, m, o->bytes + first, n);
}

static bool send_whole(const request *r, const store_manner *m)
{
    const store_object *o = r->o;
    char lines[256];

    snprintf(lines, sizeof(lines), "ETag: \"0\"\r\n%s%s%s%s",
             m->no_ranges ? "" : "Accept-Ranges: bytes\r\n",
             m->encoding ? "Content-Encoding: " : "", m->encoding ? m->encoding : "",
             m->encoding ? "\r\n" : "");
    if (m->no_length) {
        char head[512];
        const int n = snprintf(head, sizeof(head),
                               "HTTP/1.1 200 X\r\n%sConnection: close\r\n\r\n", lines);

        return send_all(r->fd, head, (size_t)n) && send_body(r, m, o->bytes, o->n);
    }
    return say(r, 200, lines, o->n) && send_body(r, m, o->bytes, o->n);
}

static bool answer(const request *r)
{
    static const char refusal[1000] = "slow down";
    const store_manner m = take_manner(r);
    char lines[384];

    nap(m.pause_ms);
    if (m.failures > 0)
        return say(r, 503, "", 0);
    if (r->first >= 0 && m.refusals > 0)
        return say(r, 503, "", sizeof(refusal)) &&
               send_all(r->fd, refusal, sizeof(refusal));
    if (r->first == 0 && m.stalls > 0) {
        while (!atomic_load(&r->s->stopping))
            nap(10);
        return false;
    }
    if (r->head && m.head_status)
        return say(r, m.head_status, "", 0);
    if (m.location) {
        snprintf(lines, sizeof(lines), "Location: %s\r\n", m.location);
        return say(r, m.status ? m.status : 302, lines, 0);
    }
    if (m.status)
        return say(r, m.status, "", 0);
    if (!r->o->there)
        return say(r, 404, "", 0);
    if (r->first >= 0 && !m.no_ranges)
        return send_part(r, &m);
    return send_whole(r, &m);
}

static bool receive(const request *r, size_t n)
{
    uint8_t *bytes = malloc(n + 1);
    size_t got = 0;

    while (got < n) {
        const ssize_t more = recv(r->fd, bytes + got, n - got, 0);

        if (more <= 0) {
            free(bytes);
            return false;
        }
        got += (size_t)more;
    }
    pthread_mutex_lock(&r->s->lock);
    free(r->o->bytes);
    r->o->bytes = bytes;
    r->o->n = n;
    r->o->there = true;
    pthread_mutex_unlock(&r->s->lock);
    return say(r, r->o->manner.status ? r->o->manner.status : 204, "", 0);
}

/* ---- requests ---- */

static store_object *find(store *s, const char *path)
{
    const size_t n = strcspn(path, "? ");
    store_object *found = NULL;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->n_objects && !found; i++)
        if (strlen(s->objects[i].path) == n && memcmp(s->objects[i].path, path, n) == 0)
            found = &s->objects[i];
    pthread_mutex_unlock(&s->lock);
    return found;
}

static void count(const request *r, bool put, int busy)
{
    pthread_mutex_lock(&r->s->lock);
    if (put)
        r->o->puts++;
    else if (r->head)
        r->o->heads++;
    else if (r->first >= 0)
        r->o->parts++;
    else
        r->o->gets++;
    if (busy > r->o->most_at_once)
        r->o->most_at_once = busy;
    pthread_mutex_unlock(&r->s->lock);
}

static bool serve_one(store *s, int fd, const char *head)
{
    const char *path = strchr(head, ' ') + 1;
    const char *range = header(head, "Range");
    const char *length = header(head, "Content-Length");
    const bool put = strncmp(head, "PUT", 3) == 0;
    request r = { .s = s, .o = find(s, path), .fd = fd, .first = -1, .last = -1 };
    bool ok;

    r.head = strncmp(head, "HEAD", 4) == 0;
    if (!r.o)
        return say(&r, 404, "", 0);
    if (range && sscanf(range, "bytes=%ld-%ld", &r.first, &r.last) != 2)
        return say(&r, 400, "", 0);
    const int busy = atomic_fetch_add(&s->busy, 1) + 1;
    count(&r, put, busy);
    ok = put ? receive(&r, length ? strtoul(length, NULL, 10) : 0) : answer(&r);
    atomic_fetch_sub(&s->busy, 1);
    return ok;
}

typedef struct connection {
    store *s;
    int fd;
} connection;

static void *serve(void *user)
{
    connection *c = user;
    char head[sizeof(c->s->last_head)];

    while (read_head(c->fd, head, sizeof(head))) {
        pthread_mutex_lock(&c->s->lock);
        memcpy(c->s->last_head, head, sizeof(head));
        pthread_mutex_unlock(&c->s->lock);
        if (!serve_one(c->s, c->fd, head))
            break;
    }
    shutdown(c->fd, SHUT_RDWR);
    free(c);
    return NULL;
}

static void *accept_all(void *user)
{
    store *s = user;

    for (;;) {
        const int fd = accept(s->listener, NULL, NULL);
        connection *c;

        if (fd < 0 || atomic_load(&s->stopping) ||
            s->n_connections == STORE_CONNECTIONS) {
            if (fd >= 0)
                close(fd);
            return NULL;
        }
        c = malloc(sizeof(*c));
        *c = (connection){ s, fd };
        s->fds[s->n_connections] = fd;
        pthread_create(&s->threads[s->n_connections++], NULL, serve, c);
    }
}

/* ---- life ---- */

void store_start(store *s)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t n = sizeof(a);

    memset(s, 0, sizeof(*s));
    pthread_mutex_init(&s->lock, NULL);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(s->listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        listen(s->listener, 64) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&a, &n) != 0)
        abort();
    s->port = ntohs(a.sin_port);
    pthread_create(&s->acceptor, NULL, accept_all, s);
}

void store_stop(store *s)
{
    atomic_store(&s->stopping, true);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->acceptor, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->n_connections; i++) {
        shutdown(s->fds[i], SHUT_RDWR);
        pthread_join(s->threads[i], NULL);
        close(s->fds[i]);
    }
    for (size_t i = 0; i < s->n_objects; i++)
        free(s->objects[i].bytes);
    pthread_mutex_destroy(&s->lock);
}

store_object *store_add(store *s, const char *path, const void *bytes, size_t n)
{
    pthread_mutex_lock(&s->lock);
    if (s->n_objects == STORE_OBJECTS)
        abort();
    store_object *o = &s->objects[s->n_objects];

    snprintf(o->path, sizeof(o->path), "%s", path);
    o->bytes = malloc(n + 1);
    if (bytes)
        memcpy(o->bytes, bytes, n);
    o->n = n;
    o->there = bytes != NULL;
    s->n_objects++;
    pthread_mutex_unlock(&s->lock);
    return o;
}

store_manner store_behave(store *s, store_object *o, store_manner manner)
{
    pthread_mutex_lock(&s->lock);
    const store_manner old = o->manner;
    o->manner = manner;
    pthread_mutex_unlock(&s->lock);
    return old;
}

const char *store_url(const store *s, const char *path, char url[256])
{
    snprintf(url, 256, "http://127.0.0.1:%d%s", s->port, path);
    return url;
}
