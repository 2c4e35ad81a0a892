/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "support/traced.h"

static void size_zero_is_a_pointer(void **state)
{
    (void)state;
    void *p = vgi__alloc(NULL, 0);
    assert_non_null(p);
    p = vgi__resize(NULL, p, 0);
    assert_non_null(p);
    vgi__free(NULL, p);
    p = vgi__calloc(NULL, 0, 8);
    assert_non_null(p);
    vgi__free(NULL, p);
}

static void calloc_zeroes_and_checks(void **state)
{
    (void)state;
    uint8_t *p = vgi__calloc(NULL, 7, 9);
    assert_non_null(p);
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(p[i], 0);
    vgi__free(NULL, p);
    assert_null(vgi__calloc(NULL, SIZE_MAX / 2, 3));
}

static void grow_doubles(void **state)
{
    (void)state;
    void *p = NULL;
    size_t cap = 0;
    assert_true(vgi__grow(NULL, &p, &cap, 1, 4));
    assert_int_equal(cap, 8);
    ((uint32_t *)p)[7] = 77;
    assert_true(vgi__grow(NULL, &p, &cap, 9, 4));
    assert_int_equal(cap, 16);
    assert_int_equal(((uint32_t *)p)[7], 77);
    void *same = p;
    assert_true(vgi__grow(NULL, &p, &cap, 16, 4));
    assert_ptr_equal(p, same);
    assert_true(vgi__grow(NULL, &p, &cap, 100, 4));
    assert_int_equal(cap, 100);
    vgi__free(NULL, p);
}

static void grow_refuses_overflow(void **state)
{
    (void)state;
    void *p = NULL;
    size_t cap = 0;
    assert_false(vgi__grow(NULL, &p, &cap, SIZE_MAX / 2, 4));
    assert_null(p);
    assert_int_equal(cap, 0);
}

static void strndup_terminates(void **state)
{
    (void)state;
    char *s = vgi__strndup(NULL, "abcdef", 3);
    assert_non_null(s);
    assert_string_equal(s, "abc");
    vgi__free(NULL, s);
    s = vgi__strndup(NULL, NULL, 0);
    assert_non_null(s);
    assert_string_equal(s, "");
    vgi__free(NULL, s);
    assert_null(vgi__strndup(NULL, "x", SIZE_MAX));
}

static void a_handles_allocator_is_used(void **state)
{
    (void)state;
    size_t before = vgi_test_live_bytes();
    void *p = vgi__alloc(vgi_test_allocator(), 100);
    assert_non_null(p);
    assert_int_equal(vgi_test_live_bytes(), before + 100);
    vgi__free(vgi_test_allocator(), p);
    assert_int_equal(vgi_test_live_bytes(), before);
    vgi__free(vgi_test_allocator(), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_is_a_pointer),
        cmocka_unit_test(calloc_zeroes_and_checks),
        cmocka_unit_test(grow_doubles),
        cmocka_unit_test(grow_refuses_overflow),
        cmocka_unit_test(strndup_terminates),
        cmocka_unit_test(a_handles_allocator_is_used),
    };
    return vgi_test_run(tests);
}
