/* SPDX-License-Identifier: Apache-2.0 */
#include "outside.h"

#include <stdio.h>
#include <stdlib.h>

#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "transport/mem/mem.h"
#include "wire/wire.h"

typedef struct filter {
    vgi__batch_filter base; /* first */
    outside *o;
} filter;

static outside *of(vgi__batch_filter *f)
{
    return ((filter *)(void *)f)->o;
}

static int64_t leaving(const vgi__batch_filter *f, const vgi_schema *s,
                       const struct ArrowArray *a)
{
    const outside *o = ((const filter *)(const void *)f)->o;

    (void)s;
    return a->length >= o->threshold ? o->bytes : 0;
}

static int write_object(outside *o, vgi__writer *w, const vgi__offer *offer,
                        vgi__writer *object, vgi_error *err)
{
    int rc = vgi__writer_schema(object, offer->schema, err);

    if (rc == VGI_OK)
        rc = vgi__writer_batch(object, offer->array, offer->metadata, err);
    if (rc == VGI_OK && offer->since)
        rc = vgi__writer_repeat(object, w, *offer->since, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(object, err);
    if (rc == VGI_OK)
        rc = vgi__writer_gather(object, &o->objects[o->n], err);
    return rc;
}

static int offload(vgi__batch_filter *f, vgi__writer *w, const vgi__offer *offer,
                   vgi_error *err)
{
    outside *o = of(f);
    vgi__writer *object = NULL;
    char url[32];

    if (leaving(f, offer->schema, offer->array) == 0 || o->n == OUTSIDE_OBJECTS)
        return VGI_END;
    if (o->broken)
        return vgi__fail(err, VGI_EIO, "RuntimeError", "the store is down");
    int rc = vgi__writer_new(&object, NULL, NULL, err);
    if (rc == VGI_OK)
        rc = write_object(o, w, offer, object, err);
    vgi__writer_free(object);
    if (rc != VGI_OK)
        return rc;
    snprintf(url, sizeof(url), "outside:%zu", o->n++);
    const vgi_pair pair = { VGI_LIT(VGI_KEY_LOCATION), vgi_str_from(url) };
    if (offer->since)
        vgi__writer_rewind(w, *offer->since);
    return vgi__writer_empty_batch(w, &(vgi_metadata){ &pair, 1 }, err);
}

static int resolve(vgi__batch_filter *f, vgi_batch *b, vgi_error *err)
{
    outside *o = of(f);
    vgi_str url;
    size_t n = 0;

    if (vgi__batch_classify(b) != VGI__BATCH_LOCATION)
        return VGI_OK;
    (void)vgi_metadata_get(&b->metadata, VGI_KEY_LOCATION, &url);
    if (url.len < 9 || (n = (size_t)atoi(url.data + 8)) >= o->n)
        return vgi__fail(err, VGI_EIO, "RuntimeError", "nothing is there");
    return vgi__stream_decode(b, o->objects[n].data, o->objects[n].len, NULL, NULL, NULL,
                              err);
}

static void free_filter(vgi__batch_filter *f)
{
    vgi__free(NULL, f);
}

static int filter_new(const vgi__filter_source *s, const vgi_limits *limits,
                      const vgi_allocator *a, vgi__batch_filter **out, vgi_error *err)
{
    filter *f = vgi__calloc(NULL, 1, sizeof(*f));

    (void)limits, (void)a;
    if (!f)
        return vgi__fail_nomem(err);
    f->base = (vgi__batch_filter){ .resolve = resolve, .free = free_filter };
    if (s->stores) {
        f->base.leaving = leaving;
        f->base.offload = offload;
    }
    f->o = (outside *)(uintptr_t)s;
    *out = &f->base;
    return VGI_OK;
}

int outside_upload_url(const vgi__filter_source *s, vgi_arena *mem, vgi_upload_url *out,
                       vgi_error *err)
{
    const outside *o = (const outside *)(const void *)s;

    (void)mem;
    if (o->broken)
        return vgi__fail(err, VGI_EIO, "RuntimeError", "the store is down");
    out->put_url = VGI_LIT("outside:put");
    out->get_url = VGI_LIT("outside:get");
    out->expires_at_us = 1700000000000000;
    return VGI_OK;
}

void outside_begin(outside *o)
{
    *o = (outside){
        .source = { .stores = true, .upload_bytes = 4096, .filter_new = filter_new },
        .threshold = 1,
        .bytes = 100
    };
    for (size_t i = 0; i < OUTSIDE_OBJECTS; i++)
        vgi__buffer_init(&o->objects[i], NULL, SIZE_MAX);
}

void outside_end(outside *o)
{
    for (size_t i = 0; i < OUTSIDE_OBJECTS; i++)
        vgi__buffer_free(&o->objects[i]);
}

const struct vgi_external *outside_external(const outside *o)
{
    return (const struct vgi_external *)(const void *)o;
}

int outside_count(const outside *o, size_t object, const char *key)
{
    const vgi__buffer *bytes = &o->objects[object];
    const vgi_schema *schema;
    vgi__reader *r = NULL;
    vgi_batch b;
    int n = 0;

    vgi__batch_init(&b, NULL);
    vgi__io *io = NULL;
    if (vgi__mem_open(&io, bytes->data, bytes->len, 0, NULL, NULL, NULL) == VGI_OK &&
        vgi__reader_new(&r, io, NULL, NULL, NULL) == VGI_OK &&
        vgi__reader_begin(r, &schema, NULL) == VGI_OK)
        while (vgi__reader_next(r, &b, NULL) == VGI_OK)
            n += vgi_metadata_get(&b.metadata, key, NULL);
    vgi__batch_free(&b);
    vgi__reader_free(r);
    vgi__io_close(io);
    return n;
}
