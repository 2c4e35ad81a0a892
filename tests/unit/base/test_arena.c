/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include <vgirpc/arena.h>

#include "base/arena.h"
#include "support/traced.h"

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    uint8_t *last = NULL;
    for (size_t size = 0; size < 40; size++) {
        uint8_t *p = vgi_arena_alloc(&arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        assert_ptr_not_equal(p, last);
        memset(p, (int)size, size);
        last = p;
    }
    vgi_arena_free(&arena);
}

static void calloc_zeroes(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    void *dirty = vgi_arena_alloc(&arena, 1000);
    assert_non_null(dirty);
    memset(dirty, 0xff, 1000);
    vgi_arena_reset(&arena);
    uint8_t *p = vgi_arena_calloc(&arena, 100, 10);
    assert_non_null(p);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    assert_null(vgi_arena_calloc(&arena, SIZE_MAX, 2));
    vgi_arena_free(&arena);
}

/* Sizes as a call would ask for them; false: out of memory. */
static bool one_round(vgi_arena *arena, unsigned seed)
{
    for (unsigned i = 0; i < 400; i++) {
        size_t size = (seed + i * 37) % 900;
        if (i % 50 == 0)
            size = 90000;
        void *p = vgi_arena_alloc(arena, size);
        if (!p)
            return false;
        memset(p, 1, size);
    }
    return true;
}

static void rounds_after_the_first_allocate_nothing(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    assert_true(one_round(&arena, 5));
    vgi_arena_reset(&arena);
    uint64_t before = vgi_test_allocations();
    for (unsigned i = 0; i < 20; i++) {
        assert_true(one_round(&arena, 5));
        vgi_arena_reset(&arena);
    }
    assert_int_equal(vgi_test_allocations(), before);
    vgi_arena_free(&arena);
}

static void changing_rounds_stay_bounded(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    size_t most = 0;
    for (unsigned i = 0; i < 60; i++) {
        assert_true(one_round(&arena, i * 101));
        if (i == 10)
            most = arena.held;
        vgi_arena_reset(&arena);
    }
    assert_true(arena.held <= most * 2);
    vgi_arena_free(&arena);
}

static void reset_gives_large_blocks_back(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    assert_non_null(vgi_arena_alloc(&arena, 10));
    assert_non_null(vgi_arena_alloc(&arena, (size_t)2 << 20));
    assert_true(arena.held > (size_t)2 << 20);
    vgi_arena_reset(&arena);
    assert_true(arena.held < 8192);
    assert_non_null(vgi_arena_alloc(&arena, 10));
    vgi_arena_free(&arena);

    /* The first block may be a large one, too. */
    assert_non_null(vgi_arena_alloc(&arena, (size_t)2 << 20));
    vgi_arena_reset(&arena);
    assert_int_equal(arena.held, 0);
    assert_null(arena.head);
    vgi_arena_free(&arena);
}

static void reset_keeps_a_bounded_amount(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    for (int i = 0; i < 500; i++)
        assert_non_null(vgi_arena_alloc(&arena, 64000));
    assert_true(arena.held > (size_t)30 << 20);
    vgi_arena_reset(&arena);
    assert_true(arena.held <= (size_t)17 << 20);
    vgi_arena_free(&arena);
}

static void the_limit_holds(void **state)
{
    (void)state;
    vgi_arena arena = { .limit = 10000 };
    size_t sum = 0;
    while (vgi_arena_alloc(&arena, 100))
        sum += 100;
    assert_true(arena.held <= 10000);
    if (vgi_test_live_blocks() >= 2)
        assert_true(sum >= 8000);
    assert_null(vgi_arena_alloc(&arena, SIZE_MAX));
    assert_null(vgi_arena_alloc(&arena, SIZE_MAX - 100));
    vgi_arena_free(&arena);
    assert_int_equal(arena.held, 0);
    vgi_arena_free(NULL);
}

static void uses_its_allocator(void **state)
{
    (void)state;
    vgi_arena arena = { .allocator = vgi_test_allocator() };
    size_t before = vgi_test_live_bytes();
    assert_non_null(vgi_arena_alloc(&arena, 1));
    assert_int_equal(vgi_test_live_bytes() - before, arena.held);
    vgi_arena_free(&arena);
    assert_int_equal(vgi_test_live_bytes(), before);
}

static char order[8];

static void note(void *what)
{
    strncat(order, what, 1);
}

static void deferred_releases_run_latest_first(void **state)
{
    (void)state;
    vgi_arena arena = { 0 };
    order[0] = '\0';
    assert_true(vgi__arena_defer(&arena, note, "a"));
    assert_true(vgi__arena_defer(&arena, note, "b"));
    assert_string_equal(order, "");
    vgi_arena_reset(&arena);
    assert_string_equal(order, "ba");
    assert_true(vgi__arena_defer(&arena, note, "c"));
    vgi_arena_free(&arena);
    assert_string_equal(order, "bac");
    vgi_arena_free(&arena);
    assert_string_equal(order, "bac");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(calloc_zeroes),
        cmocka_unit_test(rounds_after_the_first_allocate_nothing),
        cmocka_unit_test(changing_rounds_stay_bounded),
        cmocka_unit_test(reset_gives_large_blocks_back),
        cmocka_unit_test(reset_keeps_a_bounded_amount),
        cmocka_unit_test(the_limit_holds),
        cmocka_unit_test(uses_its_allocator),
        cmocka_unit_test(deferred_releases_run_latest_first),
    };
    return vgi_test_run(tests);
}
