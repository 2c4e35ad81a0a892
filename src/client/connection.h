/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind a vgi_client, and the steps that unary calls, streams and describe
 * share. */
#ifndef VGI_CLIENT_CONNECTION_H
#define VGI_CLIENT_CONNECTION_H

#include <vgirpc/client.h>

#include "arrow/builder.h"
#include "client/channel.h"
#include "types/record.h"

/* What is thrown away at the end of an answer, in batches, before the connection is given
 * up. */
#define VGI__DRAIN_BATCHES 10000
/* Log records of one answer; a server that sends more never comes to the point. */
#define VGI__ANSWER_LOGS 1000000
#define VGI__RECORD_CACHE 16

/* A remote failure as it is kept: `info` points into `mem`. */
typedef struct vgi__failure {
    vgi_remote_failure info;
    vgi_arena mem;
    bool set;
    bool current; /* it has an error code: the server is of the current epoch */
} vgi__failure;

/* A described type compiled for one role, and what its rows are built with. */
typedef struct vgi__compiled {
    vgi__record *record;
    vgi__builder *builder; /* parameters only */
    const vgi_type *type;
    vgi__role role;
} vgi__compiled;

/* Does the server want requests to name their protocol? */
typedef enum vgi__routing {
    VGI__ROUTING_UNKNOWN, /* nothing was asked yet */
    VGI__ROUTING_NONE,    /* it answers requests that name none */
    VGI__ROUTING_NAMED    /* `protocol` goes with every request */
} vgi__routing;

struct vgi_client {
    vgi__channel *channel;
    const vgi_allocator *allocator;
    vgi_limits limits;
    void (*on_log)(void *user, const vgi_log_record *record);
    void *user;
    vgi__routing routing;
    char *protocol, *protocol_version; /* owned; NULL: not known */
    vgi_stream *stream;                /* the open one */
    vgi__failure failure;
    vgi_error lost; /* why the channel broke */
    vgi_batch answer, skipped;
    vgi_arena scratch;
    vgi_pair *pairs; /* of the request being sent */
    size_t pairs_cap;
    uint64_t logs, max_logs;     /* of this answer */
    vgi__batch_filter *external; /* follows pointers; or NULL */
    vgi__client_shm *shm;        /* or NULL */
    vgi__compiled compiled[VGI__RECORD_CACHE];
    size_t next_compiled;
};

/* Where a request goes. All NULL: as the client's options say. */
typedef struct vgi__target {
    const char *method;
    const char *protocol; /* NULL: the client's */
    bool plain;           /* names no protocol, whatever the client's is */
} vgi__target;

/* The parameters of a request. All zero: there are none. */
typedef struct vgi__payload {
    const vgi_schema *schema;       /* NULL: the empty one */
    const struct ArrowArray *array; /* NULL: zero rows */
    vgi_metadata extra;             /* goes with the routing keys */
} vgi__payload;

/* The options as far as the caller knows them, with the defaults; what is beyond its size
 * is zero. */
int vgi__client_options(const vgi_client_options *given, vgi_client_options *out,
                        vgi_error *err);
/* A client on a channel, which it takes. On failure the channel stays the caller's. */
int vgi__client_new(vgi_client **out, vgi__channel *channel,
                    const vgi_client_options *options, vgi_error *err);

/* ---- request.c ---- */

/* VGI_OK when a call can be made now. Forgets the last failure. */
int vgi__client_ready(vgi_client *c, vgi_error *err);
/* Send a request. */
int vgi__client_request(vgi_client *c, const vgi__target *target, bool stream,
                        const vgi__payload *params, vgi_error *err);
/* Compile `type`, or find it. Borrowed until VGI__RECORD_CACHE further types were
 * compiled. */
int vgi__client_compile(vgi_client *c, const vgi_type *type, vgi__role role,
                        vgi__compiled **out, vgi_error *err);
/* Parameters from a struct, borrowed until this type's next. */
int vgi__client_params(vgi_client *c, const vgi_type *type, const void *in,
                       vgi__payload *params, vgi_error *err);
vgi__payload vgi__payload_of(const vgi_batch *params); /* borrowed; NULL: none */

/* ---- shm.c ---- */

/* Before a call: ask whether the server shares memory, the first time; then give back
 * what earlier calls have left of it. */
int vgi__client_share(vgi_client *c, vgi_error *err);
/* After a unary call: its answer may lie in shared memory. VGI_EPROTO: the answer was not
 * what it seemed to be. */
int vgi__answer_used(vgi_client *c, vgi_error *err);

/* ---- stream.c ---- */

/* The client goes; the stream is over and no longer knows it. */
void vgi__stream_orphan(vgi_stream *stream);

/* ---- answer.c ---- */

/* After each step on the channel: remember why it broke, for the calls that will be
 * refused because of it, and a remote failure that came without a batch. Returns `rc`. */
int vgi__client_lost(vgi_client *c, int rc, const vgi_error *err);
/* Read the schema of the answer's next IPC stream. */
int vgi__answer_begin(vgi_client *c, const vgi_schema **schema, vgi_error *err);
/* Read to the next data batch: logs go to the callback; an exception is kept as the
 * client's failure, the rest of its stream is drained, and VGI_EREMOTE is returned.
 * VGI_END: the stream is over. */
int vgi__answer_next(vgi_client *c, vgi_batch *b, vgi_error *err);
/* A log batch to the client's callback; `client` is a vgi_client. */
int vgi__answer_log(void *client, const vgi_batch *b, vgi_error *err);
/* Read to the end of the stream and drop what comes. The channel is broken when there is
 * no end. */
int vgi__answer_drain(vgi_client *c, vgi_error *err);

/* ---- failure.c ---- */

/* Keep what an EXCEPTION batch says; the summary goes to *err. Returns VGI_EREMOTE. */
int vgi__failure_keep(vgi__failure *f, const vgi_batch *b, vgi_error *err);
/* Keep one of which only type and message are known. */
void vgi__failure_note(vgi__failure *f, const vgi_error *err);
void vgi__failure_clear(vgi__failure *f);
void vgi__failure_free(vgi__failure *f);

/* ---- call.c ---- */

/* A unary call; the answer's batch is in c->answer until the client's next call. */
int vgi__client_unary(vgi_client *c, const vgi__target *target,
                      const vgi__payload *params, vgi_error *err);

/* ---- reflection.c, describe_seed.c: the two ways to introspect ---- */

/* Learn the first application protocol and its version, for the requests to come. */
int vgi__client_learn(vgi_client *c, vgi_error *err);
/* Route the requests to come to this protocol. The version that the caller declared
 * stays. */
int vgi__client_adopt(vgi_client *c, vgi_str protocol, vgi_str version, vgi_error *err);
int vgi__describe_reflection(vgi_client *c, vgi_description *d, vgi_error *err);
int vgi__describe_seed(vgi_client *c, vgi_description *d, vgi_error *err);

/* ---- describe.c ---- */

struct vgi_description {
    vgi_arena mem; /* strings and methods */
    const vgi_allocator *allocator;
    const char *name, *version, *protocol_version, *hash, *server_id;
    vgi_method_info *methods;
    size_t n_methods; /* filled: those whose schemas are to be released */
};

/* One method as a server describes it. An empty schema blob is the empty schema. */
typedef struct vgi__described {
    vgi_str name, method_type, stream_kind;
    bool has_return, has_header;
    vgi_bytes params, result, header;
} vgi__described;

int vgi__description_reserve(vgi_description *d, size_t n_methods, vgi_error *err);
int vgi__description_add(vgi_description *d, const vgi__described *m, vgi_error *err);
/* Copy into the description. NULL: no memory. */
const char *vgi__description_str(vgi_description *d, vgi_str text);

/* ---- own.c ---- */

/* Make a bound value independent of what it borrows from: copy what it points to into
 * `mem`. */
int vgi__own_value(const vgi_type *type, void *value, vgi_arena *mem, vgi_error *err);

#endif
