/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file alloc.h
 * Bring your own allocator.
 *
 * Each handle (server, client) takes one allocator and uses it for everything
 * it owns. NULL stands for the C library's. Weaker promise than the user
 * headers: may change in a minor version.
 */
#ifndef VGIRPC_SYS_ALLOC_H
#define VGIRPC_SYS_ALLOC_H

#include <stddef.h>

#include <vgirpc/macros.h>

VGI_BEGIN_DECLS

/**
 * Three functions and their argument. All three may be called from any thread
 * that uses the handle, at the same time; they must not call the library.
 * Memory is aligned for any type.
 */
typedef struct vgi_allocator {
    /** Return `size` (> 0) bytes, or NULL when there is no memory. */
    void *(*alloc)(void *user, size_t size);
    /** As realloc: `ptr` may be NULL; on failure NULL, and `ptr` stays valid. */
    void *(*resize)(void *user, void *ptr, size_t size);
    /** As free: `ptr` may be NULL. */
    void (*free)(void *user, void *ptr);
    void *user; /**< passed to all three */
} vgi_allocator;

VGI_END_DECLS

#endif
