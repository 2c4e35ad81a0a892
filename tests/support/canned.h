/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server that says what it was told to, and remembers what it was asked. One
 * connection at a time. */
#ifndef VGI_TESTS_SUPPORT_CANNED_H
#define VGI_TESTS_SUPPORT_CANNED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CANNED_ANSWERS = 64, CANNED_HEAD = 8192, CANNED_BODY = 1 << 20 };

typedef enum canned_after {
    CANNED_KEEP,    /* wait for the next request */
    CANNED_AGAIN,   /* as above, and this answer to all that follow */
    CANNED_CLOSE,   /* end the connection */
    CANNED_STALL,   /* say nothing more until the client goes away */
    CANNED_REPEAT,  /* the same again and again, until the client goes away */
    CANNED_NO_READ, /* close before anything was read; no request is remembered */
} canned_after;

typedef struct canned_answer {
    const void *bytes; /* as they go over the wire; they stay */
    size_t n;
    canned_after after;
} canned_answer;

typedef struct canned_request {
    char head[CANNED_HEAD];   /* up to the empty line, NUL-terminated */
    size_t body_at, body_len; /* in `bodies` */
} canned_request;

typedef struct canned {
    int listener, port;
    pthread_t thread;
    bool started;
    atomic_int connection; /* -1: none */
    atomic_bool stopping;
    canned_answer answers[CANNED_ANSWERS];
    size_t n_answers, next;
    canned_request requests[CANNED_ANSWERS];
    uint8_t bodies[CANNED_BODY];
    size_t n_requests; /* the last of `requests` is overwritten when there are more */
    size_t bodies_len, connections;
} canned;

/* Forget everything; answers can be added. */
void canned_init(canned *c);
void canned_add(canned *c, const void *bytes, size_t n, canned_after after);
/* Listen on 127.0.0.1:port, or on a Unix socket. False: it does not work. */
bool canned_start(canned *c, const char *unix_path);
/* Stop, and wait for it; what was asked can be looked at. */
void canned_stop(canned *c);
/* The value of a header of request `i`, "-" when it is not there. Static memory. */
const char *canned_header(const canned *c, size_t i, const char *name);

#endif
