/* SPDX-License-Identifier: Apache-2.0 */
/* Making the app: its options are checked, and what all responses share is prepared. */
#include "http/server/app.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/json.h"
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
    const vgi__filter_source *x = vgi__filter_source_of(app->registry->options.external);
    const bool zstd = vgi__coding_available(VGI__CODING_ZSTD);

    vgi__buffer_str(&app->exposed, "WWW-Authenticate, X-Request-ID, "
                                   "X-VGI-Content-Encoding, X-VGI-RPC-Error");
    add_cap(app, "VGI-Max-Request-Bytes", o->max_request_bytes);
    add_cap(app, "VGI-Max-Response-Bytes", o->max_response_bytes);
    add_cap(app, "VGI-Max-Externalized-Response-Bytes",
            o->max_externalized_response_bytes);
    add_capability(app, "VGI-Externalization-Enabled", x && x->stores ? "true" : "false");
    if (x && x->upload_url) {
        add_capability(app, "VGI-Upload-URL-Support", "true");
        add_cap(app, "VGI-Max-Upload-Bytes", x->upload_bytes);
    }
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

        atomic_init(&app->room, o->max_buffered_bytes);
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

vgi__http_app vgi__app_callbacks(vgi__app *app)
{
    return (vgi__http_app){ .data = app,
                            .worker_new = vgi__worker_new,
                            .worker_free = vgi__worker_free,
                            .handle = vgi__app_handle,
                            .sent = vgi__worker_sent,
                            .refuse = vgi__app_turn_away };
}
