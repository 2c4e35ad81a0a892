/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: whose turn it is.
 *
 * Client and server change the segment's table without a lock; the lockstep stands in for
 * it. The table is ours while the server waits for us: from an answer's data, or the end
 * of an answer, to the next thing that is sent.
 *
 *          sent                        data, an exception, or the end came
 *   OURS ---------> the server's turn -------------------------------------> OURS
 *                        |     ^
 *                        +-----+  a log, a schema: it is still at work
 *
 * So the first input of a stream without a header goes inline: nothing says that the
 * server is done with the request to open it.
 *
 * A server is asked before the first call. One of release 0.15 does not know the
 * question; it takes the segment all the same, and leaves the last input of each stream
 * to us to free.
 */
#ifndef VGI_CLIENT_SHM_H
#define VGI_CLIENT_SHM_H

#include "client/channel.h"
#include "shm/port.h"

typedef enum vgi__shm_state {
    VGI__SHM_UNASKED,
    VGI__SHM_OFF, /* the server has none */
    VGI__SHM_ON,
    VGI__SHM_ON_SEED /* by release 0.15 */
} vgi__shm_state;

struct vgi__client_shm {
    const vgi_allocator *allocator;
    vgi__shm_port *port;
    vgi__shm_state state;
    bool ours;
    char size[20]; /* of the segment, decimal */
    size_t size_len;
};

int vgi__client_shm_new(vgi__client_shm **out, uint64_t bytes, const vgi_limits *limits,
                        const vgi_allocator *a, vgi_error *err);
/* The name is gone after it; views that somebody keeps stay. NULL is ignored. */
void vgi__client_shm_free(vgi__client_shm *s);

/* These take NULL for a client without a segment. */

bool vgi__client_shm_on(const vgi__client_shm *s);
/* Give back what nobody uses any more, if it is our turn. */
int vgi__client_shm_settle(vgi__client_shm *s, vgi_error *err);
/* Write a pointer to an input; VGI_END: write it inline. */
int vgi__client_shm_put(vgi__client_shm *s, vgi__writer *w, const vgi__outgoing *out,
                        vgi_error *err);
void vgi__client_shm_sent(vgi__client_shm *s);
/* A batch came: of a pointer, what it points to. */
int vgi__client_shm_came(vgi__client_shm *s, vgi_batch *b, vgi_error *err);
/* An answer is over. */
int vgi__client_shm_ended(vgi__client_shm *s, vgi_error *err);

#endif
