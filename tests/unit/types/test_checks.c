/* SPDX-License-Identifier: Apache-2.0 */
/* What registration refuses, message by message. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

static void assert_refused_as(const vgi_type *type, vgi__role role, int code,
                              const char *message)
{
    vgi__record *r = NULL;
    vgi_error err;
    assert_int_equal(
        vgi__record_compile(&r, type, role, "S.m parameters", NULL, NULL, &err), code);
    assert_null(r);
    assert_memory_equal(err.message, "S.m parameters: ", 16);
    assert_string_equal(err.message + 16, message);
}

static void assert_refused(const vgi_type *type, const char *message)
{
    assert_refused_as(type, VGI__ROLE_ROW, VGI_EINVAL, message);
}

/* ---- members and bytes ---- */

typedef struct hole {
    double x, y, forgotten, z;
} hole;
VGI_STRUCT(hole, VGI_FIELD(hole, x), VGI_FIELD(hole, y), VGI_FIELD(hole, z));
typedef struct tail {
    int32_t a;
    char rest[12];
} tail;
VGI_STRUCT(tail, VGI_FIELD(tail, a));
typedef struct head {
    int64_t skipped, a;
} head;
VGI_STRUCT(head, VGI_FIELD(head, a));
typedef struct padded {
    int8_t a;
    int64_t b;
    bool c;
} padded;
VGI_STRUCT(padded, VGI_FIELD(padded, a), VGI_FIELD(padded, b), VGI_FIELD(padded, c));

static void test_holes(void **state)
{
    vgi__record *r;
    (void)state;
    assert_refused(&vgi_type_hole, "hole: bytes 16..23 belong to no described member");
    assert_refused(&vgi_type_tail, "tail: bytes 4..15 belong to no described member");
    assert_refused(&vgi_type_head, "head: bytes 0..7 belong to no described member");
    assert_int_equal(
        vgi__record_compile(&r, &vgi_type_padded, VGI__ROLE_ROW, NULL, NULL, NULL, NULL),
        VGI_OK);
    vgi__record_free(r);
}

#define TABLE(struct_size, ...) \
    { \
        .abi = VGI_TYPE_ABI, .field_size = sizeof(vgi_field), .kind = VGI_KIND_STRUCT, \
        .name = "t", .size = (struct_size), .fields = (const vgi_field[]) \
        { \
            __VA_ARGS__, \
            { \
                .name = NULL \
            } \
        } \
    }
#define MEMBER(n, T, at, ...) \
    { \
        .name = n, .type = &vgi_type_##T, .offset = at, __VA_ARGS__ \
    }

static void test_overlap_and_outside(void **state)
{
    const vgi_type overlap =
        TABLE(16, MEMBER("a", int64_t, 0, .doc = ""), MEMBER("b", int64_t, 4, .doc = ""));
    const vgi_type outside = TABLE(16, MEMBER("a", int64_t, 0, .doc = ""),
                                   MEMBER("b", int64_t, 12, .doc = ""));
    const vgi_type beyond = TABLE(8, MEMBER("a", int64_t, SIZE_MAX, .doc = ""));
    (void)state;
    assert_refused(&overlap, "t: members a and b overlap at byte 4");
    assert_refused(&outside, "t.b: bytes 12..19 lie outside a struct of 16 bytes");
    assert_refused_as(
        &beyond, VGI__ROLE_ROW, VGI_EINVAL,
        "t.a: bytes 18446744073709551615..6 lie outside a struct of 8 bytes");
}

static void test_wire_names(void **state)
{
    const vgi_type twice = TABLE(16, MEMBER("a", int64_t, 0, .doc = ""),
                                 MEMBER("b", int64_t, 8, .wire_name = "a"));
    const vgi_type empty = TABLE(8, MEMBER("a", int64_t, 0, .wire_name = ""));
    (void)state;
    assert_refused(&twice, "t: two members have the wire name 'a'");
    assert_refused(&empty, "t: a member has no wire name");
}

/* ---- tables ---- */

static void test_tables(void **state)
{
    static const vgi_type abi = { .abi = 2, .kind = VGI_KIND_STRUCT, .name = "t" };
    static const vgi_type stride = {
        .abi = VGI_TYPE_ABI, .field_size = 8, .kind = VGI_KIND_STRUCT, .name = "t"
    };
    static const vgi_type no_fields = { .abi = VGI_TYPE_ABI,
                                        .field_size = sizeof(vgi_field),
                                        .kind = VGI_KIND_STRUCT,
                                        .name = "t" };
    const vgi_type no_type = TABLE(8, { .name = "a" });
    static const vgi_type kind = { .abi = VGI_TYPE_ABI,
                                   .field_size = sizeof(vgi_field),
                                   .kind = 99,
                                   .name = "k",
                                   .size = 8 };
    const vgi_type unknown = TABLE(8, { .name = "a", .type = &kind });
    char text[100];
    (void)state;
    assert_refused(&abi, "a described type of ABI 2; this library has 1");
    snprintf(text, sizeof(text), "t: fields of 8 bytes; this library has %u",
             (unsigned)sizeof(vgi_field));
    assert_refused(&stride, text);
    assert_refused(&no_fields, "t: a struct without fields");
    assert_refused(&no_type, "t.a: its type is NULL");
    assert_refused(NULL, "its type is NULL");
    assert_refused(&unknown, "t.a: unknown kind 99");
    assert_refused(&vgi_type_int64_t, "int64_t: not a described struct");
}

/* A table of a newer library: its fields are longer, and only what is known is read. */
static void test_newer_table(void **state)
{
    typedef struct newer {
        vgi_field field;
        const char *more;
    } newer;
    static const newer fields[] = {
        { MEMBER("x", double, 0, .doc = ""), "later" },
        { MEMBER("y", double, 8, .doc = ""), "later" },
        { { .name = NULL }, NULL },
    };
    const vgi_type type = { .abi = VGI_TYPE_ABI,
                            .field_size = sizeof(newer),
                            .kind = VGI_KIND_STRUCT,
                            .name = "point",
                            .size = sizeof(point),
                            .fields = &fields[0].field };
    vgi__record *r;
    (void)state;
    assert_int_equal(
        vgi__record_compile(&r, &type, VGI__ROLE_ROW, NULL, NULL, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_schema_columns(vgi__record_schema(r)), 2);
    assert_string_equal(vgi_schema_name(vgi__record_schema(r), 1), "y");
    vgi__record_free(r);
    assert_true(vgi__type_equal(&type, &vgi_type_point));
}

/* ---- formats ---- */

typedef struct database {
    void *handle;
} database;
VGI_OPAQUE(database);

static void test_formats(void **state)
{
    const vgi_type unknown = TABLE(8, MEMBER("a", int64_t, 0, .arrow = "q"));
    const vgi_type narrow = TABLE(8, MEMBER("a", int64_t, 0, .arrow = "i"));
    const vgi_type text = TABLE(16, MEMBER("a", vgi_str, 0, .arrow = "z"));
    const vgi_type list = TABLE(8, MEMBER("a", int64_t, 0, .arrow = "+l"));
    const vgi_type dictionary = TABLE(8, MEMBER("a", int64_t, 0, .dictionary = "s"));
    const vgi_type index = TABLE(16, MEMBER("a", vgi_str, 0, .dictionary = "u"));
    const vgi_type none = TABLE(1, MEMBER("a", vgi_void, 0, .doc = ""));
    const vgi_type opaque = TABLE(8, MEMBER("a", database, 0, .doc = ""));
    (void)state;
    assert_refused(&unknown, "t.a: 'q' is no Arrow format");
    assert_refused(&narrow, "t.a: int64_t cannot hold Arrow format 'i'");
    assert_refused(&text, "t.a: vgi_str cannot hold Arrow format 'z'");
    assert_refused(&list, "t.a: int64_t cannot hold Arrow format '+l'");
    assert_refused(&dictionary, "t.a: only strings can be dictionary-encoded");
    assert_refused(&index, "t.a: 'u' is no index format of a dictionary");
    assert_refused(&none, "t.a: vgi_void never travels and cannot be a value");
    assert_refused(&opaque, "t.a: database never travels and cannot be a value");
}

/* Which formats each C type takes; everything else is refused. */
static void test_matrix(void **state)
{
    static const struct {
        const vgi_type *type;
        const char *formats; /* of those below, in order */
    } cases[] = {
        { &vgi_type_bool, "b" },
        { &vgi_type_int8_t, "c" },
        { &vgi_type_int16_t, "s" },
        { &vgi_type_int32_t, "i tdD tts ttm tiM" },
        { &vgi_type_int64_t, "l tdm ttu ttn tsu: tss:UTC tDn" },
        { &vgi_type_uint8_t, "C" },
        { &vgi_type_uint16_t, "S" },
        { &vgi_type_uint32_t, "I" },
        { &vgi_type_uint64_t, "L" },
        { &vgi_type_float, "f" },
        { &vgi_type_double, "g" },
        { &vgi_type_vgi_str, "u U vu d:9,2,32 d:38,10 d:76,5,256" },
        { &vgi_type_vgi_bytes,
          "c s i l C S I L e f g z Z vz w:3 tdD tdm tts ttm ttu ttn tsu: "
          "tss:UTC tDn tiM tiD tin d:9,2,32 d:38,10 d:76,5,256" },
    };
    static const char *const formats[] = {
        "n",        "b",       "c",          "s",       "i",   "l",   "C",   "S",
        "I",        "L",       "e",          "f",       "g",   "u",   "U",   "vu",
        "z",        "Z",       "vz",         "w:3",     "tdD", "tdm", "tts", "ttm",
        "ttu",      "ttn",     "tsu:",       "tss:UTC", "tDn", "tiM", "tiD", "tin",
        "d:9,2,32", "d:38,10", "d:76,5,256", "+s",      "+m",  "+r",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char held[256] = "";
        for (size_t k = 0; k < sizeof(formats) / sizeof(formats[0]); k++) {
            const vgi_type alias = { .abi = VGI_TYPE_ABI,
                                     .field_size = sizeof(vgi_field),
                                     .kind = VGI_KIND_ALIAS,
                                     .name = "alias",
                                     .size = cases[i].type->size,
                                     .item = cases[i].type,
                                     .arrow = formats[k] };
            vgi__record *r;
            int rc =
                vgi__record_compile(&r, &alias, VGI__ROLE_RESULT, NULL, NULL, NULL, NULL);
            if (rc != VGI_OK)
                continue;
            vgi__record_free(r);
            strcat(held, *held ? " " : "");
            strcat(held, formats[k]);
        }
        assert_string_equal(held, cases[i].formats);
    }
}

/* ---- null ---- */

typedef struct null_key {
    vgi_str key;
    int64_t value;
} null_key;
VGI_STRUCT(null_key, VGI_FIELD(null_key, key, .nullable = true),
           VGI_FIELD(null_key, value));
typedef struct bad_map {
    VGI_SLICE(null_key) m;
} bad_map;
VGI_STRUCT(bad_map, VGI_LIST(bad_map, m, null_key, .arrow = "+m"));
typedef struct no_map {
    VGI_SLICE(int64_t) m;
} no_map;
VGI_STRUCT(no_map, VGI_LIST(no_map, m, int64_t, .arrow = "+m"));

static void test_nulls(void **state)
{
    const vgi_type number = TABLE(8, MEMBER("a", int64_t, 0, .nullable = true));
    const vgi_type both =
        TABLE(8, MEMBER("a", vgi_str, 0, .shape = VGI_OPTIONAL, .nullable = true));
    const vgi_type twice = TABLE(8, MEMBER("a", maybe_i64, 0, .shape = VGI_OPTIONAL));
    (void)state;
    assert_refused(&number, "t.a: int64_t has no null value; make it a pointer");
    assert_refused(&both, "t.a: both optional and nullable");
    assert_refused(&twice, "t.a: an optional of an optional");
    assert_refused(&vgi_type_bad_map, "bad_map.m: the key of a map cannot be null");
    assert_refused(&vgi_type_no_map,
                   "no_map.m: the items of a map are {key, value} structs");
}

/* ---- enums and defaults ---- */

static void test_enums(void **state)
{
    static const char *const none[] = { NULL }, *const empty[] = { "A", "", NULL };
    static const char *const twice[] = { "A", "B", "A", NULL };
    const vgi_type no_names = TABLE(4, MEMBER("a", int32_t, 0, .enum_names = none));
    const vgi_type empty_name = TABLE(4, MEMBER("a", int32_t, 0, .enum_names = empty));
    const vgi_type same_name = TABLE(4, MEMBER("a", int32_t, 0, .enum_names = twice));
    const vgi_type wide = TABLE(8, MEMBER("a", int64_t, 0, .enum_names = twice));
    const vgi_type number =
        TABLE(4, MEMBER("a", int32_t, 0, .enum_names = status_names, .arrow = "l"));
    (void)state;
    assert_refused(&no_names, "t.a: an enum without names");
    assert_refused(&empty_name, "t.a: the name of value 1 is empty");
    assert_refused(&same_name, "t.a: two values have the name 'A'");
    assert_refused(&wide, "t.a: only an int32_t can have enum names");
    assert_refused(&number, "t.a: an enum travels as utf8: 'u' or 'U'");
}

static void assert_default(const vgi_type *type, size_t size, const char *json, bool good)
{
    const vgi_field fields[] = { { .name = "a", .type = type, .fallback = json },
                                 { .name = NULL } };
    const vgi_type t = { .abi = VGI_TYPE_ABI,
                         .field_size = sizeof(vgi_field),
                         .kind = VGI_KIND_STRUCT,
                         .name = "t",
                         .size = size,
                         .fields = fields };
    char text[200];
    if (!good) {
        snprintf(text, sizeof(text), "t.a: the default %s is no JSON scalar of type %s",
                 json, type->name);
        assert_refused(&t, text);
        return;
    }
    vgi__record *r;
    assert_int_equal(vgi__record_compile(&r, &t, VGI__ROLE_ROW, NULL, NULL, NULL, NULL),
                     VGI_OK);
    vgi__record_free(r);
}

typedef vgi_str money;
VGI_SCALAR(money, vgi_str, .arrow = "d:9,2");
typedef vgi_bytes code3;
VGI_SCALAR(code3, vgi_bytes, .arrow = "w:3");
typedef vgi_str maybe_text;
VGI_SCALAR(maybe_text, vgi_str, .nullable = true);

static void test_defaults(void **state)
{
    static const struct {
        const vgi_type *type;
        size_t size;
        const char *good[3], *bad[4];
    } cases[] = {
        { &vgi_type_bool, 1, { "true", "false" }, { "1", "\"true\"", "null" } },
        { &vgi_type_int8_t, 1, { "127", "-128" }, { "128", "-129", "1.5" } },
        { &vgi_type_uint8_t, 1, { "255" }, { "256", "-1" } },
        { &vgi_type_int64_t,
          8,
          { "-9223372036854775808" },
          { "9223372036854775808", "x" } },
        { &vgi_type_uint64_t, 8, { "18446744073709551615" }, { "18446744073709551616" } },
        { &vgi_type_double, 8, { "1", "-2.5e3" }, { "true", "\"1\"" } },
        { &vgi_type_vgi_str, 16, { "\"\"", "\"a\\nb\"" }, { "a", "1", "[]", "null" } },
        { &vgi_type_money, 16, { "\"1.25\"" }, { "\"1.255\"", "1.25" } },
        { &vgi_type_code3, 16, { "\"abc\"" }, { "\"ab\"" } },
        { &vgi_type_status, 4, { "\"ACTIVE\"" }, { "\"active\"", "1" } },
        { &vgi_type_maybe_i64, 8, { "null", "7" }, { "\"7\"" } },
        { &vgi_type_maybe_text, 16, { "null", "\"x\"" }, { "7" } },
        { &vgi_type_i64s, 16, { NULL }, { "[]", "1", "null" } },
        { &vgi_type_point, 16, { NULL }, { "{}" } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t k = 0; k < 3 && cases[i].good[k]; k++)
            assert_default(cases[i].type, cases[i].size, cases[i].good[k], true);
        for (size_t k = 0; k < 4 && cases[i].bad[k]; k++)
            assert_default(cases[i].type, cases[i].size, cases[i].bad[k], false);
    }
}

/* ---- nesting ---- */

static const vgi_type vgi_type_tree;
static const vgi_field tree_fields[] = {
    { .name = "children", .type = &vgi_type_tree, .shape = VGI_LIST_OF },
    { .name = NULL },
};
static const vgi_type vgi_type_tree = { .abi = VGI_TYPE_ABI,
                                        .field_size = sizeof(vgi_field),
                                        .kind = VGI_KIND_STRUCT,
                                        .name = "tree",
                                        .size = 16,
                                        .fields = tree_fields };

static void test_nesting(void **state)
{
    vgi_type chain[70];
    (void)state;
    assert_refused(&vgi_type_tree, "tree.children: the struct contains itself");
    for (size_t i = 0; i < 70; i++)
        chain[i] = (vgi_type){ .abi = VGI_TYPE_ABI,
                               .field_size = sizeof(vgi_field),
                               .kind = VGI_KIND_LIST,
                               .name = "list",
                               .size = 16,
                               .item = i ? &chain[i - 1] : &vgi_type_int64_t };
    assert_refused_as(&chain[69], VGI__ROLE_RESULT, VGI_ELIMIT,
                      "nests deeper than 64 levels");
    chain[0].item = &chain[5]; /* a list that contains itself never ends either */
    assert_refused_as(&chain[5], VGI__ROLE_RESULT, VGI_ELIMIT,
                      "nests deeper than 64 levels");
    chain[0].kind = VGI_KIND_ALIAS;
    chain[0].item = &chain[0];
    assert_refused_as(&chain[0], VGI__ROLE_RESULT, VGI_EINVAL,
                      "too many names for one type");
}

static void test_limits(void **state)
{
    const vgi_limits few = { .fields = 3 };
    vgi__record *r;
    vgi_error err;
    (void)state;
    assert_int_equal(
        vgi__record_compile(&r, &vgi_type_box, VGI__ROLE_ROW, "w", &few, NULL, &err),
        VGI_ELIMIT);
    assert_string_equal(err.message, "w: point: more than 3 members");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holes),       cmocka_unit_test(test_overlap_and_outside),
        cmocka_unit_test(test_wire_names),  cmocka_unit_test(test_tables),
        cmocka_unit_test(test_newer_table), cmocka_unit_test(test_formats),
        cmocka_unit_test(test_matrix),      cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_enums),       cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_nesting),     cmocka_unit_test(test_limits),
    };
    return vgi_test_run(tests);
}
