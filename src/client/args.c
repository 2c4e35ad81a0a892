/* SPDX-License-Identifier: Apache-2.0 */
/* Batches from JSON: objects are rows and structs, arrays are lists, errors name the
 * place. */
#include "client/args.h"

#include <stdio.h>

#include "base/buffer.h"
#include "base/fail.h"
#include "client/connection.h"

#define PATH_BYTES 512

/* ---- errors ---- */

static void write_path(vgi__buffer *b, const vgi__json_path *at)
{
    char echo[VGI_ECHO_SIZE];

    if (!at->up) {
        vgi__buffer_char(b, '$');
        return;
    }
    write_path(b, at->up);
    if (at->key.data)
        vgi__buffer_printf(b, ".%s", vgi__echo(echo, at->key));
    else
        vgi__buffer_printf(b, "[%zu]", at->index);
}

int vgi__json_bad(vgi__json_cells *c, const vgi__json_path *at, const char *fmt, ...)
{
    char text[VGI_ERROR_MESSAGE_SIZE];
    vgi__buffer path;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    vgi__buffer_init(&path, NULL, PATH_BYTES);
    write_path(&path, at);
    vgi__fail(c->err, VGI_EINVAL, "ValueError", "%.*s: %s", (int)path.len,
              path.len ? (const char *)path.data : "", text);
    vgi__buffer_free(&path);
    return VGI_EINVAL;
}

static const char *kind_name(vgi__json_kind kind)
{
    static const char *const names[] = {
        [VGI__JSON_NULL] = "null",       [VGI__JSON_BOOL] = "a boolean",
        [VGI__JSON_INT] = "an integer",  [VGI__JSON_REAL] = "a number",
        [VGI__JSON_STRING] = "a string", [VGI__JSON_ARRAY] = "an array",
        [VGI__JSON_OBJECT] = "an object"
    };
    return names[kind];
}

int vgi__json_misfit(vgi__json_cells *c, const vgi__json_path *at,
                     const vgi__json_value *v, int32_t node)
{
    char echo[VGI_ECHO_SIZE];
    vgi__buffer type;
    int rc;

    vgi__buffer_init(&type, NULL, PATH_BYTES);
    vgi__type_text(&type, c->schema, node);
    const int n = (int)type.len;
    const char *words = n ? (const char *)type.data : "";
    if (v->kind == VGI__JSON_STRING)
        rc = vgi__json_bad(c, at, "\"%s\" does not fit %.*s", vgi__echo(echo, v->text), n,
                           words);
    else if (v->kind == VGI__JSON_INT)
        rc = vgi__json_bad(c, at, "%lld does not fit %.*s",
                           (long long)vgi__json_int_of(v->json), n, words);
    else if (v->kind == VGI__JSON_REAL)
        rc = vgi__json_bad(c, at, "%.17g does not fit %.*s", vgi__json_real_of(v->json),
                           n, words);
    else
        rc = vgi__json_bad(c, at, "%s does not fit %.*s", kind_name(v->kind), n, words);
    vgi__buffer_free(&type);
    return rc;
}

/* The builder says only that it failed. */
static int built(vgi__json_cells *c, const vgi__json_path *at, int rc)
{
    if (rc == VGI_ENOMEM)
        return vgi__fail_nomem(c->err);
    if (rc == VGI_ELIMIT) {
        vgi__json_bad(c, at, "the batch is over the message limit");
        if (c->err)
            c->err->code = VGI_ELIMIT;
    }
    return rc;
}

/* ---- values ---- */

static int put(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
               const vgi__json_path *at);

static vgi__json_value value_of(const vgi__json *json)
{
    const vgi__json_kind kind = vgi__json_kind_of(json);
    vgi__json_value v = { .kind = kind, .json = json };

    if (kind == VGI__JSON_STRING)
        v.text = vgi__json_str_of(json);
    return v;
}

static int put_null(vgi__json_cells *c, int32_t node, const vgi__json_path *at)
{
    const vgi__node *n = &c->schema->nodes[node];

    if (!n->nullable && n->layout != VGI__LAYOUT_NULL)
        return vgi__json_bad(c, at, "null, but \"%s\" is not nullable", n->name);
    return built(c, at, vgi__builder_null(c->builder, node));
}

struct unknown_search {
    const vgi_schema *schema;
    int32_t node;
    vgi_str found;
};

static bool is_child(void *user, vgi_str key, const vgi__json *value)
{
    struct unknown_search *u = user;
    int32_t child = u->node + 1;

    (void)value;
    for (int32_t i = 0; i < u->schema->nodes[u->node].n_children; i++) {
        if (vgi_str_eq(key, u->schema->nodes[child].name))
            return true;
        child = vgi__sibling(u->schema, child);
    }
    u->found = key;
    return false;
}

/* The members of an object as the children of a struct, or as the columns of a row (node
 * 0). */
static int put_members(vgi__json_cells *c, int32_t node, const vgi__json *object,
                       const vgi__json_path *at)
{
    const vgi__node *nodes = c->schema->nodes;
    struct unknown_search unknown = { c->schema, node, { NULL, 0 } };
    char echo[VGI_ECHO_SIZE];
    int32_t child = node + 1;
    size_t used = 0;
    int rc = VGI_OK;

    for (int32_t i = 0; i < nodes[node].n_children && rc == VGI_OK; i++) {
        const vgi__json *json = vgi__json_get(object, nodes[child].name);
        const vgi__json_path here = { at, vgi_str_from(nodes[child].name), 0 };
        if (json) {
            const vgi__json_value v = value_of(json);
            used++;
            rc = put(c, child, &v, &here);
        } else if (!nodes[child].nullable && nodes[child].layout != VGI__LAYOUT_NULL) {
            rc = vgi__json_bad(c, at, "\"%s\" is missing", nodes[child].name);
        } else {
            rc = put_null(c, child, &here);
        }
        child = vgi__sibling(c->schema, child);
    }
    if (rc == VGI_OK && used < vgi__json_count(object) &&
        !vgi__json_each(object, is_child, &unknown))
        rc = vgi__json_bad(c, at, "there is no \"%s\"", vgi__echo(echo, unknown.found));
    return rc;
}

static int put_struct(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                      const vgi__json_path *at)
{
    int rc;

    if (v->kind != VGI__JSON_OBJECT)
        return vgi__json_misfit(c, at, v, node);
    rc = built(c, at, vgi__builder_valid(c->builder, node));
    return rc == VGI_OK ? put_members(c, node, v->json, at) : rc;
}

static int put_list(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                    const vgi__json_path *at)
{
    const vgi__node *n = &c->schema->nodes[node];
    const size_t count = v->kind == VGI__JSON_ARRAY ? vgi__json_count(v->json) : 0;

    if (v->kind != VGI__JSON_ARRAY)
        return vgi__json_misfit(c, at, v, node);
    if (n->layout == VGI__LAYOUT_FIXED_LIST && count != (size_t)n->width)
        return vgi__json_bad(c, at, "%zu items instead of %d", count, (int)n->width);
    for (size_t i = 0; i < count; i++) {
        const vgi__json_path here = { at, { NULL, 0 }, i };
        const vgi__json_value item = value_of(vgi__json_at(v->json, i));
        int rc = put(c, node + 1, &item, &here);
        if (rc != VGI_OK)
            return rc;
    }
    return built(c, at, vgi__builder_close_list(c->builder, node));
}

/* ---- maps: an object, or an array of [key, value] or {"key": ..., "value": ...} ---- */

struct entries {
    vgi__json_cells *cells;
    int32_t node; /* of the map */
    const vgi__json_path *at;
    int rc;
};

static int put_entry(vgi__json_cells *c, int32_t map, const vgi__json_value *key,
                     const vgi__json_value *value, const vgi__json_path *at)
{
    const int32_t key_node = map + 2;
    int rc = built(c, at, vgi__builder_valid(c->builder, map + 1));

    if (rc == VGI_OK)
        rc = put(c, key_node, key, at);
    if (rc == VGI_OK)
        rc = put(c, vgi__sibling(c->schema, key_node), value, at);
    return rc;
}

static bool put_object_entry(void *user, vgi_str key, const vgi__json *json)
{
    struct entries *e = user;
    const vgi__json_path here = { e->at, key, 0 };
    const vgi__json_value k = { .kind = VGI__JSON_STRING, .text = key };
    const vgi__json_value v = value_of(json);

    e->rc = put_entry(e->cells, e->node, &k, &v, &here);
    return e->rc == VGI_OK;
}

static int put_pair(vgi__json_cells *c, int32_t map, const vgi__json *pair,
                    const vgi__json_path *at)
{
    const vgi__json *key = NULL, *value = NULL;
    vgi__json_value k, v;

    if (vgi__json_kind_of(pair) == VGI__JSON_ARRAY && vgi__json_count(pair) == 2) {
        key = vgi__json_at(pair, 0);
        value = vgi__json_at(pair, 1);
    } else if (vgi__json_kind_of(pair) == VGI__JSON_OBJECT &&
               vgi__json_count(pair) == 2) {
        key = vgi__json_get(pair, "key");
        value = vgi__json_get(pair, "value");
    }
    if (!key || !value)
        return vgi__json_bad(c, at,
                             "a map entry is [key, value] or {\"key\", \"value\"}");
    k = value_of(key);
    v = value_of(value);
    return put_entry(c, map, &k, &v, at);
}

static int put_map(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
                   const vgi__json_path *at)
{
    struct entries e = { c, node, at, VGI_OK };

    if (v->kind != VGI__JSON_OBJECT && v->kind != VGI__JSON_ARRAY)
        return vgi__json_misfit(c, at, v, node);
    if (v->kind == VGI__JSON_OBJECT) {
        vgi__json_each(v->json, put_object_entry, &e);
    } else {
        for (size_t i = 0; i < vgi__json_count(v->json) && e.rc == VGI_OK; i++) {
            const vgi__json_path here = { at, { NULL, 0 }, i };
            e.rc = put_pair(c, node, vgi__json_at(v->json, i), &here);
        }
    }
    return e.rc == VGI_OK ? built(c, at, vgi__builder_close_list(c->builder, node))
                          : e.rc;
}

static int put(vgi__json_cells *c, int32_t node, const vgi__json_value *v,
               const vgi__json_path *at)
{
    const vgi__node *n = &c->schema->nodes[node];

    if (v->kind == VGI__JSON_NULL)
        return put_null(c, node, at);
    switch ((vgi__layout)n->layout) {
    case VGI__LAYOUT_LIST:
        if (n->logical == VGI__TYPE_MAP)
            return put_map(c, node, v, at);
        return put_list(c, node, v, at);
    case VGI__LAYOUT_LIST64:
    case VGI__LAYOUT_LIST_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
    case VGI__LAYOUT_FIXED_LIST:
        return put_list(c, node, v, at);
    case VGI__LAYOUT_STRUCT:
        return put_struct(c, node, v, at);
    case VGI__LAYOUT_UNION_SPARSE:
    case VGI__LAYOUT_UNION_DENSE:
    case VGI__LAYOUT_RUN_END:
        return vgi__json_bad(c, at, "values of format \"%s\" cannot be made from JSON",
                             n->format);
    default:
        return built(c, at, vgi__json_scalar(c, node, v, at));
    }
}

/* ---- the document ---- */

static int put_row(vgi__json_cells *c, const vgi__json *row, const vgi__json_path *at)
{
    if (vgi__json_kind_of(row) != VGI__JSON_OBJECT)
        return vgi__json_bad(c, at, "%s instead of an object of columns",
                             kind_name(vgi__json_kind_of(row)));
    return put_members(c, 0, row, at);
}

static int put_rows(vgi__json_cells *c, const vgi__json *doc, int64_t *rows)
{
    const vgi__json_path root = { 0 };
    int rc = VGI_OK;

    if (vgi__json_kind_of(doc) != VGI__JSON_ARRAY) {
        *rows = 1;
        return put_row(c, doc, &root);
    }
    *rows = (int64_t)vgi__json_count(doc);
    for (size_t i = 0; i < vgi__json_count(doc) && rc == VGI_OK; i++) {
        const vgi__json_path at = { &root, { NULL, 0 }, i };
        rc = put_row(c, vgi__json_at(doc, i), &at);
    }
    return rc;
}

/* The builder's arrays as a batch of their own. */
static int batch_of(vgi_batch **out, vgi__builder *b, int64_t rows, vgi_error *err)
{
    vgi_batch borrowed;
    int rc;

    vgi__batch_init(&borrowed, NULL);
    rc = vgi__builder_finish(b, rows, &borrowed.root, err);
    if (rc != VGI_OK)
        return rc;
    borrowed.schema = vgi_schema_ref(vgi__builder_schema(b));
    rc = vgi_batch_retain(&borrowed, out, err);
    vgi__batch_free(&borrowed);
    return rc;
}

int vgi_batch_from_json(vgi_batch **out, const vgi_schema *schema, vgi_str json,
                        vgi_error *err)
{
    vgi__json_cells cells = { .schema = schema, .err = err };
    vgi__json *doc = NULL;
    int64_t rows;
    int rc = vgi__json_parse(&doc, json, err);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__builder_new(&cells.builder, schema, NULL, NULL, err);
    if (rc == VGI_OK)
        rc = put_rows(&cells, doc, &rows);
    if (rc == VGI_OK)
        rc = batch_of(out, cells.builder, rows, err);
    vgi__builder_free(cells.builder);
    vgi__json_free(doc);
    return rc;
}
