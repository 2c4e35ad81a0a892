/* SPDX-License-Identifier: Apache-2.0 */
/* From the one row of a request to what a handler takes. */
#include "rpc/builder.h"
#include "rpc/call.h"

/* A run-time method reads its batch itself; what must not be null is checked before. */
static int check_nulls(vgi_call *c)
{
    const vgi_schema *declared = c->method->params_schema;

    for (size_t i = 0; i < vgi_schema_columns(declared); i++) {
        const char *name = vgi_schema_name(declared, i);

        if (!vgi_schema_nullable(declared, i) && vgi_batch_is_null(c->arguments, name, 0))
            return vgi_fail(c, "TypeError",
                            "%s() parameter '%s' is not optional but got None",
                            c->method->name, name);
    }
    return VGI_OK;
}

int vgi__call_bind(vgi_call *c)
{
    const vgi__method *m = c->method;
    int rc;

    c->request.sink = &c->sink;
    if (!m->params) {
        rc = vgi__fill_defaults(&m->def, &c->request, &c->arena, &c->arguments, &c->sink);
        return rc == VGI_OK ? check_nulls(c) : vgi__call_fail_error(c, &c->sink);
    }
    c->params = vgi_arena_calloc(&c->arena, 1, vgi__record_size(m->params));
    if (!c->params)
        return vgi_fail(c, "MemoryError", "no memory for the parameters of %s", m->where);
    if (m->params_schema->n_columns == 0)
        return VGI_OK;
    rc = vgi__record_bind(m->params, &c->request, 0, c->params, &c->arena, m->name,
                          &c->sink);
    return rc == VGI_OK ? VGI_OK : vgi__call_fail_error(c, &c->sink);
}
