/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as it comes in: its head, bounded and parsed when it is complete, and its
 * body in a block that grows with what comes. */
#ifndef VGI_HTTP_CLIENT_RECEIVER_H
#define VGI_HTTP_CLIENT_RECEIVER_H

#include <vgirpc/error.h>

#include "base/block.h"
#include "base/buffer.h"
#include "http/proto/message.h"

typedef struct vgi__receiver {
    const vgi_allocator *allocator;
    vgi__buffer lines; /* of the last head: there may be heads of 1xx before it */
    size_t head_bytes, head_limit; /* of all of them */
    vgi__http_header *headers;     /* into `lines`; after vgi__receiver_headers */
    size_t n_headers, headers_cap;
    vgi__block *body;    /* of this answer */
    vgi__block *resting; /* of the one before; both are used again when they are free */
    size_t body_len;
    uint8_t *into; /* where the body goes instead; or NULL */
    int64_t max_body;
    int rc; /* why it took no more; its message is in `why` */
    vgi_error why;
} vgi__receiver;

void vgi__receiver_init(vgi__receiver *r, size_t head_limit, const vgi_allocator *a);
void vgi__receiver_free(vgi__receiver *r);
/* Before an answer, whose body goes to `into`, or into a block when that is NULL. */
void vgi__receiver_begin(vgi__receiver *r, uint8_t *into, int64_t max_body);
/* One line of a head, with its end. False: no more is wanted. */
bool vgi__receiver_line(vgi__receiver *r, const char *line, size_t n);
/* Bytes of the body, of which there will be `expected` (-1: not known). */
bool vgi__receiver_body(vgi__receiver *r, const void *p, size_t n, int64_t expected);
/* The head is complete: find its headers. */
int vgi__receiver_headers(vgi__receiver *r, vgi_error *err);
/* A reference to the body; NULL: it is empty. */
vgi__block *vgi__receiver_take(vgi__receiver *r);

#endif
