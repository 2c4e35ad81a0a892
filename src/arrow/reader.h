/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: reading Arrow IPC streams from a vgi__io.
 *
 * One reader per direction of a connection; it reads one IPC stream after another. It
 * reads ahead into a block (64 KiB; what is already buffered costs no system call) and
 * hands out batches as views into it. When the block is still referenced by a kept batch,
 * the next read uses another one. Bodies that do not fit are read straight into a block
 * of their own, in growing steps: the first is at most 64 KiB, each further one at most
 * doubles what was really received. The last such block is kept and reused when nobody
 * references it.
 *
 *   +----------+----------+--------------------------+-----------------+
 *   | FFFFFFFF | len LE32 | flatbuffer Message (len) | body (bodyLen)  | ...
 *   +----------+----------+--------------------------+-----------------+
 *   end of stream: FFFFFFFF 00000000
 *
 * Failure of a batch or a schema whose message was well framed leaves the reader in sync:
 * its status is VGI_EPROTO, VGI_ELIMIT or VGI_ENOTSUP, vgi__reader_broken() is false, and
 * vgi__reader_drain() brings it to the next stream. A body over the limit is skipped
 * without being stored. Broken framing (no continuation marker, metadata over its limit
 * or without a body length, truncation) makes vgi__reader_broken() true: the connection
 * cannot be used further. So does a read that failed inside of a message; one that timed
 * out between messages can be tried again.
 *
 * An end of stream where a schema belongs is broken framing, too: a peer could send them
 * without end, and each would be answered.
 *
 * Compressed bodies: one message may be inflated to limits.decompressed_bytes, and so may
 * the dictionaries of a stream together. All of a connection may be inflated to that plus
 * 64 times the bytes received, a ratio that streams worth sending do not reach.
 *
 * Schemas up to 64 KiB are cached: see schema_cache.h.
 */
#ifndef VGI_ARROW_READER_H
#define VGI_ARROW_READER_H

#include "arrow/batch.h"
#include "arrow/schema_cache.h"
#include "base/buffer.h"
#include "base/io.h"

typedef struct vgi__reader vgi__reader;

/* `io` is borrowed; NULL: the input is what is fed. */
int vgi__reader_new(vgi__reader **out, vgi__io *io, const vgi_limits *limits,
                    const vgi_allocator *a, vgi_error *err);
void vgi__reader_free(vgi__reader *r);
/* Of a reader without io: read these `n` bytes of `block`, of which a reference is taken,
 * as a new input. What was left of the former is forgotten. Batches are views into it. */
void vgi__reader_feed(vgi__reader *r, vgi__block *block, size_t n);

/* Read the next stream's schema. *schema is borrowed until the next begin. A former
 * stream must have come to its end (VGI_EINTERNAL). VGI_END: the input ended before the
 * stream. */
int vgi__reader_begin(vgi__reader *r, const vgi_schema **schema, vgi_error *err);
/* Next record batch of the stream into `b`, which loses what it had; dictionary messages
 * on the way are applied. VGI_END at the end of the stream. Input that ends before the
 * end-of-stream marker is VGI_ECLOSED. After a failure the stream can only be drained. */
int vgi__reader_next(vgi__reader *r, vgi_batch *b, vgi_error *err);
/* Skip to the end of the current stream without decoding. VGI_OK, or a failure of framing
 * or input. */
int vgi__reader_drain(vgi__reader *r, vgi_error *err);
bool vgi__reader_broken(const vgi__reader *r);
bool vgi__reader_in_stream(const vgi__reader *r); /* between begin and end of stream */
/* The next message is wholly buffered: reading it will not block. */
bool vgi__reader_has_buffered(const vgi__reader *r);
uint64_t vgi__reader_bytes(const vgi__reader *r); /* consumed so far */

/* The schema of one message in memory; *used (may be NULL): its bytes. */
int vgi__schema_decode(vgi_schema **out, const uint8_t *p, size_t n, size_t *used,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);
/* First batch of a whole stream in memory, as views into it. `block` (of which a
 * reference is taken) holds the memory; NULL: it must outlive the batch. VGI_END: no
 * batch. */
int vgi__stream_decode(vgi_batch *b, const uint8_t *p, size_t n, vgi__block *block,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);
/* The same for who gets many streams, one after the other: what it keeps makes the next
 * one cheaper. `limits` are effective ones. */
int vgi__stream_decode_cached(vgi_batch *b, vgi__schema_cache *cache, vgi_bytes stream,
                              vgi__block *block, const vgi_limits *limits,
                              vgi_error *err);

/* A stream in memory that others may write to while it is read. */
typedef struct vgi__shared_stream {
    vgi_bytes stream;         /* whole, or its dictionaries and batch only */
    vgi__block *block;        /* that it lies in */
    const vgi_schema *schema; /* the expected one: cheap to find again, and of a stream
                                 that begins without */
    vgi__buffer *heads;       /* scratch */
    vgi__block **spare;       /* for what is copied, reused when unique */
    const vgi_limits *limits; /* effective ones */
} vgi__shared_stream;
/* First batch of it: values are views, everything else is copied. Its metadata is left
 * out. `b` may be what holds `from->schema`; its data is dropped. VGI_END: no batch. */
int vgi__stream_decode_shared(vgi_batch *b, const vgi__shared_stream *from,
                              vgi_error *err);

#endif
