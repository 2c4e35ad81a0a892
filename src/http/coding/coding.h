/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings of HTTP bodies: zstd and gzip, both ways, bounded. Contexts are per
 * thread and reused. */
#ifndef VGI_HTTP_CODING_CODING_H
#define VGI_HTTP_CODING_CODING_H

#include <stdbool.h>
#include <sys/uio.h>

#include <vgirpc/error.h>

#include "base/block.h"
#include "base/buffer.h"

typedef enum vgi__coding {
    VGI__CODING_IDENTITY,
    VGI__CODING_ZSTD,
    VGI__CODING_GZIP,
    VGI__CODING_UNKNOWN
} vgi__coding;

vgi__coding vgi__coding_parse(vgi_str token); /* case is ignored */
const char *vgi__coding_name(vgi__coding c);  /* "zstd" */
/* Can this build decode and encode it? */
bool vgi__coding_available(vgi__coding c);

/* Decode a whole body into a new block (of *len bytes). It grows with what comes out, so
 * a bomb never holds more than `cap`. Frames without a content size are fine; a declared
 * size over the cap is refused at once; several frames are decoded one after the other;
 * bytes behind the last one are refused. VGI_ELIMIT over the cap; VGI_EPROTO; VGI_ENOMEM.
 */
int vgi__coding_decode(vgi__coding c, const uint8_t *in, size_t n, size_t cap,
                       const vgi_allocator *a, vgi__block **out, size_t *len,
                       vgi_error *err);

/* Append the coded form of `iov` to `out`. VGI_END: it would not be smaller, and `out` is
 * as it was. level: zstd 1 to 19, gzip 1 to 9. */
int vgi__coding_encode(vgi__coding c, int level, const struct iovec *iov, size_t n,
                       vgi__buffer *out, vgi_error *err);

#endif
