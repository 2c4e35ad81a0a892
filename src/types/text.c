/* SPDX-License-Identifier: Apache-2.0 */
#include "types/text.h"

#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/text.h"
#include "types/cell.h"
#include "types/decimal.h"
#include "types/text_time.h"

/* Rows that cost the peer nothing (runs, nulls) must not cost us much: the text may be as
 * long as this and twice the message. */
#define FREE_TEXT_BYTES ((size_t)32 << 20)

static bool put_json(vgi__buffer *b, vgi__cell c);

/* ---- leaves ---- */

static bool put_base64(vgi__buffer *b, vgi_bytes v)
{
    size_t start = b->len, max = v.len / 3 * 4 + 4;
    uint8_t *to = vgi__buffer_extend(b, max);
    if (!to)
        return false;
    b->len = start + vgi__base64((char *)to, v.data, v.len);
    return true;
}

static bool put_number(vgi__buffer *b, const vgi__cell *c)
{
    char text[VGI__DECIMAL_TEXT_SIZE];
    const vgi__node *n = vgi__cell_node(c);
    bool big;
    if (n->logical == VGI__TYPE_DECIMAL) {
        size_t len = vgi__decimal_text(text, vgi__cell_fixed(c), n->width, n->scale);
        return vgi__buffer_append(b, text, len);
    }
    int64_t v = vgi__cell_int(c, &big);
    return big ? vgi__json_u64(b, (uint64_t)v) : vgi__json_i64(b, v);
}

/* What is written the same in JSON and as text, save that JSON quotes it. */
static bool put_quoted(vgi__buffer *b, const vgi__cell *c, bool quotes)
{
    const vgi__node *n = vgi__cell_node(c);
    bool binary = n->layout == VGI__LAYOUT_BINARY || n->layout == VGI__LAYOUT_BINARY64 ||
                  n->layout == VGI__LAYOUT_VIEW || n->logical == VGI__TYPE_FIXED_BINARY;
    if (quotes && !vgi__buffer_char(b, '"'))
        return false;
    if (!(binary ? put_base64(b, vgi__cell_bytes(c)) : vgi__time_text(b, c)))
        return false;
    return !quotes || vgi__buffer_char(b, '"');
}

static bool put_string(vgi__buffer *b, const vgi__cell *c)
{
    vgi_bytes v = vgi__cell_bytes(c);
    return vgi__json_string(b, (const char *)v.data, v.len);
}

/* ---- containers, always JSON ---- */

static bool put_list(vgi__buffer *b, const vgi__cell *c)
{
    int64_t first, count;
    vgi__array_list(c->s, c->node, c->a, c->row, &first, &count);
    vgi__cell item = { c->s, vgi__child(c->node), c->a->children[0], first };
    vgi__buffer_char(b, '[');
    for (int64_t i = 0; i < count; i++, item.row++) {
        if (i > 0)
            vgi__buffer_char(b, ',');
        if (!put_json(b, item))
            return false;
    }
    return vgi__buffer_char(b, ']');
}

static bool put_struct(vgi__buffer *b, const vgi__cell *c)
{
    vgi__cell member = { c->s, vgi__child(c->node), NULL, c->a->offset + c->row };
    vgi__buffer_char(b, '{');
    for (int32_t i = 0; i < vgi__cell_node(c)->n_children; i++) {
        const vgi__node *n = vgi__cell_node(&member);
        member.a = c->a->children[i];
        if (i > 0)
            vgi__buffer_char(b, ',');
        if (!vgi__json_string(b, n->name, n->name_len) || !vgi__buffer_char(b, ':') ||
            !put_json(b, member))
            return false;
        member.node = vgi__sibling(c->s, member.node);
    }
    return vgi__buffer_char(b, '}');
}

/* The type of a value behind dictionaries and runs. */
static bool is_utf8(const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    if (n->layout == VGI__LAYOUT_RUN_END)
        return is_utf8(s, vgi__sibling(s, vgi__child(node)));
    if (n->dictionary >= 0)
        return is_utf8(s->dictionaries[n->dictionary].values, vgi__child(0));
    return n->utf8;
}

/* A key of an object; nothing forbids a peer to send null keys. */
static bool put_key(vgi__buffer *b, vgi__cell key)
{
    return vgi__cell_resolve(&key) ? put_string(b, &key) : vgi__buffer_str(b, "\"\"");
}

/* An object when the keys are strings, else a list of [key, value]. */
static bool put_map(vgi__buffer *b, const vgi__cell *c)
{
    int64_t first, count;
    vgi__array_list(c->s, c->node, c->a, c->row, &first, &count);
    const struct ArrowArray *entries = c->a->children[0];
    int32_t key_node = vgi__child(vgi__child(c->node));
    vgi__cell key = { c->s, key_node, entries->children[0], first + entries->offset };
    vgi__cell value = { c->s, vgi__sibling(c->s, key_node), entries->children[1],
                        key.row };
    bool object = is_utf8(c->s, key_node);
    vgi__buffer_char(b, object ? '{' : '[');
    for (int64_t i = 0; i < count; i++, key.row++, value.row++) {
        if (i > 0)
            vgi__buffer_char(b, ',');
        bool ok = object
                      ? put_key(b, key) && vgi__buffer_char(b, ':') && put_json(b, value)
                      : vgi__buffer_char(b, '[') && put_json(b, key) &&
                            vgi__buffer_char(b, ',') && put_json(b, value) &&
                            vgi__buffer_char(b, ']');
        if (!ok)
            return false;
    }
    return vgi__buffer_char(b, object ? '}' : ']');
}

/* ---- a cell ---- */

static bool put_value(vgi__buffer *b, const vgi__cell *c)
{
    vgi__cell chosen;
    switch (vgi__cell_node(c)->logical) {
    case VGI__TYPE_BOOL:
        return vgi__json_bool(b, vgi__cell_bool(c));
    case VGI__TYPE_INT:
    case VGI__TYPE_DECIMAL:
        return put_number(b, c);
    case VGI__TYPE_FLOAT:
        return vgi__json_f64(b, vgi__cell_float(c));
    case VGI__TYPE_UTF8:
    case VGI__TYPE_LARGE_UTF8:
    case VGI__TYPE_UTF8_VIEW:
        return put_string(b, c);
    case VGI__TYPE_LIST:
    case VGI__TYPE_LARGE_LIST:
    case VGI__TYPE_LIST_VIEW:
    case VGI__TYPE_LARGE_LIST_VIEW:
    case VGI__TYPE_FIXED_LIST:
        return put_list(b, c);
    case VGI__TYPE_MAP:
        return put_map(b, c);
    case VGI__TYPE_STRUCT:
        return put_struct(b, c);
    case VGI__TYPE_UNION:
        return vgi__cell_union(c, &chosen) ? put_json(b, chosen)
                                           : vgi__buffer_str(b, "null");
    default:
        return put_quoted(b, c, true);
    }
}

static bool put_json(vgi__buffer *b, vgi__cell c)
{
    return vgi__cell_resolve(&c) ? put_value(b, &c) : vgi__buffer_str(b, "null");
}

bool vgi__cell_json(vgi__buffer *b, const vgi_schema *s, int32_t node,
                    const struct ArrowArray *a, int64_t row)
{
    return put_json(b, (vgi__cell){ s, node, a, row }) && !b->failed;
}

/* JSON has no word for what is not finite and quotes it. */
static bool put_plain_float(vgi__buffer *b, const vgi__cell *c)
{
    size_t start = b->len;
    if (!vgi__json_f64(b, vgi__cell_float(c)))
        return false;
    if (b->data[start] != '"')
        return true;
    memmove(b->data + start, b->data + start + 1, b->len - start - 2);
    b->len -= 2;
    return true;
}

/* Strings plain, null empty; what JSON would quote stands without quotes. */
static bool put_text(vgi__buffer *b, vgi__cell c)
{
    vgi__cell chosen;
    if (!vgi__cell_resolve(&c))
        return true;
    const vgi__node *n = vgi__cell_node(&c);
    switch (n->logical) {
    case VGI__TYPE_UTF8:
    case VGI__TYPE_LARGE_UTF8:
    case VGI__TYPE_UTF8_VIEW: {
        vgi_bytes v = vgi__cell_bytes(&c);
        return vgi__buffer_append(b, v.data, v.len);
    }
    case VGI__TYPE_BINARY:
    case VGI__TYPE_LARGE_BINARY:
    case VGI__TYPE_BINARY_VIEW:
    case VGI__TYPE_FIXED_BINARY:
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
    case VGI__TYPE_INTERVAL:
        return put_quoted(b, &c, false);
    case VGI__TYPE_FLOAT:
        return put_plain_float(b, &c);
    case VGI__TYPE_UNION:
        return !vgi__cell_union(&c, &chosen) || put_text(b, chosen);
    default:
        return put_value(b, &c);
    }
}

bool vgi__cell_text(vgi__buffer *b, const vgi_schema *s, int32_t node,
                    const struct ArrowArray *a, int64_t row)
{
    return put_text(b, (vgi__cell){ s, node, a, row }) && !b->failed;
}

/* ---- the public forms ---- */

static size_t text_limit(const vgi_batch *batch, const vgi_arena *mem)
{
    if (mem->limit)
        return mem->limit;
    return vgi__batch_received(batch) ? FREE_TEXT_BYTES + 2 * (size_t)batch->body_bytes
                                      : SIZE_MAX;
}

static int finish(vgi__buffer *b, bool ok, vgi_arena *mem, vgi_str *text, vgi_error *err)
{
    char *copy = ok ? vgi_arena_alloc(mem, b->len + 1) : NULL;
    if (copy) {
        if (b->len > 0)
            memcpy(copy, b->data, b->len);
        copy[b->len] = '\0';
        *text = (vgi_str){ copy, b->len };
    }
    vgi__buffer_free(b);
    return copy ? VGI_OK : vgi__fail_nomem(err);
}

static int check_row(const vgi_batch *batch, int64_t row, vgi_error *err)
{
    if (row >= 0 && row < vgi_batch_rows(batch))
        return VGI_OK;
    return vgi__fail(err, VGI_EINVAL, NULL, "row %lld of a batch of %lld", (long long)row,
                     (long long)vgi_batch_rows(batch));
}

int vgi_batch_row_json(const vgi_batch *batch, int64_t row, vgi_arena *mem, vgi_str *json,
                       vgi_error *err)
{
    vgi__buffer b;
    int rc = check_row(batch, row, err);
    if (rc != VGI_OK)
        return rc;
    vgi__buffer_init(&b, mem->allocator, text_limit(batch, mem));
    vgi__cell root = { batch->schema, 0, batch->root, row };
    bool ok = put_struct(&b, &root) && !b.failed;
    return finish(&b, ok, mem, json, err);
}

int vgi_batch_cell_text(const vgi_batch *batch, int64_t row, size_t column,
                        vgi_arena *mem, vgi_str *text, vgi_error *err)
{
    vgi__buffer b;
    int rc = check_row(batch, row, err);
    if (rc != VGI_OK)
        return rc;
    if (column >= vgi_schema_columns(batch->schema))
        return vgi__fail(err, VGI_EINVAL, NULL, "column %zu of %zu", column,
                         vgi_schema_columns(batch->schema));
    vgi__buffer_init(&b, mem->allocator, text_limit(batch, mem));
    bool ok = vgi__cell_text(&b, batch->schema,
                             vgi__column_node(batch->schema, (int32_t)column),
                             batch->root->children[column], batch->root->offset + row);
    return finish(&b, ok, mem, text, err);
}
