/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: buffers that cannot be used where they lie.
 *
 * A compressed buffer is its size as int64, then an lz4 or zstd frame; size -1 says that
 * the rest is stored. Buffers that are not 8-aligned in memory are copied too. The first
 * such buffer of a body measures all that follow and makes one block for them: what they
 * declare is summed and compared with the limit before anything is allocated.
 *
 * Of a body that others may write to, buffers are copied as the decoder says: it reserves
 * the block beforehand.
 */
#ifndef VGI_ARROW_INFLATE_H
#define VGI_ARROW_INFLATE_H

#include <vgirpc/error.h>
#include <vgirpc/value.h>

#include "base/block.h"

typedef enum vgi__body_codec {
    VGI__CODEC_NONE = -1,
    VGI__CODEC_LZ4 = 0,
    VGI__CODEC_ZSTD = 1
} vgi__body_codec;

typedef struct vgi__inflater {
    int codec;
    vgi_bytes body;
    int64_t limit; /* most decompressed bytes */
    const vgi_allocator *allocator;
    vgi__block *block; /* reference; NULL: nothing needed it yet */
    size_t used;
    int64_t inflated; /* of that, what was compressed */
} vgi__inflater;

static inline bool vgi__inflate_needed(const vgi__inflater *f, const uint8_t *data)
{
    return f->codec != VGI__CODEC_NONE || ((uintptr_t)data & 7) != 0;
}

/* Replace *buffer (a range of the body) by its usable form. `table` are the `count` pairs
 * of int64 offset and length of this buffer and those behind it. `spare` may be NULL. */
int vgi__inflate(vgi__inflater *f, vgi_bytes *buffer, const uint8_t *table,
                 uint32_t count, vgi__block **spare, vgi_error *err);

/* Make the block, of `total` bytes. */
int vgi__inflate_reserve(vgi__inflater *f, size_t total, vgi__block **spare,
                         vgi_error *err);
/* Replace *buffer by a copy in the block, which must have room for it, padded to 8. */
void vgi__inflate_copy(vgi__inflater *f, vgi_bytes *buffer);

#endif
