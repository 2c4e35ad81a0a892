/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-limit: the floor of a transport. A server that reads as many
 * bytes as a request has and writes the bytes that a real server answered. Over
 * HTTP it serves many connections and looks for the end of the head and for
 * Content-Length. With shared memory it copies, for each answer, as many bytes as
 * the answer has there.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "replay.h"

typedef struct step {
    size_t request;
    replay_bytes answer;
} step;

static int take(int fd, size_t len)
{
    static uint8_t scratch[1 << 20];

    while (len > 0) {
        ssize_t got = read(fd, scratch, len < sizeof(scratch) ? len : sizeof(scratch));
        if (got <= 0)
            return -1;
        len -= (size_t)got;
    }
    return 0;
}

static int give(int fd, const replay_bytes *bytes)
{
    for (size_t done = 0; done < bytes->len;) {
        ssize_t sent = write(fd, bytes->data + done, bytes->len - done);
        if (sent <= 0)
            return -1;
        done += (size_t)sent;
    }
    return 0;
}

/* What a handler does with shared memory at least. */
typedef struct pass {
    uint8_t *from, *to;
    size_t bytes;
} pass;

/* From the begin of a segment's data to where an allocation behind that would be. */
static pass parse_pass(char **argv)
{
    const size_t data = 65536, bytes = strtoull(argv[1], NULL, 10);
    int fd = shm_open(argv[0], O_RDWR, 0);
    struct stat info;
    uint8_t *segment;

    if (fd < 0 || fstat(fd, &info) != 0 || (size_t)info.st_size < data + 2 * bytes + 4096)
        replay_die("%s: no such segment", argv[0]);
    segment = mmap(NULL, (size_t)info.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (segment == MAP_FAILED)
        replay_die("%s: %s", argv[0], strerror(errno));
    close(fd);
    return (pass){ segment + data, segment + data + bytes + 4096, bytes };
}

static void serve(int in_fd, int out_fd, const step *first, const step *next,
                  const pass *work)
{
    for (const step *now = first; take(in_fd, now->request) == 0; now = next) {
        if (work->bytes > 0)
            memcpy(work->to, work->from, work->bytes);
        if (give(out_fd, &now->answer) != 0)
            return;
    }
}

static int listen_on(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (strlen(path) >= sizeof(address.sun_path))
        replay_die("%s: path too long", path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, 8) != 0)
        replay_die("%s: %s", path, strerror(errno));
    printf("UNIX:%s\n", path);
    fflush(stdout);
    return fd;
}

/* ---- HTTP ---- */

enum { MOST_FDS = 1024 };

typedef struct http_in {
    size_t have;
    char data[1 << 14];
} http_in;

static int listen_http(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        listen(fd, 128) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        replay_die("cannot listen: %s", strerror(errno));
    printf("PORT:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static size_t content_length(const char *head)
{
    const char *at = strcasestr(head, "content-length:");

    return at ? strtoull(at + strlen("content-length:"), NULL, 10) : 0;
}

/* Read once, answer a request that is complete then. */
static int serve_some(int fd, http_in *in, const replay_bytes *answer)
{
    ssize_t got = read(fd, in->data + in->have, sizeof(in->data) - 1 - in->have);
    size_t request;
    char *stop;

    if (got <= 0)
        return -1;
    in->have += (size_t)got;
    in->data[in->have] = '\0';
    stop = memmem(in->data, in->have, "\r\n\r\n", 4);
    if (!stop)
        return 0;
    request = (size_t)(stop + 4 - in->data) + content_length(in->data);
    if (request > in->have && take(fd, request - in->have) != 0)
        return -1;
    in->have = 0;
    return give(fd, answer);
}

_Noreturn static void serve_http(const replay_bytes *answer)
{
    static http_in *in[MOST_FDS];
    struct epoll_event events[64], event = { .events = EPOLLIN };
    int listener = listen_http(), set = epoll_create1(0), on = 1;

    event.data.fd = listener;
    epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(set, events, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (serve_some(fd, in[fd], answer) != 0)
                    close(fd);
                continue;
            }
            fd = accept(listener, NULL, NULL);
            if (fd < 0 || fd >= MOST_FDS)
                replay_die("too many connections");
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            if (!in[fd] && !(in[fd] = malloc(sizeof(*in[fd]))))
                replay_die("out of memory");
            in[fd]->have = 0;
            event.data.fd = fd;
            epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
        }
    }
}

static step parse_step(char **argv)
{
    step made = { .request = strtoull(argv[0], NULL, 10),
                  .answer = replay_load(argv[1]) };
    return made;
}

int main(int argc, char **argv)
{
    pass work = { 0 };
    step first, next;
    int listener;

    if (argc == 3 && strcmp(argv[1], "--http") == 0) {
        replay_bytes answer = replay_load(argv[2]);
        serve_http(&answer);
    }
    if (argc > 3 && strcmp(argv[1], "--shm") == 0) {
        work = parse_pass(argv + 2);
        argc -= 2;
        argv += 2;
    }
    if (argc != 4 && argc != 6) {
        fputs("usage: vgirpc-bench-limit {--pipe|--shm NAME BYTES|PATH} REQUEST-BYTES "
              "ANSWER-FILE [TURN-BYTES TURN-FILE]\n"
              "       vgirpc-bench-limit --http ANSWER-FILE\n",
              stderr);
        return 2;
    }
    first = parse_step(argv + 2);
    next = argc == 6 ? parse_step(argv + 4) : first;
    if (work.bytes > 0 || strcmp(argv[1], "--pipe") == 0) {
        serve(STDIN_FILENO, STDOUT_FILENO, &first, &next, &work);
        return 0;
    }
    listener = listen_on(argv[1]);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        serve(fd, fd, &first, &next, &work);
    return 1;
}
