/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many calls on one connection, with the server's memory watched: after the
 * warm-up its anonymous pages must not grow.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../../bench/replay.h"

enum { MAX_REQUESTS = 16, WARM_UP = 2000, ALLOWED_GROWTH_KIB = 256 };

static void call_each(replay_peer *peer, const replay_bytes *requests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        replay_send(peer, requests[i].data, requests[i].len);
        replay_stream(peer);
    }
}

int main(int argc, char **argv)
{
    static replay_peer peer;
    replay_bytes requests[MAX_REQUESTS];
    size_t count = 0;
    long calls, begin, warm, end;
    uint64_t started;
    int at = 2, status;

    for (; at < argc && strcmp(argv[at], "--") != 0 && count < MAX_REQUESTS; at++)
        requests[count++] = replay_load(argv[at]);
    if (count == 0 || at + 1 >= argc) {
        fputs("usage: million CALLS REQUEST-FILE... -- WORKER [argument...]\n", stderr);
        return 2;
    }
    calls = strtol(argv[1], NULL, 10);

    signal(SIGPIPE, SIG_IGN);
    replay_spawn(&peer, argv + at + 1, -1);
    call_each(&peer, requests, count);
    begin = replay_status_kib(&peer, "RssAnon:");
    for (long i = 0; i < WARM_UP; i++)
        call_each(&peer, requests, count);
    warm = replay_status_kib(&peer, "RssAnon:");

    started = replay_now_ns();
    for (long done = 0; done < calls; done += (long)count)
        call_each(&peer, requests, count);
    end = replay_status_kib(&peer, "RssAnon:");
    printf("%ld calls of %zu kinds in %.1f s; anonymous memory: %ld KiB at the start, "
           "%ld warm, %ld at the end\n",
           calls, count, (double)(replay_now_ns() - started) / 1e9, begin, warm, end);

    status = replay_close(&peer);
    for (size_t i = 0; i < count; i++)
        free(requests[i].data);
    if (end - warm > ALLOWED_GROWTH_KIB)
        replay_die("memory grew by %ld KiB, allowed are %d", end - warm,
                   ALLOWED_GROWTH_KIB);
    if (status != 0)
        replay_die("the worker ended with status %d", status);
    return 0;
}
