/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/filter.h"

#include "base/alloc.h"
#include "base/fail.h"
#include "base/text.h"
#include "shm/port.h"
#include "wire/wire.h"

/* A mapping costs addresses, not memory; batches have limits of their own. */
#define MOST_SEGMENT_BYTES (UINT64_C(1) << 40)

typedef struct shm_filter {
    vgi__batch_filter base; /* first */
    const vgi_allocator *allocator;
    vgi_limits limits;
    vgi__shm_terms terms;
    vgi__shm_port *port; /* of the segment that was named last; or NULL */
    bool answers;        /* of this request may be pointers */
} shm_filter;

static shm_filter *of(vgi__batch_filter *f)
{
    return (shm_filter *)(void *)f;
}

/* ---- requests ---- */

static bool is_attached(const shm_filter *f, vgi_str name)
{
    if (!f->port)
        return false;
    vgi__shm *s = vgi__shm_port_segment(f->port);
    const vgi_str mine = vgi__shm_name(s);

    return vgi__shm_intact(s, NULL) == VGI_OK && mine.len == name.len &&
           memcmp(mine.data, name.data, name.len) == 0;
}

static int attach(shm_filter *f, vgi_str name, vgi_error *err)
{
    vgi__shm *segment;
    vgi__shm_port *port;
    int rc = vgi__shm_attach(&segment, name, &f->terms, f->allocator, err);

    if (rc == VGI_OK)
        rc = vgi__shm_port_new(&port, segment, &f->limits, f->allocator, err);
    if (rc != VGI_OK)
        return rc;
    vgi__shm_port_free(f->port);
    f->port = port;
    return VGI_OK;
}

static int on_request(vgi__batch_filter *base, const vgi_metadata *m, vgi_error *err)
{
    shm_filter *f = of(base);
    vgi_str name, size;
    uint64_t bytes;

    f->answers = f->port && vgi_metadata_get(m, VGI_KEY_SHM_OFFSET, NULL);
    if (!vgi_metadata_get(m, VGI_KEY_SHM_SEGMENT_NAME, &name))
        return VGI_OK;
    if (is_attached(f, name)) {
        f->answers = true;
        return VGI_OK;
    }
    /* A name alone, or a size that is none, does not count. The system knows the size. */
    if (!vgi_metadata_get(m, VGI_KEY_SHM_SEGMENT_SIZE, &size) ||
        !vgi__parse_u64(size, &bytes))
        return VGI_OK;
    int rc = attach(f, name, err);
    f->answers = rc == VGI_OK;
    return rc;
}

static int resolve(vgi__batch_filter *base, vgi_batch *b, vgi_error *err)
{
    shm_filter *f = of(base);

    if (f->port)
        return vgi__shm_take(f->port, b, err);
    return vgi__batch_classify(b) != VGI__BATCH_SHM
               ? VGI_OK
               : vgi__fail(err, VGI_EPROTO, "ValueError",
                           "a pointer into shared memory before a segment was named");
}

static int intact(vgi__batch_filter *base, vgi_error *err)
{
    const shm_filter *f = of(base);

    return f->port ? vgi__shm_intact(vgi__shm_port_segment(f->port), err) : VGI_OK;
}

/* ---- answers ---- */

static void *room(vgi__batch_filter *base, const vgi_schema *s, int32_t node,
                  int64_t rows)
{
    const shm_filter *f = of(base);

    return f->answers ? vgi__shm_room(f->port, s, node, rows) : NULL;
}

static int offload(vgi__batch_filter *base, vgi__writer *w, const vgi__offer *offer,
                   vgi_error *err)
{
    const shm_filter *f = of(base);

    return f->answers ? vgi__shm_put(f->port, w, offer->schema, offer->array,
                                     offer->metadata, err)
                      : VGI_END;
}

static void release(vgi__batch_filter *base, vgi_batch *b)
{
    shm_filter *f = of(base);

    if (!f->port)
        return;
    if (vgi__shm_is_view(b->body))
        vgi__batch_drop_data(b);
    (void)vgi__shm_settle_port(f->port, NULL); /* a failure is the next request's */
}

/* ---- life ---- */

int vgi__shm_filter_new(vgi__batch_filter **out, const uid_t *owner,
                        const vgi_limits *limits, const vgi_allocator *a, vgi_error *err)
{
    shm_filter *f = vgi__calloc(a, 1, sizeof(*f));

    if (!f)
        return vgi__fail_nomem(err);
    f->base = (vgi__batch_filter){ .capability = VGI_KEY_TRANSPORT_SHM,
                                   .request = on_request,
                                   .resolve = resolve,
                                   .intact = intact,
                                   .room = room,
                                   .offload = offload,
                                   .release = release };
    f->allocator = a;
    f->limits = vgi_limits_effective(limits);
    f->terms = (vgi__shm_terms){ .max_bytes = MOST_SEGMENT_BYTES,
                                 .owned = owner != NULL,
                                 .owner = owner ? *owner : 0 };
    *out = &f->base;
    return VGI_OK;
}

void vgi__shm_filter_free(vgi__batch_filter *base)
{
    if (!base)
        return;
    vgi__shm_port_free(of(base)->port);
    vgi__free(of(base)->allocator, of(base));
}
