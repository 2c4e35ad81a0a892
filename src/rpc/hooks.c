/* SPDX-License-Identifier: Apache-2.0 */
/* Telling the dispatch hooks. Without hooks nothing is counted and no clock is read. */
#include "base/clock.h"
#include "base/fail.h"
#include "rpc/epoch.h"
#include "wire/keys.h"

void vgi__hooks_start(vgi_call *c)
{
    const vgi_server_options *o = c->options;

    if (o->n_hooks == 0)
        return;
    c->stats = (vgi_call_statistics){ .size = sizeof(c->stats) };
    c->started_ns = vgi__clock_ns();
    const char *own = c->negotiate ? VGI_METHOD_TRANSPORT_OPTIONS : VGI_METHOD_DESCRIBE;
    const vgi__registry *r = c->registry;
    const vgi__service *s = c->method           ? c->method->service
                            : r->n_services > 0 ? r->services[0]
                                                : NULL;

    c->info = (vgi_dispatch_info){
        .size = sizeof(c->info),
        .service = s ? s->def.name : "",
        .method = c->method ? c->method->name : own,
        .method_type = c->method && c->method->stream ? "stream" : "unary",
        .server_id = c->registry->server_id,
        .request_id = vgi_call_request_id(c),
        .transport = c->transport,
        .auth = vgi_call_auth(c),
        .metadata = c->request.metadata,
        .current_epoch = vgi__epoch_rules_of(c->keys.epoch)->current,
    };
    vgi__hooks_input(c, &c->request);
    for (size_t i = 0; i < o->n_hooks; i++) {
        c->tokens[i] = NULL;
        if (o->hooks[i].start)
            o->hooks[i].start(o->hooks[i].user, &c->info, &c->tokens[i]);
    }
}

void vgi__hooks_end(vgi_call *c)
{
    const vgi_server_options *o = c->options;
    vgi_error error;

    if (o->n_hooks == 0)
        return;
    if (c->failed)
        (void)vgi__fail(&error, VGI_EREMOTE,
                        c->failure.type ? c->failure.type : "RuntimeError", "%s",
                        c->failure.message ? c->failure.message : "");
    c->stats.duration_ns = vgi__clock_ns() - c->started_ns;
    for (size_t i = o->n_hooks; i-- > 0;)
        if (o->hooks[i].end)
            o->hooks[i].end(o->hooks[i].user, c->tokens[i], &c->info, &c->stats,
                            c->failed ? &error : NULL);
}

void vgi__hooks_input(vgi_call *c, const vgi_batch *b)
{
    if (c->options->n_hooks == 0)
        return;
    c->stats.input_batches++;
    c->stats.input_rows += (uint64_t)b->root->length;
    c->stats.input_bytes += (uint64_t)b->body_bytes;
}

void vgi__hooks_output(vgi_call *c, int64_t rows, uint64_t bytes)
{
    if (c->options->n_hooks == 0)
        return;
    c->stats.output_batches++;
    c->stats.output_rows += (uint64_t)rows;
    c->stats.output_bytes += bytes;
}
