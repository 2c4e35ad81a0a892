/* SPDX-License-Identifier: Apache-2.0 */
/* Any header of a shared-memory segment, and operations on it. What is accepted must keep
 * its promises: allocations inside of the segment, in order, without overlap. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "shm/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 65536 + (1 << 20), OPERATIONS = 16 };

static uint8_t header[VGI__SHM_HEADER_BYTES];
static vgi__shm_region regions[VGI__SHM_MAX_ALLOCATIONS];

static void require(bool good)
{
    if (!good)
        abort();
}

static void check(void)
{
    uint64_t end = VGI__SHM_HEADER_BYTES;
    size_t n;

    require(vgi__shm_check(header, SIZE, regions, &n, NULL) == VGI_OK);
    for (size_t i = 0; i < n; i++) {
        require(regions[i].offset >= end && regions[i].length > 0 &&
                regions[i].length <= SIZE - regions[i].offset);
        end = regions[i].offset + regions[i].length;
    }
}

static void operate(vgi__shm_table *t, uint8_t operation)
{
    const uint64_t amount = (uint64_t)(operation >> 2) << operation % 16;
    uint64_t offset = t->n > 0 ? t->regions[operation % t->n].offset : 65536;
    int rc;

    switch (operation % 4) {
    case 0:
    case 1:
        rc = vgi__shm_table_allocate(t, amount + 1, operation % 3 * 8, &offset, NULL);
        require(rc == VGI_OK || rc == VGI_END);
        require(rc == VGI_END || (offset >= 65536 && offset + amount + 1 <= SIZE));
        break;
    case 2:
        require(vgi__shm_table_free(t, offset, NULL) == VGI_OK);
        break;
    default:
        rc = vgi__shm_table_shrink(t, offset, amount, NULL);
        require(rc == VGI_OK || rc == VGI_EPROTO);
    }
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    vgi__shm_table t = { .header = header, .size = SIZE, .regions = regions };

    if (size < OPERATIONS)
        return 0;
    const size_t n =
        size - OPERATIONS < sizeof(header) ? size - OPERATIONS : sizeof(header);
    memset(header, 0, sizeof(header));
    memcpy(header, data + OPERATIONS, n);
    if (vgi__shm_check(header, SIZE, regions, &t.n, NULL) != VGI_OK)
        return 0;
    for (int i = 0; i < OPERATIONS; i++)
        operate(&t, data[i]);
    return 0;
}
