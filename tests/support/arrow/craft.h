/* SPDX-License-Identifier: Apache-2.0 */
/* Streams that no writer would write, piece by piece. */
#ifndef VGI_TESTS_SUPPORT_ARROW_CRAFT_H
#define VGI_TESTS_SUPPORT_ARROW_CRAFT_H

#include <vgirpc/limits.h>

#include "arrow/reader.h"
#include "base/buffer.h"

/* ---- flatbuffers: written forwards, every field in eight bytes of its own ---- */

typedef struct craft {
    vgi__buffer out;
    size_t base; /* where the flatbuffer of the message in progress begins */
} craft;

typedef struct craft_slot {
    unsigned bytes; /* 1, 2, 4, 8; 0: absent */
    int64_t value;
} craft_slot;

#define CRAFT_REF \
    { \
        4, 0 \
    } /* a reference, to be linked */
#define CRAFT_NONE \
    { \
        0, 0 \
    }

void craft_init(craft *c);
void craft_free(craft *c);
/* Begin a message; returns the place of its header reference. */
size_t craft_message(craft *c, int kind, int version, int64_t body_bytes);
void craft_message_end(craft *c);
/* A table; *fields (may be NULL) is the place of its first field, the others follow every
 * 8 bytes. */
size_t craft_table(craft *c, const craft_slot *slots, size_t n, size_t *fields);
void craft_link(craft *c, size_t place, size_t target);
size_t craft_string(craft *c, const void *text, size_t n);
size_t craft_refs(craft *c, uint32_t n); /* items 4 bytes from its place + 4 */
size_t craft_longs(craft *c, const int64_t *items, uint32_t n, unsigned per_item);
void craft_eos(craft *c);

/* A schema message up to its vector of `n` fields, whose place is returned. */
size_t craft_schema(craft *c, uint32_t n);
/* A Field of a type without parameters. *children (may be NULL): place of that reference.
 */
size_t craft_field(craft *c, const char *name, size_t name_len, int type,
                   size_t *children);

/* ---- record batches with any numbers ---- */

enum { CRAFT_ENTRIES = 32, CRAFT_BODY = 65536 };

typedef struct craft_batch {
    int64_t nodes[2 * CRAFT_ENTRIES], buffers[2 * CRAFT_ENTRIES], counts[CRAFT_ENTRIES];
    uint32_t n_nodes, n_buffers, n_counts;
    uint8_t body[CRAFT_BODY];
    int64_t body_bytes;
    int64_t claimed; /* added to the body length that the message states */
    int codec;       /* -1: none */
    int version;     /* 4: V5 */
    bool is_dictionary, is_delta;
    int64_t id;
} craft_batch;

void craft_batch_init(craft_batch *b);
void craft_node(craft_batch *b, int64_t length, int64_t nulls);
/* Data into the body, 8-aligned, and its buffer entry. */
void craft_buffer(craft_batch *b, const void *data, int64_t n);
/* A buffer entry of any numbers. */
void craft_raw_buffer(craft_batch *b, int64_t offset, int64_t length);
/* Append the message and its body. */
void craft_put_batch(craft *c, const craft_batch *b, int64_t rows);

#endif
