/* SPDX-License-Identifier: Apache-2.0 */
/* A byte stream that is read from one run of bytes and written to a buffer. */
#include "transport/mem/mem.h"

#include "base/alloc.h"
#include "base/fail.h"

struct mem_io {
    vgi__io io;
    const vgi_allocator *allocator;
    const uint8_t *in;
    size_t left, step;
    vgi__buffer *out;
};

static int mem_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    struct mem_io *m = (struct mem_io *)io;

    (void)err;
    if (m->left == 0)
        return VGI_END;
    if (n > m->left)
        n = m->left;
    if (m->step != 0 && n > m->step)
        n = m->step;
    memcpy(buf, m->in, n);
    m->in += n;
    m->left -= n;
    *got = n;
    return VGI_OK;
}

static int mem_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    struct mem_io *m = (struct mem_io *)io;

    if (!m->out)
        return VGI_OK;
    for (size_t i = 0; i < n; i++)
        vgi__buffer_append(m->out, iov[i].iov_base, iov[i].iov_len);
    return m->out->failed ? vgi__fail_nomem(err) : VGI_OK;
}

static void mem_close(vgi__io *io)
{
    struct mem_io *m = (struct mem_io *)io;

    vgi__free(m->allocator, m);
}

static const struct vgi__io_ops mem_ops = { mem_read, mem_write, mem_close };

int vgi__mem_open(vgi__io **out_io, const uint8_t *in, size_t n, size_t step,
                  vgi__buffer *out, const vgi_allocator *a, vgi_error *err)
{
    struct mem_io *m = vgi__calloc(a, 1, sizeof(*m));

    if (!m)
        return vgi__fail_nomem(err);
    m->io.ops = &mem_ops;
    m->allocator = a;
    m->in = in;
    m->left = n;
    m->step = step;
    m->out = out;
    *out_io = &m->io;
    return VGI_OK;
}
