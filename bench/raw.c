/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-raw: replay a recorded call or stream against a server and print
 * what it cost as one line of JSON.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay.h"

static const char usage[] =
    "usage: vgirpc-bench-raw -m MODE -p FILE [option...] {-u PATH -x PID | -- "
    "COMMAND...}\n"
    "  -m unary    -p: the request\n"
    "  -m stream   -p: the opening, with the input's schema; -t: one input batch\n"
    "  -m cold     a new process for each request\n"
    "  -n COUNT    calls to measure (1000)      -k DEPTH  batches sent at a time (1)\n"
    "  -w COUNT    calls before that (100)      -c, -s CORE  of the client, of the "
    "server\n"
    "  -d PREFIX   write the first answer to PREFIX.first, of a stream's turn to "
    "PREFIX.turn\n"
    "  -S NAME     share memory of that name with the server\n"
    "  -z BYTES    how much (67108864)          -r FILE   what the input points to\n";

enum { SEGMENT_HEAD = 24, SEGMENT_DATA = 65536 };

typedef struct bench_job {
    const char *mode, *dump, *path, *segment;
    replay_bytes request, tick, region;
    size_t count, warm, depth, segment_bytes;
    uint8_t *shared;                  /* the segment; or NULL */
    uint8_t table[SEGMENT_HEAD + 16]; /* of its allocations, when it is our turn */
    int core, server_core;
    pid_t pid;
    char **command;
} bench_job;

typedef struct bench_cost {
    uint64_t *ns; /* of each step; a step is `depth` calls */
    size_t steps, depth;
    uint64_t wall_ns, cpu_ns, received;
    long anon_kib, rss_kib;
} bench_cost;

/* A segment whose one allocation is the input, if there is one. */
static void share(bench_job *job)
{
    const uint64_t head[5] = { UINT64_C(1) << 32 | 0x53494756, /* "VGIS", version 1 */
                               job->segment_bytes - SEGMENT_DATA, job->region.len > 0,
                               SEGMENT_DATA, job->region.len };
    int fd = shm_open(job->segment, O_RDWR | O_CREAT | O_EXCL, 0600);

    if (fd < 0 || ftruncate(fd, (off_t)job->segment_bytes) != 0)
        replay_die("%s: %s", job->segment, strerror(errno));
    job->shared =
        mmap(NULL, job->segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (job->shared == MAP_FAILED)
        replay_die("%s: %s", job->segment, strerror(errno));
    close(fd);
    memcpy(job->table, head, sizeof(job->table));
    memcpy(job->shared, head, sizeof(job->table));
    if (job->region.len > 0)
        memcpy(job->shared + SEGMENT_DATA, job->region.data, job->region.len);
}

/* An answer came: give back what it points to, and offer the input again. */
static void answered(const bench_job *job)
{
    if (job->shared)
        memcpy(job->shared, job->table, sizeof(job->table));
}

static void open_peer(replay_peer *peer, const bench_job *job)
{
    if (job->path)
        replay_connect(peer, job->path, job->pid);
    else
        replay_spawn(peer, job->command, job->server_core);
}

/* Run `take` with what is received copied to PREFIX.`suffix`. */
static void dumped(replay_peer *peer, const bench_job *job, const char *suffix,
                   void (*take)(replay_peer *, const bench_job *))
{
    char path[4096];

    if (job->dump) {
        snprintf(path, sizeof(path), "%s.%s", job->dump, suffix);
        peer->copy = fopen(path, "wb");
        if (!peer->copy)
            replay_die("%s: %s", path, strerror(errno));
    }
    take(peer, job);
    if (peer->copy)
        fclose(peer->copy);
    peer->copy = NULL;
}

static void one_call(replay_peer *peer, const bench_job *job)
{
    replay_send(peer, job->request.data, job->request.len);
    replay_stream(peer);
    answered(job);
}

static void one_turn(replay_peer *peer, const bench_job *job)
{
    replay_send(peer, job->tick.data, job->tick.len);
    if (replay_message(peer) != REPLAY_BATCH)
        replay_die("the stream ended early");
    answered(job);
}

static void open_stream(replay_peer *peer, const bench_job *job)
{
    replay_send(peer, job->request.data, job->request.len);
    replay_send(peer, job->tick.data, job->tick.len);
    if (replay_message(peer) != REPLAY_SCHEMA || replay_message(peer) != REPLAY_BATCH)
        replay_die("the stream did not open");
    answered(job);
}

static void many_turns(replay_peer *peer, const bench_job *job, const replay_bytes *ticks)
{
    replay_send(peer, ticks->data, ticks->len);
    for (size_t i = 0; i < job->depth; i++)
        if (replay_message(peer) != REPLAY_BATCH)
            replay_die("the stream ended early");
    answered(job);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void print_cost(bench_cost *cost)
{
    size_t steps = cost->steps;
    double calls = (double)(steps * cost->depth);
    double scale = 1e3 * (double)cost->depth;

    qsort(cost->ns, steps, sizeof(*cost->ns), ascending);
    printf(
        "{\"calls\":%.0f,\"per_s\":%.1f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"cpu_us\":%.3f,"
        "\"bytes\":%.0f,\"anon_kib\":%ld,\"rss_kib\":%ld}\n",
        calls, calls * 1e9 / (double)cost->wall_ns, (double)cost->ns[steps / 2] / scale,
        (double)cost->ns[steps * 99 / 100] / scale, (double)cost->cpu_ns / 1e3 / calls,
        (double)cost->received / calls, cost->anon_kib, cost->rss_kib);
}

static void measure(const bench_job *job, bench_cost *cost)
{
    replay_bytes ticks = { malloc(job->tick.len * job->depth + 1),
                           job->tick.len * job->depth };
    int stream = strcmp(job->mode, "stream") == 0;
    replay_peer *peer = malloc(sizeof(*peer));
    uint64_t cpu, wall, received;

    if (!peer || !ticks.data)
        replay_die("out of memory");
    for (size_t i = 0; i < job->depth; i++)
        memcpy(ticks.data + i * job->tick.len, job->tick.data, job->tick.len);
    open_peer(peer, job);
    dumped(peer, job, "first", stream ? open_stream : one_call);
    if (stream)
        dumped(peer, job, "turn", one_turn);
    for (size_t i = 0; i < job->warm; i++)
        (stream ? one_turn : one_call)(peer, job);

    received = peer->received;
    cpu = replay_cpu_ns(peer);
    wall = replay_now_ns();
    for (size_t i = 0; i < cost->steps; i++) {
        uint64_t start = replay_now_ns();
        if (stream)
            many_turns(peer, job, &ticks);
        else
            one_call(peer, job);
        cost->ns[i] = replay_now_ns() - start;
    }
    cost->wall_ns = replay_now_ns() - wall;
    cost->cpu_ns = replay_cpu_ns(peer) - cpu;
    cost->received = peer->received - received;
    cost->anon_kib = replay_status_kib(peer, "RssAnon:");
    cost->rss_kib = replay_status_kib(peer, "VmRSS:");
    if (stream && peer->child) /* a producer without end is not waited for */
        kill(peer->pid, SIGKILL);
    replay_close(peer);
    free(peer);
    free(ticks.data);
}

static void measure_cold(const bench_job *job, bench_cost *cost)
{
    replay_peer *peer = malloc(sizeof(*peer));
    uint64_t wall = replay_now_ns();

    if (!peer)
        replay_die("out of memory");
    for (size_t i = 0; i < cost->steps; i++) {
        uint64_t start = replay_now_ns();
        replay_spawn(peer, job->command, job->server_core);
        one_call(peer, job);
        cost->ns[i] = replay_now_ns() - start;
        cost->cpu_ns += replay_cpu_ns(peer);
        cost->anon_kib = replay_status_kib(peer, "RssAnon:");
        cost->rss_kib = replay_status_kib(peer, "VmRSS:");
        cost->received += peer->received;
        replay_close(peer);
    }
    cost->wall_ns = replay_now_ns() - wall;
    free(peer);
}

static void parse(bench_job *job, int argc, char **argv)
{
    for (int option;
         (option = getopt(argc, argv, "m:p:t:n:k:w:c:s:d:u:x:S:z:r:")) != -1;) {
        switch (option) {
        case 'm':
            job->mode = optarg;
            break;
        case 'p':
            job->request = replay_load(optarg);
            break;
        case 't':
            job->tick = replay_load(optarg);
            break;
        case 'n':
            job->count = replay_number(optarg);
            break;
        case 'k':
            job->depth = replay_number(optarg);
            break;
        case 'w':
            job->warm = replay_number(optarg);
            break;
        case 'c':
            job->core = (int)replay_number(optarg);
            break;
        case 's':
            job->server_core = (int)replay_number(optarg);
            break;
        case 'd':
            job->dump = optarg;
            break;
        case 'u':
            job->path = optarg;
            break;
        case 'S':
            job->segment = optarg;
            break;
        case 'z':
            job->segment_bytes = replay_number(optarg);
            break;
        case 'r':
            job->region = replay_load(optarg);
            break;
        case 'x':
            job->pid = (pid_t)replay_number(optarg);
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    job->command = argv + optind;
    if (!job->mode || !job->request.data || job->depth == 0 || job->count < job->depth ||
        (job->path == NULL) == (*job->command == NULL)) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    bench_job job = { .count = 1000,
                      .warm = 100,
                      .depth = 1,
                      .segment_bytes = 64 << 20,
                      .core = -1,
                      .server_core = -1 };
    bench_cost cost = { 0 };

    signal(SIGPIPE, SIG_IGN);
    parse(&job, argc, argv);
    replay_pin(job.core);
    if (job.segment)
        share(&job);
    cost.depth = job.depth;
    cost.steps = job.count / job.depth;
    cost.ns = calloc(cost.steps, sizeof(*cost.ns));
    if (!cost.ns)
        replay_die("out of memory");
    if (strcmp(job.mode, "cold") == 0)
        measure_cold(&job, &cost);
    else
        measure(&job, &cost);
    print_cost(&cost);
    if (job.segment)
        shm_unlink(job.segment);
    free(cost.ns);
    free(job.request.data);
    free(job.tick.data);
    free(job.region.data);
    return 0;
}
