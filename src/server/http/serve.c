/* SPDX-License-Identifier: Apache-2.0 */
/* Serving over HTTP: socket, surface and engine put together. */
#include <stdio.h>
#include <string.h>

#include "http/engine/engine.h"
#include "http/server/app.h"
#include "server/http/http.h"
#include "server/server.h"

/* Of one request: room for long tokens and cookies, but not for an attack. */
#define HEAD_BYTES ((size_t)64 << 10)
#define HEADERS 128

static void warn_of_random_key(void)
{
    fprintf(stderr,
            "vgirpc: the key of stream tokens is a random one: no other worker will "
            "understand them; set VGI_RPC_SIGNING_KEY in a fleet\n");
}

static void announce(const vgi__http_socket *s)
{
    if (s->file.path)
        printf("UNIX:%s\n", s->file.path);
    else
        printf("PORT:%u\n", (unsigned)s->port);
    fflush(stdout);
}

static void unlisten(void *user)
{
    vgi__http_socket *s = user;

    vgi__unix_file_remove(&s->file);
}

static vgi__engine_options engine_options(const vgi_server *server,
                                          const vgi_http_options *o, vgi__http_socket *s)
{
    return (vgi__engine_options){
        .listen_fd = s->fd,
        .wake_fd = server->wake[0],
        .peer = o->unix_path ? "unix" : NULL,
        .threads = o->threads,
        .max_threads = o->max_threads,
        .max_connections = o->max_connections,
        .header_ms = o->header_timeout_ms,
        .idle_ms = o->idle_timeout_ms,
        .write_ms = o->write_timeout_ms,
        .body_rate = o->body_bytes_per_second,
        .drain_ms = vgi__server_drain_ms(server),
        .head_bytes = HEAD_BYTES,
        .headers = HEADERS,
        .body_bytes = o->max_request_bytes,
        .body_bytes_total = o->max_buffered_bytes,
        .allocator = server->allocator,
        .unlisten = unlisten,
        .user = s,
    };
}

/* With everything that can be refused behind us: accept. */
static int run(vgi_server *server, vgi__app *app, vgi_error *err)
{
    const vgi_http_options *o = &app->options;
    vgi__http_socket s;
    vgi__engine_options e;
    vgi__http_app callbacks;
    int rc;

    if ((rc = vgi__http_bind(&s, o, err)) != VGI_OK)
        return rc;
    e = engine_options(server, o, &s);
    callbacks = vgi__app_callbacks(app);
    if (!o->signing_key)
        warn_of_random_key();
    if (o->announce)
        announce(&s);
    return vgi__engine_run(&e, &callbacks, err);
}

int vgi_server_serve_http(vgi_server *server, const vgi_http_options *options,
                          vgi_error *err)
{
    vgi_http_options o = { .size = sizeof(o) };
    vgi__key_text key = { .len = 0 };
    vgi__app *app;
    int rc;

    if (options) {
        memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
        o.size = options->size; /* which vgi__app_new judges */
    }
    if ((rc = vgi__key_of_environment(&key, &o, err)) == VGI_OK &&
        (rc = vgi__server_begin(server, VGI_TRANSPORT_HTTP, err)) == VGI_OK &&
        (rc = vgi__app_new(&app, server->registry, &o, server->allocator, err)) ==
            VGI_OK) {
        rc = run(server, app, err);
        vgi__app_free(app);
    }
    explicit_bzero(&key, sizeof(key));
    return rc;
}
