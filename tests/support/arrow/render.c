/* SPDX-License-Identifier: Apache-2.0 */
#include "support/arrow/render.h"

#include <stdlib.h>

#include "base/endian.h"
#include "base/json.h"
#include "base/text.h"

static void render_hex(vgi__buffer *out, vgi_bytes bytes)
{
    vgi__buffer_char(out, '"');
    uint8_t *to = vgi__buffer_extend(out, 2 * bytes.len);
    if (to)
        vgi__hex((char *)to, bytes.data, bytes.len);
    vgi__buffer_char(out, '"');
}

static void render_fixed(vgi__buffer *out, const vgi_schema *s, int32_t node,
                         const struct ArrowArray *a, int64_t row)
{
    const vgi__node *n = &s->nodes[node];
    vgi_bytes bytes = vgi__array_bytes(s, node, a, row);
    switch (n->logical) {
    case VGI__TYPE_INT:
        if (n->width == 8 && !n->is_signed)
            vgi__json_u64(out, vgi__load64(bytes.data));
        else
            vgi__json_i64(out, vgi__array_index(s, node, a, row));
        break;
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
        vgi__json_i64(out, n->width == 4 ? vgi__loadi32(bytes.data)
                                         : vgi__loadi64(bytes.data));
        break;
    default:
        render_hex(out, bytes);
        break;
    }
}

static void render_items(vgi__buffer *out, const vgi_schema *s, int32_t node,
                         const struct ArrowArray *a, int64_t row)
{
    int64_t first;
    int64_t count;
    vgi__array_list(s, node, a, row, &first, &count);
    vgi__buffer_char(out, '[');
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            vgi__buffer_char(out, ',');
        vgi_test_render_value(out, s, vgi__child(node), a->children[0], first + i);
    }
    vgi__buffer_char(out, ']');
}

static void render_struct(vgi__buffer *out, const vgi_schema *s, int32_t node,
                          const struct ArrowArray *a, int64_t row)
{
    int32_t child = vgi__child(node);
    vgi__buffer_char(out, '[');
    for (int64_t i = 0; i < a->n_children; i++, child = vgi__sibling(s, child)) {
        if (i > 0)
            vgi__buffer_char(out, ',');
        vgi_test_render_value(out, s, child, a->children[i], row + a->offset);
    }
    vgi__buffer_char(out, ']');
}

static void render_union(vgi__buffer *out, const vgi_schema *s, int32_t node,
                         const struct ArrowArray *a, int64_t row)
{
    bool dense = s->nodes[node].layout == VGI__LAYOUT_UNION_DENSE;
    int64_t i = row + a->offset;
    long id = ((const int8_t *)a->buffers[0])[i];
    int32_t child = vgi__child(node);
    int64_t at = dense ? ((const int32_t *)a->buffers[1])[i] : i;
    const char *ids = s->nodes[node].extra;
    int64_t k = 0;
    for (char *end; strtol(ids, &end, 10) != id && *end; ids = end + 1, k++)
        child = vgi__sibling(s, child);
    vgi__buffer_printf(out, "[%ld,", id);
    vgi_test_render_value(out, s, child, a->children[k], at);
    vgi__buffer_char(out, ']');
}

static void render_run(vgi__buffer *out, const vgi_schema *s, int32_t node,
                       const struct ArrowArray *a, int64_t row)
{
    int32_t ends = vgi__child(node);
    int64_t run = 0;
    while (vgi__array_index(s, ends, a->children[0], run) <= row + a->offset)
        run++;
    vgi_test_render_value(out, s, vgi__sibling(s, ends), a->children[1], run);
}

void vgi_test_render_value(vgi__buffer *out, const vgi_schema *s, int32_t node,
                           const struct ArrowArray *a, int64_t row)
{
    const vgi__node *n = &s->nodes[node];
    if (vgi__array_is_null(s, node, a, row)) {
        vgi__buffer_str(out, "null");
        return;
    }
    if (n->dictionary >= 0) {
        vgi_test_render_value(out, s->dictionaries[n->dictionary].values, 1,
                              a->dictionary, vgi__array_index(s, node, a, row));
        return;
    }
    switch ((vgi__layout)n->layout) {
    case VGI__LAYOUT_BOOL: {
        int64_t i = row + a->offset;
        vgi__json_bool(out, ((const uint8_t *)a->buffers[1])[i >> 3] >> (i & 7) & 1);
        break;
    }
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
    case VGI__LAYOUT_VIEW: {
        vgi_bytes bytes = vgi__array_bytes(s, node, a, row);
        if (n->utf8)
            vgi__json_string(out, (const char *)bytes.data, bytes.len);
        else
            render_hex(out, bytes);
        break;
    }
    case VGI__LAYOUT_STRUCT:
        render_struct(out, s, node, a, row);
        break;
    case VGI__LAYOUT_UNION_SPARSE:
    case VGI__LAYOUT_UNION_DENSE:
        render_union(out, s, node, a, row);
        break;
    case VGI__LAYOUT_RUN_END:
        render_run(out, s, node, a, row);
        break;
    case VGI__LAYOUT_NULL:
    case VGI__LAYOUT_FIXED:
        render_fixed(out, s, node, a, row);
        break;
    default:
        render_items(out, s, node, a, row);
        break;
    }
}

void vgi_test_render_batch(vgi__buffer *out, const vgi_batch *b)
{
    const vgi_schema *s = b->schema;
    vgi__buffer_printf(out, "{\"rows\":%lld,\"metadata\":[",
                       (long long)vgi_batch_rows(b));
    for (size_t i = 0; i < b->metadata.count; i++) {
        const vgi_pair *pair = &b->metadata.pairs[i];
        vgi__buffer_str(out, i ? ",[" : "[");
        vgi__json_string(out, pair->key.data, pair->key.len);
        vgi__buffer_char(out, ',');
        vgi__json_string(out, pair->value.data, pair->value.len);
        vgi__buffer_char(out, ']');
    }
    vgi__buffer_str(out, "],\"columns\":[");
    int32_t node = vgi__child(0);
    for (int32_t i = 0; i < s->n_columns; i++, node = vgi__sibling(s, node)) {
        vgi__buffer_str(out, i ? ",[" : "[");
        for (int64_t row = 0; row < b->root->length; row++) {
            if (row > 0)
                vgi__buffer_char(out, ',');
            vgi_test_render_value(out, s, node, b->root->children[i], row);
        }
        vgi__buffer_char(out, ']');
    }
    vgi__buffer_str(out, "]}");
}

void vgi_test_render_schema(vgi__buffer *out, const vgi_schema *s)
{
    vgi__buffer_char(out, '[');
    for (size_t i = 0; i < vgi_schema_columns(s); i++) {
        const char *name = vgi_schema_name(s, i);
        vgi__buffer_str(out, i ? ",[" : "[");
        vgi__json_string(out, name, strlen(name));
        vgi__buffer_str(out, vgi_schema_nullable(s, i) ? ",true]" : ",false]");
    }
    vgi__buffer_char(out, ']');
}
