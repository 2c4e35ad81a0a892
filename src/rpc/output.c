/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one turn's batch.
 *
 * It is built by rows or by columns on the stream's builder, or handed over whole, and
 * put on the writer at vgi_output_emit or when the handler returns. The writer may refer
 * to the builder's memory until it is flushed: whoever owns the writer flushes before the
 * next turn when a batch was big enough for that (VGI__REFERENCE_BYTES).
 */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/utf8.h"
#include "rpc/call.h"

#define ONE_BATCH "Only one data batch may be emitted per call"

int vgi__output_builder(vgi_call *c, vgi__builder **slot, const vgi_schema *schema)
{
    if (*slot) {
        vgi__builder_reset(*slot);
        return VGI_OK;
    }
    return vgi__builder_new(slot, schema, &c->options->limits, c->options->allocator,
                            &c->sink);
}

void vgi__output_begin(vgi_call *c, const vgi_schema *schema, vgi__builder *builder)
{
    c->output =
        (vgi_output){ .call = c, .schema = schema, .builder = builder, .rows = -1 };
}

/* ---- what every function checks first ---- */

static int fail(vgi_output *out, int code, const char *type, const char *text)
{
    return vgi__fail(&out->call->sink, code, type, "%s", text);
}

/* A rule of the stream was broken: the turn fails, whatever the handler makes of it. */
static int misuse(vgi_output *out, const char *text)
{
    out->misused = true;
    (void)vgi_fail(out->call, "RuntimeError", "%s", text);
    return VGI_EINVAL;
}

/* May something be appended to the batch? */
static int appending(vgi_output *out)
{
    return out->emitted || out->ready ? misuse(out, ONE_BATCH) : VGI_OK;
}

static int find_column(vgi_output *out, const char *column, int32_t *node)
{
    const vgi_schema *s = out->schema;
    int32_t at = 1;

    for (int32_t i = 0; i < s->n_columns; i++) {
        if (strcmp(s->nodes[at].name, column) == 0) {
            *node = at;
            return appending(out);
        }
        at = vgi__sibling(s, at);
    }
    return vgi__fail(&out->call->sink, VGI_ESCHEMA, "KeyError",
                     "the output schema has no column '%s'", column);
}

static int wrong_type(vgi_output *out, int32_t node, const char *wanted)
{
    vgi__buffer *b = &out->call->text;

    vgi__buffer_clear(b);
    (void)vgi__type_text(b, out->schema, node);
    vgi__buffer_char(b, '\0');
    return vgi__fail(&out->call->sink, VGI_ESCHEMA, NULL,
                     "output column '%s' is %s, not %s", out->schema->nodes[node].name,
                     b->failed ? "another type" : (const char *)b->data, wanted);
}

static int appended(vgi_output *out, int32_t node, int rc)
{
    if (rc != VGI_OK)
        return vgi__fail(&out->call->sink, rc, NULL, "output column '%s': %s",
                         out->schema->nodes[node].name, vgi_status_text(rc));
    out->touched = true;
    return VGI_OK;
}

/* ---- whole columns ---- */

typedef bool column_test(const vgi__node *n);

static bool is_f64(const vgi__node *n)
{
    return n->logical == VGI__TYPE_FLOAT && n->width == 8;
}

static bool is_f32(const vgi__node *n)
{
    return n->logical == VGI__TYPE_FLOAT && n->width == 4;
}

static bool is_time(const vgi__node *n)
{
    return n->logical == VGI__TYPE_DATE || n->logical == VGI__TYPE_TIME ||
           n->logical == VGI__TYPE_TIMESTAMP || n->logical == VGI__TYPE_DURATION;
}

static bool is_i64(const vgi__node *n)
{
    return n->width == 8 && ((n->logical == VGI__TYPE_INT && n->is_signed) || is_time(n));
}

static bool is_i32(const vgi__node *n)
{
    return n->width == 4 && ((n->logical == VGI__TYPE_INT && n->is_signed) || is_time(n));
}

static bool is_u64(const vgi__node *n)
{
    return n->logical == VGI__TYPE_INT && !n->is_signed && n->width == 8;
}

/* What a column of one kind is: how to know it, and its name in messages. */
typedef struct column_kind {
    column_test *test;
    const char *text;
} column_kind;

/* The column's memory: where a filter wants it, or the builder's own. */
static int column_memory(vgi_output *out, int32_t node, void **items)
{
    const bool fresh = vgi__builder_length(out->builder, node) == 0;

    for (vgi__batch_filter *f = out->call->filter; f && fresh; f = f->next) {
        if (!f->room || !(*items = f->room(f, out->schema, node, out->rows)))
            continue;
        vgi__builder_lend(out->builder, node, out->rows, *items);
        return VGI_OK;
    }
    return vgi__builder_column(out->builder, node, out->rows, items);
}

static int whole_column(vgi_output *out, const char *column, column_kind kind,
                        size_t rows, void **items)
{
    int32_t node;
    int rc = find_column(out, column, &node);

    if (rc != VGI_OK)
        return rc;
    const vgi__node *n = &out->schema->nodes[node];
    if (n->layout != VGI__LAYOUT_FIXED || n->dictionary >= 0 || !kind.test(n))
        return wrong_type(out, node, kind.text);
    if (rows > INT64_MAX / 8 || (out->rows >= 0 && (size_t)out->rows != rows))
        return vgi__fail(&out->call->sink, VGI_EINVAL, "ValueError",
                         "output column '%s' has %zu rows, the batch %lld", column, rows,
                         (long long)out->rows);
    out->rows = (int64_t)rows;
    return appended(out, node, column_memory(out, node, items));
}

#define WHOLE_COLUMN(name, T, text) \
    int vgi_output_##name(vgi_output *out, const char *column, size_t rows, T **items) \
    { \
        void *values; \
        int rc = \
            whole_column(out, column, (column_kind){ is_##name, text }, rows, &values); \
\
        if (rc == VGI_OK) \
            *items = values; \
        return rc; \
    }
WHOLE_COLUMN(f64, double, "double")
WHOLE_COLUMN(f32, float, "float")
WHOLE_COLUMN(i64, int64_t, "int64")
WHOLE_COLUMN(i32, int32_t, "int32")
WHOLE_COLUMN(u64, uint64_t, "uint64")
#undef WHOLE_COLUMN

/* ---- single values ---- */

/* The node whose layout holds the value: of a dictionary, the values' one. */
static const vgi__node *value_node(const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];

    return n->dictionary >= 0 ? &s->dictionaries[n->dictionary].values->nodes[1] : n;
}

static bool is_variable(const vgi__node *n)
{
    return n->layout == VGI__LAYOUT_BINARY || n->layout == VGI__LAYOUT_BINARY64 ||
           n->layout == VGI__LAYOUT_VIEW;
}

static int append_null(vgi_output *out, int32_t node)
{
    if (!out->schema->nodes[node].nullable)
        return vgi__fail(&out->call->sink, VGI_EINVAL, "ValueError",
                         "output column '%s' is not nullable",
                         out->schema->nodes[node].name);
    return appended(out, node, vgi__builder_null(out->builder, node));
}

int vgi_output_str(vgi_output *out, const char *column, vgi_str value)
{
    int32_t node;
    int rc = find_column(out, column, &node);

    if (rc != VGI_OK)
        return rc;
    const vgi__node *n = value_node(out->schema, node);
    if (!is_variable(n) || !n->utf8)
        return wrong_type(out, node, "a string");
    if (!value.data)
        return append_null(out, node);
    if (!vgi__utf8_valid(value.data, value.len))
        return vgi__fail(&out->call->sink, VGI_EINVAL, "ValueError",
                         "output column '%s': the string is no UTF-8", column);
    return appended(out, node,
                    vgi__builder_bytes(out->builder, node, value.data, value.len));
}

int vgi_output_bytes(vgi_output *out, const char *column, vgi_bytes value)
{
    int32_t node;
    int rc = find_column(out, column, &node);

    if (rc != VGI_OK)
        return rc;
    const vgi__node *n = value_node(out->schema, node);
    const bool fixed = n->logical == VGI__TYPE_FIXED_BINARY;
    if (!fixed && (!is_variable(n) || n->utf8))
        return wrong_type(out, node, "binary");
    if (!value.data)
        return append_null(out, node);
    if (fixed && (size_t)n->width != value.len)
        return vgi__fail(&out->call->sink, VGI_EINVAL, "ValueError",
                         "output column '%s' takes %d bytes, not %zu", column, n->width,
                         value.len);
    return appended(out, node,
                    vgi__builder_bytes(out->builder, node, value.data, value.len));
}

int vgi_output_bool(vgi_output *out, const char *column, bool value)
{
    int32_t node;
    int rc = find_column(out, column, &node);

    if (rc != VGI_OK)
        return rc;
    if (out->schema->nodes[node].layout != VGI__LAYOUT_BOOL)
        return wrong_type(out, node, "bool");
    return appended(out, node, vgi__builder_bool(out->builder, node, value));
}

int vgi_output_null(vgi_output *out, const char *column)
{
    int32_t node;
    int rc = find_column(out, column, &node);

    return rc == VGI_OK ? append_null(out, node) : rc;
}

/* ---- rows ---- */

/* The record of a row type: the declared one, or one compiled for this session. */
static int row_record(vgi_call *c, const vgi_type *type, vgi__record **record)
{
    const vgi_allocator *a = c->options->allocator;
    vgi__record *declared = c->method->output;
    int rc;

    if (declared &&
        (c->method->def.output == type || vgi__type_equal(c->method->def.output, type))) {
        *record = declared;
        return VGI_OK;
    }
    for (size_t i = 0; i < c->n_row_types; i++) {
        if (c->row_types[i].type == type) {
            *record = c->row_types[i].record;
            return VGI_OK;
        }
    }
    if (!vgi__grow(a, (void **)&c->row_types, &c->row_types_cap, c->n_row_types + 1,
                   sizeof(*c->row_types)))
        return vgi__fail_nomem(&c->sink);
    rc = vgi__record_compile(record, type, VGI__ROLE_ROW, c->method->where,
                             &c->options->limits, a, &c->sink);
    if (rc == VGI_OK)
        c->row_types[c->n_row_types++] = (vgi__row_type){ type, *record };
    return rc;
}

int vgi_output_row(vgi_output *out, const vgi_type *type, const void *row)
{
    vgi__record *record;
    int rc = appending(out);

    if (rc == VGI_OK)
        rc = row_record(out->call, type, &record);
    if (rc != VGI_OK)
        return rc;
    out->touched = true;
    if (out->schema->n_columns == 0) {
        out->rows = out->rows < 0 ? 1 : out->rows + 1;
        return VGI_OK;
    }
    return vgi__record_append(record, row, out->builder, &out->call->sink);
}

/* ---- the whole batch ---- */

const vgi_schema *vgi_output_schema(const vgi_output *out)
{
    return out->schema;
}

int vgi_output_rows(vgi_output *out, int64_t rows)
{
    if (out->schema->n_columns > 0)
        return fail(out, VGI_EINVAL, "ValueError", "the output schema has columns");
    if (rows < 0)
        return fail(out, VGI_EINVAL, "ValueError",
                    "a batch cannot have less than 0 rows");
    int rc = appending(out);
    if (rc != VGI_OK)
        return rc;
    out->rows = rows;
    out->touched = true;
    return VGI_OK;
}

int vgi_output_batch(vgi_output *out, const vgi_batch *batch)
{
    vgi_call *c = out->call;
    int rc;

    if (out->emitted || out->ready || out->touched)
        return misuse(out, ONE_BATCH);
    if (batch->heap) {
        /* The writer may refer to it until the flush, when its owner is done with it. */
        vgi_batch_unref(c->held);
        c->held = NULL;
        if ((rc = vgi_batch_retain(batch, &c->held, &c->sink)) != VGI_OK)
            return rc;
    }
    rc = vgi__call_cast(c, &batch, out->schema, true);
    if (rc != VGI_OK)
        return rc;
    out->ready = batch;
    return VGI_OK;
}

int vgi__output_pair(vgi_output *out, vgi_str key, vgi_str value)
{
    vgi_call *c = out->call;

    if (out->n_pairs == out->pairs_cap) {
        size_t cap = out->pairs_cap > 0 ? 2 * out->pairs_cap : 4;
        vgi_pair *pairs = vgi_arena_calloc(vgi__call_memory(c), cap, sizeof(*pairs));

        if (!pairs)
            return vgi__fail_nomem(&c->sink);
        if (out->n_pairs > 0)
            memcpy(pairs, out->pairs, out->n_pairs * sizeof(*pairs));
        out->pairs = pairs;
        out->pairs_cap = cap;
    }
    out->pairs[out->n_pairs++] = (vgi_pair){ key, value };
    return VGI_OK;
}

int vgi_output_metadata(vgi_output *out, const char *key, vgi_str value)
{
    vgi_call *c = out->call;
    vgi_pair pair;

    if (vgi_str_copy(c, &pair.key, vgi_str_from(key)) != VGI_OK ||
        vgi_str_copy(c, &pair.value, value) != VGI_OK)
        return VGI_ENOMEM;
    return vgi__output_pair(out, pair.key, pair.value);
}

/* To one filter. VGI_END: it does not want it. */
static int offload(vgi_call *c, vgi__batch_filter *f, const vgi__offer *offer)
{
    const int64_t bytes = f->leaving ? f->leaving(f, offer->schema, offer->array) : 0;

    if (c->leaving_limit > 0 && bytes > c->leaving_limit - c->leaving)
        return vgi_fail(c, "RuntimeError",
                        "Externalised payload exceeds max_externalized_response_bytes "
                        "(%lld > %lld) for method '%s'",
                        (long long)(c->leaving + bytes), (long long)c->leaving_limit,
                        c->method->name);
    int rc = f->offload ? f->offload(f, c->writer, offer, &c->sink) : VGI_END;
    if (rc == VGI_OK)
        c->leaving += bytes;
    return rc;
}

int vgi__call_put(vgi_call *c, vgi__batch_filter *f, const vgi__offer *offer)
{
    int rc = VGI_END;

    for (; f && rc == VGI_END && offer->array->length > 0; f = f->next)
        rc = offload(c, f, offer);
    return rc == VGI_END
               ? vgi__writer_batch(c->writer, offer->array, offer->metadata, &c->sink)
               : rc;
}

int vgi__output_put(vgi_output *out, const struct ArrowArray *array)
{
    vgi_call *c = out->call;
    const vgi_metadata pairs = { out->pairs, out->n_pairs };
    const vgi__offer offer = { .schema = out->schema,
                               .array = array,
                               .metadata = out->n_pairs > 0 ? &pairs : NULL,
                               .since =
                                   c->phase == VGI__PHASE_TURN ? &c->turn_begin : NULL };
    const uint64_t before = vgi__writer_bytes(c->writer);
    int rc = vgi__call_intact(c);

    if (rc == VGI_OK)
        rc = vgi__call_put(c, c->filter, &offer);
    if (rc != VGI_OK)
        return rc;
    /* A pointer may have taken the place of logs, too. */
    const uint64_t after = vgi__writer_bytes(c->writer);
    out->emitted = true;
    vgi__hooks_output(c, array->length, after > before ? after - before : 0);
    return VGI_OK;
}

/* What was built, or handed over. */
static int finish_batch(vgi_output *out, struct ArrowArray **array)
{
    const bool columns = out->schema->n_columns > 0;
    const int64_t rows = columns || out->rows >= 0 ? out->rows : 0;

    if (!out->ready)
        return vgi__builder_finish(out->builder, rows, array, &out->call->sink);
    *array = out->ready->root;
    return VGI_OK;
}

int vgi__output_write(vgi_output *out)
{
    const bool columns = out->schema->n_columns > 0;
    vgi_call *c = out->call;
    struct ArrowArray *array;
    int rc = finish_batch(out, &array);

    if (rc != VGI_OK)
        return rc;
    if (c->phase == VGI__PHASE_UNARY && columns && array->length != 1)
        return vgi__fail(&c->sink, VGI_EINVAL, "ValueError",
                         "%s() has a result of %lld rows in place of one",
                         c->method->name, (long long)array->length);
    return vgi__output_put(out, array);
}

/* Is it known only at the end of the turn what becomes of its batch? A pointer takes the
 * place of the whole turn. */
static bool must_wait(const vgi_call *c)
{
    return c->before_batch ||
           (c->phase == VGI__PHASE_TURN && c->external && c->external->leaving);
}

int vgi_output_emit(vgi_output *out)
{
    struct ArrowArray *array;
    int rc;

    if (out->emitted)
        return misuse(out, ONE_BATCH);
    if (!must_wait(out->call))
        return vgi__output_write(out);
    if ((rc = finish_batch(out, &array)) == VGI_OK) {
        out->waiting = array;
        out->emitted = true;
    }
    return rc;
}

int vgi_output_finish(vgi_output *out)
{
    const vgi_call *c = out->call;

    if (c->phase != VGI__PHASE_TURN || c->input_schema->n_columns > 0)
        return misuse(
            out, "finish() is not allowed on exchange streams; exchange streams must "
                 "emit exactly one data batch per call");
    out->finished = true;
    return VGI_OK;
}
