/* SPDX-License-Identifier: Apache-2.0 */
/* A server behind one transport, in a thread of its own, and clients of it. */
#ifndef VGI_TESTS_BATTERY_RIG_H
#define VGI_TESTS_BATTERY_RIG_H

#include <pthread.h>

#include <vgirpc/server.h>

#include "support/peer.h"
#include "support/traced.h"

typedef struct rig rig;

/* How a transport starts a server and brings a client to it. */
typedef struct transport {
    const char *name;
    const char *kind; /* as handlers see it */
    bool many;        /* serves further connections after one has gone */
    void (*start)(rig *r);
    vgi__io *(*connect)(rig *r);
} transport;

struct rig {
    const transport *transport;
    vgi_server *server;
    pthread_t thread;
    int rc;              /* what the serve returned */
    vgi__io *near, *far; /* mem: the two ends */
    int fds[4];          /* pipe: the server's in and out, the client's in and out */
    char directory[32], path[48];
    peer p; /* the client */
};

extern const vgi_service battery_service;
/* How often the cancel callback ran. */
int battery_cancelled(void);

/* NULL: there is none of that name. */
const transport *rig_transport(const char *name);
/* A running server and one connected client. */
void rig_open(rig *r, const transport *t);
/* Another client in place of the one there. */
void rig_reconnect(rig *r);
/* End both; what the serve returned. */
int rig_close(rig *r);

#endif
