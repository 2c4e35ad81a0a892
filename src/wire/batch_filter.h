/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second knot-cutter: what may replace a batch by a pointer and back. Shared memory
 * and external locations implement it; dispatch and client only call it. Steps that a
 * filter has nothing to do for are NULL.
 */
#ifndef VGI_WIRE_BATCH_FILTER_H
#define VGI_WIRE_BATCH_FILTER_H

#include "arrow/writer.h"

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
    /* Out: write a pointer batch to `w` in place of the array; VGI_END: not for me, write
     * it inline. */
    int (*offload)(vgi__batch_filter *f, vgi__writer *w, const vgi_schema *s,
                   const struct ArrowArray *a, const vgi_metadata *m, vgi_error *err);
    /* What `b` was resolved to was used, and the answer is on the writer, which may refer
     * to it, but was not sent: drop it, and give back what nobody keeps. */
    void (*release)(vgi__batch_filter *f, vgi_batch *b);
    vgi__batch_filter *next;
};

#endif
