/* SPDX-License-Identifier: Apache-2.0 */
/* Reference-counted blocks of bytes: what received batches are views into. Blocks of 2
 * MiB and more are mapped with huge pages. Data is 64-byte aligned. References may be
 * dropped on any thread. */
#ifndef VGI_BASE_BLOCK_H
#define VGI_BASE_BLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/sys/alloc.h>

#define VGI_BLOCK_MAP_BYTES ((size_t)2 << 20)

typedef struct vgi__block vgi__block;
struct vgi__block {
    atomic_int refs;
    uint8_t *data;
    size_t size;                    /* capacity */
    void (*release)(vgi__block *b); /* frees data and b */
    const vgi_allocator *allocator;
    void
        *owner; /* of `release`: foreign memory (C Data imports, shared-memory regions) */
};

vgi__block *vgi__block_new(const vgi_allocator *a,
                           size_t size); /* refs 1; NULL: no memory */
static inline vgi__block *vgi__block_ref(vgi__block *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}
static inline void vgi__block_unref(vgi__block *b)
{
    if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        b->release(b);
}
/* True when the caller holds the only reference, so that the data may be overwritten. */
static inline int vgi__block_unique(const vgi__block *b)
{
    return atomic_load_explicit(&b->refs, memory_order_acquire) == 1;
}
/* A bigger block with the first `keep` bytes copied (remapped when mapped). Consumes *b
 * on success; on failure *b stays as it is. Only for unique blocks. */
int vgi__block_grow(vgi__block **b, size_t keep, size_t size); /* VGI_OK or VGI_ENOMEM */

#endif
