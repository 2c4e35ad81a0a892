/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the allocations of a shared-memory segment.
 *
 *   0      "VGIS" | u32 version 1 | u64 data bytes | u32 n | u32 0
 *   24     n x { u64 offset, u64 length }, by offset, offsets from the segment's start
 *   65536  data
 *
 * Both sides allocate and free; the lockstep of the protocol stands in for a lock. The
 * header is the peer's as much as ours: each operation reads the table anew, once, into
 * private memory, checks it whole (count, order, overlap, range), and writes it back.
 */
#ifndef VGI_SHM_TABLE_H
#define VGI_SHM_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <vgirpc/error.h>

#define VGI__SHM_HEADER_BYTES ((size_t)65536)
#define VGI__SHM_MAX_ALLOCATIONS 4094
/* Allocations of this library begin and end on it, unless it is told otherwise. */
#define VGI__SHM_ALIGN 64

typedef struct vgi__shm_region {
    uint64_t offset, length;
} vgi__shm_region;

typedef struct vgi__shm_table {
    uint8_t *header;          /* shared */
    uint64_t size;            /* of the whole segment */
    vgi__shm_region *regions; /* private: room for VGI__SHM_MAX_ALLOCATIONS */
    size_t n;                 /* of the last read */
} vgi__shm_table;

/* Write the header of a new segment. */
void vgi__shm_table_init(uint8_t *header, uint64_t size);

/* Check a header as it stands in memory, of VGI__SHM_HEADER_BYTES; the same that every
 * operation does. */
int vgi__shm_check(const uint8_t *header, uint64_t size, vgi__shm_region *regions,
                   size_t *n, vgi_error *err);

/* First fit, so that `lead` bytes behind its begin it is aligned. VGI_END: no room, or
 * the table is full; VGI_EPROTO: the table is broken, here and in the others. */
int vgi__shm_table_allocate(vgi__shm_table *t, uint64_t size, size_t lead,
                            uint64_t *offset, vgi_error *err);
/* Make an allocation smaller. */
int vgi__shm_table_shrink(vgi__shm_table *t, uint64_t offset, uint64_t size,
                          vgi_error *err);
int vgi__shm_table_free(vgi__shm_table *t, uint64_t offset,
                        vgi_error *err); /* unknown: VGI_OK */

#endif
