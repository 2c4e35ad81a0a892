/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a shared-memory segment.
 *
 *   0      "VGIS" | u32 version 1 | u64 data bytes | u32 n | u32 0
 *   24     n x { u64 offset, u64 length }, by offset, offsets from the segment's start
 *   65536  data
 *
 * Both sides allocate and free; the lockstep of the protocol stands in for a lock. The
 * header is the peer's as much as ours: each operation reads the table anew, once, into
 * private memory, checks it whole (count, order, overlap, range), and writes it back.
 *
 * The client creates and unlinks, the server attaches. A peer that truncates the file
 * must not end this process: reading beyond its end yields zeros and marks the segment as
 * lost (see guard.c).
 */
#ifndef VGI_SHM_SEGMENT_H
#define VGI_SHM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vgirpc/error.h>
#include <vgirpc/sys/alloc.h>
#include <vgirpc/value.h>

#define VGI__SHM_HEADER_BYTES ((size_t)65536)
#define VGI__SHM_MAX_ALLOCATIONS 4094

typedef struct vgi__shm vgi__shm;

/* Reference-counted: a batch that views into a segment holds one. */
int vgi__shm_create(vgi__shm **out, uint64_t size, const vgi_allocator *a,
                    vgi_error *err);
/* `name` without the slash, as on the wire. VGI_EINVAL a name that is none; VGI_ENOTFOUND;
 * VGI_EPROTO it is no segment, or not of this size; VGI_ELIMIT over `max_bytes`. */
int vgi__shm_attach(vgi__shm **out, vgi_str name, uint64_t size, uint64_t max_bytes,
                    const vgi_allocator *a, vgi_error *err);
vgi__shm *vgi__shm_ref(vgi__shm *s);
void vgi__shm_unref(vgi__shm *s); /* the creator's last one unlinks */
vgi_str vgi__shm_name(const vgi__shm *s);
uint64_t vgi__shm_size(const vgi__shm *s);
bool vgi__shm_lost(const vgi__shm *s); /* truncated by somebody */

/* First fit. VGI_END: no room, or the table is full; VGI_EPROTO: the table is broken. */
int vgi__shm_allocate(vgi__shm *s, uint64_t size, uint64_t *offset, vgi_error *err);
/* Make an allocation smaller. */
int vgi__shm_shrink(vgi__shm *s, uint64_t offset, uint64_t size, vgi_error *err);
int vgi__shm_free(vgi__shm *s, uint64_t offset, vgi_error *err); /* unknown: VGI_OK */
int vgi__shm_reset(vgi__shm *s, vgi_error *err);
/* Where a range is; VGI_EPROTO: it is not inside the data region. */
int vgi__shm_at(const vgi__shm *s, uint64_t offset, uint64_t length, uint8_t **p,
                vgi_error *err);

/* The allocations, for people. VGI_EPROTO as above. */
typedef struct vgi__shm_region {
    uint64_t offset, length;
} vgi__shm_region;
int vgi__shm_regions(const vgi__shm *s, vgi__shm_region *regions, size_t *n,
                     vgi_error *err); /* room for VGI__SHM_MAX_ALLOCATIONS */

/* Check a header as it stands in memory; the same that every operation does. */
int vgi__shm_check(const uint8_t *header, uint64_t size, vgi__shm_region *regions,
                   size_t *n, vgi_error *err);

#endif
