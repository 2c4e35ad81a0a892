/* SPDX-License-Identifier: Apache-2.0 */
#include "support/traced.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arrow/reader.h"
#include "arrow/writer.h"
#include "base/endian.h"
#include "support/arrow/literal.h"
#include "transport/mem/mem.h"

/* A writer, a builder of its schema and the bytes that came out. */
typedef struct fixture {
    vgi__writer *w;
    vgi__builder *b;
    const vgi_schema *s;
    struct ArrowArray *array; /* finished last */
    vgi__buffer out, text;
    vgi_error err;
} fixture;

static int start(fixture *f, const char *schema, const vgi_limits *limits)
{
    memset(f, 0, sizeof(*f));
    vgi__buffer_init(&f->out, NULL, SIZE_MAX);
    vgi__buffer_init(&f->text, NULL, SIZE_MAX);
    int rc = vgi_test_builder(&f->b, schema, &f->err);
    if (rc != VGI_OK)
        return rc;
    f->s = vgi__builder_schema(f->b);
    return vgi__writer_new(&f->w, limits, NULL, &f->err);
}

static void stop(fixture *f)
{
    vgi__writer_free(f->w);
    vgi__builder_free(f->b);
    vgi__buffer_free(&f->out);
    vgi__buffer_free(&f->text);
}

/* New values for the one column, not written yet. */
static int fill(fixture *f, const char *values)
{
    vgi__builder_reset(f->b);
    int rc = vgi_test_append(f->b, 1, values);
    return rc == VGI_OK ? vgi__builder_finish(f->b, -1, &f->array, &f->err) : rc;
}

static int write_values(fixture *f, const char *values)
{
    int rc = fill(f, values);
    return rc == VGI_OK ? vgi__writer_batch(f->w, f->array, NULL, &f->err) : rc;
}

/* Read what came out: the values of the first column of all batches, a '|' behind each.
 */
static int read_back(fixture *f, vgi__buffer *all)
{
    vgi__io *io = NULL;
    vgi__reader *r = NULL;
    const vgi_schema *s;
    vgi_batch batch;
    vgi__batch_init(&batch, NULL);
    int rc = vgi__mem_open(&io, f->out.data, f->out.len, 0, NULL, NULL, &f->err);
    if (rc == VGI_OK)
        rc = vgi__reader_new(&r, io, NULL, NULL, &f->err);
    if (rc == VGI_OK)
        rc = vgi__reader_begin(r, &s, &f->err);
    while (rc == VGI_OK && (rc = vgi__reader_next(r, &batch, &f->err)) == VGI_OK) {
        vgi__buffer_str(
            all, vgi_test_values(&f->text, batch.schema, 1, batch.root->children[0]));
        vgi__buffer_char(all, '|');
    }
    vgi__batch_free(&batch);
    vgi__reader_free(r);
    vgi__io_close(io);
    vgi__buffer_char(all, 0);
    return rc == VGI_END ? VGI_OK : rc;
}

static void assert_reads(fixture *f, const char *expected)
{
    vgi__buffer all;
    vgi__buffer_init(&all, NULL, SIZE_MAX);
    int rc = read_back(f, &all);
    const char *found = all.data ? (const char *)all.data : "";
    if (rc != VGI_OK || strcmp(found, expected) != 0) {
        print_error("%s: '%s' instead of '%s'\n", f->err.message, found, expected);
        rc = rc == VGI_OK ? VGI_EINTERNAL : rc;
    }
    vgi__buffer_free(&all);
    assert_int_equal(rc, VGI_OK);
}

/* ---- slices ---- */

static const struct {
    const char *schema, *values, *middle; /* without the first two and the last value */
} slices[] = {
    { "a=n", "null null null null", "null" },
    { "a=b", "true false null true true", "null,true" },
    { "a=i", "1 2 3 null 5", "3,null" },
    { "a=u", "'a' 'bc' null 'def' ''", "null,\"def\"" },
    { "a=U", "'a' 'bc' 'd' ''", "\"d\"" },
    { "a=vu", "'a' 'a string of some length' 'another long string' 'x'",
      "\"another long string\"" },
    { "a=+l(item=u)", "['a'] ['b' 'c'] ['d' null] null []", "[\"d\",null],null" },
    { "a=+L(item=+l(item=b))", "[[true]] [] [[false] null [true true]] []",
      "[[false],null,[true,true]]" },
    { "a=+vl(item=s)", "[1 2] [3] [4 5] null [6]", "[4,5],null" },
    { "a=+vL(item=s)", "[1] [2] [] [3]", "[]" },
    { "a=+w:2(item=c)", "[1 2] [3 4] [5 null] null [7 8]", "[5,null],null" },
    { "a=+s(x=l;y=+s(z=u))", "{1 {'a'}} {2 {'b'}} {3 null} null {5 {'e'}}",
      "[3,null],null" },
    { "a=+m(entries=+s(key=u!;value=l)!)", "[{'a' 1}] [] [{'b' 2} {'c' 3}] []",
      "[[\"b\",2],[\"c\",3]]" },
    { "a=c<=u>", "'x' 'y' null 'x' 'z'", "null,\"x\"" },
    { "a=+us:1(x=l)", "null null null null", "[1,null]" },
    { "a=+ud:1(x=l)", "null null null null", "[1,null]" },
    { "a=+r(run_ends=i!;values=l)", "null null null null", "null" },
};

static void slices_are_rebased(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        fixture f;
        assert_int_equal(start(&f, slices[i].schema, NULL), VGI_OK);
        assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
        assert_int_equal(fill(&f, slices[i].values), VGI_OK);
        struct ArrowArray slice = *f.array; /* by the offset of the batch */
        slice.offset = 2;
        slice.length -= 3;
        assert_int_equal(vgi__writer_batch(f.w, &slice, NULL, NULL), VGI_OK);
        struct ArrowArray column = *f.array->children[0]; /* and by that of the column */
        struct ArrowArray *columns[] = { &column };
        column.offset = 2;
        column.length -= 3;
        column.null_count = -1;
        slice = *f.array;
        slice.length = column.length;
        slice.children = columns;
        assert_int_equal(vgi__writer_batch(f.w, &slice, NULL, NULL), VGI_OK);
        slice.length = 0;
        assert_int_equal(vgi__writer_batch(f.w, &slice, NULL, NULL), VGI_OK);
        assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
        assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
        vgi__buffer_printf(&f.text, "%s|%s||", slices[i].middle, slices[i].middle);
        assert_true(vgi__buffer_char(&f.text, 0));
        vgi__buffer expected = f.text;
        vgi__buffer_init(&f.text, NULL, SIZE_MAX);
        assert_reads(&f, (const char *)expected.data);
        vgi__buffer_free(&expected);
        stop(&f);
    }
}

/* ---- bytes ---- */

static void large_buffers_are_referenced_until_the_flush(void **state)
{
    (void)state;
    enum { ROWS = 1000 };
    fixture f;
    void *items;
    vgi__io *io;
    assert_int_equal(start(&f, "a=l", NULL), VGI_OK);
    assert_int_equal(vgi__builder_column(f.b, 1, ROWS, &items), VGI_OK);
    for (int i = 0; i < ROWS; i++)
        ((int64_t *)items)[i] = 7;
    assert_int_equal(vgi__builder_finish(f.b, ROWS, &f.array, NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    size_t pending = vgi__writer_pending(f.w);
    ((int64_t *)items)[0] = 8; /* seen: it was not copied */
    assert_int_equal(vgi__mem_open(&io, NULL, 0, 0, &f.out, NULL, NULL), VGI_OK);
    int rc = vgi__writer_flush(f.w, io, NULL);
    vgi__io_close(io);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(f.out.len, pending);
    assert_int_equal(vgi__writer_bytes(f.w), pending);
    assert_int_equal(vgi__writer_pending(f.w), 0);
    assert_int_equal(vgi__load64(f.out.data + f.out.len - 8 - ROWS * 8), 8);
    assert_int_equal(vgi__load64(f.out.data + f.out.len - 8 - 8), 7);
    stop(&f);
}

/* A referenced buffer of any length leaves the numbers behind it aligned. */
static void odd_lengths_are_padded(void **state)
{
    (void)state;
    fixture f;
    static char data[5001];
    assert_int_equal(start(&f, "a=+l(item=c);b=z;c=+l(item=l)", NULL), VGI_OK);
    assert_int_equal(vgi_test_append(f.b, 1, "[1] [2 3]"), VGI_OK);
    assert_int_equal(vgi__builder_bytes(f.b, 3, data, sizeof(data)), VGI_OK);
    assert_int_equal(vgi__builder_bytes(f.b, 3, data, sizeof(data)), VGI_OK);
    assert_int_equal(vgi_test_append(f.b, 4, "[4] [5 6]"), VGI_OK);
    assert_int_equal(vgi__builder_finish(f.b, 2, &f.array, NULL), VGI_OK);
    f.array->offset = 1; /* so that offsets are rebased */
    f.array->length = 1;
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    f.array->offset = 0;
    assert_int_equal(vgi__writer_pending(f.w) % 8, 0);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_reads(&f, "[2,3]|");
    stop(&f);
}

/* An output that only counts. */
typedef struct counter {
    vgi__io io;
    uint64_t bytes;
} counter;

static int count_write(vgi__io *io, struct iovec *iov, size_t n, vgi_error *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++)
        ((counter *)io)->bytes += iov[i].iov_len;
    return VGI_OK;
}

static void bodies_may_be_over_two_gibibytes(void **state)
{
    (void)state;
    static const struct vgi__io_ops ops = { .write = count_write };
    const int64_t rows = INT64_C(400) << 20;
    vgi_limits limits = { .message_bytes = INT64_C(8) << 30 };
    counter out = { { &ops, 0, 0 }, 0 };
    fixture f;
    assert_int_equal(start(&f, "a=l", &limits), VGI_OK);
    assert_int_equal(fill(&f, "1"), VGI_OK);
    void *zeros = mmap(NULL, (size_t)rows * 8, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(zeros, MAP_FAILED);
    f.array->children[0]->buffers[1] = zeros;
    f.array->children[0]->length = f.array->length = rows;
    int rc = vgi__writer_schema(f.w, f.s, NULL);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(f.w, f.array, NULL, NULL);
    if (rc == VGI_OK)
        rc = vgi__writer_flush(f.w, &out.io, NULL);
    munmap(zeros, (size_t)rows * 8);
    assert_int_equal(rc, VGI_OK);
    assert_in_range(out.bytes, (uintmax_t)rows * 8 + 200, (uintmax_t)rows * 8 + 1000);
    stop(&f);
}

static void without_nulls_there_is_no_validity(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(start(&f, "a=C", NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(fill(&f, "1 2 3"), VGI_OK);
    static const uint8_t all_valid[8] = { 0xFF };
    f.array->children[0]->buffers[0] = all_valid;
    f.array->children[0]->null_count = -1;
    size_t before = vgi__writer_pending(f.w);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, NULL), VGI_OK);
    size_t with_bits = vgi__writer_pending(f.w) - before;
    assert_int_equal(write_values(&f, "1 2 3"), VGI_OK);
    assert_int_equal(vgi__writer_pending(f.w) - before, 2 * with_bits);
    assert_int_equal(write_values(&f, "1 null 3"), VGI_OK);
    assert_int_equal(vgi__writer_pending(f.w) - before, 3 * with_bits + 8);
    stop(&f);
}

static void metadata_travels(void **state)
{
    (void)state;
    fixture f;
    vgi_batch *batch;
    vgi_pair pairs[] = { { VGI_LIT("k"), VGI_LIT("v") },
                         { VGI_LIT(""), { NULL, 0 } },
                         { VGI_LIT("a longer key"), { "nul\0inside", 10 } } };
    vgi_metadata m = { pairs, 3 };
    assert_int_equal(start(&f, "a=vu", NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_empty_batch(f.w, &m, NULL), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_int_equal(vgi_batch_decode(&batch, (vgi_bytes){ f.out.data, f.out.len }, NULL),
                     VGI_OK);
    vgi_metadata found = vgi_batch_metadata(batch);
    assert_int_equal(found.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(found.pairs[i].key.len, pairs[i].key.len);
        assert_int_equal(found.pairs[i].value.len, pairs[i].value.len);
        assert_memory_equal(found.pairs[i].key.data, pairs[i].key.data, pairs[i].key.len);
        if (pairs[i].value.len)
            assert_memory_equal(found.pairs[i].value.data, pairs[i].value.data,
                                pairs[i].value.len);
    }
    assert_int_equal(vgi_batch_rows(batch), 0);
    vgi_batch_unref(batch);
    stop(&f);
}

/* ---- dictionaries ---- */

static void a_dictionary_is_sent_when_it_changes(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(start(&f, "a=c<=u>", NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    static const char *const batches[] = { "'x' 'y'", "'x' 'y'", "'z' 'z'", "'z' null" };
    size_t sizes[4];
    for (int i = 0; i < 4; i++) {
        size_t before = vgi__writer_pending(f.w);
        assert_int_equal(write_values(&f, batches[i]), VGI_OK);
        sizes[i] = vgi__writer_pending(f.w) - before;
    }
    assert_true(sizes[1] < sizes[0]);
    assert_int_equal(sizes[2], sizes[0] - 8); /* one entry less */
    assert_int_equal(sizes[3], sizes[1] + 8);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_reads(&f, "\"x\",\"y\"|\"x\",\"y\"|\"z\",\"z\"|\"z\",null|");
    /* A new stream knows nothing of the old one. */
    f.out.len = 0;
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_empty_batch(f.w, NULL, NULL), VGI_OK);
    assert_int_equal(write_values(&f, "'z' null"), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_reads(&f, "|\"z\",null|");
    stop(&f);
}

static void columns_share_a_dictionary_or_are_refused(void **state)
{
    (void)state;
    vgi_schema *s;
    vgi__builder *b;
    vgi__writer *w;
    struct ArrowArray *array;
    vgi_error err = { 0 };
    assert_int_equal(vgi_test_schema(&s, "a=c<=u>;b=c<=u>", NULL), VGI_OK);
    s->nodes[2].dictionary = 0; /* as a schema that was read may have it */
    int rc = vgi__builder_new(&b, s, NULL, NULL, NULL);
    vgi_schema_unref(s);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(vgi__writer_new(&w, NULL, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_test_append(b, 1, "'x' 'y'"), VGI_OK);
    assert_int_equal(vgi_test_append(b, 2, "'y' 'z'"), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, 2, &array, NULL), VGI_OK);
    assert_ptr_equal(array->children[0]->dictionary, array->children[1]->dictionary);
    assert_int_equal(array->children[0]->dictionary->length, 3);
    assert_int_equal(vgi__writer_schema(w, s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(w, array, NULL, NULL), VGI_OK);
    size_t pending = vgi__writer_pending(w);
    struct ArrowArray other = *array->children[1]->dictionary;
    array->children[1]->dictionary = &other;
    assert_int_equal(vgi__writer_batch(w, array, NULL, &err), VGI_ENOTSUP);
    assert_string_equal(err.message,
                        "column 'b' shares dictionary 0 but has other values");
    assert_int_equal(vgi__writer_pending(w), pending);
    vgi__writer_free(w);
    vgi__builder_free(b);
}

/* ---- lending ---- */

/* What is lent are the bytes that a gather gives; it may be asked for twice, and what was
 * begun is over once it is cleared. */
static void a_view_lends_what_is_pending(void **state)
{
    (void)state;
    fixture f;
    struct iovec *iov;
    size_t n, at;
    void *items;
    assert_int_equal(start(&f, "a=l", NULL), VGI_OK);
    assert_int_equal(vgi__writer_view(f.w, &iov, &n, NULL), VGI_OK);
    assert_int_equal(n, 0);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__builder_column(f.b, 1, 2000, &items), VGI_OK);
    memset(items, 7, 16000);
    assert_int_equal(vgi__builder_finish(f.b, 2000, &f.array, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__writer_view(f.w, &iov, &n, NULL), VGI_OK);
    assert_int_equal(vgi__writer_view(f.w, &iov, &n, NULL), VGI_OK);
    assert_ptr_equal(iov[1].iov_base, items); /* not copied */
    for (size_t i = 0; i < n; i++)
        assert_true(vgi__buffer_append(&f.text, iov[i].iov_base, iov[i].iov_len));
    assert_int_equal(f.text.len, vgi__writer_pending(f.w));
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_int_equal(f.text.len, f.out.len);
    assert_memory_equal(f.text.data, f.out.data, f.out.len);
    at = (size_t)vgi__writer_bytes(f.w);
    vgi__writer_clear(f.w); /* within the stream */
    assert_int_equal(vgi__writer_pending(f.w), 0);
    assert_int_equal(vgi__writer_bytes(f.w), at);
    assert_int_equal(vgi__writer_empty_batch(f.w, NULL, &f.err), VGI_EINTERNAL);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    stop(&f);
}

/* ---- taking back ---- */

static void a_rewind_leaves_no_trace(void **state)
{
    (void)state;
    fixture f;
    vgi__buffer plain;
    vgi__buffer_init(&plain, NULL, SIZE_MAX);
    assert_int_equal(start(&f, "a=c<=u>", NULL), VGI_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
        assert_int_equal(write_values(&f, "'x'"), VGI_OK);
        if (round == 1) {
            vgi__writer_mark mark = vgi__writer_mark_here(f.w);
            uint64_t bytes = vgi__writer_bytes(f.w);
            assert_int_equal(write_values(&f, "'y'"), VGI_OK);
            assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
            vgi__writer_rewind(f.w, mark);
            assert_int_equal(vgi__writer_bytes(f.w), bytes);
        }
        assert_int_equal(write_values(&f, "'z'"), VGI_OK);
        assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
        assert_int_equal(vgi__writer_gather(f.w, round == 0 ? &plain : &f.out, NULL),
                         VGI_OK);
    }
    assert_int_equal(plain.len, f.out.len);
    assert_memory_equal(plain.data, f.out.data, plain.len);
    vgi__buffer_free(&plain);
    stop(&f);
}

/* A mark before a stream takes the whole stream back, referenced buffers included. */
static void a_stream_is_taken_back_whole(void **state)
{
    (void)state;
    fixture f;
    void *items;
    assert_int_equal(start(&f, "a=l", NULL), VGI_OK);
    vgi__writer_mark mark = vgi__writer_mark_here(f.w);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__builder_column(f.b, 1, 2000, &items), VGI_OK);
    memset(items, 0, 16000);
    assert_int_equal(vgi__builder_finish(f.b, 2000, &f.array, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, NULL), VGI_OK);
    vgi__writer_rewind(f.w, mark);
    assert_int_equal(vgi__writer_pending(f.w), 0);
    assert_int_equal(vgi__writer_empty_batch(f.w, NULL, &f.err), VGI_EINTERNAL);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, &f.err), VGI_EINTERNAL);
    assert_int_equal(write_values(&f, "1 2"), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_reads(&f, "1,2|");
    stop(&f);
}

static void what_is_too_large_is_not_added(void **state)
{
    (void)state;
    fixture f;
    vgi_limits limits = { .message_bytes = 100, .schema_bytes = 400 };
    assert_int_equal(start(&f, "a=u", &limits), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    size_t pending = vgi__writer_pending(f.w);
    char text[100];
    memset(text, 'x', sizeof(text));
    assert_int_equal(vgi__builder_bytes(f.b, 1, text, sizeof(text)), VGI_OK);
    assert_int_equal(vgi__builder_finish(f.b, 1, &f.array, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(f.w, f.array, NULL, &f.err), VGI_ELIMIT);
    assert_string_equal(f.err.message, "a batch of 112 bytes is over the limit of 100");
    static char value[400];
    vgi_pair pair = { VGI_LIT("k"), { value, sizeof(value) } };
    vgi_metadata m = { &pair, 1 };
    assert_int_equal(vgi__writer_empty_batch(f.w, &m, &f.err), VGI_ELIMIT);
    assert_int_equal(vgi__writer_pending(f.w), pending);
    assert_int_equal(write_values(&f, "'fits'"), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_reads(&f, "\"fits\"|");
    stop(&f);
}

/* ---- the whole way ---- */

static void a_used_writer_allocates_nothing(void **state)
{
    (void)state;
    fixture f;
    uint64_t before = 0;
    assert_int_equal(start(&f, "a=+s(x=l;y=u;z=c<=u>)", NULL), VGI_OK);
    for (int round = 0; round < 10; round++) {
        if (round == 2)
            before = vgi_test_allocations();
        f.out.len = 0;
        assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
        assert_int_equal(write_values(&f, "{1 'text' 'x'} null {2 '' 'y'}"), VGI_OK);
        assert_int_equal(write_values(&f, "{1 null 'z'}"), VGI_OK);
        assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
        assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    }
    assert_int_equal(vgi_test_allocations(), before);
    assert_reads(&f, "[1,\"text\",\"x\"],null,[2,\"\",\"y\"]|[1,null,\"z\"]|");
    stop(&f);
}

static void a_batch_is_encoded_as_a_stream(void **state)
{
    (void)state;
    fixture f;
    vgi_arena mem = { 0 };
    vgi_bytes bytes;
    vgi_batch *first;
    vgi_batch *again;
    vgi_pair pair = { VGI_LIT("k"), VGI_LIT("v") };
    vgi_metadata m = { &pair, 1 };
    assert_int_equal(start(&f, "a=u", NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(f.w, f.s, NULL), VGI_OK);
    assert_int_equal(write_values(&f, "'a' null"), VGI_OK);
    assert_int_equal(vgi__writer_eos(f.w, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(f.w, &f.out, NULL), VGI_OK);
    assert_int_equal(vgi_batch_decode(&first, (vgi_bytes){ f.out.data, f.out.len }, NULL),
                     VGI_OK);
    assert_int_equal(vgi_batch_encode(first, &m, &mem, &bytes, NULL), VGI_OK);
    vgi_batch_unref(first);
    assert_int_equal(vgi_batch_decode(&again, bytes, NULL), VGI_OK);
    assert_int_equal(vgi_batch_metadata(again).count, 1);
    assert_string_equal(
        vgi_test_values(&f.text, again->schema, 1, again->root->children[0]),
        "\"a\",null");
    vgi_batch_unref(again);
    vgi_arena_free(&mem);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_rebased),
        cmocka_unit_test(large_buffers_are_referenced_until_the_flush),
        cmocka_unit_test(odd_lengths_are_padded),
        cmocka_unit_test(bodies_may_be_over_two_gibibytes),
        cmocka_unit_test(without_nulls_there_is_no_validity),
        cmocka_unit_test(metadata_travels),
        cmocka_unit_test(a_dictionary_is_sent_when_it_changes),
        cmocka_unit_test(columns_share_a_dictionary_or_are_refused),
        cmocka_unit_test(a_view_lends_what_is_pending),
        cmocka_unit_test(a_rewind_leaves_no_trace),
        cmocka_unit_test(a_stream_is_taken_back_whole),
        cmocka_unit_test(what_is_too_large_is_not_added),
        cmocka_unit_test(a_used_writer_allocates_nothing),
        cmocka_unit_test(a_batch_is_encoded_as_a_stream),
    };
    return vgi_test_run(tests);
}
