/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: writing Arrow IPC streams.
 *
 * A writer collects what is to be sent as segments: bytes of its own scratch buffer, and
 * references to buffers of the caller of 4 KiB and more, and flushes them with one
 * gathered write. Referenced memory must stay valid until the flush. Between flushes
 * several streams may be written (header stream, data stream).
 *
 * Dictionaries: before a record batch, a dictionary message is written for each
 * dictionary whose content differs from what this stream last wrote under its id (nested
 * ones first).
 */
#ifndef VGI_ARROW_WRITER_H
#define VGI_ARROW_WRITER_H

#include "arrow/batch.h"
#include "base/buffer.h"
#include "base/io.h"

/* Buffers from this size on are referenced, smaller ones are copied. */
#define VGI__REFERENCE_BYTES 4096

typedef struct vgi__writer vgi__writer;

int vgi__writer_new(vgi__writer **out, const vgi_limits *limits, const vgi_allocator *a,
                    vgi_error *err);
void vgi__writer_free(vgi__writer *w);

/* Begin a stream. `s` is referenced until the next one begins. */
int vgi__writer_schema(vgi__writer *w, const vgi_schema *s, vgi_error *err);
/* `array` is a struct array of the begun schema; any offset. On failure nothing of it was
 * added. */
int vgi__writer_batch(vgi__writer *w, const struct ArrowArray *array,
                      const vgi_metadata *m, vgi_error *err);
/* A batch of zero rows on the begun schema (logs, errors, pointers). */
int vgi__writer_empty_batch(vgi__writer *w, const vgi_metadata *m, vgi_error *err);
int vgi__writer_eos(vgi__writer *w, vgi_error *err);
/* From here on reference nothing (or again, when false): what the caller does with its
 * memory before the flush does not matter. */
void vgi__writer_copy(vgi__writer *w, bool copy);
size_t vgi__writer_pending(const vgi__writer *w); /* bytes not flushed */
uint64_t vgi__writer_bytes(const vgi__writer *w); /* bytes added so far */
/* What is pending is forgotten, also on failure. gather: flush into memory. */
int vgi__writer_flush(vgi__writer *w, vgi__io *io, vgi_error *err);
int vgi__writer_gather(vgi__writer *w, vgi__buffer *out, vgi_error *err);
/* What is pending, lent: it stays as it is until vgi__writer_clear, which forgets it, and
 * a stream that was begun. */
int vgi__writer_view(vgi__writer *w, struct iovec **iov, size_t *n, vgi_error *err);
void vgi__writer_clear(vgi__writer *w);
/* Undo everything since a mark (a batch that turned out not to be sendable). A mark
 * within a stream is good until the next stream begins, any mark until the next flush. */
typedef struct vgi__writer_mark {
    size_t scratch, segments;
    uint64_t referenced;
    bool open; /* within a stream */
} vgi__writer_mark;
vgi__writer_mark vgi__writer_mark_here(const vgi__writer *w);
/* Append the batches of no rows that were written to `from` since the mark to `w`, which
 * is within a stream of the same schema and has its dictionaries. */
int vgi__writer_repeat(vgi__writer *w, const vgi__writer *from, vgi__writer_mark since,
                       vgi_error *err);
void vgi__writer_rewind(vgi__writer *w, vgi__writer_mark m);

/* Encode a compiled schema's IPC message (used once, by the schema). Appends to out. */
int vgi__schema_encode(const vgi_schema *s, vgi__buffer *out, vgi_error *err);

#endif
