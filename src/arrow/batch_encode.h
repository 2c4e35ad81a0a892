/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding record batches and dictionaries into a send buffer. */
#ifndef VGI_ARROW_BATCH_ENCODE_H
#define VGI_ARROW_BATCH_ENCODE_H

#include <vgirpc/metadata.h>

#include "arrow/types.h"
#include "arrow/writer.h"
#include "base/buffer.h"

/* A run of bytes to send: at `data`, or (data NULL) at `offset` in the scratch buffer. */
typedef struct vgi__segment {
    const uint8_t *data;
    size_t offset, len;
} vgi__segment;

/* What is to be sent, in order: the segments, then what is in scratch from `tail` on. */
typedef struct vgi__send {
    vgi__buffer scratch;
    vgi__segment *segments;
    size_t n_segments, segments_cap;
    size_t tail;
    uint64_t referenced; /* bytes of the segments that are not in scratch */
    bool copy;           /* reference nothing */
} vgi__send;

uint8_t *vgi__send_grow(vgi__send *o, size_t n);
/* Room for `n` more bytes of scratch; NULL: no memory. */
static inline uint8_t *vgi__send_room(vgi__send *o, size_t n)
{
    if (o->scratch.data && n <= o->scratch.cap - o->scratch.len)
        return o->scratch.data + o->scratch.len;
    return vgi__send_grow(o, n);
}
/* The first `n` bytes of the room are filled. */
static inline void vgi__send_take(vgi__send *o, size_t n)
{
    o->scratch.len += n;
}
/* End the run of scratch bytes, so that something else can follow. */
bool vgi__send_cut(vgi__send *o);

/* Append one message. `a` NULL: no rows. VGI_OK; VGI_ENOMEM; VGI_ELIMIT body or metadata
 * too large. On failure some bytes may have been added. */
int vgi__encode_batch(vgi__send *o, const vgi_schema *s, const struct ArrowArray *a,
                      const vgi_metadata *m, const vgi_limits *limits, vgi_error *err);
/* Bytes of a batch's message before its body, if it has neither metadata nor views. */
size_t vgi__encode_head_bytes(const vgi_schema *s);
int vgi__encode_dictionary(vgi__send *o, const vgi_schema *values,
                           const struct ArrowArray *a, int64_t id,
                           const vgi_limits *limits, vgi_error *err);

#endif
