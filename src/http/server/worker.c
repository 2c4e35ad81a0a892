/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread of the engine works with. */
#include "base/alloc.h"
#include "base/fail.h"
#include "http/server/app.h"

void vgi__worker_free(void *data, void *worker)
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

int vgi__worker_new(void *data, void **worker, vgi_error *err)
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
        vgi__worker_free(data, w);
        return rc;
    }
    w->app = app;
    w->call.transport = VGI_TRANSPORT_HTTP;
    w->call.auth = &w->auth;
    w->call.surface = w;
    w->call.response_limit = app->options.max_response_bytes;
    w->call.leaving_limit = app->options.max_externalized_response_bytes;
    *worker = w;
    return VGI_OK;
}

void vgi__worker_sent(void *data, void *worker)
{
    vgi__worker *w = worker;

    (void)data;
    vgi__call_reset(&w->call);
    vgi__writer_clear(w->writer);
    vgi__block_unref(w->decoded);
    w->decoded = NULL;
    atomic_fetch_add(&w->app->room, w->reserved);
    w->reserved = 0;
    vgi_arena_reset(&w->arena);
    vgi__buffer_clear(&w->cookies);
}
