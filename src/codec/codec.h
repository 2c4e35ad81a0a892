/* SPDX-License-Identifier: Apache-2.0 */
/* zstd and lz4: buffers of Arrow messages, and zstd frames of any length. In builds
 * without the library: VGI_ENOTSUP with its name. Contexts are per thread and reused. */
#ifndef VGI_CODEC_CODEC_H
#define VGI_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vgirpc/error.h>

#include "base/buffer.h"

/* Decode exactly `out_len` bytes from the whole of `in`; anything else is VGI_EPROTO. */
int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err);
int vgi__lz4_frame_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                          vgi_error *err);

/* Was the library built with zstd? */
bool vgi__zstd_available(void);

/* Where a streaming decoder stands: it takes from `in` and gives to `out`, and both move
 * on. */
typedef struct vgi__codec_span {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
} vgi__codec_span;

/* The content size that the frame at `in` declares; -1: none. */
int64_t vgi__zstd_declared(const uint8_t *in, size_t in_len);
/* Start with the thread's next frame. Its window may have 8 MiB (what RFC 9659 grants a
 * content coding), unless it decodes in one step. */
int vgi__zstd_begin(vgi_error *err);
/* Decode as far as input and room go. VGI_END: the frame is complete. */
int vgi__zstd_step(vgi__codec_span *s, vgi_error *err);

/* Append one frame, which declares its content size. VGI_END: it would not be smaller
 * than its content, and `out` is as it was. */
int vgi__zstd_encode(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                     vgi_error *err);

#endif
