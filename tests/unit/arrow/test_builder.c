/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <stdio.h>
#include <string.h>

#include "support/arrow/literal.h"

/* ---- values in, values out ---- */

typedef struct example {
    const char *schema, *values, *rendered;
    int64_t nulls; /* of the column itself */
} example;

static const example examples[] = {
    { "a=n", "null null", "null,null", 2 },
    { "a=b", "true null false true", "true,null,false,true", 1 },
    { "a=c", "-128 127 null", "-128,127,null", 1 },
    { "a=L", "18446744073709551615 0", "18446744073709551615,0", 0 },
    { "a=tsu:UTC", "null 5", "null,5", 1 },
    { "a=g", "1.5 null", "\"000000000000f83f\",null", 1 },
    { "a=w:2", "'ab' null", "\"6162\",null", 1 },
    { "a=u", "'' null 'zw\xC3\xB6lf'", "\"\",null,\"zw\xC3\xB6lf\"", 1 },
    { "a=Z", "'a' ''", "\"61\",\"\"", 0 },
    { "a=vu", "'twelve bytes' 'thirteen byte' null ''",
      "\"twelve bytes\",\"thirteen byte\",null,\"\"", 1 },
    { "a=+l(item=l)", "[1 null] null [] [2]", "[1,null],null,[],[2]", 1 },
    { "a=+L(item=u)", "[] null ['x']", "[],null,[\"x\"]", 1 },
    { "a=+vl(item=l)", "[1 2] null [] [3]", "[1,2],null,[],[3]", 1 },
    { "a=+vL(item=+vl(item=c))", "[[1] []] null [[2 3]]", "[[1],[]],null,[[2,3]]", 1 },
    { "a=+w:2(item=l)", "[1 2] null [null 3]", "[1,2],null,[null,3]", 1 },
    { "a=+w:0(item=l)", "[] null", "[],null", 1 },
    { "a=+s(x=l;y=u!)", "{1 'a'} null {null 'b'}", "[1,\"a\"],null,[null,\"b\"]", 1 },
    { "a=+s", "{} null", "[],null", 1 },
    { "a=+m(entries=+s(key=u!;value=l)!)", "[{'k' 1} {'l' null}] null []",
      "[[\"k\",1],[\"l\",null]],null,[]", 1 },
    { "a=c<=u>", "'x' 'y' null 'x'", "\"x\",\"y\",null,\"x\"", 1 },
    { "a=I<=vu>", "'a long string here' '' 'a long string here'",
      "\"a long string here\",\"\",\"a long string here\"", 0 },
    { "a=S<=l>", "7 8 7", "7,8,7", 0 },
    { "a=+us:3,1(x=l;y=u)", "null null", "[3,null],[3,null]", 0 },
    { "a=+ud:9(x=l)", "null", "[9,null]", 0 },
    { "a=+r(run_ends=s!;values=u)", "null null", "null,null", 0 },
    { "a=+s(d=s<=u>!;u=+ud:4(x=l);f=+w:2(i=b!)!;r=+r(run_ends=i!;values=c))", "null",
      "null", 1 },
};
#define N_EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static void every_layout_is_built(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        const example *e = &examples[i];
        vgi__builder *b;
        struct ArrowArray *root;
        vgi__buffer text;
        vgi__buffer_init(&text, NULL, SIZE_MAX);
        assert_int_equal(vgi_test_builder(&b, e->schema, NULL), VGI_OK);
        for (int round = 0; round < 2; round++) { /* the second after a reset */
            vgi__builder_reset(b);
            assert_int_equal(vgi_test_append(b, 1, e->values), VGI_OK);
            assert_int_equal(vgi__builder_finish(b, -1, &root, NULL), VGI_OK);
            assert_string_equal(
                vgi_test_values(&text, vgi__builder_schema(b), 1, root->children[0]),
                e->rendered);
            assert_int_equal(root->children[0]->null_count, e->nulls);
        }
        vgi__buffer_free(&text);
        vgi__builder_free(b);
    }
}

/* Copied in pieces, from a slice, onto a builder that already has rows. */
static void every_layout_is_copied(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_EXAMPLES; i++) {
        const example *e = &examples[i];
        vgi__builder *from;
        vgi__builder *to;
        struct ArrowArray *root;
        vgi__buffer text;
        vgi__buffer twice;
        vgi__buffer_init(&text, NULL, SIZE_MAX);
        vgi__buffer_init(&twice, NULL, SIZE_MAX);
        assert_int_equal(vgi_test_builder(&from, e->schema, NULL), VGI_OK);
        assert_int_equal(vgi_test_builder(&to, e->schema, NULL), VGI_OK);
        assert_int_equal(vgi_test_append(from, 1, e->values), VGI_OK);
        assert_int_equal(vgi_test_append(from, 1, e->values), VGI_OK);
        assert_int_equal(vgi__builder_finish(from, -1, &root, NULL), VGI_OK);
        struct ArrowArray slice = *root->children[0];
        int64_t rows = slice.length / 2;
        slice.offset = rows; /* the second half */
        slice.length = rows;
        const vgi_schema *s = vgi__builder_schema(from);
        for (int64_t row = 0; row < rows; row++)
            assert_int_equal(vgi__builder_copy(to, 1, s, 1, &slice, row, 1, NULL),
                             VGI_OK);
        assert_int_equal(vgi__builder_copy(to, 1, s, 1, &slice, 0, rows, NULL), VGI_OK);
        assert_int_equal(vgi__builder_finish(to, 2 * rows, &root, NULL), VGI_OK);
        vgi__buffer_printf(&twice, "%s,%s", e->rendered, e->rendered);
        assert_true(vgi__buffer_char(&twice, 0));
        assert_string_equal(vgi_test_values(&text, s, 1, root->children[0]),
                            (char *)twice.data);
        vgi__buffer_free(&text);
        vgi__buffer_free(&twice);
        vgi__builder_free(from);
        vgi__builder_free(to);
    }
}

static void a_copy_carries_the_entries_it_uses(void **state)
{
    (void)state;
    vgi__builder *from;
    vgi__builder *to;
    struct ArrowArray *root;
    vgi__buffer text;
    vgi__buffer_init(&text, NULL, SIZE_MAX);
    assert_int_equal(vgi_test_builder(&from, "a=i<=+s(x=l)>", NULL), VGI_OK);
    assert_int_equal(vgi_test_builder(&to, "a=i<=+s(x=l)>", NULL), VGI_OK);
    const vgi_schema *s = vgi__builder_schema(from);
    const vgi_schema *values = s->dictionaries[0].values;
    /* A dictionary of structs cannot be appended to by value: put one together. */
    vgi__builder *entries;
    struct ArrowArray *entry;
    assert_int_equal(vgi__builder_new(&entries, values, NULL, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_test_append(entries, 1, "{10} {11} null {13}"), VGI_OK);
    assert_int_equal(vgi__builder_finish_column(entries, 1, &entry, NULL), VGI_OK);
    static const int32_t indices[] = { 3, 0, 2, 3, 0 };
    const void *buffers[] = { NULL, indices };
    struct ArrowArray column = {
        .length = 5, .n_buffers = 2, .buffers = buffers, .dictionary = entry
    };
    assert_int_equal(vgi__builder_copy(to, 1, s, 1, &column, 0, 5, NULL), VGI_OK);
    assert_int_equal(vgi__builder_finish(to, 5, &root, NULL), VGI_OK);
    assert_string_equal(vgi_test_values(&text, s, 1, root->children[0]),
                        "[13],[10],null,[13],[10]");
    assert_int_equal(root->children[0]->dictionary->length, 2);
    vgi__buffer_free(&text);
    vgi__builder_free(entries);
    vgi__builder_free(from);
    vgi__builder_free(to);
}

static void equal_values_share_an_entry(void **state)
{
    (void)state;
    vgi__builder *b;
    struct ArrowArray *root;
    assert_int_equal(vgi_test_builder(&b, "a=i<=u>", NULL), VGI_OK);
    for (int i = 0; i < 3000; i++) {
        char text[16];
        int n = snprintf(text, sizeof(text), "value %d", i % 700);
        assert_int_equal(vgi__builder_bytes(b, 1, text, (size_t)n), VGI_OK);
    }
    assert_int_equal(vgi__builder_finish(b, -1, &root, NULL), VGI_OK);
    const struct ArrowArray *a = root->children[0];
    assert_int_equal(a->length, 3000);
    assert_int_equal(a->dictionary->length, 700);
    vgi_bytes value =
        vgi__array_bytes(b ? vgi__builder_schema(b)->dictionaries[0].values : NULL, 1,
                         a->dictionary, ((const int32_t *)a->buffers[1])[2999]);
    assert_int_equal(value.len, strlen("value 199"));
    assert_memory_equal(value.data, "value 199", value.len);
    vgi__builder_free(b);
}

static void an_index_type_has_an_end(void **state)
{
    (void)state;
    vgi__builder *b;
    assert_int_equal(vgi_test_builder(&b, "a=c<=s>;b=C<=s>", NULL), VGI_OK);
    for (int16_t i = 0; i < 257; i++) {
        int rc = vgi__builder_fixed(b, 1, &i);
        assert_true(rc == (i < 128 ? VGI_OK : VGI_ELIMIT));
        rc = vgi__builder_fixed(b, 2, &i);
        assert_true(rc == (i < 256 ? VGI_OK : VGI_ELIMIT));
    }
    vgi__builder_free(b);
}

/* ---- whole columns ---- */

static void a_column_is_filled_at_once(void **state)
{
    (void)state;
    vgi__builder *b;
    struct ArrowArray *root;
    void *items;
    vgi__buffer text;
    vgi__buffer_init(&text, NULL, SIZE_MAX);
    assert_int_equal(vgi_test_builder(&b, "a=i", NULL), VGI_OK);
    assert_int_equal(vgi_test_append(b, 1, "7 null"), VGI_OK);
    assert_int_equal(vgi__builder_column(b, 1, 3, &items), VGI_OK);
    memcpy(items, (int32_t[]){ 1, 2, 3 }, 12);
    assert_int_equal(vgi__builder_length(b, 1), 5);
    assert_int_equal(vgi__builder_finish(b, 5, &root, NULL), VGI_OK);
    assert_string_equal(
        vgi_test_values(&text, vgi__builder_schema(b), 1, root->children[0]),
        "7,null,1,2,3");
    assert_int_equal(vgi__builder_column(b, 1, INT64_MAX / 2, &items), VGI_ELIMIT);
    vgi__buffer_free(&text);
    vgi__builder_free(b);
}

static void a_batch_without_columns_has_the_rows_it_is_told(void **state)
{
    (void)state;
    vgi__builder *b;
    struct ArrowArray *root;
    assert_int_equal(vgi__builder_new(&b, vgi__schema_empty(), NULL, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, 12, &root, NULL), VGI_OK);
    assert_int_equal(root->length, 12);
    assert_int_equal(root->n_children, 0);
    assert_int_equal(vgi__builder_finish(b, -1, &root, NULL), VGI_OK);
    assert_int_equal(root->length, 0);
    vgi__builder_free(b);
}

/* ---- what is wrong ---- */

static void uneven_columns_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *first, *second, *text;
    } cases[] = {
        { "a=l;b=u", "1 2", "'x'", "column 'b' has 1 rows instead of 2" },
        { "a=l;b=+s(x=l;y=l)", "1", "{1 2}", NULL },
        { "a=l;b=+s(x=l;y=l)", "1", "{1}", "column 'y' has 0 rows instead of 1" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi__builder *b;
        struct ArrowArray *root;
        vgi_error err = { 0 };
        assert_int_equal(vgi_test_builder(&b, cases[i].schema, NULL), VGI_OK);
        assert_int_equal(vgi_test_append(b, 1, cases[i].first), VGI_OK);
        assert_int_equal(vgi_test_append(b, 2, cases[i].second), VGI_OK);
        int rc = vgi__builder_finish(b, -1, &root, &err);
        vgi__builder_free(b);
        assert_int_equal(rc, cases[i].text ? VGI_EINVAL : VGI_OK);
        assert_string_equal(err.message, cases[i].text ? cases[i].text : "");
    }
}

static void items_must_fit_their_lists(void **state)
{
    (void)state;
    vgi__builder *b;
    struct ArrowArray *root;
    assert_int_equal(vgi_test_builder(&b, "a=+w:2(item=l);b=+l(item=l);c=w:3", NULL),
                     VGI_OK);
    assert_int_equal(vgi_test_append(b, 1, "[1]"), VGI_EINVAL);
    vgi__builder_reset(b);
    assert_int_equal(vgi_test_append(b, 1, "[1 2]"), VGI_OK);
    assert_int_equal(vgi_test_append(b, 3, "[1 2]"), VGI_OK);
    assert_int_equal(vgi_test_append(b, 4, "1"), VGI_OK); /* an item without its list */
    assert_int_equal(vgi_test_append(b, 5, "'ab'"), VGI_EINVAL);
    assert_int_equal(vgi_test_append(b, 5, "'abc'"), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, 1, &root, NULL), VGI_EINVAL);
    vgi__builder_free(b);
}

static void bytes_are_limited(void **state)
{
    (void)state;
    vgi_schema *s;
    vgi__builder *b;
    struct ArrowArray *root;
    vgi_error err = { 0 };
    vgi_limits limits = { .message_bytes = 1000 };
    assert_int_equal(vgi_test_schema(&s, "a=u;b=b;c=+w:2000(item=n)", NULL), VGI_OK);
    int rc = vgi__builder_new(&b, s, &limits, NULL, NULL);
    vgi_schema_unref(s);
    assert_int_equal(rc, VGI_OK);
    char text[600] = { 0 };
    assert_int_equal(vgi__builder_bytes(b, 1, text, sizeof(text)), VGI_OK);
    assert_int_equal(vgi__builder_bytes(b, 1, text, sizeof(text)), VGI_ELIMIT);
    vgi__builder_reset(b);
    assert_int_equal(vgi__builder_bytes(b, 1, text, sizeof(text)), VGI_OK);
    assert_int_equal(vgi__builder_finish_column(b, 1, &root, NULL), VGI_OK);
    rc = vgi__builder_copy(b, 1, vgi__builder_schema(b), 1, root, 0, 1, &err);
    assert_int_equal(rc, VGI_ELIMIT);
    assert_string_equal(err.message,
                        "column 'a' does not fit in 1000 bytes or its index type");
    for (int i = 0; rc == VGI_ELIMIT && i < 8000; i++)
        assert_int_equal(vgi__builder_bool(b, 2, true), VGI_OK);
    assert_int_equal(vgi__builder_bool(b, 2, true), VGI_ELIMIT);
    vgi__builder_free(b);
}

static void a_used_builder_allocates_nothing(void **state)
{
    (void)state;
    vgi__builder *b;
    struct ArrowArray *root;
    uint64_t before = 0;
    assert_int_equal(vgi_test_builder(&b, "a=l;b=u;c=+l(item=g);d=s<=u>", NULL), VGI_OK);
    for (int round = 0; round < 10; round++) {
        if (round == 2)
            before = vgi_test_allocations();
        vgi__builder_reset(b);
        assert_int_equal(vgi_test_append(b, 1, "1 null"), VGI_OK);
        assert_int_equal(vgi_test_append(b, 2, "null 'text'"), VGI_OK);
        assert_int_equal(vgi_test_append(b, 3, "[1 2 3] null"), VGI_OK);
        assert_int_equal(vgi_test_append(b, 5, "'x' 'y'"), VGI_OK);
        assert_int_equal(vgi__builder_finish(b, -1, &root, NULL), VGI_OK);
    }
    uint64_t after = vgi_test_allocations();
    vgi__builder_free(b);
    vgi__builder_free(NULL);
    assert_int_equal(after, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout_is_built),
        cmocka_unit_test(every_layout_is_copied),
        cmocka_unit_test(a_copy_carries_the_entries_it_uses),
        cmocka_unit_test(equal_values_share_an_entry),
        cmocka_unit_test(an_index_type_has_an_end),
        cmocka_unit_test(a_column_is_filled_at_once),
        cmocka_unit_test(a_batch_without_columns_has_the_rows_it_is_told),
        cmocka_unit_test(uneven_columns_are_named),
        cmocka_unit_test(items_must_fit_their_lists),
        cmocka_unit_test(bytes_are_limited),
        cmocka_unit_test(a_used_builder_allocates_nothing),
    };
    return vgi_test_run(tests);
}
