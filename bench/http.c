/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vgirpc-bench-http: replay one HTTP request on kept connections and print what
 * it cost as one line of JSON. Each connection sends the request again as soon
 * as its response is there.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "replay.h"

static const char usage[] =
    "usage: vgirpc-bench-http -p REQUEST-FILE -P PORT -x PID [option...]\n"
    "  -n COUNT    calls to measure (1000)   -w COUNT  calls before that (100)\n"
    "  -k COUNT    connections (1)           -c CORE   of the client\n"
    "  -d FILE     write the first response to FILE\n";

typedef struct http_job {
    replay_bytes request;
    const char *dump;
    size_t count, warm, connections;
    int core;
    uint16_t port;
    pid_t pid;
} http_job;

typedef struct http_client {
    replay_peer *peers;
    uint64_t *sent_at; /* of each connection's request */
    uint64_t *ns;      /* of each measured call */
    int set;           /* epoll, of all connections */
} http_client;

static void *need(size_t count, size_t size)
{
    void *made = calloc(count, size);

    if (!made)
        replay_die("out of memory");
    return made;
}

static void ask(http_client *client, const http_job *job, size_t at)
{
    client->sent_at[at] = replay_now_ns();
    replay_send(&client->peers[at], job->request.data, job->request.len);
}

static void open_all(http_client *client, const http_job *job)
{
    client->peers = need(job->connections, sizeof(*client->peers));
    client->sent_at = need(job->connections, sizeof(*client->sent_at));
    client->ns = need(job->count, sizeof(*client->ns));
    client->set = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < job->connections; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };
        replay_connect_port(&client->peers[i], job->port, job->pid);
        if (epoll_ctl(client->set, EPOLL_CTL_ADD, client->peers[i].in_fd, &event) != 0)
            replay_die("epoll: %s", strerror(errno));
    }
}

static void close_all(http_client *client, const http_job *job)
{
    for (size_t i = 0; i < job->connections; i++)
        replay_close(&client->peers[i]);
    close(client->set);
    free(client->peers);
    free(client->sent_at);
    free(client->ns);
}

static void first_call(http_client *client, const http_job *job)
{
    replay_peer *peer = &client->peers[0];

    if (job->dump && !(peer->copy = fopen(job->dump, "wb")))
        replay_die("%s: %s", job->dump, strerror(errno));
    ask(client, job, 0);
    replay_response(peer);
    if (peer->copy)
        fclose(peer->copy);
    peer->copy = NULL;
}

/* `count` calls on one connection, in blocking mode. */
static void in_turn(http_client *client, const http_job *job, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ask(client, job, 0);
        replay_response(&client->peers[0]);
        client->ns[i] = replay_now_ns() - client->sent_at[0];
    }
}

/* `count` calls on all connections, each of which has a request under way before and
 * after. */
static void at_once(http_client *client, const http_job *job, size_t count)
{
    struct epoll_event events[64];

    for (size_t done = 0; done < count;) {
        int n = epoll_wait(client->set, events, 64, 10000);
        if (n <= 0)
            replay_die("no response for ten seconds");
        for (int i = 0; i < n; i++) {
            size_t at = (size_t)events[i].data.u64;
            if (!replay_responded(&client->peers[at]))
                continue;
            if (done < count)
                client->ns[done++] = replay_now_ns() - client->sent_at[at];
            ask(client, job, at);
        }
    }
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void measure(http_client *client, const http_job *job)
{
    void (*run)(http_client *, const http_job *, size_t) =
        job->connections == 1 ? in_turn : at_once;
    replay_peer *peer = &client->peers[0];
    size_t count = job->count;
    uint64_t cpu, wall;

    first_call(client, job);
    for (size_t i = 0; job->connections > 1 && i < job->connections; i++)
        ask(client, job, i);
    run(client, job, job->warm < count ? job->warm : count);
    cpu = replay_cpu_ns(peer);
    wall = replay_now_ns();
    run(client, job, count);
    wall = replay_now_ns() - wall;
    cpu = replay_cpu_ns(peer) - cpu;
    qsort(client->ns, count, sizeof(*client->ns), ascending);
    printf(
        "{\"calls\":%zu,\"per_s\":%.1f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"cpu_us\":%.3f,"
        "\"anon_kib\":%ld,\"rss_kib\":%ld}\n",
        count, (double)count * 1e9 / (double)wall, (double)client->ns[count / 2] / 1e3,
        (double)client->ns[count * 99 / 100] / 1e3, (double)cpu / 1e3 / (double)count,
        replay_status_kib(peer, "RssAnon:"), replay_status_kib(peer, "VmRSS:"));
}

static void parse(http_job *job, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "p:P:x:n:w:k:c:d:")) != -1;) {
        switch (option) {
        case 'p':
            job->request = replay_load(optarg);
            break;
        case 'P':
            job->port = (uint16_t)replay_number(optarg);
            break;
        case 'x':
            job->pid = (pid_t)replay_number(optarg);
            break;
        case 'n':
            job->count = replay_number(optarg);
            break;
        case 'w':
            job->warm = replay_number(optarg);
            break;
        case 'k':
            job->connections = replay_number(optarg);
            break;
        case 'c':
            job->core = (int)replay_number(optarg);
            break;
        case 'd':
            job->dump = optarg;
            break;
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (!job->request.data || job->port == 0 || job->pid == 0 || job->count == 0 ||
        job->connections == 0) {
        fputs(usage, stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    http_job job = { .count = 1000, .warm = 100, .connections = 1, .core = -1 };
    http_client client = { 0 };

    signal(SIGPIPE, SIG_IGN);
    parse(&job, argc, argv);
    replay_pin(job.core);
    open_all(&client, &job);
    measure(&client, &job);
    close_all(&client, &job);
    free(job.request.data);
    return 0;
}
