/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/validate.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/utf8.h"

#define VIEW_BYTES 16
#define VIEW_INLINE 12
#define UNION_IDS 128

static const char SHORT_VALUES[] = "a buffer is too short for its rows";
static const char BAD_OFFSETS[] = "offsets out of order or beyond the data";
static const char BAD_TEXT[] = "text that is not UTF-8";

static bool is_set(const uint8_t *bits, int64_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

static int64_t count_set(const uint8_t *bits, int64_t n)
{
    int64_t count = 0;
    int64_t i = 0;
    for (; i + 64 <= n; i += 64)
        count += __builtin_popcountll(vgi__load64(bits + i / 8));
    for (; i < n; i++)
        count += is_set(bits, i);
    return count;
}

static const char *check_nulls(const vgi__array_check *c)
{
    struct ArrowArray *a = c->array;
    if (a->null_count == 0) {
        a->buffers[0] = NULL;
        return NULL;
    }
    if ((int64_t)c->buffers[0].len < (a->length + 7) / 8)
        return "nulls without a bitmap for them";
    if (count_set(a->buffers[0], a->length) != a->length - a->null_count)
        return "its null count is not that of its bitmap";
    return NULL;
}

/* Does `buffer` hold `count` items of `width` bytes? */
static bool holds(vgi_bytes buffer, int64_t count, int64_t width)
{
    int64_t bytes;
    return !vgi__mul_i64(count, width, &bytes) && bytes <= (int64_t)buffer.len;
}

/* ---- offsets ---- */

/* Make check_offsets32 and -64: `rows` + 1 offsets, in order, from 0 up to `most`; and
 * cuts32 and -64: no offset but the last cuts a character of `text`, which is valid as a
 * whole. */
#define OFFSET_CHECKS(bits) \
    static bool check_offsets##bits(const void *offsets, int64_t rows, int64_t most) \
    { \
        const int##bits##_t *o = offsets; \
        bool bad = o[0] < 0 || o[rows] > most; \
        for (int64_t i = 0; i < rows; i++) \
            bad |= o[i + 1] < o[i]; \
        return !bad; \
    } \
    static bool cuts##bits(const void *offsets, int64_t rows, const uint8_t *text) \
    { \
        const int##bits##_t *o = offsets; \
        bool cut = false; \
        for (int64_t i = 1; i < rows && o[i] < o[rows]; i++) \
            cut |= (text[o[i]] & 0xC0) == 0x80; \
        return cut; \
    }
OFFSET_CHECKS(32)
OFFSET_CHECKS(64)

static int64_t offset_at(const void *offsets, bool wide, int64_t i)
{
    return wide ? ((const int64_t *)offsets)[i] : ((const int32_t *)offsets)[i];
}

/* Offsets in buffer 1. No rows may come without any: then there is an offset 0 all the
 * same. */
static const char *check_offsets(const vgi__array_check *c, bool wide, int64_t most)
{
    int64_t rows = c->array->length;
    const void *offsets = c->array->buffers[1];
    if (rows == 0 && c->buffers[1].len == 0)
        return NULL;
    if (!holds(c->buffers[1], rows + 1, wide ? 8 : 4))
        return SHORT_VALUES;
    bool good = wide ? check_offsets64(offsets, rows, most)
                     : check_offsets32(offsets, rows, most);
    return good ? NULL : BAD_OFFSETS;
}

static const char *check_binary(const vgi__array_check *c, bool wide)
{
    const char *what = check_offsets(c, wide, (int64_t)c->buffers[2].len);
    if (what || !c->node->utf8)
        return what;
    int64_t rows = c->array->length;
    const void *offsets = c->array->buffers[1];
    const uint8_t *text = c->buffers[2].data;
    int64_t first = offset_at(offsets, wide, 0);
    int64_t end = offset_at(offsets, wide, rows);
    if (!vgi__utf8_valid(text + first, (size_t)(end - first)))
        return BAD_TEXT;
    if (rows > 1 && (wide ? cuts64(offsets, rows, text) : cuts32(offsets, rows, text)))
        return BAD_TEXT;
    return NULL;
}

static const char *check_list(vgi__array_check *c, bool wide)
{
    const char *what = check_offsets(c, wide, INT64_MAX);
    if (!what)
        c->child_rows = offset_at(c->array->buffers[1], wide, c->array->length);
    return what;
}

/* ---- views ---- */

/* How the text of a view array is checked: many views may show the same bytes, so first
 * each data buffer as a whole. Only where one is not text throughout, view by view, up to
 * a budget. */
typedef struct view_text {
    bool wanted;
    bool whole; /* all data buffers are valid text: only the cuts matter */
    int64_t budget;
} view_text;

static view_text view_text_of(const vgi__array_check *c)
{
    const struct ArrowArray *a = c->array;
    view_text t = { .wanted = c->node->utf8, .whole = true, .budget = 1 << 20 };
    const int64_t *sizes = a->buffers[a->n_buffers - 1];
    for (int64_t i = 0; t.wanted && i < a->n_buffers - 3; i++) {
        t.whole = t.whole && vgi__utf8_valid(a->buffers[i + 2], (size_t)sizes[i]);
        t.budget += 4 * sizes[i];
    }
    return t;
}

static const char *check_view_text(view_text *t, const uint8_t *data, int64_t size,
                                   uint32_t at, uint32_t len)
{
    if (t->whole) {
        bool cut = (data[at] & 0xC0) == 0x80 ||
                   ((int64_t)at + len < size && (data[at + len] & 0xC0) == 0x80);
        return cut ? BAD_TEXT : NULL;
    }
    t->budget -= len;
    if (t->budget < 0)
        return "views repeat too much text that cannot be checked at once";
    return vgi__utf8_valid(data + at, len) ? NULL : BAD_TEXT;
}

/* A value inside of its view, with zeros behind it: views are compared as they are. */
static const char *check_inline(const uint8_t *value, int32_t len, bool text)
{
    for (int32_t i = len; i < VIEW_INLINE; i++)
        if (value[i] != 0)
            return "a view with something behind its value";
    return text && !vgi__utf8_valid(value, (size_t)len) ? BAD_TEXT : NULL;
}

static const char *check_view(const struct ArrowArray *a, const uint8_t *view,
                              view_text *t)
{
    int32_t len = vgi__loadi32(view);
    if (len < 0)
        return "a view of negative length";
    if (len <= VIEW_INLINE)
        return check_inline(view + 4, len, t->wanted);
    uint32_t buffer = vgi__load32(view + 8);
    uint32_t at = vgi__load32(view + 12);
    if (buffer >= a->n_buffers - 3)
        return "a view into a buffer that is not there";
    int64_t size = ((const int64_t *)a->buffers[a->n_buffers - 1])[buffer];
    const uint8_t *data = a->buffers[2 + buffer];
    if (at > INT32_MAX || (int64_t)at + len > size)
        return "a view beyond its buffer";
    if (memcmp(view + 4, data + at, 4) != 0)
        return "a view with a prefix that is not that of its data";
    return t->wanted ? check_view_text(t, data, size, at, (uint32_t)len) : NULL;
}

static const char *check_views(const vgi__array_check *c)
{
    const struct ArrowArray *a = c->array;
    if (!holds(c->buffers[1], a->length, VIEW_BYTES))
        return SHORT_VALUES;
    view_text t = view_text_of(c);
    const uint8_t *bits = a->buffers[0];
    const uint8_t *view = a->buffers[1];
    for (int64_t i = 0; i < a->length; i++, view += VIEW_BYTES) {
        const char *what = bits && !is_set(bits, i) ? NULL : check_view(a, view, &t);
        if (what)
            return what;
    }
    return NULL;
}

/* ---- dictionary indices ---- */

#define INDEX_CHECK(type) \
    static bool indices_##type(const void *items, const uint8_t *bits, int64_t rows, \
                               int64_t n) \
    { \
        const type *index = items; \
        bool bad = false; \
        for (int64_t i = 0; i < rows; i++) { \
            bool outside = (uint64_t)(int64_t)index[i] >= (uint64_t)n; \
            bad |= outside && (!bits || is_set(bits, i)); \
        } \
        return !bad; \
    }
INDEX_CHECK(int8_t)
INDEX_CHECK(int16_t)
INDEX_CHECK(int32_t)
INDEX_CHECK(int64_t)
INDEX_CHECK(uint8_t)
INDEX_CHECK(uint16_t)
INDEX_CHECK(uint32_t)

static bool indices_inside(const vgi__node *n, const struct ArrowArray *a)
{
    const void *items = a->buffers[1];
    const uint8_t *bits = a->buffers[0];
    int64_t size = a->dictionary->length;
    switch (n->width) {
    case 1:
        return n->is_signed ? indices_int8_t(items, bits, a->length, size)
                            : indices_uint8_t(items, bits, a->length, size);
    case 2:
        return n->is_signed ? indices_int16_t(items, bits, a->length, size)
                            : indices_uint16_t(items, bits, a->length, size);
    case 4:
        return n->is_signed ? indices_int32_t(items, bits, a->length, size)
                            : indices_uint32_t(items, bits, a->length, size);
    default: /* a uint64 beyond INT64_MAX is outside too */
        return indices_int64_t(items, bits, a->length, size);
    }
}

static const char *check_fixed(const vgi__array_check *c)
{
    const vgi__node *n = c->node;
    if (!holds(c->buffers[1], c->array->length, n->width))
        return SHORT_VALUES;
    if (n->dictionary >= 0 && !indices_inside(n, c->array))
        return "an index beyond its dictionary, or no dictionary came for it";
    return NULL;
}

/* ---- unions ---- */

/* child[id]: which child a type id stands for, -1 none. From text as "0,1,5". */
static void read_type_ids(const char *text, int8_t child[UNION_IDS])
{
    memset(child, -1, UNION_IDS);
    for (int8_t index = 0; *text; index++) {
        char *end;
        long id = strtol(text, &end, 10);
        child[id & (UNION_IDS - 1)] = index;
        text = *end ? end + 1 : end;
    }
}

static const char *check_type_ids(const vgi__array_check *c)
{
    const struct ArrowArray *a = c->array;
    if (!holds(c->buffers[0], a->length, 1))
        return SHORT_VALUES;
    int8_t child[UNION_IDS];
    read_type_ids(c->node->extra, child);
    const int8_t *ids = a->buffers[0];
    for (int64_t i = 0; i < a->length; i++)
        if (ids[i] < 0 || child[ids[i]] < 0)
            return "a union type id that its type does not have";
    return NULL;
}

static const char *check_union(vgi__array_check *c, bool dense)
{
    c->array->null_count = 0;
    if (dense && !holds(c->buffers[1], c->array->length, 4))
        return SHORT_VALUES;
    if (!dense)
        c->child_rows = c->array->length;
    return c->array->length > 0 ? check_type_ids(c) : NULL;
}

static const char *nest_dense_union(const vgi__array_check *c)
{
    const struct ArrowArray *a = c->array;
    int8_t child[UNION_IDS];
    int32_t last[UNION_IDS] = { 0 };
    read_type_ids(c->node->extra, child);
    const int8_t *ids = a->buffers[0];
    const int32_t *offsets = a->buffers[1];
    for (int64_t i = 0; i < a->length; i++) {
        int8_t k = child[ids[i]];
        if (offsets[i] < last[k] || offsets[i] >= a->children[k]->length)
            return "union offsets out of order or beyond the child";
        last[k] = offsets[i];
    }
    return NULL;
}

/* ---- other nesting ---- */

static const char *check_fixed_list(vgi__array_check *c)
{
    if (vgi__mul_i64(c->array->length, c->node->width, &c->child_rows))
        return "an impossible number of rows";
    return NULL;
}

static const char *check_list_view(const vgi__array_check *c, bool wide)
{
    int64_t rows = c->array->length;
    int64_t width = wide ? 8 : 4;
    bool fits = holds(c->buffers[1], rows, width) && holds(c->buffers[2], rows, width);
    return fits ? NULL : SHORT_VALUES;
}

static const char *nest_list_view(const vgi__array_check *c, bool wide)
{
    const struct ArrowArray *a = c->array;
    int64_t items = a->children[0]->length;
    bool bad = false;
    for (int64_t i = 0; i < a->length; i++) {
        int64_t first = offset_at(a->buffers[1], wide, i);
        int64_t size = offset_at(a->buffers[2], wide, i);
        bad |= first < 0 || size < 0 || first > items || size > items - first;
    }
    return bad ? BAD_OFFSETS : NULL;
}

static int64_t run_end_at(const vgi__node *n, const struct ArrowArray *a, int64_t i)
{
    if (n->width == 2)
        return ((const int16_t *)a->buffers[1])[i];
    return offset_at(a->buffers[1], n->width == 8, i);
}

static const char *nest_run_ends(const vgi__array_check *c)
{
    const struct ArrowArray *a = c->array;
    const struct ArrowArray *ends = a->children[0];
    const vgi__node *n = c->node + 1;
    int64_t last = 0;
    if (ends->null_count != 0)
        return "run ends with nulls";
    if (a->children[1]->length < ends->length)
        return "fewer values than run ends";
    for (int64_t i = 0; i < ends->length; i++) {
        int64_t end = run_end_at(n, ends, i);
        if (end <= last)
            return "run ends out of order";
        last = end;
    }
    return last < a->length ? "run ends that do not reach the last row" : NULL;
}

/* ---- by layout ---- */

const char *vgi__validate_array(vgi__array_check *c)
{
    const vgi__node *n = c->node;
    struct ArrowArray *a = c->array;
    c->child_rows = 0;
    if (n->n_buffers > 0 && n->logical != VGI__TYPE_UNION) {
        const char *what = check_nulls(c);
        if (what)
            return what;
    }
    switch ((vgi__layout)n->layout) {
    case VGI__LAYOUT_NULL:
        a->null_count = a->length;
        return NULL;
    case VGI__LAYOUT_BOOL:
        return holds(c->buffers[1], (a->length + 7) / 8, 1) ? NULL : SHORT_VALUES;
    case VGI__LAYOUT_FIXED:
        return check_fixed(c);
    case VGI__LAYOUT_BINARY:
        return check_binary(c, false);
    case VGI__LAYOUT_BINARY64:
        return check_binary(c, true);
    case VGI__LAYOUT_VIEW:
        return check_views(c);
    case VGI__LAYOUT_LIST:
        return check_list(c, false);
    case VGI__LAYOUT_LIST64:
        return check_list(c, true);
    case VGI__LAYOUT_LIST_VIEW:
        return check_list_view(c, false);
    case VGI__LAYOUT_LIST_VIEW64:
        return check_list_view(c, true);
    case VGI__LAYOUT_FIXED_LIST:
        return check_fixed_list(c);
    case VGI__LAYOUT_STRUCT:
        c->child_rows = a->length;
        return NULL;
    case VGI__LAYOUT_UNION_SPARSE:
        return check_union(c, false);
    case VGI__LAYOUT_UNION_DENSE:
        return check_union(c, true);
    case VGI__LAYOUT_RUN_END:
        return a->null_count ? "nulls without a bitmap for them" : NULL;
    }
    return "a layout that is not known";
}

const char *vgi__validate_nesting(const vgi__array_check *c)
{
    switch (c->node->layout) {
    case VGI__LAYOUT_LIST_VIEW:
        return nest_list_view(c, false);
    case VGI__LAYOUT_LIST_VIEW64:
        return nest_list_view(c, true);
    case VGI__LAYOUT_UNION_DENSE:
        return c->array->length > 0 ? nest_dense_union(c) : NULL;
    case VGI__LAYOUT_RUN_END:
        return nest_run_ends(c);
    default:
        return NULL;
    }
}
