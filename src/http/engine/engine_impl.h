/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: what the files of the engine share.
 *
 * Who owns a connection. One thread at a time, or nobody: then it is armed, in the epoll
 * set, and whoever takes it is the owner: the thread that epoll gave an event of it, or
 * the keeper when its deadline is over. `lock` makes arming one step, so that nobody can
 * take a connection while the kernel is still being told about it. Everything else of a
 * connection is its owner's, without a lock.
 *
 *        admit            event                          answered, more to come
 *   free ------> armed ------------> owned by a thread --------------------> armed
 *                  |   deadline                |
 *                  +--------> owned by keeper  |  closed
 *                                   +----------+-------> free
 *
 * Connections live in one table and are never freed while the engine runs. So an event
 * that comes late, after the keeper closed its connection, finds either a connection that
 * is not armed, and is dropped, or a new one in the same place, which is looked at once
 * for nothing.
 *
 *   file            what it does
 *   engine.c        start, the keeper's loop, drain, end
 *   accept.c        the listener
 *   connection.c    the table: take, arm, close
 *   deadlines.c     when a connection is to be closed, and closing it
 *   thread.c        epoll's other end; growing and shrinking
 *   converse.c      one connection's requests, one after the other
 *   intake.c        a request while it is received: parser and body
 *   answer.c        head of a response; refusals; after the last byte
 *   write.c         bytes of a response to the socket, now or later
 *
 * The keeper is the thread that called vgi__engine_run. It accepts, looks at deadlines
 * and starts threads; it never runs a handler.
 */
#ifndef VGI_HTTP_ENGINE_IMPL_H
#define VGI_HTTP_ENGINE_IMPL_H

#include <netinet/in.h>
#include <pthread.h>

#include "http/engine/engine.h"
#include "http/parser/parser.h"

/* Read at once. What a pipelining client sent too early is kept, up to this. */
#define VGI__READ_BYTES ((size_t)64 << 10)
/* First block of a body; bodies of that size find one that is there. */
#define VGI__BODY_STEP ((size_t)8 << 10)
/* How long a thread waits on the one connection that it has just answered, or whose
 * socket is full, while others wait for all connections; and how many times, before it
 * joins them. */
#define VGI__STAY_MS 10
#define VGI__STAYS 64
/* After a refusal the peer may go on sending for so long and so much. */
#define VGI__LINGER_MS 2000
#define VGI__LINGER_BYTES ((int64_t)256 << 20)

typedef struct vgi__engine vgi__engine;
typedef struct vgi__conn vgi__conn;
typedef struct vgi__thread vgi__thread;

/* A request while it is received. */
typedef struct vgi__intake {
    vgi__engine *engine;
    vgi__http_parser *parser;
    vgi__block *body;
    size_t len;       /* of the body so far */
    int64_t declared; /* -1: chunked; 0: no body, or the head is not complete */
    int64_t charged;  /* to the engine's budget */
} vgi__intake;

typedef enum vgi__phase {
    VGI__FREE,
    VGI__IDLE,  /* nothing of a request was received, but perhaps `stash` */
    VGI__HEAD,  /* a part of a head was */
    VGI__BODY,  /* the head was */
    VGI__WRITE, /* `rest` waits for room in the socket */
    VGI__LINGER /* answered; what still comes is thrown away */
} vgi__phase;

typedef enum vgi__after { VGI__KEEP, VGI__CLOSE, VGI__CLOSE_LATER } vgi__after;

struct vgi__conn {
    pthread_mutex_t lock;
    bool armed; /* under `lock` */
    bool known; /* to epoll */
    int fd;     /* -1: free */
    vgi__phase phase;
    vgi__after after;    /* the response in `rest` */
    uint32_t next;       /* free list */
    vgi__intake *intake; /* HEAD, BODY */
    uint64_t since;      /* ms; of the phase */
    uint64_t progress;   /* ms; when bytes came or went last */
    uint8_t *stash;      /* bytes behind the request that is being answered */
    size_t n_stash;
    vgi__block *rest; /* of a response */
    size_t rest_at, rest_len;
    int64_t lingered;            /* bytes thrown away */
    char peer[INET6_ADDRSTRLEN]; /* "": options->peer */
};

struct vgi__thread {
    vgi__engine *engine;
    vgi__thread *next;
    pthread_t id;
    atomic_bool ended;
    atomic_bool blocked; /* perhaps: in a handler, or waiting for one peer */
    bool slept;          /* before the event that it serves */
    void *worker;
    vgi__http_response rs;
    vgi__intake *intake;       /* for the next request; NULL: a connection took it */
    vgi__block *small, *large; /* of earlier bodies */
    uint8_t *buffer;           /* VGI__READ_BYTES */
    const uint8_t *bytes;      /* received and not looked at yet, of the connection ... */
    size_t n_bytes;            /* ... that is served */
    unsigned stays;            /* left on that connection */
    int64_t date_at;           /* seconds; of `date` */
    char date[88];
};

struct vgi__engine {
    const vgi__engine_options *options;
    const vgi__http_app *app;
    int epoll;
    int nudge; /* eventfd: the keeper should look around */
    int quit;  /* eventfd, in the epoll set: threads end */
    int listener;
    /* connections */
    vgi__conn *conns;                 /* max_connections */
    atomic_uint_least64_t *deadlines; /* ms, of each; 0: none. Dense, to be scanned */
    pthread_mutex_t lock;             /* of the next three, and of closing descriptors */
    uint32_t free;                    /* first free connection */
    uint32_t used;                    /* connections that are not */
    uint32_t touched;                 /* connections that ever were */
    atomic_bool full;                 /* the keeper waits for a free connection */
    atomic_int_least64_t charged;     /* bytes of bodies, stashes and rests */
    /* threads; see thread.c */
    vgi__thread keeper; /* without a worker */
    vgi__thread *threads;
    unsigned cores;
    atomic_uint running;          /* all threads */
    atomic_uint active;           /* without those that stand by */
    atomic_uint wanted;           /* that many should be */
    atomic_uint waiting;          /* in epoll_wait */
    atomic_bool short_of_threads; /* nobody waits; the keeper knows */
    pthread_mutex_t bench;        /* of the next three */
    pthread_cond_t called;
    unsigned standing_by, calls; /* calls: of those, that may come back */
    bool ending;
    /* the keeper's, in ms */
    uint64_t scan_at, grow_at;
    uint64_t pause_until; /* no accept before */
    unsigned blocked;     /* threads, average, in 1/16 */
    /* the end */
    atomic_bool draining, cut; /* no new requests; no new handlers */
};

/* engine.c */
uint64_t vgi__engine_ms(void);
void vgi__engine_nudge(vgi__engine *e);
/* Account for `n` more bytes. False: over the budget. */
bool vgi__engine_charge(vgi__engine *e, int64_t n);
/* The same for what is there already and must not get lost. */
void vgi__engine_charge_anyway(vgi__engine *e, int64_t n);
bool vgi__engine_is_over(vgi__engine *e);
void vgi__engine_discharge(vgi__engine *e, int64_t n);

/* accept.c */
bool vgi__accept_wanted(vgi__engine *e, uint64_t now);
/* True: nobody waits any more. */
bool vgi__accept_waiting(vgi__engine *e);

/* connection.c */
int vgi__conns_open(vgi__engine *e, vgi_error *err);
void vgi__conns_close(vgi__engine *e, vgi__thread *t);
/* A free connection, owned by the caller; NULL: none. */
vgi__conn *vgi__conn_new(vgi__engine *e, int fd);
bool vgi__conn_take(vgi__conn *c);
/* Give it up until one of these events, or its deadline. */
void vgi__conn_arm(vgi__thread *t, vgi__conn *c, uint32_t events);
void vgi__conn_close(vgi__thread *t, vgi__conn *c);

/* deadlines.c */
/* When the phase it is in will be over, ms. */
uint64_t vgi__deadline(const vgi__engine *e, const vgi__conn *c);
/* Close, or answer with 408, what is late. The keeper's. */
void vgi__deadlines_scan(vgi__thread *t, uint64_t now);
/* Close idle connections that have been so for a moment. The keeper's, while draining. */
void vgi__deadlines_sweep(vgi__thread *t, uint64_t now);

/* thread.c */
void vgi__threads_init(vgi__engine *e);
int vgi__threads_start(vgi__engine *e, vgi_error *err);
/* They end: wait for them. */
void vgi__threads_close(vgi__engine *e);
/* The keeper's chore: let as many take part as are needed. */
void vgi__threads_balance(vgi__engine *e, uint64_t now);
/* Join those that have ended. */
void vgi__threads_reap(vgi__engine *e);
int vgi__thread_init(vgi__thread *t, vgi__engine *e, vgi_error *err);
void vgi__thread_release(vgi__thread *t);
/* May this thread block on one connection? */
bool vgi__thread_may_stay(vgi__thread *t);
static inline void vgi__thread_blocks(vgi__thread *t, bool blocked)
{
    atomic_store_explicit(&t->blocked, blocked, memory_order_relaxed);
}

/* converse.c */
void vgi__serve(vgi__thread *t, vgi__conn *c);
/* Keep what was received too early; it will be served when the connection is. */
bool vgi__stash(vgi__thread *t, vgi__conn *c);

/* intake.c */
/* The connection's intake; NULL: no memory. */
vgi__intake *vgi__intake_get(vgi__thread *t, vgi__conn *c);
/* The request is done with: the intake goes back to the thread. */
void vgi__intake_put(vgi__thread *t, vgi__conn *c);
void vgi__intake_free(vgi__intake *in);
/* Before the first body byte. False: over the budget. */
bool vgi__intake_expect(vgi__thread *t, vgi__intake *in);
/* Where the next bytes of a long body can be received in place: *p NULL if nowhere.
 * False: no memory. */
bool vgi__intake_tail(vgi__intake *in, uint8_t **p, size_t *n);

/* answer.c */
/* The request of the connection is complete. False: the connection is gone, or armed. */
bool vgi__answer(vgi__thread *t, vgi__conn *c);
void vgi__refuse(vgi__thread *t, vgi__conn *c, int status, const char *reason);
/* With 408: the request should have been here by now. */
void vgi__refuse_late(vgi__thread *t, vgi__conn *c);
/* What follows from the outcome of a write. False: as above. */
bool vgi__conclude(vgi__thread *t, vgi__conn *c, int rc);
void vgi__linger(vgi__thread *t, vgi__conn *c);

/* write.c */
typedef struct vgi__reply {
    struct iovec own[4]; /* status line and headers; more; an empty line; the body */
    struct iovec *more;  /* or here */
    size_t n_more;
    size_t at; /* entries sent, of both */
} vgi__reply;

/* VGI_OK sent; VGI_END what is left was copied to the connection; VGI_ECLOSED. */
int vgi__reply_send(vgi__thread *t, vgi__conn *c, vgi__reply *r);
/* Send more of `rest`. The same. */
int vgi__rest_send(vgi__thread *t, vgi__conn *c);

#endif
