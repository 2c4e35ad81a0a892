/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: schemas out through the C Data Interface.
 *
 * A consumer may move any child out of its parent and release the two in any order. So
 * each struct holds its own reference to the schema, whose text it points into, and owns
 * one allocation for the pointers and structs of its children.
 */
#include <string.h>

#include "arrow/types.h"
#include "base/alloc.h"
#include "base/fail.h"

static void release(struct ArrowSchema *self)
{
    vgi_schema *s = self->private_data;
    for (int64_t i = 0; i < self->n_children; i++) {
        struct ArrowSchema *child = self->children[i];
        if (child->release)
            child->release(child);
    }
    if (self->dictionary && self->dictionary->release)
        self->dictionary->release(self->dictionary);
    vgi__free(s->allocator, self->children);
    vgi__free(s->allocator, self->dictionary);
    self->release = NULL;
    vgi_schema_unref(s);
}

/* Pointers and zeroed structs of `n` children, in one allocation. */
static bool make_children(struct ArrowSchema *self, const vgi_allocator *a, int32_t n)
{
    size_t each = sizeof(struct ArrowSchema *) + sizeof(struct ArrowSchema);
    self->children = vgi__calloc(a, (size_t)n, each);
    if (!self->children)
        return false;
    struct ArrowSchema *structs = (struct ArrowSchema *)(void *)(self->children + n);
    for (int32_t i = 0; i < n; i++)
        self->children[i] = &structs[i];
    self->n_children = n;
    return true;
}

/* What was exported before a failure is released by the caller, with the outermost
 * struct. */
static bool export_node(const vgi_schema *s, int32_t node, struct ArrowSchema *out)
{
    const vgi__node *n = &s->nodes[node];
    int64_t ordered =
        n->dictionary >= 0 ? ARROW_FLAG_DICTIONARY_ORDERED : ARROW_FLAG_MAP_KEYS_SORTED;
    *out = (struct ArrowSchema){
        .format = n->format,
        .name = n->name,
        .metadata = (const char *)(node == 0 ? s->metadata : n->metadata),
        .flags = (n->nullable ? ARROW_FLAG_NULLABLE : 0) | (n->ordered ? ordered : 0),
        .release = release,
        .private_data = vgi_schema_ref(s)
    };
    if (n->dictionary >= 0) {
        out->dictionary = vgi__calloc(s->allocator, 1, sizeof(*out->dictionary));
        if (!out->dictionary ||
            !export_node(s->dictionaries[n->dictionary].values, 1, out->dictionary))
            return false;
    }
    if (n->n_children > 0 && !make_children(out, s->allocator, n->n_children))
        return false;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child)) {
        if (!export_node(s, child, out->children[i]))
            return false;
    }
    return true;
}

int vgi_schema_export(const vgi_schema *schema, struct ArrowSchema *out, vgi_error *err)
{
    if (export_node(schema, 0, out))
        return VGI_OK;
    out->release(out);
    return vgi__fail_nomem(err);
}
