/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static const vgi_allocator *libc_override; /* test hook, set before any thread starts */

void vgi__alloc_override(const vgi_allocator *a)
{
    libc_override = a;
}

static const vgi_allocator *effective(const vgi_allocator *a)
{
    return a ? a : libc_override;
}

void *vgi__alloc(const vgi_allocator *a, size_t size)
{
    a = effective(a);
    if (size == 0)
        size = 1;
    return a ? a->alloc(a->user, size) : malloc(size);
}

void *vgi__calloc(const vgi_allocator *a, size_t count, size_t size)
{
    size_t total;
    if (vgi__mul_size(count, size, &total))
        return NULL;
    a = effective(a);
    if (total == 0)
        total = 1;
    if (!a)
        return calloc(1, total);
    void *ptr = a->alloc(a->user, total);
    if (ptr)
        memset(ptr, 0, total);
    return ptr;
}

void *vgi__resize(const vgi_allocator *a, void *ptr, size_t size)
{
    a = effective(a);
    if (size == 0)
        size = 1;
    return a ? a->resize(a->user, ptr, size) : realloc(ptr, size);
}

bool vgi__grow(const vgi_allocator *a, void **ptr, size_t *cap, size_t want, size_t item)
{
    if (want <= *cap)
        return true;
    size_t count = *cap < SIZE_MAX / 2 ? *cap * 2 : SIZE_MAX;
    if (count < 8)
        count = 8;
    if (count < want)
        count = want;
    size_t bytes;
    if (vgi__mul_size(count, item, &bytes))
        return false;
    void *grown = vgi__resize(a, *ptr, bytes);
    if (!grown)
        return false;
    *ptr = grown;
    *cap = count;
    return true;
}

void vgi__free(const vgi_allocator *a, void *ptr)
{
    a = effective(a);
    if (a)
        a->free(a->user, ptr);
    else
        free(ptr);
}

char *vgi__strndup(const vgi_allocator *a, const char *s, size_t n)
{
    size_t size;
    if (vgi__add_size(n, 1, &size))
        return NULL;
    char *copy = vgi__alloc(a, size);
    if (!copy)
        return NULL;
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}
