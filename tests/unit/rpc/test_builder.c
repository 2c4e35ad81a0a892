/* SPDX-License-Identifier: Apache-2.0 */
/* Services made at run time: the tables that come out, and what dispatch does with
 * defaults. */
#include <string.h>

#include <vgirpc/builder.h>

#include "arrow/batch.h"
#include "rpc/builder.h"
#include "support/traced.h"

static int unary(vgi_call *call, const vgi_batch *in, vgi_output *out, void *user)
{
    (void)call, (void)in, (void)out, (void)user;
    return VGI_OK;
}

static int open_stream(vgi_call *call, const vgi_batch *in, void **state, void *user)
{
    (void)call, (void)in, (void)state, (void)user;
    return VGI_OK;
}

static int next(vgi_call *call, void *state, const vgi_batch *in, vgi_output *out,
                void *user)
{
    (void)call, (void)state, (void)in, (void)out, (void)user;
    return VGI_OK;
}

static const vgi_column two_columns[] = { { .name = "name", .format = "u" },
                                          { .name = "count", .format = "i" } };

static vgi_schema *schema_of(const vgi_column *columns, size_t n)
{
    vgi_schema *s;
    assert_int_equal(vgi_schema_build(&s, columns, n, NULL), VGI_OK);
    return s;
}

static void test_service(void **state)
{
    vgi_schema *params = schema_of(two_columns, 2), *result = schema_of(two_columns, 1);
    char name[] = "Greeter", method[] = "hello";
    const vgi_dynamic_stream stream = { .size = sizeof(stream),
                                        .kind = VGI_METHOD_EXCHANGE,
                                        .params = params,
                                        .output = result,
                                        .open = open_stream,
                                        .next = next };
    vgi_builder *b;
    int user;
    (void)state;
    assert_int_equal(vgi_builder_new(&b, name, "1.2.3", NULL), VGI_OK);
    assert_int_equal(vgi_builder_unary(b, method, params, result, unary, &user, NULL),
                     VGI_OK);
    assert_int_equal(vgi_builder_unary(b, "nothing", NULL, NULL, unary, NULL, NULL),
                     VGI_OK);
    assert_int_equal(vgi_builder_stream(b, "flow", &stream, NULL), VGI_OK);
    assert_int_equal(vgi_builder_doc(b, "hello", "Greet.", NULL), VGI_OK);
    assert_int_equal(vgi_builder_doc(b, "hello", "Greet someone.", NULL), VGI_OK);
    memset(name, '?', sizeof(name) - 1); /* everything was copied */
    memset(method, '?', sizeof(method) - 1);
    vgi_schema_unref(params);
    vgi_schema_unref(result);
    const vgi_service *s = vgi_builder_service(b);
    assert_non_null(s);
    assert_ptr_equal(vgi_builder_service(b), s);
    assert_int_equal(s->size, sizeof(vgi_service));
    assert_string_equal(s->name, "Greeter");
    assert_string_equal(s->version, "1.2.3");
    const vgi_method *hello = s->methods[0];
    assert_string_equal(hello->ident, "hello");
    assert_string_equal(hello->doc, "Greet someone.");
    assert_ptr_equal(hello->user, &user);
    assert_int_equal(vgi_schema_columns(hello->params_schema), 2);
    assert_int_equal(vgi_schema_columns(hello->result_schema), 1);
    assert_int_equal(vgi_schema_columns(s->methods[1]->result_schema), 0);
    assert_int_equal(s->methods[2]->kind, VGI_METHOD_EXCHANGE);
    assert_int_equal(vgi_schema_columns(s->methods[2]->input_schema), 0);
    assert_null(s->methods[2]->header_schema);
    assert_null(s->methods[3]);
    vgi_builder_free(b);
}

static void test_refused(void **state)
{
    const vgi_dynamic_stream unfit = {
        .size = sizeof(unfit), .kind = VGI_METHOD_UNARY, .open = open_stream, .next = next
    };
    vgi_builder *b;
    vgi_error err;
    (void)state;
    assert_int_equal(vgi_builder_new(&b, "no name", NULL, &err), VGI_EINVAL);
    assert_int_equal(vgi_builder_new(&b, "S", "1.2", &err), VGI_EINVAL);
    assert_string_equal(err.message, "S: version '1.2' is not MAJOR.MINOR.PATCH");
    assert_int_equal(vgi_builder_new(&b, "S", NULL, NULL), VGI_OK);
    assert_int_equal(vgi_builder_unary(b, "", NULL, NULL, unary, NULL, &err), VGI_EINVAL);
    assert_string_equal(err.message, "S: a method without a name");
    assert_int_equal(vgi_builder_unary(b, "m", NULL, NULL, NULL, NULL, &err), VGI_EINVAL);
    assert_string_equal(err.message, "S.m: no handler");
    assert_int_equal(vgi_builder_stream(b, "m", &unfit, &err), VGI_EINVAL);
    assert_string_equal(err.message, "S.m: a stream needs size, kind, open and next");
    assert_int_equal(vgi_builder_unary(b, "m", NULL, NULL, unary, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_builder_unary(b, "m", NULL, NULL, unary, NULL, &err),
                     VGI_EINVAL);
    assert_string_equal(err.message, "S.m: the name is taken");
    assert_int_equal(vgi_builder_doc(b, "n", "text", &err), VGI_ENOTFOUND);
    assert_string_equal(err.message, "S has no method n");
    assert_non_null(vgi_builder_service(b));
    assert_int_equal(vgi_builder_unary(b, "n", NULL, NULL, unary, NULL, &err),
                     VGI_EINVAL);
    assert_string_equal(err.message, "S.n: the service is finished");
    vgi_builder_free(b);
    vgi_builder_free(NULL);
}

/* ---- defaults ---- */

/* One column of each type that a JSON scalar can be. */
static const vgi_column text_value = { .name = "", .format = "u" };
static const vgi_column many[] = {
    { .name = "given", .format = "l" },
    { .name = "flag", .format = "b" },
    { .name = "small", .format = "c" },
    { .name = "large", .format = "L" },
    { .name = "real", .format = "f" },
    { .name = "text", .format = "U" },
    { .name = "coded", .format = "s", .dictionary = &text_value },
    { .name = "bytes", .format = "z" },
    { .name = "price", .format = "d:9,2,32" },
    { .name = "day", .format = "tdD" },
    { .name = "nothing", .format = "+s", .nullable = true },
    { .name = "none", .format = "l", .nullable = true },
};
#define N_MANY (sizeof(many) / sizeof(many[0]))
static const char *const many_defaults[N_MANY] = {
    NULL,      "true",     "-7",    "18446744073709551615",
    "0.5",     "\"text\"", "\"c\"", "\"raw\"",
    "\"1.5\"", "1",        "null",  "null",
};

static const vgi_method *first_method(vgi_builder *b)
{
    const vgi_service *s = vgi_builder_service(b);
    assert_non_null(s);
    return s->methods[0];
}

static vgi_builder *builder_with_defaults(void)
{
    vgi_schema *params = schema_of(many, N_MANY);
    vgi_builder *b;
    assert_int_equal(vgi_builder_new(&b, "S", NULL, NULL), VGI_OK);
    assert_int_equal(vgi_builder_unary(b, "m", params, NULL, unary, NULL, NULL), VGI_OK);
    for (size_t i = 0; i < N_MANY; i++)
        if (many_defaults[i])
            assert_int_equal(
                vgi_builder_default(b, "m", many[i].name, many_defaults[i], NULL),
                VGI_OK);
    vgi_schema_unref(params);
    return b;
}

typedef struct given {
    int64_t other, given;
    int8_t small;
} given;
VGI_STRUCT(given, VGI_FIELD(given, other), VGI_FIELD(given, given),
           VGI_FIELD(given, small));

static void test_fill(void **state)
{
    vgi_builder *b = builder_with_defaults();
    const given row = { 5, 6, 8 };
    const vgi_method *m = first_method(b);
    vgi_batch *request;
    const vgi_batch *full;
    vgi_arena mem = { 0 };
    vgi_str json;
    (void)state;
    assert_int_equal(vgi_batch_from_rows(&request, &vgi_type_given, &row, 1, NULL),
                     VGI_OK);
    assert_int_equal(vgi__fill_defaults(m, request, &mem, &full, NULL), VGI_OK);
    assert_int_equal(vgi_batch_row_json(full, 0, &mem, &json, NULL), VGI_OK);
    assert_string_equal(json.data,
                        "{\"other\":5,\"given\":6,\"small\":8,\"flag\":true,\"large\":"
                        "18446744073709551615,"
                        "\"real\":0.5,\"text\":\"text\",\"coded\":\"c\",\"bytes\":"
                        "\"cmF3\",\"price\":1.50,"
                        "\"day\":\"1970-01-02\",\"nothing\":null,\"none\":null}");
    /* Nothing is missing any more: the batch is taken as it is. */
    const vgi_batch *same;
    assert_int_equal(vgi__fill_defaults(m, full, &mem, &same, NULL), VGI_OK);
    assert_ptr_equal(same, full);
    vgi_arena_free(&mem);
    vgi_batch_unref(request);
    vgi_builder_free(b);
}

/* A request without any column has no rows either. */
static void test_fill_empty(void **state)
{
    vgi_builder *b;
    vgi_schema *params = schema_of(&many[1], 1);
    const vgi_void nothing = { 0 };
    vgi_batch *request;
    const vgi_batch *full;
    vgi_arena mem = { 0 };
    bool flag = false;
    (void)state;
    assert_int_equal(vgi_builder_new(&b, "S", NULL, NULL), VGI_OK);
    assert_int_equal(vgi_builder_unary(b, "m", params, NULL, unary, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_builder_default(b, "m", "flag", "true", NULL), VGI_OK);
    assert_int_equal(vgi_batch_from_rows(&request, &vgi_type_vgi_void, &nothing, 0, NULL),
                     0);
    const vgi_method *m = first_method(b);
    assert_int_equal(vgi__fill_defaults(m, request, &mem, &full, NULL), VGI_OK);
    assert_int_equal(vgi_batch_rows(full), 1);
    assert_int_equal(vgi_batch_bool(full, "flag", 0, &flag), VGI_OK);
    assert_true(flag);
    vgi_arena_free(&mem);
    vgi_batch_unref(request);
    vgi_builder_free(b);
    vgi_schema_unref(params);
}

static void test_bad_defaults(void **state)
{
    vgi_builder *b = builder_with_defaults();
    vgi_error err;
    (void)state;
    assert_int_equal(vgi_builder_default(b, "n", "x", "1", &err), VGI_ENOTFOUND);
    assert_string_equal(err.message, "S has no method n");
    assert_int_equal(vgi_builder_default(b, "m", "x", "1", &err), VGI_ENOTFOUND);
    assert_string_equal(err.message, "S.m has no parameter x");
    assert_int_equal(vgi_builder_default(b, "m", "small", "300", &err), VGI_EINVAL);
    assert_string_equal(err.message, "300 is no JSON scalar for column 'small'");
    assert_int_equal(vgi_builder_default(b, "m", "given", "null", &err), VGI_EINVAL);
    assert_int_equal(vgi_builder_default(b, "m", "nothing", "1", &err), VGI_EINVAL);
    assert_int_equal(vgi_builder_default(b, "m", "text", "text", &err), VGI_EINVAL);
    assert_int_equal(vgi_builder_default(b, "m", "small", "9", NULL), VGI_OK); /* again */
    assert_string_equal(first_method(b)->defaults[2], "9");
    vgi_builder_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_fill),         cmocka_unit_test(test_fill_empty),
        cmocka_unit_test(test_bad_defaults),
    };
    return vgi_test_run(tests);
}
