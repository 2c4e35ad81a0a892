/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: batches across the C Data Interface.
 *
 * An exported tree is one allocation: its array structs, all with the same owner behind
 * private_data, and a kept batch whose buffers they show. The owner counts structs that
 * were not released: children can be moved out and released later, on any thread, and the
 * last one ends the allocation and the batch.
 */
#include <string.h>

#include "arrow/batch.h"
#include "base/alloc.h"
#include "base/fail.h"

typedef struct exported {
    atomic_int refs; /* structs not released yet */
    const vgi_allocator *allocator;
    vgi_batch *kept;
    struct ArrowArray **next_child; /* while it is filled */
    struct ArrowArray *next_array;
} exported;

static void release_exported(struct ArrowArray *a)
{
    exported *e = a->private_data;
    for (int64_t i = 0; i < a->n_children; i++)
        if (a->children[i]->release)
            a->children[i]->release(a->children[i]);
    if (a->dictionary && a->dictionary->release)
        a->dictionary->release(a->dictionary);
    a->release = NULL;
    if (atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
        return;
    vgi_batch_unref(e->kept);
    vgi__free(e->allocator, e);
}

static size_t count_arrays(const struct ArrowArray *a)
{
    size_t n = 1;
    for (int64_t i = 0; i < a->n_children; i++)
        n += count_arrays(a->children[i]);
    return a->dictionary ? n + count_arrays(a->dictionary) : n;
}

static void fill_exported(exported *e, struct ArrowArray *to,
                          const struct ArrowArray *from)
{
    *to = *from;
    to->release = release_exported;
    to->private_data = e;
    to->children = from->n_children ? e->next_child : NULL;
    e->next_child += from->n_children;
    for (int64_t i = 0; i < from->n_children; i++) {
        to->children[i] = e->next_array++;
        fill_exported(e, to->children[i], from->children[i]);
    }
    if (from->dictionary) {
        to->dictionary = e->next_array++;
        fill_exported(e, to->dictionary, from->dictionary);
    }
}

static int export_array(const vgi_batch *batch, struct ArrowArray *out, vgi_error *err)
{
    size_t n = count_arrays(batch->root);
    size_t size = sizeof(exported) + n * (sizeof(struct ArrowArray) + sizeof(void *));
    exported *e = vgi__alloc(batch->allocator, size);
    if (!e)
        return vgi__fail_nomem(err);
    e->allocator = batch->allocator;
    int rc = vgi_batch_retain(batch, &e->kept, err);
    if (rc != VGI_OK) {
        vgi__free(batch->allocator, e);
        return rc;
    }
    atomic_init(&e->refs, (int)n);
    e->next_array = (struct ArrowArray *)(e + 1);
    e->next_child = (struct ArrowArray **)(e->next_array + n);
    fill_exported(e, out, e->kept->root);
    return VGI_OK;
}

int vgi_batch_export(const vgi_batch *batch, struct ArrowArray *array,
                     struct ArrowSchema *schema, vgi_error *err)
{
    struct ArrowSchema described = { .release = NULL };
    if (schema) {
        int rc = vgi_schema_export(batch->schema, &described, err);
        if (rc != VGI_OK)
            return rc;
    }
    int rc = export_array(batch, array, err);
    if (rc != VGI_OK) {
        if (schema)
            described.release(&described);
        return rc;
    }
    if (schema)
        *schema = described;
    return VGI_OK;
}

/* Does an array have the shape of a node: buffers, children, dictionary, lengths? */
static bool fits(const vgi_schema *s, int32_t node, const struct ArrowArray *a)
{
    const vgi__node *n = &s->nodes[node];
    bool view = n->layout == VGI__LAYOUT_VIEW;
    if (!a || !a->release || a->length < 0 || a->offset < 0 ||
        a->length > INT64_MAX - a->offset || a->n_children != n->n_children ||
        (view ? a->n_buffers < n->n_buffers + 1 : a->n_buffers != n->n_buffers) ||
        (a->dictionary != NULL) != (n->dictionary >= 0))
        return false;
    if (n->dictionary >= 0 &&
        !fits(s->dictionaries[n->dictionary].values, 1, a->dictionary))
        return false;
    bool rows = n->layout == VGI__LAYOUT_STRUCT || n->layout == VGI__LAYOUT_UNION_SPARSE;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; i < n->n_children; i++, child = vgi__sibling(s, child))
        if (!fits(s, child, a->children[i]) ||
            (rows && a->children[i]->length < a->offset + a->length))
            return false;
    return true;
}

int vgi_batch_import(vgi_batch **out, const vgi_schema *schema, struct ArrowArray *array,
                     vgi_error *err)
{
    if (!fits(schema, 0, array))
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "the array does not have the shape of its schema");
    vgi_batch *b = NULL;
    int rc = vgi__batch_new(&b, schema->allocator, err);
    if (rc != VGI_OK)
        return rc;
    b->schema = vgi_schema_ref(schema);
    b->imported = *array;
    b->root = &b->imported;
    b->whole = true;
    array->release = NULL;
    *out = b;
    return VGI_OK;
}
