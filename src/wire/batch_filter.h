/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second knot-cutter: what may replace a batch by a pointer and back. Shared memory
 * and external locations implement it; dispatch and client only call it.
 */
#ifndef VGI_WIRE_BATCH_FILTER_H
#define VGI_WIRE_BATCH_FILTER_H

#include "arrow/writer.h"

typedef struct vgi__batch_filter vgi__batch_filter;
struct vgi__batch_filter {
    /* A request arrived: learn from its metadata (attach a segment). */
    int (*request)(vgi__batch_filter *f, const vgi_metadata *m, vgi_error *err);
    /* In: if `b` is a pointer of this filter, replace its contents by what it points to.
     */
    int (*resolve)(vgi__batch_filter *f, vgi_batch *b, vgi_error *err);
    /* Out: write a pointer batch to `w` in place of the array; VGI_END: not for me, write
     * it inline. */
    int (*offload)(vgi__batch_filter *f, vgi__writer *w, const vgi_schema *s,
                   const struct ArrowArray *a, const vgi_metadata *m, vgi_error *err);
    /* The request is over: release input regions. */
    void (*done)(vgi__batch_filter *f);
    vgi__batch_filter *next;
};

#endif
