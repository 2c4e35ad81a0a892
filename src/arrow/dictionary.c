/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/dictionary.h"

#include <stdlib.h>
#include <string.h>

#include "arrow/builder.h"
#include "base/alloc.h"
#include "base/fail.h"

enum { DICTIONARY_ID, DICTIONARY_DATA, DICTIONARY_IS_DELTA };

struct vgi__dictionary {
    atomic_int refs;
    const vgi_allocator *allocator;
    vgi_batch values;         /* as received; empty once `builder` holds them */
    vgi__builder *builder;    /* values after a delta; or NULL */
    struct ArrowArray *array; /* the one column of either */
    int64_t bytes, inflated;  /* charged for it */
};

/* One id of the stream. */
typedef struct slot {
    int64_t id;
    const vgi_schema *values;
    vgi__dictionary
        *current; /* reference; or NULL. Belongs to an earlier stream unless fresh */
    bool fresh;
} slot;

struct vgi__dictionary_table {
    const vgi_allocator *allocator;
    vgi_schema *schema; /* reference */
    slot *slots;        /* sorted by id */
    size_t n_slots, slots_cap;
    int64_t bytes;            /* of all that is fresh */
    int64_t inflated;         /* of that, decompressed */
    int64_t expanded;         /* in this stream, beyond what was sent */
    vgi__dictionary_set *set; /* for `schema`, or NULL; empty unless set_current */
    bool set_current;         /* nothing changed since it was filled */
    vgi_batch delta;
};

/* ---- one dictionary ---- */

static vgi__dictionary *dictionary_new(const vgi_allocator *a)
{
    vgi__dictionary *d = vgi__calloc(a, 1, sizeof(*d));
    if (!d)
        return NULL;
    atomic_init(&d->refs, 1);
    d->allocator = a;
    vgi__batch_init(&d->values, a);
    return d;
}

static vgi__dictionary *dictionary_ref(vgi__dictionary *d)
{
    atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

static void dictionary_unref(vgi__dictionary *d)
{
    if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
        return;
    vgi__batch_free(&d->values);
    vgi__builder_free(d->builder);
    vgi__free(d->allocator, d);
}

static bool dictionary_unique(vgi__dictionary *d)
{
    return atomic_load_explicit(&d->refs, memory_order_acquire) == 1;
}

/* ---- sets ---- */

vgi__dictionary_set *vgi__dictionary_set_new(const vgi_allocator *a, int32_t count)
{
    size_t size = sizeof(vgi__dictionary_set) + (size_t)count * sizeof(vgi__dictionary *);
    vgi__dictionary_set *set = vgi__calloc(a, 1, size);
    if (!set)
        return NULL;
    atomic_init(&set->refs, 1);
    set->allocator = a;
    set->count = count;
    return set;
}

vgi__dictionary_set *vgi__dictionary_set_ref(vgi__dictionary_set *set)
{
    if (set)
        atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    return set;
}

static void set_clear(vgi__dictionary_set *set)
{
    for (int32_t i = 0; i < set->count; i++) {
        dictionary_unref(set->items[i]);
        set->items[i] = NULL;
    }
}

void vgi__dictionary_set_unref(vgi__dictionary_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
        return;
    set_clear(set);
    vgi__free(set->allocator, set);
}

struct ArrowArray *vgi__dictionary_values(const vgi__dictionary_set *set, int32_t index)
{
    return set->items[index]->array;
}

/* ---- the table ---- */

vgi__dictionary_table *vgi__dictionary_table_new(const vgi_allocator *a)
{
    vgi__dictionary_table *t = vgi__calloc(a, 1, sizeof(*t));
    if (!t)
        return NULL;
    t->allocator = a;
    vgi__batch_init(&t->delta, a);
    return t;
}

static void drop_slots(vgi__dictionary_table *t)
{
    for (size_t i = 0; i < t->n_slots; i++)
        dictionary_unref(t->slots[i].current);
    t->n_slots = 0;
}

/* The set of the stream's schema is out of date. Its memory stays when only the table has
 * it. */
static void drop_set(vgi__dictionary_table *t)
{
    t->set_current = false;
    if (t->set && atomic_load_explicit(&t->set->refs, memory_order_acquire) == 1) {
        set_clear(t->set);
        return;
    }
    vgi__dictionary_set_unref(t->set);
    t->set = NULL;
}

void vgi__dictionary_table_free(vgi__dictionary_table *t)
{
    if (!t)
        return;
    vgi__dictionary_set_unref(t->set);
    drop_slots(t);
    vgi__batch_free(&t->delta);
    vgi_schema_unref(t->schema);
    vgi__free(t->allocator, t->slots);
    vgi__free(t->allocator, t);
}

static int by_id(const void *a, const void *b)
{
    int64_t x = ((const slot *)a)->id;
    int64_t y = ((const slot *)b)->id;
    return (x > y) - (x < y);
}

/* Add the ids of a schema and of the values below it. */
static bool collect(vgi__dictionary_table *t, const vgi_schema *s)
{
    for (int32_t i = 0; i < s->n_dictionaries; i++) {
        void *slots = t->slots;
        if (!vgi__grow(t->allocator, &slots, &t->slots_cap, t->n_slots + 1, sizeof(slot)))
            return false;
        t->slots = slots;
        const vgi__dictionary_type *type = &s->dictionaries[i];
        t->slots[t->n_slots++] = (slot){ type->id, type->values, NULL, false };
        if (!collect(t, type->values))
            return false;
    }
    return true;
}

int vgi__dictionary_table_begin(vgi__dictionary_table *t, const vgi_schema *s,
                                vgi_error *err)
{
    drop_set(t);
    t->bytes = t->inflated = t->expanded = 0;
    if (t->schema == s) {
        for (size_t i = 0; i < t->n_slots; i++)
            t->slots[i].fresh = false;
        return VGI_OK;
    }
    vgi__dictionary_set_unref(t->set);
    t->set = NULL;
    drop_slots(t);
    vgi_schema_unref(t->schema);
    t->schema = NULL;
    if (!collect(t, s)) {
        t->n_slots = 0;
        return vgi__fail_nomem(err);
    }
    if (t->n_slots == 0)
        return VGI_OK;
    qsort(t->slots, t->n_slots, sizeof(slot), by_id);
    size_t kept = 1; /* an id that two fields share stands once */
    for (size_t i = 1; i < t->n_slots; i++)
        if (t->slots[i].id != t->slots[kept - 1].id)
            t->slots[kept++] = t->slots[i];
    t->n_slots = kept;
    t->schema = vgi_schema_ref(s);
    return VGI_OK;
}

static slot *find_slot(vgi__dictionary_table *t, int64_t id)
{
    const slot key = { .id = id };
    return t->n_slots ? bsearch(&key, t->slots, t->n_slots, sizeof(slot), by_id) : NULL;
}

/* The slot's dictionary does not count any more. */
static void retire(vgi__dictionary_table *t, slot *s)
{
    if (s->fresh) {
        t->bytes -= s->current->bytes;
        t->inflated -= s->current->inflated;
    }
    s->fresh = false;
}

/* Give the slot an object of its own that is empty: the one it has, when nobody else
 * holds it. */
static int renew(vgi__dictionary_table *t, slot *s, vgi_error *err)
{
    vgi__dictionary *d = s->current;
    retire(t, s);
    if (d && dictionary_unique(d)) {
        vgi__batch_clear(&d->values);
        vgi__builder_free(d->builder);
        d->builder = NULL;
        d->bytes = d->inflated = 0;
        return VGI_OK;
    }
    dictionary_unref(d);
    s->current = dictionary_new(t->allocator);
    return s->current ? VGI_OK : vgi__fail_nomem(err);
}

void vgi__dictionary_table_end(vgi__dictionary_table *t)
{
    if (t->inflated == 0)
        return;
    drop_set(t);
    for (size_t i = 0; i < t->n_slots; i++) {
        slot *s = &t->slots[i];
        retire(t, s);
        dictionary_unref(s->current);
        s->current = NULL;
    }
}

int64_t vgi__dictionary_table_inflated(const vgi__dictionary_table *t)
{
    return t->inflated;
}

/* A dictionary of no values, for an id that did not come: null rows need none. */
static int put_nothing(vgi__dictionary_table *t, slot *s, vgi_error *err)
{
    int rc = renew(t, s, err);
    vgi__dictionary_set *nested = NULL;
    if (rc == VGI_OK && s->values->n_dictionaries)
        rc = vgi__dictionary_table_set(t, s->values, &nested, err);
    if (rc == VGI_OK)
        rc = vgi__decode_nothing(&s->current->values, s->values, nested, err);
    vgi__dictionary_set_unref(nested);
    if (rc != VGI_OK)
        return rc;
    s->current->array = s->current->values.root->children[0];
    s->fresh = true;
    return VGI_OK;
}

static int fill_set(vgi__dictionary_table *t, const vgi_schema *s,
                    vgi__dictionary_set *set, vgi_error *err)
{
    for (int32_t i = 0; i < s->n_dictionaries; i++) {
        slot *found = find_slot(t, s->dictionaries[i].id);
        int rc = found->fresh ? VGI_OK : put_nothing(t, found, err);
        if (rc != VGI_OK)
            return rc;
        set->items[i] = dictionary_ref(found->current);
    }
    return VGI_OK;
}

int vgi__dictionary_table_set(vgi__dictionary_table *t, const vgi_schema *s,
                              vgi__dictionary_set **out, vgi_error *err)
{
    bool main = s == t->schema;
    if (main && t->set_current) {
        *out = vgi__dictionary_set_ref(t->set);
        return VGI_OK;
    }
    vgi__dictionary_set *set = main ? t->set : NULL;
    if (!set)
        set = vgi__dictionary_set_new(t->allocator, s->n_dictionaries);
    if (!set)
        return vgi__fail_nomem(err);
    int rc = fill_set(t, s, set, err);
    if (main) {
        t->set = set;
        t->set_current = rc == VGI_OK;
    }
    if (rc == VGI_OK)
        *out = main ? vgi__dictionary_set_ref(set) : set;
    else if (main)
        set_clear(set);
    else
        vgi__dictionary_set_unref(set);
    return rc;
}

/* ---- messages ---- */

/* The validity bitmaps that a builder may make for the values. */
static int64_t bitmap_bytes(const vgi_batch *b)
{
    int64_t bytes = 0;
    for (int32_t node = 1; node < b->schema->n_nodes; node++)
        bytes += b->store.arrays[node].length / 8;
    return bytes;
}

/* Count what a decoded batch holds on to, or a builder with its values, as the
 * dictionary's. */
static int charge(vgi__dictionary_table *t, vgi__dictionary *d, const vgi_batch *b,
                  const vgi_limits *limits, vgi_error *err)
{
    int64_t inflated = b->inflated ? (int64_t)b->inflated->size : 0;
    int64_t bytes = b->body_bytes + inflated;
    int64_t bitmaps = bitmap_bytes(b);
    if (bitmaps > bytes) {
        t->expanded += bitmaps - bytes;
        bytes = bitmaps;
    }
    if (t->expanded > limits->decompressed_bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "the dictionaries of a stream expand beyond the limit of %lld "
                         "bytes",
                         (long long)limits->decompressed_bytes);
    if (bytes > limits->dictionary_bytes - t->bytes)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "the dictionaries of a stream are over the limit of %lld bytes",
                         (long long)limits->dictionary_bytes);
    t->bytes += bytes;
    d->bytes += bytes;
    t->inflated += inflated;
    d->inflated += inflated;
    return VGI_OK;
}

/* Decode values. Each copy of what they are inflated to is gone from what the stream may
 * expand to. */
static int decode(vgi__dictionary_table *t, vgi_batch *b, const slot *s, int copies,
                  vgi__decode_input *in, vgi_error *err)
{
    int64_t left = in->limits->decompressed_bytes - t->expanded;
    left = left > 0 ? left / copies : 0;
    if (in->inflate_limit > left)
        in->inflate_limit = left;
    int rc = vgi__decode_batch(b, s->values, in, err);
    t->expanded += copies * in->inflated;
    return rc;
}

static int replace(vgi__dictionary_table *t, slot *s, vgi__decode_input *in,
                   vgi_error *err)
{
    int rc = renew(t, s, err);
    if (rc == VGI_OK)
        rc = decode(t, &s->current->values, s, 1, in, err);
    if (rc == VGI_OK)
        rc = charge(t, s->current, &s->current->values, in->limits, err);
    if (rc != VGI_OK) {
        if (s->current)
            vgi__batch_clear(&s->current->values);
        return rc;
    }
    s->current->array = s->current->values.root->children[0];
    s->fresh = true;
    return VGI_OK;
}

/* Put the values of `d` into a builder of its own. */
static int start_builder(vgi__dictionary *d, const slot *s,
                         const struct ArrowArray *values, const vgi_limits *limits,
                         vgi_error *err)
{
    int rc = vgi__builder_new(&d->builder, s->values, limits, d->allocator, err);
    return rc == VGI_OK ? vgi__builder_copy(d->builder, 1, s->values, 1, values, 0,
                                            values->length, err)
                        : rc;
}

static bool can_append(vgi__dictionary *d)
{
    return dictionary_unique(d) && d->builder;
}

/* Make the slot's dictionary one that can be appended to. */
static int open_for_append(vgi__dictionary_table *t, slot *s, const vgi_limits *limits,
                           vgi_error *err)
{
    vgi__dictionary *old = s->current;
    if (can_append(old))
        return VGI_OK;
    vgi__dictionary *d = dictionary_new(t->allocator);
    if (!d)
        return vgi__fail_nomem(err);
    int rc = start_builder(d, s, old->array, limits, err);
    if (rc != VGI_OK) {
        dictionary_unref(d);
        return rc;
    }
    d->bytes = old->bytes;
    d->inflated = old->inflated;
    dictionary_unref(old);
    s->current = d;
    return VGI_OK;
}

static int append(vgi__dictionary_table *t, slot *s, vgi__decode_input *in,
                  vgi_error *err)
{
    if (!s->fresh)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "a delta for dictionary %lld, which was not received before",
                         (long long)s->id);
    if (!can_append(s->current))
        t->expanded += s->current->inflated; /* it will be copied */
    int rc = decode(t, &t->delta, s, 2, in, err);
    if (rc != VGI_OK)
        return rc;
    const struct ArrowArray *added = t->delta.root->children[0];
    struct ArrowArray *root = NULL;
    rc = charge(t, s->current, &t->delta, in->limits, err);
    if (rc == VGI_OK)
        rc = open_for_append(t, s, in->limits, err);
    if (rc == VGI_OK)
        rc = vgi__builder_copy(s->current->builder, 1, s->values, 1, added, 0,
                               added->length, err);
    if (rc == VGI_OK)
        rc = vgi__builder_finish(s->current->builder, -1, &root, err);
    vgi__batch_clear(&t->delta);
    if (rc == VGI_OK)
        s->current->array = root->children[0];
    else
        retire(t, s);
    return rc;
}

int vgi__dictionary_table_apply(vgi__dictionary_table *t, vgi__decode_input *in,
                                vgi_error *err)
{
    vgi__flatbuf *fb = &in->message->fb;
    const vgi__fb_table header = in->message->header;
    int64_t id = vgi__fb_i64(fb, &header, DICTIONARY_ID);
    bool is_delta = vgi__fb_u8(fb, &header, DICTIONARY_IS_DELTA) != 0;
    in->message->header = vgi__fb_sub(fb, &header, DICTIONARY_DATA);
    if (fb->bad || in->message->header.pos == 0)
        return vgi__fail(err, VGI_EPROTO, NULL, "malformed Arrow dictionary batch");
    slot *s = find_slot(t, id);
    if (!s)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "dictionary %lld is not in the schema of the stream",
                         (long long)id);
    drop_set(t);
    return is_delta ? append(t, s, in, err) : replace(t, s, in, err);
}
