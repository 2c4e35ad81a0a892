/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the one interface between calls and what carries them.
 *
 * A call sends a request and reads IPC streams as the answer; a stream goes on with
 * turns. On a byte stream a turn's input is one more batch of one input stream, and the
 * answers are one output stream. Over HTTP each turn is a request of its own, and tokens
 * tie them together. What both have in common stands here; which is in use shows nowhere
 * above.
 *
 *   unary     request, begin, next ... VGI_END
 *   stream    request, [begin, next ... VGI_END], { turn, [begin,] next }, end_input
 *
 * A channel on which an operation failed so that its place in the conversation is lost
 * says `broken`; it can then only be closed. Over HTTP there is no such place.
 *
 * What a turn lends must stay until the `next` that brings its answer.
 */
#ifndef VGI_CLIENT_CHANNEL_H
#define VGI_CLIENT_CHANNEL_H

#include "arrow/batch.h"
#include "base/io.h"
#include "transport/subprocess/subprocess.h"
#include "wire/batch_filter.h"

/* One batch to send. */
typedef struct vgi__outgoing {
    const char *method;   /* its wire name */
    const char *protocol; /* that it is addressed to; NULL: the one which is meant when
                             none is named */
    bool stream;          /* the request opens a stream */
    const vgi_schema *schema;
    const struct ArrowArray *array; /* NULL: zero rows */
    vgi_metadata metadata;
} vgi__outgoing;

typedef struct vgi__channel vgi__channel;
typedef struct vgi__client_shm vgi__client_shm; /* shm.h */

struct vgi__channel_ops {
    /* Send a request as a whole IPC stream. */
    int (*request)(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err);
    /* Read the schema of the answer's next IPC stream, borrowed until the next begin. */
    int (*begin)(vgi__channel *ch, const vgi_schema **schema, vgi_error *err);
    /* Read that stream's next batch. VGI_END: the stream is over. */
    int (*next)(vgi__channel *ch, vgi_batch *batch, vgi_error *err);
    /* Send one input of the open stream; its answer follows on the output stream. */
    int (*turn)(vgi__channel *ch, const vgi__outgoing *out, vgi_error *err);
    /* No more inputs follow. */
    int (*end_input)(vgi__channel *ch, vgi_error *err);
    /* Give up the conversation in the middle of an answer. `next` then says VGI_END, or
     * the channel is broken. */
    void (*abandon)(vgi__channel *ch);
    /* Release everything, the channel itself included. */
    void (*close)(vgi__channel *ch);
};

struct vgi__channel {
    const struct vgi__channel_ops *ops;
    bool broken;
    bool seed_only; /* unless the caller names a protocol, no request does, and there is
                       no reflection */
    vgi__batch_filter *external; /* follows pointers, lent; NULL: nobody does */
    vgi__client_shm *shm;        /* for byte streams, lent; or NULL */
};

/* A channel on a byte stream. Takes `io` and, unless NULL, the process at its other end;
 * on failure both stay the caller's. */
int vgi__bytes_channel_new(vgi__channel **out, vgi__io *io,
                           const vgi__subprocess *process, const vgi_limits *limits,
                           const vgi_allocator *a, vgi_error *err);

#endif
