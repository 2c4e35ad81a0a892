/* SPDX-License-Identifier: Apache-2.0 */
/* Bitmaps: least significant bit first, as Arrow has them. */
#ifndef VGI_ARROW_BITS_H
#define VGI_ARROW_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool vgi__bit(const uint8_t *bits, int64_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

static inline void vgi__bit_set(uint8_t *bits, int64_t i, bool value)
{
    uint8_t mask = (uint8_t)(1U << (i & 7));
    bits[i >> 3] = (uint8_t)(value ? bits[i >> 3] | mask : bits[i >> 3] & ~mask);
}

/* Set bits among `count` from bit `first` on. */
int64_t vgi__bits_count(const uint8_t *bits, int64_t first, int64_t count);
/* Copy `count` bits; what lies behind them in the last byte written becomes 0, what lies
 * before the first bit stays. The two must not overlap. */
void vgi__bits_copy(uint8_t *to, int64_t to_first, const uint8_t *from, int64_t first,
                    int64_t count);
/* Make `count` bits from bit `first` on 1. */
void vgi__bits_fill(uint8_t *bits, int64_t first, int64_t count);

#endif
