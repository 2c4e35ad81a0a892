/* SPDX-License-Identifier: Apache-2.0 */
/* Who sent a request, and what an authenticator can ask to find out. */
#include <string.h>

#include "http/proto/fields.h"
#include "http/server/app.h"

vgi_str vgi_http_request_header(const vgi_http_request *request, const char *name)
{
    vgi_str value;

    (void)vgi__http_list(request->http, name, request->arena, &value);
    return value;
}

vgi_str vgi_http_request_cookie(const vgi_http_request *request, const char *name)
{
    return vgi__http_cookie(vgi__http_find(request->http, "Cookie"), name);
}

vgi_str vgi_http_request_method(const vgi_http_request *request)
{
    return request->http->verb;
}

vgi_str vgi_http_request_path(const vgi_http_request *request)
{
    return request->http->path;
}

const char *vgi_http_request_peer(const vgi_http_request *request)
{
    return request->http->peer;
}

vgi_arena *vgi_http_request_arena(vgi_http_request *request)
{
    return request->arena;
}

int vgi_http_reject(vgi_http_request *request, vgi_auth_reason reason, const char *detail)
{
    size_t size = detail ? strlen(detail) + 1 : 0;
    char *copy = detail ? vgi_arena_alloc(request->arena, size) : NULL;

    if (copy)
        memcpy(copy, detail, size);
    request->reason = reason;
    request->detail = copy;
    return VGI_EREMOTE;
}

static const char *reason_name(vgi_auth_reason reason)
{
    switch (reason) {
    case VGI_AUTH_MISSING_CREDENTIAL:
        return "missing_credential";
    case VGI_AUTH_INVALID_CREDENTIAL:
        return "invalid_credential";
    case VGI_AUTH_EXPIRED_CREDENTIAL:
        return "expired_credential";
    case VGI_AUTH_INSUFFICIENT_SCOPE:
        return "insufficient_scope";
    case VGI_AUTH_PROXY_REQUIRED:
        return "proxy_required";
    case VGI_AUTH_UNAUTHORIZED:
        break;
    }
    return "unauthorized";
}

static void reject(vgi__worker *w, const vgi__http_request *rq, vgi__http_response *rs)
{
    const char *reason = reason_name(w->request.reason);
    vgi_str accept;

    (void)vgi__http_list(rq, "Accept", &w->arena, &accept);
    if (vgi__http_accepts_by_name(accept, "text/html")) {
        vgi__page_error(w->app, 401, "Unauthorized",
                        "Authentication is required to use this service.", rs);
    } else {
        rs->status = 401;
        vgi__buffer_str(&rs->head, "Content-Type: application/json\r\n"
                                   "Cache-Control: no-store\r\n");
        vgi__buffer_printf(&rs->body,
                           "{\"error\":\"unauthorized\",\"reason\":\"%s\","
                           "\"detail\":\"authentication rejected\"}",
                           reason);
    }
    vgi__http_set(rs, "VGI-Auth-Reason", vgi_str_from(reason));
    if (w->request.reason == VGI_AUTH_PROXY_REQUIRED)
        vgi__buffer_str(&rs->head, "VGI-Auth-Proxy-Required: true\r\n");
}

bool vgi__app_authenticate(vgi__worker *w, const vgi__http_request *rq,
                           vgi__http_response *rs)
{
    const vgi_http_options *o = &w->app->options;

    if (!o->authenticate)
        return true;
    w->request = (vgi_http_request){ .http = rq, .arena = &w->arena };
    if (o->authenticate(&w->request, &w->auth, o->authenticate_user) != VGI_OK) {
        reject(w, rq, rs);
        return false;
    }
    w->auth.domain = w->auth.domain ? w->auth.domain : "";
    w->auth.principal = w->auth.principal ? w->auth.principal : "";
    /* Forgetting to say so must not make the tokens of all callers one another's. */
    w->auth.authenticated = w->auth.authenticated || *w->auth.principal;
    w->auth.claims = w->auth.claims ? w->auth.claims : "{}";
    return true;
}
