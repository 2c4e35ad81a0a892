/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's half of a connection, in memory: what it sends is put together first, then
 * the session runs over all of it, then the answers are read back one by one.
 */
#ifndef VGI_TESTS_SUPPORT_RPC_SESSION_H
#define VGI_TESTS_SUPPORT_RPC_SESSION_H

#include <vgirpc/vgirpc.h>

#include "arrow/reader.h"
#include "arrow/writer.h"
#include "rpc/session.h"
#include "support/rpc/calc.h"
#include "support/traced.h"
#include "wire/wire.h"

typedef struct conversation {
    vgi__registry *registry;
    vgi__session_info info;
    vgi__writer *writer; /* of the client */
    vgi__buffer sent, received;
    vgi__io *io;
    vgi__reader *reader; /* of the client */
    vgi_batch batch;     /* the one read last */
    vgi_error error;     /* of the session */
    int status;
} conversation;

/* Calc and other.Calc, with these options (NULL: a server id of "test", nothing else). */
void talk_begin(conversation *t, const vgi_server_options *options);
/* The same behind `primary`. */
void talk_begin_with(conversation *t, const vgi_server_options *options,
                     const vgi_service *primary);
void talk_end(conversation *t);

/* ---- what the client sends ---- */

/* The keys of a request; NULL ones are left out. */
typedef struct keys {
    const char *method, *version, *protocol, *protocol_version;
    bool no_version; /* else a NULL version is "1" */
} keys;
#define SEED(m) ((keys){ .method = (m) })
#define CURRENT(m) \
    ((keys){ .method = (m), .protocol = "Calc", .protocol_version = "2.0.0" })

/* A request of `count` rows of a described struct; type NULL: no columns. */
void talk_request(conversation *t, keys k, const vgi_type *type, const void *rows,
                  size_t count);
/* A request of any batch. */
void talk_request_batch(conversation *t, keys k, const vgi_batch *batch);
/* An input stream: begin, batches, end. */
void talk_input(conversation *t, const vgi_schema *schema); /* NULL: empty */
void talk_rows(conversation *t, const vgi_type *type, const void *rows, size_t count);
void talk_tick(conversation *t, const char *key, const char *value); /* key NULL: none */
void talk_input_end(conversation *t);
/* Ticks as a producer's client sends them: the whole stream. */
void talk_ticks(conversation *t, int count);
void talk_bytes(conversation *t, const void *bytes, size_t n);

/* ---- the session, and its answers ---- */

int talk_go(conversation *t); /* its status */
/* Or read these answers: they must stay until they were. */
void talk_read(conversation *t, const uint8_t *bytes, size_t n);
void talk_expect_stream(conversation *t, size_t columns);
/* The next batch is data of so many rows, in t->batch. */
void talk_expect_rows(conversation *t, int64_t rows);
void talk_expect_log(conversation *t, const char *level, const char *message);
/* The next batch is an EXCEPTION of this type, whose text has this in it. */
void talk_expect_exception(conversation *t, const char *type, const char *text);
void talk_expect_end(conversation *t);                  /* of the stream */
void talk_expect_no_more(conversation *t);              /* of the answers */
const char *talk_key(conversation *t, const char *key); /* of t->batch; NULL: absent */

/* Whole answers. */
void talk_expect_error(conversation *t, const char *type, const char *text);
void talk_expect_double(conversation *t, double value);

/* A good call to put after something bad. */
void talk_add(conversation *t, keys k, double a, double b);

#endif
