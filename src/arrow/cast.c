/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: making a batch fit.
 *
 * Columns whose types agree are shared: the result has their array structs, moved to
 * offset 0 of the batch. The others are cast onto one builder of the target schema, which
 * is kept from batch to batch.
 *
 * A cast can make much of little: a null has no bytes. So a batch that was received may
 * grow only by so much that it and the result stay below twice its bytes plus 64 MiB.
 * Rows times width are compared with that before a column is begun; no buffer grows
 * beyond it while one is made.
 */
#include "arrow/cast.h"

#include <stdarg.h>
#include <string.h>

#include "arrow/bits.h"
#include "arrow/cast_impl.h"
#include "base/alloc.h"
#include "base/fail.h"

#define CAST_ROOM (INT64_C(24) << 20) /* beyond the bytes of the batch */
#define HELD_ROOM (INT64_C(64) << 20) /* with what the batch was inflated to */
/* A row costs time, too: bits it counts for at least. Numbers are cast in bulk. */
#define ROW_BITS 64
#define NUMBER_BITS 8

struct vgi__caster {
    const vgi_allocator *allocator;
    vgi_limits limits;
    vgi__builder *builder; /* of `target`; made by the first conversion */
    int64_t room;          /* bytes that casts of this batch may still make */
    vgi_schema *target;    /* reference; or NULL */
    vgi_schema *equal[2];  /* references: a pair of schemas found to be equal */
    vgi_batch batch;       /* the result */
    struct ArrowArray root;
    const void *root_buffers[1];
    struct ArrowArray *columns; /* of the target */
    struct ArrowArray **children;
    size_t columns_cap, children_cap;
};

int vgi__caster_new(vgi__caster **out, const vgi_limits *limits, const vgi_allocator *a,
                    vgi_error *err)
{
    vgi__caster *c = vgi__calloc(a, 1, sizeof(*c));
    if (!c)
        return vgi__fail_nomem(err);
    c->allocator = a;
    c->limits = vgi_limits_effective(limits);
    vgi__batch_init(&c->batch, a);
    *out = c;
    return VGI_OK;
}

void vgi__caster_free(vgi__caster *c)
{
    if (!c)
        return;
    vgi__batch_free(&c->batch);
    vgi__builder_free(c->builder);
    vgi_schema_unref(c->target);
    vgi_schema_unref(c->equal[0]);
    vgi_schema_unref(c->equal[1]);
    vgi__free(c->allocator, c->columns);
    vgi__free(c->allocator, c->children);
    vgi__free(c->allocator, c);
}

/* ---- messages ---- */

int vgi__cast_unsupported(const vgi__cast_task *t)
{
    char from[VGI__CAST_WORDS];
    char to[VGI__CAST_WORDS];
    return vgi__fail(t->err, VGI_ESCHEMA, "ArrowNotImplementedError",
                     "Unsupported cast from %s to %s",
                     vgi__type_words(from, sizeof(from), t->schema, t->from),
                     vgi__type_words(to, sizeof(to), t->to->schema, t->node));
}

int vgi__cast_failed(const vgi__cast_task *t, int rc)
{
    if (rc == VGI_ENOMEM)
        return vgi__fail_nomem(t->err);
    if (rc == VGI_OK)
        return rc;
    return vgi__fail(t->err, rc, NULL,
                     "column '%s' does not fit in %lld bytes or its index type",
                     vgi__cast_target(t)->name, (long long)t->to->limits.message_bytes);
}

int vgi__cast_invalid(const vgi__cast_task *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int rc = vgi__vfail(t->err, VGI_EINVAL, "ArrowInvalid", fmt, ap);
    va_end(ap);
    return rc;
}

static int mismatch(const vgi_schema *target, const vgi_schema *got, vgi_error *err)
{
    char wanted[VGI_ERROR_MESSAGE_SIZE / 2];
    char found[VGI_ERROR_MESSAGE_SIZE / 2];
    return vgi__fail(err, VGI_ESCHEMA, "TypeError",
                     "Input schema mismatch: expected %s, got %s",
                     vgi__schema_words(wanted, sizeof(wanted), target),
                     vgi__schema_words(found, sizeof(found), got));
}

static int missing_columns(const vgi_schema *target, const vgi_schema *got,
                           vgi_error *err)
{
    char wanted[VGI_ERROR_MESSAGE_SIZE / 3];
    char found[VGI_ERROR_MESSAGE_SIZE / 3];
    return vgi__fail(err, VGI_ESCHEMA, "ValueError",
                     "emitted batch is missing column(s) required by output_schema: "
                     "batch has %s, output_schema needs %s",
                     vgi__names_words(found, sizeof(found), got),
                     vgi__names_words(wanted, sizeof(wanted), target));
}

/* ---- nested types ---- */

static bool is_list(const vgi__node *n)
{
    return n->layout >= VGI__LAYOUT_LIST && n->layout <= VGI__LAYOUT_FIXED_LIST;
}

/* The task for children: the nodes given, and rows of them. */
static vgi__cast_task child_task(const vgi__cast_task *t, int32_t node, int32_t from,
                                 const struct ArrowArray *array)
{
    vgi__cast_task child = *t;
    child.node = node;
    child.from = from;
    child.array = array;
    return child;
}

static int cast_lists(const vgi__cast_task *t)
{
    const vgi__node *to = vgi__cast_target(t);
    vgi__cast_task items =
        child_task(t, vgi__child(t->node), vgi__child(t->from), t->array->children[0]);
    for (int64_t row = t->first; row < t->first + t->count; row++) {
        int rc;
        if (vgi__array_is_null(t->schema, t->from, t->array, row)) {
            rc = vgi__cast_failed(t, vgi__builder_null(t->to, t->node));
        } else {
            vgi__array_list(t->schema, t->from, t->array, row, &items.first,
                            &items.count);
            if (to->layout == VGI__LAYOUT_FIXED_LIST && items.count != to->width)
                return vgi__cast_invalid(t,
                                         "a list of %lld items does not fit a list of %d",
                                         (long long)items.count, to->width);
            rc = vgi__cast_rows(&items);
            if (rc == VGI_OK)
                rc = vgi__cast_failed(t, vgi__builder_close_list(t->to, t->node));
        }
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

/* Child of the source struct with the target's name: its index and node, or -1. */
static int64_t find_field(const vgi__cast_task *t, const vgi__node *wanted, int32_t *node)
{
    const vgi__node *from = vgi__cast_source(t);
    *node = vgi__child(t->from);
    for (int64_t i = 0; i < from->n_children; i++) {
        if (strcmp(t->schema->nodes[*node].name, wanted->name) == 0)
            return i;
        *node = vgi__sibling(t->schema, *node);
    }
    return -1;
}

static int cast_field(const vgi__cast_task *t, int32_t node)
{
    const vgi__node *wanted = &t->to->schema->nodes[node];
    int32_t from;
    int64_t index = find_field(t, wanted, &from);
    if (index < 0 && !wanted->nullable)
        return vgi__fail(
            t->err, VGI_ESCHEMA, "ArrowTypeError",
            "struct fields don't match: non-nullable out field `%s` not found",
            wanted->name);
    if (index >= 0) {
        vgi__cast_task field = child_task(t, node, from, t->array->children[index]);
        field.first += t->array->offset;
        return vgi__cast_rows(&field);
    }
    int rc = VGI_OK;
    for (int64_t i = 0; rc == VGI_OK && i < t->count; i++)
        rc = vgi__builder_null(t->to, node);
    return vgi__cast_failed(t, rc);
}

static int cast_structs(const vgi__cast_task *t)
{
    const vgi__node *to = vgi__cast_target(t);
    int32_t node = vgi__child(t->node);
    for (int32_t i = 0; i < to->n_children; i++) {
        int rc = cast_field(t, node);
        if (rc != VGI_OK)
            return rc;
        node = vgi__sibling(t->to->schema, node);
    }
    const uint8_t *bits = t->array->null_count == 0 ? NULL : t->array->buffers[0];
    return vgi__cast_failed(t,
                            vgi__column_validity(&t->to->columns[t->node], bits,
                                                 t->array->offset + t->first, t->count));
}

/* From a dictionary: row by row what the entry is cast to. */
static int cast_entries(const vgi__cast_task *t)
{
    vgi__cast_task entry = *t;
    entry.schema = t->schema->dictionaries[vgi__cast_source(t)->dictionary].values;
    entry.from = 1;
    entry.array = t->array->dictionary;
    entry.count = 1;
    for (int64_t row = t->first; row < t->first + t->count; row++) {
        int rc;
        if (vgi__array_is_null(t->schema, t->from, t->array, row)) {
            rc = vgi__cast_failed(t, vgi__builder_null(t->to, t->node));
        } else {
            entry.first = vgi__array_index(t->schema, t->from, t->array, row);
            rc = vgi__cast_rows(&entry);
        }
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

/* Onto a dictionary: the values as bytes, when they are of its type or nearly. */
static int cast_onto_dictionary(const vgi__cast_task *t)
{
    const vgi_schema *values = t->to->columns[t->node].entries->values->schema;
    bool same = vgi__node_equal(t->schema, t->from, values, 1, false, false);
    bool bytes = vgi__is_binary_like(vgi__cast_source(t)) &&
                 vgi__is_binary_like(&values->nodes[1]);
    if (bytes || (same && vgi__cast_source(t)->layout == VGI__LAYOUT_FIXED))
        return vgi__cast_bytes(t);
    return vgi__cast_unsupported(t);
}

/* Nulls of a fixed width, some at a time. */
static int cast_fixed_nulls(const vgi__cast_task *t, int32_t width)
{
    static const uint8_t invalid[64];
    const int64_t most = (int64_t)sizeof(invalid) * 8;
    vgi__column *c = &t->to->columns[t->node];
    int rc = VGI_OK;
    for (int64_t left = t->count; rc == VGI_OK && left > 0; left -= most) {
        int64_t n = left < most ? left : most;
        uint8_t *p = vgi__column_extend(&c->first, (size_t)(n * width), &rc);
        if (rc != VGI_OK)
            break;
        memset(p, 0, (size_t)(n * width));
        rc = vgi__column_validity(c, invalid, 0, n);
    }
    return vgi__cast_failed(t, rc);
}

static int cast_nulls(const vgi__cast_task *t)
{
    const vgi__node *to = vgi__cast_target(t);
    int rc = VGI_OK;
    if (to->layout == VGI__LAYOUT_FIXED && to->dictionary < 0)
        return cast_fixed_nulls(t, to->width);
    for (int64_t i = 0; rc == VGI_OK && i < t->count; i++)
        rc = vgi__builder_null(t->to, t->node);
    return vgi__cast_failed(t, rc);
}

int vgi__cast_rows(const vgi__cast_task *t)
{
    const vgi__node *from = vgi__cast_source(t);
    const vgi__node *to = vgi__cast_target(t);
    if (vgi__node_equal(t->schema, t->from, t->to->schema, t->node, false, false))
        return vgi__builder_copy(t->to, t->node, t->schema, t->from, t->array, t->first,
                                 t->count, t->err);
    if (from->logical == VGI__TYPE_NULL)
        return cast_nulls(t);
    if (from->dictionary >= 0)
        return cast_entries(t);
    if (to->dictionary >= 0)
        return cast_onto_dictionary(t);
    if (vgi__is_number(from) && vgi__is_number(to))
        return vgi__cast_numbers(t);
    if (vgi__is_temporal_cast(from, to))
        return vgi__cast_temporal(t);
    if (vgi__is_binary_like(from) && vgi__is_binary_like(to))
        return vgi__cast_bytes(t);
    if (from->utf8 && vgi__is_number(to))
        return vgi__cast_parse(t);
    if (vgi__is_decimal_cast(from, to))
        return vgi__cast_decimals(t);
    if (is_list(from) && is_list(to))
        return cast_lists(t);
    if (from->logical == VGI__TYPE_STRUCT && to->logical == VGI__TYPE_STRUCT)
        return cast_structs(t);
    return vgi__cast_unsupported(t);
}

/* ---- batches ---- */

/* Keep to `target` from now on. */
static int retarget(vgi__caster *c, const vgi_schema *target, vgi_error *err)
{
    size_t n = (size_t)target->n_columns;
    if (!vgi__grow(c->allocator, (void **)&c->columns, &c->columns_cap, n,
                   sizeof(*c->columns)) ||
        !vgi__grow(c->allocator, (void **)&c->children, &c->children_cap, n,
                   sizeof(struct ArrowArray *)))
        return vgi__fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        c->children[i] = &c->columns[i];
    if (c->target == target)
        return VGI_OK;
    vgi__builder_free(c->builder);
    c->builder = NULL;
    vgi_schema_unref(c->target);
    c->target = vgi_schema_ref(target);
    return VGI_OK;
}

/* What casts of a batch may make. What did not come from a peer is only kept to the size
 * of a message. */
static int64_t room_for(const vgi__caster *c, const vgi_batch *in)
{
    int64_t inflated = in->inflated ? (int64_t)in->inflated->size : 0;
    int64_t room = HELD_ROOM - inflated < CAST_ROOM ? HELD_ROOM - inflated : CAST_ROOM;
    if (!in->body)
        return c->limits.message_bytes;
    room = in->body_bytes + (room > 0 ? room : 0);
    return room < c->limits.message_bytes ? room : c->limits.message_bytes;
}

/* Bits that a row takes whatever is in it; at most INT32_MAX. */
static int64_t row_bits(const vgi_schema *s, int32_t node)
{
    const vgi__node *n = &s->nodes[node];
    int64_t bits = 0;
    switch (n->layout) {
    case VGI__LAYOUT_FIXED:
        return n->width < INT32_MAX / 8 ? n->width * INT64_C(8) : INT32_MAX;
    case VGI__LAYOUT_FIXED_LIST:
        bits = n->width * row_bits(s, vgi__child(node));
        break;
    case VGI__LAYOUT_STRUCT: {
        int32_t child = vgi__child(node);
        for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child))
            bits += row_bits(s, child);
        break;
    }
    case VGI__LAYOUT_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
        return 128;
    default:
        return 64;
    }
    return bits < INT32_MAX ? bits : INT32_MAX;
}

/* Take the room for a column, before anything is made for it. */
static int take_room(vgi__caster *c, const vgi__cast_task *t)
{
    const vgi__node *to = vgi__cast_target(t);
    bool bulk = vgi__is_number(vgi__cast_source(t)) && vgi__is_number(to);
    int64_t least = bulk ? NUMBER_BITS : ROW_BITS;
    int64_t bits = to->logical == VGI__TYPE_BOOL ? 1 : row_bits(t->to->schema, t->node);
    bits = bits < least ? least : bits;
    if (t->count > c->room / bits * 8)
        return vgi__fail(t->err, VGI_ELIMIT, NULL,
                         "casting %lld rows of column '%s' to %lld bytes each is over "
                         "the limit of %lld bytes",
                         (long long)t->count, to->name, (long long)(bits / 8),
                         (long long)c->room);
    vgi__builder_limit(t->to, t->node, c->room);
    c->room -= t->count * bits / 8;
    return VGI_OK;
}

/* A column as it is, moved by the offset of its batch. */
static struct ArrowArray share(const struct ArrowArray *a, const struct ArrowArray *root)
{
    struct ArrowArray shared = *a;
    if (root->offset != 0 || root->length != a->length) {
        shared.offset += root->offset;
        shared.null_count = a->null_count == 0 ? 0 : -1;
    }
    shared.length = root->length;
    return shared;
}

static int convert(vgi__caster *c, const vgi_batch *in, int from_column, int32_t node,
                   struct ArrowArray *out, vgi_error *err)
{
    if (!c->builder) {
        int rc = vgi__builder_new(&c->builder, c->target, &c->limits, c->allocator, err);
        if (rc != VGI_OK)
            return rc;
    }
    vgi__cast_task task = { .to = c->builder,
                            .node = node,
                            .schema = in->schema,
                            .from = vgi__column_node(in->schema, from_column),
                            .array = in->root->children[from_column],
                            .first = in->root->offset,
                            .count = in->root->length,
                            .err = err };
    struct ArrowArray *built;
    int rc = take_room(c, &task);
    if (rc == VGI_OK)
        rc = vgi__cast_rows(&task);
    if (rc == VGI_OK)
        rc = vgi__builder_finish_column(c->builder, node, &built, err);
    if (rc == VGI_OK)
        *out = *built;
    return rc;
}

static bool has_nulls(const vgi_schema *s, int32_t node, const struct ArrowArray *a)
{
    uint8_t layout = s->nodes[node].layout;
    if (layout == VGI__LAYOUT_NULL)
        return a->length > 0;
    if (layout >= VGI__LAYOUT_UNION_SPARSE || a->null_count == 0 || !a->buffers[0])
        return false;
    return a->null_count > 0 ||
           vgi__bits_count(a->buffers[0], a->offset, a->length) < a->length;
}

static int cast_column(vgi__caster *c, const vgi_batch *in, int column, int32_t node,
                       vgi_error *err)
{
    const vgi_schema *target = c->target;
    const vgi__node *n = &target->nodes[node];
    struct ArrowArray *out = &c->columns[column];
    int from = vgi_schema_find(in->schema, n->name);
    int32_t from_node = vgi__column_node(in->schema, from);
    int rc = VGI_OK;
    if (vgi__node_equal(in->schema, from_node, target, node, false, false))
        *out = share(in->root->children[from], in->root);
    else
        rc = convert(c, in, from, node, out, err);
    if (rc == VGI_OK && !n->nullable && has_nulls(target, node, out))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "Casting field '%s' with null values to non-nullable", n->name);
    return rc;
}

static bool has_columns(const vgi_schema *s, const vgi_schema *wanted)
{
    for (size_t i = 0; i < vgi_schema_columns(wanted); i++) {
        if (vgi_schema_find(s, vgi_schema_name(wanted, i)) < 0)
            return false;
    }
    return true;
}

static int cast_columns(vgi__caster *c, const vgi_batch *in, vgi_error *err)
{
    if (c->builder)
        vgi__builder_reset(c->builder);
    c->room = room_for(c, in);
    int32_t node = vgi__child(0);
    for (int i = 0; i < c->target->n_columns; i++) {
        int rc = cast_column(c, in, i, node, err);
        if (rc != VGI_OK)
            return rc;
        node = vgi__sibling(c->target, node);
    }
    return VGI_OK;
}

/* Schemas are compared once and then recognised by their pointers. */
static bool known_equal(vgi__caster *c, const vgi_schema *a, const vgi_schema *b)
{
    if (a == b || (a == c->equal[0] && b == c->equal[1]))
        return true;
    if (!vgi_schema_equal(a, b))
        return false;
    vgi_schema_unref(c->equal[0]);
    vgi_schema_unref(c->equal[1]);
    c->equal[0] = vgi_schema_ref(a);
    c->equal[1] = vgi_schema_ref(b);
    return true;
}

int vgi__cast(vgi__caster *c, const vgi_batch *in, const vgi_schema *target,
              vgi__cast_mode mode, const vgi_batch **out, vgi_error *err)
{
    *out = in;
    if (known_equal(c, in->schema, target))
        return VGI_OK;
    bool same_names = mode == VGI__CAST_SAME_NAMES;
    if (same_names &&
        (in->schema->n_columns != target->n_columns || !has_columns(in->schema, target) ||
         !has_columns(target, in->schema)))
        return mismatch(target, in->schema, err);
    if (!has_columns(in->schema, target))
        return missing_columns(target, in->schema, err);
    int rc = retarget(c, target, err);
    if (rc == VGI_OK)
        rc = cast_columns(c, in, err);
    if (same_names && (rc == VGI_EINVAL || rc == VGI_ESCHEMA))
        return mismatch(target, in->schema, err);
    if (rc != VGI_OK)
        return rc;
    vgi__batch_clear(&c->batch);
    c->root = (struct ArrowArray){ .length = in->root->length,
                                   .n_buffers = 1,
                                   .n_children = target->n_columns,
                                   .buffers = c->root_buffers,
                                   .children = c->children };
    c->batch.schema = vgi_schema_ref(target);
    c->batch.root = &c->root;
    c->batch.metadata = in->metadata;
    c->batch.sink = in->sink;
    *out = &c->batch;
    return VGI_OK;
}
