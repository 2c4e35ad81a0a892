/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/port.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "arrow/batch_encode.h"
#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/text.h"
#include "wire/wire.h"

#define DEFAULT_MIN_BATCH_BYTES ((uint64_t)128 << 10)
#define EOS_BYTES 8
#define KEPT_HEAD_BYTES ((size_t)64 << 10)

/* An allocation that waits for its batch; size 0: none. */
typedef struct vgi__shm_draft {
    uint64_t offset, size;
    const vgi_schema *schema; /* for whose columns; only compared */
    int64_t rows;
} vgi__shm_draft;

struct vgi__shm_port {
    vgi__shm *segment; /* reference */
    const vgi_allocator *allocator;
    vgi_limits limits;
    uint64_t min_bytes;
    vgi__writer *writer; /* of what is put */
    vgi__shm_draft draft;
    uint64_t last;     /* offset of what was put last; 0: nothing to retract */
    vgi__buffer heads; /* of what is taken */
    vgi__block *spare; /* for what is copied of that */
    vgi_pair *pairs;
    size_t pairs_cap;
};

uint64_t vgi__shm_min_batch_bytes(void)
{
    const char *text = getenv("VGI_RPC_SHM_MIN_BATCH_BYTES");
    uint64_t bytes;

    return text && vgi__parse_u64(vgi_str_from(text), &bytes) ? bytes
                                                              : DEFAULT_MIN_BATCH_BYTES;
}

int vgi__shm_port_new(vgi__shm_port **out, vgi__shm *segment, const vgi_limits *limits,
                      const vgi_allocator *a, vgi_error *err)
{
    vgi__shm_port *p = vgi__calloc(a, 1, sizeof(*p));
    int rc;

    if (!p) {
        vgi__shm_unref(segment);
        return vgi__fail_nomem(err);
    }
    p->segment = segment;
    p->allocator = a;
    p->limits = vgi_limits_effective(limits);
    p->min_bytes = vgi__shm_min_batch_bytes();
    vgi__buffer_init(&p->heads, a, SIZE_MAX);
    if ((rc = vgi__writer_new(&p->writer, &p->limits, a, err)) != VGI_OK) {
        vgi__shm_port_free(p);
        return rc;
    }
    *out = p;
    return VGI_OK;
}

void vgi__shm_port_free(vgi__shm_port *p)
{
    if (!p)
        return;
    vgi__block_unref(p->spare);
    vgi__buffer_free(&p->heads);
    vgi__writer_free(p->writer);
    vgi__free(p->allocator, p->pairs);
    vgi__shm_unref(p->segment);
    vgi__free(p->allocator, p);
}

vgi__shm *vgi__shm_port_segment(vgi__shm_port *p)
{
    return p->segment;
}

static int drop_draft(vgi__shm_port *p, vgi_error *err)
{
    const uint64_t size = p->draft.size;

    p->draft.size = 0;
    return size > 0 ? vgi__shm_free(p->segment, p->draft.offset, err) : VGI_OK;
}

int vgi__shm_settle_port(vgi__shm_port *p, vgi_error *err)
{
    int dropped = drop_draft(p, err);
    int rc = vgi__shm_settle(p->segment, err);

    return rc == VGI_OK ? dropped : rc;
}

/* ---- putting ---- */

/* Batches of such schemas go without their schema and an end. */
static bool has_dictionary_column(const vgi_schema *s)
{
    int32_t node = vgi__child(0);

    for (int32_t i = 0; i < s->n_columns; i++, node = vgi__sibling(s, node))
        if (s->nodes[node].dictionary >= 0)
            return true;
    return false;
}

static int encode(vgi__shm_port *p, const vgi_schema *s, const struct ArrowArray *array,
                  vgi_error *err)
{
    int rc = vgi__writer_schema(p->writer, s, err);

    if (rc == VGI_OK)
        rc = vgi__writer_batch(p->writer, array, NULL, err);
    if (rc == VGI_OK && !has_dictionary_column(s))
        rc = vgi__writer_eos(p->writer, err);
    return rc;
}

/* What is to be stored: the parts without the first `skip` bytes. */
typedef struct content {
    const struct iovec *iov;
    size_t n, skip;
    uint64_t bytes;
} content;

/* Copy what is not there already. */
static void gather(uint8_t *to, const content *c)
{
    size_t skip = c->skip;

    for (size_t i = 0; i < c->n; i++) {
        const size_t head = skip < c->iov[i].iov_len ? skip : c->iov[i].iov_len;
        const uint8_t *from = (const uint8_t *)c->iov[i].iov_base + head;
        const size_t len = c->iov[i].iov_len - head;

        skip -= head;
        if (from != to)
            memmove(to, from, len);
        to += len;
    }
}

/* Does every part that lies in these `size` bytes lie where it would be copied to? */
static bool in_place(const uint8_t *to, uint64_t size, const content *c)
{
    const uintptr_t begin = (uintptr_t)to;

    for (size_t i = 0; i < c->n; i++) {
        const uintptr_t from = (uintptr_t)c->iov[i].iov_base;

        if (from - begin < size && from != (uintptr_t)to)
            return false;
        to += c->iov[i].iov_len;
    }
    return true;
}

static uint64_t rounded(uint64_t bytes)
{
    return (bytes + VGI__SHM_ALIGN - 1) & ~(uint64_t)(VGI__SHM_ALIGN - 1);
}

/* The draft as the allocation of the content. VGI_END: there is none, or it does not
 * fit. */
static int use_draft(vgi__shm_port *p, const content *c, uint64_t *offset, vgi_error *err)
{
    const vgi__shm_draft d = p->draft;
    uint8_t *to;
    int rc;

    if (d.size == 0)
        return VGI_END;
    if ((rc = vgi__shm_at(p->segment, d.offset, d.size, &to, err)) != VGI_OK)
        return rc;
    if (c->skip > 0 || c->bytes > d.size || !in_place(to, d.size, c))
        return VGI_END;
    if (rounded(c->bytes) < d.size)
        rc = vgi__shm_shrink(p->segment, d.offset, rounded(c->bytes), err);
    if (rc == VGI_OK)
        p->draft.size = 0;
    *offset = d.offset;
    return rc;
}

static int store(vgi__shm_port *p, const content *c, uint64_t *offset, vgi_error *err)
{
    uint8_t *to;
    int rc = use_draft(p, c, offset, err);

    if (rc == VGI_END)
        rc = vgi__shm_allocate(p->segment, rounded(c->bytes), 0, offset, err);
    if (rc == VGI_OK)
        rc = vgi__shm_at(p->segment, *offset, c->bytes, &to, err);
    if (rc != VGI_OK)
        return rc;
    gather(to, c);
    return vgi__shm_intact(p->segment, err);
}

static int write_pointer(vgi__shm_port *p, vgi__writer *w, const vgi_metadata *m,
                         vgi__shm_region to, vgi_error *err)
{
    const size_t n = m ? m->count : 0;
    char offset[20], length[20];

    if (!vgi__grow(p->allocator, (void **)&p->pairs, &p->pairs_cap, n + 2,
                   sizeof(*p->pairs)))
        return vgi__fail_nomem(err);
    if (n > 0)
        memcpy(p->pairs, m->pairs, n * sizeof(*p->pairs));
    p->pairs[n] = (vgi_pair){ VGI_LIT(VGI_KEY_SHM_OFFSET),
                              { offset, vgi__u64_text(offset, to.offset) } };
    p->pairs[n + 1] = (vgi_pair){ VGI_LIT(VGI_KEY_SHM_LENGTH),
                                  { length, vgi__u64_text(length, to.length) } };
    return vgi__writer_empty_batch(w, &(vgi_metadata){ p->pairs, n + 2 }, err);
}

/* Store what was encoded, and point to it. */
static int publish(vgi__shm_port *p, vgi__writer *w, const vgi_schema *schema,
                   const vgi_metadata *m, vgi_error *err)
{
    content c = { .skip = has_dictionary_column(schema) ? schema->message_len : 0 };
    struct iovec *iov;
    uint64_t offset;
    int rc = vgi__writer_view(p->writer, &iov, &c.n, err);

    if (rc != VGI_OK)
        return rc;
    c.iov = iov;
    c.bytes = vgi__writer_pending(p->writer) - c.skip;
    if (c.bytes < p->min_bytes)
        return VGI_END;
    if ((rc = store(p, &c, &offset, err)) != VGI_OK)
        return rc;
    rc = write_pointer(p, w, m, (vgi__shm_region){ offset, c.bytes }, err);
    if (rc != VGI_OK)
        (void)vgi__shm_free(p->segment, offset, NULL);
    p->last = rc == VGI_OK ? offset : 0;
    return rc;
}

int vgi__shm_put(vgi__shm_port *p, vgi__writer *w, const vgi_schema *schema,
                 const struct ArrowArray *array, const vgi_metadata *m, vgi_error *err)
{
    p->last = 0;
    if (vgi__array_payload(schema, array) < p->min_bytes)
        return VGI_END;
    int rc = encode(p, schema, array, err);
    if (rc == VGI_OK)
        rc = publish(p, w, schema, m, err);
    vgi__writer_clear(p->writer);
    return rc;
}

int vgi__shm_retract(vgi__shm_port *p, vgi_error *err)
{
    const uint64_t last = p->last;

    p->last = 0;
    return last ? vgi__shm_free(p->segment, last, err) : VGI_OK;
}

/* ---- room ---- */

/* Where in the body a column of a batch is, and how long the body is, when all columns
 * have `rows` values and no nulls. False: not all are of fixed width. */
static bool plan(const vgi_schema *s, int32_t node, int64_t rows, int64_t *at,
                 int64_t *body)
{
    if (!s->plain || s->n_nodes - 1 != s->n_columns)
        return false;
    *body = 0;
    for (int32_t i = 1; i < s->n_nodes; i++) {
        int64_t bytes;

        if (s->nodes[i].layout != VGI__LAYOUT_FIXED)
            return false;
        if (i == node)
            *at = *body;
        if (vgi__mul_i64(rows, s->nodes[i].width, &bytes) || bytes > INT64_MAX - 8 ||
            vgi__add_i64(*body, vgi__pad8(bytes), body))
            return false;
    }
    return true;
}

void *vgi__shm_room(vgi__shm_port *p, const vgi_schema *schema, int32_t node,
                    int64_t rows)
{
    vgi__shm_draft *d = &p->draft;
    int64_t at = 0, body;
    uint8_t *memory;

    if (!plan(schema, node, rows, &at, &body) || body > p->limits.message_bytes ||
        (uint64_t)body < p->min_bytes)
        return NULL;
    const size_t front = schema->message_len + vgi__encode_head_bytes(schema);
    const uint64_t size = rounded(front + (uint64_t)body + EOS_BYTES);

    if (d->size != size || d->schema != schema || d->rows != rows) {
        if (drop_draft(p, NULL) != VGI_OK ||
            vgi__shm_allocate(p->segment, size, front, &d->offset, NULL) != VGI_OK)
            return NULL;
        d->size = size;
        d->schema = schema;
        d->rows = rows;
    }
    if (vgi__shm_at(p->segment, d->offset, size, &memory, NULL) != VGI_OK)
        return NULL;
    return memory + front + (size_t)at;
}

/* ---- taking ---- */

static int pointer_of(const vgi_batch *b, vgi__shm_region *to, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi_str offset, length = { NULL, 0 };

    (void)vgi_metadata_get(&b->metadata, VGI_KEY_SHM_OFFSET, &offset);
    (void)vgi_metadata_get(&b->metadata, VGI_KEY_SHM_LENGTH, &length);
    if (!vgi__parse_u64(offset, &to->offset))
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "'" VGI_KEY_SHM_OFFSET "' is '%s', which is no number",
                         vgi__echo(echo, offset));
    if (!vgi__parse_u64(length, &to->length))
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "'" VGI_KEY_SHM_LENGTH "' is '%s', which is no number",
                         vgi__echo(echo, length));
    return VGI_OK;
}

static bool is_key(vgi_str key, const char *name)
{
    return vgi_str_eq(key, name);
}

/* The pointer's metadata without the pointer, and with its source. */
static vgi_metadata without_pointer(vgi_metadata m, vgi_str source)
{
    vgi_pair *pairs = (vgi_pair *)(uintptr_t)m.pairs;
    size_t n = 0;

    for (size_t i = 0; i < m.count; i++)
        if (!is_key(pairs[i].key, VGI_KEY_SHM_OFFSET) &&
            !is_key(pairs[i].key, VGI_KEY_SHM_LENGTH))
            pairs[n++] = pairs[i];
    pairs[n++] = (vgi_pair){ VGI_LIT(VGI_KEY_SHM_SOURCE), source };
    return (vgi_metadata){ pairs, n };
}

static int decode(vgi__shm_port *p, vgi_batch *b, vgi__block *block, vgi_error *err)
{
    const vgi__shared_stream from = { .stream = { block->data, block->size },
                                      .block = block,
                                      .schema = b->schema,
                                      .heads = &p->heads,
                                      .spare = &p->spare,
                                      .limits = &p->limits };
    int rc = vgi__stream_decode_shared(b, &from, err);

    if (p->heads.cap > KEPT_HEAD_BYTES)
        vgi__buffer_free(&p->heads);
    if (rc == VGI_END)
        return vgi__fail(err, VGI_EPROTO, NULL, "a stream in shared memory has no batch");
    return rc;
}

int vgi__shm_take(vgi__shm_port *p, vgi_batch *b, vgi_error *err)
{
    vgi__shm_region to;
    vgi__block *block;
    int rc;

    if (vgi__batch_classify(b) != VGI__BATCH_SHM)
        return VGI_OK;
    if ((rc = pointer_of(b, &to, err)) != VGI_OK ||
        (rc = vgi__shm_view(p->segment, to.offset, to.length, &block, err)) != VGI_OK)
        return rc;
    const vgi_metadata m = b->metadata; /* its pairs stay in the batch's store */
    vgi__block *holder = vgi__block_ref(b->meta ? b->meta : b->body);
    rc = decode(p, b, block, err);
    vgi__block_unref(block);
    if (rc == VGI_OK)
        rc = vgi__shm_intact(p->segment, err);
    if (rc != VGI_OK) {
        vgi__batch_clear(b);
        vgi__block_unref(holder);
        return rc;
    }
    b->meta = holder;
    b->metadata = without_pointer(m, vgi__shm_name(p->segment));
    return VGI_OK;
}
