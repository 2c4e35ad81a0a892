/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets. */
#include "transport/unix/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fail.h"

static int address_of(struct sockaddr_un *addr, const char *path, vgi_error *err)
{
    const size_t n = strlen(path);

    memset(addr, 0, sizeof(*addr));
    addr->sun_family = AF_UNIX;
    if (n == 0 || n >= sizeof(addr->sun_path))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "socket path of %zu bytes: 1 to %zu are possible", n,
                         sizeof(addr->sun_path) - 1);
    memcpy(addr->sun_path, path, n + 1);
    return VGI_OK;
}

static int open_socket(int *fd, vgi_error *err)
{
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *fd < 0 ? vgi__fail_errno(err, VGI_EIO, "socket") : VGI_OK;
}

/* Remove a socket file that nobody listens on. */
static int remove_stale(const struct sockaddr_un *addr, int fd, vgi_error *err)
{
    struct stat st;

    if (lstat(addr->sun_path, &st) != 0)
        return VGI_OK; /* bind will say what is wrong, if anything is */
    if (!S_ISSOCK(st.st_mode))
        return vgi__fail(err, VGI_EINVAL, "ValueError", "%s exists and is no socket",
                         addr->sun_path);
    if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
        return vgi__fail(err, VGI_EIO, NULL, "%s: somebody listens there",
                         addr->sun_path);
    if (errno != ECONNREFUSED)
        return vgi__fail_errno(err, VGI_EIO, addr->sun_path);
    if (unlink(addr->sun_path) != 0 && errno != ENOENT)
        return vgi__fail_errno(err, VGI_EIO, addr->sun_path);
    return VGI_OK;
}

int vgi__unix_listen(const char *path, int *fd, vgi_error *err)
{
    struct sockaddr_un addr;
    int probe, rc;

    if ((rc = address_of(&addr, path, err)) != VGI_OK ||
        (rc = open_socket(&probe, err)) != VGI_OK)
        return rc;
    rc = remove_stale(&addr, probe, err);
    close(probe);
    if (rc != VGI_OK || (rc = open_socket(fd, err)) != VGI_OK)
        return rc;
    if (bind(*fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0 &&
        listen(*fd, SOMAXCONN) == 0)
        return VGI_OK;
    rc = vgi__fail_errno(err, VGI_EIO, path);
    close(*fd);
    return rc;
}

/* A listener with a full backlog answers EAGAIN at once; wait for it a little. */
static int connect_patiently(int fd, const struct sockaddr_un *addr, unsigned timeout_ms,
                             vgi_error *err)
{
    const unsigned pause_ms = 10;

    for (unsigned waited = 0;; waited += pause_ms) {
        if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
            return VGI_OK;
        if (errno != EAGAIN && errno != EINTR)
            return vgi__fail_errno(err, VGI_ECONNECT, addr->sun_path);
        if (timeout_ms != 0 && waited >= timeout_ms)
            return vgi__fail(err, VGI_ETIMEDOUT, NULL,
                             "%s: no connection accepted for %u ms", addr->sun_path,
                             timeout_ms);
        (void)poll(NULL, 0, (int)pause_ms);
    }
}

int vgi__unix_connect(const char *path, unsigned timeout_ms, int *fd, vgi_error *err)
{
    struct sockaddr_un addr;
    int rc;

    if ((rc = address_of(&addr, path, err)) != VGI_OK ||
        (rc = open_socket(fd, err)) != VGI_OK)
        return rc;
    rc = connect_patiently(*fd, &addr, timeout_ms, err);
    if (rc == VGI_OK && fcntl(*fd, F_SETFL, 0) != 0)
        rc = vgi__fail_errno(err, VGI_EIO, "fcntl");
    if (rc != VGI_OK)
        close(*fd);
    return rc;
}

bool vgi__unix_peer(int fd, uid_t *user)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    *user = peer.uid;
    return true;
}
