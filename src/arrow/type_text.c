/* SPDX-License-Identifier: Apache-2.0 */
/* Types and schemas in Arrow's own words. */
#include <string.h>

#include "arrow/types.h"
#include "base/buffer.h"

static const char *const unit_names[] = { "s", "ms", "us", "ns" };
static const char *const interval_names[] = { "month_interval", "day_time_interval",
                                              "month_day_nano_interval" };

/* Words of types without parameters and children, by logical type. */
static const char *const plain_names[] = {
    [VGI__TYPE_NULL] = "null",
    [VGI__TYPE_BINARY] = "binary",
    [VGI__TYPE_UTF8] = "string",
    [VGI__TYPE_BOOL] = "bool",
    [VGI__TYPE_LARGE_BINARY] = "large_binary",
    [VGI__TYPE_LARGE_UTF8] = "large_string",
    [VGI__TYPE_BINARY_VIEW] = "binary_view",
    [VGI__TYPE_UTF8_VIEW] = "string_view",
};

static bool number_text(vgi__buffer *b, const vgi__node *n)
{
    if (n->logical == VGI__TYPE_FLOAT)
        return vgi__buffer_str(b, n->width == 2   ? "halffloat"
                                  : n->width == 4 ? "float"
                                                  : "double");
    return vgi__buffer_printf(b, "%s%d", n->is_signed ? "int" : "uint", n->width * 8);
}

/* Types with parameters but no children. */
static bool scalar_text(vgi__buffer *b, const vgi__node *n)
{
    const char *u = unit_names[n->unit & 3];
    switch (n->logical) {
    case VGI__TYPE_INT:
    case VGI__TYPE_FLOAT:
        return number_text(b, n);
    case VGI__TYPE_DECIMAL:
        return vgi__buffer_printf(b, "decimal%d(%d, %d)", n->width * 8, n->precision,
                                  n->scale);
    case VGI__TYPE_DATE:
        return vgi__buffer_str(b, n->unit == VGI__UNIT_S ? "date32[day]" : "date64[ms]");
    case VGI__TYPE_TIME:
        return vgi__buffer_printf(b, "time%d[%s]", n->width * 8, u);
    case VGI__TYPE_TIMESTAMP:
        return vgi__buffer_printf(b, "timestamp[%s%s%s]", u, n->extra ? ", tz=" : "",
                                  n->extra ? n->extra : "");
    case VGI__TYPE_DURATION:
        return vgi__buffer_printf(b, "duration[%s]", u);
    case VGI__TYPE_INTERVAL:
        return vgi__buffer_str(b, interval_names[n->unit]);
    case VGI__TYPE_FIXED_BINARY:
        return vgi__buffer_printf(b, "fixed_size_binary[%d]", n->width);
    default:
        return vgi__buffer_str(b, plain_names[n->logical]);
    }
}

static bool field_text(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    return vgi__buffer_append(b, n->name, n->name_len) && vgi__buffer_str(b, ": ") &&
           vgi__type_text(b, s, node) && (n->nullable || vgi__buffer_str(b, " not null"));
}

/* The children as fields with commas; those of a union with their type ids. */
static bool fields_text(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    const char *id = n->logical == VGI__TYPE_UNION ? n->extra : NULL;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child)) {
        if ((i > 0 && !vgi__buffer_str(b, ", ")) || !field_text(b, s, child))
            return false;
        if (!id)
            continue;
        size_t len = strcspn(id, ",");
        if (!vgi__buffer_char(b, '=') || !vgi__buffer_append(b, id, len))
            return false;
        id += len + (id[len] == ',');
    }
    return true;
}

/* Key and value of a map; their names only when they are not the usual ones. */
static bool map_text(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    static const char *const usual[] = { "key", "value" };
    int32_t child = vgi__child(vgi__child(node));
    for (int i = 0; i < 2; i++, child = vgi__sibling(s, child)) {
        const char *name = s->nodes[child].name;
        if ((i > 0 && !vgi__buffer_str(b, ", ")) || !vgi__type_text(b, s, child))
            return false;
        if (strcmp(name, usual[i]) != 0 && !vgi__buffer_printf(b, " ('%s')", name))
            return false;
    }
    return !s->nodes[node].ordered || vgi__buffer_str(b, ", keys_sorted");
}

static bool run_end_text(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    int32_t ends = vgi__child(node);
    return vgi__buffer_str(b, "run_ends: ") && vgi__type_text(b, s, ends) &&
           vgi__buffer_str(b, ", values: ") &&
           vgi__type_text(b, s, vgi__sibling(s, ends));
}

static const char *nested_name(const vgi__node *n)
{
    switch (n->logical) {
    case VGI__TYPE_LIST:
        return "list";
    case VGI__TYPE_LARGE_LIST:
        return "large_list";
    case VGI__TYPE_LIST_VIEW:
        return "list_view";
    case VGI__TYPE_LARGE_LIST_VIEW:
        return "large_list_view";
    case VGI__TYPE_FIXED_LIST:
        return "fixed_size_list";
    case VGI__TYPE_STRUCT:
        return "struct";
    case VGI__TYPE_MAP:
        return "map";
    case VGI__TYPE_RUN_END:
        return "run_end_encoded";
    case VGI__TYPE_UNION:
        return n->layout == VGI__LAYOUT_UNION_DENSE ? "dense_union" : "sparse_union";
    default:
        return NULL;
    }
}

bool vgi__type_text(vgi__buffer *b, const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    if (n->dictionary >= 0)
        return vgi__buffer_str(b, "dictionary<values=") &&
               vgi__type_text(b, s->dictionaries[n->dictionary].values, 1) &&
               vgi__buffer_str(b, ", indices=") && number_text(b, n) &&
               vgi__buffer_printf(b, ", ordered=%d>", n->ordered);
    const char *name = nested_name(n);
    if (!name)
        return scalar_text(b, n);
    if (!vgi__buffer_str(b, name) || !vgi__buffer_char(b, '<'))
        return false;
    bool ok = n->logical == VGI__TYPE_MAP       ? map_text(b, s, node)
              : n->logical == VGI__TYPE_RUN_END ? run_end_text(b, s, node)
                                                : fields_text(b, s, node);
    if (!ok || !vgi__buffer_char(b, '>'))
        return false;
    return n->logical != VGI__TYPE_FIXED_LIST || vgi__buffer_printf(b, "[%d]", n->width);
}

bool vgi__schema_text(vgi__buffer *b, const vgi_schema *s)
{
    return fields_text(b, s, 0);
}

/* ---- for messages ---- */

/* A buffer that never grows, with room for a NUL behind it. */
static vgi__buffer fixed(char *out, size_t size)
{
    return (vgi__buffer){ .data = (uint8_t *)out, .cap = size - 1, .limit = size - 1 };
}

/* End the text; control characters in names of a peer become '?'. */
static const char *done(vgi__buffer *text)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] < ' ' || text->data[i] == 127)
            text->data[i] = '?';
    }
    text->data[text->len] = 0;
    return (const char *)text->data;
}

const char *vgi__type_words(char *out, size_t size, const vgi_schema *s, int32_t node)
{
    vgi__buffer text = fixed(out, size);
    (void)vgi__type_text(&text, s, node);
    return done(&text);
}

const char *vgi__schema_words(char *out, size_t size, const vgi_schema *s)
{
    vgi__buffer text = fixed(out, size);
    (void)vgi__schema_text(&text, s);
    return done(&text);
}

const char *vgi__names_words(char *out, size_t size, const vgi_schema *s)
{
    vgi__buffer text = fixed(out, size);
    bool ok = vgi__buffer_char(&text, '[');
    for (size_t i = 0; ok && i < vgi_schema_columns(s); i++)
        ok =
            vgi__buffer_printf(&text, "%s'%s'", i > 0 ? ", " : "", vgi_schema_name(s, i));
    (void)vgi__buffer_char(&text, ']');
    return done(&text);
}
