/* SPDX-License-Identifier: Apache-2.0 */
/* One stream in memory after the other: schemas that came before are known again. */
#include "support/traced.h"

#include <stdio.h>
#include <string.h>

#include "arrow/reader.h"
#include "arrow/schema_cache.h"
#include "arrow/writer.h"
#include "support/arrow/literal.h"

typedef struct fixture {
    vgi__schema_cache cache;
    vgi_batch batch;
    vgi_limits limits;
    vgi_error err;
} fixture;

static void start(fixture *f)
{
    *f = (fixture){ .limits = vgi_limits_effective(NULL) };
    vgi__batch_init(&f->batch, NULL);
}

static void stop(fixture *f)
{
    vgi__batch_free(&f->batch);
    vgi__schema_cache_free(&f->cache);
}

/* A stream of one batch with one int64 column of that name, in a new block. */
static vgi__block *stream_of(const char *name, size_t *len)
{
    vgi__writer *w;
    vgi__builder *b;
    vgi__block *block;
    vgi__buffer out;
    struct ArrowArray *array;
    vgi_error err;
    char text[64];

    vgi__buffer_init(&out, NULL, SIZE_MAX);
    (void)snprintf(text, sizeof(text), "%s=l", name);
    assert_int_equal(vgi__writer_new(&w, NULL, NULL, &err), VGI_OK);
    assert_int_equal(vgi_test_builder(&b, text, &err), VGI_OK);
    assert_int_equal(vgi_test_append(b, 1, "1 2 3"), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, -1, &array, &err), VGI_OK);
    assert_int_equal(vgi__writer_schema(w, vgi__builder_schema(b), &err), VGI_OK);
    assert_int_equal(vgi__writer_batch(w, array, NULL, &err), VGI_OK);
    assert_int_equal(vgi__writer_eos(w, &err), VGI_OK);
    assert_int_equal(vgi__writer_gather(w, &out, &err), VGI_OK);
    block = vgi__block_new(NULL, out.len);
    assert_non_null(block);
    memcpy(block->data, out.data, out.len);
    *len = out.len;
    vgi__buffer_free(&out);
    vgi__builder_free(b);
    vgi__writer_free(w);
    return block;
}

static int decode(fixture *f, vgi__block *block, size_t len)
{
    return vgi__stream_decode_cached(&f->batch, &f->cache,
                                     (vgi_bytes){ block->data, len }, block, &f->limits,
                                     &f->err);
}

static void the_same_schema_again(void **state)
{
    fixture f;
    size_t n, m;
    vgi__block *a = stream_of("a", &n), *b = stream_of("b", &m);
    const vgi_schema *of_a, *of_b;

    (void)state;
    start(&f);
    assert_int_equal(decode(&f, a, n), VGI_OK);
    of_a = f.batch.schema;
    assert_int_equal(decode(&f, b, m), VGI_OK);
    of_b = f.batch.schema;
    assert_ptr_not_equal(of_a, of_b);
    const uint64_t before = vgi_test_allocations();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(decode(&f, a, n), VGI_OK);
        assert_ptr_equal(f.batch.schema, of_a);
        assert_int_equal(vgi_batch_rows(&f.batch), 3);
        assert_int_equal(decode(&f, b, m), VGI_OK);
        assert_ptr_equal(f.batch.schema, of_b);
    }
    assert_int_equal(vgi_test_allocations(), before);
    vgi__batch_drop_data(&f.batch);
    assert_true(vgi__block_unique(a) && vgi__block_unique(b));
    stop(&f);
    vgi__block_unref(a);
    vgi__block_unref(b);
}

/* The batch keeps its schema when the cache has forgotten it. */
static void more_schemas_than_are_kept(void **state)
{
    fixture f;
    char name[8];
    size_t n;

    (void)state;
    start(&f);
    for (int i = 0; i < 3 * VGI__CACHED_SCHEMAS; i++) {
        (void)snprintf(name, sizeof(name), "c%d", i % (VGI__CACHED_SCHEMAS + 1));
        vgi__block *block = stream_of(name, &n);
        assert_int_equal(decode(&f, block, n), VGI_OK);
        assert_string_equal(vgi_schema_name(f.batch.schema, 0), name);
        vgi__block_unref(block);
    }
    stop(&f);
}

static void failures_leave_no_data(void **state)
{
    fixture f;
    size_t n;
    vgi__block *a = stream_of("a", &n);

    (void)state;
    start(&f);
    assert_int_equal(decode(&f, a, n), VGI_OK);
    for (size_t cut = 0; cut + 8 < n; cut += 5) {
        assert_int_equal(decode(&f, a, cut), VGI_EPROTO);
        assert_true(vgi__block_unique(a));
    }
    assert_int_equal(decode(&f, a, n), VGI_OK);
    assert_int_equal(vgi_batch_rows(&f.batch), 3);
    stop(&f);
    vgi__block_unref(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_schema_again),
        cmocka_unit_test(more_schemas_than_are_kept),
        cmocka_unit_test(failures_leave_no_data),
    };

    return vgi_test_run(tests);
}
