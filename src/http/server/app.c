/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine calls: every request comes in here, and every response leaves here. */
#include "http/server/app.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/random.h"
#include "rpc/method.h"

/* ---- what is the same in all responses ---- */

/* A header that every response has, and that scripts may read. */
static void add_capability(vgi__app *app, const char *name, const char *value)
{
    vgi__buffer_printf(&app->capabilities, "%s: %s\r\n", name, value);
    vgi__buffer_printf(&app->exposed, ", %s", name);
}

static void add_cap(vgi__app *app, const char *name, int64_t bytes)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)bytes);
    if (bytes > 0)
        add_capability(app, name, text);
}

static int prepare_headers(vgi__app *app, vgi_error *err)
{
    const vgi_http_options *o = &app->options;
    const bool zstd = vgi__coding_available(VGI__CODING_ZSTD);

    vgi__buffer_str(&app->exposed, "WWW-Authenticate, X-Request-ID, "
                                   "X-VGI-Content-Encoding, X-VGI-RPC-Error");
    add_cap(app, "VGI-Max-Request-Bytes", o->max_request_bytes);
    add_cap(app, "VGI-Max-Response-Bytes", o->max_response_bytes);
    add_cap(app, "VGI-Max-Externalized-Response-Bytes",
            o->max_externalized_response_bytes);
    add_capability(app, "VGI-Externalization-Enabled", "false");
    add_capability(app, "VGI-Supported-Encodings",
                   o->no_compression ? ""
                   : zstd            ? "zstd, gzip"
                                     : "gzip");
    vgi__buffer_str(&app->exposed, ", VGI-Auth-Reason, VGI-Auth-Proxy-Required");
    return app->capabilities.failed || app->exposed.failed ? vgi__fail_nomem(err)
                                                           : VGI_OK;
}

static int prepare_health(vgi__app *app, vgi_error *err)
{
    const vgi__registry *r = app->registry;
    const char *id = vgi__registry_server_id(r);
    const char *protocol = r->services[0]->def.name;
    vgi__buffer *b = &app->health;

    vgi__buffer_str(b, "{\"status\":\"ok\",\"server_id\":");
    vgi__json_string(b, id, strlen(id));
    vgi__buffer_str(b, ",\"protocol\":");
    vgi__json_string(b, protocol, strlen(protocol));
    vgi__buffer_char(b, '}');
    return b->failed ? vgi__fail_nomem(err) : VGI_OK;
}

/* There is something to serve, and "/a/init" is not both stream a of the primary and
 * method init of protocol a. */
static int check_services(const vgi__app *app, vgi_error *err)
{
    const vgi__registry *r = app->registry;

    if (r->n_services == 0)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "the server hosts no service");
    if (r->options.compat != VGI_COMPAT_AUTO)
        return VGI_OK;
    for (size_t i = 0; i < r->n_services; i++) {
        const char *name = r->services[i]->def.name;
        const vgi__method *m = vgi__service_find(r->services[0], vgi_str_from(name));

        if (m && m->stream && (m->visible & VGI_VISIBLE_SEED))
            return vgi__fail(err, VGI_EINVAL, "ValueError",
                             "service '%s' has the name of a stream of '%s': over HTTP "
                             "their addresses are the same",
                             name, r->services[0]->def.name);
    }
    return VGI_OK;
}

int vgi__app_new(vgi__app **out, vgi__registry *r, const vgi_http_options *options,
                 const vgi_allocator *a, vgi_error *err)
{
    vgi__app *app = vgi__calloc(a, 1, sizeof(*app));
    int rc;

    if (!app)
        return vgi__fail_nomem(err);
    app->registry = r;
    app->allocator = a;
    vgi__buffer_init(&app->capabilities, a, SIZE_MAX);
    vgi__buffer_init(&app->exposed, a, SIZE_MAX);
    vgi__buffer_init(&app->health, a, SIZE_MAX);
    rc = vgi__app_options(app, options, err);
    if (rc == VGI_OK)
        rc = check_services(app, err);
    if (rc == VGI_OK)
        rc = prepare_headers(app, err);
    if (rc == VGI_OK)
        rc = prepare_health(app, err);
    if (rc == VGI_OK) {
        const vgi_http_options *o = &app->options;

        rc = vgi__token_keys_new(
            &app->keys, (vgi_bytes){ o->signing_key, o->signing_key_bytes },
            o->token_format == VGI_TOKEN_SEALED ? VGI__TOKEN_SEALED : VGI__TOKEN_HMAC_V3,
            o->token_no_ttl ? 0 : o->token_ttl_s, a, err);
    }
    if (rc != VGI_OK) {
        vgi__app_free(app);
        return rc;
    }
    *out = app;
    return VGI_OK;
}

void vgi__app_free(vgi__app *app)
{
    if (!app)
        return;
    vgi__token_keys_free(app->keys);
    vgi__buffer_free(&app->capabilities);
    vgi__buffer_free(&app->exposed);
    vgi__buffer_free(&app->health);
    vgi__free(app->allocator, app->prefix);
    vgi__free(app->allocator, app);
}

/* ---- workers ---- */

static void worker_free(void *data, void *worker)
{
    vgi__worker *w = worker;
    const vgi_allocator *a = ((const vgi__app *)data)->allocator;

    if (w->app) /* the call was made */
        vgi__call_destroy(&w->call);
    vgi__writer_free(w->writer);
    vgi__schema_cache_free(&w->schemas);
    vgi__block_unref(w->decoded);
    vgi_arena_free(&w->arena);
    vgi__buffer_free(&w->cookies);
    vgi__buffer_free(&w->plain);
    vgi__buffer_free(&w->token);
    vgi__free(a, w);
}

static int worker_new(void *data, void **worker, vgi_error *err)
{
    vgi__app *app = data;
    const vgi_allocator *a = app->allocator;
    const vgi_server_options *o = vgi__registry_options(app->registry);
    vgi__worker *w = vgi__calloc(a, 1, sizeof(*w));
    int rc;

    if (!w)
        return vgi__fail_nomem(err);
    w->arena = (vgi_arena){ .allocator = a, .limit = (size_t)o->limits.arena_bytes };
    vgi__buffer_init(&w->cookies, a, SIZE_MAX);
    vgi__buffer_init(&w->plain, a, SIZE_MAX);
    vgi__buffer_init(&w->token, a, SIZE_MAX);
    rc = vgi__writer_new(&w->writer, &o->limits, a, err);
    if (rc == VGI_OK)
        rc = vgi__call_init(&w->call, app->registry, w->writer, err);
    if (rc != VGI_OK) {
        worker_free(data, w);
        return rc;
    }
    w->app = app;
    w->call.transport = VGI_TRANSPORT_HTTP;
    w->call.auth = &w->auth;
    w->call.surface = w;
    w->call.response_limit = app->options.max_response_bytes;
    *worker = w;
    return VGI_OK;
}

/* ---- requests ---- */

/* The peer's id of the request, if it can be sent back; else a new one. */
static void take_request_id(const vgi__http_request *rq, vgi_call *c)
{
    const vgi_str id = vgi__http_find(rq, "X-Request-ID");
    bool fits = id.len > 0 && id.len < sizeof(c->request_id);

    for (size_t i = 0; fits && i < id.len; i++)
        fits = id.data[i] > ' ' && id.data[i] <= '~';
    if (!fits) {
        vgi__random_id(c->request_id);
        return;
    }
    memcpy(c->request_id, id.data, id.len);
    c->request_id[id.len] = '\0';
}

/* The methods of a route besides OPTIONS. */
static const char *methods_of(const vgi__route *route)
{
    switch (route->kind) {
    case VGI__ROUTE_NONE:
        return NULL;
    case VGI__ROUTE_UNARY:
    case VGI__ROUTE_INIT:
    case VGI__ROUTE_EXCHANGE:
        return "POST";
    case VGI__ROUTE_HEALTH:
    case VGI__ROUTE_LANDING:
    case VGI__ROUTE_DESCRIBE_PAGE:
        break;
    }
    return "GET, HEAD";
}

static bool has_method(const char *methods, vgi__http_method m)
{
    if (methods[0] == 'P')
        return m == VGI__HTTP_POST;
    return m == VGI__HTTP_GET || m == VGI__HTTP_HEAD;
}

static void not_found(const vgi__app *app, const vgi__http_request *rq,
                      vgi__http_response *rs)
{
    if (app->options.no_pages)
        vgi__app_json_error(rs, 404, "404 Not Found", NULL);
    else
        vgi__page_not_found(app, rq->path, rs);
}

static void wrong_method(const vgi__route *route, vgi__http_response *rs)
{
    if (!route->hosted) {
        vgi__app_json_error(rs, 404, "404 Not Found", NULL);
        return;
    }
    vgi__buffer_printf(&rs->head, "Allow: %s, OPTIONS\r\n", methods_of(route));
    vgi__app_json_error(rs, 405, "405 Method Not Allowed", NULL);
}

static void health(const vgi__app *app, vgi__http_response *rs)
{
    vgi__buffer_str(&rs->head, "Content-Type: application/json\r\n");
    vgi__buffer_append(&rs->body, app->health.data, app->health.len);
}

/* Clients ask so what the server can do; it will not change soon. */
static void options(const vgi__app *app, const vgi__route *route,
                    const vgi__http_request *rq, vgi__http_response *rs)
{
    const char *methods =
        vgi_str_eq(rq->path, "*") ? "GET, HEAD, POST" : methods_of(route);

    if (!methods) {
        not_found(app, rq, rs);
        return;
    }
    vgi__http_set(rs, "Allow", vgi_str_from(methods));
    vgi__buffer_str(&rs->head, "Cache-Control: public, max-age=300\r\n");
}

static bool needs_no_credential(const vgi__route *route, const vgi__http_request *rq)
{
    static const char known[] = "/.well-known/";

    return route->kind == VGI__ROUTE_HEALTH ||
           (rq->path.len >= sizeof(known) - 1 &&
            memcmp(rq->path.data, known, sizeof(known) - 1) == 0);
}

static void dispatch(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                     vgi__http_response *rs)
{
    const char *methods = methods_of(route);

    if (methods && !has_method(methods, rq->method)) {
        wrong_method(route, rs);
        return;
    }
    switch (route->kind) {
    case VGI__ROUTE_NONE:
        not_found(w->app, rq, rs);
        break;
    case VGI__ROUTE_UNARY:
        vgi__app_unary(w, route, rq, rs);
        break;
    case VGI__ROUTE_INIT:
        vgi__app_init(w, route, rq, rs);
        break;
    case VGI__ROUTE_EXCHANGE:
        vgi__app_exchange(w, route, rq, rs);
        break;
    case VGI__ROUTE_HEALTH:
        health(w->app, rs);
        break;
    case VGI__ROUTE_LANDING:
        vgi__page_landing(w->app, rq, rs);
        break;
    case VGI__ROUTE_DESCRIBE_PAGE:
        vgi__page_describe(w->app, rq, rs);
        break;
    }
}

static void finish(const vgi__app *app, const char *request_id, vgi__http_response *rs)
{
    vgi__buffer_append(&rs->head, app->capabilities.data, app->capabilities.len);
    vgi__buffer_str(&rs->head, "X-Request-ID: ");
    vgi__buffer_str(&rs->head, request_id);
    vgi__buffer_str(&rs->head, "\r\n");
}

static void handle(void *data, void *worker, const vgi__http_request *rq,
                   vgi__http_response *rs)
{
    const vgi__app *app = data;
    vgi__worker *w = worker;
    const vgi__route route = vgi__app_route(app, rq->path, &w->arena);

    w->auth = (vgi_auth){ .domain = "", .principal = "", .claims = "{}" };
    take_request_id(rq, &w->call);
    if (rq->method == VGI__HTTP_OPTIONS)
        options(app, &route, rq, rs);
    else if (needs_no_credential(&route, rq) || vgi__app_authenticate(w, rq, rs))
        dispatch(w, &route, rq, rs);
    vgi__app_compress(app, route.epoch, rq, rs);
    vgi__app_cors(app, rq, methods_of(&route), rs);
    finish(app, w->call.request_id, rs);
}

static void sent(void *data, void *worker)
{
    vgi__worker *w = worker;

    (void)data;
    vgi__call_reset(&w->call);
    vgi__writer_clear(w->writer);
    vgi__block_unref(w->decoded);
    w->decoded = NULL;
    vgi_arena_reset(&w->arena);
    vgi__buffer_clear(&w->cookies);
}

static void refuse(void *data, const char *reason, vgi__http_response *rs)
{
    const char *title = rs->status == 413 ? "Request body exceeds max_request_bytes"
                                          : vgi__http_reason(rs->status);
    char id[17];

    vgi__app_json_error(rs, rs->status, title, reason);
    vgi__random_id(id);
    finish(data, id, rs);
}

vgi__http_app vgi__app_callbacks(vgi__app *app)
{
    return (vgi__http_app){ .data = app,
                            .worker_new = worker_new,
                            .worker_free = worker_free,
                            .handle = handle,
                            .sent = sent,
                            .refuse = refuse };
}
