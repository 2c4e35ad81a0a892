/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second knot-cutter: what may replace a batch by a pointer and back. Shared memory
 * and external locations implement it; dispatch and client only call it. Steps that a
 * filter has nothing to do for are NULL.
 */
#ifndef VGI_WIRE_BATCH_FILTER_H
#define VGI_WIRE_BATCH_FILTER_H

#include <vgirpc/sys/storage.h>

#include "arrow/writer.h"

/* A batch that may go out in another form. */
typedef struct vgi__offer {
    const vgi_schema *schema;
    const struct ArrowArray *array;
    const vgi_metadata *metadata; /* NULL: none */
    /* What was written since belongs to the batch and may go with it; NULL: nothing. */
    const vgi__writer_mark *since;
} vgi__offer;

typedef struct vgi__batch_filter vgi__batch_filter;
struct vgi__batch_filter {
    /* The key by which clients ask whether the server has this; or NULL. */
    const char *capability;
    /* A request arrived: learn from its metadata (attach a segment). */
    int (*request)(vgi__batch_filter *f, const vgi_metadata *m, vgi_error *err);
    /* In: if `b` is a pointer of this filter, replace its contents by what it points to.
     */
    int (*resolve)(vgi__batch_filter *f, vgi_batch *b, vgi_error *err);
    /* Before an answer: was what was resolved for it what it seemed to be? */
    int (*intact)(vgi__batch_filter *f, vgi_error *err);
    /* Memory for `rows` values of a column of the next batch that is offered to offload;
     * NULL: none. */
    void *(*room)(vgi__batch_filter *f, const vgi_schema *s, int32_t node, int64_t rows);
    /* About how many bytes would leave the machine by offloading it; 0: it stays. */
    int64_t (*leaving)(const vgi__batch_filter *f, const vgi_schema *s,
                       const struct ArrowArray *a);
    /* Out: write a pointer batch to `w` in place of the batch; VGI_END: not for me, write
     * it inline. */
    int (*offload)(vgi__batch_filter *f, vgi__writer *w, const vgi__offer *offer,
                   vgi_error *err);
    /* What `b` was resolved to was used, and the answer is on the writer, which may refer
     * to it, but was not sent: drop it, and give back what nobody keeps. */
    void (*release)(vgi__batch_filter *f, vgi_batch *b);
    void (*free)(vgi__batch_filter *f); /* NULL: somebody knows how */
    vgi__batch_filter *next;
};

/* What a vgi_external begins with: the core knows no more of it. */
struct vgi_external;
typedef struct vgi__filter_source vgi__filter_source;
struct vgi__filter_source {
    bool stores; /* its filters offload */
    /* Most bytes of what is put where upload_url says. */
    int64_t upload_bytes;
    /* A filter for one call at a time. */
    int (*filter_new)(const vgi__filter_source *s, const vgi_limits *limits,
                      const vgi_allocator *a, vgi__batch_filter **out, vgi_error *err);
    /* A place for a client to upload to, in `mem`; NULL: not offered. */
    int (*upload_url)(const vgi__filter_source *s, vgi_arena *mem, vgi_upload_url *out,
                      vgi_error *err);
};

static inline const vgi__filter_source *
vgi__filter_source_of(const struct vgi_external *external)
{
    return (const vgi__filter_source *)(const void *)external;
}

#endif
