/* SPDX-License-Identifier: Apache-2.0 */
#include "external/external.h"

#include "base/alloc.h"
#include "wire/wire.h"

typedef struct external_filter {
    vgi__batch_filter base; /* first */
    vgi_external *external;
    const vgi_allocator *allocator;
    vgi_limits limits;
    vgi__external_client client;
    vgi__resolver *resolver; /* made when first needed, as */
    vgi__writer *writer;     /* this one, of objects */
    vgi_arena mem;           /* of a pointer's texts */
} external_filter;

static external_filter *of(vgi__batch_filter *f)
{
    return (external_filter *)(void *)f;
}

/* ---- in ---- */

static int resolve(vgi__batch_filter *base, vgi_batch *b, vgi_error *err)
{
    external_filter *f = of(base);
    int rc = VGI_OK;

    if (vgi__batch_classify(b) != VGI__BATCH_LOCATION)
        return VGI_OK;
    if (!f->resolver)
        rc = vgi__resolver_new(&f->resolver, f->external, &f->limits, f->allocator, err);
    return rc == VGI_OK
               ? vgi__resolve(f->resolver, b, f->client.log ? &f->client : NULL, err)
               : rc;
}

/* ---- out ---- */

static int64_t leaving(const vgi__batch_filter *base, const vgi_schema *s,
                       const struct ArrowArray *a)
{
    const external_filter *f = (const external_filter *)(const void *)base;
    const uint64_t bytes = vgi__array_payload(s, a);

    if (a->length == 0 || bytes < (uint64_t)f->external->options.threshold_bytes)
        return 0;
    return bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;
}

/* The object: the batch, then what belongs to it, for which the batch's dictionaries are
 * good. */
static int write_object(external_filter *f, const vgi__writer *from,
                        const vgi__offer *offer, vgi_error *err)
{
    int rc = VGI_OK;

    if (!f->writer)
        rc = vgi__writer_new(&f->writer, &f->limits, f->allocator, err);
    if (rc == VGI_OK)
        rc = vgi__writer_schema(f->writer, offer->schema, err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(f->writer, offer->array, offer->metadata, err);
    if (rc == VGI_OK && offer->since)
        rc = vgi__writer_repeat(f->writer, from, *offer->since, err);
    return rc == VGI_OK ? vgi__writer_eos(f->writer, err) : rc;
}

static int offload(vgi__batch_filter *base, vgi__writer *w, const vgi__offer *offer,
                   vgi_error *err)
{
    external_filter *f = of(base);
    char digest[64];
    vgi_str url;
    int rc;

    if (leaving(base, offer->schema, offer->array) == 0)
        return VGI_END;
    vgi_arena_reset(&f->mem);
    rc = write_object(f, w, offer, err);
    if (rc == VGI_OK)
        rc = vgi__external_upload(f->external, f->writer, &f->mem, &url, digest, err);
    if (f->writer)
        vgi__writer_clear(f->writer);
    if (rc != VGI_OK)
        return rc;
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_LOCATION), url },
        { VGI_LIT(VGI_KEY_LOCATION_SHA256), { digest, sizeof(digest) } },
    };
    if (offer->since)
        vgi__writer_rewind(w, *offer->since);
    return vgi__writer_empty_batch(w, &(vgi_metadata){ pairs, 2 }, err);
}

/* ---- life ---- */

static void free_filter(vgi__batch_filter *base)
{
    external_filter *f = of(base);

    vgi__resolver_free(f->resolver);
    vgi__writer_free(f->writer);
    vgi_arena_free(&f->mem);
    vgi__free(f->allocator, f);
}

static external_filter *new_filter(const vgi_external *x, const vgi_limits *limits,
                                   const vgi_allocator *a)
{
    external_filter *f = vgi__calloc(a, 1, sizeof(*f));

    if (!f)
        return NULL;
    f->base = (vgi__batch_filter){ .resolve = resolve, .free = free_filter };
    f->external = (vgi_external *)(uintptr_t)x; /* of which only the counters change */
    f->allocator = a;
    f->limits = vgi_limits_effective(limits);
    f->mem.allocator = a;
    return f;
}

int vgi__external_server_filter(const vgi__filter_source *s, const vgi_limits *limits,
                                const vgi_allocator *a, vgi__batch_filter **out,
                                vgi_error *err)
{
    external_filter *f = new_filter((const vgi_external *)(const void *)s, limits, a);

    if (!f)
        return vgi__fail_nomem(err);
    if (s->stores) {
        f->base.leaving = leaving;
        f->base.offload = offload;
    }
    *out = &f->base;
    return VGI_OK;
}

int vgi__external_filter_new(vgi__batch_filter **out, const vgi_external *external,
                             const vgi__external_client *client, const vgi_limits *limits,
                             const vgi_allocator *a, vgi_error *err)
{
    external_filter *f = external ? new_filter(external, limits, a) : NULL;

    *out = NULL;
    if (!external)
        return VGI_OK;
    if (!f)
        return vgi__fail_nomem(err);
    f->client = *client;
    *out = &f->base;
    return VGI_OK;
}
