/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspection of the seed epoch: the `__describe__` batch, one row per method. It and
 * both hashes are made when they are first asked for.
 */
#include <string.h>

#include "base/fail.h"
#include "rpc/method.h"
#include "wire/keys.h"

static const vgi_column columns[] = {
    { .name = "name", .format = "u", .nullable = true },
    { .name = "method_type", .format = "u", .nullable = true },
    { .name = "has_return", .format = "b", .nullable = true },
    { .name = "params_schema_ipc", .format = "z", .nullable = true },
    { .name = "result_schema_ipc", .format = "z", .nullable = true },
    { .name = "has_header", .format = "b", .nullable = true },
    { .name = "header_schema_ipc", .format = "z", .nullable = true },
    { .name = "is_exchange", .format = "b", .nullable = true },
};

char vgi__describe_exchange(const vgi__method *m)
{
    if (!m->stream || m->service->def.untyped_streams)
        return '-';
    return m->def.kind == VGI_METHOD_EXCHANGE ? '1' : '0';
}

static int append_text(vgi__builder *b, int32_t node, const char *text)
{
    return vgi__builder_bytes(b, node, text, strlen(text));
}

static int append_schema(vgi__builder *b, int32_t node, const vgi_schema *s)
{
    if (!s)
        return vgi__builder_null(b, node);
    vgi_bytes message = vgi_schema_message(s);

    return vgi__builder_bytes(b, node, message.data, message.len);
}

int vgi__describe_result(const vgi__method *m, vgi_schema **out, vgi_error *err)
{
    static const vgi_column nullable = { .name = "result",
                                         .format = "z",
                                         .nullable = true };

    if (m->def.result && m->def.result->kind == VGI_KIND_STRUCT)
        return vgi_schema_build(out, &nullable, 1, err);
    *out = vgi_schema_ref(m->result_schema);
    return VGI_OK;
}

static int append_result(vgi__builder *b, int32_t node, const vgi__method *m)
{
    vgi_schema *s;
    int rc = vgi__describe_result(m, &s, NULL);

    if (rc != VGI_OK)
        return rc;
    rc = append_schema(b, node, s);
    vgi_schema_unref(s);
    return rc;
}

static int append_method(vgi__builder *b, const vgi__method *m)
{
    const char exchange = vgi__describe_exchange(m);
    int32_t node = 1; /* flat columns: node i + 1 is column i */
    int rc = append_text(b, node++, m->name);

    if (rc == VGI_OK)
        rc = append_text(b, node++, m->stream ? "stream" : "unary");
    if (rc == VGI_OK)
        rc = vgi__builder_bool(b, node++, m->has_return);
    if (rc == VGI_OK)
        rc = append_schema(b, node++, m->params_schema);
    if (rc == VGI_OK)
        rc = append_result(b, node++, m);
    if (rc == VGI_OK)
        rc = vgi__builder_bool(b, node++, m->header_schema != NULL);
    if (rc == VGI_OK)
        rc = append_schema(b, node++, m->header_schema);
    if (rc == VGI_OK)
        rc = exchange == '-' ? vgi__builder_null(b, node)
                             : vgi__builder_bool(b, node, exchange == '1');
    return rc;
}

/* All rows that the seed epoch sees, finished. */
static int build_rows(const vgi__registry *r, vgi__service *s, vgi_error *err)
{
    vgi__introspection *d = &s->introspection;
    vgi_schema *schema;
    int64_t rows = 0;
    int rc =
        vgi_schema_build(&schema, columns, sizeof(columns) / sizeof(columns[0]), err);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__builder_new(&d->builder, schema, &r->options.limits, r->options.allocator,
                          err);
    vgi_schema_unref(schema);
    for (size_t i = 0; rc == VGI_OK && i < s->n_methods; i++) {
        if (!(s->methods[i].visible & VGI_VISIBLE_SEED))
            continue;
        rows++;
        if ((rc = append_method(d->builder, &s->methods[i])) != VGI_OK)
            return vgi__fail(err, rc, NULL, "%s: describing the service: %s", s->def.name,
                             vgi_status_text(rc));
    }
    return rc == VGI_OK ? vgi__builder_finish(d->builder, rows, &d->rows, err) : rc;
}

static int make(const vgi__registry *r, vgi__service *s, vgi_error *err)
{
    vgi__introspection *d = &s->introspection;
    int rc = vgi__hash_protocol(s, r->options.allocator, d->protocol_hash, err);

    if (rc == VGI_OK)
        rc = vgi__hash_describe(s, d->describe_hash, err);
    if (rc == VGI_OK && (rc = build_rows(r, s, err)) != VGI_OK) {
        vgi__builder_free(d->builder);
        d->builder = NULL;
    }
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_PROTOCOL_NAME), vgi_str_from(s->def.name) },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
        { VGI_LIT(VGI_KEY_DESCRIBE_VERSION), VGI_LIT(VGI_DESCRIBE_VERSION) },
        { VGI_LIT(VGI_KEY_PROTOCOL_HASH), vgi_str_from(d->describe_hash) },
        { VGI_LIT(VGI_KEY_SERVER_ID), vgi_str_from(r->server_id) },
    };
    VGI_STATIC_ASSERT(sizeof(pairs) == sizeof(d->pairs), "as many pairs as declared");
    memcpy(d->pairs, pairs, sizeof(pairs));
    return rc;
}

int vgi__introspect(const vgi__registry *r, vgi__service *s, vgi_error *err)
{
    vgi__introspection *d = &s->introspection;
    int rc = VGI_OK;

    if (atomic_load_explicit(&d->ready, memory_order_acquire))
        return VGI_OK;
    pthread_mutex_lock(&d->lock);
    if (!atomic_load_explicit(&d->ready, memory_order_relaxed)) {
        rc = make(r, s, err);
        atomic_store_explicit(&d->ready, rc == VGI_OK, memory_order_release);
    }
    pthread_mutex_unlock(&d->lock);
    return rc;
}

int vgi__describe_write(const vgi__service *s, vgi__writer *w, vgi_error *err)
{
    const vgi__introspection *d = &s->introspection;
    const vgi_metadata metadata = { d->pairs, sizeof(d->pairs) / sizeof(d->pairs[0]) };
    int rc = vgi__writer_schema(w, vgi__builder_schema(d->builder), err);

    if (rc == VGI_OK)
        rc = vgi__writer_batch(w, d->rows, &metadata, err);
    return rc == VGI_OK ? vgi__writer_eos(w, err) : rc;
}
