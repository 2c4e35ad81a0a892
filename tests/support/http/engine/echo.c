/* SPDX-License-Identifier: Apache-2.0 */
#include "support/http/engine/echo.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "support/traced.h"

/* ---- the app ---- */

typedef struct worker {
    struct iovec iov[3];
    vgi__block *held;
} worker;

static int worker_new(void *data, void **out, vgi_error *err)
{
    echo *s = data;
    worker *w = vgi__calloc(NULL, 1, sizeof(*w));

    if (!w)
        return vgi__fail_nomem(err);
    atomic_fetch_add(&s->workers, 1);
    *out = w;
    return VGI_OK;
}

static void worker_free(void *data, void *arg)
{
    echo *s = data;

    atomic_fetch_sub(&s->workers, 1);
    vgi__free(NULL, arg);
}

/* The number behind `prefix`; false: the path is another one. */
static bool path_number(const vgi__http_request *rq, const char *prefix, size_t *n)
{
    char text[32] = { 0 };
    const size_t skip = strlen(prefix);

    if (rq->path.len < skip || rq->path.len - skip >= sizeof(text) ||
        memcmp(rq->path.data, prefix, skip) != 0)
        return false;
    memcpy(text, rq->path.data + skip, rq->path.len - skip);
    *n = strtoul(text, NULL, 10);
    return true;
}

/* Byte i is i * 31; it repeats every 256 bytes. */
static void fill_pattern(uint8_t *p, size_t n)
{
    uint8_t pattern[4096];

    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = (uint8_t)(i * 31);
    for (size_t at = 0; at < n; at += sizeof(pattern))
        memcpy(p + at, pattern, n - at < sizeof(pattern) ? n - at : sizeof(pattern));
}

static void echo_body(worker *w, const vgi__http_request *rq, vgi__http_response *rs)
{
    const size_t half = rq->body.len / 2;

    w->held = vgi__block_ref(rq->held);
    w->iov[0] = (struct iovec){ (void *)(uintptr_t)rq->body.data, half };
    w->iov[1] = (struct iovec){ NULL, 0 };
    w->iov[2] =
        (struct iovec){ (void *)(uintptr_t)(rq->body.data + half), rq->body.len - half };
    rs->iov = w->iov;
    rs->n_iov = 3;
}

static void respond(worker *w, const vgi__http_request *rq, vgi__http_response *rs)
{
    size_t n;

    if (path_number(rq, "/bytes/", &n)) {
        uint8_t *p = vgi__buffer_extend(&rs->body, n);

        if (p)
            fill_pattern(p, n);
    } else if (path_number(rq, "/sleep/", &n)) {
        pause_ms((unsigned)n);
        vgi__buffer_str(&rs->body, "slept");
    } else if (path_number(rq, "/status/", &n)) {
        rs->status = (int)n;
        vgi__buffer_str(&rs->body, "body");
    } else if (vgi_str_eq(rq->path, "/peer")) {
        vgi__buffer_str(&rs->body, rq->peer);
    } else if (vgi_str_eq(rq->path, "/broken")) {
        rs->body.failed = true;
    } else if (rq->held && vgi_str_eq(rq->path, "/echo")) {
        echo_body(w, rq, rs);
    } else if (!vgi_str_eq(rq->path, "/echo")) {
        vgi__buffer_str(&rs->body, "hello");
    }
    rs->close = vgi_str_eq(rq->path, "/close");
}

static void handle(void *data, void *arg, const vgi__http_request *rq,
                   vgi__http_response *rs)
{
    echo *s = data;

    atomic_fetch_add(&s->running, 1);
    vgi__http_set(rs, "X-Test", vgi_str_from("yes"));
    respond(arg, rq, rs);
    atomic_fetch_add(&s->handled, 1);
    atomic_fetch_sub(&s->running, 1);
}

static void sent(void *data, void *arg)
{
    echo *s = data;
    worker *w = arg;

    atomic_fetch_add(&s->sent, 1);
    vgi__block_unref(w->held);
    w->held = NULL;
}

static void refuse(void *data, const char *reason, vgi__http_response *rs)
{
    echo *s = data;

    atomic_fetch_add(&s->refused, 1);
    vgi__buffer_str(&rs->body, reason);
}

/* ---- the server ---- */

static void unlisten(void *user)
{
    echo *s = user;

    atomic_fetch_add(&s->unlistened, 1);
}

static void prepare(echo *s, int fd)
{
    s->options = (vgi__engine_options){
        .listen_fd = fd,
        .threads = 2,
        .max_threads = 8,
        .max_connections = 64,
        .header_ms = 5000,
        .idle_ms = 5000,
        .write_ms = 5000,
        .body_rate = 16384,
        .drain_ms = 2000,
        .head_bytes = 8192,
        .headers = 32,
        .body_bytes = 16 << 20,
        .body_bytes_total = 64 << 20,
        .unlisten = unlisten,
        .user = s,
    };
    assert_int_equal(pipe2(s->wake, O_CLOEXEC), 0);
    s->options.wake_fd = s->wake[0];
}

void echo_prepare(echo *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *s = (echo){ .rc = 0 };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
    prepare(s, fd);
}

static struct sockaddr_un unix_address(const echo *s)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, s->path, sizeof(s->path));
    return address;
}

void echo_prepare_unix(echo *s)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;

    *s = (echo){ .directory = "/tmp/vgi-engine-XXXXXX" };
    assert_non_null(mkdtemp(s->directory));
    snprintf(s->path, sizeof(s->path), "%s/socket", s->directory);
    address = unix_address(s);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 128), 0);
    prepare(s, fd);
    s->options.peer = "unix";
}

static void *serve(void *arg)
{
    echo *s = arg;
    const vgi__http_app app = { .data = s,
                                .worker_new = worker_new,
                                .worker_free = worker_free,
                                .handle = handle,
                                .sent = sent,
                                .refuse = refuse };

    s->rc = vgi__engine_run(&s->options, &app, NULL);
    atomic_store(&s->ended, true);
    return NULL;
}

void echo_start(echo *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    s->started = true;
}

void echo_begin(echo *s)
{
    echo_prepare(s);
    echo_start(s);
}

void echo_stop(echo *s)
{
    assert_int_equal(write(s->wake[1], "", 1), 1);
}

uint64_t echo_end(echo *s)
{
    const uint64_t from = now_ms();

    echo_stop(s);
    pthread_join(s->thread, NULL);
    close(s->wake[0]);
    close(s->wake[1]);
    if (s->path[0]) {
        unlink(s->path);
        rmdir(s->directory);
    }
    return now_ms() - from;
}

/* ---- the client ---- */

int echo_connect(const echo *s)
{
    const struct timeval patience = { .tv_sec = 10 };
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)s->port) };
    const struct sockaddr_un un = unix_address(s);
    const int fd = socket(s->port ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if ((s->port ? connect(fd, (const struct sockaddr *)&in, sizeof(in))
                 : connect(fd, (const struct sockaddr *)&un, sizeof(un))) == 0)
        return fd;
    close(fd);
    return -1;
}

bool say_bytes(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n > 0) {
        const ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

        if (sent < 0)
            return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool say(int fd, const char *text)
{
    return say_bytes(fd, text, strlen(text));
}

static bool hear_byte(int fd, answer *a, char *c)
{
    const ssize_t n = recv(fd, c, 1, 0);

    a->reset = n < 0;
    return n == 1;
}

static bool hear_head(int fd, answer *a)
{
    size_t n = 0;

    while (n + 1 < sizeof(a->head) && hear_byte(fd, a, &a->head[n])) {
        n++;
        if (n >= 4 && memcmp(a->head + n - 4, "\r\n\r\n", 4) == 0)
            return true;
    }
    return false;
}

void hear(int fd, answer *a, bool bodiless)
{
    const char *length;
    size_t want = 0;

    memset(a, 0, sizeof(*a));
    if (!hear_head(fd, a) || sscanf(a->head, "HTTP/1.1 %d ", &a->status) != 1) {
        a->status = 0;
        return;
    }
    if ((length = strstr(a->head, "Content-Length: ")) && !bodiless)
        want = strtoul(length + 16, NULL, 10);
    a->body = malloc(want + 1);
    while (a->body && a->len < want) {
        const ssize_t n = recv(fd, a->body + a->len, want - a->len, 0);

        if (n <= 0) {
            a->status = 0;
            return;
        }
        a->len += (size_t)n;
    }
}

int ask(int fd, const char *text)
{
    answer a = { 0 };

    if (say(fd, text))
        hear(fd, &a, false);
    answer_free(&a);
    return a.status;
}

int ask_alone(const echo *s, const char *text)
{
    const int fd = echo_connect(s);
    const int status = ask(fd, text);

    close(fd);
    return status;
}

bool hung_up(int fd, unsigned ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char byte;

    return poll(&p, 1, (int)ms) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

bool answer_has(const answer *a, const char *header_line)
{
    const char *at = strstr(a->head, header_line);

    return at && at > a->head && at[-1] == '\n' &&
           memcmp(at + strlen(header_line), "\r\n", 2) == 0;
}

void answer_free(answer *a)
{
    free(a->body);
    a->body = NULL;
}

uint64_t now_ms(void)
{
    return vgi__clock_ns() / 1000000;
}

void pause_ms(unsigned ms)
{
    (void)poll(NULL, 0, (int)ms);
}
