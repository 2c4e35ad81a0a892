/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens under the protocol hash. Expected spellings were made with the reference's
 * type_token. */
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

static void assert_token(const vgi_schema *s, int32_t column, const char *expected)
{
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    assert_true(vgi__canonical_type(&b, s, vgi__column_node(s, column)));
    assert_true(vgi__buffer_char(&b, '\0'));
    assert_string_equal(b.data, expected);
    vgi__buffer_free(&b);
}

static void assert_column(const vgi_column *column, const char *expected)
{
    vgi_schema *s;
    assert_int_equal(vgi_schema_build(&s, column, 1, NULL), VGI_OK);
    assert_token(s, 0, expected);
    vgi_schema_unref(s);
}

static void test_plain(void **state)
{
    static const char *const cases[][2] = {
        { "n", "null" },
        { "b", "bool" },
        { "c", "int8" },
        { "L", "uint64" },
        { "e", "float16" },
        { "f", "float32" },
        { "g", "float64" },
        { "u", "utf8" },
        { "U", "large_utf8" },
        { "vu", "utf8_view" },
        { "z", "binary" },
        { "Z", "large_binary" },
        { "vz", "binary_view" },
        { "w:16", "fixed_size_binary(16)" },
        { "d:38,9", "decimal128(38,9)" },
        { "d:76,-3,256", "decimal256(76,-3)" },
        { "tdD", "date32" },
        { "tdm", "date64" },
        { "tts", "time32(s)" },
        { "ttm", "time32(ms)" },
        { "ttu", "time64(us)" },
        { "ttn", "time64(ns)" },
        { "tsu:", "timestamp(us)" },
        { "tsn:UTC", "timestamp(ns,tz=UTC)" },
        { "tss:+00:00", "timestamp(s,tz=+00:00)" },
        { "tDm", "duration(ms)" },
        { "tiM", "interval_months" },
        { "tiD", "interval_day_time" },
        { "tin", "interval_month_day_nano" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_column(&(vgi_column){ .name = "c", .format = cases[i][0] }, cases[i][1]);
}

static void test_lists(void **state)
{
    static const vgi_column item = { .name = "element", .format = "l", .nullable = true };
    static const vgi_column strict = { .name = "x", .format = "u" };
    static const char *const cases[][2] = {
        { "+l", "list<item?:int64>" },
        { "+L", "large_list<item?:int64>" },
        { "+vl", "list_view<item?:int64>" },
        { "+vL", "large_list_view<item?:int64>" },
        { "+w:3", "fixed_size_list(3)<item?:int64>" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_column(
            &(vgi_column){
                .name = "c", .format = cases[i][0], .children = &item, .n_children = 1 },
            cases[i][1]);
    assert_column(
        &(vgi_column){
            .name = "c", .format = "+l", .children = &strict, .n_children = 1 },
        "list<item:utf8>");
}

static void test_composites(void **state)
{
    static const vgi_column fields[] = {
        { .name = "a", .format = "i" }, { .name = "b", .format = "u", .nullable = true }
    };
    static const vgi_column entries = {
        .name = "e", .format = "+s", .children = fields, .n_children = 2
    };
    static const vgi_column runs[] = {
        { .name = "run_ends", .format = "i" },
        { .name = "values", .format = "u", .nullable = true }
    };
    static const vgi_column values = { .name = "", .format = "u" };
    (void)state;
    assert_column(
        &(vgi_column){ .name = "c", .format = "+s", .children = fields, .n_children = 2 },
        "struct<a:int32,b?:utf8>");
    assert_column(&(vgi_column){ .name = "c", .format = "+s" }, "struct<>");
    assert_column(
        &(vgi_column){
            .name = "c", .format = "+m", .children = &entries, .n_children = 1 },
        "map<key:int32,value?:utf8>");
    assert_column(
        &(vgi_column){
            .name = "c", .format = "+us:5,7", .children = fields, .n_children = 2 },
        "sparse_union<5=a:int32,7=b?:utf8>");
    assert_column(
        &(vgi_column){
            .name = "c", .format = "+ud:0,1", .children = fields, .n_children = 2 },
        "dense_union<0=a:int32,1=b?:utf8>");
    assert_column(
        &(vgi_column){ .name = "c", .format = "+r", .children = runs, .n_children = 2 },
        "run_end_encoded<run_ends:int32,values:utf8>");
    assert_column(&(vgi_column){ .name = "c", .format = "s", .dictionary = &values },
                  "dictionary<index:int16,value:utf8>");
}

static void nothing(struct ArrowSchema *s)
{
    (void)s;
}

/* What the plain table of columns cannot say. */
static void test_flags_and_extensions(void **state)
{
    static const char uuid[] = "\2\0\0\0"
                               "\3\0\0\0abc\1\0\0\0x"
                               "\x14\0\0\0ARROW:extension:name\x0a\0\0\0arrow.uuid";
    struct ArrowSchema value = { .format = "u", .name = "value", .release = nothing };
    struct ArrowSchema key = { .format = "u", .name = "key", .release = nothing };
    struct ArrowSchema *key_value[] = { &key, &value };
    struct ArrowSchema entries = { .format = "+s",
                                   .name = "e",
                                   .release = nothing,
                                   .n_children = 2,
                                   .children = key_value };
    struct ArrowSchema *one[] = { &entries };
    struct ArrowSchema columns[] = {
        { .format = "i",
          .name = "d",
          .release = nothing,
          .dictionary = &value,
          .flags = ARROW_FLAG_DICTIONARY_ORDERED },
        { .format = "+m",
          .name = "m",
          .release = nothing,
          .flags = ARROW_FLAG_MAP_KEYS_SORTED,
          .n_children = 1,
          .children = one },
        { .format = "w:16", .name = "x", .release = nothing, .metadata = uuid },
    };
    struct ArrowSchema *children[] = { &columns[0], &columns[1], &columns[2] };
    const struct ArrowSchema root = { .format = "+s",
                                      .name = "",
                                      .release = nothing,
                                      .n_children = 3,
                                      .children = children };
    vgi_schema *s;
    (void)state;
    assert_int_equal(vgi_schema_import(&s, &root, NULL), VGI_OK);
    assert_token(s, 0, "dictionary<index:int32,value:utf8>,ordered");
    assert_token(s, 1, "map<key:utf8,value:utf8>,keys_sorted");
    assert_token(s, 2, "extension(arrow.uuid)<fixed_size_binary(16)>");
    vgi_schema_unref(s);
}

/* A described struct, member by member. */
static void test_described(void **state)
{
    static const char *const expected[] = {
        "utf8",
        "binary",
        "int64",
        "float64",
        "bool",
        "list<item?:int64>",
        "list<item?:utf8>",
        "map<key:utf8,value?:int64>",
        "dictionary<index:int16,value:utf8>",
        "struct<x:float64,y:float64>",
        "utf8",
        "int64",
        "struct<x:float64,y:float64>",
        "list<item?:struct<x:float64,y:float64>>",
        "int32",
        "float32",
        "list<item?:list<item?:int64>>",
        "map<key:utf8,value?:utf8>",
    };
    vgi__record *r;
    (void)state;
    assert_int_equal(vgi__record_compile(&r, &vgi_type_all_types, VGI__ROLE_ROW, NULL,
                                         NULL, NULL, NULL),
                     VGI_OK);
    for (int32_t i = 0; i < 18; i++)
        assert_token(vgi__record_schema(r), i, expected[i]);
    vgi__record_free(r);
}

/* A full buffer is reported, not cut. */
static void test_no_room(void **state)
{
    vgi_schema *s;
    vgi__buffer b;
    (void)state;
    assert_int_equal(
        vgi_schema_build(&s, &(vgi_column){ .name = "c", .format = "w:16" }, 1, NULL),
        VGI_OK);
    vgi__buffer_init(&b, NULL, 8);
    assert_false(vgi__canonical_type(&b, s, 1));
    vgi__buffer_free(&b);
    vgi_schema_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_lists),
        cmocka_unit_test(test_composites), cmocka_unit_test(test_flags_and_extensions),
        cmocka_unit_test(test_described),  cmocka_unit_test(test_no_room),
    };
    return vgi_test_run(tests);
}
