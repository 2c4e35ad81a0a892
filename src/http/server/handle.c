/* SPDX-License-Identifier: Apache-2.0 */
/* Every request comes in here, and every response leaves here. */
#include <string.h>

#include "base/random.h"
#include "http/server/app.h"

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

static bool is_call(const vgi__route *route)
{
    return route->kind == VGI__ROUTE_UNARY || route->kind == VGI__ROUTE_INIT ||
           route->kind == VGI__ROUTE_EXCHANGE || route->kind == VGI__ROUTE_UPLOAD_URL;
}

/* The methods of a route besides OPTIONS; NULL: nothing is there. */
static const char *methods_of(const vgi__route *route)
{
    if (route->kind == VGI__ROUTE_NONE)
        return NULL;
    return is_call(route) ? "POST" : "GET, HEAD";
}

static bool has_method(const vgi__route *route, vgi__http_method m)
{
    if (route->kind == VGI__ROUTE_NONE)
        return true;
    return is_call(route) ? m == VGI__HTTP_POST
                          : m == VGI__HTTP_GET || m == VGI__HTTP_HEAD;
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
    if (!has_method(route, rq->method)) {
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
    case VGI__ROUTE_UPLOAD_URL:
        vgi__app_upload_url(w, rq, rs);
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

void vgi__app_handle(void *data, void *worker, const vgi__http_request *rq,
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
    vgi__app_compress(w, route.epoch, rq, rs);
    vgi__app_cors(app, rq, methods_of(&route), rs);
    finish(app, w->call.request_id, rs);
}

void vgi__app_turn_away(void *data, const char *reason, vgi__http_response *rs)
{
    const char *title = rs->status == 413 ? "Request body exceeds max_request_bytes"
                                          : vgi__http_reason(rs->status);
    char id[17];

    vgi__app_json_error(rs, rs->status, title, reason);
    vgi__random_id(id);
    finish(data, id, rs);
}
