/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-limit: the floor of a transport. A server that reads as many
 * bytes as a request has and writes the bytes that a real server answered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

static void serve(int in_fd, int out_fd, const step *first, const step *next)
{
    for (const step *now = first; take(in_fd, now->request) == 0; now = next)
        if (give(out_fd, &now->answer) != 0)
            return;
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

static step parse_step(char **argv)
{
    step made = { .request = strtoull(argv[0], NULL, 10),
                  .answer = replay_load(argv[1]) };
    return made;
}

int main(int argc, char **argv)
{
    step first, next;
    int listener;

    if (argc != 4 && argc != 6) {
        fputs("usage: vgirpc-bench-limit {--pipe|PATH} REQUEST-BYTES ANSWER-FILE "
              "[TURN-BYTES TURN-FILE]\n",
              stderr);
        return 2;
    }
    first = parse_step(argv + 2);
    next = argc == 6 ? parse_step(argv + 4) : first;
    if (strcmp(argv[1], "--pipe") == 0) {
        serve(STDIN_FILENO, STDOUT_FILENO, &first, &next);
        return 0;
    }
    listener = listen_on(argv[1]);
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        serve(fd, fd, &first, &next);
    return 1;
}
