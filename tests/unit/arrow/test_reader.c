/* SPDX-License-Identifier: Apache-2.0 */
/* The reader: streams one after another, its memory, and how it finds back after
 * something went wrong. */
#include "support/traced.h"

#include <string.h>

#include "arrow/builder.h"
#include "arrow/writer.h"
#include "support/arrow/craft.h"
#include "support/arrow/render.h"
#include "transport/mem/mem.h"

/* ---- an input that does what the test says ---- */

typedef struct script_io {
    vgi__io io;
    vgi__buffer in;
    size_t at, step;
    size_t stall_at; /* one read from here times out; SIZE_MAX: none */
    bool endless;    /* begins again at its end */
} script_io;

static int script_read(vgi__io *io, void *buf, size_t n, size_t *got, vgi_error *err)
{
    script_io *s = (script_io *)io;
    (void)err;
    if (s->at >= s->stall_at) {
        s->stall_at = SIZE_MAX;
        return VGI_ETIMEDOUT;
    }
    if (s->at == s->in.len && !s->endless)
        return VGI_END;
    s->at %= s->in.len;
    size_t end = s->in.len < s->stall_at ? s->in.len : s->stall_at;
    n = n < end - s->at ? n : end - s->at;
    *got = s->step && n > s->step ? s->step : n;
    memcpy(buf, s->in.data + s->at, *got);
    s->at += *got;
    return VGI_OK;
}

static const struct vgi__io_ops script_ops = { script_read, NULL, NULL };

typedef struct fixture {
    script_io io;
    vgi__reader *reader;
    vgi_batch batch;
    vgi_schema *schema; /* a: int64, s: utf8 */
    vgi_error err;
} fixture;

static const vgi_column columns[] = { { .name = "a", .format = "l", .nullable = true },
                                      { .name = "s", .format = "u", .nullable = true } };

static void open_fixture(fixture *f, const vgi_limits *limits)
{
    memset(f, 0, sizeof(*f));
    f->io.io.ops = &script_ops;
    f->io.stall_at = SIZE_MAX;
    vgi__buffer_init(&f->io.in, NULL, SIZE_MAX);
    vgi__batch_init(&f->batch, NULL);
    assert_int_equal(vgi_schema_build(&f->schema, columns, 2, &f->err), VGI_OK);
    assert_int_equal(vgi__reader_new(&f->reader, &f->io.io, limits, NULL, &f->err),
                     VGI_OK);
}

static void close_fixture(fixture *f)
{
    vgi__batch_free(&f->batch);
    vgi__reader_free(f->reader);
    vgi__buffer_free(&f->io.in);
    vgi_schema_unref(f->schema);
}

/* Append a stream of `batches` batches of `rows` rows each to the input. */
static int put_stream(fixture *f, int batches, int64_t rows, const vgi_metadata *m)
{
    vgi__builder *b = NULL;
    vgi__writer *w = NULL;
    struct ArrowArray *array = NULL;
    int rc = vgi__builder_new(&b, f->schema, NULL, NULL, &f->err);
    for (int64_t i = 0; rc == VGI_OK && i < rows; i++) {
        rc = vgi__builder_fixed(b, 1, &i);
        if (rc == VGI_OK)
            rc = vgi__builder_bytes(b, 2, "text", (size_t)(i % 5));
    }
    if (rc == VGI_OK)
        rc = vgi__builder_finish(b, rows, &array, &f->err);
    if (rc == VGI_OK)
        rc = vgi__writer_new(&w, NULL, NULL, &f->err);
    if (rc == VGI_OK)
        rc = vgi__writer_schema(w, f->schema, &f->err);
    for (int i = 0; rc == VGI_OK && i < batches; i++)
        rc = vgi__writer_batch(w, array, m, &f->err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w, &f->err);
    if (rc == VGI_OK)
        rc = vgi__writer_gather(w, &f->io.in, &f->err);
    vgi__writer_free(w);
    vgi__builder_free(b);
    return rc;
}

/* The second column's last row is what put_stream wrote. */
static bool right_rows(const vgi_batch *b, int64_t rows)
{
    if (vgi_batch_rows(b) != rows)
        return false;
    const int64_t *a = b->root->children[0]->buffers[1];
    for (int64_t i = 0; i < rows; i++) {
        vgi_bytes s = vgi__array_bytes(b->schema, 2, b->root->children[1], i);
        if (a[i] != i || s.len != (size_t)(i % 5) || memcmp(s.data, "text", s.len) != 0)
            return false;
    }
    return true;
}

/* Read one whole stream; VGI_END and the number of right batches when all was well. */
static int read_stream(fixture *f, int64_t rows, int *batches)
{
    const vgi_schema *s;
    *batches = 0;
    int rc = vgi__reader_begin(f->reader, &s, &f->err);
    while (rc == VGI_OK) {
        rc = vgi__reader_next(f->reader, &f->batch, &f->err);
        *batches += rc == VGI_OK && right_rows(&f->batch, rows);
    }
    return rc;
}

/* ---- tests ---- */

static void test_streams_in_a_row(void **state)
{
    (void)state;
    static const size_t steps[] = { 0, 1, 100, 5000 };
    static const int64_t rows[] = { 1, 0, 3000, 20,
                                    9000 }; /* small, and larger than the window */
    for (size_t i = 0; i < 4; i++) {
        fixture f;
        int batches = 0;
        open_fixture(&f, NULL);
        f.io.step = steps[i];
        int rc = VGI_OK;
        for (int k = 0; rc == VGI_OK && k < 5; k++)
            rc = put_stream(&f, 3, rows[k], NULL);
        bool good = rc == VGI_OK;
        for (int k = 0; good && k < 5; k++)
            good = read_stream(&f, rows[k], &batches) == VGI_END && batches == 3;
        const vgi_schema *s;
        rc = vgi__reader_begin(f.reader, &s, &f.err);
        uint64_t bytes = vgi__reader_bytes(f.reader);
        size_t sent = f.io.in.len;
        close_fixture(&f);
        assert_true(good);
        assert_int_equal(rc, VGI_END);
        assert_int_equal(bytes, sent);
    }
}

static void test_schema_cache(void **state)
{
    (void)state;
    fixture f;
    const vgi_schema *first = NULL;
    const vgi_schema *second = NULL;
    open_fixture(&f, NULL);
    int rc = put_stream(&f, 1, 1, NULL);
    f.io.endless = true;
    if (rc == VGI_OK)
        rc = vgi__reader_begin(f.reader, &first, &f.err);
    if (rc == VGI_OK)
        rc = vgi__reader_drain(f.reader, &f.err);
    if (rc == VGI_OK)
        rc = vgi__reader_begin(f.reader, &second, &f.err);
    bool same = first == second;
    bool equal = second && vgi_schema_equal(second, f.schema);
    close_fixture(&f);
    assert_int_equal(rc, VGI_OK);
    assert_true(same);
    assert_true(equal);
}

static void test_drain(void **state)
{
    (void)state;
    fixture f;
    const vgi_schema *s;
    int batches = 0;
    open_fixture(&f, NULL);
    f.io.step = 50;
    assert_int_equal(put_stream(&f, 3, 5000, NULL), VGI_OK);
    assert_int_equal(put_stream(&f, 1, 2, NULL), VGI_OK);
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK); /* nothing to do */
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
    assert_true(vgi__reader_in_stream(f.reader));
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_EINTERNAL);
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_OK);
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
    assert_false(vgi__reader_in_stream(f.reader));
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_EINTERNAL);
    assert_int_equal(read_stream(&f, 2, &batches), VGI_END);
    assert_int_equal(batches, 1);
    close_fixture(&f);
}

/* A batch with metadata; its strings stay when it is kept. */
static void test_metadata(void **state)
{
    (void)state;
    const vgi_pair pairs[] = { { VGI_LIT("key"), VGI_LIT("value") },
                               { VGI_LIT("none"), VGI_LIT("") } };
    const vgi_metadata m = { pairs, 2 };
    static const int64_t rows[] = { 2, 9000 };
    for (int i = 0; i < 2; i++) {
        fixture f;
        const vgi_schema *s;
        vgi_batch *kept = NULL;
        vgi_str value = { NULL, 0 };
        open_fixture(&f, NULL);
        assert_int_equal(put_stream(&f, 2, rows[i], &m), VGI_OK);
        assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
        assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_OK);
        assert_int_equal(f.batch.metadata.count, 2);
        assert_int_equal(vgi_batch_retain(&f.batch, &kept, &f.err), VGI_OK);
        assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_OK);
        vgi_metadata of_kept = vgi_batch_metadata(kept);
        assert_true(vgi_metadata_get(&of_kept, "key", &value));
        assert_true(vgi_str_eq(value, "value"));
        assert_true(vgi_metadata_get(&of_kept, "none", &value));
        assert_true(vgi_str_eq(value, ""));
        assert_true(right_rows(kept, rows[i]));
        vgi_batch_unref(kept);
        close_fixture(&f);
    }
}

static void test_metadata_limits(void **state)
{
    (void)state;
    const vgi_limits few = { .metadata_pairs = 1 };
    const vgi_limits little = { .metadata_bytes = 10 };
    const vgi_limits *limits[] = { &few, &little };
    const vgi_pair pairs[] = { { VGI_LIT("key"), VGI_LIT("value") },
                               { VGI_LIT("n"), VGI_LIT("xx") } };
    const vgi_metadata m = { pairs, 2 };
    for (int i = 0; i < 2; i++) {
        fixture f;
        const vgi_schema *s;
        int batches = 0;
        open_fixture(&f, limits[i]);
        assert_int_equal(put_stream(&f, 2, 1, &m), VGI_OK);
        assert_int_equal(put_stream(&f, 1, 1, NULL), VGI_OK);
        assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
        assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ELIMIT);
        assert_null(f.batch.root);
        assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_EINTERNAL);
        assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
        assert_int_equal(read_stream(&f, 1, &batches), VGI_END);
        assert_int_equal(batches, 1);
        close_fixture(&f);
    }
}

/* A body over the limit is passed over; the next stream is read as if nothing had been.
 */
static void test_body_over_the_limit(void **state)
{
    (void)state;
    const vgi_limits limits = { .message_bytes = 100000 };
    fixture f;
    const vgi_schema *s;
    int batches = 0;
    open_fixture(&f, &limits);
    assert_int_equal(put_stream(&f, 2, 10000, NULL), VGI_OK);
    assert_int_equal(put_stream(&f, 1, 100, NULL), VGI_OK);
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
    size_t before = vgi_test_live_bytes();
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ELIMIT);
    assert_false(vgi__reader_broken(f.reader));
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
    assert_int_equal(vgi_test_live_bytes(), before);
    assert_int_equal(read_stream(&f, 100, &batches), VGI_END);
    assert_int_equal(batches, 1);
    close_fixture(&f);
}

/* As the limit, for a message that is malformed but framed. */
static void test_bad_batch_then_good_stream(void **state)
{
    (void)state;
    fixture f;
    craft c;
    craft_batch b;
    int batches = 0;
    open_fixture(&f, NULL);
    vgi_bytes message = vgi_schema_message(f.schema);
    craft_init(&c);
    vgi__buffer_append(&c.out, message.data, message.len);
    craft_batch_init(&b);
    craft_node(&b, 1, 0);
    craft_buffer(&b, "garbage", 7);
    craft_put_batch(&c, &b, 1);
    craft_put_batch(&c, &b, 1);
    craft_eos(&c);
    vgi__buffer_append(&f.io.in, c.out.data, c.out.len);
    craft_free(&c);
    assert_false(f.io.in.failed);
    assert_int_equal(put_stream(&f, 1, 4, NULL), VGI_OK);
    assert_int_equal(read_stream(&f, 1, &batches), VGI_EPROTO);
    assert_int_equal(batches, 0);
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_OK);
    assert_int_equal(read_stream(&f, 4, &batches), VGI_END);
    assert_int_equal(batches, 1);
    close_fixture(&f);
}

/* Batches that are kept show the same, whatever is read after them and however the window
 * moves. */
static void test_kept_batches(void **state)
{
    (void)state;
    enum { KEPT = 300 };
    fixture f;
    static vgi_batch *kept[KEPT];
    int rc = VGI_OK;
    int n = 0;
    open_fixture(&f, NULL);
    assert_int_equal(put_stream(&f, 3, 7, NULL), VGI_OK);
    f.io.endless = true;
    f.io.step = 3000;
    while (rc == VGI_OK && n < KEPT) {
        const vgi_schema *s;
        rc = vgi__reader_begin(f.reader, &s, &f.err);
        if (rc == VGI_OK)
            rc = vgi__reader_next(f.reader, &f.batch, &f.err);
        if (rc == VGI_OK)
            rc = vgi_batch_retain(&f.batch, &kept[n], &f.err);
        n += rc == VGI_OK;
        if (rc == VGI_OK)
            rc = vgi__reader_drain(f.reader, &f.err);
    }
    close_fixture(&f); /* they outlive the reader */
    int right = 0;
    for (int i = 0; i < n; i++) {
        right += right_rows(kept[i], 7);
        vgi_batch_unref(kept[i]);
    }
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(right, KEPT);
}

static void test_timeouts(void **state)
{
    (void)state;
    fixture f;
    const vgi_schema *s;
    int batches = 0;
    open_fixture(&f, NULL);
    assert_int_equal(put_stream(&f, 1, 1, NULL), VGI_OK);
    size_t stream = f.io.in.len;
    assert_int_equal(put_stream(&f, 1, 1, NULL), VGI_OK);
    f.io.stall_at = 0;
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_ETIMEDOUT);
    assert_int_equal(read_stream(&f, 1, &batches), VGI_END); /* nothing had come yet */
    assert_int_equal(batches, 1);
    f.io.stall_at = stream + vgi_schema_message(f.schema).len;
    vgi__reader_free(f.reader);
    f.io.at = stream;
    assert_int_equal(vgi__reader_new(&f.reader, &f.io.io, NULL, NULL, &f.err), VGI_OK);
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ETIMEDOUT);
    assert_false(vgi__reader_broken(f.reader)); /* between two messages */
    f.io.stall_at = f.io.in.len - 20;
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ETIMEDOUT);
    assert_true(vgi__reader_broken(f.reader)); /* inside of one */
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_ECLOSED);
    assert_int_equal(vgi__reader_drain(f.reader, &f.err), VGI_ECLOSED);
    close_fixture(&f);
}

static void test_has_buffered(void **state)
{
    (void)state;
    fixture f;
    const vgi_schema *s;
    open_fixture(&f, NULL);
    assert_int_equal(put_stream(&f, 2, 1, NULL), VGI_OK);
    assert_false(vgi__reader_has_buffered(f.reader));
    f.io.stall_at = f.io.in.len - 30; /* in the second batch */
    assert_int_equal(vgi__reader_begin(f.reader, &s, &f.err), VGI_OK);
    assert_true(vgi__reader_has_buffered(f.reader));
    assert_int_equal(vgi__reader_next(f.reader, &f.batch, &f.err), VGI_OK);
    assert_false(vgi__reader_has_buffered(f.reader));
    close_fixture(&f);
}

/* After a warm-up, reading the same streams again and again takes nothing from the
 * allocator. */
static void test_steady_state(void **state)
{
    (void)state;
    static const int64_t rows[] = { 1, 9000 };
    for (int i = 0; i < 2; i++) {
        fixture f;
        int batches = 0;
        int rc = VGI_END;
        open_fixture(&f, NULL);
        assert_int_equal(put_stream(&f, 2, rows[i], NULL), VGI_OK);
        f.io.endless = true;
        f.io.step = i == 0 ? 0 : 4096;
        for (int k = 0; rc == VGI_END && k < 300; k++)
            rc = read_stream(&f, rows[i], &batches);
        uint64_t before = vgi_test_allocations();
        for (int k = 0; rc == VGI_END && k < 300; k++)
            rc = read_stream(&f, rows[i], &batches);
        uint64_t after = vgi_test_allocations();
        close_fixture(&f);
        assert_int_equal(rc, VGI_END);
        assert_int_equal(batches, 2);
        assert_int_equal(after - before, 0);
    }
}

static void test_nothing(void **state)
{
    (void)state;
    vgi_batch *b = NULL;
    vgi_schema *s = NULL;
    vgi_error err;
    craft c;
    craft_init(&c);
    craft_schema(&c, 0);
    craft_message_end(&c);
    craft_eos(&c);
    int no_batch = vgi_batch_decode(&b, (vgi_bytes){ c.out.data, c.out.len }, &err);
    int no_end = vgi_batch_decode(&b, (vgi_bytes){ c.out.data, c.out.len - 8 }, &err);
    craft_free(&c);
    assert_int_equal(no_batch, VGI_END);
    assert_int_equal(no_end, VGI_EPROTO);
    assert_null(b);
    assert_int_equal(vgi_batch_decode(&b, (vgi_bytes){ NULL, 0 }, &err), VGI_EPROTO);
    assert_int_equal(vgi_schema_decode(&s, (vgi_bytes){ NULL, 0 }, &err), VGI_EPROTO);
}

/* ---- an input that is fed ---- */

/* The first `n` bytes of what was put, in a block of their size. */
static vgi__block *cut_off(const fixture *f, size_t n)
{
    vgi__block *b = vgi__block_new(NULL, n);
    if (b)
        memcpy(b->data, f->io.in.data, n);
    return b;
}

static int open_fed(fixture *f, int batches, int64_t rows)
{
    open_fixture(f, NULL);
    vgi__reader_free(f->reader);
    f->reader = NULL;
    int rc = vgi__reader_new(&f->reader, NULL, NULL, NULL, &f->err);
    return rc == VGI_OK ? put_stream(f, batches, rows, NULL) : rc;
}

static void test_fed(void **state)
{
    static const int64_t sizes[] = { 3, 100000 }; /* in the window, and far beyond it */
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fixture f;
        const vgi_schema *schema;
        assert_int_equal(open_fed(&f, 2, sizes[i]), VGI_OK);
        assert_int_equal(put_stream(&f, 1, sizes[i], NULL), VGI_OK);
        vgi__block *b = cut_off(&f, f.io.in.len);
        assert_non_null(b);
        assert_int_equal(vgi__reader_begin(f.reader, &schema, &f.err), VGI_END);
        vgi__reader_feed(f.reader, b, f.io.in.len);
        int wrong = 0;
        for (int stream = 0; stream < 2; stream++) {
            wrong += vgi__reader_begin(f.reader, &schema, &f.err) != VGI_OK;
            for (int n = 0; n < 2 - stream; n++) {
                wrong += vgi__reader_next(f.reader, &f.batch, &f.err) != VGI_OK;
                wrong += !right_rows(&f.batch, sizes[i]);
                wrong += f.batch.body != b; /* a view, not a copy */
            }
            wrong += vgi__reader_next(f.reader, &f.batch, &f.err) != VGI_END;
        }
        wrong += vgi__reader_begin(f.reader, &schema, &f.err) != VGI_END;
        vgi__block_unref(b);
        close_fixture(&f);
        assert_int_equal(wrong, 0);
    }
}

/* Whatever is cut off is noticed, and the next input is read as if nothing had been. */
static void test_fed_in_part(void **state)
{
    fixture f;
    const vgi_schema *schema;
    (void)state;
    assert_int_equal(open_fed(&f, 1, 3), VGI_OK);
    int wrong = 0;
    for (size_t n = 0; n <= f.io.in.len; n++) {
        vgi__block *b = cut_off(&f, n);
        if (!b)
            break;
        vgi__reader_feed(f.reader, b, n);
        vgi__block_unref(b);
        int rc = vgi__reader_begin(f.reader, &schema, &f.err);
        while (rc == VGI_OK)
            rc = vgi__reader_next(f.reader, &f.batch, &f.err);
        const bool whole = n == f.io.in.len || n == 0;
        wrong += rc != (whole ? VGI_END : VGI_ECLOSED);
        wrong += vgi__reader_broken(f.reader) == whole;
    }
    close_fixture(&f);
    assert_int_equal(wrong, 0);
}

/* A body that claims more than was fed. */
static void test_fed_too_little(void **state)
{
    fixture f;
    const vgi_schema *schema;
    (void)state;
    assert_int_equal(open_fed(&f, 1, 100000), VGI_OK);
    vgi__block *b = cut_off(&f, f.io.in.len / 2);
    assert_non_null(b);
    vgi__reader_feed(f.reader, b, b->size);
    vgi__block_unref(b);
    int began = vgi__reader_begin(f.reader, &schema, &f.err);
    int rc = vgi__reader_next(f.reader, &f.batch, &f.err);
    bool broken = vgi__reader_broken(f.reader);
    close_fixture(&f);
    assert_int_equal(began, VGI_OK);
    assert_int_equal(rc, VGI_ECLOSED);
    assert_true(broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_in_a_row),
        cmocka_unit_test(test_schema_cache),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_metadata_limits),
        cmocka_unit_test(test_body_over_the_limit),
        cmocka_unit_test(test_bad_batch_then_good_stream),
        cmocka_unit_test(test_kept_batches),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_has_buffered),
        cmocka_unit_test(test_steady_state),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_fed),
        cmocka_unit_test(test_fed_in_part),
        cmocka_unit_test(test_fed_too_little),
    };
    return vgi_test_run(tests);
}
