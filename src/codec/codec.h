/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression of Arrow buffers. In builds without the library: VGI_ENOTSUP with its
 * name. */
#ifndef VGI_CODEC_CODEC_H
#define VGI_CODEC_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <vgirpc/error.h>

/* Decode exactly `out_len` bytes from the whole of `in`; anything else is VGI_EPROTO.
 * Contexts are per thread and reused. */
int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err);
int vgi__lz4_frame_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                          vgi_error *err);

#endif
