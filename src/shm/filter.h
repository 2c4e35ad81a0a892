/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches by way of a segment: the batch filter of a byte-stream connection.
 *
 * A request that names a segment attaches it (one is kept per connection); pointer
 * batches are replaced by views into it; answers of this request may go out as pointers.
 * What a view's structure is read from (metadata, offsets, indices, type ids) is copied
 * before it is checked, because the peer can change the segment at any time; values are
 * not.
 */
#ifndef VGI_SHM_FILTER_H
#define VGI_SHM_FILTER_H

#include "shm/segment.h"
#include "wire/batch_filter.h"

/* Smallest batch that goes by way of the segment: VGI_RPC_SHM_MIN_BATCH_BYTES of the
 * environment, else 128 KiB. */
uint64_t vgi__shm_min_batch_bytes(void);

/* Of a server's connection. */
int vgi__shm_filter_new(vgi__batch_filter **out, const vgi_limits *limits,
                        const vgi_allocator *a, vgi_error *err);
void vgi__shm_filter_free(vgi__batch_filter *f);

/* The steps, which the client uses on its own segment. */

/* Write the batch into the segment, and a pointer to it to `w`. VGI_END: too small, or no
 * room: write it inline. */
int vgi__shm_offload(vgi__shm *s, vgi__writer *w, const vgi_schema *schema,
                     const struct ArrowArray *a, const vgi_metadata *m,
                     const vgi_limits *limits, vgi_error *err);
/* Is it a pointer into a segment? */
bool vgi__shm_is_pointer(const vgi_batch *b);
/* Replace a pointer by a view; its region is freed when the batch's data goes, if
 * `release`. */
int vgi__shm_resolve(vgi__shm *s, vgi_batch *b, bool release, const vgi_limits *limits,
                     vgi_error *err);

#endif
