/* SPDX-License-Identifier: Apache-2.0 */
/* Checked allocation through a handle's allocator. The only file that may call malloc is
 * alloc.c. */
#ifndef VGI_BASE_ALLOC_H
#define VGI_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

#include <vgirpc/sys/alloc.h>

/* In all of these `a` may be NULL: the C library. Size 0 yields a valid pointer. */
void *vgi__alloc(const vgi_allocator *a, size_t size);
void *vgi__calloc(const vgi_allocator *a, size_t count,
                  size_t size); /* zeroed; NULL on overflow */
void *vgi__resize(const vgi_allocator *a, void *ptr,
                  size_t size); /* on failure ptr stays valid */
/* Grow an array of `item` bytes each to hold at least `want` items (doubling). *ptr and
 * *cap change only on success. False: no memory or overflow. */
bool vgi__grow(const vgi_allocator *a, void **ptr, size_t *cap, size_t want, size_t item);
void vgi__free(const vgi_allocator *a, void *ptr);
char *vgi__strndup(const vgi_allocator *a, const char *s,
                   size_t n); /* NUL-terminated copy */

/* Test hook: when set, replaces the C library for a == NULL as well (traced and torture
 * runs). */
void vgi__alloc_override(const vgi_allocator *a);

#endif
