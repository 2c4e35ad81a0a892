/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/bits.h"

#include <string.h>

#include "base/endian.h"

int64_t vgi__bits_count(const uint8_t *bits, int64_t first, int64_t count)
{
    int64_t total = 0;
    int64_t i = first;
    int64_t end = first + count;
    for (; i < end && (i & 7); i++)
        total += vgi__bit(bits, i);
    for (; end - i >= 64; i += 64)
        total += __builtin_popcountll(vgi__load64(bits + (i >> 3)));
    for (; end - i >= 8; i += 8)
        total += __builtin_popcount(bits[i >> 3]);
    for (; i < end; i++)
        total += vgi__bit(bits, i);
    return total;
}

void vgi__bits_copy(uint8_t *to, int64_t to_first, const uint8_t *from, int64_t first,
                    int64_t count)
{
    int64_t i = 0;
    for (; i < count && (to_first + i) % 8 != 0; i++)
        vgi__bit_set(to, to_first + i, vgi__bit(from, first + i));
    uint8_t *p = to + (to_first + i) / 8;
    unsigned shift = (unsigned)((first + i) % 8);
    for (const uint8_t *q = from + (first + i) / 8; count - i >= 8; i += 8, p++, q++)
        *p = (uint8_t)(shift == 0 ? q[0] : q[0] >> shift | q[1] << (8 - shift));
    int64_t end = to_first + count;
    if (i < count)
        *p = 0;
    for (; i < count; i++)
        vgi__bit_set(to, to_first + i, vgi__bit(from, first + i));
    if (end % 8 != 0)
        to[end / 8] &= (uint8_t)((1U << (end % 8)) - 1);
}

void vgi__bits_fill(uint8_t *bits, int64_t first, int64_t count)
{
    int64_t i = first;
    int64_t end = first + count;
    for (; i < end && (i & 7); i++)
        vgi__bit_set(bits, i, true);
    if (end - i >= 8) {
        memset(bits + i / 8, 0xFF, (size_t)((end - i) / 8));
        i += (end - i) / 8 * 8;
    }
    for (; i < end; i++)
        vgi__bit_set(bits, i, true);
}
