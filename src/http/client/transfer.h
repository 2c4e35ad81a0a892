/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP transfer after the other over one libcurl handle, which keeps the connection.
 * No RPC. One thread at a time. */
#ifndef VGI_HTTP_CLIENT_TRANSFER_H
#define VGI_HTTP_CLIENT_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/uio.h>

#include <vgirpc/error.h>

#include "base/block.h"
#include "http/proto/message.h"

typedef struct vgi__transfer vgi__transfer;

typedef struct vgi__transfer_options {
    bool insecure;
    /* Connect to addresses that everybody can reach, and to no other: not to this
     * machine, not to its network, and not by way of a proxy. */
    bool public_only;
    const char *ca_file, *unix_path;
    unsigned connect_ms, read_ms; /* 0: none; read: without any progress */
    size_t head_bytes;            /* of the answer; over it VGI_ELIMIT */
    const vgi_allocator *allocator;
} vgi__transfer_options;

typedef struct vgi__transfer_request {
    vgi__http_method method;
    const char *url;
    const vgi__http_header *headers;
    size_t n_headers;
    const struct iovec *body;
    size_t n_body;
    int64_t max_body;    /* of the answer: more is VGI_ELIMIT */
    uint8_t *into;       /* where the body goes, max_body bytes; NULL: into a block */
    unsigned timeout_ms; /* of the whole transfer; 0: none */
    /* Once it is set (and vgi__transfer_wake called) the transfer ends with
     * VGI_ECANCELLED; NULL: nobody stops it. */
    const atomic_bool *stop;
    /* It must not be executed twice: when a kept connection turns out to be closed after
     * something of the request has left, the transfer fails (VGI_ECLOSED). Without this
     * such a connection is replaced as long as no byte of an answer came. */
    bool once;
} vgi__transfer_request;

typedef struct vgi__transfer_answer {
    int status;
    const vgi__http_header *headers; /* of the last answer; until the next transfer */
    size_t n_headers;
    vgi__block *body; /* a reference for the caller; NULL: empty */
    size_t body_len;
    bool refused;   /* of a failure: the address is not public */
    bool untouched; /* of a failure: the server cannot have seen the request, and the next
                       try may fare better */
} vgi__transfer_answer;

int vgi__transfer_new(vgi__transfer **out, const vgi__transfer_options *options,
                      vgi_error *err);
void vgi__transfer_free(vgi__transfer *t);
/* VGI_OK with any status; VGI_ECONNECT, VGI_ECLOSED, VGI_ETIMEDOUT, VGI_EIO, VGI_ELIMIT,
 * VGI_EPROTO, VGI_EINVAL (the URL, or its address), VGI_ECANCELLED, VGI_ENOMEM. No
 * redirects are followed. */
int vgi__transfer_run(vgi__transfer *t, const vgi__transfer_request *rq,
                      vgi__transfer_answer *answer, vgi_error *err);
/* Any thread: the transfer, if one is running, looks at `stop` now. */
void vgi__transfer_wake(vgi__transfer *t);
vgi_str vgi__transfer_header(const vgi__transfer_answer *answer, const char *name);

#endif
