/* SPDX-License-Identifier: Apache-2.0 */
#include "types/bind.h"

#include <stdio.h>
#include <string.h>

#include "arrow/dictionary.h"
#include "base/checked.h"
#include "base/fail.h"

/* Beyond what it sent, a peer may make us hold this much for lists and copies. */
#define BUDGET_BYTES ((size_t)16 << 20)
#define INLINE_BYTES 12 /* a view of so many has them in itself */
#define SEARCH_NAMES ((size_t)1 << 24)

/* ---- messages ---- */

static size_t trail_text(const vgi__trail *at, char *buf, size_t size)
{
    size_t n = at->up ? trail_text(at->up, buf, size) : 0;
    int wrote;
    if (n >= size)
        return n;
    if (at->name)
        wrote = snprintf(buf + n, size - n, "%s%s", at->up ? "." : "", at->name);
    else
        wrote = snprintf(buf + n, size - n, "[%lld]", (long long)at->index);
    return n + (size_t)wrote;
}

int vgi__bind_fail(const vgi__bind *b, const vgi__trail *at, int code, const char *type,
                   const char *fmt, ...)
{
    char text[VGI_ERROR_MESSAGE_SIZE], path[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    trail_text(at, path, sizeof(path));
    if (b->method)
        return vgi__fail(b->err, code, type, "%s() parameter '%s'%s", b->method, path,
                         text);
    return vgi__fail(b->err, code, type, "column '%s'%s", path, text);
}

int vgi__bind_mismatch(const vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       const vgi__cell *c)
{
    vgi__buffer text;
    vgi__buffer_init(&text, b->mem->allocator, VGI_ERROR_ECHO_BYTES);
    vgi__type_text(&text, c->s, c->node);
    char echo[VGI_ECHO_SIZE];
    vgi__echo(echo, (vgi_str){ text.data ? (const char *)text.data : "", text.len });
    int rc = vgi__bind_fail(b, at, VGI_ESCHEMA, NULL,
                            " has Arrow type %s, not one for %s", echo, slot->type_name);
    vgi__buffer_free(&text);
    return rc;
}

int vgi__bind_charge(vgi__bind *b, const vgi__trail *at, size_t bytes)
{
    if (bytes > b->budget)
        return vgi__bind_fail(b, at, VGI_ELIMIT, NULL,
                              " takes far more memory than the message it came in"
                              " (limit: its body and %zu MiB)",
                              BUDGET_BYTES >> 20);
    b->budget -= bytes;
    return VGI_OK;
}

int vgi__bind_bytes(vgi__bind *b, const vgi__trail *at, const vgi__cell *c,
                    vgi_bytes *bytes)
{
    *bytes = vgi__cell_bytes(c);
    if (b->shared ||
        (vgi__cell_node(c)->layout == VGI__LAYOUT_VIEW && bytes->len > INLINE_BYTES))
        return vgi__bind_charge(b, at, bytes->len);
    return VGI_OK;
}

static int no_memory(const vgi__bind *b)
{
    return vgi__fail_nomem(b->err);
}

/* ---- null and missing ---- */

static int bind_null(const vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                     void *out)
{
    if (slot->hold == VGI__HOLD_VALUE)
        return vgi__bind_fail(b, at, VGI_ESCHEMA, NULL, "%s",
                              b->method ? " is not optional but got None"
                                        : " is null, but the struct cannot hold null");
    memset(out, 0, vgi__slot_stride(slot));
    return VGI_OK;
}

static int bind_missing(const vgi__bind *b, const vgi__trail *up, const vgi__slot *slot,
                        void *out)
{
    vgi__trail at = { up, slot->name, 0 };
    if (slot->fallback) {
        int rc = vgi__fallback_apply(slot, slot->fallback, out, b->mem);
        if (rc == VGI_OK)
            return VGI_OK;
        return rc == VGI_ENOMEM ? no_memory(b)
                                : vgi__bind_fail(b, &at, rc, NULL, " has a bad default");
    }
    if (slot->hold != VGI__HOLD_VALUE) {
        memset(out, 0, vgi__slot_stride(slot));
        return VGI_OK;
    }
    if (b->method && !up)
        return vgi__fail(b->err, VGI_ESCHEMA, "TypeError",
                         "%s() missing 1 required positional argument: '%s'", b->method,
                         slot->name);
    return vgi__bind_fail(b, &at, VGI_ESCHEMA, NULL, " is missing");
}

/* ---- structs ---- */

static inline bool named(const vgi__node *n, const vgi__slot *slot)
{
    return n->name_len == slot->name_len &&
           memcmp(n->name, slot->name, slot->name_len) == 0;
}

/* Does the node hold exactly what the slot declares, so that the bytes are the value? */
static inline bool same_type(const vgi__node *n, const vgi__slot *slot)
{
    return n->logical == slot->logical && n->width == slot->width && n->dictionary < 0 &&
           n->is_signed == slot->is_signed && n->unit == slot->unit &&
           n->layout == slot->layout;
}

/* Find a child out of order. VGI_END: there is none. */
static int find_child(vgi__bind *b, const vgi__trail *at, const vgi__cell *parent,
                      const vgi__slot *slot, vgi__cell *child)
{
    int32_t n = vgi__cell_node(parent)->n_children;
    int32_t node = vgi__child(parent->node);
    for (int32_t i = 0; i < n; i++, node = vgi__sibling(parent->s, node)) {
        if (b->search == 0)
            return vgi__bind_fail(b, at, VGI_ELIMIT, NULL,
                                  " has too many members out of order");
        b->search--;
        if (!named(&parent->s->nodes[node], slot))
            continue;
        child->node = node;
        child->a = parent->a->children[i];
        return VGI_OK;
    }
    return VGI_END;
}

static int bind_member(vgi__bind *b, const vgi__trail *up, const vgi__slot *slot,
                       const vgi__cell *c, char *out)
{
    const vgi__node *n = vgi__cell_node(c);
    if (slot->op == VGI__OP_FIXED && slot->hold == VGI__HOLD_VALUE &&
        same_type(n, slot) && (c->a->null_count == 0 || !c->a->buffers[0])) {
        memcpy(out, vgi__cell_fixed(c), slot->size);
        return VGI_OK;
    }
    vgi__trail at = { up, slot->name, 0 };
    return vgi__bind_slot(b, &at, slot, *c, out);
}

int vgi__bind_members(vgi__bind *b, const vgi__trail *up, const vgi__slot *slots,
                      uint32_t count, const vgi__cell *parent, bool by_position,
                      void *out)
{
    const vgi_schema *s = parent->s;
    int32_t n = vgi__cell_node(parent)->n_children, node = vgi__child(parent->node);
    int64_t row = parent->a->offset + parent->row;
    for (uint32_t i = 0; i < count; i++) {
        const vgi__slot *slot = &slots[i];
        char *to = (char *)out + slot->offset;
        vgi__cell c = { s, node, NULL, row };
        int rc = VGI_OK;
        if ((int32_t)i < n) {
            c.a = parent->a->children[i];
            node = vgi__sibling(s, node);
        }
        if (!c.a || !(by_position || named(&s->nodes[c.node], slot))) {
            vgi__trail at = { up, slot->name, 0 };
            rc = find_child(b, &at, parent, slot, &c);
        }
        if (rc == VGI_OK)
            rc = bind_member(b, up, slot, &c, to);
        else if (rc == VGI_END)
            rc = bind_missing(b, up, slot, to);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

static int bind_struct(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       const vgi__cell *c, void *out)
{
    vgi_bytes bytes;
    int rc;
    if (vgi__cell_node(c)->layout == VGI__LAYOUT_STRUCT)
        return vgi__bind_members(b, at, slot->children, slot->n_children, c, false, out);
    switch (vgi__cell_node(c)->logical) {
    case VGI__TYPE_BINARY:
    case VGI__TYPE_LARGE_BINARY:
    case VGI__TYPE_BINARY_VIEW:
        rc = vgi__bind_bytes(b, at, c, &bytes);
        return rc == VGI_OK ? vgi__bind_embedded(b, at, slot, bytes, out) : rc;
    default:
        return vgi__bind_mismatch(b, at, slot, c);
    }
}

/* ---- lists ---- */

static bool is_list_like(const vgi__node *n)
{
    return n->layout >= VGI__LAYOUT_LIST && n->layout <= VGI__LAYOUT_FIXED_LIST;
}

/* A run of values that lies in the array as the struct wants it. */
static const void *plain_run(const vgi__slot *item, const vgi__cell *first)
{
    if (item->op != VGI__OP_FIXED || item->hold != VGI__HOLD_VALUE ||
        !same_type(vgi__cell_node(first), item) ||
        (first->a->null_count != 0 && first->a->buffers[0]))
        return NULL;
    return vgi__cell_fixed(first);
}

static int bind_items(vgi__bind *b, const vgi__trail *up, const vgi__slot *item,
                      vgi__cell c, bool by_position, vgi__slice *slice)
{
    size_t stride = vgi__slot_stride(item), bytes;
    const void *run = plain_run(item, &c);
    bool borrowed = run && (uintptr_t)run % item->size == 0;
    int rc;
    if (vgi__mul_size(slice->count, stride, &bytes))
        bytes = SIZE_MAX;
    if ((b->shared || !borrowed) && (rc = vgi__bind_charge(b, up, bytes)) != VGI_OK)
        return rc;
    if (borrowed) {
        slice->items = run;
        return VGI_OK;
    }
    char *items = vgi_arena_alloc(b->mem, bytes);
    if (!items)
        return no_memory(b);
    slice->items = items;
    if (run) {
        memcpy(items, run, bytes);
        return VGI_OK;
    }
    vgi__trail at = { up, NULL, 0 };
    for (; at.index < (int64_t)slice->count; at.index++, c.row++, items += stride) {
        if (by_position && item->op == VGI__OP_STRUCT &&
            !vgi__array_is_null(c.s, c.node, c.a, c.row))
            rc = vgi__bind_members(b, &at, item->children, item->n_children, &c, true,
                                   items);
        else
            rc = vgi__bind_slot(b, &at, item, c, items);
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

static int bind_list(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                     const vgi__cell *c, void *out)
{
    static const max_align_t nothing;
    const vgi__slot *item = slot->children;
    const vgi__node *n = vgi__cell_node(c);
    int64_t first, count;
    if (!is_list_like(n))
        return vgi__bind_mismatch(b, at, slot, c);
    vgi__array_list(c->s, c->node, c->a, c->row, &first, &count);
    vgi__slice slice = { &nothing, (size_t)count };
    vgi__cell items = { c->s, vgi__child(c->node), c->a->children[0], first };
    bool by_position = n->logical == VGI__TYPE_MAP && item->op == VGI__OP_STRUCT &&
                       item->hold == VGI__HOLD_VALUE && item->n_children == 2;
    bool shared = b->shared;
    b->shared = shared || n->layout == VGI__LAYOUT_LIST_VIEW ||
                n->layout == VGI__LAYOUT_LIST_VIEW64;
    int rc = count > 0 ? bind_items(b, at, item, items, by_position, &slice) : VGI_OK;
    b->shared = shared;
    memcpy(out, &slice, sizeof(slice));
    return rc;
}

/* ---- one value ---- */

static int bind_bool(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                     const vgi__cell *c, void *out)
{
    if (vgi__cell_node(c)->logical != VGI__TYPE_BOOL)
        return vgi__bind_mismatch(b, at, slot, c);
    bool value = vgi__cell_bool(c);
    memcpy(out, &value, sizeof(value));
    return VGI_OK;
}

/* BATCH, SCHEMA. */
static int bind_handle(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                       const vgi__cell *c, void *out)
{
    const vgi__node *n = vgi__cell_node(c);
    vgi_bytes bytes;
    if (n->utf8 || n->layout < VGI__LAYOUT_BINARY || n->layout > VGI__LAYOUT_VIEW)
        return vgi__bind_mismatch(b, at, slot, c);
    int rc = vgi__bind_bytes(b, at, c, &bytes);
    return rc == VGI_OK ? vgi__bind_embedded(b, at, slot, bytes, out) : rc;
}

static int bind_value(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                      const vgi__cell *c, void *out)
{
    if (slot->hold == VGI__HOLD_POINTER) {
        int rc = vgi__bind_charge(b, at, slot->size);
        if (rc != VGI_OK)
            return rc;
        void *value = vgi_arena_alloc(b->mem, slot->size);
        if (!value)
            return no_memory(b);
        memcpy(out, &value, sizeof(value));
        out = value;
    }
    switch ((vgi__op)slot->op) {
    case VGI__OP_BOOL:
        return bind_bool(b, at, slot, c, out);
    case VGI__OP_FIXED:
        if (!same_type(vgi__cell_node(c), slot))
            return vgi__bind_converted(b, at, slot, c, out);
        memcpy(out, vgi__cell_fixed(c), slot->size);
        return VGI_OK;
    case VGI__OP_STRUCT:
    case VGI__OP_BLOB:
        return bind_struct(b, at, slot, c, out);
    case VGI__OP_LIST:
        return bind_list(b, at, slot, c, out);
    case VGI__OP_BATCH:
    case VGI__OP_SCHEMA:
        return bind_handle(b, at, slot, c, out);
    default:
        return vgi__bind_text(b, at, slot, c, out);
    }
}

int vgi__bind_slot(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot, vgi__cell c,
                   void *out)
{
    const struct ArrowArray *column = c.a;
    bool shared = b->shared;
    if (!vgi__cell_resolve(&c))
        return bind_null(b, at, slot, out);
    b->shared = shared || c.a != column;
    int rc = bind_value(b, at, slot, &c, out);
    b->shared = shared;
    return rc;
}

/* The bytes of text in a batch's dictionaries: they came in messages of their own. */
static size_t dictionary_bytes(const vgi_batch *batch)
{
    const vgi_schema *s = batch->schema;
    size_t sum = 0;
    for (int32_t i = 0; batch->dictionaries && i < s->n_dictionaries; i++) {
        const struct ArrowArray *a = vgi__dictionary_values(batch->dictionaries, i);
        const vgi_schema *values = s->dictionaries[i].values;
        const vgi__node *n = &values->nodes[vgi__child(0)];
        if (a->length == 0 || n->dictionary >= 0 ||
            (n->layout != VGI__LAYOUT_BINARY && n->layout != VGI__LAYOUT_BINARY64))
            continue;
        vgi_bytes first = vgi__array_bytes(values, vgi__child(0), a, 0);
        vgi_bytes last = vgi__array_bytes(values, vgi__child(0), a, a->length - 1);
        if (first.data)
            sum += (size_t)(last.data - first.data) + last.len;
    }
    return sum;
}

int vgi__bind_row(const vgi__slot *slots, uint32_t count, const vgi_batch *batch,
                  int64_t row, void *out, vgi_arena *mem, const char *method,
                  vgi_error *err)
{
    vgi__bind b = { .batch = batch,
                    .mem = mem,
                    .method = method,
                    .err = err,
                    .budget = SIZE_MAX,
                    .decoding = SIZE_MAX,
                    .search = SEARCH_NAMES,
                    .inflate = VGI_DEFAULT_DECOMPRESSED_BYTES };
    vgi__cell root = { batch->schema, 0, batch->root, row };
    if (row < 0 || row >= batch->root->length) {
        /* A batch without columns describes no values: every member is missing. */
        if (vgi__cell_node(&root)->n_children > 0)
            return vgi__fail(err, VGI_EINVAL, NULL, "row %lld of a batch of %lld",
                             (long long)row, (long long)batch->root->length);
        root.row = 0;
    }
    if (vgi__batch_received(batch)) {
        size_t sent = (size_t)batch->body_bytes + dictionary_bytes(batch);
        b.budget = sent + BUDGET_BYTES;
        b.decoding = 2 * sent + VGI__DECODING_UNITS;
    }
    return vgi__bind_members(&b, NULL, slots, count, &root, false, out);
}
