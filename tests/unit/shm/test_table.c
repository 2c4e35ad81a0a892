/* SPDX-License-Identifier: Apache-2.0 */
/* The table of allocations: against a model, and against headers that lie. */
#include <stdbool.h>
#include <string.h>

#include "base/endian.h"
#include "shm/table.h"
#include "support/traced.h"

enum { SIZE = 65536 + (1 << 20), STEPS = 20000 };

static uint8_t header[VGI__SHM_HEADER_BYTES];
static vgi__shm_region regions[VGI__SHM_MAX_ALLOCATIONS];

static vgi__shm_table new_table(uint64_t size)
{
    memset(header, 0xEE, sizeof(header));
    vgi__shm_table_init(header, size);
    return (vgi__shm_table){ .header = header, .size = size, .regions = regions };
}

static void put(size_t i, uint64_t offset, uint64_t length)
{
    vgi__store64(header + 24 + 16 * i, offset);
    vgi__store64(header + 32 + 16 * i, length);
}

static void count(uint32_t n)
{
    vgi__store32(header + 16, n);
}

/* ---- the layout ---- */

static void test_bytes(void **state)
{
    static const uint8_t expected[56] = {
        'V', 'G', 'I', 'S', 1, 0, 0, 0, 0,   0, 0x10, 0, 0, 0, 0, 0, /* head */
        2,   0,   0,   0,   0, 0, 0, 0,                              /* count */
        0,   0,   1,   0,   0, 0, 0, 0, 100, 0, 0,    0, 0, 0, 0, 0, /* first */
        128, 0,   1,   0,   0, 0, 0, 0, 7,   0, 0,    0, 0, 0, 0, 0, /* second */
    };
    vgi__shm_table t = new_table(SIZE);
    uint64_t at;

    (void)state;
    assert_int_equal(vgi__shm_table_allocate(&t, 100, 0, &at, NULL), VGI_OK);
    assert_int_equal(at, 65536);
    assert_int_equal(vgi__shm_table_allocate(&t, 7, 0, &at, NULL), VGI_OK);
    assert_int_equal(at, 65536 + 128);
    assert_memory_equal(header, expected, sizeof(expected));
}

/* ---- against a model: one byte for each of the segment ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Which allocation has a place; 0: none. Places are of 8 bytes. */
static uint16_t owner[SIZE / 8];
static struct {
    uint64_t offset, size;
} live[64];

static void claim(size_t i, uint64_t offset, uint64_t size)
{
    for (uint64_t p = offset / 8; p < (offset + size + 7) / 8; p++) {
        assert_int_equal(owner[p], 0);
        owner[p] = (uint16_t)(i + 1);
    }
    live[i].offset = offset;
    live[i].size = size;
}

static void disown(size_t i)
{
    for (uint64_t p = live[i].offset / 8; p < (live[i].offset + live[i].size + 7) / 8;
         p++) {
        assert_int_equal(owner[p], i + 1);
        owner[p] = 0;
    }
    live[i].size = 0;
}

/* Is there a gap where this fits and is aligned? */
static bool model_fits(uint64_t size, size_t lead)
{
    uint64_t free_from = VGI__SHM_HEADER_BYTES;

    for (uint64_t p = VGI__SHM_HEADER_BYTES / 8; p <= SIZE / 8; p++) {
        if (p < SIZE / 8 && owner[p] == 0)
            continue;
        const uint64_t at = ((free_from + lead + 63) & ~UINT64_C(63)) - lead;

        if (at + size <= p * 8)
            return true;
        free_from = (p + 1) * 8;
    }
    return false;
}

static void step_allocate(vgi__shm_table *t, size_t i, uint32_t *seed)
{
    const size_t lead = next_random(seed) % 3 * 8;
    const uint64_t size = lead + (1 + next_random(seed) % 5000) * 8;
    uint64_t at;
    int rc = vgi__shm_table_allocate(t, size, lead, &at, NULL);

    if (rc == VGI_END) {
        assert_false(model_fits(size, lead));
        return;
    }
    assert_int_equal(rc, VGI_OK);
    assert_int_equal((at + lead) % VGI__SHM_ALIGN, 0);
    assert_true(at >= VGI__SHM_HEADER_BYTES && at + size <= SIZE);
    claim(i, at, size);
}

static void step_shrink(vgi__shm_table *t, size_t i, uint32_t *seed)
{
    const uint64_t offset = live[i].offset;
    const uint64_t size = (1 + next_random(seed) % (live[i].size / 8)) * 8;

    assert_int_equal(vgi__shm_table_shrink(t, offset, size, NULL), VGI_OK);
    disown(i);
    claim(i, offset, size);
}

static void test_model(void **state)
{
    vgi__shm_table t = new_table(SIZE);
    uint32_t seed = 20240229;

    (void)state;
    memset(owner, 0, sizeof(owner));
    memset(live, 0, sizeof(live));
    for (int step = 0; step < STEPS; step++) {
        const size_t i = next_random(&seed) % 64;

        if (live[i].size == 0) {
            step_allocate(&t, i, &seed);
        } else if (next_random(&seed) % 4 == 0) {
            step_shrink(&t, i, &seed);
        } else {
            assert_int_equal(vgi__shm_table_free(&t, live[i].offset, NULL), VGI_OK);
            disown(i);
        }
    }
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(vgi__shm_table_free(&t, live[i].size ? live[i].offset : 1, NULL),
                         VGI_OK);
    assert_int_equal(vgi__shm_check(header, SIZE, regions, &t.n, NULL), VGI_OK);
    assert_int_equal(t.n, 0);
}

static void test_full_table(void **state)
{
    vgi__shm_table t = new_table(SIZE);
    uint64_t at;

    (void)state;
    for (int i = 0; i < VGI__SHM_MAX_ALLOCATIONS; i++)
        assert_int_equal(vgi__shm_table_allocate(&t, 8, 0, &at, NULL), VGI_OK);
    assert_int_equal(vgi__shm_table_allocate(&t, 8, 0, &at, NULL), VGI_END);
    assert_int_equal(vgi__shm_table_free(&t, 65536 + 64, NULL), VGI_OK);
    assert_int_equal(vgi__shm_table_allocate(&t, 8, 0, &at, NULL), VGI_OK);
    assert_int_equal(at, 65536 + 64);
}

/* A peer allocates without gaps: what it leaves between is found. */
static void test_first_fit(void **state)
{
    vgi__shm_table t = new_table(SIZE);
    uint64_t at;

    (void)state;
    put(0, 65536, 100);
    put(1, 65536 + 100, 28);
    put(2, 65536 + 1024, 64);
    count(3);
    assert_int_equal(vgi__shm_table_allocate(&t, 900, 0, &at, NULL), VGI_OK);
    assert_int_equal(at, 65536 + 1024 + 64);
    assert_int_equal(vgi__shm_table_allocate(&t, 896, 0, &at, NULL), VGI_OK);
    assert_int_equal(at, 65536 + 128);
    assert_int_equal(vgi__shm_table_allocate(&t, SIZE, 0, &at, NULL), VGI_END);
    assert_int_equal(vgi__shm_table_allocate(&t, UINT64_MAX, 0, &at, NULL), VGI_END);
}

/* ---- headers that lie ---- */

static void expect_refusal(const char *text)
{
    vgi__shm_table t = { .header = header, .size = SIZE, .regions = regions };
    vgi_error err;
    uint64_t at;
    size_t n;

    assert_int_equal(vgi__shm_check(header, SIZE, regions, &n, &err), VGI_EPROTO);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in '%s'", text, err.message);
    assert_int_equal(vgi__shm_table_allocate(&t, 8, 0, &at, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_table_shrink(&t, 65536, 8, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_table_free(&t, 65536, NULL), VGI_EPROTO);
}

static void test_bad_head(void **state)
{
    (void)state;
    (void)new_table(SIZE);
    header[0] = 'v';
    expect_refusal("without the magic");
    (void)new_table(SIZE);
    header[4] = 2;
    expect_refusal("unknown version 2");
    (void)new_table(SIZE - 1);
    expect_refusal("whose header says 1048575 of data");
    (void)new_table(SIZE);
    count(VGI__SHM_MAX_ALLOCATIONS + 1);
    expect_refusal("4095 allocations, more than 4094");
    count(UINT32_MAX);
    expect_refusal("4294967295 allocations");
}

static void test_bad_entries(void **state)
{
    static const struct {
        uint64_t offset, length;
    } bad[] = {
        { 65535, 8 },           { 0, 8 },         { SIZE, 1 },
        { SIZE - 8, 9 },        { 65536, 0 },     { 65536, UINT64_MAX },
        { UINT64_MAX, 1 },      { SIZE + 64, 8 }, { 65536, SIZE },
        { UINT64_MAX - 7, 64 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)new_table(SIZE);
        put(0, bad[i].offset, bad[i].length);
        count(1);
        expect_refusal("overlaps another or lies outside");
    }
    (void)new_table(SIZE);
    put(0, 65536, 64);
    put(1, 65536 + 63, 64); /* overlaps */
    count(2);
    expect_refusal("allocation 1, 64 bytes at 65599");
    put(0, 65536 + 640, 64);
    put(1, 65536, 64); /* out of order */
    expect_refusal("allocation 1");
}

static void test_shrink_refuses(void **state)
{
    vgi__shm_table t = new_table(SIZE);
    uint64_t at;

    (void)state;
    assert_int_equal(vgi__shm_table_allocate(&t, 640, 0, &at, NULL), VGI_OK);
    assert_int_equal(vgi__shm_table_shrink(&t, at, 641, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_table_shrink(&t, at, 0, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_table_shrink(&t, at + 64, 8, NULL), VGI_EPROTO);
    assert_int_equal(vgi__shm_table_shrink(&t, at, 640, NULL), VGI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_model),
        cmocka_unit_test(test_full_table),     cmocka_unit_test(test_first_fit),
        cmocka_unit_test(test_bad_head),       cmocka_unit_test(test_bad_entries),
        cmocka_unit_test(test_shrink_refuses),
    };

    return vgi_test_run(tests);
}
