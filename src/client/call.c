/* SPDX-License-Identifier: Apache-2.0 */
/* Unary calls. */
#include "client/connection.h"

#include "base/fail.h"

static int exchange(vgi_client *c, const vgi__target *target, const vgi__payload *params,
                    vgi_error *err)
{
    const vgi_schema *answer_schema;
    int rc = vgi__client_request(c, target, false, params, err);

    if (rc == VGI_OK)
        rc = vgi__answer_begin(c, &answer_schema, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__answer_next(c, &c->answer, err);
    if (rc == VGI_EREMOTE)
        return rc;
    if (rc == VGI_END)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the server's answer to %s() has no batch", target->method);
    /* Also after a batch that could not be read: the next call finds the line clear. */
    const int drained = c->channel->broken ? rc : vgi__answer_drain(c, rc ? NULL : err);
    return rc ? rc : drained;
}

/* The server refused a request that names no protocol. */
static bool wants_protocol(const vgi_client *c)
{
    return c->routing == VGI__ROUTING_UNKNOWN &&
           vgi_str_eq(c->failure.info.kind, "protocol_not_specified");
}

/* Learn the protocol; the refusal that made it necessary stays the failure when that does
 * not work. */
static int learn(vgi_client *c)
{
    const vgi__failure refusal = c->failure;
    int rc;

    c->failure = (vgi__failure){ .mem.allocator = c->allocator };
    rc = vgi__client_learn(c, NULL);
    if (rc == VGI_OK) {
        vgi__failure spent = refusal;
        vgi__failure_free(&spent);
        return VGI_OK;
    }
    vgi__failure_free(&c->failure);
    c->failure = refusal;
    return rc;
}

int vgi__client_unary(vgi_client *c, const vgi__target *target,
                      const vgi__payload *params, vgi_error *err)
{
    int rc = exchange(c, target, params, err);

    if (target->protocol || target->plain)
        return rc;
    if (rc == VGI_EREMOTE && wants_protocol(c) && learn(c) == VGI_OK) {
        vgi__failure_clear(&c->failure);
        return exchange(c, target, params, err);
    }
    if ((rc == VGI_OK || rc == VGI_EREMOTE) && c->routing == VGI__ROUTING_UNKNOWN &&
        !wants_protocol(c))
        c->routing = VGI__ROUTING_NONE;
    return rc;
}

/* Bind the one row of the answer; *out borrows from it and from the scratch arena. */
static int bind_result(vgi_client *c, const char *method, const vgi_type *type, void *out,
                       vgi_error *err)
{
    vgi__compiled *result = NULL;
    int rc = vgi__client_compile(c, type, VGI__ROLE_RESULT, &result, err);

    if (rc != VGI_OK)
        return rc;
    if (vgi_batch_rows(&c->answer) != 1)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the server's answer to %s() has %lld rows instead of 1", method,
                         (long long)vgi_batch_rows(&c->answer));
    return vgi__record_bind(result->record, &c->answer, 0, out, &c->scratch, NULL, err);
}

int vgi_client_call(vgi_client *client, const char *method, const vgi_type *in_type,
                    const void *in, const vgi_type *out_type, void *out, vgi_arena *mem,
                    vgi_error *err)
{
    const vgi__target target = { .method = method };
    vgi__payload params = { 0 };
    vgi__compiled *result = NULL;
    vgi_error local;
    int rc;

    err = err ? err : &local;
    rc = vgi__client_ready(client, err);
    /* A type that cannot be a result is found before anything happens. */
    if (rc == VGI_OK)
        rc = vgi__client_compile(client, out_type, VGI__ROLE_RESULT, &result, err);
    if (rc == VGI_OK)
        rc = vgi__client_params(client, in_type, in, &params, err);
    if (rc == VGI_OK)
        rc = vgi__client_unary(client, &target, &params, err);
    if (rc == VGI_OK && out_type->kind != VGI_KIND_VOID)
        rc = bind_result(client, method, out_type, out, err);
    if (rc == VGI_OK && out_type->kind != VGI_KIND_VOID)
        rc = vgi__own_value(out_type, out, mem, err);
    vgi_arena_reset(&client->scratch);
    const int used = vgi__answer_used(client, rc == VGI_OK ? err : NULL);
    return rc == VGI_OK ? used : rc;
}

int vgi_client_call_batch(vgi_client *client, const char *method, const vgi_batch *params,
                          vgi_batch **result, vgi_error *err)
{
    const vgi__target target = { .method = method };
    const vgi__payload payload = vgi__payload_of(params);
    vgi_error local;
    int rc;

    err = err ? err : &local;
    rc = vgi__client_ready(client, err);
    if (rc == VGI_OK)
        rc = vgi__client_unary(client, &target, &payload, err);
    if (rc == VGI_OK && result) {
        *result = NULL;
        if (vgi_schema_columns(vgi_batch_schema(&client->answer)) > 0)
            rc = vgi_batch_retain(&client->answer, result, err);
    }
    (void)vgi__answer_used(client, NULL); /* a failure is the next call's */
    return rc;
}
