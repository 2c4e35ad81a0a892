/* SPDX-License-Identifier: Apache-2.0 */
/* A server behind a URL: requests as POSTs, and what was learnt about it from its
 * answers.
 */
#ifndef VGI_CLIENT_HTTP_H
#define VGI_CLIENT_HTTP_H

#include <vgirpc/client.h>

#include "arrow/writer.h"
#include "client/channel.h"
#include "http/client/transfer.h"
#include "http/coding/coding.h"

#define VGI__ARROW_TYPE "application/vnd.apache.arrow.stream"

typedef struct vgi__http_peer {
    const vgi_allocator *allocator;
    vgi__transfer *transfer;
    char *base; /* URL without the last '/' */
    vgi__http_header
        *headers; /* of the caller, into `texts`; room for ours behind them */
    size_t n_headers;
    char **texts;
    bool compress;
    size_t min_bytes; /* of a request, to compress it */
    unsigned retries;
    int64_t max_answer; /* bytes, coded and decoded */
    vgi__buffer url, coded;
    /* Learnt: which codings it takes (none before the first answer), and the longest
     * request (0: it did not tell). */
    bool takes[VGI__CODING_UNKNOWN];
    int64_t max_request;
    bool uploads; /* it names places for longer ones, of at most */
    int64_t max_upload;
    bool too_large;                      /* that was the fault of the last request */
    const struct vgi_external *external; /* who uploads, to which places; NULL: nobody */
} vgi__http_peer;

/* An answer: an Arrow stream, or several. */
typedef struct vgi__http_body {
    vgi__block *block; /* a reference */
    size_t len;
} vgi__http_body;

/* Where a request goes. */
typedef struct vgi__http_route {
    vgi_str protocol; /* null: the server's first, at the addresses of the seed epoch */
    vgi_str method;
    const char *tail; /* "", "/init", "/exchange" */
    bool idempotent;  /* it may be repeated even if the server has seen it */
} vgi__http_route;

void vgi__http_peer_init(vgi__http_peer *p, const vgi_allocator *a);
void vgi__http_peer_free(vgi__http_peer *p);
/* POST what is pending on the writer, which is clear then. VGI_OK: the answer is Arrow,
 * whatever its status; everything else is a failure. */
int vgi__http_post(vgi__http_peer *p, const vgi__http_route *route, vgi__writer *w,
                   vgi__http_body *body, vgi_error *err);

/* http_upload.c */
/* Can a request that was too large, of so many bytes, be made in another way? */
bool vgi__http_may_upload(const vgi__http_peer *p, size_t bytes);
/* That way, with `w` for scratch. */
int vgi__http_post_uploaded(vgi__http_peer *p, const vgi__http_route *route,
                            vgi__writer *w, const vgi__outgoing *out,
                            vgi__http_body *body, vgi_error *err);
/* A whole stream; on failure there is nothing of it. */
int vgi__http_write(vgi__writer *w, const vgi__outgoing *out, vgi_error *err);

/* An answer that is not Arrow, as the failure that it means. */
int vgi__http_refusal(const vgi__http_peer *p, const vgi__http_route *route,
                      const vgi__transfer_answer *answer, size_t request_bytes,
                      vgi_error *err);

/* A channel on the peer, which it takes; on failure the peer stays the caller's. */
int vgi__http_channel_new(vgi__channel **out, const vgi__http_peer *peer,
                          const vgi_limits *limits, vgi_error *err);

#endif
