/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: keeping them, and handing them over through the C Data Interface. */
#include "support/traced.h"

#include <pthread.h>
#include <string.h>

#include "arrow/builder.h"
#include "arrow/writer.h"
#include "support/arrow/render.h"

static const vgi_column item = { .name = "item", .format = "i", .nullable = true };
static const vgi_column text = { .name = "", .format = "u", .nullable = true };
static const vgi_column columns[] = {
    { .name = "a", .format = "l", .nullable = true },
    { .name = "l", .format = "+l", .nullable = true, .children = &item, .n_children = 1 },
    { .name = "d", .format = "c", .nullable = true, .dictionary = &text },
};
enum { NODE_A = 1, NODE_L, NODE_ITEM, NODE_D };

#define ROWS 3
#define EXPECTED \
    "{\"rows\":3,\"metadata\":[[\"k\",\"v\"]]," \
    "\"columns\":[[0,1,2],[[0],[1],[2]],[\"red\",\"red\",\"red\"]]}"

/* Append the batch that EXPECTED describes as a stream. */
static int put_stream(vgi__buffer *out, vgi_error *err)
{
    const vgi_pair pair = { VGI_LIT("k"), VGI_LIT("v") };
    const vgi_metadata m = { &pair, 1 };
    vgi_schema *s = NULL;
    vgi__builder *b = NULL;
    vgi__writer *w = NULL;
    struct ArrowArray *array = NULL;
    int rc = vgi_schema_build(&s, columns, 3, err);
    if (rc == VGI_OK)
        rc = vgi__builder_new(&b, s, NULL, NULL, err);
    for (int32_t i = 0; rc == VGI_OK && i < ROWS; i++) {
        const int64_t wide = i;
        rc = vgi__builder_fixed(b, NODE_A, &wide);
        rc = rc == VGI_OK ? vgi__builder_fixed(b, NODE_ITEM, &i) : rc;
        rc = rc == VGI_OK ? vgi__builder_close_list(b, NODE_L) : rc;
        rc = rc == VGI_OK ? vgi__builder_bytes(b, NODE_D, "red", 3) : rc;
    }
    if (rc == VGI_OK)
        rc = vgi__builder_finish(b, -1, &array, err);
    if (rc == VGI_OK)
        rc = vgi__writer_new(&w, NULL, NULL, err);
    if (rc == VGI_OK)
        rc = vgi__writer_schema(w, s, err);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(w, array, &m, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w, err);
    if (rc == VGI_OK)
        rc = vgi__writer_gather(w, out, err);
    vgi__writer_free(w);
    vgi__builder_free(b);
    vgi_schema_unref(s);
    return rc;
}

static vgi_batch *decoded(void)
{
    vgi__buffer stream;
    vgi_batch *b = NULL;
    vgi_error err;
    vgi__buffer_init(&stream, NULL, SIZE_MAX);
    int rc = put_stream(&stream, &err);
    if (rc == VGI_OK)
        rc = vgi_batch_decode(&b, (vgi_bytes){ stream.data, stream.len }, &err);
    vgi__buffer_free(&stream); /* the batch has its own copy */
    assert_int_equal(rc, VGI_OK);
    return b;
}

static void expect(const vgi_batch *b)
{
    vgi__buffer out;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    vgi_test_render_batch(&out, b);
    vgi__buffer_char(&out, '\0');
    bool same = !out.failed && strcmp((char *)out.data, EXPECTED) == 0;
    vgi__buffer_free(&out);
    assert_true(same);
}

static void test_decode(void **state)
{
    (void)state;
    vgi_batch *b = decoded();
    assert_int_equal(vgi_batch_rows(b), ROWS);
    assert_int_equal(vgi_schema_columns(vgi_batch_schema(b)), 3);
    assert_int_equal(vgi_batch_metadata(b).count, 1);
    assert_int_equal(vgi_batch_array(b)->n_children, 3);
    expect(b);
    vgi_batch_unref(b);
    vgi_batch_unref(NULL);
}

/* A heap batch is kept by counting; another by a copy of its structs, or of all. */
static void test_retain(void **state)
{
    (void)state;
    vgi_batch *b = decoded();
    vgi_batch *same = NULL;
    vgi_batch *copy = NULL;
    assert_int_equal(vgi_batch_retain(b, &same, NULL), VGI_OK);
    assert_ptr_equal(same, b);
    vgi_batch_unref(b);
    expect(same);
    vgi_batch borrowed = *same;
    borrowed.heap = false;
    assert_int_equal(vgi_batch_retain(&borrowed, &copy, NULL), VGI_OK);
    assert_ptr_equal(copy->root->children[0]->buffers[1],
                     same->root->children[0]->buffers[1]);
    expect(copy);
    vgi_batch_unref(copy);
    borrowed.whole = false;
    assert_int_equal(vgi_batch_retain(&borrowed, &copy, NULL), VGI_OK);
    assert_ptr_not_equal(copy->root->children[0]->buffers[1],
                         same->root->children[0]->buffers[1]);
    vgi_batch_unref(same);
    expect(copy);
    vgi_batch_unref(copy);
}

/* A child is moved out and outlives everything else. */
static void test_moved_child(void **state)
{
    (void)state;
    struct ArrowArray array;
    struct ArrowSchema schema;
    vgi_batch *b = decoded();
    assert_int_equal(vgi_batch_export(b, &array, &schema, NULL), VGI_OK);
    vgi_batch_unref(b);
    assert_string_equal(schema.format, "+s");
    assert_string_equal(schema.children[1]->format, "+l");
    schema.release(&schema);
    struct ArrowArray list = *array.children[1];
    array.children[1]->release = NULL;
    array.release(&array);
    assert_null(array.release);
    assert_int_equal(list.length, ROWS);
    assert_int_equal(((const int32_t *)list.children[0]->buffers[1])[2], 2);
    list.release(&list);
    assert_null(list.release);
}

static void *release_elsewhere(void *array)
{
    struct ArrowArray *a = array;
    a->release(a);
    return NULL;
}

/* The parts of one export are released by several threads at once. */
static void test_released_on_threads(void **state)
{
    (void)state;
    struct ArrowArray array;
    struct ArrowArray parts[3];
    pthread_t threads[3];
    vgi_batch *b = decoded();
    assert_int_equal(vgi_batch_export(b, &array, NULL, NULL), VGI_OK);
    for (int i = 0; i < 3; i++) {
        parts[i] = *array.children[i];
        array.children[i]->release = NULL;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, release_elsewhere, &parts[i]),
                         0);
    array.release(&array);
    vgi_batch_unref(b);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

/* Out, in, out again: the array is moved, and comes back. */
static void test_import(void **state)
{
    (void)state;
    struct ArrowArray array;
    vgi_batch *b = decoded();
    vgi_batch *back = NULL;
    assert_int_equal(vgi_batch_export(b, &array, NULL, NULL), VGI_OK);
    assert_int_equal(vgi_batch_import(&back, b->schema, &array, NULL), VGI_OK);
    assert_null(array.release);
    back->metadata = b->metadata;
    expect(back);
    assert_int_equal(vgi_batch_export(back, &array, NULL, NULL), VGI_OK);
    vgi_batch_unref(back);
    assert_int_equal(vgi_batch_import(&back, b->schema, &array, NULL), VGI_OK);
    back->metadata = b->metadata;
    expect(back);
    vgi_batch_unref(back);
    vgi_batch_unref(b);
}

static void refuse_import(const vgi_schema *s, struct ArrowArray *array)
{
    vgi_batch *b = NULL;
    vgi_error err;
    assert_int_equal(vgi_batch_import(&b, s, array, &err), VGI_EINVAL);
    assert_null(b);
    assert_non_null(strstr(err.message, "shape"));
}

static void test_import_of_another_shape(void **state)
{
    (void)state;
    struct ArrowArray array;
    vgi_schema *other = NULL;
    vgi_batch *b = decoded();
    assert_int_equal(vgi_schema_build(&other, columns, 2, NULL), VGI_OK);
    assert_int_equal(vgi_batch_export(b, &array, NULL, NULL), VGI_OK);
    refuse_import(other, &array); /* a column too many */
    refuse_import(vgi__schema_empty(), &array);
    array.children[0]->length = 2; /* fewer rows than its parent */
    refuse_import(b->schema, &array);
    array.children[0]->length = ROWS;
    array.children[0]->n_buffers = 3;
    refuse_import(b->schema, &array);
    array.children[0]->n_buffers = 2;
    array.offset = -1;
    refuse_import(b->schema, &array);
    array.offset = INT64_MAX;
    refuse_import(b->schema, &array);
    array.offset = 0;
    struct ArrowArray *dictionary = array.children[2]->dictionary;
    array.children[2]->dictionary = NULL;
    refuse_import(b->schema, &array);
    array.children[2]->dictionary = dictionary;
    assert_non_null(array.release); /* still the caller's */
    array.release(&array);
    refuse_import(b->schema, &array); /* released */
    vgi_schema_unref(other);
    vgi_batch_unref(b);
}

/* Row access honours the offset of a sliced array. */
static void test_sliced_access(void **state)
{
    (void)state;
    vgi_batch *b = decoded();
    const vgi_schema *s = b->schema;
    struct ArrowArray a = *b->root->children[0];
    struct ArrowArray l = *b->root->children[1];
    const uint8_t bits[] = { 5 };
    const void *buffers[] = { bits, a.buffers[1] };
    int64_t first;
    int64_t count;
    a.offset = l.offset = 1;
    a.length = l.length = 2;
    assert_int_equal(vgi__array_index(s, NODE_A, &a, 1), 2);
    assert_int_equal(vgi__array_bytes(s, NODE_A, &a, 0).data[0], 1);
    vgi__array_list(s, NODE_L, &l, 1, &first, &count);
    assert_int_equal(first, 2);
    assert_int_equal(count, 1);
    assert_false(vgi__array_is_null(s, NODE_A, &a, 0));
    a.buffers = buffers;
    a.null_count = 1;
    assert_true(vgi__array_is_null(s, NODE_A, &a, 0));
    assert_false(vgi__array_is_null(s, NODE_A, &a, 1));
    vgi_batch_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_retain),
        cmocka_unit_test(test_moved_child),
        cmocka_unit_test(test_released_on_threads),
        cmocka_unit_test(test_import),
        cmocka_unit_test(test_import_of_another_shape),
        cmocka_unit_test(test_sliced_access),
    };
    return vgi_test_run(tests);
}
