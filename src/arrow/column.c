/* SPDX-License-Identifier: Apache-2.0 */
/* Typed access to the columns of a batch, by name. */
#include <inttypes.h>

#include "arrow/batch.h"
#include "arrow/bits.h"
#include "base/fail.h"

typedef struct column {
    const vgi_schema *schema;
    const vgi__node *type;
    const struct ArrowArray *array;
    int32_t node;
} column;

static int find(const vgi_batch *batch, const char *name, column *c)
{
    int index = vgi_schema_find(batch->schema, name);
    if (index < 0) {
        char echo[VGI_ECHO_SIZE];
        return vgi__fail(batch->sink, VGI_ESCHEMA, "KeyError",
                         "the batch has no column '%s'",
                         vgi__echo(echo, vgi_str_from(name)));
    }
    c->schema = batch->schema;
    c->node = vgi__column_node(batch->schema, index);
    c->type = &batch->schema->nodes[c->node];
    c->array = batch->root->children[index];
    return VGI_OK;
}

static int wrong_type(const vgi_batch *batch, const column *c, const char *wanted)
{
    char name[VGI_ECHO_SIZE];
    char words[160];
    return vgi__fail(batch->sink, VGI_ESCHEMA, NULL, "column '%s' is %s, not %s",
                     vgi__echo(name, (vgi_str){ c->type->name, c->type->name_len }),
                     vgi__type_words(words, sizeof(words), c->schema, c->node), wanted);
}

static int check_row(const vgi_batch *batch, int64_t row)
{
    if (row >= 0 && row < batch->root->length)
        return VGI_OK;
    return vgi__fail(batch->sink, VGI_EINVAL, "IndexError",
                     "row %" PRId64 " of a batch of %" PRId64 " rows", row,
                     batch->root->length);
}

/* ---- whole columns ---- */

static bool is_number(const vgi__node *n, vgi__logical logical, int32_t width,
                      bool is_signed)
{
    return n->logical == logical && n->width == width && n->is_signed == is_signed;
}

/* Signed storage of `width` bytes: integers, dates, times, timestamps, durations. */
static bool is_signed_storage(const vgi__node *n, int32_t width)
{
    return is_number(n, VGI__TYPE_INT, width, true) ||
           (n->width == width &&
            (n->logical == VGI__TYPE_DATE || n->logical == VGI__TYPE_TIME ||
             n->logical == VGI__TYPE_TIMESTAMP || n->logical == VGI__TYPE_DURATION));
}

/* The first value; NULL when there are no rows. */
static const void *values(const vgi_batch *batch, const column *c)
{
    const struct ArrowArray *a = c->array;
    if (batch->root->length == 0)
        return NULL;
    int64_t first = a->offset + batch->root->offset;
    return (const uint8_t *)a->buffers[1] + first * c->type->width;
}

/* One whole-column getter: `fits` is true of the types it takes. */
#define WHOLE_COLUMN(name, slice, fits, wanted) \
    int name(const vgi_batch *batch, const char *column_name, slice *items) \
    { \
        column c = { 0 }; \
        int rc = find(batch, column_name, &c); \
        if (rc != VGI_OK) \
            return rc; \
        if (c.type->dictionary >= 0 || !(fits)) \
            return wrong_type(batch, &c, wanted); \
        items->items = values(batch, &c); \
        items->count = (size_t)batch->root->length; \
        return VGI_OK; \
    }

WHOLE_COLUMN(vgi_batch_f64, vgi_f64s, is_number(c.type, VGI__TYPE_FLOAT, 8, true),
             "double")
WHOLE_COLUMN(vgi_batch_f32, vgi_f32s, is_number(c.type, VGI__TYPE_FLOAT, 4, true),
             "float")
WHOLE_COLUMN(vgi_batch_u64, vgi_u64s, is_number(c.type, VGI__TYPE_INT, 8, false),
             "uint64")
WHOLE_COLUMN(vgi_batch_i64, vgi_i64s, is_signed_storage(c.type, 8), "int64")
WHOLE_COLUMN(vgi_batch_i32, vgi_i32s, is_signed_storage(c.type, 4), "int32")

/* ---- one value ---- */

int vgi_batch_bool(const vgi_batch *batch, const char *column_name, int64_t row,
                   bool *value)
{
    column c = { 0 };
    int rc = find(batch, column_name, &c);
    if (rc != VGI_OK)
        return rc;
    if (c.type->layout != VGI__LAYOUT_BOOL)
        return wrong_type(batch, &c, "bool");
    rc = check_row(batch, row);
    if (rc == VGI_OK)
        *value =
            vgi__bit(c.array->buffers[1], c.array->offset + batch->root->offset + row);
    return rc;
}

/* From a dictionary-encoded column to its entry for `*row`; false: null. */
static bool decode(column *c, int64_t *row)
{
    if (vgi__array_is_null(c->schema, c->node, c->array, *row))
        return false;
    if (c->type->dictionary < 0)
        return true;
    *row = vgi__array_index(c->schema, c->node, c->array, *row);
    c->schema = c->schema->dictionaries[c->type->dictionary].values;
    c->node = 1;
    c->type = &c->schema->nodes[1];
    c->array = c->array->dictionary;
    return !vgi__array_is_null(c->schema, c->node, c->array, *row);
}

static bool is_string(const vgi__node *n)
{
    return n->utf8;
}

static bool is_binary(const vgi__node *n)
{
    return n->logical == VGI__TYPE_BINARY || n->logical == VGI__TYPE_LARGE_BINARY ||
           n->logical == VGI__TYPE_BINARY_VIEW || n->logical == VGI__TYPE_FIXED_BINARY;
}

static int get_bytes(const vgi_batch *batch, const char *name, int64_t row,
                     bool (*fits)(const vgi__node *), vgi_bytes *value)
{
    column c = { 0 };
    int rc = find(batch, name, &c);
    if (rc != VGI_OK)
        return rc;
    const vgi__node *type = c.type;
    if (type->dictionary >= 0)
        type = &c.schema->dictionaries[type->dictionary].values->nodes[1];
    if (!fits(type))
        return wrong_type(batch, &c, fits == is_string ? "string" : "binary");
    rc = check_row(batch, row);
    if (rc != VGI_OK)
        return rc;
    row += batch->root->offset;
    *value = (vgi_bytes){ NULL, 0 };
    if (!decode(&c, &row))
        return VGI_OK;
    *value = vgi__array_bytes(c.schema, c.node, c.array, row);
    if (!value->data)
        value->data = (const uint8_t *)""; /* NULL would mean null */
    return VGI_OK;
}

int vgi_batch_str(const vgi_batch *batch, const char *column_name, int64_t row,
                  vgi_str *value)
{
    vgi_bytes bytes = { 0 };
    int rc = get_bytes(batch, column_name, row, is_string, &bytes);
    if (rc == VGI_OK)
        *value = (vgi_str){ (const char *)bytes.data, bytes.len };
    return rc;
}

int vgi_batch_bytes(const vgi_batch *batch, const char *column_name, int64_t row,
                    vgi_bytes *value)
{
    return get_bytes(batch, column_name, row, is_binary, value);
}

bool vgi_batch_is_null(const vgi_batch *batch, const char *column_name, int64_t row)
{
    int index = vgi_schema_find(batch->schema, column_name);
    if (index < 0 || row < 0 || row >= batch->root->length)
        return false;
    column c = { .schema = batch->schema, .array = batch->root->children[index] };
    c.node = vgi__column_node(batch->schema, index);
    c.type = &batch->schema->nodes[c.node];
    row += batch->root->offset;
    return !decode(&c, &row);
}
