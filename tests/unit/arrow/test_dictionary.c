/* SPDX-License-Identifier: Apache-2.0 */
/* Dictionaries of a stream: replacement, deltas, nesting, sharing, and what a kept batch
 * sees of it. */
#include "support/traced.h"

#include <string.h>

#include "support/arrow/craft.h"
#include "support/arrow/render.h"
#include "transport/mem/mem.h"

static const vgi_column text = { .name = "", .format = "u", .nullable = true };

typedef struct fixture {
    craft c;
    vgi__io *io;
    vgi__reader *reader;
    vgi_batch batch;
    vgi_error err;
} fixture;

static void open_fixture(fixture *f)
{
    const vgi_column column = {
        .name = "c", .format = "c", .nullable = true, .dictionary = &text
    };
    vgi_schema *s = NULL;
    memset(f, 0, sizeof(*f));
    vgi__batch_init(&f->batch, NULL);
    craft_init(&f->c);
    assert_int_equal(vgi_schema_build(&s, &column, 1, &f->err), VGI_OK);
    vgi_bytes message = vgi_schema_message(s);
    vgi__buffer_append(&f->c.out, message.data, message.len);
    vgi_schema_unref(s);
}

static void close_fixture(fixture *f)
{
    vgi__batch_free(&f->batch);
    vgi__reader_free(f->reader);
    vgi__io_close(f->io);
    craft_free(&f->c);
}

/* Values of one letter each. */
static void put_values(fixture *f, const char *letters, bool is_delta)
{
    craft_batch b;
    int32_t offsets[16];
    int32_t n = (int32_t)strlen(letters);
    for (int32_t i = 0; i <= n; i++)
        offsets[i] = i;
    craft_batch_init(&b);
    b.is_dictionary = true;
    b.is_delta = is_delta;
    craft_node(&b, n, 0);
    craft_raw_buffer(&b, 0, 0);
    craft_buffer(&b, offsets, 4 * (n + 1));
    craft_buffer(&b, letters, n);
    craft_put_batch(&f->c, &b, n);
}

static void put_indices(fixture *f, const char *indices, int64_t n, uint8_t valid)
{
    craft_batch b;
    craft_batch_init(&b);
    craft_node(&b, n, valid == 0xFF ? 0 : n - __builtin_popcount(valid));
    craft_buffer(&b, &valid, 1);
    craft_buffer(&b, indices, n);
    craft_put_batch(&f->c, &b, n);
}

static void start(fixture *f, const vgi_limits *limits)
{
    const vgi_schema *s;
    assert_false(f->c.out.failed);
    assert_int_equal(
        vgi__mem_open(&f->io, f->c.out.data, f->c.out.len, 0, NULL, NULL, &f->err),
        VGI_OK);
    assert_int_equal(vgi__reader_new(&f->reader, f->io, limits, NULL, &f->err), VGI_OK);
    assert_int_equal(vgi__reader_begin(f->reader, &s, &f->err), VGI_OK);
}

static void expect(const vgi_batch *b, const char *values)
{
    vgi__buffer out;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    for (int64_t i = 0; i < vgi_batch_rows(b); i++)
        vgi_test_render_value(&out, b->schema, 1, b->root->children[0], i);
    vgi__buffer_char(&out, '\0');
    bool same = !out.failed && strcmp((char *)out.data, values) == 0;
    if (!same)
        print_message("expected %s, got %s\n", values,
                      out.failed ? "" : (char *)out.data);
    vgi__buffer_free(&out);
    assert_true(same);
}

static void expect_next(fixture *f, const char *values)
{
    assert_int_equal(vgi__reader_next(f->reader, &f->batch, &f->err), VGI_OK);
    expect(&f->batch, values);
}

static void test_replacement(void **state)
{
    (void)state;
    fixture f;
    vgi_batch *kept = NULL;
    open_fixture(&f);
    put_values(&f, "ab", false);
    put_indices(&f, "\1\0", 2, 0xFF);
    put_values(&f, "xyz", false);
    put_indices(&f, "\1\2", 2, 0xFF);
    craft_eos(&f.c);
    start(&f, NULL);
    expect_next(&f, "\"b\"\"a\"");
    assert_int_equal(vgi_batch_retain(&f.batch, &kept, &f.err), VGI_OK);
    expect_next(&f, "\"y\"\"z\"");
    expect(kept, "\"b\"\"a\""); /* what came before is what it was */
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_END);
    close_fixture(&f);
    expect(kept, "\"b\"\"a\"");
    vgi_batch_unref(kept);
}

static void test_delta(void **state)
{
    (void)state;
    fixture f;
    vgi_batch *kept = NULL;
    open_fixture(&f);
    put_values(&f, "ab", false);
    put_indices(&f, "\1\0", 2, 0xFF);
    put_values(&f, "cd", true);
    put_indices(&f, "\3\2", 2, 0xFF);
    put_values(&f, "e", true);
    put_indices(&f, "\4\0", 2, 0xFF);
    put_values(&f, "", true);
    put_indices(&f, "\4\1", 2, 0xFF);
    put_indices(&f, "\5\1", 2, 0xFF);
    craft_eos(&f.c);
    start(&f, NULL);
    expect_next(&f, "\"b\"\"a\"");
    expect_next(&f, "\"d\"\"c\"");
    assert_int_equal(vgi_batch_retain(&f.batch, &kept, &f.err), VGI_OK);
    expect_next(&f, "\"e\"\"a\"");
    expect(kept, "\"d\"\"c\"");
    assert_int_equal(kept->root->children[0]->dictionary->length, 4);
    expect_next(&f, "\"e\"\"b\"");
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_EPROTO);
    close_fixture(&f);
    vgi_batch_unref(kept);
}

static void test_missing(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    put_indices(&f, "\7\7", 2, 0); /* rows without a value need none */
    put_indices(&f, "", 0, 0xFF);
    put_values(&f, "a", false);
    put_indices(&f, "\0\7", 2, 1);
    put_indices(&f, "\0\7", 2, 0xFF);
    craft_eos(&f.c);
    start(&f, NULL);
    expect_next(&f, "nullnull");
    assert_non_null(f.batch.root->children[0]->dictionary);
    expect_next(&f, "");
    expect_next(&f, "\"a\"null");
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_EPROTO);
    assert_non_null(strstr(f.err.message, "beyond its dictionary"));
    close_fixture(&f);
}

/* The next stream of a connection knows nothing of the dictionaries of the last. */
static void test_streams_are_apart(void **state)
{
    (void)state;
    fixture f;
    const vgi_schema *s;
    open_fixture(&f);
    size_t schema = f.c.out.len;
    put_values(&f, "ab", false);
    put_indices(&f, "\1\0", 2, 0xFF);
    craft_eos(&f.c);
    uint8_t *again = vgi__buffer_extend(&f.c.out, schema);
    if (again)
        memcpy(again, f.c.out.data, schema);
    put_indices(&f, "\1\0", 2, 0xFF);
    craft_eos(&f.c);
    start(&f, NULL);
    expect_next(&f, "\"b\"\"a\"");
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_EPROTO);
    close_fixture(&f);
}

static void test_limit(void **state)
{
    (void)state;
    const vgi_limits limits = { .dictionary_bytes = 100 };
    fixture f;
    open_fixture(&f);
    for (int i = 0; i < 10; i++) /* each takes the place of the one before */
        put_values(&f, "abcdefghij", false);
    put_indices(&f, "\1", 1, 0xFF);
    put_values(&f, "klm", true);
    put_indices(&f, "\12", 1, 0xFF);
    put_values(&f, "nop", true);
    put_values(&f, "qrs", true);
    craft_eos(&f.c);
    start(&f, &limits);
    expect_next(&f, "\"b\"");
    expect_next(&f, "\"k\"");
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ELIMIT);
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
    close_fixture(&f);
}

/* Two fields with one id share its values; with different types they are refused. */
static void shared_id(fixture *f, int second_type)
{
    craft *c = &f->c;
    memset(f, 0, sizeof(*f));
    vgi__batch_init(&f->batch, NULL);
    craft_init(c);
    size_t vector = craft_schema(c, 2);
    for (uint32_t i = 0; i < 2; i++) {
        const craft_slot slots[] = { CRAFT_REF,
                                     { 1, 1 },
                                     { 1, i ? second_type : VGI__TYPE_UTF8 },
                                     CRAFT_REF,
                                     CRAFT_REF };
        const craft_slot encoding[] = { { 8, 3 }, CRAFT_REF };
        const craft_slot index[] = { { 4, 8 }, { 1, 1 } };
        size_t fields;
        craft_link(c, vector + 4 + 4 * i, craft_table(c, slots, 5, &fields));
        craft_link(c, fields, craft_string(c, "c", 1));
        craft_link(c, fields + 24, craft_table(c, NULL, 0, NULL));
        size_t inner;
        craft_link(c, fields + 32, craft_table(c, encoding, 2, &inner));
        craft_link(c, inner + 8, craft_table(c, index, 2, NULL));
    }
    craft_message_end(c);
}

static void test_shared_id(void **state)
{
    (void)state;
    fixture f;
    craft_batch d;
    craft_batch b;
    vgi_schema *s = NULL;
    size_t used;
    shared_id(&f, VGI__TYPE_UTF8);
    put_values(&f, "ab", false);
    craft_free(&f.c);
    shared_id(&f, VGI__TYPE_UTF8);
    craft_batch_init(&d);
    d.is_dictionary = true;
    d.id = 3;
    craft_node(&d, 1, 0);
    craft_raw_buffer(&d, 0, 0);
    craft_buffer(&d, (const int32_t[]){ 0, 2 }, 8);
    craft_buffer(&d, "hi", 2);
    craft_put_batch(&f.c, &d, 1);
    craft_batch_init(&b);
    for (int i = 0; i < 2; i++) {
        craft_node(&b, 1, 0);
        craft_raw_buffer(&b, 0, 0);
        craft_buffer(&b, "\0", 1);
    }
    craft_put_batch(&f.c, &b, 1);
    start(&f, NULL);
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_OK);
    assert_int_equal(f.batch.schema->n_dictionaries, 1);
    expect(&f.batch, "\"hi\"");
    assert_ptr_equal(f.batch.root->children[0]->dictionary,
                     f.batch.root->children[1]->dictionary);
    close_fixture(&f);
    shared_id(&f, VGI__TYPE_BINARY);
    int rc = vgi__schema_decode(&s, f.c.out.data, f.c.out.len, &used, NULL, NULL, &f.err);
    close_fixture(&f);
    assert_int_equal(rc, VGI_EPROTO);
    assert_non_null(strstr(f.err.message, "two different types"));
}

/* A request with a dictionary column, again and again: nothing is allocated for it. */
static void test_steady_state(void **state)
{
    (void)state;
    fixture f;
    int rc = VGI_OK;
    uint64_t before = 0;
    open_fixture(&f);
    put_values(&f, "ab", false);
    put_indices(&f, "\1\0", 2, 0xFF);
    craft_eos(&f.c);
    size_t one = f.c.out.len;
    for (int i = 0; i < 499; i++) {
        uint8_t *again = vgi__buffer_extend(&f.c.out, one);
        if (again)
            memcpy(again, f.c.out.data, one);
    }
    start(&f, NULL);
    for (int i = 0; rc == VGI_OK && i < 500; i++) {
        const vgi_schema *s;
        if (i == 400)
            before = vgi_test_allocations();
        if (i > 0)
            rc = vgi__reader_begin(f.reader, &s, &f.err);
        if (rc == VGI_OK)
            rc = vgi__reader_next(f.reader, &f.batch, &f.err);
        if (rc == VGI_OK)
            rc = vgi__reader_drain(f.reader, &f.err);
    }
    uint64_t after = vgi_test_allocations();
    close_fixture(&f);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(after - before, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replacement),  cmocka_unit_test(test_delta),
        cmocka_unit_test(test_missing),      cmocka_unit_test(test_streams_are_apart),
        cmocka_unit_test(test_limit),        cmocka_unit_test(test_shared_id),
        cmocka_unit_test(test_steady_state),
    };
    return vgi_test_run(tests);
}
