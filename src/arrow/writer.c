/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/writer.h"

#include <string.h>
#include <sys/uio.h>

#include "arrow/batch_encode.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/fail.h"

/* Scratch memory beyond this is given back after a flush. */
#define KEEP_BYTES ((size_t)1 << 20)

/* What the stream last sent for one dictionary: the bytes of the message. Nodes that
 * share a dictionary share this, so it is looked at once for each batch. */
typedef struct sent {
    vgi__buffer message;
    bool known;
    uint64_t batch;                  /* looked at for this one, */
    const struct ArrowArray *values; /* with these, */
    bool changed;                    /* and sent anew */
} sent;

struct vgi__writer {
    vgi__send out;
    vgi_limits limits;
    const vgi_allocator *allocator;
    vgi_schema *schema; /* of the stream begun last; or NULL */
    bool open;
    uint64_t flushed;
    sent *dictionaries; /* by slot: see vgi_schema */
    size_t n_dictionaries, dictionaries_cap;
    uint64_t batch; /* counts them */
    struct iovec *iov;
    size_t iov_cap;
};

int vgi__writer_new(vgi__writer **out, const vgi_limits *limits, const vgi_allocator *a,
                    vgi_error *err)
{
    vgi__writer *w = vgi__calloc(a, 1, sizeof(*w));
    if (!w)
        return vgi__fail_nomem(err);
    w->limits = vgi_limits_effective(limits);
    w->allocator = a;
    vgi__buffer_init(&w->out.scratch, a, SIZE_MAX);
    *out = w;
    return VGI_OK;
}

void vgi__writer_free(vgi__writer *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->dictionaries_cap; i++)
        vgi__buffer_free(&w->dictionaries[i].message);
    vgi__free(w->allocator, w->dictionaries);
    vgi__free(w->allocator, w->iov);
    vgi__free(w->allocator, w->out.segments);
    vgi__buffer_free(&w->out.scratch);
    vgi_schema_unref(w->schema);
    vgi__free(w->allocator, w);
}

/* ---- marks ---- */

vgi__writer_mark vgi__writer_mark_here(const vgi__writer *w)
{
    return (vgi__writer_mark){ .scratch = w->out.scratch.len,
                               .segments = w->out.n_segments,
                               .referenced = w->out.referenced,
                               .open = w->open };
}

/* What was sent for dictionaries is not known any more. */
static void forget_dictionaries(vgi__writer *w)
{
    for (size_t i = 0; i < w->n_dictionaries; i++)
        w->dictionaries[i].known = false;
}

static void rewind_to(vgi__send *o, const vgi__writer_mark *m)
{
    o->scratch.len = m->scratch;
    o->n_segments = m->segments;
    o->referenced = m->referenced;
    o->tail = 0;
    for (size_t i = o->n_segments; i > 0 && o->tail == 0; i--) {
        const vgi__segment *last = &o->segments[i - 1];
        o->tail = last->data ? 0 : last->offset + last->len;
    }
}

void vgi__writer_rewind(vgi__writer *w, vgi__writer_mark m)
{
    rewind_to(&w->out, &m);
    w->open = m.open;
    forget_dictionaries(w);
}

/* Such batches have no buffers, so all of them is in scratch memory, in one piece. */
int vgi__writer_repeat(vgi__writer *w, const vgi__writer *from, vgi__writer_mark since,
                       vgi_error *err)
{
    const size_t n = from->out.scratch.len - since.scratch;
    uint8_t *to = vgi__send_room(&w->out, n);

    if (!to)
        return vgi__fail_nomem(err);
    if (n > 0)
        memcpy(to, from->out.scratch.data + since.scratch, n);
    vgi__send_take(&w->out, n);
    return VGI_OK;
}

/* ---- dictionaries ---- */

static bool reserve_dictionaries(vgi__writer *w, size_t n)
{
    size_t before = w->dictionaries_cap;
    if (n > before && !vgi__grow(w->allocator, (void **)&w->dictionaries,
                                 &w->dictionaries_cap, n, sizeof(sent)))
        return false;
    for (size_t i = before; i < w->dictionaries_cap; i++) {
        w->dictionaries[i] = (sent){ .known = false };
        vgi__buffer_init(&w->dictionaries[i].message, w->allocator, SIZE_MAX);
    }
    w->n_dictionaries = n;
    forget_dictionaries(w);
    return true;
}

/* Encode the dictionary message into scratch; keep it there only if it differs from the
 * last one, or if one nested in it did. */
static int write_dictionary(vgi__writer *w, const vgi__dictionary_type *type, sent *last,
                            vgi_error *err)
{
    vgi__send *o = &w->out;
    vgi__writer_mark start = vgi__writer_mark_here(w);
    const bool copies = o->copy;
    o->copy = true;
    int rc =
        vgi__encode_dictionary(o, type->values, last->values, type->id, &w->limits, err);
    o->copy = copies;
    if (rc != VGI_OK)
        return rc;
    const uint8_t *bytes = o->scratch.data + start.scratch;
    size_t n = o->scratch.len - start.scratch;
    if (last->known && !last->changed && last->message.len == n &&
        memcmp(last->message.data, bytes, n) == 0) {
        rewind_to(o, &start);
        return VGI_OK;
    }
    vgi__buffer_clear(&last->message);
    last->known = vgi__buffer_append(&last->message, bytes, n);
    last->changed = true;
    return last->known ? VGI_OK : vgi__fail_nomem(err);
}

/* A walk over the dictionaries of one program. */
typedef struct walk {
    vgi__writer *writer;
    const vgi_schema *schema;
    size_t slot;  /* of its first dictionary */
    bool changed; /* one was sent */
    vgi_error *err;
} walk;

static int walk_node(walk *k, int32_t node, const struct ArrowArray *a);

/* The dictionary of a node, after those nested in it. `a` NULL: no rows, so only what was
 * never sent. */
static int walk_dictionary(walk *k, const vgi__node *n, const struct ArrowArray *a)
{
    vgi__writer *w = k->writer;
    const vgi__dictionary_type *type = &k->schema->dictionaries[n->dictionary];
    const struct ArrowArray *values = a ? a->dictionary : NULL;
    sent *mine = &w->dictionaries[k->slot + (size_t)n->dictionary];
    if (mine->batch == w->batch) {
        k->changed |= mine->changed;
        if (mine->values == values)
            return VGI_OK;
        return vgi__fail(k->err, VGI_ENOTSUP, NULL,
                         "column '%s' shares dictionary %lld but has other values",
                         n->name, (long long)type->id);
    }
    walk inner = { w, type->values, k->slot + (size_t)type->nested, false, k->err };
    int rc = type->values->n_dictionaries > 0 ? walk_node(&inner, 1, values) : VGI_OK;
    mine->batch = w->batch;
    mine->values = values;
    mine->changed = inner.changed;
    if (rc == VGI_OK && (values || !mine->known))
        rc = write_dictionary(w, type, mine, k->err);
    k->changed |= mine->changed;
    return rc;
}

static int walk_node(walk *k, int32_t node, const struct ArrowArray *a)
{
    const vgi__node *n = &k->schema->nodes[node];
    int rc = n->dictionary >= 0 ? walk_dictionary(k, n, a) : VGI_OK;
    int32_t child = vgi__child(node);
    for (int32_t i = 0; rc == VGI_OK && i < n->n_children; i++) {
        rc = walk_node(k, child, a ? a->children[i] : NULL);
        child = vgi__sibling(k->schema, child);
    }
    return rc;
}

/* ---- streams ---- */

int vgi__writer_schema(vgi__writer *w, const vgi_schema *s, vgi_error *err)
{
    if (w->open)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "a stream is begun within a stream");
    if (!s->plain && !reserve_dictionaries(w, (size_t)s->n_slots))
        return vgi__fail_nomem(err);
    uint8_t *p = vgi__send_room(&w->out, s->message_len);
    if (!p)
        return vgi__fail_nomem(err);
    memcpy(p, s->message, s->message_len);
    vgi__send_take(&w->out, s->message_len);
    if (w->schema != s) {
        vgi_schema_unref(w->schema);
        w->schema = vgi_schema_ref(s);
    }
    w->open = true;
    return VGI_OK;
}

static int write_batch(vgi__writer *w, const struct ArrowArray *a, const vgi_metadata *m,
                       vgi_error *err)
{
    if (!w->open)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "a batch is written outside a stream");
    vgi__writer_mark start = vgi__writer_mark_here(w);
    walk all = { w, w->schema, 0, false, err };
    w->batch++;
    int rc = w->schema->n_dictionaries > 0 ? walk_node(&all, 0, a) : VGI_OK;
    if (rc == VGI_OK)
        rc = vgi__encode_batch(&w->out, w->schema, a, m, &w->limits, err);
    if (rc != VGI_OK) {
        rewind_to(&w->out, &start);
        forget_dictionaries(w);
    }
    return rc;
}

int vgi__writer_batch(vgi__writer *w, const struct ArrowArray *array,
                      const vgi_metadata *m, vgi_error *err)
{
    return write_batch(w, array, m, err);
}

int vgi__writer_empty_batch(vgi__writer *w, const vgi_metadata *m, vgi_error *err)
{
    return write_batch(w, NULL, m, err);
}

int vgi__writer_eos(vgi__writer *w, vgi_error *err)
{
    uint8_t *p = vgi__send_room(&w->out, 8);
    if (!p)
        return vgi__fail_nomem(err);
    vgi__store32(p, UINT32_MAX);
    vgi__store32(p + 4, 0);
    vgi__send_take(&w->out, 8);
    w->open = false;
    return VGI_OK;
}

/* ---- out ---- */

void vgi__writer_copy(vgi__writer *w, bool copy)
{
    w->out.copy = copy;
}

size_t vgi__writer_pending(const vgi__writer *w)
{
    return w->out.scratch.len + (size_t)w->out.referenced;
}

uint64_t vgi__writer_bytes(const vgi__writer *w)
{
    return w->flushed + vgi__writer_pending(w);
}

static void forget(vgi__writer *w)
{
    vgi__send *o = &w->out;
    w->flushed += vgi__writer_pending(w);
    o->n_segments = 0;
    o->tail = 0;
    o->referenced = 0;
    if (o->scratch.cap > KEEP_BYTES)
        vgi__buffer_free(&o->scratch);
    vgi__buffer_clear(&o->scratch);
}

int vgi__writer_view(vgi__writer *w, struct iovec **iov, size_t *n, vgi_error *err)
{
    vgi__send *o = &w->out;
    if (!vgi__send_cut(o) || (o->n_segments > w->iov_cap &&
                              !vgi__grow(w->allocator, (void **)&w->iov, &w->iov_cap,
                                         o->n_segments, sizeof(*w->iov))))
        return vgi__fail_nomem(err);
    for (size_t i = 0; i < o->n_segments; i++) {
        const vgi__segment *s = &o->segments[i];
        const uint8_t *data = s->data ? s->data : o->scratch.data + s->offset;
        w->iov[i] = (struct iovec){ (void *)(uintptr_t)data, s->len };
    }
    *iov = w->iov;
    *n = o->n_segments;
    return VGI_OK;
}

void vgi__writer_clear(vgi__writer *w)
{
    forget(w);
    w->open = false;
}

int vgi__writer_flush(vgi__writer *w, vgi__io *io, vgi_error *err)
{
    struct iovec *iov = NULL;
    size_t n = 0;
    int rc = vgi__writer_view(w, &iov, &n, err);
    if (rc == VGI_OK && n > 0)
        rc = vgi__io_write(io, iov, n, err);
    forget(w);
    return rc;
}

int vgi__writer_gather(vgi__writer *w, vgi__buffer *out, vgi_error *err)
{
    vgi__send *o = &w->out;
    if (vgi__writer_pending(w) == 0)
        return VGI_OK;
    bool ok = vgi__buffer_reserve(out, vgi__writer_pending(w)) != NULL;
    for (size_t i = 0; ok && i < o->n_segments; i++) {
        const vgi__segment *s = &o->segments[i];
        ok = vgi__buffer_append(out, s->data ? s->data : o->scratch.data + s->offset,
                                s->len);
    }
    ok = ok &&
         vgi__buffer_append(out, o->scratch.data + o->tail, o->scratch.len - o->tail);
    forget(w);
    return ok ? VGI_OK : vgi__fail_nomem(err);
}

/* ---- one batch as a stream ---- */

int vgi_batch_encode(const vgi_batch *batch, const vgi_metadata *metadata, vgi_arena *mem,
                     vgi_bytes *bytes, vgi_error *err)
{
    vgi__writer *w = NULL;
    int rc = vgi__writer_new(&w, NULL, batch->allocator, err);
    if (rc != VGI_OK)
        return rc;
    rc = vgi__writer_schema(w, batch->schema, err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(w, batch->root, metadata ? metadata : &batch->metadata,
                               err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w, err);
    size_t n = vgi__writer_pending(w);
    uint8_t *to = rc == VGI_OK ? vgi_arena_alloc(mem, n) : NULL;
    if (rc == VGI_OK && !to)
        rc = vgi__fail_nomem(err);
    if (rc == VGI_OK) {
        vgi__buffer out = { .data = to, .cap = n, .limit = n };
        rc = vgi__writer_gather(w, &out, err);
        *bytes = (vgi_bytes){ to, n };
    }
    vgi__writer_free(w);
    return rc;
}
