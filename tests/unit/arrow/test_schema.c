/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <string.h>

#include "arrow/writer.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "support/arrow/literal.h"

/* ---- formats and their words ---- */

typedef struct words {
    const char *schema, *text;
} words;

static const words types[] = {
    { "a=n", "null" },
    { "a=b", "bool" },
    { "a=c", "int8" },
    { "a=C", "uint8" },
    { "a=s", "int16" },
    { "a=S", "uint16" },
    { "a=i", "int32" },
    { "a=I", "uint32" },
    { "a=l", "int64" },
    { "a=L", "uint64" },
    { "a=e", "halffloat" },
    { "a=f", "float" },
    { "a=g", "double" },
    { "a=z", "binary" },
    { "a=Z", "large_binary" },
    { "a=vz", "binary_view" },
    { "a=u", "string" },
    { "a=U", "large_string" },
    { "a=vu", "string_view" },
    { "a=w:7", "fixed_size_binary[7]" },
    { "a=d:20,4", "decimal128(20, 4)" },
    { "a=d:9,-2,32", "decimal32(9, -2)" },
    { "a=d:18,0,64", "decimal64(18, 0)" },
    { "a=d:76,5,256", "decimal256(76, 5)" },
    { "a=tdD", "date32[day]" },
    { "a=tdm", "date64[ms]" },
    { "a=tts", "time32[s]" },
    { "a=ttm", "time32[ms]" },
    { "a=ttu", "time64[us]" },
    { "a=ttn", "time64[ns]" },
    { "a=tss:", "timestamp[s]" },
    { "a=tsn:Europe/Berlin", "timestamp[ns, tz=Europe/Berlin]" },
    { "a=tDu", "duration[us]" },
    { "a=tiM", "month_interval" },
    { "a=tiD", "day_time_interval" },
    { "a=tin", "month_day_nano_interval" },
    { "a=+l(item=l)", "list<item: int64>" },
    { "a=+L(x=u!)", "large_list<x: string not null>" },
    { "a=+vl(item=l)", "list_view<item: int64>" },
    { "a=+vL(item=l)", "large_list_view<item: int64>" },
    { "a=+w:3(item=f)", "fixed_size_list<item: float>[3]" },
    { "a=+s", "struct<>" },
    { "a=+s(x=l!;y=+s(z=b))", "struct<x: int64 not null, y: struct<z: bool>>" },
    { "a=+m(entries=+s(key=u!;value=l)!)", "map<string, int64>" },
    { "a=+m(e=+s(k=u!;v=l)!)", "map<string ('k'), int64 ('v')>" },
    { "a=+us:5,7(x=l;y=u!)", "sparse_union<x: int64=5, y: string not null=7>" },
    { "a=+ud:0(x=l)", "dense_union<x: int64=0>" },
    { "a=+r(run_ends=i!;values=u)", "run_end_encoded<run_ends: int32, values: string>" },
    { "a=s<=u>", "dictionary<values=string, indices=int16, ordered=0>" },
    { "a=C<=+l(item=l)>",
      "dictionary<values=list<item: int64>, indices=uint8, ordered=0>" },
};

static void types_have_their_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        vgi_schema *s;
        char text[200];
        assert_int_equal(vgi_test_schema(&s, types[i].schema, NULL), VGI_OK);
        size_t n = vgi_schema_type_text(s, 0, text, sizeof(text));
        vgi_schema_unref(s);
        assert_int_equal(n, strlen(types[i].text));
        assert_string_equal(text, types[i].text);
    }
}

/* Through the IPC message and through the C Data Interface: each is the same schema
 * again. */
static void types_survive_their_encodings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        vgi_schema *s;
        vgi_schema *decoded;
        vgi_schema *imported;
        struct ArrowSchema c_data;
        assert_int_equal(vgi_test_schema(&s, types[i].schema, NULL), VGI_OK);
        assert_int_equal(vgi_schema_decode(&decoded, vgi_schema_message(s), NULL),
                         VGI_OK);
        assert_int_equal(vgi_schema_export(decoded, &c_data, NULL), VGI_OK);
        assert_int_equal(vgi_schema_import(&imported, &c_data, NULL), VGI_OK);
        c_data.release(&c_data);
        bool equal = vgi_schema_equal(s, decoded) && vgi_schema_equal(s, imported) &&
                     s->message_len == imported->message_len &&
                     memcmp(s->message, imported->message, s->message_len) == 0;
        vgi_schema_unref(s);
        vgi_schema_unref(decoded);
        vgi_schema_unref(imported);
        assert_true(equal);
    }
}

static void unknown_formats_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "q",         "ll",     "w",
        "w:",       "w:x",       "w:-1",   "w:99999999999",
        "d:",       "d:5",       "d:39,2", "d:0,0",
        "d:5,2,16", "d:10,0,32", "d:5,2,", "t",
        "td",       "tdx",       "tt",     "ttx",
        "ttsx",     "ts",        "tsu",    "tsx:",
        "tD",       "tDx",       "ti",     "tiX",
        "+",        "+x",        "+ll",    "+v",
        "+vx",      "+w:",       "+w",     "+u",
        "+ux:",     "+us",       "+us:1,", "+us:128",
        "+us:-1",   "+us:1,1",   "v",      "vx",
        "vuu",      "\xC3\xA9",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        vgi__node node;
        vgi_error err = { 0 };
        vgi_schema *s;
        vgi_column column = { .name = "c", .format = bad[i] };
        assert_false(vgi__format_parse(bad[i], &node));
        int rc = vgi_schema_build(&s, &column, 1, &err);
        assert_true(rc == VGI_EINVAL);
        assert_non_null(strstr(err.message, "field 'c': unknown format"));
    }
}

/* ---- shapes and limits ---- */

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const words bad[] = {
        { "a=+l", "a list needs one child" },
        { "a=+vL(x=l;y=l)", "a list needs one child" },
        { "a=+m(item=l)", "a map needs one child" },
        { "a=+m(e=+s(key=u!)!)", "a map needs one child" },
        { "a=+m(e=+s(key=u!;value=l))", "cannot be nullable" },
        { "a=+m(e=+s(key=u;value=l)!)", "cannot be nullable" },
        { "a=+us:0,1(x=l)", "as many type ids as children" },
        { "a=+r(run_ends=I!;values=u)", "run-end encoding needs" },
        { "a=+r(run_ends=i!)", "run-end encoding needs" },
        { "a=l(x=l)", "not nested has children" },
        { "a=u<=u>", "index of a dictionary must be an integer" },
        { "a=s<=s<=u>>", "cannot be dictionary-encoded themselves" },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        vgi_schema *s;
        vgi_error err = { 0 };
        assert_int_equal(vgi_test_schema(&s, bad[i].schema, &err), VGI_EINVAL);
        assert_non_null(strstr(err.message, bad[i].text));
    }
}

static void depth_fields_and_names_are_limited(void **state)
{
    (void)state;
    static vgi_column chain[80];
    for (int i = 0; i < 80; i++)
        chain[i] = (vgi_column){
            .name = "n", .format = "+l", .children = &chain[i + 1], .n_children = 1
        };
    chain[63] = (vgi_column){ .name = "n", .format = "l" };
    vgi_schema *s;
    vgi_error err = { 0 };
    assert_int_equal(vgi_schema_build(&s, chain, 1, NULL), VGI_OK);
    vgi_schema_unref(s);
    chain[63] = chain[62];
    chain[63].children = &chain[64];
    chain[64] = (vgi_column){ .name = "n", .format = "l" };
    assert_int_equal(vgi_schema_build(&s, chain, 1, &err), VGI_ELIMIT);
    assert_string_equal(err.message, "schema is nested deeper than 64 levels");
    static char name[VGI_DEFAULT_NAME_BYTES + 2];
    memset(name, 'x', sizeof(name) - 1);
    vgi_column column = { .name = name, .format = "l" };
    assert_int_equal(vgi_schema_build(&s, &column, 1, &err), VGI_ELIMIT);
    assert_int_equal(vgi_schema_build(&s, &column, VGI_DEFAULT_FIELDS + 1, &err),
                     VGI_ELIMIT);
    column = (vgi_column){ .name = "\xFF", .format = "l" };
    assert_int_equal(vgi_schema_build(&s, &column, 1, &err), VGI_EINVAL);
    column = (vgi_column){ .name = "x" };
    assert_int_equal(vgi_schema_build(&s, &column, 1, &err), VGI_EINVAL);
}

/* Make *s the values of a dictionary that both fields of a struct share; the struct is
 * the one column of the new *s. */
static int share_twice(vgi_schema **s, vgi_error *err)
{
    vgi_schema *outer = vgi__schema_alloc(NULL, 4, 1, 0);
    if (!outer)
        return VGI_ENOMEM;
    outer->dictionaries[0].values = *s;
    for (int32_t i = 0; i < 4; i++) {
        vgi__format_parse(i < 2 ? "+s" : "i", &outer->nodes[i]);
        outer->nodes[i].name = "";
        outer->nodes[i].n_children = i == 0 ? 1 : i == 1 ? 2 : 0;
        outer->nodes[i].dictionary = i < 2 ? -1 : 0;
    }
    *s = outer;
    return vgi__schema_finish(outer, VGI_EPROTO, err);
}

/* Spelled out, it would double with every level. */
static void shared_dictionaries_cannot_explode(void **state)
{
    (void)state;
    vgi_schema *s;
    int levels = 0;
    assert_int_equal(vgi_test_schema(&s, "=l", NULL), VGI_OK);
    int rc = VGI_OK;
    while (rc == VGI_OK && levels < 40) {
        rc = share_twice(&s, NULL);
        levels += rc == VGI_OK;
    }
    vgi_schema_unref(s);
    assert_int_equal(rc, VGI_ELIMIT);
    assert_in_range(levels, 12, 17);
}

/* ---- equality ---- */

static void equality_is_that_of_arrow(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        { "a=l", "a=l", true },
        { "a=l", "a=l!", false },
        { "a=l", "b=l", false },
        { "a=l", "a=L", false },
        { "a=l;b=u", "b=u;a=l", false },
        { "a=+l(item=l)", "a=+l(element=l)", true },
        { "a=+l(item=l)", "a=+l(item=l!)", false },
        { "a=+w:2(x=l)", "a=+w:3(x=l)", false },
        { "a=+s(x=l)", "a=+s(y=l)", false },
        { "a=+us:0(x=l)", "a=+us:1(x=l)", false },
        { "a=+us:0(x=l)", "a=+ud:0(x=l)", false },
        { "a=tsu:UTC", "a=tsu:", false },
        { "a=tsu:UTC", "a=tsm:UTC", false },
        { "a=d:9,2", "a=d:9,3", false },
        { "a=d:9,2", "a=d:9,2,64", false },
        { "a=s<=u>", "a=s<=u>", true },
        { "a=s<=u>", "a=s<=U>", false },
        { "a=s<=u>", "a=i<=u>", false },
        { "a=s<=u>", "a=s", false },
        { "a=+m(entries=+s(key=u!;value=l)!)", "a=+m(e=+s(k=u!;v=l)!)", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_schema *a;
        vgi_schema *b;
        assert_int_equal(vgi_test_schema(&a, cases[i].a, NULL), VGI_OK);
        assert_int_equal(vgi_test_schema(&b, cases[i].b, NULL), VGI_OK);
        bool equal = vgi_schema_equal(a, b);
        bool back = vgi_schema_equal(b, a);
        vgi_schema_unref(a);
        vgi_schema_unref(b);
        assert_int_equal(equal, cases[i].equal);
        assert_int_equal(back, equal);
    }
}

/* ---- the object ---- */

static void the_empty_schema_is_a_constant(void **state)
{
    (void)state;
    const vgi_schema *empty = vgi__schema_empty();
    vgi_schema *built;
    assert_int_equal(vgi_schema_build(&built, NULL, 0, NULL), VGI_OK);
    assert_ptr_equal(built, empty);
    vgi_schema_unref(built);
    vgi_schema_unref(vgi_schema_ref(empty));
    vgi__buffer encoded;
    vgi__buffer_init(&encoded, NULL, SIZE_MAX);
    assert_int_equal(vgi__schema_encode(empty, &encoded, NULL), VGI_OK);
    bool same = encoded.len == empty->message_len &&
                memcmp(encoded.data, empty->message, encoded.len) == 0;
    vgi__buffer_free(&encoded);
    assert_true(same);
    assert_int_equal(vgi_schema_columns(empty), 0);
    assert_null(vgi_schema_ref(NULL));
    vgi_schema_unref(NULL);
}

static void columns_are_found_by_name_and_index(void **state)
{
    (void)state;
    vgi_schema *s;
    char text[8];
    assert_int_equal(vgi_test_schema(&s, "a=+s(x=l;y=l);b=u!;c=s<=u>", NULL), VGI_OK);
    assert_int_equal(vgi_schema_columns(s), 3);
    assert_string_equal(vgi_schema_name(s, 1), "b");
    assert_string_equal(vgi_schema_format(s, 2), "s");
    assert_true(vgi_schema_nullable(s, 0));
    assert_false(vgi_schema_nullable(s, 1));
    assert_int_equal(vgi_schema_find(s, "c"), 2);
    assert_int_equal(vgi_schema_find(s, "x"), -1);
    assert_int_equal(vgi__column_node(s, 1), 4);
    assert_int_equal(vgi__column_node(s, 3), -1);
    assert_null(vgi_schema_name(s, 3));
    assert_null(vgi_schema_format(s, SIZE_MAX));
    assert_false(vgi_schema_nullable(s, 3));
    assert_int_equal(vgi_schema_type_text(s, 0, text, sizeof(text)),
                     strlen("struct<x: int64, y: int64>"));
    assert_string_equal(text, "struct<");
    assert_int_equal(vgi_schema_type_text(s, 1, NULL, 0), strlen("string"));
    vgi_schema_unref(s);
}

/* Metadata in C Data form: one pair. */
static const char packed[] = "\1\0\0\0\3\0\0\0key\5\0\0\0value";

static void metadata_and_flags_travel(void **state)
{
    (void)state;
    struct ArrowSchema key = { .format = "u",
                               .name = "key",
                               .release = (void (*)(struct ArrowSchema *))1 };
    struct ArrowSchema value = key;
    struct ArrowSchema *fields[] = { &key, &value };
    struct ArrowSchema entries = { .format = "+s",
                                   .name = "entries",
                                   .n_children = 2,
                                   .children = fields,
                                   .release = key.release };
    struct ArrowSchema *entry[] = { &entries };
    struct ArrowSchema map = { .format = "+m",
                               .name = "m",
                               .metadata = packed,
                               .flags = ARROW_FLAG_MAP_KEYS_SORTED,
                               .n_children = 1,
                               .children = entry,
                               .release = key.release };
    struct ArrowSchema text = { .format = "u", .release = key.release };
    struct ArrowSchema coded = { .format = "i",
                                 .name = "d",
                                 .flags =
                                     ARROW_FLAG_DICTIONARY_ORDERED | ARROW_FLAG_NULLABLE,
                                 .dictionary = &text,
                                 .release = key.release };
    struct ArrowSchema *columns[] = { &map, &coded };
    struct ArrowSchema root = { .format = "+s",
                                .metadata = packed,
                                .n_children = 2,
                                .children = columns,
                                .release = key.release };
    vgi_schema *s;
    vgi_schema *decoded;
    struct ArrowSchema out;
    assert_int_equal(vgi_schema_import(&s, &root, NULL), VGI_OK);
    assert_int_equal(vgi_schema_decode(&decoded, vgi_schema_message(s), NULL), VGI_OK);
    vgi_schema_unref(s);
    assert_int_equal(vgi_schema_export(decoded, &out, NULL), VGI_OK);
    vgi_schema_unref(decoded);
    assert_memory_equal(out.metadata, packed, sizeof(packed) - 1);
    assert_memory_equal(out.children[0]->metadata, packed, sizeof(packed) - 1);
    assert_int_equal(out.children[0]->flags, ARROW_FLAG_MAP_KEYS_SORTED);
    assert_int_equal(out.children[1]->flags,
                     ARROW_FLAG_DICTIONARY_ORDERED | ARROW_FLAG_NULLABLE);
    assert_string_equal(out.children[1]->dictionary->format, "u");
    /* A child outlives its parent once it is moved out. */
    struct ArrowSchema moved = *out.children[0];
    out.children[0]->release = NULL;
    out.release(&out);
    assert_string_equal(moved.name, "m");
    assert_string_equal(moved.children[0]->children[1]->format, "u");
    moved.release(&moved);
}

static void foreign_schemas_are_checked(void **state)
{
    (void)state;
    vgi_schema *s;
    vgi_error err = { 0 };
    struct ArrowSchema not_struct = { .format = "l",
                                      .name = "x",
                                      .release = (void (*)(struct ArrowSchema *))1 };
    struct ArrowSchema released = { .format = "+s" };
    assert_int_equal(vgi_schema_import(&s, &not_struct, &err), VGI_EINVAL);
    assert_int_equal(vgi_schema_import(&s, &released, &err), VGI_EINVAL);
    struct ArrowSchema *children[] = { &released };
    struct ArrowSchema root = { .format = "+s",
                                .n_children = 1,
                                .children = children,
                                .release = not_struct.release };
    assert_int_equal(vgi_schema_import(&s, &root, &err), VGI_EINVAL);
    root.metadata = "\xFF\xFF\xFF\xFF";
    assert_int_equal(vgi_schema_import(&s, &root, &err), VGI_ELIMIT);
    root.metadata = "\1\0\0\0\xFF\xFF\xFF\x7F";
    assert_int_equal(vgi_schema_import(&s, &root, &err), VGI_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_have_their_words),
        cmocka_unit_test(types_survive_their_encodings),
        cmocka_unit_test(unknown_formats_are_refused),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(depth_fields_and_names_are_limited),
        cmocka_unit_test(shared_dictionaries_cannot_explode),
        cmocka_unit_test(equality_is_that_of_arrow),
        cmocka_unit_test(the_empty_schema_is_a_constant),
        cmocka_unit_test(columns_are_found_by_name_and_index),
        cmocka_unit_test(metadata_and_flags_travel),
        cmocka_unit_test(foreign_schemas_are_checked),
    };
    return vgi_test_run(tests);
}
