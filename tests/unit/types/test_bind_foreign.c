/* SPDX-License-Identifier: Apache-2.0 */
/* Batch rows to structs: columns of other types than the struct's, and lists that ask for
 * too much. */
#include <stdio.h>
#include <string.h>

#include "shapes.h"
#include "support/traced.h"
#include "types/record.h"

static const int64_t numbers[] = { 1, -2, 3 };
static const point points[] = { { 1, 2 }, { 3, 4 } };

static vgi__record *record_of(const vgi_type *type, vgi__role role)
{
    vgi__record *r;
    assert_int_equal(vgi__record_compile(&r, type, role, NULL, NULL, NULL, NULL), VGI_OK);
    return r;
}

static void assert_str(vgi_str s, const char *text)
{
    assert_true(vgi_str_eq(s, text));
}

/* ---- columns of other types ---- */

/* A one-row batch with one column, filled by the caller through the builder; then bound
 * to `type`. */
typedef struct foreign {
    vgi_schema *schema;
    vgi__builder *builder;
    vgi_batch batch;
    vgi_arena mem;
    vgi_error err;
} foreign;

static void foreign_column(foreign *f, const vgi_column *column)
{
    *f = (foreign){ 0 };
    assert_int_equal(vgi_schema_build(&f->schema, column, 1, NULL), VGI_OK);
    assert_int_equal(vgi__builder_new(&f->builder, f->schema, NULL, NULL, NULL), VGI_OK);
}

static int foreign_bind(foreign *f, const vgi_type *type, const char *method, void *out)
{
    vgi__record *r = record_of(type, VGI__ROLE_PARAMS);
    vgi__batch_init(&f->batch, NULL);
    f->batch.schema = f->schema;
    assert_int_equal(vgi__builder_finish(f->builder, 1, &f->batch.root, NULL), VGI_OK);
    int rc = vgi__record_bind(r, &f->batch, 0, out, &f->mem, method, &f->err);
    vgi__record_free(r);
    return rc;
}

static void foreign_free(foreign *f)
{
    vgi_arena_free(&f->mem);
    vgi__builder_free(f->builder);
    vgi_schema_unref(f->schema);
}

typedef struct one_int {
    int16_t v;
} one_int;
VGI_STRUCT(one_int, VGI_FIELD(one_int, v));
typedef struct one_unsigned {
    uint64_t v;
} one_unsigned;
VGI_STRUCT(one_unsigned, VGI_FIELD(one_unsigned, v));
typedef struct one_double {
    double v;
} one_double;
VGI_STRUCT(one_double, VGI_FIELD(one_double, v));
typedef struct one_float {
    float v;
} one_float;
VGI_STRUCT(one_float, VGI_FIELD(one_float, v));
typedef struct one_time {
    int64_t v;
} one_time;
VGI_STRUCT(one_time, VGI_FIELD(one_time, v, .arrow = "tsu:UTC"));
typedef struct one_date {
    int32_t v;
} one_date;
VGI_STRUCT(one_date, VGI_FIELD(one_date, v, .arrow = "tdD"));
typedef struct one_str {
    vgi_str v;
} one_str;
VGI_STRUCT(one_str, VGI_FIELD(one_str, v));
typedef struct one_bytes {
    vgi_bytes v;
} one_bytes;
VGI_STRUCT(one_bytes, VGI_FIELD(one_bytes, v));
typedef struct one_decimal {
    vgi_str v;
} one_decimal;
VGI_STRUCT(one_decimal, VGI_FIELD(one_decimal, v, .arrow = "d:20,4"));
typedef struct one_enum {
    status v;
} one_enum;
VGI_STRUCT(one_enum, VGI_NESTED(one_enum, v, status));
typedef struct one_bool {
    bool v;
} one_bool;
VGI_STRUCT(one_bool, VGI_FIELD(one_bool, v));
typedef struct one_optional {
    const int64_t *v;
} one_optional;
VGI_STRUCT(one_optional, VGI_FIELD(one_optional, v));
typedef struct one_point {
    point v;
} one_point;
VGI_STRUCT(one_point, VGI_NESTED(one_point, v, point));
typedef struct one_list {
    VGI_SLICE(int64_t) v;
} one_list;
VGI_STRUCT(one_list, VGI_LIST(one_list, v, int64_t));

static int bind_fixed(foreign *f, const char *format, const void *value,
                      const vgi_type *type, void *out)
{
    foreign_column(f, &(vgi_column){ .name = "v", .format = format });
    assert_int_equal(vgi__builder_fixed(f->builder, 1, value), VGI_OK);
    return foreign_bind(f, type, NULL, out);
}

static void test_integers(void **state)
{
    foreign f;
    one_int i;
    one_unsigned u;
    (void)state;
    assert_int_equal(bind_fixed(&f, "c", &(int8_t){ -7 }, &vgi_type_one_int, &i), VGI_OK);
    assert_int_equal(i.v, -7);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "L", &(uint64_t){ 32767 }, &vgi_type_one_int, &i), 0);
    assert_int_equal(i.v, 32767);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "l", &(int64_t){ 32768 }, &vgi_type_one_int, &i),
                     VGI_EINVAL);
    assert_string_equal(f.err.type, "ValueError");
    assert_string_equal(f.err.message, "column 'v': 32768 does not fit int16_t");
    foreign_free(&f);
    assert_int_equal(
        bind_fixed(&f, "L", &(uint64_t){ UINT64_MAX }, &vgi_type_one_int, &i),
        VGI_EINVAL);
    assert_string_equal(f.err.message,
                        "column 'v': 18446744073709551615 does not fit int16_t");
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "i", &(int32_t){ -1 }, &vgi_type_one_unsigned, &u),
                     VGI_EINVAL);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "I", &(uint32_t){ 9 }, &vgi_type_one_unsigned, &u),
                     0);
    assert_int_equal(u.v, 9);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "g", &(double){ 1 }, &vgi_type_one_int, &i),
                     VGI_ESCHEMA);
    assert_string_equal(f.err.type, "TypeError");
    assert_string_equal(f.err.message,
                        "column 'v' has Arrow type double, not one for int16_t");
    foreign_free(&f);
}

static void test_floats(void **state)
{
    foreign f;
    one_double d;
    one_float s;
    (void)state;
    assert_int_equal(bind_fixed(&f, "f", &(float){ 0.5F }, &vgi_type_one_double, &d), 0);
    assert_true(d.v == 0.5);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "e", &(uint16_t){ 0xc100 }, &vgi_type_one_double, &d),
                     0);
    assert_true(d.v == -2.5);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "e", &(uint16_t){ 1 }, &vgi_type_one_double, &d), 0);
    assert_true(d.v == 1.0 / 16777216);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "i", &(int32_t){ -3 }, &vgi_type_one_double, &d), 0);
    assert_true(d.v == -3);
    foreign_free(&f);
    assert_int_equal(
        bind_fixed(&f, "L", &(uint64_t){ UINT64_C(1) << 63 }, &vgi_type_one_float, &s),
        0);
    assert_true(s.v == 9223372036854775808.0F);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "g", &(double){ 0.25 }, &vgi_type_one_float, &s), 0);
    assert_true(s.v == 0.25F);
    foreign_free(&f);
}

static void test_times(void **state)
{
    foreign f;
    one_time t;
    one_date d;
    (void)state;
    assert_int_equal(bind_fixed(&f, "tss:", &(int64_t){ -2 }, &vgi_type_one_time, &t), 0);
    assert_int_equal(t.v, -2000000);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "tsn:", &(int64_t){ 3000 }, &vgi_type_one_time, &t),
                     0);
    assert_int_equal(t.v, 3);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "tsn:", &(int64_t){ 3001 }, &vgi_type_one_time, &t),
                     VGI_EINVAL);
    assert_string_equal(f.err.message,
                        "column 'v': 3001 does not survive the change of unit");
    foreign_free(&f);
    assert_int_equal(
        bind_fixed(&f, "tss:", &(int64_t){ INT64_MAX }, &vgi_type_one_time, &t),
        VGI_EINVAL);
    foreign_free(&f);
    assert_int_equal(
        bind_fixed(&f, "tdm", &(int64_t){ 86400000 }, &vgi_type_one_date, &d), 0);
    assert_int_equal(d.v, 1);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "l", &(int64_t){ 0 }, &vgi_type_one_time, &t),
                     VGI_ESCHEMA);
    foreign_free(&f);
}

static int bind_bytes(foreign *f, const vgi_column *column, const char *value, size_t n,
                      const vgi_type *type, void *out)
{
    foreign_column(f, column);
    assert_int_equal(vgi__builder_bytes(f->builder, 1, value, n), VGI_OK);
    return foreign_bind(f, type, NULL, out);
}

static void test_text(void **state)
{
    static const vgi_column utf8_value = { .name = "", .format = "U" };
    static const vgi_column columns[] = {
        { .name = "v", .format = "u" },
        { .name = "v", .format = "U" },
        { .name = "v", .format = "vu" },
        { .name = "v", .format = "C", .dictionary = &utf8_value },
    };
    foreign f;
    one_str s;
    one_bytes b;
    (void)state;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        int rc = bind_bytes(&f, &columns[i], "a text of some length", 21,
                            &vgi_type_one_str, &s);
        assert_int_equal(rc, VGI_OK);
        assert_str(s.v, "a text of some length");
        foreign_free(&f);
        assert_int_equal(bind_bytes(&f, &columns[i], "text", 4, &vgi_type_one_bytes, &b),
                         VGI_ESCHEMA);
        foreign_free(&f);
    }
    assert_int_equal(bind_bytes(&f, &(vgi_column){ .name = "v", .format = "w:3" }, "abc",
                                3, &vgi_type_one_bytes, &b),
                     VGI_OK);
    assert_memory_equal(b.v.data, "abc", 3);
    foreign_free(&f);
    assert_int_equal(bind_bytes(&f, &(vgi_column){ .name = "v", .format = "z" }, "abc", 3,
                                &vgi_type_one_str, &s),
                     VGI_ESCHEMA);
    foreign_free(&f);
}

static void test_decimals(void **state)
{
    uint8_t minus_one[32], largest[32];
    memset(minus_one, 0xff, sizeof(minus_one));
    memset(largest, 0xff, sizeof(largest));
    largest[31] = 0x7f;
    const struct {
        const char *format;
        const uint8_t *value;
        const char *text;
    } cases[] = {
        { "d:9,2,32", minus_one, "-0.01" },
        { "d:18,0,64", minus_one, "-1" },
        { "d:38,-3", minus_one, "-1E+3" },
        { "d:76,10,256", largest,
          "5789604461865809771178549250434395392663499233282028201972879200395."
          "6564819967" },
        { "d:38,38", largest, "-0.00000000000000000000000000000000000001" },
    };
    foreign f;
    one_decimal d;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            bind_fixed(&f, cases[i].format, cases[i].value, &vgi_type_one_decimal, &d),
            0);
        assert_str(d.v, cases[i].text);
        foreign_free(&f);
    }
    assert_int_equal(bind_fixed(&f, "g", &(double){ 1 }, &vgi_type_one_decimal, &d),
                     VGI_ESCHEMA);
    foreign_free(&f);
}

static void test_enums(void **state)
{
    static const vgi_column plain = { .name = "v", .format = "u" };
    foreign f;
    one_enum e;
    (void)state;
    assert_int_equal(bind_bytes(&f, &plain, "ACTIVE", 6, &vgi_type_one_enum, &e), VGI_OK);
    assert_int_equal(e.v, ACTIVE);
    foreign_free(&f);
    assert_int_equal(bind_bytes(&f, &plain, "BOGUS", 5, &vgi_type_one_enum, &e),
                     VGI_EINVAL);
    assert_string_equal(f.err.type, "ValueError");
    assert_string_equal(
        f.err.message,
        "'BOGUS' is not a valid member of status (PENDING, ACTIVE, CLOSED)");
    foreign_free(&f);
    assert_int_equal(bind_bytes(&f, &plain, "ACTIVE\0", 7, &vgi_type_one_enum, &e),
                     VGI_EINVAL);
    assert_string_equal(
        f.err.message,
        "'ACTIVE\\x00' is not a valid member of status (PENDING, ACTIVE, CLOSED)");
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "l", &(int64_t){ 1 }, &vgi_type_one_enum, &e),
                     VGI_ESCHEMA);
    foreign_free(&f);
}

static void test_run_ends(void **state)
{
    static const vgi_column children[] = {
        { .name = "run_ends", .format = "i" },
        { .name = "values", .format = "l", .nullable = true }
    };
    vgi_schema *s;
    vgi__record *r = record_of(&vgi_type_one_optional, VGI__ROLE_ROW);
    static const int32_t ends[] = { 2, 3, 10 };
    static const int64_t values[] = { 7, 8, 9 };
    static const uint8_t valid[] = { 5 };
    const void *end_buffers[] = { NULL, ends }, *value_buffers[] = { valid, values };
    struct ArrowArray e = { .length = 3, .n_buffers = 2, .buffers = end_buffers };
    struct ArrowArray v = {
        .length = 3, .null_count = 1, .n_buffers = 2, .buffers = value_buffers
    };
    struct ArrowArray *runs[] = { &e, &v };
    struct ArrowArray column = { .length = 10, .n_children = 2, .children = runs };
    struct ArrowArray *columns[] = { &column };
    const void *none[] = { NULL };
    struct ArrowArray root = { .length = 10,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 1,
                               .children = columns };
    vgi_batch b;
    vgi_arena mem = { 0 };
    one_optional got;
    (void)state;
    assert_int_equal(vgi_schema_build(&s,
                                      &(vgi_column){ .name = "v",
                                                     .format = "+r",
                                                     .children = children,
                                                     .n_children = 2 },
                                      1, NULL),
                     VGI_OK);
    vgi__batch_init(&b, NULL);
    b.schema = s;
    b.root = &root;
    static const int64_t expected[] = { 7, 7, 0, 9, 9, 9, 9, 9, 9, 9 };
    for (int64_t i = 0; i < 10; i++) {
        assert_int_equal(vgi__record_bind(r, &b, i, &got, &mem, NULL, NULL), VGI_OK);
        assert_int_equal(got.v ? *got.v : 0, expected[i]);
    }
    vgi_arena_free(&mem);
    vgi_schema_unref(s);
    vgi__record_free(r);
}

static void test_null_column(void **state)
{
    foreign f;
    one_optional o;
    one_int i;
    (void)state;
    foreign_column(&f, &(vgi_column){ .name = "v", .format = "n", .nullable = true });
    assert_int_equal(vgi__builder_null(f.builder, 1), VGI_OK);
    assert_int_equal(foreign_bind(&f, &vgi_type_one_optional, NULL, &o), VGI_OK);
    assert_null(o.v);
    assert_int_equal(foreign_bind(&f, &vgi_type_one_int, "m", &i), VGI_ESCHEMA);
    assert_string_equal(f.err.type, "TypeError");
    assert_string_equal(f.err.message, "m() parameter 'v' is not optional but got None");
    foreign_free(&f);
}

/* A parameter that is declared as binary but came as a struct, and the reverse. */
static void test_struct_for_blob(void **state)
{
    static const vgi_column fields[] = { { .name = "y", .format = "g" },
                                         { .name = "x", .format = "f" } };
    static const vgi_column column = {
        .name = "v", .format = "+s", .children = fields, .n_children = 2
    };
    foreign f;
    one_point p;
    (void)state;
    foreign_column(&f, &column);
    assert_int_equal(vgi__builder_valid(f.builder, 1), VGI_OK);
    assert_int_equal(vgi__builder_fixed(f.builder, 2, &(double){ 2 }), VGI_OK);
    assert_int_equal(vgi__builder_fixed(f.builder, 3, &(float){ 1 }), VGI_OK);
    assert_int_equal(foreign_bind(&f, &vgi_type_one_point, NULL, &p), VGI_OK);
    assert_true(p.v.x == 1 && p.v.y == 2);
    foreign_free(&f);
}

static void test_bad_blob(void **state)
{
    static const vgi_column binary = { .name = "v", .format = "z" };
    foreign f;
    one_point p;
    vgi_batch *two;
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    (void)state;
    assert_int_equal(bind_bytes(&f, &binary, "garbage", 7, &vgi_type_one_point, &p),
                     VGI_EINVAL);
    assert_string_equal(f.err.type, "ArrowInvalid");
    assert_memory_equal(f.err.message, "column 'v': ", 12);
    foreign_free(&f);
    assert_int_equal(vgi_batch_from_rows(&two, &vgi_type_point, points, 2, NULL), VGI_OK);
    assert_int_equal(vgi_batch_encode(two, NULL, &mem, &bytes, NULL), VGI_OK);
    assert_int_equal(bind_bytes(&f, &binary, (const char *)bytes.data, bytes.len,
                                &vgi_type_one_point, &p),
                     VGI_EINVAL);
    assert_string_equal(f.err.message,
                        "column 'v': expected a single row for point, got 2");
    foreign_free(&f);
    vgi_batch_unref(two);
    vgi_arena_free(&mem);
}

/* The trail names the place: member, item. */
static void test_trail(void **state)
{
    static const vgi_column item = { .name = "item", .format = "g", .nullable = true };
    static const vgi_column list = {
        .name = "v", .format = "+l", .children = &item, .n_children = 1
    };
    foreign f;
    one_list l;
    (void)state;
    foreign_column(&f, &list);
    assert_int_equal(vgi__builder_fixed(f.builder, 2, &(double){ 2 }), VGI_OK);
    assert_int_equal(vgi__builder_close_list(f.builder, 1), VGI_OK);
    assert_int_equal(foreign_bind(&f, &vgi_type_one_list, "m", &l), VGI_ESCHEMA);
    assert_string_equal(
        f.err.message, "m() parameter 'v[0]' has Arrow type double, not one for int64_t");
    foreign_free(&f);
}

/* ---- lists ---- */

static void test_list_forms(void **state)
{
    static const char *const formats[] = { "+l", "+L", "+vl", "+vL", "+w:3" };
    static const vgi_column item = { .name = "element", .format = "l", .nullable = true };
    (void)state;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        foreign f;
        one_list l;
        foreign_column(&f, &(vgi_column){ .name = "v",
                                          .format = formats[i],
                                          .children = &item,
                                          .n_children = 1 });
        for (int k = 0; k < 3; k++)
            assert_int_equal(vgi__builder_fixed(f.builder, 2, &numbers[k]), VGI_OK);
        assert_int_equal(vgi__builder_close_list(f.builder, 1), VGI_OK);
        assert_int_equal(foreign_bind(&f, &vgi_type_one_list, NULL, &l), VGI_OK);
        assert_int_equal(l.v.count, 3);
        assert_memory_equal(l.v.items, numbers, sizeof(numbers));
        foreign_free(&f);
    }
}

typedef struct one_maybes {
    VGI_SLICE(maybe_i64) v;
} one_maybes;
VGI_STRUCT(one_maybes, VGI_LIST(one_maybes, v, maybe_i64));

/* Two billion rows that cost the sender nothing. */
static void test_free_rows(void **state)
{
    static const vgi_column item = { .name = "item", .format = "n", .nullable = true };
    static const vgi_column list = {
        .name = "v", .format = "+l", .children = &item, .n_children = 1
    };
    static const int32_t offsets[] = { 0, INT32_MAX };
    const void *none[] = { NULL }, *list_buffers[] = { NULL, offsets };
    struct ArrowArray nulls = { .length = INT32_MAX, .null_count = INT32_MAX };
    struct ArrowArray *items[] = { &nulls };
    struct ArrowArray column = { .length = 1,
                                 .n_buffers = 2,
                                 .buffers = list_buffers,
                                 .n_children = 1,
                                 .children = items };
    struct ArrowArray *columns[] = { &column };
    struct ArrowArray root = {
        .length = 1, .n_buffers = 1, .buffers = none, .n_children = 1, .children = columns
    };
    vgi__record *r = record_of(&vgi_type_one_maybes, VGI__ROLE_ROW);
    vgi_batch b;
    vgi_arena mem = { 0 };
    vgi_error err;
    one_maybes got;
    (void)state;
    vgi__batch_init(&b, NULL);
    assert_int_equal(vgi_schema_build(&b.schema, &list, 1, NULL), VGI_OK);
    b.root = &root;
    b.body = vgi__block_new(NULL, 0); /* it came from a peer */
    assert_non_null(b.body);
    assert_int_equal(vgi__record_bind(r, &b, 0, &got, &mem, NULL, &err), VGI_ELIMIT);
    assert_string_equal(err.message,
                        "column 'v' takes far more memory than the message it came in "
                        "(limit: its body and 16 MiB)");
    assert_true(mem.held < 1 << 20);
    vgi__block_unref(b.body);
    vgi_schema_unref(b.schema);
    vgi__record_free(r);
    vgi_arena_free(&mem);
}

typedef struct one_points {
    VGI_SLICE(point) v;
} one_points;
VGI_STRUCT(one_points, VGI_LIST(one_points, v, point));

#define WIDE 20000
#define ROWS 1000

/* A member is looked for when it is not in its place: among many members, for many rows,
 * that ends. */
static void test_costly_order(void **state)
{
    static vgi_column members[WIDE];
    static struct ArrowArray *children[WIDE];
    static const double values[ROWS];
    static const int32_t offsets[] = { 0, ROWS };
    const void *none[] = { NULL }, *doubles[] = { NULL, values },
               *list_buffers[] = { NULL, offsets };
    struct ArrowArray nulls = { .length = ROWS, .null_count = ROWS };
    struct ArrowArray numbers_array = { .length = ROWS,
                                        .n_buffers = 2,
                                        .buffers = doubles };
    struct ArrowArray item = { .length = ROWS,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = WIDE,
                               .children = children };
    struct ArrowArray *items[] = { &item };
    struct ArrowArray list = { .length = 1,
                               .n_buffers = 2,
                               .buffers = list_buffers,
                               .n_children = 1,
                               .children = items };
    struct ArrowArray *columns[] = { &list };
    struct ArrowArray root = {
        .length = 1, .n_buffers = 1, .buffers = none, .n_children = 1, .children = columns
    };
    const vgi_column item_type = {
        .name = "item", .format = "+s", .children = members, .n_children = WIDE
    };
    const vgi_column list_type = {
        .name = "v", .format = "+l", .children = &item_type, .n_children = 1
    };
    vgi__record *r = record_of(&vgi_type_one_points, VGI__ROLE_ROW);
    vgi_batch b;
    vgi_arena mem = { 0 };
    vgi_error err;
    one_points got;
    (void)state;
    for (size_t i = 0; i < WIDE; i++) {
        members[i] = (vgi_column){ .name = "other", .format = "n", .nullable = true };
        children[i] = &nulls;
    }
    members[WIDE - 1] = (vgi_column){ .name = "x", .format = "g" };
    members[WIDE - 2] = (vgi_column){ .name = "y", .format = "g" };
    children[WIDE - 1] = children[WIDE - 2] = &numbers_array;
    vgi__batch_init(&b, NULL);
    assert_int_equal(vgi_schema_build(&b.schema, &list_type, 1, NULL), VGI_OK);
    b.root = &root;
    assert_int_equal(vgi__record_bind(r, &b, 0, &got, &mem, NULL, &err), VGI_ELIMIT);
    assert_string_equal(err.message,
                        "column 'v[419].x' has too many members out of order");
    vgi_schema_unref(b.schema);
    vgi__record_free(r);
    vgi_arena_free(&mem);
}

/* ---- one value shown many times ---- */

typedef struct one_strs {
    VGI_SLICE(vgi_str) v;
} one_strs;
VGI_STRUCT(one_strs, VGI_LIST(one_strs, v, vgi_str));

/* Bind a list of `count` values, all of them the one value of a run. */
static int bind_repeated(const vgi_type *type, vgi_bytes value, int32_t count, void *out,
                         vgi_error *err)
{
    const vgi_column parts[] = { { .name = "run_ends", .format = "i" },
                                 { .name = "values", .format = "z" } };
    const vgi_column text_parts[] = { parts[0], { .name = "values", .format = "u" } };
    bool text = type == &vgi_type_one_strs;
    const vgi_column item = { .name = "item",
                              .format = "+r",
                              .children = text ? text_parts : parts,
                              .n_children = 2 };
    const vgi_column list = {
        .name = "v", .format = "+l", .children = &item, .n_children = 1
    };
    const int32_t ends[] = { count }, ranges[] = { 0, (int32_t)value.len },
                  offsets[] = { 0, count };
    const void *none[] = { NULL }, *end_buffers[] = { NULL, ends },
               *value_buffers[] = { NULL, ranges, value.data },
               *list_buffers[] = { NULL, offsets };
    struct ArrowArray run_ends = { .length = 1, .n_buffers = 2, .buffers = end_buffers };
    struct ArrowArray values = { .length = 1, .n_buffers = 3, .buffers = value_buffers };
    struct ArrowArray *runs[] = { &run_ends, &values };
    struct ArrowArray items = { .length = count, .n_children = 2, .children = runs };
    struct ArrowArray *list_items[] = { &items };
    struct ArrowArray column = { .length = 1,
                                 .n_buffers = 2,
                                 .buffers = list_buffers,
                                 .n_children = 1,
                                 .children = list_items };
    struct ArrowArray *columns[] = { &column };
    struct ArrowArray root = {
        .length = 1, .n_buffers = 1, .buffers = none, .n_children = 1, .children = columns
    };
    vgi__record *r = record_of(type, VGI__ROLE_PARAMS);
    vgi_arena mem = { 0 };
    vgi_batch b;
    vgi__batch_init(&b, NULL);
    assert_int_equal(vgi_schema_build(&b.schema, &list, 1, NULL), VGI_OK);
    b.root = &root;
    b.body = vgi__block_new(NULL, 0); /* it came from a peer */
    assert_non_null(b.body);
    int rc = vgi__record_bind(r, &b, 0, out, &mem, NULL, err);
    vgi__block_unref(b.body);
    vgi_schema_unref(b.schema);
    vgi__record_free(r);
    vgi_arena_free(&mem);
    return rc;
}

static void test_repeated_text(void **state)
{
    static const uint8_t text[1 << 20] = { 'x' };
    const vgi_bytes value = { text, sizeof(text) };
    vgi_error err;
    one_strs got;
    (void)state;
    assert_int_equal(bind_repeated(&vgi_type_one_strs, value, 15, &got, &err), VGI_OK);
    assert_int_equal(got.v.count, 15);
    assert_int_equal(bind_repeated(&vgi_type_one_strs, value, 17, &got, &err),
                     VGI_ELIMIT);
    assert_string_equal(err.message,
                        "column 'v[15]' takes far more memory than the message it came "
                        "in (limit: its body and 16 MiB)");
}

static void test_repeated_blob(void **state)
{
    static const point origin = { 1, 2 };
    vgi_batch *batch;
    vgi_arena mem = { 0 };
    vgi_bytes blob;
    vgi_error err;
    one_points got;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&batch, &vgi_type_point, &origin, 1, NULL),
                     VGI_OK);
    int rc = vgi_batch_encode(batch, &(vgi_metadata){ NULL, 0 }, &mem, &blob, NULL);
    vgi_batch_unref(batch);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(bind_repeated(&vgi_type_one_points, blob, 12, &got, &err), VGI_OK);
    assert_int_equal(got.v.count, 12);
    assert_int_equal(bind_repeated(&vgi_type_one_points, blob, 100000, &got, &err),
                     VGI_ELIMIT);
    vgi_arena_free(&mem);
    assert_string_equal(err.message,
                        "embedded streams take far more work than the message they came "
                        "in (limit: twice its body and 16 Mi units)");
}

static void test_booleans(void **state)
{
    foreign f;
    one_bool v;
    (void)state;
    foreign_column(&f, &(vgi_column){ .name = "v", .format = "b" });
    assert_int_equal(vgi__builder_bool(f.builder, 1, true), VGI_OK);
    assert_int_equal(foreign_bind(&f, &vgi_type_one_bool, NULL, &v), VGI_OK);
    assert_true(v.v);
    foreign_free(&f);
    assert_int_equal(bind_fixed(&f, "c", &(int8_t){ 1 }, &vgi_type_one_bool, &v),
                     VGI_ESCHEMA);
    foreign_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_times),           cmocka_unit_test(test_text),
        cmocka_unit_test(test_decimals),        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_run_ends),        cmocka_unit_test(test_null_column),
        cmocka_unit_test(test_struct_for_blob), cmocka_unit_test(test_bad_blob),
        cmocka_unit_test(test_trail),           cmocka_unit_test(test_list_forms),
        cmocka_unit_test(test_free_rows),       cmocka_unit_test(test_costly_order),
        cmocka_unit_test(test_booleans),        cmocka_unit_test(test_repeated_text),
        cmocka_unit_test(test_repeated_blob),
    };
    return vgi_test_run(tests);
}
