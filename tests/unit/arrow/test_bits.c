/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <string.h>

#include "arrow/bits.h"

enum { BYTES = 32, BITS = BYTES * 8 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void fill(uint8_t *p, uint32_t *seed)
{
    for (int i = 0; i < BYTES; i++)
        p[i] = (uint8_t)next(seed);
}

static void counting_is_bit_by_bit(void **state)
{
    (void)state;
    uint32_t seed = 1;
    uint8_t bits[BYTES];
    for (int round = 0; round < 2000; round++) {
        fill(bits, &seed);
        int64_t first = next(&seed) % BITS;
        int64_t count = next(&seed) % (BITS - first + 1);
        int64_t expected = 0;
        for (int64_t i = first; i < first + count; i++)
            expected += vgi__bit(bits, i);
        assert_int_equal(vgi__bits_count(bits, first, count), expected);
    }
}

static void copying_keeps_what_is_before_and_clears_what_is_behind(void **state)
{
    (void)state;
    uint32_t seed = 2;
    for (int round = 0; round < 2000; round++) {
        uint8_t from[BYTES];
        uint8_t to[BYTES];
        uint8_t before[BYTES];
        fill(from, &seed);
        fill(to, &seed);
        memcpy(before, to, BYTES);
        int64_t count = next(&seed) % 100;
        int64_t first = next(&seed) % (BITS - count);
        int64_t at = next(&seed) % (BITS - count);
        vgi__bits_copy(to, at, from, first, count);
        for (int64_t i = 0; i < BITS; i++) {
            bool inside = i >= at && i < at + count;
            bool rest = i >= at + count && i < (at + count + 7) / 8 * 8;
            bool expected =
                inside ? vgi__bit(from, first + i - at) : !rest && vgi__bit(before, i);
            assert_int_equal(vgi__bit(to, i), expected);
        }
    }
}

static void filling_sets_only_its_bits(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int round = 0; round < 2000; round++) {
        uint8_t bits[BYTES] = { 0 };
        int64_t first = next(&seed) % BITS;
        int64_t count = next(&seed) % (BITS - first + 1);
        vgi__bits_fill(bits, first, count);
        assert_int_equal(vgi__bits_count(bits, first, count), count);
        assert_int_equal(vgi__bits_count(bits, 0, BITS), count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_is_bit_by_bit),
        cmocka_unit_test(copying_keeps_what_is_before_and_clears_what_is_behind),
        cmocka_unit_test(filling_sets_only_its_bits),
    };
    return vgi_test_run(tests);
}
