/* SPDX-License-Identifier: Apache-2.0 */
/* Run-time methods over a session, and with them every function of call.h and output.h.
 */
#include <inttypes.h>
#include <string.h>

#include "support/rpc/session.h"

/* ---- the service ---- */

static const vgi_column number[] = { { .name = "n", .format = "l" } };
static const vgi_column result[] = {
    { .name = "result", .format = "u", .nullable = true }
};
static const vgi_column every[] = {
    { .name = "f64", .format = "g" },
    { .name = "f32", .format = "f" },
    { .name = "i64", .format = "l" },
    { .name = "i32", .format = "i" },
    { .name = "u64", .format = "L" },
    { .name = "at", .format = "tsu:UTC" },
    { .name = "text", .format = "u", .nullable = true },
    { .name = "raw", .format = "z" },
    { .name = "four", .format = "w:4" },
    { .name = "flag", .format = "b" },
};
static const vgi_column header[] = { { .name = "title", .format = "u" } };

/* Parts with NULs, an empty one and a null one; and parts too long for any memory. */
static int say_joined(vgi_call *call, vgi_output *out)
{
    const vgi_str parts[] = { { "a\0", 2 }, VGI_LIT(""), { NULL, 0 }, { "\0b", 2 } };
    const vgi_str endless[] = { { "", SIZE_MAX / 2 }, { "", SIZE_MAX / 2 }, { "", 2 } };
    vgi_str text = VGI_LIT("kept"), empty;
    int rc;

    if (vgi_concat(call, &text, endless, 3) != VGI_ENOMEM ||
        !vgi_str_eq(text, "kept")) /* untouched */
        return VGI_EINTERNAL;
    if ((rc = vgi_concat(call, &empty, NULL, 0)) != VGI_OK ||
        (rc = vgi_concat(call, &text, parts, 4)) != VGI_OK)
        return rc;
    if (empty.len != 0 || empty.data[0] != '\0' || text.data[text.len] != '\0')
        return VGI_EINTERNAL;
    return vgi_output_str(out, "result", text);
}

/* What the unary handler says: the number chooses. */
static int say(vgi_call *call, const vgi_batch *in, vgi_output *out, void *user)
{
    vgi_i64s n;
    vgi_str text;
    int rc = vgi_batch_i64(in, "n", &n);

    if (rc != VGI_OK)
        return rc;
    switch (n.items[0]) {
    case 0:
        return VGI_OK; /* nothing at all */
    case 1:
        return vgi_output_null(out, "result");
    case 2:
        rc = vgi_output_str(out, "result", VGI_LIT("one"));
        return rc == VGI_OK ? vgi_output_str(out, "result", VGI_LIT("two")) : rc;
    case 3:
        return vgi_output_f64(out, "result", 1, &(double *){ NULL });
    case 4:
        return vgi_output_str(out, "nothing", VGI_LIT("x"));
    case 5:
        return vgi_output_str(out, "result", VGI_LIT("\xff"));
    case 6:
        return vgi_output_finish(out);
    case 7:
        return say_joined(call, out);
    default:
        rc = vgi_strf(call, &text, "%s %s %s %s %" PRId64, (const char *)user,
                      vgi_call_service(call), vgi_call_method(call),
                      vgi_transport_name(vgi_call_transport(call)), n.items[0]);
        if (rc == VGI_OK && strlen(vgi_call_request_id(call)) != 16)
            rc = VGI_EINTERNAL;
        if (rc == VGI_OK && (vgi_call_auth(call)->authenticated || vgi_call_user(call) ||
                             strcmp(vgi_call_auth(call)->claims, "{}") != 0 ||
                             strcmp(vgi_call_server_id(call), "test") != 0))
            rc = VGI_EINTERNAL;
        return rc == VGI_OK ? vgi_output_str(out, "result", text) : rc;
    }
}

static int columns_open(vgi_call *call, const vgi_batch *in, void **state, void *user)
{
    vgi_i64s n;
    int rc = vgi_batch_i64(in, "n", &n);

    (void)user;
    if (rc != VGI_OK)
        return rc;
    int64_t *left = vgi_call_alloc(call, sizeof(*left));
    if (!left)
        return VGI_ENOMEM;
    *left = n.items[0];
    *state = left;
    return VGI_OK;
}

static int columns_close_count;
static void columns_close(void *state, void *user)
{
    (void)state;
    (void)user;
    columns_close_count++;
}

static int fill(vgi_output *out, size_t rows)
{
    double *f64;
    float *f32;
    int64_t *i64, *at;
    int32_t *i32;
    uint64_t *u64;
    int rc;

    if ((rc = vgi_output_f64(out, "f64", rows, &f64)) != VGI_OK ||
        (rc = vgi_output_f32(out, "f32", rows, &f32)) != VGI_OK ||
        (rc = vgi_output_i64(out, "i64", rows, &i64)) != VGI_OK ||
        (rc = vgi_output_i32(out, "i32", rows, &i32)) != VGI_OK ||
        (rc = vgi_output_u64(out, "u64", rows, &u64)) != VGI_OK ||
        (rc = vgi_output_i64(out, "at", rows, &at)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < rows; i++) {
        f64[i] = 0.5;
        f32[i] = 0.25F;
        i64[i] = at[i] = -1;
        i32[i] = -2;
        u64[i] = 3;
        if ((rc = vgi_output_str(
                 out, "text", i % 2 ? VGI_LIT("x") : (vgi_str){ NULL, 0 })) != VGI_OK ||
            (rc = vgi_output_bytes(out, "raw",
                                   (vgi_bytes){ (const uint8_t *)"ab", 2 })) != VGI_OK ||
            (rc = vgi_output_bytes(
                 out, "four", (vgi_bytes){ (const uint8_t *)"1234", 4 })) != VGI_OK ||
            (rc = vgi_output_bool(out, "flag", i % 2)) != VGI_OK)
            return rc;
    }
    return VGI_OK;
}

/* Each way to get a column wrong; after all of them the batch is still good. */
static int wrong_columns(vgi_output *out)
{
    double *f64;
    float *f32;
    int64_t *i64;
    int32_t *i32;
    uint64_t *u64;
    const vgi_bytes three = { (const uint8_t *)"123", 3 };

    if (vgi_output_f64(out, "i64", 1, &f64) != VGI_ESCHEMA ||
        vgi_output_f32(out, "f64", 1, &f32) != VGI_ESCHEMA ||
        vgi_output_i64(out, "u64", 1, &i64) != VGI_ESCHEMA ||
        vgi_output_i32(out, "i64", 1, &i32) != VGI_ESCHEMA ||
        vgi_output_u64(out, "i64", 1, &u64) != VGI_ESCHEMA ||
        vgi_output_str(out, "raw", VGI_LIT("")) != VGI_ESCHEMA ||
        vgi_output_bytes(out, "text", three) != VGI_ESCHEMA ||
        vgi_output_bytes(out, "four", three) != VGI_EINVAL ||
        vgi_output_bool(out, "text", true) != VGI_ESCHEMA ||
        vgi_output_null(out, "f64") != VGI_EINVAL ||
        vgi_output_null(out, "absent") != VGI_ESCHEMA ||
        vgi_output_rows(out, 3) != VGI_EINVAL)
        return VGI_EINTERNAL;
    return VGI_OK;
}

static int columns_next(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                        void *user)
{
    int64_t *left = state;
    double *f64;
    int rc;

    (void)call;
    (void)in;
    (void)user;
    switch ((*left)--) {
    case 0:
        return vgi_output_finish(out);
    case 7: /* columns of different lengths, found at once */
        rc = vgi_output_f64(out, "f64", 2, &f64);
        return rc == VGI_OK ? vgi_output_f32(out, "f32", 3, &(float *){ NULL }) : rc;
    case 8: /* ... and when the batch is made */
        return vgi_output_f64(out, "f64", 2, &f64);
    default:
        rc = wrong_columns(out);
        if (rc == VGI_OK)
            rc = fill(out, 2);
        if (rc == VGI_OK)
            rc = vgi_output_metadata(out, "k", VGI_LIT("v"));
        return rc == VGI_OK ? vgi_output_emit(out) : rc;
    }
}

/* An exchange that chooses its schemas, and has a header. */
static int chosen_open(vgi_call *call, const vgi_batch *in, void **state, void *user)
{
    const vgi_column in_column = { .name = "x", .format = "i" };
    const vgi_column out_column = { .name = "y", .format = "l" };
    const vgi_schema *title = user;
    vgi_schema *s;
    vgi_batch *b;
    int rc = vgi_schema_build(&s, &in_column, 1, NULL);

    (void)in;
    (void)state;
    if (rc != VGI_OK)
        return rc;
    rc = vgi_call_input_schema(call, s);
    vgi_schema_unref(s);
    if (rc != VGI_OK || (rc = vgi_schema_build(&s, &out_column, 1, NULL)) != VGI_OK)
        return rc;
    rc = vgi_call_output_schema(call, s);
    vgi_schema_unref(s);
    if (rc != VGI_OK || !title)
        return rc;

    const int32_t offsets[] = { 0, 2 };
    const void *buffers[] = { NULL, offsets, "hi" }, *none[] = { NULL };
    struct ArrowArray column = { .length = 1, .n_buffers = 3, .buffers = buffers };
    struct ArrowArray *children[] = { &column };
    struct ArrowArray root = { .length = 1,
                               .n_buffers = 1,
                               .buffers = none,
                               .n_children = 1,
                               .children = children };
    vgi_batch batch = { .schema = (vgi_schema *)(uintptr_t)title, .root = &root };
    b = &batch;
    return vgi_call_header_batch(call, b);
}

static int chosen_next(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                       void *user)
{
    vgi_i32s x;
    int64_t *y;
    int rc;

    (void)state;
    (void)user;
    if (vgi_call_output_schema(call, vgi_output_schema(out)) != VGI_EINVAL)
        return VGI_EINTERNAL; /* too late */
    if ((rc = vgi_batch_i32(in, "x", &x)) != VGI_OK ||
        (rc = vgi_output_i64(out, "y", x.count, &y)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < x.count; i++)
        y[i] = 2 * (int64_t)x.items[i];
    return VGI_OK;
}

/* ---- a conversation with it ---- */

typedef struct dynamic {
    conversation talk;
    vgi_builder *builder;
    vgi_schema *number, *result, *every, *header;
} dynamic;

static void dynamic_begin(dynamic *d)
{
    vgi_error *err = &d->talk.error;
    vgi_dynamic_stream columns = { .size = sizeof(columns),
                                   .kind = VGI_METHOD_PRODUCER,
                                   .open = columns_open,
                                   .next = columns_next,
                                   .close = columns_close };
    vgi_dynamic_stream chosen = { .size = sizeof(chosen),
                                  .kind = VGI_METHOD_EXCHANGE,
                                  .open = chosen_open,
                                  .next = chosen_next };

    columns_close_count = 0;
    *d = (dynamic){ .builder = NULL };
    talk_begin(&d->talk, NULL);
    assert_int_equal(vgi_schema_build(&d->number, number, 1, err), VGI_OK);
    assert_int_equal(vgi_schema_build(&d->result, result, 1, err), VGI_OK);
    assert_int_equal(vgi_schema_build(&d->every, every, 10, err), VGI_OK);
    assert_int_equal(vgi_schema_build(&d->header, header, 1, err), VGI_OK);
    columns.params = d->number;
    columns.output = d->every;
    chosen.header = d->header;
    chosen.user = d->header;
    assert_int_equal(vgi_builder_new(&d->builder, "Dynamic", NULL, err), VGI_OK);
    assert_int_equal(vgi_builder_unary(d->builder, "say", d->number, d->result, say,
                                       (void *)(uintptr_t) "user", err),
                     VGI_OK);
    assert_int_equal(vgi_builder_stream(d->builder, "columns", &columns, err), VGI_OK);
    assert_int_equal(vgi_builder_stream(d->builder, "chosen", &chosen, err), VGI_OK);
    assert_int_equal(vgi_builder_default(d->builder, "columns", "n", "1", err), VGI_OK);
    assert_non_null(vgi_builder_service(d->builder));
    assert_int_equal(
        vgi__registry_add(d->talk.registry, vgi_builder_service(d->builder), err),
        VGI_OK);
}

static void dynamic_end(dynamic *d)
{
    talk_end(&d->talk);
    vgi_builder_free(d->builder);
    vgi_schema_unref(d->number);
    vgi_schema_unref(d->result);
    vgi_schema_unref(d->every);
    vgi_schema_unref(d->header);
}

typedef struct number_row {
    int64_t n;
} number_row;
VGI_STRUCT(number_row, VGI_FIELD(number_row, n));

#define DYNAMIC(m) ((keys){ .method = (m), .protocol = "Dynamic" })

static void ask(dynamic *d, const char *method, int64_t n)
{
    const number_row row = { n };

    talk_request(&d->talk, DYNAMIC(method), VGI_FROM(number_row, &row), 1);
}

static void test_unary(void **state)
{
    dynamic d;
    conversation *t = &d.talk;
    vgi_str s;

    (void)state;
    dynamic_begin(&d);
    ask(&d, "say", 42);
    ask(&d, "say", 1);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 1);
    talk_expect_rows(t, 1);
    assert_int_equal(vgi_batch_str(&t->batch, "result", 0, &s), VGI_OK);
    assert_true(vgi_str_eq(s, "user Dynamic say memory 42"));
    talk_expect_end(t);
    talk_expect_stream(t, 1);
    talk_expect_rows(t, 1);
    assert_true(vgi_batch_is_null(&t->batch, "result", 0));
    talk_expect_end(t);
    dynamic_end(&d);
}

static void test_concat(void **state)
{
    dynamic d;
    vgi_str s;

    (void)state;
    dynamic_begin(&d);
    ask(&d, "say", 7);
    assert_int_equal(talk_go(&d.talk), VGI_OK);
    talk_expect_stream(&d.talk, 1);
    talk_expect_rows(&d.talk, 1);
    assert_int_equal(vgi_batch_str(&d.talk.batch, "result", 0, &s), VGI_OK);
    assert_int_equal(s.len, 4);
    assert_memory_equal(s.data, "a\0\0b", 4);
    talk_expect_end(&d.talk);
    dynamic_end(&d);
}

static void test_unary_failures(void **state)
{
    static const char *const failures[][2] = {
        [0] = { "TypeError", "say() expected a non-None return value but got None" },
        [2] = { "ValueError", "say() has a result of 2 rows in place of one" },
        [3] = { "TypeError", "output column 'result' is string, not double" },
        [4] = { "KeyError", "the output schema has no column 'nothing'" },
        [5] = { "ValueError", "output column 'result': the string is no UTF-8" },
        [6] = { "RuntimeError", "finish() is not allowed" },
    };
    dynamic d;

    (void)state;
    for (int64_t i = 0; i < 7; i++) {
        if (!failures[i][0])
            continue;
        dynamic_begin(&d);
        ask(&d, "say", i);
        ask(&d, "say", 1);
        assert_int_equal(talk_go(&d.talk), VGI_OK);
        talk_expect_error(&d.talk, failures[i][0], failures[i][1]);
        talk_expect_stream(&d.talk, 1);
        talk_expect_rows(&d.talk, 1);
        dynamic_end(&d);
    }
}

static void test_columns(void **state)
{
    dynamic d;
    conversation *t = &d.talk;
    vgi_i64s at;
    vgi_bytes four;
    vgi_str text;
    bool flag;

    (void)state;
    dynamic_begin(&d);
    ask(&d, "columns", 2);
    talk_ticks(t, 4);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 10);
    for (int i = 0; i < 2; i++) {
        talk_expect_rows(t, 2);
        assert_string_equal(talk_key(t, "k"), "v");
        assert_int_equal(vgi_batch_i64(&t->batch, "at", &at), VGI_OK);
        assert_int_equal(at.items[1], -1);
        assert_int_equal(vgi_batch_bytes(&t->batch, "four", 1, &four), VGI_OK);
        assert_memory_equal(four.data, "1234", 4);
        assert_true(vgi_batch_is_null(&t->batch, "text", 0));
        assert_int_equal(vgi_batch_str(&t->batch, "text", 1, &text), VGI_OK);
        assert_true(vgi_str_eq(text, "x"));
        assert_int_equal(vgi_batch_bool(&t->batch, "flag", 1, &flag), VGI_OK);
        assert_true(flag);
    }
    talk_expect_end(t);
    assert_int_equal(columns_close_count, 1);
    dynamic_end(&d);
}

static void test_columns_of_different_lengths(void **state)
{
    dynamic d;

    (void)state;
    for (int64_t which = 7; which <= 8; which++) {
        dynamic_begin(&d);
        ask(&d, "columns", which);
        talk_ticks(&d.talk, 1);
        assert_int_equal(talk_go(&d.talk), VGI_OK);
        talk_expect_stream(&d.talk, 10);
        talk_expect_exception(&d.talk, which == 7 ? "ValueError" : "TypeError", "f32");
        talk_expect_end(&d.talk);
        assert_int_equal(columns_close_count, 1);
        dynamic_end(&d);
    }
}

/* A parameter that is missing: its default, or a refusal. */
static void test_defaults(void **state)
{
    const keys seed_other = { .method = "columns" };
    dynamic d;

    (void)state;
    dynamic_begin(&d);
    vgi__registry_free(d.talk.registry);
    d.talk.registry = NULL;
    assert_int_equal(vgi__registry_new(&d.talk.registry, NULL, &d.talk.error), VGI_OK);
    assert_int_equal(
        vgi__registry_add(d.talk.registry, vgi_builder_service(d.builder), &d.talk.error),
        VGI_OK);
    talk_request(&d.talk, seed_other, NULL, NULL, 0);
    talk_ticks(&d.talk, 3);
    talk_request(&d.talk, (keys){ .method = "say" }, NULL, NULL, 0);
    assert_int_equal(talk_go(&d.talk), VGI_OK);
    talk_expect_stream(&d.talk, 10);
    talk_expect_rows(&d.talk, 2);
    talk_expect_end(&d.talk);
    talk_expect_error(&d.talk, "TypeError",
                      "say() missing 1 required positional argument: 'n'");
    dynamic_end(&d);
}

static void test_chosen_schemas(void **state)
{
    const vgi_column x = { .name = "x", .format = "i" };
    const int32_t values[] = { 4, 5 };
    const void *buffers[] = { NULL, values }, *none[] = { NULL };
    struct ArrowArray column = { .length = 2, .n_buffers = 2, .buffers = buffers };
    struct ArrowArray *children[] = { &column };
    const struct ArrowArray root = { .length = 2,
                                     .n_buffers = 1,
                                     .buffers = none,
                                     .n_children = 1,
                                     .children = children };
    dynamic d;
    conversation *t = &d.talk;
    vgi_schema *s;
    vgi_str title;
    vgi_i64s y;

    (void)state;
    dynamic_begin(&d);
    talk_request(t, DYNAMIC("chosen"), NULL, NULL, 0);
    assert_int_equal(vgi_schema_build(&s, &x, 1, &t->error), VGI_OK);
    talk_input(t, s);
    vgi_schema_unref(s);
    for (int i = 0; i < 2; i++)
        assert_int_equal(vgi__writer_batch(t->writer, &root, NULL, &t->error), VGI_OK);
    talk_input_end(t);
    assert_int_equal(talk_go(t), VGI_OK);
    talk_expect_stream(t, 1);
    talk_expect_rows(t, 1);
    assert_int_equal(vgi_batch_str(&t->batch, "title", 0, &title), VGI_OK);
    assert_true(vgi_str_eq(title, "hi"));
    talk_expect_end(t);
    talk_expect_stream(t, 1);
    for (int i = 0; i < 2; i++) {
        talk_expect_rows(t, 2);
        assert_int_equal(vgi_batch_i64(&t->batch, "y", &y), VGI_OK);
        assert_true(y.items[0] == 8 && y.items[1] == 10);
    }
    talk_expect_end(t);
    dynamic_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_concat),
        cmocka_unit_test(test_unary_failures),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_columns_of_different_lengths),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_chosen_schemas),
    };

    return vgi_test_run(tests);
}
