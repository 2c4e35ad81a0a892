/* SPDX-License-Identifier: Apache-2.0 */
/* The one interface between byte streams and everything above: transports implement it.
 */
#ifndef VGI_BASE_IO_H
#define VGI_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vgirpc/error.h>

typedef struct vgi__io vgi__io;

struct vgi__io_ops {
    /* Read at least 1 and at most `n` (> 0) bytes into `buf`; *got says how many. Blocks.
     * VGI_OK; VGI_END at end of input; VGI_ETIMEDOUT; VGI_ECANCELLED when stopped while
     * idle; VGI_ECLOSED reset by the peer; VGI_EIO. */
    int (*read)(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err);
    /* Write everything, whatever the kernel takes at a time (short writes, IOV_MAX,
     * INT_MAX). The iov array may be changed. VGI_OK; VGI_ECLOSED broken pipe;
     * VGI_ETIMEDOUT; VGI_EIO. */
    int (*write)(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err);
    /* Release everything, the io itself included. */
    void (*close)(vgi__io *io);
};

struct vgi__io {
    const struct vgi__io_ops *ops;
    unsigned read_timeout_ms; /* 0: none */
    unsigned write_timeout_ms;
};

static inline int vgi__io_read(vgi__io *io, void *buf, size_t n, size_t *got,
                               vgi_error *err)
{
    return io->ops->read(io, buf, n, got, err);
}
static inline int vgi__io_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    return io->ops->write(io, iov, n, err);
}
static inline void vgi__io_close(vgi__io *io)
{
    if (io)
        io->ops->close(io);
}

#endif
