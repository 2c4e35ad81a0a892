/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: from a batch row to a struct.
 *
 * Each slot gets a cell (a value of some array). The column's own type decides how it is
 * read: when it is the declared one the value is copied or pointed to; else it is
 * converted where nothing is lost (bind_value.c), and otherwise the type is refused.
 *
 * The peer chooses lengths that cost it nothing (lists of nulls, runs), so lists are
 * charged against a budget that follows from what was received, and the search for
 * columns out of order against another. Bytes that several values may show (dictionaries,
 * runs, views) cost nothing to send again, but are real ones in an answer: each value
 * that shows them is charged.
 *
 * Embedded streams are decoded into batches that end with the arena (bind_embedded.c);
 * what is bound from them borrows from those. One stream may be shown many times, so the
 * work of decoding has a budget of its own.
 */
#ifndef VGI_TYPES_BIND_H
#define VGI_TYPES_BIND_H

#include "types/cell.h"
#include "types/plan.h"

/* The work of decoding embedded streams: two units for each byte that was sent, and these
 * for nothing. */
#define VGI__DECODING_UNITS ((size_t)16 << 20)

typedef struct vgi__bind {
    const vgi_batch *batch; /* the one being read: the request, or an embedded one */
    vgi_arena *mem;
    const char *method; /* NULL: no call; shapes messages */
    vgi_error *err;
    bool shared;     /* the value lies where others may lie, too */
    size_t budget;   /* bytes that lists and copies may still take */
    size_t decoding; /* units of work that embedded streams may still take */
    size_t search;   /* names that may still be compared out of order */
    int64_t inflate; /* bytes that embedded bodies may still expand to */
} vgi__bind;

/* Where we are, for messages: "a.b[3]". */
typedef struct vgi__trail {
    const struct vgi__trail *up;
    const char *name; /* NULL: an item */
    int64_t index;
} vgi__trail;

int vgi__bind_slot(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot, vgi__cell c,
                   void *out);
/* Slots from the children of a struct-like node (`row` is theirs, offsets included). */
int vgi__bind_members(vgi__bind *b, const vgi__trail *up, const vgi__slot *slots,
                      uint32_t count, const vgi__cell *parent, bool by_position,
                      void *out);
/* A FIXED slot from a resolved cell of another type. */
int vgi__bind_converted(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                        const vgi__cell *c, void *out);
/* STR, BYTES, RAW, DECIMAL, ENUM from a resolved cell. */
int vgi__bind_text(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                   const vgi__cell *c, void *out);
/* BLOB, BATCH, SCHEMA from the bytes of a resolved binary cell. */
int vgi__bind_embedded(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       vgi_bytes bytes, void *out);
/* The first batch of an embedded stream; it ends with the arena. */
int vgi__embedded_open(vgi__bind *b, vgi_bytes bytes, vgi_batch **out);
/* The one row of an embedded stream as the record's struct. */
struct vgi__record;
int vgi__embedded_row(vgi__bind *b, struct vgi__record *r, vgi_bytes bytes, void *out);

/* "m() parameter 'a.b': text" or "column 'a.b': text". */
int vgi__bind_fail(const vgi__bind *b, const vgi__trail *at, int code, const char *type,
                   const char *fmt, ...) VGI_PRINTF(5, 6);
int vgi__bind_mismatch(const vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       const vgi__cell *c);
/* Count memory that the peer made us take. */
int vgi__bind_charge(vgi__bind *b, const vgi__trail *at, size_t bytes);
/* The bytes of a resolved binary-like cell, charged when other values may show them. */
int vgi__bind_bytes(vgi__bind *b, const vgi__trail *at, const vgi__cell *c,
                    vgi_bytes *bytes);
/* One struct from one row of slots; what record, vgi_batch_row and state decoding share.
 */
int vgi__bind_row(const vgi__slot *slots, uint32_t count, const vgi_batch *batch,
                  int64_t row, void *out, vgi_arena *mem, const char *method,
                  vgi_error *err);

#endif
