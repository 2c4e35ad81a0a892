/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/table.h"

#include <stdatomic.h>
#include <string.h>

#include "base/endian.h"
#include "base/fail.h"

enum { VERSION_AT = 4, DATA_AT = 8, COUNT_AT = 16, TABLE_AT = 24, ENTRY_BYTES = 16 };
enum { VERSION = 1 };

static const uint8_t magic[VERSION_AT] = { 'V', 'G', 'I', 'S' };

void vgi__shm_table_init(uint8_t *header, uint64_t size)
{
    memset(header, 0, TABLE_AT);
    memcpy(header, magic, sizeof(magic));
    vgi__store32(header + VERSION_AT, VERSION);
    vgi__store64(header + DATA_AT, size - VGI__SHM_HEADER_BYTES);
}

/* ---- reading ---- */

/* Memory that somebody may write to meanwhile: what was read is not read again. */
static void read_once(void *to, const uint8_t *from, size_t n)
{
    memcpy(to, from, n);
    atomic_signal_fence(memory_order_seq_cst);
}

static int check_head(const uint8_t *head, uint64_t size, vgi_error *err)
{
    const uint32_t n = vgi__load32(head + COUNT_AT);

    if (memcmp(head, magic, sizeof(magic)) != 0)
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "shared memory without the magic of a segment");
    if (vgi__load32(head + VERSION_AT) != VERSION)
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "shared-memory segment of unknown version %u",
                         vgi__load32(head + VERSION_AT));
    if (size < VGI__SHM_HEADER_BYTES ||
        vgi__load64(head + DATA_AT) != size - VGI__SHM_HEADER_BYTES)
        return vgi__fail(
            err, VGI_EPROTO, "ValueError",
            "shared-memory segment of %llu bytes whose header says %llu of data",
            (unsigned long long)size, (unsigned long long)vgi__load64(head + DATA_AT));
    if (n > VGI__SHM_MAX_ALLOCATIONS)
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "shared-memory segment with %u allocations, more than %d", n,
                         VGI__SHM_MAX_ALLOCATIONS);
    return VGI_OK;
}

int vgi__shm_check(const uint8_t *header, uint64_t size, vgi__shm_region *regions,
                   size_t *n, vgi_error *err)
{
    uint8_t head[TABLE_AT];
    uint64_t end = VGI__SHM_HEADER_BYTES;

    VGI_STATIC_ASSERT(sizeof(vgi__shm_region) == ENTRY_BYTES, "an entry is a region");
    read_once(head, header, sizeof(head));
    int rc = check_head(head, size, err);
    if (rc != VGI_OK)
        return rc;
    *n = vgi__load32(head + COUNT_AT);
    read_once(regions, header + TABLE_AT, *n * ENTRY_BYTES);
    for (size_t i = 0; i < *n; i++) {
        const vgi__shm_region *r = &regions[i];

        if (r->offset < end || r->offset > size || r->length == 0 ||
            r->length > size - r->offset)
            return vgi__fail(
                err, VGI_EPROTO, "ValueError",
                "shared-memory segment whose allocation %zu, %llu bytes at %llu, "
                "overlaps another or lies outside",
                i, (unsigned long long)r->length, (unsigned long long)r->offset);
        end = r->offset + r->length;
    }
    return VGI_OK;
}

static int read_table(vgi__shm_table *t, vgi_error *err)
{
    return vgi__shm_check(t->header, t->size, t->regions, &t->n, err);
}

/* ---- changing ---- */

/* Write back the entries from `first` on. */
static void write_table(const vgi__shm_table *t, size_t first)
{
    memcpy(t->header + TABLE_AT + first * ENTRY_BYTES, t->regions + first,
           (t->n - first) * ENTRY_BYTES);
    vgi__store32(t->header + COUNT_AT, (uint32_t)t->n);
}

/* The first place at `from` or behind that is aligned, `lead` bytes later. */
static uint64_t align(uint64_t from, size_t lead)
{
    const uint64_t mask = VGI__SHM_ALIGN - 1;

    return ((from + lead + mask) & ~mask) - lead;
}

int vgi__shm_table_allocate(vgi__shm_table *t, uint64_t size, size_t lead,
                            uint64_t *offset, vgi_error *err)
{
    uint64_t end = VGI__SHM_HEADER_BYTES;
    int rc = read_table(t, err);

    if (rc != VGI_OK)
        return rc;
    if (t->n == VGI__SHM_MAX_ALLOCATIONS || size > t->size || lead > size)
        return VGI_END;
    for (size_t i = 0; i <= t->n; i++) {
        const uint64_t at = align(end, lead);
        const uint64_t gap_end = i < t->n ? t->regions[i].offset : t->size;

        if (at <= gap_end && size <= gap_end - at) {
            memmove(t->regions + i + 1, t->regions + i, (t->n - i) * sizeof(*t->regions));
            t->regions[i] = (vgi__shm_region){ at, size };
            t->n++;
            write_table(t, i);
            *offset = at;
            return VGI_OK;
        }
        if (i < t->n)
            end = gap_end + t->regions[i].length;
    }
    return VGI_END;
}

/* The index of an allocation; t->n: there is none. */
static size_t find(const vgi__shm_table *t, uint64_t offset)
{
    size_t i = 0;

    while (i < t->n && t->regions[i].offset != offset)
        i++;
    return i;
}

int vgi__shm_table_shrink(vgi__shm_table *t, uint64_t offset, uint64_t size,
                          vgi_error *err)
{
    int rc = read_table(t, err);
    const size_t i = rc == VGI_OK ? find(t, offset) : 0;

    if (rc != VGI_OK)
        return rc;
    if (i == t->n || size == 0 || size > t->regions[i].length)
        return vgi__fail(err, VGI_EPROTO, "ValueError",
                         "the shared-memory allocation at %llu cannot become %llu bytes",
                         (unsigned long long)offset, (unsigned long long)size);
    t->regions[i].length = size;
    write_table(t, i);
    return VGI_OK;
}

int vgi__shm_table_free(vgi__shm_table *t, uint64_t offset, vgi_error *err)
{
    int rc = read_table(t, err);
    const size_t i = rc == VGI_OK ? find(t, offset) : 0;

    if (rc != VGI_OK || i == t->n)
        return rc;
    t->n--;
    memmove(t->regions + i, t->regions + i + 1, (t->n - i) * sizeof(*t->regions));
    write_table(t, i);
    return VGI_OK;
}
