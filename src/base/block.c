/* SPDX-License-Identifier: Apache-2.0 */
#include "base/block.h"

#include <string.h>
#include <sys/mman.h>

#include <vgirpc/error.h>

#include "base/alloc.h"
#include "base/checked.h"

#define ALIGN 64

/* Header and data in one allocation. */
static void release_plain(vgi__block *b)
{
    vgi__free(b->allocator, b);
}

static void release_mapped(vgi__block *b)
{
    munmap(b->data, b->size);
    vgi__free(b->allocator, b);
}

static vgi__block *new_plain(const vgi_allocator *a, size_t size)
{
    size_t total;
    if (vgi__add_size(size, sizeof(vgi__block) + ALIGN - 1, &total))
        return NULL;
    vgi__block *b = vgi__alloc(a, total);
    if (!b)
        return NULL;
    uintptr_t data = ((uintptr_t)(b + 1) + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1);
    *b = (vgi__block){
        .refs = 1,
        .data = (uint8_t *)data,
        .size = size,
        .release = release_plain,
        .allocator = a,
    };
    return b;
}

static vgi__block *new_mapped(size_t size)
{
    vgi__block *b = vgi__alloc(NULL, sizeof(*b));
    if (!b)
        return NULL;
    void *data =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
        vgi__free(NULL, b);
        return NULL;
    }
    madvise(data, size, MADV_HUGEPAGE); /* a wish: without it only speed is lost */
    *b = (vgi__block){ .refs = 1, .data = data, .size = size, .release = release_mapped };
    return b;
}

vgi__block *vgi__block_new(const vgi_allocator *a, size_t size)
{
    if (!a && size >= VGI_BLOCK_MAP_BYTES)
        return new_mapped(size);
    return new_plain(a, size);
}

int vgi__block_grow(vgi__block **b, size_t keep, size_t size)
{
    vgi__block *old = *b;
    if (size <= old->size)
        return VGI_OK;
    if (old->release == release_mapped) {
        void *data = mremap(old->data, old->size, size, MREMAP_MAYMOVE);
        if (data == MAP_FAILED)
            return VGI_ENOMEM;
        madvise(data, size, MADV_HUGEPAGE);
        old->data = data;
        old->size = size;
        return VGI_OK;
    }
    vgi__block *grown = vgi__block_new(old->allocator, size);
    if (!grown)
        return VGI_ENOMEM;
    memcpy(grown->data, old->data, keep);
    vgi__block_unref(old);
    *b = grown;
    return VGI_OK;
}
