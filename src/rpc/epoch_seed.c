/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seed epoch: requests that name no protocol. They go to the primary service, match
 * parameters by name, and have `__describe__`.
 */
#include "base/fail.h"
#include "rpc/epoch.h"

static int unknown_method(vgi_call *c)
{
    static const vgi_failure what = { .type = "AttributeError",
                                      .code = "UNIMPLEMENTED",
                                      .kind = "method_not_implemented" };
    const vgi__registry *r = c->registry;
    char echo[VGI_ECHO_SIZE];

    vgi__buffer_clear(&c->scratch);
    if (r->n_services > 0)
        vgi__method_list(&c->scratch, r->services[0], VGI_VISIBLE_SEED,
                         c->options->no_describe ? NULL : VGI_METHOD_DESCRIBE);
    else
        vgi__buffer_append(&c->scratch, "[]", sizeof("[]"));
    return vgi__call_refuse(c, &what, "Unknown method: '%s'. Available methods: %s",
                            vgi__echo(echo, c->keys.method),
                            c->scratch.failed ? "" : (const char *)c->scratch.data);
}

static int find(vgi_call *c)
{
    const vgi__registry *r = c->registry;

    if (r->n_services == 0)
        return unknown_method(c);
    c->describe =
        !c->options->no_describe && VGI__IS(c->keys.method, VGI_METHOD_DESCRIBE);
    if (c->describe)
        return VGI_OK;
    c->method = vgi__visible_method(r->services[0], c->keys.method, VGI_VISIBLE_SEED);
    return c->method ? VGI_OK : unknown_method(c);
}

static int gate(vgi_call *c)
{
    (void)c; /* seed clients send no protocol version */
    return VGI_OK;
}

/* Order, type and nullability are the client's affair; only a column too many is not. */
static int parameters(vgi_call *c)
{
    const vgi_schema *declared = c->method->params_schema, *sent = c->request.schema;
    char echo[VGI_ECHO_SIZE];

    if (vgi_schema_equal(declared, sent))
        return VGI_OK;
    for (size_t i = 0; i < vgi_schema_columns(sent); i++) {
        const char *name = vgi_schema_name(sent, i);

        if (vgi_schema_find(declared, name) < 0)
            return vgi_fail(c, "TypeError",
                            "%s() got an unexpected keyword argument '%s'",
                            c->method->name, vgi__echo(echo, vgi_str_from(name)));
    }
    return VGI_OK;
}

const vgi__epoch_rules vgi__epoch_seed = {
    .current = false,
    .find = find,
    .gate = gate,
    .parameters = parameters,
};
