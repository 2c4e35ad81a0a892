/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/buffer.h"
#include "support/traced.h"

static void appends_in_order(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    vgi__buffer_str(&b, "one ");
    vgi__buffer_append(&b, "two.three", 3);
    vgi__buffer_char(&b, ' ');
    vgi__buffer_printf(&b, "%d%s", 3, "!");
    vgi__buffer_append(&b, NULL, 0);
    bool same = b.len == 10 && memcmp(b.data, "one two 3!", 10) == 0;
    vgi__buffer_free(&b);
    assert_true(same);
    assert_null(b.data);
    assert_int_equal(b.len, 0);
}

static void grows_over_many_appends(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    for (uint32_t i = 0; i < 5000; i++)
        vgi__buffer_append(&b, &i, sizeof(i));
    bool complete = !b.failed && b.len == 20000;
    for (uint32_t i = 0; complete && i < 5000; i++)
        complete = memcmp(b.data + 4 * (size_t)i, &i, 4) == 0;
    uint64_t before = vgi_test_allocations();
    vgi__buffer_clear(&b);
    for (uint32_t i = 0; i < 5000; i++)
        vgi__buffer_append(&b, &i, sizeof(i));
    uint64_t after = vgi_test_allocations();
    vgi__buffer_free(&b);
    assert_true(complete);
    assert_int_equal(after, before);
}

static void the_limit_is_exact_and_sticky(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, 10);
    bool fits = vgi__buffer_append(&b, "0123456789", 10);
    bool over = vgi__buffer_char(&b, 'x');
    bool later = vgi__buffer_append(&b, NULL, 0);
    size_t len = b.len;
    bool failed = b.failed;
    vgi__buffer_clear(&b);
    bool again = vgi__buffer_char(&b, 'y');
    vgi__buffer_free(&b);
    assert_true(fits);
    assert_false(over);
    assert_false(later);
    assert_true(failed);
    assert_int_equal(len, 10);
    assert_true(again);
}

static void a_lowered_limit_refuses(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, 100);
    vgi__buffer_str(&b, "0123456789");
    b.limit = 5;
    bool over = vgi__buffer_char(&b, 'x');
    vgi__buffer_free(&b);
    assert_false(over);
}

static void huge_requests_fail(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    vgi__buffer_char(&b, 'a');
    uint8_t *p = vgi__buffer_extend(&b, SIZE_MAX - 1);
    bool failed = b.failed;
    vgi__buffer_free(&b);
    assert_null(p);
    assert_true(failed);
}

static void reserve_leaves_the_length(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    uint8_t *p = vgi__buffer_reserve(&b, 50);
    assert_non_null(p);
    assert_int_equal(b.len, 0);
    assert_ptr_equal(vgi__buffer_extend(&b, 50), p);
    assert_int_equal(b.len, 50);
    vgi__buffer_free(&b);
}

static void long_formats_fit(void **state)
{
    (void)state;
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    bool ok = vgi__buffer_printf(&b, "%*d|", 3000, 7);
    bool right = ok && b.len == 3001 && b.data[2999] == '7' && b.data[3000] == '|';
    vgi__buffer_free(&b);
    assert_true(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_in_order),
        cmocka_unit_test(grows_over_many_appends),
        cmocka_unit_test(the_limit_is_exact_and_sticky),
        cmocka_unit_test(a_lowered_limit_refuses),
        cmocka_unit_test(huge_requests_fail),
        cmocka_unit_test(reserve_leaves_the_length),
        cmocka_unit_test(long_formats_fit),
    };
    return vgi_test_run(tests);
}
