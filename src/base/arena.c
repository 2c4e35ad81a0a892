/* SPDX-License-Identifier: Apache-2.0 */
/* Design notes
 *
 * An arena is a chain of blocks; `head` is the one being filled:
 *
 *     first <-> ... <-> head <-> unused <-> unused
 *     (full)            (bump)   (kept by a reset, used == 0)
 *
 * When head is full, the first unused block that is large enough moves up
 * behind it and becomes head; only when there is none is a block allocated. The
 * same sequence of requests after a reset therefore meets the same blocks and
 * allocates nothing. Deferred releases are a list in the arena's own memory. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

#define FIRST_BYTES ((size_t)4 << 10)
#define NORMAL_BYTES ((size_t)64 << 10)    /* blocks double up to this size */
#define KEEP_BLOCK_BYTES ((size_t)1 << 20) /* a reset gives larger blocks back */
#define KEEP_BYTES ((size_t)16 << 20)      /* and what is beyond this in all */

struct vgi_arena_block {
    struct vgi_arena_block *prev, *next;
    size_t size, used; /* of data */
    alignas(max_align_t) uint8_t data[];
};

typedef struct vgi_arena_block block;

struct vgi_arena_deferred {
    struct vgi_arena_deferred *next;
    void (*release)(void *what);
    void *what;
};

/* Put `b` behind head and make it head. */
static void advance(vgi_arena *arena, block *b)
{
    block *head = arena->head;
    b->prev = head;
    b->next = head ? head->next : NULL;
    if (b->next)
        b->next->prev = b;
    if (head)
        head->next = b;
    arena->head = b;
}

static void unlink_block(block *b)
{
    if (b->prev)
        b->prev->next = b->next;
    if (b->next)
        b->next->prev = b->prev;
}

static void release_block(vgi_arena *arena, block *b)
{
    arena->held -= sizeof(*b) + b->size;
    vgi__free(arena->allocator, b);
}

/* A new block of at least `size` bytes of data, counted against the limit. */
static block *new_block(vgi_arena *arena, size_t size)
{
    size_t room = arena->limit ? arena->limit - arena->held : SIZE_MAX;
    size_t least;
    if (vgi__add_size(size, sizeof(block), &least) || least > room)
        return NULL;
    size_t total = FIRST_BYTES;
    if (arena->head)
        total =
            arena->head->size < NORMAL_BYTES / 2 ? arena->head->size * 2 : NORMAL_BYTES;
    if (total > room)
        total = room;
    if (total < least)
        total = least;
    block *b = vgi__alloc(arena->allocator, total);
    if (!b)
        return NULL;
    *b = (block){ .size = total - sizeof(*b) };
    arena->held += total;
    return b;
}

static void *bump(block *b, size_t size)
{
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

void *vgi_arena_alloc(vgi_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size = size ? (size + align - 1) & ~(align - 1) : align;
    block *head = arena->head;
    if (head && head->size - head->used >= size)
        return bump(head, size);

    block *b = head ? head->next : NULL;
    while (b && b->size < size)
        b = b->next;
    if (b)
        unlink_block(b);
    else if (!(b = new_block(arena, size)))
        return NULL;
    advance(arena, b);
    return bump(b, size);
}

void *vgi_arena_calloc(vgi_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (vgi__mul_size(count, size, &total))
        return NULL;
    void *p = vgi_arena_alloc(arena, total);
    if (p)
        memset(p, 0, total);
    return p;
}

static block *first_block(const vgi_arena *arena)
{
    block *b = arena->head;
    while (b && b->prev)
        b = b->prev;
    return b;
}

bool vgi__arena_defer(vgi_arena *arena, void (*release)(void *), void *what)
{
    struct vgi_arena_deferred *d = vgi_arena_alloc(arena, sizeof(*d));
    if (!d)
        return false;
    *d = (struct vgi_arena_deferred){ arena->deferred, release, what };
    arena->deferred = d;
    return true;
}

/* Latest first: a later object may refer to an earlier one. */
static void run_deferred(vgi_arena *arena)
{
    while (arena->deferred) {
        struct vgi_arena_deferred *d = arena->deferred;
        arena->deferred = d->next;
        d->release(d->what);
    }
}

void vgi_arena_reset(vgi_arena *arena)
{
    run_deferred(arena);
    block *first = NULL;
    size_t kept = 0;
    for (block *b = first_block(arena), *next; b; b = next) {
        next = b->next;
        if (b->size > KEEP_BLOCK_BYTES || kept + b->size > KEEP_BYTES) {
            unlink_block(b);
            release_block(arena, b);
            continue;
        }
        kept += b->size;
        b->used = 0;
        if (!first)
            first = b;
    }
    arena->head = first;
}

void vgi_arena_free(vgi_arena *arena)
{
    if (!arena)
        return;
    run_deferred(arena);
    for (block *b = first_block(arena), *next; b; b = next) {
        next = b->next;
        release_block(arena, b);
    }
    arena->head = NULL;
}
