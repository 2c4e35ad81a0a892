/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: copying rows of an array onto a builder.
 *
 * Ranges are copied as ranges: offsets are shifted by where the items land, children are
 * copied once for all rows. Rows are counted from the array's own offset. Entries of a
 * dictionary are carried over when a row first uses them; which ones were, is remembered
 * for the length of one call.
 */
#include <string.h>

#include "arrow/bits.h"
#include "arrow/builder_impl.h"
#include "arrow/runs.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"

/* Where the rows come from. */
typedef struct origin {
    const vgi_schema *schema;
    int32_t node;
    const struct ArrowArray *array;
} origin;

static int copy_rows(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                     int64_t count);

static int64_t offset_at(const void *offsets, bool wide, int64_t i)
{
    return wide ? ((const int64_t *)offsets)[i] : ((const int32_t *)offsets)[i];
}

static int append(vgi__buffer *buffer, const void *p, size_t n)
{
    int rc = VGI_OK;
    uint8_t *to = vgi__column_extend(buffer, n, &rc);
    if (to && n > 0)
        memcpy(to, p, n);
    return rc;
}

/* The child of `from` that stands where `index` says. */
static origin child_of(const origin *from, int32_t node, int64_t index)
{
    return (origin){ from->schema, node, from->array->children[index] };
}

static int copy_children(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                         int64_t count)
{
    int32_t to = vgi__child(node);
    int32_t at = vgi__child(from->node);
    int rc = VGI_OK;
    for (int32_t i = 0; rc == VGI_OK && i < b->schema->nodes[node].n_children; i++) {
        origin child = child_of(from, at, i);
        rc = copy_rows(b, to, &child, first, count);
        to = vgi__sibling(b->schema, to);
        at = vgi__sibling(from->schema, at);
    }
    return rc;
}

/* Offsets of rows from the absolute row `first`; the items they span land at `base`. */
static int copy_offsets(vgi__buffer *to, const void *offsets, bool wide, int64_t first,
                        int64_t count, int64_t base)
{
    int64_t shift = base - offset_at(offsets, wide, first);
    int rc = VGI_OK;
    if (!wide && offset_at(offsets, wide, first + count) + shift > INT32_MAX)
        return VGI_ELIMIT;
    size_t width = wide ? 8 : 4;
    uint8_t *p = vgi__column_extend(to, (size_t)count * width, &rc);
    if (!p)
        return rc;
    for (int64_t i = 1; i <= count; i++, p += width) {
        int64_t v = offset_at(offsets, wide, first + i) + shift;
        memcpy(p, &v, width);
    }
    return VGI_OK;
}

static int copy_binary(vgi__column *c, const struct ArrowArray *a, bool wide,
                       int64_t first, int64_t count)
{
    int64_t begin = offset_at(a->buffers[1], wide, first);
    int64_t end = offset_at(a->buffers[1], wide, first + count);
    int64_t base = (int64_t)c->second.len;
    int rc =
        append(&c->second, (const uint8_t *)a->buffers[2] + begin, (size_t)(end - begin));
    return rc == VGI_OK ? copy_offsets(&c->first, a->buffers[1], wide, first, count, base)
                        : rc;
}

static int copy_list(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                     int64_t count)
{
    const struct ArrowArray *a = from->array;
    bool wide = b->schema->nodes[node].layout == VGI__LAYOUT_LIST64;
    int32_t child = vgi__child(node);
    origin items = child_of(from, vgi__child(from->node), 0);
    int64_t begin = offset_at(a->buffers[1], wide, first);
    int64_t end = offset_at(a->buffers[1], wide, first + count);
    int64_t base = b->columns[child].length;
    int rc = copy_rows(b, child, &items, begin, end - begin);
    if (rc != VGI_OK)
        return rc;
    return copy_offsets(&b->columns[node].first, a->buffers[1], wide, first, count, base);
}

/* Only the items between the lowest and the highest used are copied. */
static int copy_list_view(vgi__builder *b, int32_t node, const origin *from,
                          int64_t first, int64_t count)
{
    const struct ArrowArray *a = from->array;
    vgi__column *c = &b->columns[node];
    bool wide = b->schema->nodes[node].layout == VGI__LAYOUT_LIST_VIEW64;
    int64_t low = INT64_MAX, high = 0;
    for (int64_t i = first; i < first + count; i++) {
        int64_t at = offset_at(a->buffers[1], wide, i);
        int64_t n = offset_at(a->buffers[2], wide, i);
        if (n > 0 && at < low)
            low = at;
        if (n > 0 && at + n > high)
            high = at + n;
    }
    low = high == 0 ? 0 : low;
    int64_t base = b->columns[vgi__child(node)].length;
    origin items = child_of(from, vgi__child(from->node), 0);
    int rc = copy_rows(b, vgi__child(node), &items, low, high - low);
    for (int64_t i = first; rc == VGI_OK && i < first + count; i++) {
        int64_t n = offset_at(a->buffers[2], wide, i);
        int64_t at = n > 0 ? offset_at(a->buffers[1], wide, i) - low + base : base;
        rc = vgi__column_offset(&c->first, wide, at);
        if (rc == VGI_OK)
            rc = vgi__column_offset(&c->second, wide, n);
    }
    return rc;
}

static int copy_dense_union(vgi__builder *b, int32_t node, const origin *from,
                            int64_t first, int64_t count)
{
    const vgi__node *n = &b->schema->nodes[node];
    vgi__column *c = &b->columns[node];
    const int8_t *ids = from->array->buffers[0];
    const int32_t *offsets = from->array->buffers[1];
    uint8_t child_at[128];
    int64_t low[128], high[128], shift[128];
    vgi__union_children(n, child_at);
    for (int32_t i = 0; i < n->n_children; i++) {
        low[i] = INT64_MAX;
        high[i] = 0;
    }
    for (int64_t i = first; i < first + count; i++) {
        unsigned k = child_at[ids[i] & 127];
        low[k] = offsets[i] < low[k] ? offsets[i] : low[k];
        high[k] = offsets[i] >= high[k] ? offsets[i] + INT64_C(1) : high[k];
    }
    int rc = append(&c->first, ids + first, (size_t)count);
    int32_t to = vgi__child(node);
    int32_t at = vgi__child(from->node);
    for (int32_t i = 0; rc == VGI_OK && i < n->n_children; i++) {
        int64_t begin = high[i] > 0 ? low[i] : 0;
        origin child = child_of(from, at, i);
        shift[i] = b->columns[to].length - begin;
        rc = copy_rows(b, to, &child, begin, high[i] - begin);
        to = vgi__sibling(b->schema, to);
        at = vgi__sibling(from->schema, at);
    }
    for (int64_t i = first; rc == VGI_OK && i < first + count; i++)
        rc = vgi__column_offset(&c->second, false,
                                offsets[i] + shift[child_at[ids[i] & 127]]);
    return rc;
}

static int copy_runs(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                     int64_t count)
{
    const struct ArrowArray *ends = from->array->children[0];
    int32_t to = vgi__child(node);
    int32_t at = vgi__child(from->node);
    int32_t width = b->schema->nodes[to].width;
    int64_t shift = b->columns[node].length - first;
    int64_t last = first + count;
    if (width < 8 && (last + shift) >> (width * 8 - 1) != 0)
        return VGI_ELIMIT;
    int64_t begin = vgi__run_find(ends, width, first);
    int64_t run = begin;
    int rc = VGI_OK;
    for (int64_t end = 0; rc == VGI_OK && end < last; run++) {
        end = vgi__run_end(ends, width, run);
        end = end < last ? end : last;
        int64_t landed = end + shift;
        rc = vgi__builder_fixed(b, to, &landed);
    }
    if (rc != VGI_OK)
        return rc;
    origin values = child_of(from, vgi__sibling(from->schema, at), 1);
    return copy_rows(b, vgi__sibling(b->schema, to), &values, begin, run - begin);
}

/* ---- dictionaries ---- */

/* Values that are told apart by their bytes. */
static bool internable(const vgi__node *n)
{
    return n->layout == VGI__LAYOUT_FIXED || n->layout == VGI__LAYOUT_BINARY ||
           n->layout == VGI__LAYOUT_BINARY64 || n->layout == VGI__LAYOUT_VIEW;
}

/* Nothing of this dictionary was carried over in this call yet. */
static int start_memo(vgi__builder *b, vgi__column *c,
                      const struct ArrowArray *dictionary)
{
    size_t n = (size_t)dictionary->length;
    if (c->memo_epoch == b->epoch && c->memo_of == dictionary)
        return VGI_OK;
    if (!vgi__grow(b->allocator, (void **)&c->memo, &c->memo_cap, n, sizeof(*c->memo)))
        return VGI_ENOMEM;
    for (size_t i = 0; i < n; i++)
        c->memo[i] = -1;
    c->memo_epoch = b->epoch;
    c->memo_of = dictionary;
    c->entries->values->epoch++;
    return VGI_OK;
}

/* The index here of entry `entry` there. */
static int carry(vgi__column *c, const origin *values, int64_t entry, int64_t *index)
{
    const vgi__node *n = &values->schema->nodes[values->node];
    *index = c->memo[entry];
    if (*index >= 0)
        return VGI_OK;
    int rc;
    if (internable(n)) {
        vgi_bytes v =
            vgi__array_bytes(values->schema, values->node, values->array, entry);
        rc = vgi__intern(c->entries, v.data, v.len, index);
    } else {
        *index = c->entries->values->columns[1].length;
        rc = copy_rows(c->entries->values, 1, values, entry, 1);
    }
    c->memo[entry] = *index;
    return rc;
}

/* Row by row; a row whose entry is null becomes null itself. */
static int copy_encoded(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                        int64_t count)
{
    const vgi_schema *s = from->schema;
    const struct ArrowArray *a = from->array;
    vgi__column *c = &b->columns[node];
    origin values = { s->dictionaries[s->nodes[from->node].dictionary].values, 1,
                      a->dictionary };
    int rc = start_memo(b, c, a->dictionary);
    for (int64_t row = first; rc == VGI_OK && row < first + count; row++) {
        int64_t entry = -1;
        if (!vgi__array_is_null(s, from->node, a, row))
            entry = vgi__array_index(s, from->node, a, row);
        if (entry < 0 || vgi__array_is_null(values.schema, 1, values.array, entry)) {
            rc = vgi__builder_null(b, node);
            continue;
        }
        int64_t index;
        rc = carry(c, &values, entry, &index);
        if (rc == VGI_OK)
            rc = vgi__column_index(b, node, index);
    }
    return rc;
}

/* ---- all layouts ---- */

static int copy_views(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                      int64_t count)
{
    int rc = VGI_OK;
    for (int64_t row = first; rc == VGI_OK && row < first + count; row++) {
        if (vgi__array_is_null(from->schema, from->node, from->array, row)) {
            rc = vgi__builder_null(b, node);
        } else {
            vgi_bytes v = vgi__array_bytes(from->schema, from->node, from->array, row);
            rc = vgi__builder_bytes(b, node, v.data, v.len);
        }
    }
    return rc;
}

/* The data of `count` > 0 rows from the absolute row `first`, validity and length aside.
 */
static int copy_data(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                     int64_t count)
{
    const vgi__node *n = &b->schema->nodes[node];
    const struct ArrowArray *a = from->array;
    vgi__column *c = &b->columns[node];
    int rc;
    switch (n->layout) {
    case VGI__LAYOUT_BOOL:
        return vgi__column_bits(&c->first, c->length, a->buffers[1], first, count);
    case VGI__LAYOUT_FIXED:
        return append(&c->first, (const uint8_t *)a->buffers[1] + first * n->width,
                      (size_t)(count * n->width));
    case VGI__LAYOUT_BINARY:
    case VGI__LAYOUT_BINARY64:
        return copy_binary(c, a, n->layout == VGI__LAYOUT_BINARY64, first, count);
    case VGI__LAYOUT_LIST:
    case VGI__LAYOUT_LIST64:
        return copy_list(b, node, from, first, count);
    case VGI__LAYOUT_LIST_VIEW:
    case VGI__LAYOUT_LIST_VIEW64:
        return copy_list_view(b, node, from, first, count);
    case VGI__LAYOUT_FIXED_LIST:
        return copy_children(b, node, from, first * n->width, count * n->width);
    case VGI__LAYOUT_STRUCT:
        return copy_children(b, node, from, first, count);
    case VGI__LAYOUT_UNION_SPARSE:
        rc = append(&c->first, (const int8_t *)a->buffers[0] + first, (size_t)count);
        return rc == VGI_OK ? copy_children(b, node, from, first, count) : rc;
    case VGI__LAYOUT_UNION_DENSE:
        return copy_dense_union(b, node, from, first, count);
    case VGI__LAYOUT_RUN_END:
        return copy_runs(b, node, from, first, count);
    default:
        return VGI_OK;
    }
}

static int copy_rows(vgi__builder *b, int32_t node, const origin *from, int64_t first,
                     int64_t count)
{
    const vgi__node *n = &b->schema->nodes[node];
    const struct ArrowArray *a = from->array;
    if (count == 0)
        return VGI_OK;
    if (n->dictionary >= 0)
        return copy_encoded(b, node, from, first, count);
    if (n->layout == VGI__LAYOUT_VIEW)
        return copy_views(b, node, from, first, count);
    first += a->offset;
    int rc = copy_data(b, node, from, first, count);
    if (rc != VGI_OK)
        return rc;
    if (n->layout == VGI__LAYOUT_NULL || n->layout >= VGI__LAYOUT_UNION_SPARSE) {
        b->columns[node].length += count;
        return VGI_OK;
    }
    const uint8_t *bits = a->null_count == 0 ? NULL : a->buffers[0];
    return vgi__column_validity(&b->columns[node], bits, first, count);
}

int vgi__builder_copy(vgi__builder *b, int32_t node, const vgi_schema *s, int32_t from,
                      const struct ArrowArray *a, int64_t first, int64_t count,
                      vgi_error *err)
{
    origin rows = { s, from, a };
    b->epoch++;
    int rc = copy_rows(b, node, &rows, first, count);
    if (rc == VGI_ENOMEM)
        return vgi__fail_nomem(err);
    if (rc != VGI_OK)
        return vgi__fail(err, rc, NULL,
                         "column '%s' does not fit in %lld bytes or its index type",
                         b->schema->nodes[node].name, (long long)b->limits.message_bytes);
    return VGI_OK;
}
