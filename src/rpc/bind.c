/* SPDX-License-Identifier: Apache-2.0 */
/* From the one row of a request to what a handler takes. */
#include "rpc/builder.h"
#include "rpc/call.h"

/* A run-time method reads its row itself; what it may rely on is checked before. */
static int check_row(vgi_call *c, const vgi_batch *row)
{
    const vgi_schema *declared = c->method->params_schema;
    const char *method = c->method->name;

    for (size_t i = 0; i < vgi_schema_columns(declared); i++) {
        const char *name = vgi_schema_name(declared, i);

        if (vgi_schema_nullable(declared, i))
            continue;
        if (vgi_schema_find(row->schema, name) < 0)
            return vgi_fail(c, "TypeError",
                            "%s() missing 1 required positional argument: '%s'", method,
                            name);
        if (vgi_batch_is_null(row, name, 0))
            return vgi_fail(c, "TypeError",
                            "%s() parameter '%s' is not optional but got None", method,
                            name);
    }
    return VGI_OK;
}

static int bind_row(vgi_call *c)
{
    int rc =
        vgi__fill_defaults(&c->method->def, &c->request, &c->arena, &c->row, &c->sink);

    return rc == VGI_OK ? check_row(c, c->row) : vgi__call_fail_error(c, &c->sink);
}

int vgi__call_bind(vgi_call *c)
{
    const vgi__method *m = c->method;
    int rc;

    c->request.sink = &c->sink;
    if (!m->params)
        return bind_row(c);
    c->params = vgi_arena_calloc(&c->arena, 1, vgi__record_size(m->params));
    if (!c->params)
        return vgi_fail(c, "MemoryError", "no memory for the parameters of %s", m->where);
    if (m->params_schema->n_columns == 0)
        return VGI_OK;
    rc = vgi__record_bind(m->params, &c->request, 0, c->params, &c->arena, m->name,
                          &c->sink);
    return rc == VGI_OK ? VGI_OK : vgi__call_fail_error(c, &c->sink);
}
