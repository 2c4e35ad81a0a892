/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a call, and what a handler can ask it. */
#include "rpc/call.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/random.h"

int vgi__call_init(vgi_call *c, vgi__registry *r, vgi__writer *w, vgi_error *err)
{
    const vgi_server_options *o = &r->options;
    const vgi__filter_source *x = vgi__filter_source_of(o->external);
    const size_t limit = (size_t)o->limits.arena_bytes;
    int rc = VGI_OK;

    *c = (vgi_call){ .registry = r,
                     .options = o,
                     .writer = w,
                     .transport = VGI_TRANSPORT_MEMORY,
                     .arena = { .allocator = o->allocator, .limit = limit },
                     .turn = { .allocator = o->allocator, .limit = limit } };
    vgi__batch_init(&c->request, o->allocator);
    vgi__buffer_init(&c->text, o->allocator, SIZE_MAX);
    vgi__buffer_init(&c->scratch, o->allocator, SIZE_MAX);
    c->slots = vgi__calloc(o->allocator, r->n_methods, sizeof(*c->slots));
    c->tokens = vgi__calloc(o->allocator, o->n_hooks, sizeof(*c->tokens));
    if (!c->slots || !c->tokens) {
        vgi__call_destroy(c);
        return vgi__fail_nomem(err);
    }
    vgi__call_reset(c);
    if (x &&
        (rc = x->filter_new(x, &o->limits, o->allocator, &c->external, err)) != VGI_OK)
        vgi__call_destroy(c);
    c->filter = c->external;
    return rc;
}

void vgi__call_destroy(vgi_call *c)
{
    const vgi_allocator *a = c->options->allocator;

    vgi__call_reset(c);
    for (size_t i = 0; c->slots && i < c->registry->n_methods; i++) {
        vgi__builder_free(c->slots[i].out);
        vgi__builder_free(c->slots[i].header);
        for (int epoch = 0; epoch < VGI__EPOCHS; epoch++)
            vgi_schema_unref(c->slots[i].accepted[epoch]);
    }
    for (size_t i = 0; i < c->n_row_types; i++)
        vgi__record_free(c->row_types[i].record);
    vgi__free(a, c->slots);
    vgi__free(a, c->row_types);
    vgi__free(a, c->tokens);
    vgi__caster_free(c->casters[0]);
    vgi__caster_free(c->casters[1]);
    if (c->external)
        c->external->free(c->external);
    vgi__batch_free(&c->request);
    vgi__buffer_free(&c->text);
    vgi__buffer_free(&c->scratch);
    vgi_arena_free(&c->arena);
    vgi_arena_free(&c->turn);
}

void vgi__call_reset(vgi_call *c)
{
    vgi__builder_free(c->stream_builder);
    c->stream_builder = NULL;
    vgi_schema_unref(c->input_schema);
    vgi_schema_unref(c->output_schema);
    c->input_schema = c->output_schema = NULL;
    vgi_batch_unref(c->held);
    c->held = NULL;
    vgi__batch_drop_data(&c->request);
    vgi_arena_reset(&c->arena);
    vgi_arena_reset(&c->turn);
    c->method = NULL;
    c->params = NULL;
    c->row = NULL;
    c->describe = false;
    c->negotiate = false;
    c->leaving = 0;
    c->phase = VGI__PHASE_IDLE;
    c->request_id[0] = '\0';
    c->failed = false;
    c->sink.code = VGI_OK;
    c->logs = NULL;
    c->logs_end = &c->logs;
    c->state = NULL;
    c->header = NULL;
    c->output.emitted = false;
    c->turn_metadata = (vgi_metadata){ NULL, 0 };
}

/* A stream's turns come and go; everything else lives as long as the request. */
vgi_arena *vgi__call_memory(vgi_call *c)
{
    return c->phase == VGI__PHASE_TURN ? &c->turn : &c->arena;
}

void vgi__call_enter(vgi_call *c, vgi__phase phase)
{
    c->phase = phase;
    c->failed = false;
    c->sink.code = VGI_OK;
}

int vgi__call_cast(vgi_call *c, const vgi_batch **batch, const vgi_schema *target,
                   bool output)
{
    const vgi__cast_mode mode = output ? VGI__CAST_PROJECT : VGI__CAST_SAME_NAMES;
    vgi__caster **caster = &c->casters[output];
    int rc = VGI_OK;

    if (vgi_schema_equal((*batch)->schema, target))
        return VGI_OK;
    if (!*caster)
        rc =
            vgi__caster_new(caster, &c->options->limits, c->options->allocator, &c->sink);
    return rc == VGI_OK ? vgi__cast(*caster, *batch, target, mode, batch, &c->sink) : rc;
}

void vgi__call_set_filter(vgi_call *c, vgi__batch_filter *first)
{
    vgi__batch_filter **end = &first;

    while (*end)
        end = &(*end)->next;
    *end = c->external;
    c->filter = first;
}

int vgi__call_intact(vgi_call *c)
{
    int rc = VGI_OK;

    for (vgi__batch_filter *f = c->filter; f && rc == VGI_OK; f = f->next)
        if (f->intact)
            rc = f->intact(f, &c->sink);
    return rc;
}

void vgi__call_release(vgi_call *c, vgi_batch *b)
{
    for (vgi__batch_filter *f = c->filter; f; f = f->next)
        if (f->release)
            f->release(f, b);
}

void *vgi_call_alloc(vgi_call *call, size_t size)
{
    return vgi_arena_alloc(vgi__call_memory(call), size);
}

vgi_arena *vgi_call_arena(vgi_call *call)
{
    return vgi__call_memory(call);
}

int vgi_str_copy(vgi_call *call, vgi_str *out, vgi_str text)
{
    return vgi_concat(call, out, &text, 1);
}

int vgi_concat(vgi_call *call, vgi_str *out, const vgi_str *parts, size_t count)
{
    size_t size = 1, at = 0;
    bool overflow = false;

    for (size_t i = 0; i < count; i++)
        overflow |= vgi__add_size(size, parts[i].len, &size);
    char *text = overflow ? NULL : vgi_call_alloc(call, size);
    if (!text)
        return vgi__fail_nomem(&call->sink);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(text + at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    text[at] = '\0';
    *out = (vgi_str){ text, at };
    return VGI_OK;
}

int vgi__call_format(vgi_call *c, vgi_str *out, const char *fmt, va_list ap)
{
    vgi__buffer_clear(&c->text);
    if (!vgi__buffer_vprintf(&c->text, fmt, ap))
        return vgi__fail_nomem(&c->sink);
    *out = (vgi_str){ (const char *)c->text.data, c->text.len };
    return VGI_OK;
}

int vgi_strf(vgi_call *call, vgi_str *out, const char *fmt, ...)
{
    vgi_str text;
    va_list ap;

    va_start(ap, fmt);
    int rc = vgi__call_format(call, &text, fmt, ap);
    va_end(ap);
    return rc == VGI_OK ? vgi_str_copy(call, out, text) : rc;
}

const char *vgi_call_method(const vgi_call *call)
{
    return call->method->name;
}

const char *vgi_call_service(const vgi_call *call)
{
    return call->method->service->def.name;
}

const char *vgi_call_request_id(const vgi_call *call)
{
    char *id = ((vgi_call *)(uintptr_t)call)->request_id; /* made when first asked for */

    if (id[0] == '\0')
        vgi__random_id(id);
    return id;
}

const char *vgi_call_server_id(const vgi_call *call)
{
    return call->registry->server_id;
}

vgi_transport_kind vgi_call_transport(const vgi_call *call)
{
    return call->transport;
}

const char *vgi_transport_name(vgi_transport_kind kind)
{
    static const char *const names[] = {
        [VGI_TRANSPORT_PIPE] = "pipe", [VGI_TRANSPORT_UNIX] = "unix",
        [VGI_TRANSPORT_TCP] = "tcp",   [VGI_TRANSPORT_HTTP] = "http",
        [VGI_TRANSPORT_SHM] = "shm",   [VGI_TRANSPORT_MEMORY] = "memory",
    };

    return kind >= VGI_TRANSPORT_PIPE && kind <= VGI_TRANSPORT_MEMORY ? names[kind]
                                                                      : "unknown";
}

vgi_metadata vgi_call_metadata(const vgi_call *call)
{
    return call->request.metadata;
}

vgi_metadata vgi_call_turn_metadata(const vgi_call *call)
{
    return call->turn_metadata;
}

const vgi_auth *vgi_call_auth(const vgi_call *call)
{
    static const vgi_auth anonymous = { .domain = "", .principal = "", .claims = "{}" };

    return call->auth ? call->auth : &anonymous;
}

int64_t vgi_call_response_budget(const vgi_call *call)
{
    const uint64_t used = vgi__writer_pending(call->writer);
    const int64_t limit = call->response_limit;

    if (limit == 0)
        return -1;
    return used < (uint64_t)limit ? limit - (int64_t)used : 0;
}

void *vgi_call_user(const vgi_call *call)
{
    return call->options->user;
}
