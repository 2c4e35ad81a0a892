/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the HTTP/1.1 server, without a word of RPC.
 *
 * Threads share one epoll set with EPOLLONESHOT. The thread that has read a whole request
 * runs the handler and writes the response. When all threads are busy another one is
 * started, up to a cap; surplus threads end after a while. Every connection has one
 * deadline at a time:
 *
 *   idle     between requests                         idle_ms
 *   head     from the first byte of a request         header_ms, absolute
 *   body     declared and chunked alike               header_ms + bytes / body_rate,
 *                                                     and no pause over header_ms
 *   write    while the peer reads a response          write_ms + bytes / body_rate,
 *                                                     and no pause over write_ms
 *
 * A request that is refused before its body was read gets its answer, and the connection
 * is closed in a way that lets the peer read it.
 */
#ifndef VGI_HTTP_ENGINE_ENGINE_H
#define VGI_HTTP_ENGINE_ENGINE_H

#include <stdatomic.h>

#include <vgirpc/error.h>

#include "http/proto/message.h"

/* What the engine serves. Callbacks run on its threads, several at once. */
typedef struct vgi__http_app {
    void *data;
    /* Of each thread: what it works with. */
    int (*worker_new)(void *data, void **worker, vgi_error *err);
    void (*worker_free)(void *data, void *worker);
    /* Answer a complete request. `rs` was reset. */
    void (*handle)(void *data, void *worker, const vgi__http_request *rq,
                   vgi__http_response *rs);
    /* The response was written or given up: what it borrowed may go. */
    void (*sent)(void *data, void *worker);
    /* The answer to what the engine itself refuses (400, 408, 413, 414, 431, 503):
     * fill in `rs`, whose status is set. */
    void (*refuse)(void *data, const char *reason, vgi__http_response *rs);
} vgi__http_app;

typedef struct vgi__engine_options {
    int listen_fd;            /* listening, non-blocking; closed by the engine's end */
    int wake_fd;              /* becomes readable, for good, when the engine has to end */
    const char *peer;         /* text for every peer ("unix"); NULL: its address */
    unsigned threads;         /* that are always there */
    unsigned max_threads;     /* >= threads */
    unsigned max_connections; /* more wait in the kernel's backlog */
    unsigned header_ms, idle_ms, write_ms;
    unsigned body_rate; /* bytes per second that a body must make on average, either way
                         */
    unsigned drain_ms;  /* how long running requests may go on after wake */
    size_t head_bytes, headers;
    int64_t body_bytes;       /* of one request */
    int64_t body_bytes_total; /* of all connections together, and of what waits to be
                                 read by peers; over it: 503 */
    const vgi_allocator *allocator;
    void (*unlisten)(void *user); /* just before listen_fd is closed, once; or NULL */
    void *user;                   /* for it */
} vgi__engine_options;

/* Serve until wake_fd. VGI_OK after a drain; VGI_EIO, VGI_ENOMEM it could not start. */
int vgi__engine_run(const vgi__engine_options *options, const vgi__http_app *app,
                    vgi_error *err);

#endif
