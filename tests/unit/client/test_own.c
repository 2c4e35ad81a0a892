/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are made independent of what they were bound from. */
#include <string.h>

#include "support/traced.h"

#include "client/connection.h"

typedef struct inner {
    vgi_str name;
    const double *weight;
} inner;
VGI_STRUCT(inner, VGI_FIELD(inner, name), VGI_FIELD(inner, weight));

typedef VGI_SLICE(vgi_str) words;
VGI_LIST_TYPE(words, vgi_str);

typedef struct outer {
    int64_t id;
    vgi_bytes data;
    inner one;
    const inner *maybe;
    VGI_SLICE(inner) many;
    VGI_SLICE(words) lines;
    vgi_batch *batch;
    vgi_schema *schema;
} outer;
VGI_STRUCT(outer, VGI_FIELD(outer, id), VGI_FIELD(outer, data),
           VGI_NESTED(outer, one, inner), VGI_NESTED(outer, maybe, inner),
           VGI_LIST(outer, many, inner), VGI_LIST(outer, lines, words),
           VGI_FIELD(outer, batch), VGI_FIELD(outer, schema));

typedef const int64_t *maybe_i64;
VGI_OPTIONAL_TYPE(maybe_i64, int64_t);

static void nested_values(void **state)
{
    char name[] = "name", word[] = "word";
    uint8_t bytes[] = { 1, 2, 3 };
    double weight = 1.5;
    inner part = { { name, 4 }, &weight };
    vgi_str line[] = { { word, 4 }, { NULL, 0 } };
    words lines[] = { { line, 2 } };
    const vgi_column column = { .name = "x", .format = "l" };
    vgi_arena mem = { 0 };
    outer v = { .id = 7,
                .data = { bytes, 3 },
                .one = part,
                .maybe = &part,
                .many = { &part, 1 },
                .lines = { lines, 1 } };

    (void)state;
    assert_int_equal(vgi_schema_build(&v.schema, &column, 1, NULL), VGI_OK);
    vgi_schema *schema = v.schema;
    assert_int_equal(vgi_batch_from_json(&v.batch, schema, VGI_LIT("{\"x\": 1}"), NULL),
                     VGI_OK);
    vgi_batch *batch = v.batch;
    assert_int_equal(vgi__own_value(&vgi_type_outer, &v, &mem, NULL), VGI_OK);
    vgi_batch_unref(batch);
    vgi_schema_unref(schema);
    memset(name, '-', 4);
    memset(word, '-', 4);
    memset(bytes, 0, 3);
    memset(&part, 0, sizeof(part));
    memset(lines, 0, sizeof(lines));
    memset(line, 0, sizeof(line));
    weight = 0;

    assert_int_equal(v.id, 7);
    assert_int_equal(v.data.data[2], 3);
    assert_true(vgi_str_eq(v.one.name, "name"));
    assert_true(*v.one.weight == 1.5);
    assert_true(vgi_str_eq(v.maybe->name, "name"));
    assert_true(vgi_str_eq(v.many.items[0].name, "name"));
    assert_true(*v.many.items[0].weight == 1.5);
    assert_true(vgi_str_eq(v.lines.items[0].items[0], "word"));
    assert_null(v.lines.items[0].items[1].data); /* null stays null */
    assert_int_equal(vgi_batch_rows(v.batch), 1);
    assert_string_equal(vgi_schema_name(v.schema, 0), "x");
    vgi_arena_free(&mem); /* and the handles with it */
}

static void nothing_to_copy(void **state)
{
    outer v = { .id = 7 };
    maybe_i64 absent = NULL;
    int64_t number = 5;
    vgi_arena mem = { 0 };

    (void)state;
    assert_int_equal(vgi__own_value(&vgi_type_int64_t, &number, &mem, NULL), VGI_OK);
    assert_int_equal(vgi__own_value(&vgi_type_maybe_i64, &absent, &mem, NULL), VGI_OK);
    assert_null(mem.head);
    assert_int_equal(vgi__own_value(&vgi_type_outer, &v, &mem, NULL), VGI_OK);
    assert_null(v.data.data);
    assert_null(v.maybe);
    assert_null(v.batch);
    vgi_arena_free(&mem);
}

static void arena_is_full(void **state)
{
    char text[64] = "";
    vgi_str v = { text, sizeof(text) };
    vgi_arena mem = { .limit = 32 };
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi__own_value(&vgi_type_vgi_str, &v, &mem, &err), VGI_ENOMEM);
    assert_int_equal(err.code, VGI_ENOMEM);
    vgi_arena_free(&mem);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested_values),
        cmocka_unit_test(nothing_to_copy),
        cmocka_unit_test(arena_is_full),
    };
    return vgi_test_run(tests);
}
