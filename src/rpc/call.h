/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the call.
 *
 * One vgi_call per session (a byte-stream connection, later an HTTP worker) runs all of
 * its requests, one after the other. It knows nothing of byte streams: requests are put
 * into call->request, answers go to call->writer, and whoever owns the call moves the
 * bytes. Everything a request leaves behind is in two arenas:
 *
 *   arena   from one request to the next: parameters, a stream's state, what an error
 * says turn    one turn of a stream
 *
 * A failure is kept, not written, where it is noticed (vgi_fail and friends return
 * VGI_EREMOTE); the place that knows which Arrow stream is open writes it.
 */
#ifndef VGI_RPC_CALL_H
#define VGI_RPC_CALL_H

#include "arrow/cast.h"
#include "arrow/writer.h"
#include "rpc/method.h"
#include "wire/batch_filter.h"
#include "wire/wire.h"

typedef enum vgi__phase {
    VGI__PHASE_IDLE, /* no handler runs */
    VGI__PHASE_UNARY,
    VGI__PHASE_OPEN,
    VGI__PHASE_TURN,
    VGI__PHASE_CANCEL
} vgi__phase;

/* What a session keeps per method. */
typedef struct vgi__method_slot {
    vgi__builder *out; /* of the result, or of the declared output */
    vgi__builder *header;
    vgi_schema *accepted[VGI__EPOCHS]; /* the last request's that passed; reference */
} vgi__method_slot;

/* A row type that a handler used besides the declared one, compiled. */
typedef struct vgi__row_type {
    const vgi_type *type;
    vgi__record *record;
} vgi__row_type;

/* A log of a stream's open handler, kept until there is a stream to write it on. */
typedef struct vgi__kept_log vgi__kept_log;
struct vgi__kept_log {
    vgi__kept_log *next;
    vgi_log_level level;
    vgi_str message;
    const vgi_pair *extra;
    size_t n_extra;
};

struct vgi_output {
    vgi_call *call;
    const vgi_schema *schema;
    vgi__builder *builder;  /* of `schema` */
    const vgi_batch *ready; /* handed over whole, in place of the builder */
    /* Emitted, but it waits for the end of the turn: see before_batch. */
    const struct ArrowArray *waiting;
    int64_t rows;    /* of the columns; -1: not said yet */
    vgi_pair *pairs; /* metadata, in the turn's arena */
    size_t n_pairs, pairs_cap;
    bool touched;  /* something was appended */
    bool emitted;  /* the batch is on the writer */
    bool finished; /* the producer is done */
    bool misused;  /* the handler broke a rule; the call fails even if it goes on */
};

struct vgi_call {
    /* of the session */
    vgi__registry *registry;
    const vgi_server_options *options;
    vgi__writer *writer;
    const vgi_auth *auth;
    vgi_transport_kind transport;
    vgi__batch_filter *filter;   /* the first; the last is `external` */
    vgi__batch_filter *external; /* NULL: pointers stay as they are */
    void *surface;          /* of who runs the call, for its own functions; may be NULL */
    int64_t response_limit; /* bytes of one answer; 0: none */
    int64_t leaving_limit;  /* bytes that may leave by filters for one answer; 0: none */
    vgi__method_slot *slots; /* registry->n_methods */
    vgi__row_type *row_types;
    size_t n_row_types, row_types_cap;
    /* Of what comes in and of what goes out, each made when first needed: an input may
     * be handed on as the output. */
    vgi__caster *casters[2];
    vgi__buffer text;    /* a log being formatted */
    vgi__buffer scratch; /* of wire messages */
    void **tokens;       /* of the hooks */
    /* Called when many log bytes wait on the writer; may be NULL. */
    int (*spill)(vgi_call *call, void *user);
    void *spill_user;
    /* Called when a turn's handler is content and before its batch is encoded, to add
     * metadata that depends on what the handler did; may be NULL. While it is set, a
     * batch that is emitted early waits for it, and so do the logs after that. */
    int (*before_batch)(vgi_call *call, void *user);
    void *before_batch_user;

    /* of the request */
    vgi_batch request;
    vgi__request keys;
    const vgi__method *method; /* NULL until found */
    bool describe;             /* the request is for the prepared description */
    bool negotiate;            /* the request asks what the transport can do */
    void *params;              /* described struct; NULL for run-time methods */
    const vgi_batch *row; /* the parameters of those: the request, defaults filled in */
    vgi__phase phase;
    vgi_arena arena, turn;
    char request_id[129]; /* "" until somebody asks, unless a header brought it */
    bool failed;
    vgi_failure failure; /* strings in `arena`, or in `sink` */
    vgi_error sink;      /* the last failure of a library function */
    vgi__kept_log *logs, **logs_end;

    int64_t leaving; /* bytes that have left for this answer */

    /* of the stream */
    void *state;
    vgi_schema *input_schema, *output_schema; /* references */
    vgi__builder *stream_builder; /* when the output is not the declared one */
    struct ArrowArray *header;
    vgi_metadata turn_metadata;
    vgi__writer_mark turn_begin; /* on the writer */
    vgi_output output;
    vgi_batch *held; /* heap batch that the writer may still refer to */

    /* for hooks */
    vgi_dispatch_info info;
    vgi_call_statistics stats;
    uint64_t started_ns;
};

/* call.c */
int vgi__call_init(vgi_call *c, vgi__registry *r, vgi__writer *w, vgi_error *err);
void vgi__call_destroy(vgi_call *c);
void vgi__call_reset(vgi_call *c); /* forget the last request */
/* Format into c->text: *out is borrowed until the next text. VGI_OK or VGI_ENOMEM. */
int vgi__call_format(vgi_call *c, vgi_str *out, const char *fmt, va_list ap);
vgi_arena *vgi__call_memory(vgi_call *c); /* where the running handler's memory goes */
/* Make *batch, an input or an output, fit a schema; it stays what it is when it does. */
int vgi__call_cast(vgi_call *c, const vgi_batch **batch, const vgi_schema *target,
                   bool output);
/* A handler is about to run. */
void vgi__call_enter(vgi_call *c, vgi__phase phase);
/* The filters of the call: these, and then its own. */
void vgi__call_set_filter(vgi_call *c, vgi__batch_filter *first);
/* Is what the filters resolved for this answer sound? */
int vgi__call_intact(vgi_call *c);
/* The answer to `b` is on the writer, but was not sent: the filters take back what they
 * resolved it to. */
void vgi__call_release(vgi_call *c, vgi_batch *b);

/* failure.c: keep a failure, as vgi_fail does. All but the last return VGI_EREMOTE.
 * `what` gives everything but the text. */
int vgi__call_refuse(vgi_call *c, const vgi_failure *what, const char *fmt, ...)
    VGI_PRINTF(3, 4);
int vgi__call_fail_error(vgi_call *c, const vgi_error *e);
/* A handler returned `status`: keep what it said, or what the library said for it. */
int vgi__call_fail_status(vgi_call *c, int status);
int vgi__call_write_failure(vgi_call *c, vgi_error *err);

/* log.c */
int vgi__call_write_kept_logs(vgi_call *c, vgi_error *err);

/* request.c: from the request batch to a method that may be called. VGI_OK, or
 * VGI_EREMOTE. */
int vgi__call_route(vgi_call *c);
/* The same in two steps, for requests whose address is known before their batch (the path
 * of a URL): find the method, then take the batch for it. The batch's routing keys have
 * to agree with the address. `service` null: as the epoch has it. */
int vgi__call_address(vgi_call *c, vgi__epoch epoch, vgi_str service, vgi_str method);
int vgi__call_accept(vgi_call *c);
/* The batch as a request of something that is no method of a service. */
int vgi__call_accept_own(vgi_call *c, const char *name);
/* A whole error stream in place of an answer. */
int vgi__call_reject(vgi_call *c, vgi_error *err);

/* bind.c: the request's row as the handler's parameters, c->params or c->row. */
int vgi__call_bind(vgi_call *c);

/* unary.c: is an answer of so many bytes within the cap? VGI_OK, or VGI_EREMOTE. */
int vgi__call_check_size(vgi_call *c, uint64_t bytes);
/* Run it, describe or negotiate, and put the whole answer on the writer. VGI_OK
 * whether or not it failed (c->failed). */
int vgi__call_unary(vgi_call *c, vgi_error *err);

/* output.c */
int vgi__output_builder(vgi_call *c, vgi__builder **slot, const vgi_schema *schema);
void vgi__output_begin(vgi_call *c, const vgi_schema *schema, vgi__builder *builder);
/* A pair of metadata for the batch; key and value are borrowed until it was written. */
int vgi__output_pair(vgi_output *out, vgi_str key, vgi_str value);
/* Put a batch on the writer, or a pointer to it, if one of the filters from `f` on wants
 * that. VGI_EREMOTE: it is more than may leave. */
int vgi__call_put(vgi_call *c, vgi__batch_filter *f, const vgi__offer *offer);
/* Put what was built on the writer, as one batch. */
int vgi__output_write(vgi_output *out);
int vgi__output_put(vgi_output *out, const struct ArrowArray *array);

/* hooks.c: nothing but a test when there are none. */
void vgi__hooks_start(vgi_call *c);
void vgi__hooks_end(vgi_call *c);
void vgi__hooks_input(vgi_call *c, const vgi_batch *b);
void vgi__hooks_output(vgi_call *c, int64_t rows, uint64_t bytes);

#endif
