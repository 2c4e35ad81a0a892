/* SPDX-License-Identifier: Apache-2.0 */
/* Record batches, one layout at a time: what is right is read, what is wrong is named. */
#include "support/traced.h"

#include <string.h>

#include "support/arrow/craft.h"
#include "support/arrow/render.h"

/* One column and one batch of it. */
typedef struct subject {
    vgi_column column;
    craft_batch batch;
} subject;

static void begin(subject *s, const char *format)
{
    memset(&s->column, 0, sizeof(s->column));
    s->column.name = "c";
    s->column.format = format;
    s->column.nullable = true;
    craft_batch_init(&s->batch);
}

static int decode(const subject *s, int64_t rows, vgi__buffer *rendered, vgi_error *err)
{
    craft c;
    vgi_schema *schema = NULL;
    vgi_batch b;
    craft_init(&c);
    vgi__batch_init(&b, NULL);
    int rc = vgi_schema_build(&schema, &s->column, 1, err);
    if (rc == VGI_OK) {
        vgi_bytes message = vgi_schema_message(schema);
        vgi__buffer_append(&c.out, message.data, message.len);
        craft_put_batch(&c, &s->batch, rows);
        craft_eos(&c);
        rc = c.out.failed
                 ? VGI_ENOMEM
                 : vgi__stream_decode(&b, c.out.data, c.out.len, NULL, NULL, NULL, err);
    }
    if (rc == VGI_OK)
        vgi_test_render_value(rendered, schema, 0, b.root, 0);
    for (int64_t i = 1; rc == VGI_OK && i < rows; i++)
        vgi_test_render_value(rendered, schema, 0, b.root, i);
    vgi__batch_free(&b);
    vgi_schema_unref(schema);
    craft_free(&c);
    return rc;
}

static void expect(const subject *s, int64_t rows, const char *values)
{
    vgi__buffer out;
    vgi_error err = { .message = "" };
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    int rc = decode(s, rows, &out, &err);
    vgi__buffer_char(&out, '\0');
    bool same = !out.failed && strcmp((char *)out.data, values) == 0;
    if (!same)
        print_message("%s: %s\n  expected %s\n  got %s\n", s->column.format, err.message,
                      values, out.failed ? "" : (char *)out.data);
    vgi__buffer_free(&out);
    assert_int_equal(rc, VGI_OK);
    assert_true(same);
}

static void refuse(const subject *s, int64_t rows, const char *part)
{
    vgi__buffer out;
    vgi_error err = { .message = "" };
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    int rc = decode(s, rows, &out, &err);
    vgi__buffer_free(&out);
    if (rc != VGI_EPROTO || !strstr(err.message, part))
        print_message("%s: expected '%s', got '%s'\n", s->column.format, part,
                      err.message);
    assert_int_equal(rc, VGI_EPROTO);
    assert_string_equal(err.type, "ArrowInvalid");
    assert_non_null(strstr(err.message, part));
}

static const uint8_t all[8] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };

static void test_rows_and_nulls(void **state)
{
    (void)state;
    const int32_t items[] = { 1, 2, 3 };
    const uint8_t bits[] = { 5 };
    subject s;
    begin(&s, "i");
    craft_node(&s.batch, 3, 1);
    craft_buffer(&s.batch, bits, 1);
    craft_buffer(&s.batch, items, 12);
    expect(&s, 3, "[1][null][3]");
    refuse(&s, 2, "not those of the batch");
    s.batch.nodes[1] = 2;
    refuse(&s, 3, "null count");
    s.batch.nodes[1] = 4;
    refuse(&s, 3, "number of nulls");
    s.batch.nodes[1] = -1;
    refuse(&s, 3, "number of nulls");
    s.batch.nodes[1] = 0; /* then the bitmap is of no account */
    expect(&s, 3, "[1][2][3]");
    s.batch.nodes[1] = 1;
    s.batch.buffers[1] = 0;
    refuse(&s, 3, "nulls without a bitmap");
    s.batch.nodes[0] = -1;
    refuse(&s, 3, "number of rows");
    s.batch.nodes[0] = INT64_C(1) << 58;
    refuse(&s, 3, "number of rows");
    refuse(&s, INT64_C(1) << 58, "rows");
    refuse(&s, -1, "rows");
}

static void test_buffers(void **state)
{
    (void)state;
    const int64_t item = 7;
    const int64_t bad[][2] = { { 0, -1 },
                               { -8, 8 },
                               { 8, 8 },
                               { 0, 16 },
                               { INT64_MAX - 7, 8 },
                               { INT64_MAX - 15, INT64_MAX - 15 } };
    subject s;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin(&s, "l");
        craft_node(&s.batch, 1, 0);
        craft_raw_buffer(&s.batch, 0, 0);
        craft_buffer(&s.batch, &item, 8);
        s.batch.buffers[2] = bad[i][0];
        s.batch.buffers[3] = bad[i][1];
        refuse(&s, 1, "outside of the message body");
    }
    begin(&s, "l");
    craft_node(&s.batch, 1, 0);
    craft_raw_buffer(&s.batch, 0, 8);
    craft_buffer(&s.batch, &item, 8);
    refuse(&s, 1, "overlap");
    s.batch.n_buffers = 1;
    refuse(&s, 1, "too few buffers");
    begin(&s, "l");
    craft_node(&s.batch, 1, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, &item, 8);
    craft_raw_buffer(&s.batch, 0, 0);
    refuse(&s, 1, "more nodes or buffers");
    s.batch.n_buffers = 2;
    expect(&s, 1, "[7]");
    s.batch.n_nodes = 0;
    refuse(&s, 1, "nodes");
    s.batch.n_nodes = 1;
    s.batch.nodes[0] = 2;
    refuse(&s, 2, "too short");
}

/* A buffer at an odd place is copied to where its items are aligned. */
static void test_misaligned_buffer(void **state)
{
    (void)state;
    const uint8_t body[] = { 0xEE, 1, 0, 0, 0, 2, 0, 0, 0 };
    subject s;
    begin(&s, "i");
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, body, sizeof(body));
    s.batch.buffers[2] = 1;
    s.batch.buffers[3] = 8;
    expect(&s, 2, "[1][2]");
}

static void test_bool(void **state)
{
    (void)state;
    const uint8_t bits[] = { 0x01, 0x01 };
    subject s;
    begin(&s, "b");
    craft_node(&s.batch, 9, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, bits, 2);
    expect(&s, 9, "[true][false][false][false][false][false][false][false][true]");
    s.batch.buffers[3] = 1;
    refuse(&s, 9, "too short");
}

static void text_case(subject *s, const int32_t *offsets, int n, const char *text)
{
    begin(s, "u");
    craft_node(&s->batch, n - 1, 0);
    craft_raw_buffer(&s->batch, 0, 0);
    craft_buffer(&s->batch, offsets, 4 * n);
    craft_buffer(&s->batch, text, (int64_t)strlen(text));
}

static void test_text(void **state)
{
    (void)state;
    subject s;
    text_case(&s, (const int32_t[]){ 0, 1, 3 }, 3, "abc");
    expect(&s, 2, "[\"a\"][\"bc\"]");
    text_case(&s, (const int32_t[]){ 1, 1, 3 }, 3, "abc"); /* need not begin at 0 */
    expect(&s, 2, "[\"\"][\"bc\"]");
    text_case(&s, (const int32_t[]){ 0, 2, 1 }, 3, "abc");
    refuse(&s, 2, "offsets out of order");
    text_case(&s, (const int32_t[]){ 0, 1, 4 }, 3, "abc");
    refuse(&s, 2, "beyond the data");
    text_case(&s, (const int32_t[]){ -1, 1, 3 }, 3, "abc");
    refuse(&s, 2, "offsets out of order");
    text_case(&s, (const int32_t[]){ 0, 1 }, 2, "abc");
    s.batch.nodes[0] = 2;
    refuse(&s, 2, "too short");
    text_case(&s, (const int32_t[]){ 0, 2 }, 2, "\xC3\x28");
    refuse(&s, 1, "UTF-8");
    text_case(&s, (const int32_t[]){ 0, 1, 3 }, 3,
              "\xC3\xA9x"); /* a character cut in two */
    refuse(&s, 2, "UTF-8");
    text_case(&s, (const int32_t[]){ 0, 3 }, 2, "\xED\xA0\x80"); /* a surrogate */
    refuse(&s, 1, "UTF-8");
    begin(&s, "u"); /* no rows need no offsets */
    craft_node(&s.batch, 0, 0);
    for (int i = 0; i < 3; i++)
        craft_raw_buffer(&s.batch, 0, 0);
    refuse(&s, 1, "not those of the batch");
    begin(&s, "z");
    craft_node(&s.batch, 1, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, (const int32_t[]){ 0, 1 }, 8);
    craft_buffer(&s.batch, "\xFF", 1);
    expect(&s, 1, "[\"ff\"]");
}

static void test_large_text(void **state)
{
    (void)state;
    subject s;
    begin(&s, "U");
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, (const int64_t[]){ 0, 2, 3 }, 24);
    craft_buffer(&s.batch, "\xC3\xA9x", 3);
    expect(&s, 2, "[\"\xC3\xA9\"][\"x\"]");
    memcpy(s.batch.body, (const int64_t[]){ 0, INT64_MAX, 3 }, 24);
    refuse(&s, 2, "offsets out of order");
    memcpy(s.batch.body, (const int64_t[]){ 0, 1, 3 }, 24);
    refuse(&s, 2, "UTF-8");
}

static void put_view(uint8_t *view, uint32_t len, const char *prefix, uint32_t buffer,
                     uint32_t at)
{
    memcpy(view, &len, 4);
    memcpy(view + 4, prefix, 4);
    memcpy(view + 8, &buffer, 4);
    memcpy(view + 12, &at, 4);
}

static void view_case(subject *s, const char *format, uint32_t len, uint32_t buffer,
                      uint32_t at, const char *text)
{
    uint8_t view[16];
    put_view(view, len, text, buffer, at);
    begin(s, format);
    craft_node(&s->batch, 1, 0);
    craft_raw_buffer(&s->batch, 0, 0);
    craft_buffer(&s->batch, view, 16);
    craft_buffer(&s->batch, text, (int64_t)strlen(text));
    s->batch.counts[0] = 1;
    s->batch.n_counts = 1;
}

static void test_views(void **state)
{
    (void)state;
    subject s;
    const char *text = "a text of 20 letters";
    view_case(&s, "vu", 20, 0, 0, text);
    expect(&s, 1, "[\"a text of 20 letters\"]");
    view_case(&s, "vu", 21, 0, 0, text);
    refuse(&s, 1, "beyond its buffer");
    view_case(&s, "vu", 4, 0, 0, "shor");
    expect(&s, 1, "[\"shor\"]");
    view_case(&s, "vu", 3, 0, 0, "shor");
    refuse(&s, 1, "behind its value");
    view_case(&s, "vu", 4, 0, 0, "s\xFFor");
    refuse(&s, 1, "UTF-8");
    view_case(&s, "vu", 20, 0, 1, text);
    refuse(&s, 1, "beyond its buffer");
    view_case(&s, "vu", 13, 1, 0, text);
    refuse(&s, 1, "not there");
    view_case(&s, "vu", UINT32_MAX, 0, 0, text);
    refuse(&s, 1, "negative length");
    view_case(&s, "vu", 13, 0, UINT32_MAX, text);
    refuse(&s, 1, "beyond its buffer");
    view_case(&s, "vu", 13, 0, 4, text);
    refuse(&s, 1, "prefix");
    view_case(&s, "vz", 13, 0, 0, "\xFF\xFF\xFF\xFF--------------");
    expect(&s, 1, "[\"ffffffff2d2d2d2d2d2d2d2d2d\"]");
    s.column.format = "vu";
    refuse(&s, 1, "UTF-8");
    view_case(&s, "vu", 13, 0, 0,
              "abcdefghijkl\xC3\xA9"); /* ends inside of a character */
    refuse(&s, 1, "UTF-8");
    view_case(&s, "vu", 13, 0, 0,
              "abcdefghijklm\xFF"); /* the bad byte belongs to no view */
    expect(&s, 1, "[\"abcdefghijklm\"]");
    s.batch.counts[0] = 2;
    refuse(&s, 1, "too few buffers");
    s.batch.counts[0] = 4;
    refuse(&s, 1, "variadic");
    s.batch.counts[0] = -1;
    refuse(&s, 1, "variadic");
    s.batch.n_counts = 0;
    refuse(&s, 1, "variadic");
}

/* Many views of one text that cannot be checked as a whole: up to a budget. */
static void test_repeating_views(void **state)
{
    (void)state;
    static char text[CRAFT_BODY / 2];
    static uint8_t views[CRAFT_BODY / 2];
    const int64_t rows = CRAFT_BODY / 2 / 16;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = (char)0xFF; /* of no view */
    for (int64_t i = 0; i < rows; i++)
        put_view(views + 16 * i, sizeof(text) - 1, "xxxx", 0, 0);
    subject s;
    begin(&s, "vu");
    craft_node(&s.batch, rows, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, views, sizeof(views));
    craft_buffer(&s.batch, text, sizeof(text));
    s.batch.counts[0] = 1;
    s.batch.n_counts = 1;
    refuse(&s, rows, "repeat too much text");
}

static const vgi_column byte_item = { .name = "item", .format = "c", .nullable = true };

static void child_bytes(subject *s, const int8_t *items, int64_t n)
{
    s->column.children = &byte_item;
    s->column.n_children = 1;
    craft_node(&s->batch, n, 0);
    craft_raw_buffer(&s->batch, 0, 0);
    craft_buffer(&s->batch, items, n);
}

static void test_lists(void **state)
{
    (void)state;
    subject s;
    begin(&s, "+l");
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, (const int32_t[]){ 0, 2, 3 }, 12);
    child_bytes(&s, (const int8_t[]){ 1, 2, -3 }, 3);
    expect(&s, 2, "[[1,2]][[-3]]");
    memcpy(s.batch.body, (const int32_t[]){ 0, 2, 4 }, 12);
    refuse(&s, 2, "fewer rows");
    memcpy(s.batch.body, (const int32_t[]){ 2, 0, 3 }, 12);
    refuse(&s, 2, "offsets out of order");
    begin(&s, "+L");
    craft_node(&s.batch, 1, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, (const int64_t[]){ 0, INT64_MAX }, 16);
    child_bytes(&s, (const int8_t[]){ 1 }, 1);
    refuse(&s, 1, "fewer rows");
    begin(&s, "+w:2");
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    child_bytes(&s, (const int8_t[]){ 1, 2, 3, 4 }, 4);
    expect(&s, 2, "[[1,2]][[3,4]]");
    s.column.format = "+w:3";
    refuse(&s, 2, "fewer rows");
    s.column.format = "+w:2147483647";
    refuse(&s, 2, "fewer rows");
}

static void test_list_views(void **state)
{
    (void)state;
    subject s;
    begin(&s, "+vl");
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, (const int32_t[]){ 1, 0 }, 8);
    craft_buffer(&s.batch, (const int32_t[]){ 2, 3 }, 8);
    child_bytes(&s, (const int8_t[]){ 1, 2, 3 }, 3);
    expect(&s, 2, "[[2,3]][[1,2,3]]"); /* out of order and shared is their purpose */
    const int32_t bad[][2] = { { 4, 3 }, { -1, 3 }, { 2, 3 } };
    for (int i = 0; i < 3; i++) {
        memcpy(s.batch.body, bad[i], 8);
        refuse(&s, 2, "beyond the data");
    }
    memcpy(s.batch.body, (const int32_t[]){ 1, 0 }, 8);
    memcpy(s.batch.body + 8, (const int32_t[]){ -1, 3 }, 8);
    refuse(&s, 2, "beyond the data");
    memcpy(s.batch.body + 8, (const int32_t[]){ INT32_MAX, 3 }, 8);
    refuse(&s, 2, "beyond the data");
}

static const vgi_column union_children[] = {
    { .name = "i", .format = "c", .nullable = true },
    { .name = "j", .format = "c", .nullable = true }
};

static void union_case(subject *s, const char *format, const char *ids,
                       const int32_t *offsets)
{
    begin(s, format);
    s->column.children = union_children;
    s->column.n_children = 2;
    craft_node(&s->batch, 3, 0);
    craft_buffer(&s->batch, ids, 3);
    if (offsets)
        craft_buffer(&s->batch, offsets, 12);
    for (int8_t i = 0; i < 2; i++) {
        const int8_t items[] = { i, (int8_t)(i + 10), (int8_t)(i + 20) };
        craft_node(&s->batch, 3, 0);
        craft_raw_buffer(&s->batch, 0, 0);
        craft_buffer(&s->batch, items, 3);
    }
}

static void test_unions(void **state)
{
    (void)state;
    subject s;
    union_case(&s, "+us:5,7", "\5\7\5", NULL);
    expect(&s, 3, "[[5,0]][[7,11]][[5,20]]");
    union_case(&s, "+us:5,7", "\5\6\5", NULL);
    refuse(&s, 3, "type id");
    union_case(&s, "+us:5,7", "\5\xFF\5", NULL);
    refuse(&s, 3, "type id");
    union_case(&s, "+us:5,7", "\5\7\5", NULL);
    s.batch.nodes[2] = 2; /* a child of two rows */
    refuse(&s, 3, "fewer rows");
    union_case(&s, "+ud:0,1", "\0\1\0", (const int32_t[]){ 0, 2, 1 });
    expect(&s, 3, "[[0,0]][[1,21]][[0,10]]");
    union_case(&s, "+ud:0,1", "\0\1\0", (const int32_t[]){ 0, 3, 1 });
    refuse(&s, 3, "union offsets");
    union_case(&s, "+ud:0,1", "\0\1\0", (const int32_t[]){ 0, -1, 1 });
    refuse(&s, 3, "union offsets");
    union_case(&s, "+ud:0,1", "\0\1\0", (const int32_t[]){ 2, 0, 1 });
    refuse(&s, 3, "union offsets");
}

static const vgi_column run_children[] = {
    { .name = "run_ends", .format = "s" },
    { .name = "values", .format = "c", .nullable = true }
};

static void run_case(subject *s, const int16_t *ends, int64_t n, int64_t n_values)
{
    begin(s, "+r");
    s->column.children = run_children;
    s->column.n_children = 2;
    craft_node(&s->batch, 4, 0);
    craft_node(&s->batch, n, 0);
    craft_raw_buffer(&s->batch, 0, 0);
    craft_buffer(&s->batch, ends, 2 * n);
    craft_node(&s->batch, n_values, 0);
    craft_raw_buffer(&s->batch, 0, 0);
    craft_buffer(&s->batch, "\1\2\3\4", n_values);
}

static void test_runs(void **state)
{
    (void)state;
    subject s;
    run_case(&s, (const int16_t[]){ 1, 4 }, 2, 2);
    expect(&s, 4, "[1][2][2][2]");
    run_case(&s, (const int16_t[]){ 1, 9 }, 2, 2); /* may go beyond the last row */
    expect(&s, 4, "[1][2][2][2]");
    run_case(&s, (const int16_t[]){ 1, 3 }, 2, 2);
    refuse(&s, 4, "do not reach");
    run_case(&s, (const int16_t[]){ 4, 4 }, 2, 2);
    refuse(&s, 4, "out of order");
    run_case(&s, (const int16_t[]){ 0, 4 }, 2, 2);
    refuse(&s, 4, "out of order");
    run_case(&s, (const int16_t[]){ -3, 4 }, 2, 2);
    refuse(&s, 4, "out of order");
    run_case(&s, (const int16_t[]){ 1, 4 }, 2, 1);
    refuse(&s, 4, "fewer values");
    run_case(&s, (const int16_t[]){ 1 }, 0, 0);
    refuse(&s, 4, "do not reach");
    run_case(&s, (const int16_t[]){ 1, 4 }, 2, 2);
    s.batch.nodes[3] = 1; /* a null run end, with the second value's byte as bitmap */
    s.batch.buffers[0] = 9;
    s.batch.buffers[1] = 1;
    refuse(&s, 4, "run ends with nulls");
}

static void test_nested_nothing(void **state)
{
    (void)state;
    subject s;
    begin(&s, "n");
    craft_node(&s.batch, 3, 0); /* however many nulls it says */
    expect(&s, 3, "[null][null][null]");
    begin(&s, "+s");
    craft_node(&s.batch, 2, 1);
    craft_buffer(&s.batch, all, 1);
    s.batch.body[0] = 1;
    expect(&s, 2, "[[]][null]");
}

static void test_compressed(void **state)
{
    (void)state;
    /* A zstd frame of one run-length block: 32 times the byte 7. */
    const uint8_t frame[] = { 32,   0,    0,    0,    0,    0,    0, 0, 0x28,
                              0xB5, 0x2F, 0xFD, 0x20, 0x20, 0x03, 1, 0, 7 };
    const uint8_t stored[] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                               1,    2,    3,    4,    5,    6,    7,    8 };
    subject s;
    begin(&s, "l");
    s.batch.codec = 1;
    craft_node(&s.batch, 4, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, frame, sizeof(frame));
    s.column.format = "w:8";
    expect(&s, 4,
           "[\"0707070707070707\"][\"0707070707070707\"][\"0707070707070707\"]"
           "[\"0707070707070707\"]");
    s.batch.body[0] = 40; /* not the size of what comes out */
    refuse(&s, 4, "");
    s.batch.body[7] = 0x80;
    refuse(&s, 4, "declares a size");
    s.batch.buffers[3] = 7;
    refuse(&s, 4, "compressed Arrow buffer of 7 bytes");
    begin(&s, "w:4");
    s.batch.codec = 0;
    craft_node(&s.batch, 2, 0);
    craft_raw_buffer(&s.batch, 0, 0);
    craft_buffer(&s.batch, stored, sizeof(stored));
    expect(&s, 2, "[\"01020304\"][\"05060708\"]");
    s.batch.codec = 9;
    vgi_error err;
    vgi__buffer out;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    assert_int_equal(decode(&s, 2, &out, &err), VGI_ENOTSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_and_nulls),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_misaligned_buffer),
        cmocka_unit_test(test_bool),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_large_text),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_repeating_views),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_list_views),
        cmocka_unit_test(test_unions),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_nested_nothing),
        cmocka_unit_test(test_compressed),
    };
    return vgi_test_run(tests);
}
