/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and ending a child process.
 *
 * Design notes. fork and exec rather than posix_spawn, because a failed exec must
 * be reported and not guessed: the child writes errno into a close-on-exec pipe,
 * which the parent reads to its end before start returns. Between fork and exec
 * the child makes async-signal-safe calls only. */
#include "transport/subprocess/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"
#include "transport/subprocess/split.h"

#define GRACE_MS 5000 /* to end by itself */
#define TERM_MS 1000  /* to end on SIGTERM */

enum { TO_CHILD, FROM_CHILD, STATUS, PIPES };

static void close_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++) {
        for (int end = 0; end < 2; end++) {
            if (pipes[i][end] >= 0)
                close(pipes[i][end]);
        }
    }
}

/* An end of a pipe that is 0, 1 or 2 would be overwritten by the child's dup2. */
static int above_stdio(int *fd)
{
    int moved;

    if (*fd > STDERR_FILENO)
        return 0;
    if ((moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0)
        return -1;
    close(*fd);
    *fd = moved;
    return 0;
}

static int open_pipes(int pipes[PIPES][2], vgi_error *err)
{
    for (int i = 0; i < PIPES; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) != 0 || above_stdio(&pipes[i][0]) != 0 ||
            above_stdio(&pipes[i][1]) != 0)
            return vgi__fail_errno(err, VGI_EIO, "pipe");
    }
    return VGI_OK;
}

/* In the child. The worker gets default signal handling, whatever ours is. */
static _Noreturn void run_child(int pipes[PIPES][2], char **argv, bool discard_stderr)
{
    sigset_t none;
    int null, cause;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (dup2(pipes[TO_CHILD][0], STDIN_FILENO) >= 0 &&
        dup2(pipes[FROM_CHILD][1], STDOUT_FILENO) >= 0 &&
        (!discard_stderr || ((null = open("/dev/null", O_WRONLY | O_CLOEXEC)) >= 0 &&
                             dup2(null, STDERR_FILENO) >= 0)))
        execvp(argv[0], argv);
    cause = errno;
    (void)!write(pipes[STATUS][1], &cause, sizeof(cause));
    _exit(127);
}

/* Wait until the child has become the program. 0, or the errno that stopped it. */
static int exec_status(int fd)
{
    int cause = 0;
    ssize_t n;

    do {
        n = read(fd, &cause, sizeof(cause));
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(cause) ? cause : 0;
}

static int start(vgi__subprocess *out, char **argv, bool discard_stderr, vgi_error *err)
{
    int pipes[PIPES][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
    int rc = open_pipes(pipes, err);

    out->ended = false;
    out->status = 0;
    if (rc != VGI_OK)
        goto out;
    if ((out->pid = fork()) < 0) {
        rc = vgi__fail_errno(err, VGI_ECONNECT, "fork");
        goto out;
    }
    if (out->pid == 0)
        run_child(pipes, argv, discard_stderr);
    close(pipes[STATUS][1]);
    pipes[STATUS][1] = -1;
    errno = exec_status(pipes[STATUS][0]);
    if (errno != 0) {
        rc = vgi__fail_errno(err, VGI_ECONNECT, argv[0]);
        waitpid(out->pid, NULL, 0);
        goto out;
    }
    out->to_child = pipes[TO_CHILD][1];
    out->from_child = pipes[FROM_CHILD][0];
    pipes[TO_CHILD][1] = pipes[FROM_CHILD][0] = -1;
out:
    close_pipes(pipes);
    return rc;
}

int vgi__subprocess_start(vgi__subprocess *out, const char *command, bool discard_stderr,
                          const vgi_allocator *a, vgi_error *err)
{
    char **argv;
    int rc = vgi__split_command(&argv, command, a, err);

    if (rc != VGI_OK)
        return rc;
    rc = start(out, argv, discard_stderr, err);
    vgi__free(a, argv);
    return rc;
}

bool vgi__subprocess_ended(vgi__subprocess *p, unsigned ms)
{
    const uint64_t until = vgi__clock_ns() + (uint64_t)ms * 1000000;
    int pause_ms = 1;

    while (!p->ended) {
        const pid_t got = waitpid(p->pid, &p->status, WNOHANG);

        if (got < 0 && errno != EINTR)
            p->status = -1;
        p->ended = got == p->pid || p->status == -1;
        if (p->ended || vgi__clock_ns() >= until)
            break;
        (void)poll(NULL, 0, pause_ms);
        if (pause_ms < 50)
            pause_ms *= 2;
    }
    return p->ended;
}

int vgi__subprocess_reap(vgi__subprocess *p, bool at_once)
{
    if (vgi__subprocess_ended(p, at_once ? 0 : GRACE_MS))
        return p->status;
    kill(p->pid, SIGTERM);
    if (vgi__subprocess_ended(p, TERM_MS))
        return p->status;
    kill(p->pid, SIGKILL);
    while (!vgi__subprocess_ended(p, TERM_MS))
        ;
    return p->status;
}
