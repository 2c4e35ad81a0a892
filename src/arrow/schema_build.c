/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: compiling schemas from C Data structs and from plain tables.
 *
 * Both sources are walked through one small interface. A first pass checks limits and
 * adds up nodes, dictionary types and text of one program; the second fills them. The
 * value type of a dictionary is a program of its own, compiled by the same two passes.
 */
#include <string.h>

#include "arrow/types.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"
#include "base/utf8.h"

typedef struct field {
    const char *name, *format;
    const uint8_t *metadata;
    int64_t flags;
    int64_t n_children;
    const void *dictionary; /* or NULL */
} field;

typedef struct source {
    bool (*read)(const void *at, field *f); /* false: malformed */
    const void *(*child)(const void *at, int64_t index);
} source;

typedef struct compiler {
    const source *from;
    vgi_limits limits;
    const vgi_allocator *allocator;
    vgi_error *err;
    const uint8_t *metadata; /* of the whole schema, or NULL */
    size_t metadata_size;
    int64_t next_dictionary; /* id on the wire */
    uint32_t fields;         /* of all programs so far */
} compiler;

/* One program: what the first pass adds up, what the second fills. */
typedef struct program {
    compiler *c;
    vgi_schema *schema;
    size_t text;
    int32_t n_nodes, n_dictionaries;
} program;

static const source c_data, table;

/* ---- the two sources ---- */

static bool c_data_read(const void *at, field *f)
{
    const struct ArrowSchema *s = at;
    if (!s || !s->release || !s->format || s->n_children < 0 ||
        (s->n_children > 0 && !s->children))
        return false;
    *f = (field){ .name = s->name ? s->name : "",
                  .format = s->format,
                  .metadata = (const uint8_t *)s->metadata,
                  .flags = s->flags,
                  .n_children = s->n_children,
                  .dictionary = s->dictionary };
    return true;
}

static const void *c_data_child(const void *at, int64_t index)
{
    return ((const struct ArrowSchema *)at)->children[index];
}

static const source c_data = { c_data_read, c_data_child };

static bool table_read(const void *at, field *f)
{
    const vgi_column *column = at;
    if (!column->name || !column->format ||
        (column->n_children > 0 && !column->children) || column->n_children > INT32_MAX)
        return false;
    *f = (field){ .name = column->name,
                  .format = column->format,
                  .flags = column->nullable ? ARROW_FLAG_NULLABLE : 0,
                  .n_children = (int64_t)column->n_children,
                  .dictionary = column->dictionary };
    return true;
}

static const void *table_child(const void *at, int64_t index)
{
    return &((const vgi_column *)at)->children[index];
}

static const source table = { table_read, table_child };

/* ---- first pass ---- */

size_t vgi__packed_metadata_size(const uint8_t *metadata)
{
    size_t at = sizeof(int32_t);
    for (int64_t left = 2 * (int64_t)vgi__loadi32(metadata); left > 0; left--)
        at += sizeof(int32_t) + (size_t)vgi__loadi32(metadata + at);
    return at;
}

/* Its size, 0 when it is malformed or over a limit. */
static size_t check_metadata(const compiler *c, const uint8_t *metadata)
{
    int64_t pairs = vgi__loadi32(metadata);
    if (pairs < 0 || pairs > (int64_t)c->limits.metadata_pairs)
        return 0;
    size_t at = sizeof(int32_t);
    for (int64_t i = 0; i < 2 * pairs; i++) {
        int32_t n = vgi__loadi32(metadata + at);
        at += sizeof(int32_t);
        if (n < 0 || (size_t)n > c->limits.metadata_bytes ||
            at + (size_t)n > c->limits.metadata_bytes)
            return 0;
        at += (size_t)n;
    }
    return at;
}

static int measure_field(program *p, const field *f, uint32_t depth)
{
    compiler *c = p->c;
    if (depth > c->limits.depth)
        return vgi__fail(c->err, VGI_ELIMIT, NULL,
                         "schema is nested deeper than %u levels", c->limits.depth);
    if (f->n_children >= (int64_t)c->limits.fields || ++c->fields > c->limits.fields)
        return vgi__fail(c->err, VGI_ELIMIT, NULL, "schema has more than %u fields",
                         c->limits.fields);
    size_t name = strnlen(f->name, (size_t)c->limits.name_bytes + 1);
    size_t format = strnlen(f->format, (size_t)c->limits.name_bytes + 1);
    if (name > c->limits.name_bytes || format > c->limits.name_bytes)
        return vgi__fail(c->err, VGI_ELIMIT, NULL,
                         "a field name or format is longer than %u bytes",
                         c->limits.name_bytes);
    if (!vgi__utf8_valid(f->name, name))
        return vgi__fail(c->err, VGI_EINVAL, NULL, "a field name is not valid UTF-8");
    p->n_nodes++;
    p->n_dictionaries += f->dictionary != NULL;
    p->text += name + format + 2;
    if (f->metadata) {
        size_t metadata = check_metadata(c, f->metadata);
        if (metadata == 0)
            return vgi__fail(c->err, VGI_ELIMIT, NULL,
                             "metadata of a field is malformed or over %u bytes",
                             c->limits.metadata_bytes);
        p->text += metadata;
    }
    return VGI_OK;
}

static int measure(program *p, const void *at, uint32_t depth)
{
    compiler *c = p->c;
    field f;
    if (!c->from->read(at, &f))
        return vgi__fail(c->err, VGI_EINVAL, NULL,
                         "a field has no name, no format or is released");
    int rc = measure_field(p, &f, depth);
    for (int64_t i = 0; rc == VGI_OK && i < f.n_children; i++)
        rc = measure(p, c->from->child(at, i), depth + 1);
    return rc;
}

/* ---- second pass ---- */

static const char *keep(program *p, const void *from, size_t n)
{
    char *to = p->schema->text + p->text;
    memcpy(to, from, n);
    p->text += n;
    return to;
}

static int compile_values(compiler *c, const void *at, uint32_t depth, vgi_schema **out);

static int fill_dictionary(program *p, vgi__node *node, const void *dictionary,
                           uint32_t depth)
{
    node->dictionary = p->n_dictionaries++;
    vgi__dictionary_type *type = &p->schema->dictionaries[node->dictionary];
    type->id = p->c->next_dictionary++;
    return compile_values(p->c, dictionary, depth + 1, &type->values);
}

static int fill(program *p, const void *at, uint32_t depth)
{
    compiler *c = p->c;
    field f;
    (void)c->from->read(at, &f);
    vgi__node *node = &p->schema->nodes[p->n_nodes++];
    node->name_len = (uint32_t)strlen(f.name);
    node->name = keep(p, f.name, node->name_len + 1);
    if (!vgi__format_parse(keep(p, f.format, strlen(f.format) + 1), node)) {
        char name[VGI_ECHO_SIZE], format[VGI_ECHO_SIZE];
        return vgi__fail(c->err, VGI_EINVAL, NULL, "field '%s': unknown format '%s'",
                         vgi__echo(name, vgi_str_from(f.name)),
                         vgi__echo(format, vgi_str_from(f.format)));
    }
    node->nullable = f.flags & ARROW_FLAG_NULLABLE;
    node->n_children = (int32_t)f.n_children;
    node->dictionary = -1;
    if (f.metadata)
        node->metadata =
            (const uint8_t *)keep(p, f.metadata, vgi__packed_metadata_size(f.metadata));
    int64_t ordered =
        f.dictionary ? ARROW_FLAG_DICTIONARY_ORDERED : ARROW_FLAG_MAP_KEYS_SORTED;
    node->ordered =
        (f.dictionary || node->logical == VGI__TYPE_MAP) && (f.flags & ordered);
    int rc = f.dictionary ? fill_dictionary(p, node, f.dictionary, depth) : VGI_OK;
    for (int64_t i = 0; rc == VGI_OK && i < f.n_children; i++)
        rc = fill(p, c->from->child(at, i), depth + 1);
    return rc;
}

/* The root struct of `count` columns. */
static void fill_root(vgi_schema *s, int64_t count)
{
    vgi__node *root = &s->nodes[0];
    (void)vgi__format_parse("+s", root);
    root->name = "";
    root->n_children = (int32_t)count;
    root->dictionary = -1;
}

/* Run both passes over `count` columns; `column` gives the i-th one of `at`. Finished,
 * not sealed. */
static int compile(compiler *c, const void *at, int64_t count,
                   const void *(*column)(const void *, int64_t), uint32_t depth,
                   vgi_schema **out)
{
    bool outermost = depth == 1;
    program p = { .c = c, .n_nodes = 1, .text = outermost ? c->metadata_size : 0 };
    for (int64_t i = 0; i < count; i++) {
        int rc = measure(&p, column(at, i), depth);
        if (rc != VGI_OK)
            return rc;
    }
    vgi_schema *s = vgi__schema_alloc(c->allocator, p.n_nodes, p.n_dictionaries, p.text);
    if (!s)
        return vgi__fail_nomem(c->err);
    fill_root(s, count);
    p = (program){ .c = c, .schema = s, .n_nodes = 1 };
    if (outermost && c->metadata)
        s->metadata = (const uint8_t *)keep(&p, c->metadata, c->metadata_size);
    int rc = VGI_OK;
    for (int64_t i = 0; rc == VGI_OK && i < count; i++)
        rc = fill(&p, column(at, i), depth);
    if (rc == VGI_OK)
        rc = vgi__schema_finish(s, VGI_EINVAL, c->err);
    if (rc != VGI_OK) {
        vgi_schema_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

static const void *itself(const void *at, int64_t index)
{
    (void)index;
    return at;
}

static int compile_values(compiler *c, const void *at, uint32_t depth, vgi_schema **out)
{
    int rc = compile(c, at, 1, itself, depth, out);
    if (rc != VGI_OK)
        return rc;
    vgi__node *column = &(*out)->nodes[1];
    column->name = "";
    column->name_len = 0;
    column->nullable = true;
    return VGI_OK;
}

static int seal(vgi_schema *s, vgi_schema **out, vgi_error *err)
{
    int rc = vgi__schema_seal(s, err);
    if (rc != VGI_OK) {
        vgi_schema_unref(s);
        return rc;
    }
    *out = s;
    return VGI_OK;
}

int vgi__schema_compile(vgi_schema **out, const struct ArrowSchema *s,
                        const vgi_limits *limits, const vgi_allocator *a, vgi_error *err)
{
    compiler c = { .from = &c_data,
                   .limits = vgi_limits_effective(limits),
                   .allocator = a,
                   .err = err };
    field root;
    if (!c_data_read(s, &root) || strcmp(root.format, "+s") != 0 || root.dictionary)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "a schema must be a '+s' struct, not released");
    if (root.n_children > (int64_t)c.limits.fields)
        return vgi__fail(err, VGI_ELIMIT, NULL, "schema has more than %u fields",
                         c.limits.fields);
    if (root.metadata && !(c.metadata_size = check_metadata(&c, root.metadata)))
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "schema metadata is malformed or over %u bytes",
                         c.limits.metadata_bytes);
    c.metadata = root.metadata;
    vgi_schema *compiled;
    int rc = compile(&c, s, root.n_children, c_data_child, 1, &compiled);
    return rc == VGI_OK ? seal(compiled, out, err) : rc;
}

int vgi_schema_import(vgi_schema **out, const struct ArrowSchema *schema, vgi_error *err)
{
    return vgi__schema_compile(out, schema, NULL, NULL, err);
}

static const void *table_column(const void *at, int64_t index)
{
    return &((const vgi_column *)at)[index];
}

int vgi_schema_build(vgi_schema **out, const vgi_column *columns, size_t count,
                     vgi_error *err)
{
    compiler c = { .from = &table, .limits = vgi_limits_effective(NULL), .err = err };
    if (count > c.limits.fields)
        return vgi__fail(err, VGI_ELIMIT, NULL, "schema has more than %u fields",
                         c.limits.fields);
    if (count == 0) {
        *out = vgi_schema_ref(vgi__schema_empty());
        return VGI_OK;
    }
    vgi_schema *compiled;
    int rc = compile(&c, columns, (int64_t)count, table_column, 1, &compiled);
    return rc == VGI_OK ? seal(compiled, out, err) : rc;
}
