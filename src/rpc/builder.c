/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services made at run time. A builder owns copies of everything its tables point to; the
 * finished service is an ordinary table, whose methods have schemas in place of types.
 */
#include <vgirpc/builder.h>

#include <string.h>

#include "arrow/builder.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "rpc/method.h"
#include "types/record.h"

typedef struct entry {
    vgi_method method;
    const char **defaults; /* per parameter; owned, as are the texts */
    struct entry *next;
} entry;

struct vgi_builder {
    vgi_service service;
    char *name, *version;
    entry *entries; /* latest first */
    size_t n_entries;
    const vgi_method **table; /* once the service was asked for */
};

static char *copy_text(const char *text)
{
    return text ? vgi__strndup(NULL, text, strlen(text)) : NULL;
}

int vgi_builder_new(vgi_builder **out, const char *name, const char *version,
                    vgi_error *err)
{
    uint64_t parts[3];
    const char *wrong = vgi__protocol_name_check(vgi_str_from(name), false);
    if (wrong) {
        char echo[VGI_ECHO_SIZE];
        return vgi__fail(err, VGI_EINVAL, "ValueError", "service name '%s' %s",
                         vgi__echo(echo, vgi_str_from(name)), wrong);
    }
    if (version && !vgi__version_parse(vgi_str_from(version), parts))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s: version '%s' is not MAJOR.MINOR.PATCH", name, version);
    vgi_builder *b = vgi__calloc(NULL, 1, sizeof(*b));
    if (!b)
        return vgi__fail_nomem(err);
    b->name = copy_text(name);
    b->version = copy_text(version);
    if (!b->name || (version && !b->version)) {
        vgi_builder_free(b);
        return vgi__fail_nomem(err);
    }
    b->service =
        (vgi_service){ VGI_SERVICE_INIT, .name = b->name, .version = b->version };
    *out = b;
    return VGI_OK;
}

static void free_entry(entry *e)
{
    vgi_method *m = &e->method;
    for (size_t i = 0; e->defaults && i < vgi_schema_columns(m->params_schema); i++)
        vgi__free(NULL, (void *)(uintptr_t)e->defaults[i]);
    vgi__free(NULL, (void *)e->defaults);
    vgi__free(NULL, (void *)(uintptr_t)m->ident);
    vgi__free(NULL, (void *)(uintptr_t)m->doc);
    vgi_schema_unref((vgi_schema *)(uintptr_t)m->params_schema);
    vgi_schema_unref((vgi_schema *)(uintptr_t)m->result_schema);
    vgi_schema_unref((vgi_schema *)(uintptr_t)m->header_schema);
    vgi_schema_unref((vgi_schema *)(uintptr_t)m->input_schema);
    vgi_schema_unref((vgi_schema *)(uintptr_t)m->output_schema);
    vgi__free(NULL, e);
}

void vgi_builder_free(vgi_builder *builder)
{
    if (!builder)
        return;
    while (builder->entries) {
        entry *e = builder->entries;
        builder->entries = e->next;
        free_entry(e);
    }
    vgi__free(NULL, (void *)builder->table);
    vgi__free(NULL, builder->name);
    vgi__free(NULL, builder->version);
    vgi__free(NULL, builder);
}

static entry *find(const vgi_builder *builder, const char *method)
{
    for (entry *e = builder->entries; e; e = e->next)
        if (strcmp(e->method.ident, method) == 0)
            return e;
    return NULL;
}

static const vgi_schema *schema_or_empty(const vgi_schema *s)
{
    return vgi_schema_ref(s ? s : vgi__schema_empty());
}

/* Take a copy of `m`, whose schemas are borrowed. */
static int add(vgi_builder *builder, const char *method, const vgi_method *m,
               vgi_error *err)
{
    if (!method || !*method)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "%s: a method without a name",
                         builder->name);
    if (builder->table)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "%s.%s: the service is finished",
                         builder->name, method);
    if (find(builder, method))
        return vgi__fail(err, VGI_EINVAL, "ValueError", "%s.%s: the name is taken",
                         builder->name, method);
    entry *e = vgi__calloc(NULL, 1, sizeof(*e));
    if (!e)
        return vgi__fail_nomem(err);
    e->method = *m;
    e->method.size = sizeof(e->method);
    e->method.ident = copy_text(method);
    e->method.params_schema = schema_or_empty(m->params_schema);
    e->method.result_schema = schema_or_empty(m->result_schema);
    e->method.input_schema = schema_or_empty(m->input_schema);
    e->method.output_schema = schema_or_empty(m->output_schema);
    e->method.header_schema = vgi_schema_ref(m->header_schema);
    if (!e->method.ident) {
        free_entry(e);
        return vgi__fail_nomem(err);
    }
    e->next = builder->entries;
    builder->entries = e;
    builder->n_entries++;
    return VGI_OK;
}

int vgi_builder_unary(vgi_builder *builder, const char *method, const vgi_schema *params,
                      const vgi_schema *result, vgi_dynamic_unary *handler, void *user,
                      vgi_error *err)
{
    const vgi_method m = { .kind = VGI_METHOD_UNARY,
                           .params_schema = params,
                           .result_schema = result,
                           .dynamic_unary = handler,
                           .user = user };
    if (!handler)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "%s.%s: no handler",
                         builder->name, method ? method : "");
    return add(builder, method, &m, err);
}

int vgi_builder_stream(vgi_builder *builder, const char *method,
                       const vgi_dynamic_stream *stream, vgi_error *err)
{
    vgi_dynamic_stream s = { .size = sizeof(s) };

    if (stream->size >= offsetof(vgi_dynamic_stream, save))
        memcpy(&s, stream, stream->size < sizeof(s) ? stream->size : sizeof(s));
    if (!s.open || !s.next ||
        (s.kind != VGI_METHOD_PRODUCER && s.kind != VGI_METHOD_EXCHANGE))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s.%s: a stream needs size, kind, open and next", builder->name,
                         method ? method : "");
    if (!s.save != !s.restore)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s.%s: a stream has save and restore, or none of them",
                         builder->name, method ? method : "");
    const vgi_method m = { .kind = s.kind,
                           .params_schema = s.params,
                           .header_schema = s.header,
                           .input_schema = s.input,
                           .output_schema = s.output,
                           .dynamic_open = s.open,
                           .dynamic_next = s.next,
                           .cancel = s.cancel,
                           .dynamic_close = s.close,
                           .dynamic_save = s.save,
                           .dynamic_restore = s.restore,
                           .user = s.user };
    return add(builder, method, &m, err);
}

static int not_found(const vgi_builder *builder, const char *method, vgi_error *err)
{
    return vgi__fail(err, VGI_ENOTFOUND, NULL, "%s has no method %s", builder->name,
                     method);
}

int vgi_builder_doc(vgi_builder *builder, const char *method, const char *doc,
                    vgi_error *err)
{
    entry *e = find(builder, method);
    if (!e)
        return not_found(builder, method, err);
    char *copy = copy_text(doc);
    if (doc && !copy)
        return vgi__fail_nomem(err);
    vgi__free(NULL, (void *)(uintptr_t)e->method.doc);
    e->method.doc = copy;
    return VGI_OK;
}

/* ---- defaults ---- */

/* Is `json` a value of the column? Tried on a builder that is thrown away. */
static int check_default(const vgi_schema *params, int column, const char *json,
                         vgi_error *err)
{
    vgi__builder *b;
    int rc = vgi__builder_new(&b, params, NULL, NULL, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__append_scalar(b, vgi__column_node(params, column), json, err);
    vgi__builder_free(b);
    return rc;
}

int vgi_builder_default(vgi_builder *builder, const char *method, const char *param,
                        const char *json, vgi_error *err)
{
    entry *e = find(builder, method);
    if (!e)
        return not_found(builder, method, err);
    const vgi_schema *params = e->method.params_schema;
    int column = vgi_schema_find(params, param);
    if (column < 0)
        return vgi__fail(err, VGI_ENOTFOUND, NULL, "%s.%s has no parameter %s",
                         builder->name, method, param);
    int rc = check_default(params, column, json, err);
    if (rc != VGI_OK)
        return rc;
    if (!e->defaults) {
        e->defaults = vgi__calloc(NULL, vgi_schema_columns(params), sizeof(*e->defaults));
        if (!e->defaults)
            return vgi__fail_nomem(err);
        e->method.defaults = e->defaults;
    }
    char *copy = copy_text(json);
    if (!copy)
        return vgi__fail_nomem(err);
    vgi__free(NULL, (void *)(uintptr_t)e->defaults[column]);
    e->defaults[column] = copy;
    return VGI_OK;
}

const vgi_service *vgi_builder_service(vgi_builder *builder)
{
    if (!builder->table) {
        const vgi_method **table =
            vgi__calloc(NULL, builder->n_entries + 1, sizeof(*builder->table));
        size_t i = builder->n_entries;
        if (!table)
            return NULL;
        for (const entry *e = builder->entries; e; e = e->next)
            table[--i] = &e->method;
        builder->table = table;
        builder->service.methods = table;
    }
    return &builder->service;
}
