/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of run-time methods that lack parameters with defaults. */
#include <string.h>

#include "arrow/builder.h"
#include "base/arena.h"
#include "base/fail.h"
#include "rpc/builder.h"
#include "types/record.h"

static bool is_missing(const vgi_method *m, const vgi_schema *have, size_t column)
{
    return m->defaults[column] &&
           vgi_schema_find(have, vgi_schema_name(m->params_schema, column)) < 0;
}

static size_t count_missing(const vgi_method *m, const vgi_schema *have)
{
    size_t n = 0;
    for (size_t i = 0; m->defaults && i < vgi_schema_columns(m->params_schema); i++)
        n += is_missing(m, have, i);
    return n;
}

/* The request's columns, then those that are missing. */
static int extend_schema(const vgi_method *m, const vgi_schema *have, size_t missing,
                         vgi_arena *mem, vgi_schema **out, vgi_error *err)
{
    struct ArrowSchema first, declared;
    size_t n = vgi_schema_columns(have);
    struct ArrowSchema **children = vgi_arena_calloc(mem, n + missing, sizeof(*children));
    int rc = children ? vgi_schema_export(have, &first, err) : vgi__fail_nomem(err);
    if (rc != VGI_OK)
        return rc;
    if ((rc = vgi_schema_export(m->params_schema, &declared, err)) != VGI_OK) {
        first.release(&first);
        return rc;
    }
    if (n > 0)
        memcpy(children, first.children, n * sizeof(*children));
    for (size_t i = 0; i < vgi_schema_columns(m->params_schema); i++)
        if (is_missing(m, have, i))
            children[n++] = declared.children[i];
    struct ArrowSchema both = first;
    both.children = children;
    both.n_children = (int64_t)n;
    rc = vgi_schema_import(out, &both, err);
    declared.release(&declared);
    first.release(&first);
    return rc;
}

static int fill(const vgi_method *m, const vgi_batch *in, vgi__builder *b, vgi_error *err)
{
    const vgi_schema *s = vgi__builder_schema(b);
    int32_t node = vgi__child(0);
    int rc = VGI_OK;
    for (int32_t i = 0; rc == VGI_OK && i < in->schema->n_columns; i++) {
        rc = vgi__builder_copy(b, node, in->schema, vgi__column_node(in->schema, i),
                               in->root->children[i], in->root->offset, 1, err);
        node = vgi__sibling(s, node);
    }
    for (size_t i = 0; rc == VGI_OK && i < vgi_schema_columns(m->params_schema); i++) {
        if (!is_missing(m, in->schema, i))
            continue;
        rc = vgi__append_scalar(b, node, m->defaults[i], err);
        node = vgi__sibling(s, node);
    }
    return rc;
}

static void free_builder(void *b)
{
    vgi__builder_free(b);
}

static void free_batch(void *b)
{
    vgi__batch_free(b);
}

int vgi__fill_defaults(const vgi_method *method, const vgi_batch *in, vgi_arena *mem,
                       const vgi_batch **out, vgi_error *err)
{
    size_t missing = count_missing(method, in->schema);
    vgi_schema *schema = NULL;
    vgi__builder *b = NULL;
    *out = in;
    if (missing == 0)
        return VGI_OK;
    vgi_batch *batch = vgi_arena_alloc(mem, sizeof(*batch));
    int rc = batch ? extend_schema(method, in->schema, missing, mem, &schema, err)
                   : vgi__fail_nomem(err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__builder_new(&b, schema, NULL, mem->allocator, err);
    if (rc == VGI_OK && !vgi__arena_defer(mem, free_builder, b)) {
        vgi__builder_free(b);
        rc = vgi__fail_nomem(err);
    }
    if (rc != VGI_OK) {
        vgi_schema_unref(schema);
        return rc;
    }
    vgi__batch_init(batch, mem->allocator);
    batch->schema = schema;
    batch->metadata = in->metadata;
    batch->sink = in->sink;
    if (!vgi__arena_defer(mem, free_batch, batch)) {
        vgi_schema_unref(schema);
        return vgi__fail_nomem(err);
    }
    if ((rc = fill(method, in, b, err)) != VGI_OK)
        return rc;
    if ((rc = vgi__builder_finish(b, 1, &batch->root, err)) == VGI_OK)
        *out = batch;
    return rc;
}
