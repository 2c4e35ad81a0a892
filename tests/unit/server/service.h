/* SPDX-License-Identifier: Apache-2.0 */
/* The service that the server tests host, and a server in a thread of its own. */
#ifndef VGI_TESTS_SERVER_SERVICE_H
#define VGI_TESTS_SERVER_SERVICE_H

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vgirpc/server.h>

#include "support/peer.h"
#include "support/traced.h"
#include "transport/fd/fd.h"
#include "transport/unix/unix.h"

typedef struct number {
    int64_t value;
} number;
VGI_STRUCT(number, VGI_FIELD(number, value));

static atomic_int calls_running;

static int twice(vgi_call *call, const number *in, int64_t *out)
{
    (void)call;
    *out = in->value * 2;
    return VGI_OK;
}
VGI_UNARY(twice, number, int64_t, .doc = "Double a number.");

/* Take `value` milliseconds. */
static int nap(vgi_call *call, const number *in, int64_t *out)
{
    (void)call;
    atomic_fetch_add(&calls_running, 1);
    (void)poll(NULL, 0, (int)in->value);
    atomic_fetch_sub(&calls_running, 1);
    *out = in->value;
    return VGI_OK;
}
VGI_UNARY(nap, number, int64_t);

static int forever_open(vgi_call *call, const vgi_void *in, number *st)
{
    (void)call, (void)in, (void)st;
    return VGI_OK;
}

static int forever_next(vgi_call *call, number *st, vgi_output *out)
{
    (void)call;
    st->value++;
    return vgi_output_row(out, VGI_FROM(number, st));
}
VGI_PRODUCER(forever, vgi_void, number, number);

static const vgi_method *const test_methods[] = { VGI_METHOD(twice), VGI_METHOD(nap),
                                                  VGI_METHOD(forever), NULL };
static const vgi_service test_service = { VGI_SERVICE_INIT, .name = "Test",
                                          .doc = "For tests.", .methods = test_methods };

static inline int make_server(vgi_server **out, const vgi_server_options *options)
{
    int rc = vgi_server_new(out, options, NULL);

    if (rc == VGI_OK && (rc = vgi_server_add(*out, &test_service, NULL)) != VGI_OK)
        vgi_server_free(*out);
    return rc;
}

/* A call of twice(value); -1 when it fails. */
static inline int64_t call_twice(peer *p, int64_t value)
{
    const number in = { value };
    int64_t out;

    return peer_request(p, "twice", VGI_FROM(number, &in)) == VGI_OK &&
                   peer_answer_i64(p, &out) == VGI_OK
               ? out
               : -1;
}

static inline int peer_on_fd(peer *p, int fd)
{
    const vgi__fd_options o = { .in_fd = fd, .out_fd = fd, .owned = true, .wake_fd = -1 };
    vgi__io *io;
    int rc = vgi__fd_open(&io, &o, NULL, NULL);

    if (rc == VGI_OK)
        rc = peer_open(p, io);
    else
        close(fd);
    return rc;
}

#endif
