/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: reading Arrow IPC streams from a vgi__io.
 *
 * One reader per connection direction; it reads one IPC stream after another. It reads ahead into a
 * block (64 KiB; what is already buffered costs no system call) and hands out batches as views into
 * it. When the block is still referenced by a kept batch, the next read uses another one. Bodies that
 * do not fit are read straight into a block of their own, in growing steps: the first step is at most
 * 64 KiB, each further one at most doubles what was really received. The last such block is kept and
 * reused when nobody references it.
 *
 *   +----------+----------+--------------------------+-----------------+
 *   | FFFFFFFF | len LE32 | flatbuffer Message (len) | body (bodyLen)  |  ... EOS: FFFFFFFF 00000000
 *   +----------+----------+--------------------------+-----------------+
 *
 * Failure of a batch or a schema whose message was well framed leaves the reader in sync: its status
 * is VGI_EPROTO (or ELIMIT, ENOTSUP), vgi__reader_broken() is false, and vgi__reader_drain() brings it
 * to the next stream. A body over the limit is skipped without being stored (drain). Broken framing
 * (no continuation marker, metadata over its limit, truncated) makes vgi__reader_broken() true: the
 * connection cannot be used further.
 *
 * Schemas are cached by the bytes of their message (8 entries); a hit costs one memcmp and returns the
 * same vgi_schema pointer.
 */
#ifndef VGI_ARROW_READER_H
#define VGI_ARROW_READER_H

#include "arrow/batch.h"
#include "base/io.h"

typedef struct vgi__reader vgi__reader;

int vgi__reader_new(vgi__reader **out, vgi__io *io, const vgi_limits *limits, const vgi_allocator *a,
                    vgi_error *err); /* io is borrowed */
void vgi__reader_free(vgi__reader *r);

/* Read the next stream's schema. Leaves the rest of a former stream undrained only if the caller did
 * not drain: then this is an error of the caller (EINTERNAL). *schema is borrowed until the next begin.
 * VGI_END: clean end of input at a stream boundary. */
int vgi__reader_begin(vgi__reader *r, const vgi_schema **schema, vgi_error *err);
/* Next record batch of the stream into `b` (cleared first); dictionary messages on the way are applied.
 * VGI_END at end of stream (also when input ends without EOS after a complete message? no: truncated
 * input is VGI_ECLOSED + broken). */
int vgi__reader_next(vgi__reader *r, vgi_batch *b, vgi_error *err);
/* Skip to the end of the current stream without decoding. VGI_OK, or a framing/io failure. */
int vgi__reader_drain(vgi__reader *r, vgi_error *err);
bool vgi__reader_broken(const vgi__reader *r);
bool vgi__reader_in_stream(const vgi__reader *r);   /* between begin and end of stream */
bool vgi__reader_has_buffered(const vgi__reader *r); /* next message is wholly buffered: reading will not block */
uint64_t vgi__reader_bytes(const vgi__reader *r);    /* consumed so far */

/* Byte forms, for blobs inside columns and for fuzzing. */
int vgi__schema_decode(vgi_schema **out, const uint8_t *p, size_t n, size_t *used,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);
/* First batch of a whole stream in memory, as views into p (block NULL: p must outlive the batch; else a
 * reference to block is taken). The schema that `b` had
 * before is recognised by its bytes. VGI_END: no batch. */
int vgi__stream_decode(vgi_batch *b, const uint8_t *p, size_t n, vgi__block *block,
                       const vgi_limits *limits, const vgi_allocator *a, vgi_error *err);

#endif
