/* SPDX-License-Identifier: Apache-2.0 */
/* From structs to builder rows. The struct comes from the user's handler: what it holds
 * is checked, not trusted. */
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "types/decimal.h"
#include "types/encode.h"

typedef struct appender {
    vgi__builder *to;
    int32_t shift; /* from a slot's node to the builder's */
    const vgi__record *record;
    vgi_error *err;
} appender;

static int append_slot(appender *a, const vgi__slot *slot, const void *in);

static int refuse(const appender *a, const vgi__slot *slot, const char *text)
{
    return vgi__fail(a->err, VGI_EINVAL, "ValueError", "%s: %s", slot->name, text);
}

/* Builders say what went wrong by status only. */
static int built(const appender *a, const vgi__slot *slot, int rc)
{
    if (rc == VGI_OK)
        return VGI_OK;
    if (rc == VGI_ENOMEM)
        return vgi__fail_nomem(a->err);
    return vgi__fail(a->err, rc, NULL, "%s: too much data for one batch", slot->name);
}

static int append_bytes(appender *a, const vgi__slot *slot, vgi_bytes v)
{
    return built(a, slot,
                 vgi__builder_bytes(a->to, slot->node + a->shift,
                                    v.data ? v.data : (const uint8_t *)"", v.len));
}

static int append_decimal(appender *a, const vgi__slot *slot, vgi_str text)
{
    uint8_t value[32];
    char echo[VGI_ECHO_SIZE];
    const char *why = NULL;
    switch (vgi__decimal_parse(text, slot->precision, slot->scale, slot->width, value)) {
    case VGI__DECIMAL_OK:
        return built(a, slot, vgi__builder_fixed(a->to, slot->node + a->shift, value));
    case VGI__DECIMAL_MALFORMED:
        why = "is no decimal number";
        break;
    case VGI__DECIMAL_SCALE:
        why = "has too many fraction digits";
        break;
    case VGI__DECIMAL_PRECISION:
        why = "has too many digits";
        break;
    }
    return vgi__fail(a->err, VGI_EINVAL, "ValueError", "%s: '%s' %s for decimal(%d, %d)",
                     slot->name, vgi__echo(echo, text), why, (int)slot->precision,
                     (int)slot->scale);
}

static int append_text(appender *a, const vgi__slot *slot, const void *in)
{
    vgi_str v;
    memcpy(&v, in, sizeof(v)); /* vgi_bytes looks the same */
    if (!v.data && v.len > 0)
        return refuse(a, slot, "data is NULL, but len is not 0");
    if (slot->op == VGI__OP_DECIMAL)
        return append_decimal(a, slot, v.data ? v : vgi_str_from(""));
    if (slot->op == VGI__OP_STR && !vgi__utf8_valid(v.data, v.len))
        return refuse(a, slot, "the text is not valid UTF-8");
    if (slot->op == VGI__OP_RAW && v.len != (size_t)slot->width)
        return vgi__fail(a->err, VGI_EINVAL, "ValueError", "%s: %zu bytes, not %d",
                         slot->name, v.len, (int)slot->width);
    if (slot->op == VGI__OP_RAW)
        return built(a, slot, vgi__builder_fixed(a->to, slot->node + a->shift, v.data));
    return append_bytes(a, slot, (vgi_bytes){ (const uint8_t *)v.data, v.len });
}

static int append_enum(appender *a, const vgi__slot *slot, const void *in)
{
    int32_t value, n = 0;
    memcpy(&value, in, sizeof(value));
    while (n <= value && slot->enum_names[n])
        n++;
    if (value < 0 || n <= value)
        return vgi__fail(a->err, VGI_EINVAL, "ValueError", "%s: %d is not a valid %s",
                         slot->name, (int)value, slot->type_name);
    const char *name = slot->enum_names[value];
    return append_bytes(a, slot, (vgi_bytes){ (const uint8_t *)name, strlen(name) });
}

static int append_members(appender *a, const vgi__slot *slots, uint32_t count,
                          const void *in)
{
    for (uint32_t i = 0; i < count; i++) {
        int rc = append_slot(a, &slots[i], (const char *)in + slots[i].offset);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

static int append_struct(appender *a, const vgi__slot *slot, const void *in)
{
    int rc = built(a, slot, vgi__builder_valid(a->to, slot->node + a->shift));
    return rc == VGI_OK ? append_members(a, slot->children, slot->n_children, in) : rc;
}

/* Values that lie in the struct as the array wants them. */
static int append_run(appender *a, const vgi__slot *item, const vgi__slice *slice)
{
    void *to;
    int rc =
        vgi__builder_column(a->to, item->node + a->shift, (int64_t)slice->count, &to);
    if (rc == VGI_OK)
        memcpy(to, slice->items, slice->count * item->size);
    return built(a, item, rc);
}

static int append_list(appender *a, const vgi__slot *slot, const void *in)
{
    const vgi__slot *item = slot->children;
    vgi__slice slice;
    int rc = VGI_OK;
    memcpy(&slice, in, sizeof(slice));
    if (!slice.items && slice.count > 0)
        return refuse(a, slot, "items is NULL, but count is not 0");
    if (slice.count > INT64_MAX / vgi__slot_stride(item))
        return refuse(a, slot, "count is beyond all memory");
    if (slot->layout == VGI__LAYOUT_FIXED_LIST && slice.count != (size_t)slot->width)
        return vgi__fail(a->err, VGI_EINVAL, "ValueError", "%s: %zu items, not %d",
                         slot->name, slice.count, (int)slot->width);
    if (item->op == VGI__OP_FIXED && item->hold == VGI__HOLD_VALUE && slice.count > 0) {
        rc = append_run(a, item, &slice);
    } else {
        const char *at = slice.items;
        for (size_t i = 0; rc == VGI_OK && i < slice.count; i++)
            rc = append_slot(a, item, at + i * vgi__slot_stride(item));
    }
    if (rc == VGI_OK)
        rc = built(a, slot, vgi__builder_close_list(a->to, slot->node + a->shift));
    return rc;
}

/* ---- embedded streams ---- */

static int append_blob(appender *a, const vgi__slot *slot, const void *in)
{
    vgi__encoder *e;
    vgi_bytes bytes;
    int rc = vgi__encoder_take(slot->blob, &e, a->err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__encoder_row(e, in, &bytes, a->err);
    if (rc == VGI_OK)
        rc = append_bytes(a, slot, bytes);
    vgi__encoder_give(e);
    return rc;
}

static int append_handle(appender *a, const vgi__slot *slot, const void *in)
{
    const vgi_batch *batch;
    memcpy(&batch, in, sizeof(batch));
    if (!batch)
        return vgi__fail(a->err, VGI_EINVAL, "TypeError",
                         "%s: is not optional but got None", slot->name);
    if (slot->op == VGI__OP_SCHEMA) {
        const vgi_schema *schema;
        memcpy(&schema, in, sizeof(schema));
        return append_bytes(a, slot, vgi_schema_message(schema));
    }
    vgi_arena mem = { .allocator = a->record->allocator };
    const vgi_metadata none = { NULL, 0 };
    vgi_bytes bytes;
    int rc = vgi_batch_encode(batch, &none, &mem, &bytes, a->err);
    if (rc == VGI_OK)
        rc = append_bytes(a, slot, bytes);
    vgi_arena_free(&mem);
    return rc;
}

/* ---- one value ---- */

/* Every value with a null of its own begins with the pointer that tells. */
static bool first_pointer_is_null(const void *in)
{
    const void *p;
    memcpy(&p, in, sizeof(p));
    return !p;
}

static int append_slot(appender *a, const vgi__slot *slot, const void *in)
{
    int32_t node = slot->node + a->shift;
    bool value;
    if (slot->hold != VGI__HOLD_VALUE) {
        if (first_pointer_is_null(in))
            return built(a, slot, vgi__builder_null(a->to, node));
        if (slot->hold == VGI__HOLD_POINTER)
            memcpy(&in, in, sizeof(in));
    }
    switch ((vgi__op)slot->op) {
    case VGI__OP_BOOL:
        memcpy(&value, in, sizeof(value));
        return built(a, slot, vgi__builder_bool(a->to, node, value));
    case VGI__OP_FIXED:
        return built(a, slot, vgi__builder_fixed(a->to, node, in));
    case VGI__OP_ENUM:
        return append_enum(a, slot, in);
    case VGI__OP_STRUCT:
        return append_struct(a, slot, in);
    case VGI__OP_BLOB:
        return append_blob(a, slot, in);
    case VGI__OP_LIST:
        return append_list(a, slot, in);
    case VGI__OP_BATCH:
    case VGI__OP_SCHEMA:
        return append_handle(a, slot, in);
    default:
        return append_text(a, slot, in);
    }
}

int vgi__append_value(const vgi__slot *slot, const void *value, vgi__builder *b,
                      vgi_error *err)
{
    appender a = { b, 0, NULL, err };
    return append_slot(&a, slot, value);
}

/* ---- rows ---- */

static const vgi__slot *find_slot(const vgi__record *r, const vgi__node *column,
                                  uint32_t hint)
{
    for (uint32_t i = 0; i < r->n_slots; i++) {
        const vgi__slot *slot = &r->slots[(hint + i) % r->n_slots];
        if (slot->name_len == column->name_len &&
            memcmp(slot->name, column->name, column->name_len) == 0)
            return slot;
    }
    return NULL;
}

static int append_column(appender *a, const vgi_schema *s, int32_t node, uint32_t hint,
                         const void *row)
{
    const vgi__node *column = &s->nodes[node];
    const vgi__slot *slot = find_slot(a->record, column, hint);
    if (slot && vgi__node_equal(s, node, a->record->schema, slot->node, false, false)) {
        a->shift = node - slot->node;
        return append_slot(a, slot, (const char *)row + slot->offset);
    }
    char echo[VGI_ECHO_SIZE];
    vgi__echo(echo, (vgi_str){ column->name, column->name_len });
    if (slot)
        return vgi__fail(a->err, VGI_ESCHEMA, NULL,
                         "column '%s' has another Arrow type than the struct's", echo);
    if (!column->nullable)
        return vgi__fail(a->err, VGI_ESCHEMA, NULL,
                         "no member of the struct is column '%s'", echo);
    int rc = vgi__builder_null(a->to, node);
    return rc == VGI_ENOMEM ? vgi__fail_nomem(a->err) : rc;
}

int vgi__record_append(const vgi__record *r, const void *row, vgi__builder *b,
                       vgi_error *err)
{
    const vgi_schema *s = vgi__builder_schema(b);
    appender a = { b, 0, r, err };
    if (s == r->schema)
        return append_members(&a, r->slots, r->n_slots, row);
    int32_t node = vgi__child(0);
    for (int32_t i = 0; i < s->n_columns; i++, node = vgi__sibling(s, node)) {
        int rc = append_column(&a, s, node, (uint32_t)i, row);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}
