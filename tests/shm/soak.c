/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of this library and a worker, at length.
 *
 * Many exchanges through one segment: no allocation stays behind, and the memory of
 * neither side grows. Then clients and workers that are killed at any moment, on pipes
 * and on a socket that others use at the same time, and segments that are cut while both
 * sides work in them: whoever is left goes on, and the next start removes what others
 * left.
 *
 *   shm-soak EXCHANGES ROUNDS -- WORKER [argument...]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vgirpc/client.h>

enum {
    ROWS = 512,
    TURNS = 1000, /* of a stream */
    WARM_UP = 4 * TURNS,
    ALLOWED_GROWTH_KIB = 256,
    SEGMENT_BYTES = 1 << 20,
    CLIENTS = 3,
    MOMENT_US = 20000
};

typedef struct number {
    double value;
} number;
VGI_STRUCT(number, VGI_FIELD(number, value));
typedef struct factor {
    double factor;
} factor;
VGI_STRUCT(factor, VGI_FIELD(factor, factor));

static char **worker;
static char socket_path[64];
static vgi_batch *inputs[2]; /* of different values */

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "shm-soak: %s\n", what);
    if (socket_path[0])
        unlink(socket_path);
    kill(0, SIGKILL); /* a process group of its own */
    exit(1);
}

static void require(bool good, const char *what)
{
    if (!good)
        die(what);
}

static void pass_a_moment(void)
{
    usleep((unsigned)(rand() % MOMENT_US));
}

/* A leak checker looks first. */
static _Noreturn void leave(int status)
{
    for (int k = 0; k < 2; k++)
        vgi_batch_unref(inputs[k]);
    exit(status);
}

static void expect_end(pid_t pid, const char *who)
{
    int status;

    require(waitpid(pid, &status, 0) == pid, who);
}

/* ---- workers ---- */

/* A worker on these descriptors, with two more arguments or NULL. */
static pid_t start_worker(int in, int out, const char *option, const char *value)
{
    char *argv[64];
    size_t n = 0;

    while (n < 60 && worker[n]) {
        argv[n] = worker[n];
        n++;
    }
    argv[n++] = (char *)(uintptr_t)option;
    argv[n++] = (char *)(uintptr_t)value;
    argv[n++] = option ? (char *)(uintptr_t) "--threaded" : NULL;
    argv[n] = NULL;
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    execv(argv[0], argv);
    _exit(127);
}

/* One that listens, ready for clients. */
static pid_t start_server(void)
{
    int ready[2];
    char line[128];

    require(pipe2(ready, O_CLOEXEC) == 0, "no pipe");
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const pid_t pid = start_worker(nothing, ready[1], "--unix", socket_path);
    close(nothing);
    close(ready[1]);
    require(read(ready[0], line, sizeof(line)) > 0, "the server does not start");
    close(ready[0]);
    return pid;
}

static const vgi_client_options options = { .size = sizeof(options),
                                            .shm_bytes = SEGMENT_BYTES };

/* One on pipes, and its client; *pid is the worker. */
static vgi_client *start_pair(pid_t *pid)
{
    vgi_client *client;
    int to[2], from[2];

    require(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "no pipes");
    *pid = start_worker(to[0], from[1], NULL, NULL);
    close(to[0]);
    close(from[1]);
    require(vgi_client_open_fds(&client, from[0], to[1], &options, NULL) == VGI_OK,
            "no client of pipes");
    return client;
}

static vgi_client *join_server(void)
{
    vgi_client *client;
    char url[80];

    (void)snprintf(url, sizeof(url), "unix:%s", socket_path);
    return vgi_client_open(&client, url, &options, NULL) == VGI_OK ? client : NULL;
}

/* ---- exchanges ---- */

static void make_inputs(void)
{
    number rows[ROWS];

    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < ROWS; i++)
            rows[i].value = i + 1000 * k;
        require(vgi_batch_from_rows(&inputs[k], VGI_FROM(number, rows), ROWS, NULL) ==
                    VGI_OK,
                "no batch");
    }
}

static int begin(vgi_client *c, vgi_stream **s)
{
    const vgi_stream_options exchange = { .size = sizeof(exchange), .exchange = true };
    const factor by = { 2 };

    return vgi_client_stream(s, c, "exchange_scale", VGI_FROM(factor, &by), &exchange,
                             NULL);
}

/* VGI_EPROTO: the answer is wrong. */
static int exchange(vgi_stream *s, long i, bool *shared)
{
    const vgi_batch *out = NULL;
    vgi_f64s x;
    int rc = vgi_stream_exchange(s, inputs[i % 2], &out, NULL);

    if (rc != VGI_OK || (rc = vgi_batch_f64(out, "value", &x)) != VGI_OK)
        return rc;
    const vgi_metadata m = vgi_batch_metadata(out);
    *shared = vgi_metadata_get(&m, "vgi_rpc.shm_source", NULL);
    for (size_t row = 0; row < x.count; row++)
        if (x.items[row] != 2 * ((double)row + (double)(1000 * (i % 2))))
            return VGI_EPROTO;
    return x.count == ROWS ? VGI_OK : VGI_EPROTO;
}

/* A few, on a client that nothing has happened to. */
static void expect_served(vgi_client *c)
{
    vgi_stream *s = NULL;
    bool shared = false;

    require(begin(c, &s) == VGI_OK, "a client is not served");
    for (long i = 0; i < 5; i++)
        require(exchange(s, i, &shared) == VGI_OK && shared, "a client is served wrong");
    vgi_stream_close(s);
}

/* ---- what is in /dev/shm ---- */

/* Segments of a process, and the name of one. */
static int segments_of(pid_t pid, char name[64])
{
    DIR *folder = opendir("/dev/shm");
    const struct dirent *entry;
    char prefix[32];
    int n = 0;

    require(folder, "no /dev/shm");
    const int len = snprintf(prefix, sizeof(prefix), "vgirpc-%d-", pid);
    while ((entry = readdir(folder))) {
        if (strncmp(entry->d_name, prefix, (size_t)len) != 0)
            continue;
        (void)snprintf(name, 64, "%.63s", entry->d_name);
        n++;
    }
    closedir(folder);
    return n;
}

static size_t regions(const char *name)
{
    vgi_arena mem = { 0 };
    vgi_shm_info info;
    const int rc = vgi_shm_inspect(name, &info, &mem, NULL);

    vgi_arena_free(&mem);
    return rc == VGI_OK ? info.n_regions : SIZE_MAX;
}

/* ---- a million ---- */

static long anonymous_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = -1;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *f = fopen(path, "r");
    require(f, "no such process");
    while (kib < 0 && fgets(line, sizeof(line), f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kib = strtol(line + 8, NULL, 10);
    fclose(f);
    return kib;
}

/* A stream of some turns, which ends by itself or is cancelled. */
static void one_stream(vgi_client *c, const char *name, long turns, bool cancel)
{
    vgi_stream *s = NULL;
    bool shared = false;

    require(begin(c, &s) == VGI_OK, "a stream does not begin");
    for (long i = 0; i < turns; i++)
        require(exchange(s, i, &shared) == VGI_OK && shared, "an exchange failed");
    require(regions(name) == 1, "there is more than the last answer");
    if (cancel)
        require(vgi_stream_cancel(s, NULL) == VGI_OK, "a stream is not cancelled");
    vgi_stream_close(s);
    require(regions(name) == 0, "an allocation was left behind");
}

static void exchange_many(vgi_client *c, pid_t server, long exchanges)
{
    long mine = 0, its = 0;
    char name[64];

    require(segments_of(getpid(), name) == 1, "there is not one segment");
    for (long done = 0; done < exchanges + WARM_UP; done += TURNS) {
        if (done == WARM_UP) {
            mine = anonymous_kib(getpid());
            its = anonymous_kib(server);
        }
        one_stream(c, name, TURNS, done / TURNS % 2);
    }
    mine = anonymous_kib(getpid()) - mine;
    its = anonymous_kib(server) - its;
    printf("%ld exchanges; growth: %ld KiB here, %ld KiB in the worker\n", exchanges,
           mine, its);
    require(mine <= ALLOWED_GROWTH_KIB && its <= ALLOWED_GROWTH_KIB, "memory grew");
    vgi_client_close(c);
    require(segments_of(getpid(), name) == 0, "the segment was left behind");
}

static void soak(long exchanges)
{
    pid_t pid;
    int status;
    vgi_client *c = start_pair(&pid);

    exchange_many(c, pid, exchanges);
    require(waitpid(pid, &status, 0) == pid && status == 0, "the worker failed");
    pid = start_server();
    exchange_many(join_server(), pid, exchanges / 10);
    kill(pid, SIGTERM);
    require(waitpid(pid, &status, 0) == pid && status == 0, "the server failed");
}

/* ---- killed at any moment ---- */

/* Go on until killed, or until the server is. */
static _Noreturn void live(vgi_client *c)
{
    vgi_stream *s = NULL;
    bool shared;
    int rc = VGI_OK;

    while (rc == VGI_OK && (rc = begin(c, &s)) == VGI_OK) {
        for (long i = 0; rc == VGI_OK && i < TURNS; i++)
            rc = exchange(s, i, &shared);
        vgi_stream_close(s);
    }
    vgi_client_close(c);
    leave(rc == VGI_ECLOSED || rc == VGI_EIO ? 0 : 1);
}

static void kill_one_of_a_pair(int round)
{
    pid_t of_worker = 0, next;
    char name[64];
    int ready[2];

    require(pipe2(ready, O_CLOEXEC) == 0, "no pipe");
    const pid_t client = fork();
    if (client == 0) {
        vgi_client *c = start_pair(&of_worker);

        (void)!write(ready[1], &of_worker, sizeof(of_worker));
        live(c);
    }
    close(ready[1]);
    require(read(ready[0], &of_worker, sizeof(of_worker)) == sizeof(of_worker),
            "the client did not start");
    close(ready[0]);
    pass_a_moment();
    kill(round % 2 ? of_worker : client, SIGKILL);
    expect_end(client, "the client is gone");
    expect_end(of_worker, "the worker is gone");
    vgi_client *c = start_pair(&next);
    require(segments_of(client, name) == 0, "a segment was left behind");
    expect_served(c);
    vgi_client_close(c);
    expect_end(next, "the worker is gone");
}

static pid_t start_client(void)
{
    const pid_t pid = fork();

    if (pid != 0)
        return pid;
    vgi_client *c = join_server();
    if (!c)
        leave(0);
    live(c);
}

/* Mappings of segments in a process. */
static int mapped_by(pid_t pid)
{
    char path[64], line[512];
    int n = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    FILE *f = fopen(path, "r");
    require(f, "no such process");
    while (fgets(line, sizeof(line), f))
        n += strstr(line, "/dev/shm/vgirpc-") != NULL;
    fclose(f);
    return n;
}

/* Wait for it: a server learns from its system when a client is gone. */
static bool comes_down_to(int mappings, pid_t pid)
{
    for (int i = 0; i < 1000; i++) {
        if (mapped_by(pid) <= mappings)
            return true;
        usleep(10000);
    }
    return false;
}

/* Clients of one server, one after the other; the others do not notice. */
static void kill_clients(int rounds)
{
    const pid_t server = start_server();
    vgi_client *steady = join_server();
    pid_t clients[CLIENTS];
    char name[64];
    int status;

    for (int i = 0; i < CLIENTS; i++)
        clients[i] = start_client();
    for (int round = 0; round < rounds; round++) {
        pid_t *victim = &clients[round % CLIENTS];

        pass_a_moment();
        kill(*victim, SIGKILL);
        require(waitpid(*victim, &status, 0) == *victim && WIFSIGNALED(status),
                "a client ended by itself");
        expect_served(steady);
        *victim = start_client();
    }
    for (int i = 0; i < CLIENTS; i++) {
        kill(clients[i], SIGKILL);
        expect_end(clients[i], "a client is gone");
    }
    expect_served(steady);
    require(comes_down_to(1, server), "the server keeps segments of the dead");
    vgi_client_close(steady);
    steady = join_server();
    for (int i = 0; i < CLIENTS; i++)
        require(segments_of(clients[i], name) == 0, "a segment was left behind");
    vgi_client_close(steady);
    kill(server, SIGTERM);
    require(waitpid(server, &status, 0) == server && status == 0, "the server failed");
}

/* The server of many clients: each of them has an error, and none leaves anything. */
static void kill_servers(int rounds)
{
    pid_t clients[CLIENTS];
    char name[64];
    int status;

    for (int round = 0; round < rounds; round++) {
        const pid_t server = start_server();

        for (int i = 0; i < CLIENTS; i++)
            clients[i] = start_client();
        pass_a_moment();
        kill(server, SIGKILL);
        expect_end(server, "the server is gone");
        for (int i = 0; i < CLIENTS; i++) {
            require(waitpid(clients[i], &status, 0) == clients[i] && status == 0,
                    "a client ended otherwise than by an error");
            require(segments_of(clients[i], name) == 0, "a segment was left behind");
        }
    }
}

/* ---- cut at any moment ---- */

/* Give the segment some sizes, one after the other. */
static _Noreturn void cut(const char *name)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "/%s", name);
    const int fd = shm_open(path, O_RDWR, 0);
    for (int i = 0; fd >= 0 && i < 3; i++) {
        pass_a_moment();
        (void)!ftruncate(fd, rand() % 2 ? rand() % SEGMENT_BYTES : SEGMENT_BYTES);
    }
    _exit(0);
}

/* Both sides get errors, wrong values or lose the connection; none of them dies. */
static void work_in_a_cut_one(void)
{
    char name[64], ours[64];
    vgi_client *c;
    vgi_stream *s = NULL;
    bool shared;

    require((c = join_server()) != NULL, "a client cannot join");
    require(segments_of(getpid(), name) == 1, "there is not one segment");
    const pid_t other = fork();
    if (other == 0) {
        srand((unsigned)getpid());
        cut(name);
    }
    while (waitpid(other, NULL, WNOHANG) == 0) {
        if (begin(c, &s) != VGI_OK)
            continue;
        for (long i = 0; i < 50; i++)
            (void)exchange(s, i, &shared);
        vgi_stream_close(s);
    }
    vgi_client_close(c);
    require(segments_of(getpid(), ours) == 0, "a segment was left behind");
    leave(0);
}

static void cut_segments(int rounds)
{
    const pid_t server = start_server();
    int status;

    for (int round = 0; round < rounds; round++) {
        const pid_t client = fork();

        if (client == 0)
            work_in_a_cut_one();
        require(waitpid(client, &status, 0) == client && status == 0,
                "a client died of its segment");
        vgi_client *c = join_server();
        require(c != NULL, "the server died of a segment");
        expect_served(c);
        vgi_client_close(c);
    }
    require(comes_down_to(0, server), "the server keeps segments");
    kill(server, SIGTERM);
    require(waitpid(server, &status, 0) == server && status == 0, "the server failed");
}

int main(int argc, char **argv)
{
    if (argc < 5 || strcmp(argv[3], "--") != 0) {
        fputs("usage: shm-soak EXCHANGES ROUNDS -- WORKER [argument...]\n", stderr);
        return 2;
    }
    const long exchanges = strtol(argv[1], NULL, 10);
    const int rounds = (int)strtol(argv[2], NULL, 10);
    worker = argv + 4;
    setvbuf(stdout, NULL, _IOLBF, 0);
    setpgid(0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* workers of killed clients end here */
    signal(SIGPIPE, SIG_IGN);
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "1024", 1);
    (void)snprintf(socket_path, sizeof(socket_path), "/tmp/shm-soak-%d.sock", getpid());
    make_inputs();
    soak(exchanges);
    for (int round = 0; round < rounds; round++)
        kill_one_of_a_pair(round);
    kill_clients(rounds);
    kill_servers(rounds / 2);
    cut_segments(rounds);
    printf("%d rounds of kills and cuts, nothing left behind\n", rounds);
    unlink(socket_path);
    leave(0);
}
