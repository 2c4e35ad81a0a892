/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many exchanges through one segment: no allocation stays behind, and the memory of
 * neither side grows. Then clients and workers that are killed at any moment: the next
 * start is not in their way, and removes what they left.
 *
 *   shm-soak EXCHANGES KILLS -- WORKER [argument...]
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vgirpc/vgirpc.h>

#include "base/clock.h"
#include "support/shm_client.h"
#include "transport/fd/fd.h"

enum { ROWS = 512, WARM_UP = 2000, ALLOWED_GROWTH_KIB = 256, SEGMENT_BYTES = 1 << 20 };

typedef struct factor {
    double factor;
} factor;
VGI_STRUCT(factor, VGI_FIELD(factor, factor));

static char **worker;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "shm-soak: %s\n", what);
    exit(1);
}

static void require(bool good, const char *what)
{
    if (!good)
        die(what);
}

/* ---- a worker, and a client of it ---- */

static pid_t start(shm_client *c)
{
    int to[2], from[2];

    require(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0, "no pipes");
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execv(worker[0], worker);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    const vgi__fd_options o = {
        .in_fd = from[0], .out_fd = to[1], .owned = true, .wake_fd = -1
    };
    vgi__io *io;
    memset(c, 0, sizeof(*c));
    require(vgi__fd_open(&io, &o, NULL, NULL) == VGI_OK, "no channel");
    require(peer_open(&c->p, io) == VGI_OK, "no peer");
    require(shm_client_open(c, SEGMENT_BYTES) == VGI_OK, "no segment");
    return pid;
}

static int begin(shm_client *c)
{
    const factor by = { 2 };
    int rc = shm_client_request(c, "exchange_scale", VGI_FROM(factor, &by), true);

    return rc == VGI_OK ? shm_client_begin(c) : rc;
}

static int exchange(shm_client *c)
{
    vgi_f64s x;
    int rc = shm_client_exchange(c, ROWS);

    if (rc != VGI_OK || (rc = vgi_batch_f64(&c->p.batch, "value", &x)) != VGI_OK)
        return rc;
    if (x.count != ROWS || x.items[ROWS - 1] != 2 * (ROWS - 1))
        return VGI_EPROTO;
    return shm_client_drop(c);
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

static void exchange_many(long exchanges)
{
    shm_client c;
    long mine = 0, its = 0;
    const pid_t pid = start(&c);
    const uint64_t from = vgi__clock_ns();

    require(begin(&c) == VGI_OK, "the stream does not begin");
    for (long i = 0; i < exchanges + WARM_UP; i++) {
        if (i == WARM_UP) {
            mine = anonymous_kib(getpid());
            its = anonymous_kib(pid);
        }
        require(exchange(&c) == VGI_OK, "an exchange failed");
        require(shm_client_regions(&c) == 0, "an allocation was left behind");
    }
    require(c.pointers == exchanges + WARM_UP, "not everything went by shared memory");
    mine = anonymous_kib(getpid()) - mine;
    its = anonymous_kib(pid) - its;
    printf("%ld exchanges in %.1f s; growth: %ld KiB here, %ld KiB in the worker\n",
           exchanges, (double)(vgi__clock_ns() - from) / 1e9, mine, its);
    require(mine <= ALLOWED_GROWTH_KIB && its <= ALLOWED_GROWTH_KIB, "memory grew");
    require(shm_client_end(&c) == VGI_OK, "the stream does not end");
    shm_client_close(&c);
    int status;
    require(waitpid(pid, &status, 0) == pid && status == 0, "the worker failed");
}

/* ---- killed at any moment ---- */

/* Segments whose name begins with the number of this process. */
static int segments_of(pid_t pid)
{
    DIR *folder = opendir("/dev/shm");
    const struct dirent *entry;
    char prefix[32];
    int n = 0;

    require(folder, "no /dev/shm");
    const int len = snprintf(prefix, sizeof(prefix), "vgirpc-%d-", pid);
    while ((entry = readdir(folder)))
        n += strncmp(entry->d_name, prefix, (size_t)len) == 0;
    closedir(folder);
    return n;
}

/* A client that goes on until it is killed, or until its worker is. */
static _Noreturn void live(int ready)
{
    shm_client c;
    const pid_t pid = start(&c);

    (void)!write(ready, &pid, sizeof(pid));
    while (begin(&c) == VGI_OK)
        for (int i = 0; i < 1000; i++)
            if (exchange(&c) != VGI_OK)
                _exit(0);
    _exit(0);
}

static void kill_one(int round)
{
    pid_t of_worker = 0;
    int ready[2], status;

    require(pipe2(ready, O_CLOEXEC) == 0, "no pipe");
    const pid_t client = fork();
    if (client == 0)
        live(ready[1]);
    close(ready[1]);
    require(read(ready[0], &of_worker, sizeof(of_worker)) == sizeof(of_worker),
            "the client did not start");
    close(ready[0]);
    usleep((unsigned)(rand() % 20000));
    kill(round % 2 ? of_worker : client, SIGKILL);
    require(waitpid(client, &status, 0) == client, "the client is gone");
    require(waitpid(of_worker, &status, 0) == of_worker, "the worker is gone");

    shm_client c;
    const pid_t next = start(&c);
    require(segments_of(client) == 0, "a segment was left behind");
    require(begin(&c) == VGI_OK && exchange(&c) == VGI_OK, "the next one cannot work");
    shm_client_close(&c);
    require(waitpid(next, &status, 0) == next, "the worker failed");
}

int main(int argc, char **argv)
{
    if (argc < 5 || strcmp(argv[3], "--") != 0) {
        fputs("usage: shm-soak EXCHANGES KILLS -- WORKER [argument...]\n", stderr);
        return 2;
    }
    const long exchanges = strtol(argv[1], NULL, 10), kills = strtol(argv[2], NULL, 10);
    worker = argv + 4;
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* workers of killed clients end here */
    signal(SIGPIPE, SIG_IGN);
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "1024", 1);
    exchange_many(exchanges);
    for (int round = 0; round < kills; round++)
        kill_one(round);
    printf("%ld clients and workers killed, nothing left behind\n", kills);
    return 0;
}
