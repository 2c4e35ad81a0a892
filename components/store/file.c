/* SPDX-License-Identifier: Apache-2.0 */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/fail.h"

const char *vgi__variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* Up to `limit` bytes; -1 with errno. */
static ssize_t read_all(int fd, char *data, size_t limit)
{
    size_t len = 0;
    while (len < limit) {
        const ssize_t n = read(fd, data + len, limit - len);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

int vgi__file_read(const char *path, vgi_arena *mem, vgi_str *text, vgi_error *err)
{
    char *data = vgi_arena_alloc(mem, VGI_STORE_FILE_BYTES + 1);
    if (!data)
        return vgi__store_nomem(err);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return vgi__store_fail(err, errno == ENOENT ? VGI_ENOTFOUND : VGI_EIO, "%s: %s",
                               path, strerror(errno));
    const ssize_t len = read_all(fd, data, VGI_STORE_FILE_BYTES + 1);
    const int why = errno;
    close(fd);
    if (len < 0)
        return vgi__store_fail(err, VGI_EIO, "%s: %s", path, strerror(why));
    if ((size_t)len > VGI_STORE_FILE_BYTES)
        return vgi__store_fail(err, VGI_ELIMIT, "%s: the limit is %zu bytes", path,
                               VGI_STORE_FILE_BYTES);
    *text = (vgi_str){ data, (size_t)len };
    return VGI_OK;
}
