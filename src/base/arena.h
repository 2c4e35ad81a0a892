/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that end with an arena: handles decoded for a call are released when its memory
 * goes. */
#ifndef VGI_BASE_ARENA_H
#define VGI_BASE_ARENA_H

#include <stdbool.h>

#include <vgirpc/arena.h>

/* Call release(what) at the arena's next reset or free, in reverse order of deferral.
 * False: no memory, and `what` stays with the caller. */
bool vgi__arena_defer(vgi_arena *arena, void (*release)(void *what), void *what);

#endif
