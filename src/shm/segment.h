/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: a shared-memory segment.
 *
 * The client creates and unlinks, the server attaches; the layout is table.h's. One
 * thread of a process uses a segment: the one whose turn it is in the lockstep. Views
 * alone may be dropped on any thread and at any time. What they leave is queued and given
 * back by vgi__shm_settle, when it is our turn to change the table:
 *
 *   view -> last reference dropped -> queue -> settle -> free in the table
 *
 * A peer that truncates the file must not end this process: reading beyond its end yields
 * zeros and the segment is lost (guard.h). From then on every operation fails.
 *
 * Names are vgirpc-<pid>-<random>; whoever creates a segment removes those whose creator
 * is gone (stale.h).
 */
#ifndef VGI_SHM_SEGMENT_H
#define VGI_SHM_SEGMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include <vgirpc/sys/alloc.h>
#include <vgirpc/value.h>

#include "base/block.h"
#include "shm/table.h"

typedef struct vgi__shm vgi__shm;

/* Of `size` bytes in all, rounded up to pages. VGI_EINVAL: no room for data. */
int vgi__shm_create(vgi__shm **out, uint64_t size, const vgi_allocator *a,
                    vgi_error *err);
/* What may be attached. */
typedef struct vgi__shm_terms {
    uint64_t max_bytes;
    bool owned; /* by this user, or not at all */
    uid_t owner;
} vgi__shm_terms;
/* `name` without the slash, as on the wire. VGI_EINVAL a name that is none;
 * VGI_ENOTFOUND; VGI_EPROTO it is no segment, or somebody else's; VGI_ELIMIT too big, or
 * too many are mapped. */
int vgi__shm_attach(vgi__shm **out, vgi_str name, const vgi__shm_terms *terms,
                    const vgi_allocator *a, vgi_error *err);
/* Reference-counted: each view holds one. The creator's last one unlinks. */
void vgi__shm_unref(vgi__shm *s);
/* The name is gone from the system; what is mapped stays. For creators whose peer has
 * attached, and for those who end in a hurry. */
void vgi__shm_unlink(vgi__shm *s);
vgi_str vgi__shm_name(const vgi__shm *s);
uint64_t vgi__shm_size(const vgi__shm *s);
/* VGI_EPROTO: somebody truncated it. */
int vgi__shm_intact(const vgi__shm *s, vgi_error *err);

/* See table.h. VGI_END also: the system has no memory for it. */
int vgi__shm_allocate(vgi__shm *s, uint64_t size, size_t lead, uint64_t *offset,
                      vgi_error *err);
int vgi__shm_shrink(vgi__shm *s, uint64_t offset, uint64_t size, vgi_error *err);
int vgi__shm_free(vgi__shm *s, uint64_t offset, vgi_error *err);
int vgi__shm_reset(vgi__shm *s, vgi_error *err); /* free everything */
/* Where a range is; VGI_EPROTO: it is not inside the data. */
int vgi__shm_at(const vgi__shm *s, uint64_t offset, uint64_t length, uint8_t **p,
                vgi_error *err);
/* The allocations, for people: borrowed until the next operation. */
int vgi__shm_regions(vgi__shm *s, const vgi__shm_region **regions, size_t *n,
                     vgi_error *err);

/* A block that is the range, whose allocation is given back after the block is gone. */
int vgi__shm_view(vgi__shm *s, uint64_t offset, uint64_t length, vgi__block **out,
                  vgi_error *err);
bool vgi__shm_is_view(const vgi__block *b);
/* Free what views have left. Only when the table is ours to change. */
int vgi__shm_settle(vgi__shm *s, vgi_error *err);

#endif
