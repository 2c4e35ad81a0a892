/* SPDX-License-Identifier: Apache-2.0 */
/* Byte streams on descriptors.
 *
 * Design notes. A read is one plain read(2) and blocks in it: no poll(2) before it
 * unless a timeout is set or the wake descriptor is being watched. Sockets are
 * written with sendmsg(2) so that a gone peer is an error and no SIGPIPE. Pipes
 * know no such flag: unless the process ignores SIGPIPE (a worker does), it is
 * blocked around the write, and taken back if it came. Descriptors that somebody
 * else made non-blocking work too: EAGAIN waits in poll(2).
 *
 * Ending a read from a signal handler. A flag is not enough: the signal may come
 * between its test and read(2). So a cuttable io reads a duplicate of its own, over
 * which the handler puts /dev/null with dup2(2): a read that has not begun finds the
 * end of input, and one that was interrupted is begun again and finds it, too. */
#include "transport/fd/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fail.h"

/* Of a pipe: large batches take far fewer turns than with 64 KiB, and what is in it is
 * still in a cache when it is read. */
#define PIPE_BYTES (512 << 10)
/* Most bytes handed to the kernel at once: some systems refuse INT_MAX and above. */
#define CHUNK_BYTES ((size_t)1 << 30)
#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

struct fd_io {
    vgi__io io;
    const vgi_allocator *allocator;
    int in, out, wake;
    int null; /* cuttable: what `in` is replaced with; -1 otherwise */
    bool owned, watching;
    bool socket; /* out is one */
    bool quiet;  /* out is written without raising SIGPIPE */
};

/* Wait until `fd` is ready. VGI_OK, VGI_ETIMEDOUT, VGI_ECANCELLED (wake), VGI_EIO. */
static int wait_ready(int fd, short events, int wake, unsigned timeout_ms, vgi_error *err)
{
    struct pollfd fds[2] = { { .fd = wake, .events = POLLIN },
                             { .fd = fd, .events = events } };
    const uint64_t start = timeout_ms != 0 ? vgi__clock_ns() : 0;
    int left = timeout_ms == 0 ? -1 : (int)(timeout_ms > INT_MAX ? INT_MAX : timeout_ms);

    for (;;) {
        const int n = poll(fds, 2, left);

        if (n > 0 && fds[0].revents != 0)
            return vgi__fail(err, VGI_ECANCELLED, NULL, "stopped while idle");
        if (n > 0)
            return VGI_OK;
        if (n < 0 && errno != EINTR)
            return vgi__fail_errno(err, VGI_EIO, "poll");
        if (timeout_ms == 0)
            continue;
        const uint64_t passed = (vgi__clock_ns() - start) / 1000000;
        if (n == 0 || passed >= timeout_ms)
            return vgi__fail(err, VGI_ETIMEDOUT, NULL, "nothing to %s for %u ms",
                             events == POLLIN ? "read" : "write", timeout_ms);
        left = (int)(timeout_ms - passed);
    }
}

static int fd_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    struct fd_io *f = (struct fd_io *)io;
    bool wait = f->watching || io->read_timeout_ms != 0;

    if (n > CHUNK_BYTES)
        n = CHUNK_BYTES;
    for (;;) {
        int rc;

        if (wait && (rc = wait_ready(f->in, POLLIN, f->watching ? f->wake : -1,
                                     io->read_timeout_ms, err)) != VGI_OK)
            return rc;
        const ssize_t r = read(f->in, buf, n);
        if (r > 0) {
            *got = (size_t)r;
            return VGI_OK;
        }
        if (r == 0)
            return VGI_END;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            wait = true;
        else if (errno != EINTR)
            return vgi__fail_errno(err, errno == ECONNRESET ? VGI_ECLOSED : VGI_EIO,
                                   "read");
    }
}

/* writev(2) in a process that does not ignore SIGPIPE. */
static ssize_t write_quietly(int fd, const struct iovec *iov, int n)
{
    sigset_t sigpipe, before, pending;
    int cause, number;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    const ssize_t w = writev(fd, iov, n);
    cause = errno;
    if (w < 0 && cause == EPIPE && !sigismember(&before, SIGPIPE) &&
        sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE))
        sigwait(&sigpipe, &number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = cause;
    return w;
}

/* One buffer, which is what most answers are, costs less without a list of them. */
static ssize_t write_one(const struct fd_io *f, const struct iovec *one, int flags)
{
    return f->socket ? send(f->out, one->iov_base, one->iov_len, flags)
                     : write(f->out, one->iov_base, one->iov_len);
}

static ssize_t write_many(const struct fd_io *f, struct iovec *iov, size_t n, int flags)
{
    const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

    return f->socket ? sendmsg(f->out, &msg, flags) : writev(f->out, iov, (int)n);
}

/* Write some of the buffers, as write(2) does. */
static ssize_t write_some(struct fd_io *f, struct iovec *iov, size_t n)
{
    const int flags = MSG_NOSIGNAL | (f->io.write_timeout_ms != 0 ? MSG_DONTWAIT : 0);
    const size_t len = iov[0].iov_len;
    size_t count = 0, bytes = 0;
    ssize_t w;

    while (count < n && count < IOV_MAX && iov[count].iov_len <= CHUNK_BYTES - bytes)
        bytes += iov[count++].iov_len;
    if (count == 0) { /* one buffer is more than a chunk */
        iov[0].iov_len = CHUNK_BYTES;
        count = 1;
    }
    if (f->quiet)
        w = write_quietly(f->out, iov, (int)count);
    else if (count == 1)
        w = write_one(f, iov, flags);
    else
        w = write_many(f, iov, count, flags);
    iov[0].iov_len = len;
    return w;
}

/* Drop what has been written, and empty buffers. */
static void advance(struct iovec **iov, size_t *n, size_t written)
{
    while (*n > 0 && written >= (*iov)->iov_len) {
        written -= (*iov)->iov_len;
        ++*iov;
        --*n;
    }
    if (*n > 0) {
        (*iov)->iov_base = (char *)(*iov)->iov_base + written;
        (*iov)->iov_len -= written;
    }
}

static int fd_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    struct fd_io *f = (struct fd_io *)io;

    for (advance(&iov, &n, 0); n > 0;) {
        const ssize_t w = write_some(f, iov, n);
        int rc;

        if (w >= 0) {
            advance(&iov, &n, (size_t)w);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if ((rc = wait_ready(f->out, POLLOUT, -1, io->write_timeout_ms, err)) !=
                VGI_OK)
                return rc;
        } else if (errno != EINTR) {
            const bool gone = errno == EPIPE || errno == ECONNRESET;

            return vgi__fail_errno(err, gone ? VGI_ECLOSED : VGI_EIO, "write");
        }
    }
    return VGI_OK;
}

static void fd_close(vgi__io *io)
{
    struct fd_io *f = (struct fd_io *)io;

    if (f->owned || f->null >= 0)
        close(f->in);
    if (f->owned && f->out != f->in)
        close(f->out);
    if (f->null >= 0)
        close(f->null);
    vgi__free(f->allocator, f);
}

static const struct vgi__io_ops fd_ops = { fd_read, fd_write, fd_close };

static void widen(int fd, const struct stat *st)
{
#ifdef F_SETPIPE_SZ
    if (S_ISFIFO(st->st_mode))
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
#else
    (void)fd, (void)st;
#endif
}

static int make_cuttable(struct fd_io *f, vgi_error *err)
{
    const int own = fcntl(f->in, F_DUPFD_CLOEXEC, 0);

    f->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (own >= 0 && f->null >= 0) {
        if (f->owned && f->in != f->out)
            close(f->in);
        f->in = own;
        return VGI_OK;
    }
    const int rc = vgi__fail_errno(err, VGI_EIO, "cannot duplicate the input");
    if (own >= 0)
        close(own);
    if (f->null >= 0)
        close(f->null);
    return rc;
}

static bool ignores_sigpipe(void)
{
    struct sigaction action;

    return sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int vgi__fd_open(vgi__io **out, const vgi__fd_options *o, const vgi_allocator *a,
                 vgi_error *err)
{
    struct stat in, to;
    struct fd_io *f;
    int rc;

    if (fstat(o->in_fd, &in) != 0 || fstat(o->out_fd, &to) != 0)
        return vgi__fail_errno(err, VGI_EIO, "not an open descriptor");
    if (!(f = vgi__calloc(a, 1, sizeof(*f))))
        return vgi__fail_nomem(err);
    widen(o->in_fd, &in);
    if (o->out_fd != o->in_fd)
        widen(o->out_fd, &to);
    f->io.ops = &fd_ops;
    f->allocator = a;
    f->in = o->in_fd;
    f->out = o->out_fd;
    f->wake = o->wake_fd;
    f->owned = o->owned;
    f->socket = S_ISSOCK(to.st_mode);
    f->quiet = !f->socket && !ignores_sigpipe();
    f->null = -1;
    if (o->cuttable && (rc = make_cuttable(f, err)) != VGI_OK) {
        vgi__free(a, f);
        return rc;
    }
    *out = &f->io;
    return VGI_OK;
}

void vgi__fd_watch_wake(vgi__io *io, bool on)
{
    struct fd_io *f = (struct fd_io *)io;

    f->watching = on && f->wake >= 0;
}

void vgi__fd_cut(vgi__io *io)
{
    struct fd_io *f = (struct fd_io *)io;
    const int saved = errno;

    (void)dup2(f->null, f->in);
    errno = saved;
}
