/* SPDX-License-Identifier: Apache-2.0 */
/* A small HTTP server of objects, on threads of its own, that does not always do what it
 * should. */
#ifndef TESTS_SUPPORT_EXTERNAL_STORE_H
#define TESTS_SUPPORT_EXTERNAL_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_OBJECTS = 128, STORE_CONNECTIONS = 64 };

/* How an object is served. All zero: as it should be. */
typedef struct store_manner {
    const char *encoding; /* Content-Encoding */
    const char *location; /* GET and HEAD are redirected there, */
    int status;           /* with this; or refused with this, when there is no location */
    int head_status;      /* HEAD is refused with this */
    int failures;         /* so many requests get 503 first, */
    int cuts;             /* or have their body cut in the middle, */
    int garbles;          /* or a byte of it changed */
    int refusals;         /* so many parts get 503 and a long text, */
    int stalls;           /* and so often the first gets no answer at all */
    bool changes;         /* each part is of another version of the object */
    bool no_ranges;       /* Range is ignored */
    bool whole_range;     /* a part is promised, and more sent */
    bool wrong_range;     /* another part is sent than asked for */
    bool wrong_total;     /* parts tell of another length */
    bool no_length;       /* the body ends with the connection */
    unsigned pause_ms;    /* before the answer */
    unsigned trickle_ms;  /* before each byte of the body */
} store_manner;

typedef struct store_object {
    char path[64]; /* "/1?X-Amz-..." is served as "/1" */
    uint8_t *bytes;
    size_t n;
    bool there;
    store_manner manner;
    int heads, gets, parts, puts; /* asked for */
    int most_at_once;
} store_object;

typedef struct store {
    int listener, port;
    pthread_t acceptor;
    pthread_mutex_t lock;
    store_object objects[STORE_OBJECTS];
    size_t n_objects;
    pthread_t threads[STORE_CONNECTIONS];
    int fds[STORE_CONNECTIONS];
    size_t n_connections;
    atomic_int busy;
    atomic_bool stopping;
    char last_head[4096];
} store;

void store_start(store *s);
void store_stop(store *s);
/* Any thread. The bytes are copied; NULL: nothing is there yet. */
store_object *store_add(store *s, const char *path, const void *bytes, size_t n);
/* The manner, while there may still be requests; returns what is left of the old one. */
store_manner store_behave(store *s, store_object *o, store_manner manner);
/* "http://127.0.0.1:PORT" + path, in `url`. */
const char *store_url(const store *s, const char *path, char url[256]);

#endif
