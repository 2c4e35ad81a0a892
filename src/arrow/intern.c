/* SPDX-License-Identifier: Apache-2.0 */
/* Equal values of a dictionary-encoded column share one entry: an open-addressed table of
 * indices. */
#include <string.h>

#include "arrow/builder_impl.h"
#include "base/alloc.h"
#include "base/endian.h"

/* Seeded, so that a peer cannot choose values that collide. */
static uint32_t hash_bytes(uint64_t seed, const uint8_t *p, size_t n)
{
    uint64_t h = seed + n;
    for (; n >= 8; p += 8, n -= 8)
        h = (h ^ vgi__load64(p)) * UINT64_C(0xFF51AFD7ED558CCD) ^ h >> 29;
    for (; n > 0; n--)
        h = (h ^ *p++) * UINT64_C(0xFF51AFD7ED558CCD);
    return (uint32_t)(h >> 32 ^ h);
}

/* The bytes of an entry, in the builder of the values. */
static vgi_bytes entry(const vgi__builder *values, int64_t i)
{
    const vgi__node *n = &values->schema->nodes[1];
    const vgi__column *c = &values->columns[1];
    const uint8_t *items = c->first.data;
    int64_t from;
    switch (n->layout) {
    case VGI__LAYOUT_BINARY:
        from = vgi__loadi32(items + i * 4);
        return (vgi_bytes){ c->second.data + from,
                            (size_t)(vgi__loadi32(items + i * 4 + 4) - from) };
    case VGI__LAYOUT_BINARY64:
        from = vgi__loadi64(items + i * 8);
        return (vgi_bytes){ c->second.data + from,
                            (size_t)(vgi__loadi64(items + i * 8 + 8) - from) };
    case VGI__LAYOUT_VIEW: {
        const uint8_t *view = items + i * 16;
        size_t len = vgi__load32(view);
        return (vgi_bytes){ len <= 12 ? view + 4
                                      : c->second.data + vgi__load32(view + 12),
                            len };
    }
    default:
        return (vgi_bytes){ items + i * n->width, (size_t)n->width };
    }
}

static vgi__intern_slot *free_slot(vgi__intern_slot *slots, size_t n, uint32_t hash)
{
    size_t i = hash & (n - 1);
    while (slots[i].index != 0)
        i = (i + 1) & (n - 1);
    return &slots[i];
}

/* Twice the slots. */
static int widen(vgi__entries *e)
{
    size_t n = e->n_slots ? e->n_slots * 2 : 16;
    const vgi_allocator *a = e->values->allocator;
    vgi__intern_slot *slots = vgi__calloc(a, n, sizeof(*slots));
    if (!slots)
        return VGI_ENOMEM;
    for (size_t i = 0; i < e->n_slots; i++) {
        if (e->slots[i].index != 0)
            *free_slot(slots, n, e->slots[i].hash) = e->slots[i];
    }
    vgi__free(a, e->slots);
    e->slots = slots;
    e->n_slots = n;
    return VGI_OK;
}

int vgi__intern(vgi__entries *e, const void *p, size_t n, int64_t *index)
{
    int64_t count = vgi__builder_length(e->values, 1);
    if (count >= UINT32_MAX)
        return VGI_ELIMIT;
    if ((size_t)count * 2 >= e->n_slots) {
        int rc = widen(e);
        if (rc != VGI_OK)
            return rc;
    }
    uint32_t hash = hash_bytes(e->seed, p, n);
    for (size_t i = hash & (e->n_slots - 1); e->slots[i].index != 0;
         i = (i + 1) & (e->n_slots - 1)) {
        if (e->slots[i].hash != hash)
            continue;
        *index = (int64_t)e->slots[i].index - 1;
        vgi_bytes known = entry(e->values, *index);
        if (known.len == n && (n == 0 || memcmp(known.data, p, n) == 0))
            return VGI_OK;
    }
    int rc = vgi__builder_bytes(e->values, 1, p, n);
    if (rc != VGI_OK)
        return rc;
    *index = count;
    *free_slot(e->slots, e->n_slots, hash) =
        (vgi__intern_slot){ hash, (uint32_t)count + 1 };
    return VGI_OK;
}

void vgi__intern_clear(vgi__entries *e)
{
    if (e->n_slots > 0)
        memset(e->slots, 0, e->n_slots * sizeof(*e->slots));
}
