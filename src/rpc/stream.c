/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a stream.
 *
 *   open --VGI_OK--> begin --> turn --> turn --> ... --> end
 *     |
 *     +-VGI_EREMOTE: the error stream is the whole answer
 *
 * A turn goes on with VGI_OK. VGI_END (the producer is done), VGI_EREMOTE (the exception
 * is written), a cancel and the end of the input lead to the end.
 *
 * The state lives in the call's arena from open to end. `destroy` runs once for a state
 * that was opened, however the stream ended.
 */
#include "rpc/stream.h"

#include "base/fail.h"

static bool is_dynamic(const vgi__method *m)
{
    return m->def.dynamic_next != NULL;
}

static void set_schema(vgi_schema **slot, const vgi_schema *s)
{
    vgi_schema *old = *slot;

    *slot = vgi_schema_ref(s);
    vgi_schema_unref(old);
}

void vgi__stream_set_schemas(vgi_call *c, const vgi_schema *input,
                             const vgi_schema *output)
{
    set_schema(&c->input_schema, input);
    set_schema(&c->output_schema, output);
}

/* ---- what open may choose ---- */

static int in_open(vgi_call *c, const char *what)
{
    if (c->phase == VGI__PHASE_OPEN)
        return VGI_OK;
    return vgi__fail(&c->sink, VGI_EINVAL, "RuntimeError",
                     "%s can be set only while a stream opens", what);
}

static int header_builder(vgi_call *c, vgi__builder **b)
{
    const vgi__method *m = c->method;
    vgi__method_slot *slot = &c->slots[m->index];
    int rc = in_open(c, "a header");

    if (rc != VGI_OK)
        return rc;
    if (!m->header_schema)
        return vgi__fail(&c->sink, VGI_EINVAL, NULL, "%s declares no header", m->where);
    c->header = NULL;
    rc = vgi__output_builder(c, &slot->header, m->header_schema);
    *b = slot->header;
    return rc;
}

int vgi_call_header(vgi_call *call, const vgi_type *type, const void *header)
{
    const vgi__method *m = call->method;
    vgi__builder *b = NULL;
    int rc = header_builder(call, &b);

    if (rc != VGI_OK)
        return rc;
    if (!m->header || !vgi__type_equal(m->def.header, type))
        return vgi__fail(&call->sink, VGI_EINVAL, NULL,
                         "%s: '%s' is not the declared header type", m->where,
                         type->name);
    rc = vgi__record_append(m->header, header, b, &call->sink);
    return rc == VGI_OK ? vgi__builder_finish(b, 1, &call->header, &call->sink) : rc;
}

int vgi_call_header_batch(vgi_call *call, const struct vgi_batch *header)
{
    const vgi_schema *s = call->method->header_schema;
    const struct ArrowArray *root = header->root;
    vgi__builder *b = NULL;
    int32_t node = 1;
    int rc = header_builder(call, &b);

    if (rc != VGI_OK)
        return rc;
    if (root->length != 1 || !vgi_schema_equal(s, header->schema))
        return vgi__fail(&call->sink, VGI_EINVAL, NULL,
                         "%s: a header is one row of the declared schema",
                         call->method->where);
    for (int32_t i = 0; rc == VGI_OK && i < s->n_columns; i++) {
        rc = vgi__builder_copy(b, node, header->schema,
                               vgi__column_node(header->schema, i), root->children[i],
                               root->offset, 1, &call->sink);
        node = vgi__sibling(s, node);
    }
    return rc == VGI_OK ? vgi__builder_finish(b, 1, &call->header, &call->sink) : rc;
}

int vgi_call_output_schema(vgi_call *call, const vgi_schema *schema)
{
    int rc = in_open(call, "an output schema");

    if (rc == VGI_OK)
        set_schema(&call->output_schema, schema);
    return rc;
}

int vgi_call_input_schema(vgi_call *call, const vgi_schema *schema)
{
    int rc = in_open(call, "an input schema");

    if (rc == VGI_OK && call->method->def.kind != VGI_METHOD_EXCHANGE)
        return vgi__fail(&call->sink, VGI_EINVAL, NULL, "%s takes no input",
                         call->method->where);
    if (rc == VGI_OK)
        set_schema(&call->input_schema, schema);
    return rc;
}

/* ---- open ---- */

static int run_open(vgi_call *c)
{
    const vgi__method *m = c->method;
    int rc;

    if (is_dynamic(m))
        return m->def.dynamic_open(c, c->row, &c->state, m->def.user);
    c->state = vgi_arena_calloc(&c->arena, 1, m->def.state->size);
    if (!c->state)
        return vgi__fail_nomem(&c->sink);
    if ((rc = m->def.open(c, c->params, c->state)) != VGI_OK)
        c->state = NULL; /* never opened: nothing to destroy */
    return rc;
}

void vgi__stream_close_state(vgi_call *c)
{
    const vgi_method *d = &c->method->def;
    void *state = c->state;

    c->state = NULL;
    if (!state)
        return;
    if (is_dynamic(c->method) && d->dynamic_close)
        d->dynamic_close(state, d->user);
    else if (d->destroy)
        d->destroy(state);
}

/* The header batch, or a pointer to it. That it could not be uploaded is a failure of the
 * call, written in its place. */
static int put_header(vgi_call *c, vgi_error *err)
{
    const vgi__offer offer = { .schema = c->method->header_schema, .array = c->header };
    int rc = vgi__call_put(c, c->external, &offer);

    if (rc == VGI_OK)
        return VGI_OK;
    (void)vgi__call_fail_status(c, rc);
    rc = vgi__call_write_failure(c, err);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

static int write_header(vgi_call *c, vgi_error *err)
{
    vgi__writer *w = c->writer;
    const uint64_t before = vgi__writer_bytes(w);
    int rc = vgi__writer_schema(w, c->method->header_schema, err);

    if (rc == VGI_OK)
        rc = vgi__call_write_kept_logs(c, err);
    if (rc == VGI_OK)
        rc = put_header(c, err);
    int ended = rc == VGI_OK || rc == VGI_EREMOTE ? vgi__writer_eos(w, err) : rc;
    if (ended != VGI_OK)
        rc = ended;
    vgi__hooks_output(c, 1, vgi__writer_bytes(w) - before);
    return rc;
}

static int open_failed(vgi_call *c, vgi_error *err)
{
    int rc = vgi__call_reject(c, err);

    vgi__hooks_end(c);
    vgi__stream_close_state(c);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

int vgi__stream_open(vgi_call *c, vgi_error *err)
{
    const vgi__method *m = c->method;
    int status, rc = VGI_OK;

    vgi__stream_set_schemas(c, m->input_schema, m->output_schema);
    vgi__hooks_start(c);
    vgi__call_enter(c, VGI__PHASE_OPEN);
    status = run_open(c);
    c->phase = VGI__PHASE_IDLE;
    if (status != VGI_OK)
        (void)vgi__call_fail_status(c, status);
    else if (m->header_schema && !c->header)
        status = vgi_fail(c, "TypeError",
                          "Method '%s' declares header type but returned header=None",
                          m->name);
    if (status != VGI_OK)
        return open_failed(c, err);
    if (m->header_schema && (rc = write_header(c, err)) != VGI_OK) {
        vgi__hooks_end(c);
        vgi__stream_close_state(c);
    }
    return rc;
}

/* ---- turns ---- */

int vgi__stream_begin(vgi_call *c, vgi_error *err)
{
    int rc = vgi__writer_schema(c->writer, c->output_schema, err);

    return rc == VGI_OK ? vgi__call_write_kept_logs(c, err) : rc;
}

/* Replace a pointer by its batch, and make it what the method declared. */
static int prepare_input(vgi_call *c, vgi_batch *in, const vgi_batch **out)
{
    int rc = VGI_OK;

    for (vgi__batch_filter *f = c->filter; f && rc == VGI_OK; f = f->next)
        if (f->resolve)
            rc = f->resolve(f, in, &c->sink);
    if (rc != VGI_OK)
        return rc;
    if (c->input_schema->n_columns > 0)
        vgi__hooks_input(c, in);
    in->sink = &c->sink;
    *out = in;
    rc = vgi__call_cast(c, out, c->input_schema, false);
    if (rc == VGI_OK)
        ((vgi_batch *)(uintptr_t)*out)->sink = &c->sink;
    return rc;
}

static int run_turn(vgi_call *c, const vgi_batch *in)
{
    const vgi_method *d = &c->method->def;

    if (is_dynamic(c->method))
        return d->dynamic_next(c, c->state, in, &c->output, d->user);
    if (d->kind == VGI_METHOD_EXCHANGE)
        return d->exchange(c, c->state, in, &c->output);
    return d->next(c, c->state, &c->output);
}

/* The batch that was emitted and has waited, then the logs that did: before it, if a
 * pointer to all of them may take its place. */
static int write_waiting(vgi_call *c)
{
    const struct ArrowArray *array = c->output.waiting;
    const vgi__batch_filter *x = c->external;
    int rc = VGI_OK;

    c->output.waiting = NULL;
    if (x && x->leaving && x->leaving(x, c->output_schema, array) > 0)
        rc = vgi__call_write_kept_logs(c, &c->sink);
    if (rc == VGI_OK)
        rc = vgi__output_put(&c->output, array);
    return rc == VGI_OK ? vgi__call_write_kept_logs(c, &c->sink) : rc;
}

/* The rest of a turn whose handler is content: its batch, unless it went out before. */
static int finish_turn(vgi_call *c)
{
    vgi_output *out = &c->output;
    int rc;

    if (out->misused)
        return VGI_EREMOTE;
    c->sink.code = VGI_OK; /* what the handler met and lived with */
    if (!out->emitted && !out->touched && !out->ready)
        return out->finished ? VGI_OK
                             : vgi_fail(c, "RuntimeError", "No data batch was emitted");
    if (c->before_batch && (rc = c->before_batch(c, c->before_batch_user)) != VGI_OK)
        return rc;
    if (out->waiting)
        return write_waiting(c);
    return out->emitted ? VGI_OK : vgi__output_write(out);
}

static int turn(vgi_call *c, vgi_batch *in)
{
    const bool declared = c->output_schema == c->method->output_schema;
    vgi__builder **slot = declared ? &c->slots[c->method->index].out : &c->stream_builder;
    const vgi_batch *ready;
    int rc = prepare_input(c, in, &ready);

    if (rc == VGI_OK)
        rc = vgi__output_builder(c, slot, c->output_schema);
    if (rc != VGI_OK)
        return rc;
    vgi__output_begin(c, c->output_schema, *slot);
    c->turn_metadata = ready->metadata;
    rc = run_turn(c, ready);
    return rc == VGI_OK ? finish_turn(c) : rc;
}

int vgi__stream_turn(vgi_call *c, vgi_batch *in, vgi_error *err)
{
    vgi_arena_reset(&c->turn);
    vgi__call_enter(c, VGI__PHASE_TURN);
    c->turn_begin = vgi__writer_mark_here(c->writer);
    int status = turn(c, in);

    c->phase = VGI__PHASE_IDLE;
    c->turn_metadata = (vgi_metadata){ NULL, 0 };
    if (status == VGI_OK)
        return c->output.finished ? VGI_END : VGI_OK;
    c->output.waiting = NULL; /* it fails with the turn; the logs after it do not */
    (void)vgi__call_fail_status(c, status);
    int rc = vgi__call_write_kept_logs(c, err);
    if (rc == VGI_OK)
        rc = vgi__call_write_failure(c, err);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

int vgi__stream_fail(vgi_call *c, const vgi_error *why, vgi_error *err)
{
    (void)vgi__call_fail_error(c, why);
    int rc = vgi__call_write_failure(c, err);
    return rc == VGI_OK ? VGI_EREMOTE : rc;
}

void vgi__stream_cancel(vgi_call *c)
{
    if (!c->method->def.cancel)
        return;
    vgi__call_enter(c, VGI__PHASE_CANCEL);
    c->method->def.cancel(c, c->state);
    c->failed = false; /* nobody asks whether a cancelled stream failed */
    c->phase = VGI__PHASE_IDLE;
}

int vgi__stream_end(vgi_call *c, vgi_error *err)
{
    int rc = vgi__writer_eos(c->writer, err);

    vgi__hooks_end(c);
    vgi__stream_close_state(c);
    return rc;
}
