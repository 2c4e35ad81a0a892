/* SPDX-License-Identifier: Apache-2.0 */
#include "types/cell.h"

#include <stdlib.h>
#include <string.h>

#include "arrow/half.h"
#include "arrow/runs.h"
#include "base/endian.h"

/* Step from a run-end encoded value to the run's value. */
static void enter_run(vgi__cell *c)
{
    int32_t ends = vgi__child(c->node);
    int64_t row = c->a->offset + c->row;
    c->row = vgi__run_find(c->a->children[0], c->s->nodes[ends].width, row);
    c->node = vgi__sibling(c->s, ends);
    c->a = c->a->children[1];
}

bool vgi__cell_resolve(vgi__cell *c)
{
    for (;;) {
        const vgi__node *n = vgi__cell_node(c);
        if (n->layout == VGI__LAYOUT_RUN_END) {
            enter_run(c);
            continue;
        }
        if (vgi__array_is_null(c->s, c->node, c->a, c->row))
            return false;
        if (n->dictionary < 0)
            return true;
        int64_t index = vgi__array_index(c->s, c->node, c->a, c->row);
        c->s = c->s->dictionaries[n->dictionary].values;
        c->node = vgi__child(0);
        c->a = c->a->dictionary;
        c->row = index;
    }
}

int64_t vgi__cell_int(const vgi__cell *c, bool *big)
{
    const vgi__node *n = vgi__cell_node(c);
    const uint8_t *p = vgi__cell_fixed(c);
    uint64_t u = 0;
    memcpy(&u, p, (size_t)n->width);
    *big = !n->is_signed && u > INT64_MAX;
    if (!n->is_signed || n->width == 8)
        return (int64_t)u;
    int shift = 64 - n->width * 8;
    return (int64_t)(u << shift) >> shift;
}

double vgi__cell_float(const vgi__cell *c)
{
    const uint8_t *p = vgi__cell_fixed(c);
    float f;
    double d;
    switch (vgi__cell_node(c)->width) {
    case 2:
        return vgi__half_value(vgi__load16(p));
    case 4:
        memcpy(&f, p, sizeof(f));
        return f;
    default:
        memcpy(&d, p, sizeof(d));
        return d;
    }
}

int64_t vgi__cell_time(const vgi__cell *c)
{
    const uint8_t *p = vgi__cell_fixed(c);
    return vgi__cell_node(c)->width == 4 ? vgi__loadi32(p) : vgi__loadi64(p);
}

/* Position of a type id in "0,1,5". */
static int64_t child_of_id(const char *ids, int64_t n, int8_t id)
{
    for (int64_t i = 0; i < n; i++) {
        char *end;
        if (strtol(ids, &end, 10) == id)
            return i;
        ids = *end ? end + 1 : end;
    }
    return -1;
}

bool vgi__cell_union(const vgi__cell *c, vgi__cell *chosen)
{
    const vgi__node *n = vgi__cell_node(c);
    const int8_t *ids = c->a->buffers[0];
    int64_t row = c->a->offset + c->row;
    int64_t child = child_of_id(n->extra ? n->extra : "", n->n_children, ids[row]);
    if (child < 0)
        return false;
    int32_t node = vgi__child(c->node);
    for (int64_t i = 0; i < child; i++)
        node = vgi__sibling(c->s, node);
    if (n->layout == VGI__LAYOUT_UNION_DENSE)
        row = vgi__loadi32((const uint8_t *)c->a->buffers[1] + row * 4);
    *chosen = (vgi__cell){ c->s, node, c->a->children[child], row };
    return true;
}
