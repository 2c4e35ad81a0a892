/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking a service's tables, once, and compiling its methods. Every message names the
 * service and the method, so that it can be read at the start of a worker.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "rpc/method.h"

typedef struct compiler {
    const vgi_server_options *options;
    const vgi_allocator *allocator;
    vgi_error *err;
} compiler;

static int refuse(const compiler *c, const vgi__method *m, const char *what)
{
    return vgi__fail(c->err, VGI_EINVAL, "ValueError", "%s: %s", m->where, what);
}

/* ---- one role of a method: a described type, or a schema ---- */

typedef struct role {
    const char *name; /* for messages */
    vgi__role kind;
    const vgi_type *type;
    const vgi_schema *schema;
    vgi__record **record;
    const vgi_schema **out;
} role;

static int compile_role(const compiler *c, const vgi__method *m, const role *r)
{
    char where[VGI_ERROR_MESSAGE_SIZE / 2];
    int rc;

    if (r->schema || !r->type) {
        *r->out = r->schema ? r->schema : vgi__schema_empty();
        return VGI_OK;
    }
    (void)snprintf(where, sizeof(where), "%s %s", m->where, r->name);
    rc = vgi__record_compile(r->record, r->type, r->kind, where, &c->options->limits,
                             c->allocator, c->err);
    if (rc == VGI_OK)
        *r->out = vgi__record_schema(*r->record);
    return rc;
}

/* A described state must be one that can travel. */
static int compile_state(const compiler *c, vgi__method *m)
{
    const vgi_schema *schema;
    const role state = { "state", VGI__ROLE_ROW, m->def.state, NULL, &m->state, &schema };

    if (!m->def.state || m->def.state->kind == VGI_KIND_OPAQUE)
        return VGI_OK;
    return compile_role(c, m, &state);
}

static int compile_roles(const compiler *c, vgi__method *m)
{
    const vgi_method *d = &m->def;
    const role roles[] = {
        { "parameters", VGI__ROLE_PARAMS, d->params, d->params_schema, &m->params,
          &m->params_schema },
        { "result", VGI__ROLE_RESULT, d->result, d->result_schema, &m->result,
          &m->result_schema },
        { "input", VGI__ROLE_ROW, d->input, d->input_schema, &m->input,
          &m->input_schema },
        { "output", VGI__ROLE_ROW, d->output, d->output_schema, &m->output,
          &m->output_schema },
        { "header", VGI__ROLE_ROW, d->header, d->header_schema, &m->header,
          &m->header_schema },
    };
    int rc = compile_state(c, m);

    for (size_t i = 0; rc == VGI_OK && i < sizeof(roles) / sizeof(roles[0]); i++)
        rc = compile_role(c, m, &roles[i]);
    if (rc != VGI_OK)
        return rc;
    if (!d->header && !d->header_schema)
        m->header_schema = NULL;
    m->has_return = !m->stream && vgi_schema_columns(m->result_schema) > 0;
    return VGI_OK;
}

/* ---- the shape of an entry ---- */

static bool is_rows(const vgi_type *t)
{
    return t->kind == VGI_KIND_STRUCT || t->kind == VGI_KIND_VOID;
}

static int check_unary(const compiler *c, const vgi__method *m)
{
    const vgi_method *d = &m->def;

    if (d->dynamic_unary)
        return VGI_OK;
    if (!d->unary || !d->params || !d->result)
        return refuse(c, m, "a unary method needs params, result and a handler");
    if (d->header)
        return refuse(c, m, "only streams have headers");
    return VGI_OK;
}

static int check_stream(const compiler *c, const vgi__method *m)
{
    const vgi_method *d = &m->def;
    const bool exchange = d->kind == VGI_METHOD_EXCHANGE;

    if (!d->dynamic_save != !d->dynamic_restore)
        return refuse(c, m, "a run-time stream has save and restore, or none of them");
    if (d->dynamic_next)
        return VGI_OK;
    if (!d->open || !d->params || !d->state || !d->output)
        return refuse(c, m, "a stream needs params, state, output and an open handler");
    if (exchange ? !d->exchange || !d->input : !d->next)
        return refuse(c, m,
                      exchange ? "an exchange needs input and an exchange handler"
                               : "a producer needs a next handler");
    if (!is_rows(d->output) || (exchange && !is_rows(d->input)))
        return refuse(c, m, "the rows of a stream are described structs or vgi_void");
    if (d->header && d->header->kind != VGI_KIND_STRUCT)
        return refuse(c, m, "a stream header is a described struct");
    return VGI_OK;
}

static int check_method(const compiler *c, vgi__method *m)
{
    const vgi_method *d = &m->def;
    const vgi_str name = { m->name, m->name_len };

    if (name.len == 0 || name.len > c->options->limits.name_bytes ||
        !vgi__utf8_valid(name.data, name.len))
        return refuse(c, m,
                      "a method name is UTF-8, not empty and within limits.name_bytes");
    if (vgi__name_is_dunder(name))
        return refuse(c, m, "method names in double underscores are reserved");
    if (d->visible & ~(unsigned)(VGI_VISIBLE_SEED | VGI_VISIBLE_CURRENT))
        return refuse(c, m, "unknown bits in .visible");
    m->visible = d->visible ? d->visible : VGI_VISIBLE_SEED | VGI_VISIBLE_CURRENT;
    m->stream = d->kind != VGI_METHOD_UNARY;
    switch (d->kind) {
    case VGI_METHOD_UNARY:
        return check_unary(c, m);
    case VGI_METHOD_PRODUCER:
    case VGI_METHOD_EXCHANGE:
        return check_stream(c, m);
    }
    return refuse(c, m, "unknown kind of method");
}

/* ---- the service ---- */

static char *join(const compiler *c, const char *service, const char *method)
{
    size_t a = strlen(service), b = strlen(method);
    char *where = vgi__alloc(c->allocator, a + b + 2);

    if (where) {
        memcpy(where, service, a);
        where[a] = '.';
        memcpy(where + a + 1, method, b + 1);
    }
    return where;
}

static int copy_method(const compiler *c, const vgi__service *s, vgi__method *m,
                       const vgi_method *entry)
{
    if (entry->size < offsetof(vgi_method, name) || !entry->ident)
        return vgi__fail(c->err, VGI_EINVAL, "ValueError",
                         "%s: method %zu has no size or no name: publish it with a macro",
                         s->def.name, s->n_methods);
    memcpy(&m->def, entry, entry->size < sizeof(m->def) ? entry->size : sizeof(m->def));
    m->service = s;
    m->name = m->def.name ? m->def.name : m->def.ident;
    m->name_len = strlen(m->name);
    m->where = join(c, s->def.name, m->name);
    return m->where ? VGI_OK : vgi__fail_nomem(c->err);
}

static int by_name(const void *a, const void *b)
{
    const vgi__method *x = a, *y = b;

    return strcmp(x->name, y->name); /* of UTF-8: code point order */
}

static int index_methods(const compiler *c, vgi__service *s)
{
    s->n_buckets = 4;
    while (s->n_buckets < 2 * s->n_methods)
        s->n_buckets *= 2;
    s->buckets = vgi__calloc(c->allocator, s->n_buckets, sizeof(*s->buckets));
    if (!s->buckets)
        return vgi__fail_nomem(c->err);
    for (size_t i = 0; i < s->n_methods; i++) {
        const vgi_str name = { s->methods[i].name, s->methods[i].name_len };
        size_t at = vgi__name_hash(name) & (s->n_buckets - 1);

        while (s->buckets[at] != 0)
            at = (at + 1) & (s->n_buckets - 1);
        s->buckets[at] = (uint32_t)i + 1;
    }
    return VGI_OK;
}

static int compile_methods(const compiler *c, vgi__service *s)
{
    size_t n = 0;
    int rc = VGI_OK;

    while (s->def.methods[n])
        n++;
    s->methods = vgi__calloc(c->allocator, n + 1, sizeof(*s->methods));
    if (!s->methods)
        return vgi__fail_nomem(c->err);
    for (size_t i = 0; rc == VGI_OK && i < n; i++) {
        vgi__method *m = &s->methods[s->n_methods++];

        rc = copy_method(c, s, m, s->def.methods[i]);
        if (rc == VGI_OK)
            rc = check_method(c, m);
        if (rc == VGI_OK)
            rc = compile_roles(c, m);
    }
    if (rc != VGI_OK)
        return rc;
    qsort(s->methods, n, sizeof(*s->methods), by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(s->methods[i - 1].name, s->methods[i].name) == 0)
            return refuse(c, &s->methods[i], "the method is published twice");
    return index_methods(c, s);
}

static int check_service(const compiler *c, vgi__service *s, const vgi_service *table)
{
    const char *wrong;

    if (!table || table->size < offsetof(vgi_service, untyped_streams))
        return vgi__fail(c->err, VGI_EINVAL, "ValueError",
                         "the service table has no size: begin it with VGI_SERVICE_INIT");
    memcpy(&s->def, table, table->size < sizeof(s->def) ? table->size : sizeof(s->def));
    wrong = vgi__protocol_name_check(vgi_str_from(s->def.name), false);
    if (wrong) {
        char echo[VGI_ECHO_SIZE];

        return vgi__fail(c->err, VGI_EINVAL, "ValueError", "service name '%s' %s",
                         vgi__echo(echo, vgi_str_from(s->def.name)), wrong);
    }
    if (s->def.version && !vgi__version_parse(vgi_str_from(s->def.version), s->version))
        return vgi__fail(c->err, VGI_EINVAL, "ValueError",
                         "%s: version '%s' is not MAJOR.MINOR.PATCH", s->def.name,
                         s->def.version);
    if (!s->def.methods)
        return vgi__fail(c->err, VGI_EINVAL, "ValueError", "%s has no table of methods",
                         s->def.name);
    return VGI_OK;
}

int vgi__service_compile(vgi__service **out, const vgi_service *table,
                         const vgi_server_options *options, vgi_error *err)
{
    const compiler c = { options, options->allocator, err };
    vgi__service *s = vgi__calloc(c.allocator, 1, sizeof(*s));
    int rc;

    if (!s)
        return vgi__fail_nomem(err);
    pthread_mutex_init(&s->introspection.lock, NULL);
    rc = check_service(&c, s, table);
    if (rc == VGI_OK)
        rc = compile_methods(&c, s);
    if (rc != VGI_OK) {
        vgi__service_free(s, c.allocator);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

void vgi__service_free(vgi__service *s, const vgi_allocator *a)
{
    for (size_t i = 0; i < s->n_methods; i++) {
        vgi__method *m = &s->methods[i];

        vgi__record_free(m->params);
        vgi__record_free(m->result);
        vgi__record_free(m->input);
        vgi__record_free(m->output);
        vgi__record_free(m->header);
        vgi__record_free(m->state);
        vgi__free(a, m->where);
    }
    vgi__builder_free(s->introspection.builder);
    pthread_mutex_destroy(&s->introspection.lock);
    vgi__free(a, s->methods);
    vgi__free(a, s->buckets);
    vgi__free(a, s);
}
