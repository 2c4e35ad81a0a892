/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file arena.h
 * Memory that goes all at once.
 *
 * A call, a stream turn and a client result put their strings, lists and
 * nested values into an arena. Resetting one keeps its blocks, so that a loop
 * allocates nothing after the first rounds.
 *
 *     vgi_arena mem = { 0 };
 *     ... calls that take &mem ...
 *     vgi_arena_free(&mem);
 */
#ifndef VGIRPC_ARENA_H
#define VGIRPC_ARENA_H

#include <stddef.h>

#include <vgirpc/sys/alloc.h>

VGI_BEGIN_DECLS

/** All zero is a valid, empty arena on the C library's allocator. */
typedef struct vgi_arena {
    struct vgi_arena_block *head;   /**< private */
    const vgi_allocator *allocator; /**< NULL: libc; set before first use */
    size_t limit;                   /**< most bytes it may hold; 0: no limit */
    size_t held;                    /**< private: bytes held from the allocator */
    struct vgi_arena_deferred *deferred; /**< private: released before the memory goes */
} vgi_arena;

/**
 * Take `size` bytes from the arena, aligned for any type, not zeroed.
 *
 * @param arena  not NULL
 * @param size   0 gives a unique valid pointer
 * @return arena memory, valid until reset or free; NULL when there is no
 *         memory or the arena's limit is reached. Blocks: no. One thread.
 * @since 0.1
 */
VGI_API void *vgi_arena_alloc(vgi_arena *arena, size_t size);

/**
 * Take zeroed memory for `count` items of `size` bytes. As vgi_arena_alloc otherwise.
 *
 * @return also NULL when the product overflows
 * @since 0.1
 */
VGI_API void *vgi_arena_calloc(vgi_arena *arena, size_t count, size_t size);

/**
 * Make everything allocated from the arena invalid, but keep its memory for
 * the next round. Blocks larger than 1 MiB are given back.
 *
 * @param arena  not NULL. One thread.
 * @since 0.1
 */
VGI_API void vgi_arena_reset(vgi_arena *arena);

/**
 * Give all memory back. The arena is then empty and may be used again.
 *
 * @param arena  NULL is ignored. One thread.
 * @since 0.1
 */
VGI_API void vgi_arena_free(vgi_arena *arena);

VGI_END_DECLS

#endif
