/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <vgirpc/limits.h>
#include <vgirpc/metadata.h>
#include <vgirpc/version.h>

#include "support/traced.h"

static void strings_view_and_compare(void **state)
{
    (void)state;
    vgi_str s = vgi_str_from("abc");
    assert_int_equal(s.len, 3);
    assert_true(vgi_str_eq(s, "abc"));
    assert_false(vgi_str_eq(s, "ab"));
    assert_false(vgi_str_eq(s, "abcd"));
    assert_false(vgi_str_eq(s, NULL));
    assert_true(vgi_str_eq(VGI_LIT(""), ""));
    assert_null(vgi_str_from(NULL).data);
    assert_true(vgi_str_eq(vgi_str_from(NULL), NULL));
    assert_false(vgi_str_eq(vgi_str_from(NULL), ""));
    assert_false(vgi_str_eq((vgi_str){ "a\0b", 3 }, "a"));
}

static void the_first_pair_wins(void **state)
{
    (void)state;
    const vgi_pair pairs[] = {
        { VGI_LIT("a"), VGI_LIT("1") },
        { VGI_LIT("b"), VGI_LIT("") },
        { VGI_LIT("a"), VGI_LIT("2") },
    };
    const vgi_metadata m = { pairs, 3 };
    vgi_str value = VGI_LIT("untouched");
    assert_false(vgi_metadata_get(&m, "c", &value));
    assert_true(vgi_str_eq(value, "untouched"));
    assert_true(vgi_metadata_get(&m, "a", &value));
    assert_true(vgi_str_eq(value, "1"));
    assert_true(vgi_metadata_get(&m, "b", &value));
    assert_int_equal(value.len, 0);
    assert_true(vgi_metadata_get(&m, "b", NULL));
    assert_false(vgi_metadata_get(NULL, "a", &value));
}

static void zero_means_the_default(void **state)
{
    (void)state;
    vgi_limits all = vgi_limits_effective(NULL);
    assert_int_equal(all.schema_bytes, 16 << 20);
    assert_true(all.message_bytes == INT64_C(256) << 20);
    assert_true(all.decompressed_bytes == INT64_C(64) << 20);
    assert_true(all.dictionary_bytes == INT64_C(64) << 20);
    assert_int_equal(all.fields, 65536);
    assert_int_equal(all.depth, 64);
    assert_int_equal(all.name_bytes, 65536);
    assert_int_equal(all.metadata_bytes, 1 << 20);
    assert_int_equal(all.metadata_pairs, 1024);
    assert_true(all.arena_bytes == INT64_C(1) << 30);
    assert_int_equal(all.log_bytes, 1 << 20);

    vgi_limits some = { .depth = 3, .message_bytes = 77 };
    vgi_limits filled = vgi_limits_effective(&some);
    assert_int_equal(filled.depth, 3);
    assert_true(filled.message_bytes == 77);
    assert_int_equal(filled.fields, all.fields);
    assert_int_equal(filled.log_bytes, all.log_bytes);
    assert_true(filled.arena_bytes == all.arena_bytes);
}

static void the_version_is_the_headers(void **state)
{
    (void)state;
    assert_string_equal(vgi_version(), VGI_VERSION_STRING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_view_and_compare),
        cmocka_unit_test(the_first_pair_wins),
        cmocka_unit_test(zero_means_the_default),
        cmocka_unit_test(the_version_is_the_headers),
    };
    return vgi_test_run(tests);
}
