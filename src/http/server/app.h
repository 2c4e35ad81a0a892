/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the RPC surface over HTTP.
 *
 *   engine -> handle.c
 *               -> route.c            what is it for?
 *               -> auth.c             may they? (not OPTIONS, not health)
 *               -> unary.c, stream.c, upload.c, page_*.c
 *                    -> answer.c      what these share: request in, answer or refusal out
 *               -> compress.c, cors.c, capabilities, request id: of every response
 *
 * The app is immutable while it serves, but for `room`. Each engine thread has a worker:
 * the call that runs all of its requests, and the buffers that responses borrow until
 * they are sent.
 */
#ifndef VGI_HTTP_SERVER_APP_H
#define VGI_HTTP_SERVER_APP_H

#include <vgirpc/http.h>

#include "arrow/schema_cache.h"
#include "http/coding/coding.h"
#include "http/engine/engine.h"
#include "http/server/token.h"
#include "rpc/call.h"
#include "rpc/registry.h"

typedef struct vgi__app {
    vgi__registry *registry;
    vgi_http_options options; /* effective: no 0 where a default is meant */
    const vgi_allocator *allocator;
    vgi__token_keys *keys;
    char *prefix;             /* options.prefix: "" or "/a/b" */
    vgi__buffer capabilities; /* header lines that every response has */
    vgi__buffer exposed;      /* value of Access-Control-Expose-Headers */
    vgi__buffer health;       /* what /health says */
    atomic_int_least64_t room; /* bytes of decoded bodies that may still be held */
} vgi__app;

/* What an authenticator sees. */
struct vgi_http_request {
    const vgi__http_request *http;
    vgi_arena *arena;
    vgi_auth_reason reason; /* of a rejection; 0: none */
    const char *detail;     /* of a rejection, for the operator; in the arena, or NULL */
};

/* Of one engine thread. What a request leaves in it goes when its response was sent. */
typedef struct vgi__worker {
    vgi__app *app;
    vgi_call call; /* its request_id is X-Request-ID; its surface is this worker */
    vgi__writer *writer;
    vgi__schema_cache schemas; /* of requests */
    vgi__block *decoded;       /* the body after its content coding; or NULL */
    int64_t reserved;          /* of the app's room, for it */
    vgi_arena arena;           /* of the request: identity, names of its path */
    vgi_auth auth;
    vgi_http_request request; /* for the authenticator */
    vgi__buffer cookies;      /* Set-Cookie lines */
    vgi__buffer plain, token; /* of stream tokens */
} vgi__worker;

/* What a request is for. */
typedef enum vgi__route_kind {
    VGI__ROUTE_NONE,  /* nothing is there */
    VGI__ROUTE_UNARY, /* __describe__ included */
    VGI__ROUTE_INIT,
    VGI__ROUTE_EXCHANGE,
    VGI__ROUTE_UPLOAD_URL,
    VGI__ROUTE_HEALTH,
    VGI__ROUTE_LANDING,
    VGI__ROUTE_DESCRIBE_PAGE
} vgi__route_kind;

typedef struct vgi__route {
    vgi__route_kind kind;
    vgi__epoch epoch;
    vgi_str protocol, method; /* protocol null: as the epoch has it */
    bool hosted;              /* false: current shape, but nobody hosts the protocol */
} vgi__route;

/* app.c */
int vgi__app_new(vgi__app **out, vgi__registry *r, const vgi_http_options *options,
                 const vgi_allocator *a, vgi_error *err);
void vgi__app_free(vgi__app *app);
/* For the engine. */
vgi__http_app vgi__app_callbacks(vgi__app *app);

/* worker.c, handle.c: the callbacks. */
int vgi__worker_new(void *app, void **worker, vgi_error *err);
void vgi__worker_free(void *app, void *worker);
void vgi__worker_sent(void *app, void *worker);
void vgi__app_handle(void *app, void *worker, const vgi__http_request *rq,
                     vgi__http_response *rs);
void vgi__app_turn_away(void *app, const char *reason, vgi__http_response *rs);

/* options.c: the effective options, checked; all but the prefix is borrowed. */
int vgi__app_options(vgi__app *app, const vgi_http_options *given, vgi_error *err);

/* route.c: names with escapes are decoded into the arena. */
vgi__route vgi__app_route(const vgi__app *app, vgi_str path, vgi_arena *arena);

/* auth.c: false: `rs` is the 401. */
bool vgi__app_authenticate(vgi__worker *w, const vgi__http_request *rq,
                           vgi__http_response *rs);

/* cors.c: header lines for browsers of other origins; `allow`: methods of the route. */
void vgi__app_cors(const vgi__app *app, const vgi__http_request *rq, const char *allow,
                   vgi__http_response *rs);

/* compress.c: the coding of a body, once it is complete. */
void vgi__app_compress(vgi__worker *w, vgi__epoch epoch, const vgi__http_request *rq,
                       vgi__http_response *rs);

/* unary.c, stream.c: run it; fill `rs` with status, headers and the body. */
void vgi__app_unary(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                    vgi__http_response *rs);
void vgi__app_init(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                   vgi__http_response *rs);
void vgi__app_exchange(vgi__worker *w, const vgi__route *route,
                       const vgi__http_request *rq, vgi__http_response *rs);

/* upload.c: places for uploads. */
void vgi__app_upload_url(vgi__worker *w, const vgi__http_request *rq,
                         vgi__http_response *rs);

/* answer.c: what unary.c and stream.c share. The first four return VGI_OK, or fill `rs`
 * with the refusal. */

/* Content type (415), method (404) and its kind (400) in the epoch's order: w->call is
 * addressed. */
int vgi__app_address(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                     vgi__http_response *rs);
/* The content type alone (415). */
int vgi__app_check_type(vgi__worker *w, const vgi__http_request *rq,
                        vgi__http_response *rs);
/* The body, decoded (415, 400, 413): its first batch is w->call.request (400). */
int vgi__app_read_batch(vgi__worker *w, const vgi__http_request *rq,
                        vgi__http_response *rs);
/* The batch as the call's request (400): vgi__call_accept. */
int vgi__app_accept(vgi__worker *w, vgi__http_response *rs);
/* The failure that w->call keeps, as a whole Arrow error stream with this status. */
void vgi__app_refuse(vgi__worker *w, int status, vgi__http_response *rs);
/* What is on the writer becomes the body; `failed` sets X-VGI-RPC-Error. */
void vgi__app_send(vgi__worker *w, bool failed, vgi__http_response *rs);
/* There is no memory, not even for saying so in Arrow: 503. */
void vgi__app_unavailable(vgi__worker *w, vgi__http_response *rs);
/* A JSON error of the surface: {"title": ...}, with description when not NULL. */
void vgi__app_json_error(vgi__http_response *rs, int status, const char *title,
                         const char *description);

/* page_*.c: an HTML page into `rs`, with its headers. `rq` says under which address the
 * peer knows this server; `path` is the peer's. */
void vgi__page_landing(const vgi__app *app, const vgi__http_request *rq,
                       vgi__http_response *rs);
void vgi__page_describe(const vgi__app *app, const vgi__http_request *rq,
                        vgi__http_response *rs);
void vgi__page_not_found(const vgi__app *app, vgi_str path, vgi__http_response *rs);
/* For browsers: any refusal, with status, title and one paragraph (plain text). */
void vgi__page_error(const vgi__app *app, int status, const char *title, const char *text,
                     vgi__http_response *rs);

#endif
