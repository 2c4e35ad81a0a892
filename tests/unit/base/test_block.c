/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include <vgirpc/error.h>

#include "base/block.h"
#include "support/traced.h"

static void data_is_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 63, 64, 1000, VGI_BLOCK_MAP_BYTES };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        vgi__block *b = vgi__block_new(NULL, sizes[i]);
        assert_non_null(b);
        assert_int_equal((uintptr_t)b->data % 64, 0);
        assert_int_equal(b->size, sizes[i]);
        memset(b->data, 0x5a, b->size);
        vgi__block_unref(b);
    }
    assert_null(vgi__block_new(NULL, SIZE_MAX));
    assert_null(vgi__block_new(NULL, SIZE_MAX / 4));
}

static void the_last_reference_frees(void **state)
{
    (void)state;
    size_t before = vgi_test_live_blocks();
    vgi__block *b = vgi__block_new(vgi_test_allocator(), 100);
    assert_non_null(b);
    assert_true(vgi__block_unique(b));
    assert_ptr_equal(vgi__block_ref(b), b);
    assert_false(vgi__block_unique(b));
    vgi__block_unref(b);
    assert_true(vgi__block_unique(b));
    vgi__block_unref(b);
    assert_int_equal(vgi_test_live_blocks(), before);
    assert_null(vgi__block_ref(NULL));
    vgi__block_unref(NULL);
}

static void fill(vgi__block *b, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        b->data[i] = (uint8_t)(i * 7);
}

static size_t first_difference(const vgi__block *b, size_t n)
{
    size_t i = 0;
    while (i < n && b->data[i] == (uint8_t)(i * 7))
        i++;
    return i;
}

/* Plain to plain, plain to mapped, mapped to mapped. */
static void grow_keeps_the_data(void **state)
{
    (void)state;
    static const size_t steps[] = { 3000, VGI_BLOCK_MAP_BYTES, VGI_BLOCK_MAP_BYTES * 4 };
    size_t size = 1000;
    vgi__block *b = vgi__block_new(NULL, size);
    assert_non_null(b);
    fill(b, 0, size);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int rc = vgi__block_grow(&b, size, steps[i]);
        if (rc != VGI_OK)
            vgi__block_unref(b);
        assert_int_equal(rc, VGI_OK);
        assert_int_equal(b->size, steps[i]);
        assert_int_equal(first_difference(b, size), size);
        fill(b, size, steps[i]);
        size = steps[i];
    }
    assert_int_equal(vgi__block_grow(&b, 10, 100), VGI_OK);
    assert_int_equal(b->size, size);
    vgi__block_unref(b);
}

static void a_failed_grow_changes_nothing(void **state)
{
    (void)state;
    vgi__block *small = vgi__block_new(NULL, 100);
    vgi__block *large = vgi__block_new(NULL, VGI_BLOCK_MAP_BYTES);
    vgi__block *was_small = small, *was_large = large;
    if (small && large) {
        fill(small, 0, 100);
        assert_int_equal(vgi__block_grow(&small, 100, SIZE_MAX / 2), VGI_ENOMEM);
        assert_int_equal(vgi__block_grow(&large, 100, SIZE_MAX / 2), VGI_ENOMEM);
        assert_ptr_equal(small, was_small);
        assert_ptr_equal(large, was_large);
        assert_int_equal(first_difference(small, 100), 100);
    }
    vgi__block_unref(small);
    vgi__block_unref(large);
}

/* Someone who brings an allocator gets everything from it. */
static void a_custom_allocator_is_not_bypassed(void **state)
{
    (void)state;
    size_t before = vgi_test_live_bytes();
    vgi__block *b = vgi__block_new(vgi_test_allocator(), VGI_BLOCK_MAP_BYTES);
    assert_non_null(b);
    assert_true(vgi_test_live_bytes() - before >= VGI_BLOCK_MAP_BYTES);
    vgi__block_unref(b);
}

static void *drop(void *b)
{
    vgi__block_unref(b);
    return NULL;
}

static void references_drop_on_any_thread(void **state)
{
    (void)state;
    vgi__block *b = vgi__block_new(NULL, 100);
    assert_non_null(b);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        vgi__block_ref(b);
        assert_int_equal(pthread_create(&threads[i], NULL, drop, b), 0);
    }
    vgi__block_unref(b);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_aligned),
        cmocka_unit_test(the_last_reference_frees),
        cmocka_unit_test(grow_keeps_the_data),
        cmocka_unit_test(a_failed_grow_changes_nothing),
        cmocka_unit_test(a_custom_allocator_is_not_bypassed),
        cmocka_unit_test(references_drop_on_any_thread),
    };
    return vgi_test_run(tests);
}
