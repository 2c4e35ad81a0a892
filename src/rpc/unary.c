/* SPDX-License-Identifier: Apache-2.0 */
/* Unary methods: one handler call, and its whole answer on the writer. */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "rpc/call.h"

/* ---- big strings and byte runs ---- */

/* The value of a result that is one plain string or byte run, by whatever name. */
static bool plain_bytes(const vgi__method *m, const void *result, vgi_bytes *value)
{
    const vgi_type *t = m->def.result;
    const vgi__node *n = &m->result_schema->nodes[1];

    while (t->kind == VGI_KIND_ALIAS)
        t = t->item;
    if (n->layout != VGI__LAYOUT_BINARY || n->dictionary >= 0)
        return false;
    if (t->kind == VGI_KIND_STR && n->logical == VGI__TYPE_UTF8) {
        const vgi_str *s = result;

        *value = (vgi_bytes){ (const uint8_t *)s->data, s->len };
        return vgi__utf8_valid(s->data, s->len);
    }
    if (t->kind == VGI_KIND_BYTES && n->logical == VGI__TYPE_BINARY) {
        *value = *(const vgi_bytes *)result;
        return true;
    }
    return false;
}

/* One row that is the handler's own memory: it stays until the answer was flushed. */
static int write_borrowed(vgi_call *c, vgi_bytes value)
{
    const int32_t offsets[2] = { 0, (int32_t)value.len };
    const void *buffers[3] = { NULL, offsets, value.data };
    const void *validity[1] = { NULL };
    struct ArrowArray column = { .length = 1, .n_buffers = 3, .buffers = buffers };
    struct ArrowArray *children[1] = { &column };
    const struct ArrowArray row = { .length = 1,
                                    .n_buffers = 1,
                                    .buffers = validity,
                                    .n_children = 1,
                                    .children = children };

    return vgi__output_put(&c->output, &row);
}

/* ---- running it ---- */

static int write_result(vgi_call *c, const void *result)
{
    const vgi__method *m = c->method;
    vgi__builder **slot = &c->slots[m->index].out;
    vgi_bytes value;
    int rc;

    vgi__output_begin(c, m->result_schema, NULL);
    if (plain_bytes(m, result, &value) && value.len >= VGI__REFERENCE_BYTES &&
        value.len <= INT32_MAX)
        return write_borrowed(c, value);
    if ((rc = vgi__output_builder(c, slot, m->result_schema)) != VGI_OK)
        return rc;
    c->output.builder = *slot;
    if ((rc = vgi__record_append(m->result, result, *slot, &c->sink)) != VGI_OK)
        return rc;
    return vgi__output_write(&c->output);
}

static int run_typed(vgi_call *c)
{
    const vgi__method *m = c->method;
    void *result = vgi_arena_calloc(&c->arena, 1, vgi__record_size(m->result));
    int rc;

    if (!result)
        return vgi__fail_nomem(&c->sink);
    if ((rc = m->def.unary(c, c->params, result)) != VGI_OK)
        return rc;
    c->sink.code = VGI_OK; /* what the handler met and lived with */
    if (m->has_return)
        return write_result(c, result);
    rc = vgi__call_intact(c);
    return rc == VGI_OK ? vgi__writer_empty_batch(c->writer, NULL, &c->sink) : rc;
}

static int run_dynamic(vgi_call *c)
{
    const vgi__method *m = c->method;
    vgi__builder **slot = &c->slots[m->index].out;
    int rc = vgi__output_builder(c, slot, m->result_schema);

    if (rc != VGI_OK)
        return rc;
    vgi__output_begin(c, m->result_schema, *slot);
    rc = m->def.dynamic_unary(c, c->row, &c->output, m->def.user);
    if (rc != VGI_OK)
        return rc;
    if (c->output.misused)
        return VGI_EREMOTE;
    if (c->output.emitted)
        return VGI_OK;
    if (m->has_return && !c->output.touched && !c->output.ready)
        return vgi_fail(c, "TypeError",
                        "%s() expected a non-None return value but got None", m->name);
    return vgi__output_write(&c->output);
}

static int describe(vgi_call *c, vgi_error *err)
{
    vgi__service *primary = c->registry->services[0];
    vgi_error why;
    int rc = vgi__introspect(c->registry, primary, &why);

    if (rc != VGI_OK) {
        (void)vgi__call_fail_error(c, &why);
        return vgi__call_reject(c, err);
    }
    vgi__hooks_start(c);
    rc = vgi__describe_write(primary, c->writer, err);
    vgi__hooks_end(c);
    return rc;
}

static bool has_capability(const vgi_call *c, const char *key)
{
    for (const vgi__batch_filter *f = c->filter; f; f = f->next)
        if (f->capability && strcmp(f->capability, key) == 0)
            return true;
    return false;
}

/* What the transport can do, as metadata of a batch without anything else. */
static int negotiate(vgi_call *c, vgi_error *err)
{
    const bool shm = has_capability(c, VGI_KEY_TRANSPORT_SHM);
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_TRANSPORT_SHM), shm ? VGI_LIT("true") : VGI_LIT("false") },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
        { VGI_LIT(VGI_KEY_SERVER_ID), vgi_str_from(c->registry->server_id) },
    };
    int rc = vgi__writer_schema(c->writer, vgi__schema_empty(), err);

    vgi__hooks_start(c);
    if (rc == VGI_OK)
        rc = vgi__writer_empty_batch(c->writer, &(vgi_metadata){ pairs, 3 }, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(c->writer, err);
    vgi__hooks_end(c);
    return rc;
}

int vgi__call_check_size(vgi_call *c, uint64_t bytes)
{
    if (c->response_limit == 0 || bytes <= (uint64_t)c->response_limit)
        return VGI_OK;
    return vgi_fail(c, "RuntimeError",
                    "HTTP body exceeds max_response_bytes (%llu > %lld) for method '%s'",
                    (unsigned long long)bytes, (long long)c->response_limit,
                    c->method->name);
}

int vgi__call_unary(vgi_call *c, vgi_error *err)
{
    const vgi__writer_mark begin = vgi__writer_mark_here(c->writer);
    const uint64_t before = vgi__writer_bytes(c->writer);
    int status, rc;

    if (c->describe)
        return describe(c, err);
    if (c->negotiate)
        return negotiate(c, err);
    if ((rc = vgi__writer_schema(c->writer, c->method->result_schema, err)) != VGI_OK)
        return rc;
    vgi__hooks_start(c);
    vgi__call_enter(c, VGI__PHASE_UNARY);
    status = c->method->result ? run_typed(c) : run_dynamic(c);
    if (status != VGI_OK) {
        (void)vgi__call_fail_status(c, status);
        rc = vgi__call_write_failure(c, err);
    }
    c->phase = VGI__PHASE_IDLE;
    if (rc == VGI_OK)
        rc = vgi__writer_eos(c->writer, err);
    if (rc == VGI_OK && !c->failed &&
        vgi__call_check_size(c, vgi__writer_bytes(c->writer) - before) != VGI_OK) {
        vgi__writer_rewind(c->writer, begin);
        rc = vgi__call_reject(c, err);
    }
    vgi__hooks_end(c);
    return rc;
}
