/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a segment, for people: a copy is read, nothing is mapped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vgirpc/client.h>

#include "base/fail.h"
#include "shm/table.h"

#define NAME_SIZE 256

static int open_segment(const char *name, int *fd, vgi_error *err)
{
    const size_t slash = name[0] == '/';
    char echo[VGI_ECHO_SIZE], path[NAME_SIZE];
    const int n = snprintf(path, sizeof(path), "/%s", name + slash);

    if (n <= 1 || (size_t)n >= sizeof(path) || strchr(path + 1, '/'))
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "'%s' is no name of a shared-memory segment",
                         vgi__echo(echo, vgi_str_from(name)));
    *fd = shm_open(path, O_RDONLY | O_NONBLOCK, 0); /* it may be a FIFO */
    if (*fd >= 0)
        return VGI_OK;
    return vgi__fail(err, errno == ENOENT ? VGI_ENOTFOUND : VGI_EIO, NULL,
                     "shared-memory segment '%s': %s",
                     vgi__echo(echo, vgi_str_from(name)), strerror(errno));
}

/* The whole header; the peers may be at work on it. */
static int read_header(int fd, uint8_t *header, uint64_t *size, vgi_error *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return vgi__fail_errno(err, VGI_EIO, "looking at shared memory");
    if (!S_ISREG(st.st_mode) || st.st_size <= (off_t)VGI__SHM_HEADER_BYTES ||
        pread(fd, header, VGI__SHM_HEADER_BYTES, 0) != (ssize_t)VGI__SHM_HEADER_BYTES)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "shared memory of %lld bytes, too few for a segment",
                         (long long)st.st_size);
    *size = (uint64_t)st.st_size;
    return VGI_OK;
}

/* The copies are public regions: they have the same members. */
static void publish(vgi_shm_info *out, const vgi__shm_region *regions, size_t n,
                    vgi_shm_region *to)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (vgi_shm_region){ regions[i].offset, regions[i].length };
        out->used_bytes += regions[i].length;
    }
    out->regions = to;
    out->n_regions = n;
}

static int inspect(int fd, vgi_shm_info *out, vgi_arena *mem, vgi_error *err)
{
    uint8_t *header = vgi_arena_alloc(mem, VGI__SHM_HEADER_BYTES);
    vgi__shm_region *regions =
        vgi_arena_alloc(mem, VGI__SHM_MAX_ALLOCATIONS * sizeof(*regions));
    vgi_shm_region *to;
    uint64_t size = 0;
    size_t n = 0;
    int rc;

    if (!header || !regions)
        return vgi__fail_nomem(err);
    if ((rc = read_header(fd, header, &size, err)) != VGI_OK ||
        (rc = vgi__shm_check(header, size, regions, &n, err)) != VGI_OK)
        return rc;
    if (!(to = vgi_arena_alloc(mem, (n + 1) * sizeof(*to))))
        return vgi__fail_nomem(err);
    out->bytes = size;
    out->data_bytes = size - VGI__SHM_HEADER_BYTES;
    publish(out, regions, n, to);
    return VGI_OK;
}

int vgi_shm_inspect(const char *name, vgi_shm_info *out, vgi_arena *mem, vgi_error *err)
{
    vgi_error local;
    int fd = -1;
    int rc;

    err = err ? err : &local;
    *out = (vgi_shm_info){ .size = sizeof(*out) };
    if ((rc = open_segment(name, &fd, err)) != VGI_OK)
        return rc;
    rc = inspect(fd, out, mem, err);
    (void)close(fd);
    return rc;
}
