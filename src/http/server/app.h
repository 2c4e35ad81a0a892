/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the RPC surface over HTTP.
 *
 *   engine -> app.c         who is asked, may they: CORS, OPTIONS, authentication
 *               -> route.c    path and method -> what it is
 *                    -> unary.c, stream.c, describe.c, health.c, pages/
 *               -> finish     request id, capabilities, compression
 *
 * The app is immutable while it serves. Each engine thread has a worker: the call that
 * runs all of its requests, and the buffers that responses borrow until they are sent.
 */
#ifndef VGI_HTTP_SERVER_APP_H
#define VGI_HTTP_SERVER_APP_H

#include <vgirpc/http.h>

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
    vgi__buffer capabilities; /* header lines that every response has */
    vgi__buffer exposed;      /* value of Access-Control-Expose-Headers */
} vgi__app;

/* What an authenticator sees. */
struct vgi_http_request {
    const vgi__http_request *http;
    vgi_arena *arena;
    vgi_auth_reason reason; /* of a rejection; 0: none */
};

/* Of one engine thread. */
typedef struct vgi__worker {
    vgi__app *app;
    vgi_call call;
    vgi__writer *writer;
    vgi__block *decoded;      /* the body after its content coding */
    vgi_arena arena;          /* of the request: identity, cookies */
    vgi_auth auth;
    vgi_http_request request; /* for the authenticator */
    vgi__buffer cookies;      /* Set-Cookie lines; used when `cookies_allowed` */
    bool cookies_allowed;
    vgi__buffer plain, token; /* of stream tokens */
    char request_id[129];     /* as sent, when it can be sent back; else made */
} vgi__worker;

/* What a request is for. */
typedef enum vgi__route_kind {
    VGI__ROUTE_NONE,      /* 404 */
    VGI__ROUTE_UNARY,     /* __describe__ included */
    VGI__ROUTE_INIT,
    VGI__ROUTE_EXCHANGE,
    VGI__ROUTE_HEALTH,
    VGI__ROUTE_LANDING,
    VGI__ROUTE_DESCRIBE_PAGE,
    VGI__ROUTE_UPLOAD_URL,
    VGI__ROUTE_UNKNOWN_PROTOCOL /* current shape, but nobody hosts it */
} vgi__route_kind;

typedef struct vgi__route {
    vgi__route_kind kind;
    vgi__epoch epoch;
    vgi_str protocol, method; /* protocol null: the primary */
    const char *allow;        /* methods for Allow, "GET, HEAD, OPTIONS" */
} vgi__route;

/* app.c */
int vgi__app_new(vgi__app **out, vgi__registry *r, const vgi_http_options *options,
                 const vgi_allocator *a, vgi_error *err);
void vgi__app_free(vgi__app *app);
/* For the engine. */
vgi__http_app vgi__app_callbacks(vgi__app *app);

/* route.c */
vgi__route vgi__app_route(const vgi__app *app, vgi_str path);

/* unary.c, stream.c: run it; fill `rs` with status, headers and the body. */
void vgi__app_unary(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                    vgi__http_response *rs);
void vgi__app_init(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                   vgi__http_response *rs);
void vgi__app_exchange(vgi__worker *w, const vgi__route *route,
                       const vgi__http_request *rq, vgi__http_response *rs);

/* answer.c: what unary.c and stream.c share. */

/* Content type and codings of the body checked, decoded; its first batch in
 * w->call.request. VGI_OK; else `rs` has the refusal (415, 400, 413). */
int vgi__app_read_batch(vgi__worker *w, const vgi__http_request *rq,
                        vgi__http_response *rs);
/* The failure that w->call keeps, as a whole Arrow error stream with this status. */
void vgi__app_refuse(vgi__worker *w, int status, vgi__http_response *rs);
/* What is on the writer becomes the body; `failed` sets X-VGI-RPC-Error. */
void vgi__app_send(vgi__worker *w, bool failed, vgi__http_response *rs);
/* A JSON error of the surface: {"title": ...}, with description when not NULL. */
void vgi__app_json_error(vgi__http_response *rs, int status, const char *title,
                         const char *description);

/* pages/: HTML into rs->body. */
void vgi__page_landing(const vgi__app *app, vgi__http_response *rs);
void vgi__page_describe(const vgi__app *app, vgi__http_response *rs);
void vgi__page_not_found(const vgi__app *app, vgi_str path, vgi__http_response *rs);
/* For browsers: any refusal, with status, title and one paragraph. */
void vgi__page_error(const vgi__app *app, int status, const char *title, const char *text,
                     vgi__http_response *rs);

#endif
