/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "types/encode.h"
#include "types/record_impl.h"

#define NULLABLE_IF(cond) ((cond) ? ARROW_FLAG_NULLABLE : 0)

/* ---- slots to a schema ---- */

typedef struct drawing {
    vgi_arena *mem;
    int32_t
        node; /* of the next field, depth first; the compiled schema has the same order */
} drawing;

/* vgi__schema_compile takes a schema without a release for a released one. */
static void keep(struct ArrowSchema *s)
{
    (void)s;
}

static struct ArrowSchema *draw(drawing *d, const char *format, const char *name,
                                int64_t flags, uint32_t n_children)
{
    struct ArrowSchema *s = vgi_arena_calloc(d->mem, 1, sizeof(*s));
    struct ArrowSchema **children =
        n_children ? vgi_arena_calloc(d->mem, n_children, sizeof(s)) : NULL;
    if (!s || (n_children && !children))
        return NULL;
    *s = (struct ArrowSchema){ .format = format,
                               .name = name,
                               .flags = flags,
                               .n_children = n_children,
                               .children = children,
                               .release = keep };
    d->node++;
    return s;
}

static struct ArrowSchema *draw_slot(drawing *d, vgi__slot *slot, int64_t flags);

static bool draw_children(drawing *d, struct ArrowSchema *parent, vgi__slot *slots,
                          uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        vgi__slot *slot = &slots[i];
        int64_t flags = NULLABLE_IF(slot->hold != VGI__HOLD_VALUE);
        if (!(parent->children[i] = draw_slot(d, slot, flags)))
            return false;
    }
    return true;
}

/* The entries of a map are never null, its values may always be. */
static bool draw_entries(drawing *d, struct ArrowSchema *map, vgi__slot *item)
{
    struct ArrowSchema *entries = draw(d, "+s", "entries", 0, 2);
    if (!entries)
        return false;
    item->node = d->node - 1;
    entries->children[0] = draw_slot(d, &item->children[0], 0);
    if (entries->children[0])
        entries->children[1] = draw_slot(d, &item->children[1], ARROW_FLAG_NULLABLE);
    map->children[0] = entries;
    return entries->children[0] && entries->children[1];
}

/* Items of lists are always nullable in the schema, as the reference's are. */
static struct ArrowSchema *draw_slot(drawing *d, vgi__slot *slot, int64_t flags)
{
    bool is_struct = slot->op == VGI__OP_STRUCT, is_list = slot->op == VGI__OP_LIST;
    struct ArrowSchema *s =
        draw(d, slot->dictionary ? slot->dictionary : slot->format, slot->name, flags,
             is_struct ? slot->n_children : is_list);
    if (!s)
        return NULL;
    slot->node = d->node - 1;
    if (is_struct)
        return draw_children(d, s, slot->children, slot->n_children) ? s : NULL;
    if (is_list && slot->logical == VGI__TYPE_MAP)
        return draw_entries(d, s, slot->children) ? s : NULL;
    if (is_list)
        return (s->children[0] = draw_slot(d, slot->children, ARROW_FLAG_NULLABLE))
                   ? s
                   : NULL;
    if (slot->dictionary) {
        drawing values = { d->mem, 0 };
        s->dictionary = draw(&values, slot->format, "", ARROW_FLAG_NULLABLE, 0);
        return s->dictionary ? s : NULL;
    }
    return s;
}

static int make_schema(vgi__record *r, const vgi_limits *limits, vgi_error *err)
{
    vgi_arena mem = { .allocator = r->allocator };
    drawing d = { &mem, 0 };
    struct ArrowSchema *root = draw(&d, "+s", "", 0, r->n_slots);
    int rc;
    if (root && draw_children(&d, root, r->slots, r->n_slots))
        rc = vgi__schema_compile(&r->schema, root, limits, r->allocator, err);
    else
        rc = vgi__fail_nomem(err);
    vgi_arena_free(&mem);
    return rc;
}

/* ---- embedded structs: a record each, which encodes their streams ---- */

static int attach_blobs(vgi__record *r, vgi__slot *slots, uint32_t count,
                        const char *where, const vgi_limits *limits, vgi_error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        vgi__slot *slot = &slots[i];
        int rc;
        if (slot->op == VGI__OP_BLOB) {
            rc = vgi__record_compile(&slot->blob, slot->type, VGI__ROLE_ROW, where,
                                     limits, r->allocator, err);
            if (rc == VGI_OK) {
                slot->blob->next = r->blobs;
                r->blobs = slot->blob;
            }
        } else {
            rc = attach_blobs(r, slot->children, slot->n_children, where, limits, err);
        }
        if (rc != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

int vgi__record_compile(vgi__record **out, const vgi_type *type, vgi__role role,
                        const char *where, const vgi_limits *limits,
                        const vgi_allocator *a, vgi_error *err)
{
    vgi_limits effective = vgi_limits_effective(limits);
    vgi__record *r = vgi__calloc(a, 1, sizeof(*r));
    *out = NULL;
    if (!r)
        return vgi__fail_nomem(err);
    r->allocator = a;
    r->type = type;
    r->scratch.spill.allocator = a;
    r->limits = effective;
    atomic_init(&r->encoder, NULL);
    atomic_init(&r->decoder, NULL);
    vgi__planner p = { .scratch = &r->scratch,
                       .limits = &effective,
                       .where = where,
                       .check = true,
                       .err = err };
    r->role = role;
    int rc = vgi__plan_make(&p, type, role, &r->slots, &r->n_slots);
    if (rc == VGI_OK)
        rc = attach_blobs(r, r->slots, r->n_slots, where, limits, err);
    if (rc == VGI_OK)
        rc = make_schema(r, &effective, err);
    if (rc != VGI_OK) {
        vgi__record_free(r);
        return rc;
    }
    *out = r;
    return VGI_OK;
}

void vgi__record_free(vgi__record *r)
{
    if (!r)
        return;
    while (r->blobs) {
        vgi__record *blob = r->blobs;
        r->blobs = blob->next;
        vgi__record_free(blob);
    }
    vgi__encoder_free(atomic_load_explicit(&r->encoder, memory_order_acquire));
    vgi_batch_unref(atomic_load_explicit(&r->decoder, memory_order_acquire));
    vgi_schema_unref(r->schema);
    vgi_arena_free(&r->scratch.spill);
    vgi__free(r->allocator, r);
}

/* ---- looking at one ---- */

const vgi_schema *vgi__record_schema(const vgi__record *r)
{
    return r->schema;
}

const vgi_type *vgi__record_type(const vgi__record *r)
{
    return r->type;
}

size_t vgi__record_size(const vgi__record *r)
{
    return r->type->size;
}

int vgi__record_bind(const vgi__record *r, const vgi_batch *batch, int64_t row, void *out,
                     vgi_arena *mem, const char *method, vgi_error *err)
{
    return vgi__bind_row(r->slots, r->n_slots, batch, row, out, mem, method, err);
}

