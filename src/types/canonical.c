/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical spelling of Arrow types under the protocol hash: what Arrow counts as
 * part of a type is in it, and names that Arrow's own equality ignores (of list items,
 * map keys and values) are normalised. */
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "types/record.h"

static bool token(vgi__buffer *b, const vgi_schema *s, int32_t node);

static const char *unit_name(const vgi__node *n)
{
    static const char *const names[] = { "s", "ms", "us", "ns" };
    return names[n->unit & 3];
}

static bool named_child(vgi__buffer *b, const vgi_schema *s, int32_t node,
                        const char *name, size_t len)
{
    return vgi__buffer_append(b, name, len) &&
           vgi__buffer_str(b, s->nodes[node].nullable ? "?:" : ":") && token(b, s, node);
}

static bool fixed_child(vgi__buffer *b, const vgi_schema *s, int32_t node,
                        const char *name)
{
    return named_child(b, s, node, name, strlen(name));
}

static bool list_token(vgi__buffer *b, const vgi_schema *s, int32_t node,
                       const char *name)
{
    return vgi__buffer_printf(b, "%s<", name) &&
           fixed_child(b, s, vgi__child(node), "item") && vgi__buffer_char(b, '>');
}

static bool map_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    int32_t key = vgi__child(vgi__child(node));
    return vgi__buffer_str(b, "map<") && fixed_child(b, s, key, "key") &&
           vgi__buffer_char(b, ',') && fixed_child(b, s, vgi__sibling(s, key), "value") &&
           vgi__buffer_str(b, s->nodes[node].ordered ? ">,keys_sorted" : ">");
}

static bool struct_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    int32_t child = vgi__child(node);
    vgi__buffer_str(b, "struct<");
    for (int32_t i = 0; i < s->nodes[node].n_children;
         i++, child = vgi__sibling(s, child)) {
        if (i > 0)
            vgi__buffer_char(b, ',');
        if (!named_child(b, s, child, s->nodes[child].name, s->nodes[child].name_len))
            return false;
    }
    return vgi__buffer_char(b, '>');
}

static bool union_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    const char *ids = n->extra ? n->extra : "";
    int32_t child = vgi__child(node);
    vgi__buffer_str(b, n->layout == VGI__LAYOUT_UNION_DENSE ? "dense_union<"
                                                            : "sparse_union<");
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child)) {
        size_t id = strcspn(ids, ",");
        if (i > 0)
            vgi__buffer_char(b, ',');
        vgi__buffer_append(b, ids, id);
        vgi__buffer_char(b, '=');
        if (!named_child(b, s, child, s->nodes[child].name, s->nodes[child].name_len))
            return false;
        ids += id + (ids[id] == ',');
    }
    return vgi__buffer_char(b, '>');
}

static bool timestamp_token(vgi__buffer *b, const vgi__node *n)
{
    if (!n->extra || !*n->extra)
        return vgi__buffer_printf(b, "timestamp(%s)", unit_name(n));
    return vgi__buffer_printf(b, "timestamp(%s,tz=", unit_name(n)) &&
           vgi__buffer_str(b, n->extra) && vgi__buffer_char(b, ')');
}

static bool run_end_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    int32_t ends = vgi__child(node);
    return vgi__buffer_str(b, "run_end_encoded<run_ends:") && token(b, s, ends) &&
           vgi__buffer_str(b, ",values:") && token(b, s, vgi__sibling(s, ends)) &&
           vgi__buffer_char(b, '>');
}

static bool interval_token(vgi__buffer *b, const vgi__node *n)
{
    static const char *const names[] = { "months", "day_time", "month_day_nano" };
    return vgi__buffer_printf(b, "interval_%s", names[n->unit % 3]);
}

/* Types with parameters or children. */
static bool composite_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    char name[32];
    switch (n->logical) {
    case VGI__TYPE_DECIMAL:
        return vgi__buffer_printf(b, "decimal%d(%d,%d)", (int)n->width * 8,
                                  (int)n->precision, (int)n->scale);
    case VGI__TYPE_TIME:
        return vgi__buffer_printf(b, "time%d(%s)", (int)n->width * 8, unit_name(n));
    case VGI__TYPE_TIMESTAMP:
        return timestamp_token(b, n);
    case VGI__TYPE_DURATION:
        return vgi__buffer_printf(b, "duration(%s)", unit_name(n));
    case VGI__TYPE_INTERVAL:
        return interval_token(b, n);
    case VGI__TYPE_FIXED_BINARY:
        return vgi__buffer_printf(b, "fixed_size_binary(%d)", (int)n->width);
    case VGI__TYPE_LIST:
        return list_token(b, s, node, "list");
    case VGI__TYPE_LARGE_LIST:
        return list_token(b, s, node, "large_list");
    case VGI__TYPE_LIST_VIEW:
        return list_token(b, s, node, "list_view");
    case VGI__TYPE_LARGE_LIST_VIEW:
        return list_token(b, s, node, "large_list_view");
    case VGI__TYPE_FIXED_LIST:
        (void)snprintf(name, sizeof(name), "fixed_size_list(%d)", (int)n->width);
        return list_token(b, s, node, name);
    case VGI__TYPE_MAP:
        return map_token(b, s, node);
    case VGI__TYPE_STRUCT:
        return struct_token(b, s, node);
    case VGI__TYPE_UNION:
        return union_token(b, s, node);
    default:
        return run_end_token(b, s, node);
    }
}

static bool plain_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    switch (n->logical) {
    case VGI__TYPE_NULL:
        return vgi__buffer_str(b, "null");
    case VGI__TYPE_BOOL:
        return vgi__buffer_str(b, "bool");
    case VGI__TYPE_INT:
        return vgi__buffer_printf(b, "%sint%d", n->is_signed ? "" : "u",
                                  (int)n->width * 8);
    case VGI__TYPE_FLOAT:
        return vgi__buffer_printf(b, "float%d", (int)n->width * 8);
    case VGI__TYPE_UTF8:
        return vgi__buffer_str(b, "utf8");
    case VGI__TYPE_LARGE_UTF8:
        return vgi__buffer_str(b, "large_utf8");
    case VGI__TYPE_UTF8_VIEW:
        return vgi__buffer_str(b, "utf8_view");
    case VGI__TYPE_BINARY:
        return vgi__buffer_str(b, "binary");
    case VGI__TYPE_LARGE_BINARY:
        return vgi__buffer_str(b, "large_binary");
    case VGI__TYPE_BINARY_VIEW:
        return vgi__buffer_str(b, "binary_view");
    case VGI__TYPE_DATE:
        return vgi__buffer_str(b, n->width == 4 ? "date32" : "date64");
    default:
        return composite_token(b, s, node);
    }
}

/* An index type is spelled as the integer it is. */
static bool dictionary_token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    return vgi__buffer_str(b, "dictionary<index:") && plain_token(b, s, node) &&
           vgi__buffer_str(b, ",value:") &&
           token(b, s->dictionaries[n->dictionary].values, vgi__child(0)) &&
           vgi__buffer_str(b, n->ordered ? ">,ordered" : ">");
}

/* The name of an extension type among a field's metadata (C Data form); data NULL: none.
 */
static vgi_str extension_name(const uint8_t *metadata)
{
    static const char key[] = "ARROW:extension:name";
    if (!metadata)
        return (vgi_str){ NULL, 0 };
    int32_t pairs = vgi__loadi32(metadata);
    const uint8_t *p = metadata + 4;
    for (int32_t i = 0; i < pairs; i++) {
        size_t key_len = vgi__load32(p);
        const uint8_t *key_at = p + 4, *value_at = key_at + key_len + 4;
        size_t value_len = vgi__load32(value_at - 4);
        if (key_len == sizeof(key) - 1 && memcmp(key_at, key, key_len) == 0)
            return (vgi_str){ (const char *)value_at, value_len };
        p = value_at + value_len;
    }
    return (vgi_str){ NULL, 0 };
}

static bool token(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    vgi_str extension = extension_name(n->metadata);
    if (extension.data) {
        vgi__buffer_str(b, "extension(");
        vgi__buffer_append(b, extension.data, extension.len);
        vgi__buffer_str(b, ")<");
    }
    bool ok = n->dictionary >= 0 ? dictionary_token(b, s, node) : plain_token(b, s, node);
    return extension.data ? ok && vgi__buffer_char(b, '>') : ok;
}

bool vgi__canonical_type(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    return token(b, s, node) && !b->failed;
}
