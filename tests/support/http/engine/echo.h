/* SPDX-License-Identifier: Apache-2.0 */
/* An engine in a thread that serves a small app, and a client that speaks in raw bytes.
 *
 *   /echo        the request's body, not copied
 *   /bytes/N     N bytes
 *   /sleep/MS    answers so much later
 *   /status/N    that status, with a body of 4 bytes
 *   /close       ends the connection
 *   /peer        the peer's address
 *   /broken      runs out of memory while it writes the response
 *   others       "hello"
 */
#ifndef VGI_TESTS_SUPPORT_HTTP_ENGINE_ECHO_H
#define VGI_TESTS_SUPPORT_HTTP_ENGINE_ECHO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/engine/engine.h"

typedef struct echo {
    vgi__engine_options options; /* preset by echo_prepare; change before echo_start */
    int wake[2];
    int port; /* 0: a Unix socket */
    char directory[32], path[48];
    pthread_t thread;
    bool started;
    int rc;
    atomic_bool ended;
    atomic_int running; /* handlers */
    atomic_int handled, sent, refused;
    atomic_int workers; /* that exist */
    atomic_int unlistened;
} echo;

/* Listening on a free port of 127.0.0.1, with limits that tests can reach. */
void echo_prepare(echo *s);
void echo_prepare_unix(echo *s);
void echo_start(echo *s);
void echo_begin(echo *s); /* prepare, start */
void echo_stop(echo *s);  /* as SIGTERM; does not wait */
/* Stop and wait. Milliseconds that it took. */
uint64_t echo_end(echo *s);

/* ---- a client ---- */

typedef struct answer {
    int status;      /* 0: none; the connection ended, or nothing came in time */
    char head[4096]; /* all of it, NUL-terminated */
    uint8_t *body;   /* see answer_free */
    size_t len;
    bool reset; /* the connection did not end in order */
} answer;

int echo_connect(const echo *s); /* reads wait for 10 s at most; -1 */
bool say(int fd, const char *text);
bool say_bytes(int fd, const void *bytes, size_t n);
/* Read one response. `bodiless`: it answers a HEAD request. */
void hear(int fd, answer *a, bool bodiless);
/* Say it, read one response, return its status. */
int ask(int fd, const char *text);
/* The same on a connection of its own. */
int ask_alone(const echo *s, const char *text);
/* Has the server closed the connection? Waits up to `ms`. */
bool hung_up(int fd, unsigned ms);
bool answer_has(const answer *a, const char *header_line);
void answer_free(answer *a);
uint64_t now_ms(void);
void pause_ms(unsigned ms);

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

#endif
