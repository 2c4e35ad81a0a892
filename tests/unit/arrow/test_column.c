/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <string.h>

#include "support/arrow/literal.h"

static const char schema[] =
    "f64=g;f32=f;i64=l;when=tsu:UTC;i32=i;day=tdD;u64=L;flag=b;text=u;"
    "view=vu;code=s<=U>;raw=z;fixed=w:2;bytes=c<=z>";
static const char *const values[] = {
    "0.5 null 1.5",
    "0.25 1 2",
    "-1 2 null",
    "1000 null 3",
    "1 2 3",
    "10 20 null",
    "18446744073709551615 0 1",
    "true false null",
    "'a' null ''",
    "'a view of some length' 'short' null",
    "'red' null 'blue'",
    "'r' null ''",
    "'ab' 'cd' null",
    "'x' 'y' null",
};

typedef struct fixture {
    vgi__builder *b;
    vgi_batch batch;
    vgi_error err;
} fixture;

static int start(fixture *f)
{
    memset(f, 0, sizeof(*f));
    vgi__batch_init(&f->batch, NULL);
    int rc = vgi_test_builder(&f->b, schema, NULL);
    if (rc != VGI_OK)
        return rc;
    const vgi_schema *s = vgi__builder_schema(f->b);
    for (int32_t i = 0; rc == VGI_OK && i < s->n_columns; i++)
        rc = vgi_test_append(f->b, vgi__column_node(s, i), values[i]);
    f->batch.schema = vgi_schema_ref(s);
    f->batch.sink = &f->err;
    return rc == VGI_OK ? vgi__builder_finish(f->b, 3, &f->batch.root, NULL) : rc;
}

static void stop(fixture *f)
{
    vgi__batch_free(&f->batch);
    vgi__builder_free(f->b);
}

static void columns_come_as_arrays(void **state)
{
    (void)state;
    fixture f;
    vgi_f64s f64;
    vgi_f32s f32;
    vgi_i64s i64;
    vgi_i32s i32;
    vgi_u64s u64;
    assert_int_equal(start(&f), VGI_OK);
    assert_int_equal(vgi_batch_f64(&f.batch, "f64", &f64), VGI_OK);
    assert_int_equal(f64.count, 3);
    assert_true(f64.items[0] == 0.5 && f64.items[2] == 1.5);
    assert_int_equal(vgi_batch_f32(&f.batch, "f32", &f32), VGI_OK);
    assert_true(f32.items[0] == 0.25F && f32.items[2] == 2);
    assert_int_equal(vgi_batch_i64(&f.batch, "i64", &i64), VGI_OK);
    assert_int_equal(i64.items[0], -1);
    assert_int_equal(vgi_batch_i64(&f.batch, "when", &i64), VGI_OK);
    assert_int_equal(i64.items[2], 3);
    assert_int_equal(vgi_batch_i32(&f.batch, "i32", &i32), VGI_OK);
    assert_int_equal(i32.items[1], 2);
    assert_int_equal(vgi_batch_i32(&f.batch, "day", &i32), VGI_OK);
    assert_int_equal(i32.items[1], 20);
    assert_int_equal(vgi_batch_u64(&f.batch, "u64", &u64), VGI_OK);
    assert_true(u64.items[0] == UINT64_MAX);
    stop(&f);
}

static void a_slice_begins_at_its_offset(void **state)
{
    (void)state;
    fixture f;
    vgi_i32s i32;
    vgi_str text;
    bool flag = true;
    assert_int_equal(start(&f), VGI_OK);
    f.batch.root->offset = 1;
    f.batch.root->length = 2;
    assert_int_equal(vgi_batch_i32(&f.batch, "i32", &i32), VGI_OK);
    assert_int_equal(i32.count, 2);
    assert_int_equal(i32.items[0], 2);
    assert_int_equal(vgi_batch_bool(&f.batch, "flag", 0, &flag), VGI_OK);
    assert_false(flag);
    assert_int_equal(vgi_batch_str(&f.batch, "code", 1, &text), VGI_OK);
    assert_true(vgi_str_eq(text, "blue"));
    assert_true(vgi_batch_is_null(&f.batch, "text", 0));
    f.batch.root->length = 0;
    assert_int_equal(vgi_batch_i32(&f.batch, "i32", &i32), VGI_OK);
    assert_int_equal(i32.count, 0);
    f.batch.root->offset = 0;
    stop(&f);
}

static void strings_and_bytes_come_by_row(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        bool is_text;
        const char *rows[3];
    } cases[] = {
        { "text", true, { "a", NULL, "" } },
        { "view", true, { "a view of some length", "short", NULL } },
        { "code", true, { "red", NULL, "blue" } },
        { "raw", false, { "r", NULL, "" } },
        { "fixed", false, { "ab", "cd", NULL } },
        { "bytes", false, { "x", "y", NULL } },
    };
    fixture f;
    assert_int_equal(start(&f), VGI_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int64_t row = 0; row < 3; row++) {
            vgi_str text;
            vgi_bytes bytes;
            if (cases[i].is_text) {
                assert_int_equal(vgi_batch_str(&f.batch, cases[i].column, row, &text),
                                 VGI_OK);
            } else {
                assert_int_equal(vgi_batch_bytes(&f.batch, cases[i].column, row, &bytes),
                                 VGI_OK);
                text = (vgi_str){ (const char *)bytes.data, bytes.len };
            }
            assert_true(vgi_str_eq(text, cases[i].rows[row]));
            assert_int_equal(vgi_batch_is_null(&f.batch, cases[i].column, row),
                             !cases[i].rows[row]);
        }
    }
    stop(&f);
}

static void failures_leave_their_message(void **state)
{
    (void)state;
    fixture f;
    vgi_f64s f64;
    vgi_i64s i64;
    vgi_str text;
    vgi_bytes bytes;
    bool flag;
    assert_int_equal(start(&f), VGI_OK);
    assert_int_equal(vgi_batch_f64(&f.batch, "no\tsuch", &f64), VGI_ESCHEMA);
    assert_string_equal(f.err.message, "the batch has no column 'no\\x09such'");
    assert_int_equal(vgi_batch_f64(&f.batch, "i64", &f64), VGI_ESCHEMA);
    assert_string_equal(f.err.message, "column 'i64' is int64, not double");
    assert_int_equal(vgi_batch_i64(&f.batch, "u64", &i64), VGI_ESCHEMA);
    assert_int_equal(vgi_batch_i64(&f.batch, "code", &i64), VGI_ESCHEMA);
    assert_string_equal(f.err.message, "column 'code' is dictionary<values=large_string, "
                                       "indices=int16, ordered=0>, not int64");
    assert_int_equal(vgi_batch_str(&f.batch, "raw", 0, &text), VGI_ESCHEMA);
    assert_int_equal(vgi_batch_bytes(&f.batch, "text", 0, &bytes), VGI_ESCHEMA);
    assert_string_equal(f.err.message, "column 'text' is string, not binary");
    assert_int_equal(vgi_batch_bool(&f.batch, "i32", 0, &flag), VGI_ESCHEMA);
    assert_int_equal(vgi_batch_bool(&f.batch, "flag", 3, &flag), VGI_EINVAL);
    assert_string_equal(f.err.message, "row 3 of a batch of 3 rows");
    assert_int_equal(vgi_batch_str(&f.batch, "text", -1, &text), VGI_EINVAL);
    assert_false(vgi_batch_is_null(&f.batch, "nothing", 0));
    assert_false(vgi_batch_is_null(&f.batch, "text", 3));
    f.batch.sink = NULL;
    assert_int_equal(vgi_batch_str(&f.batch, "nothing", 0, &text), VGI_ESCHEMA);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_come_as_arrays),
        cmocka_unit_test(a_slice_begins_at_its_offset),
        cmocka_unit_test(strings_and_bytes_come_by_row),
        cmocka_unit_test(failures_leave_their_message),
    };
    return vgi_test_run(tests);
}
