/* SPDX-License-Identifier: Apache-2.0 */
/* Streams recorded from pyarrow, read in every way there is. */
#include "support/traced.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow/reader.h"
#include "support/arrow/render.h"
#include "transport/mem/mem.h"

static vgi__buffer load(const char *name, const char *suffix)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s%s", VGI_GOLDEN_DIR, name, suffix);
    vgi__buffer b;
    vgi__buffer_init(&b, NULL, SIZE_MAX);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        vgi__buffer_append(&b, chunk, n);
    fclose(f);
    assert_true(vgi__buffer_char(&b, '\0')); /* a string, in case it is text */
    return b;
}

typedef void check_batch(vgi__buffer *out, const vgi_batch *b);

/* Render a whole stream, reading `step` bytes at a time. */
static int render_stream(vgi__buffer *out, const vgi__buffer *in, size_t step,
                         check_batch *render, vgi_error *err)
{
    vgi__io *io = NULL;
    vgi__reader *r = NULL;
    vgi_batch b;
    vgi__batch_init(&b, NULL);
    const vgi_schema *s = NULL;
    int rc = vgi__mem_open(&io, in->data, in->len - 1, step, NULL, NULL, err);
    if (rc == VGI_OK)
        rc = vgi__reader_new(&r, io, NULL, NULL, err);
    if (rc == VGI_OK)
        rc = vgi__reader_begin(r, &s, err);
    if (rc == VGI_OK) {
        vgi_test_render_schema(out, s);
        vgi__buffer_char(out, '\n');
        while ((rc = vgi__reader_next(r, &b, err)) == VGI_OK) {
            render(out, &b);
            vgi__buffer_char(out, '\n');
        }
    }
    if (rc == VGI_END)
        rc = vgi__reader_begin(r, &s, err); /* the input ends behind the stream */
    vgi__batch_free(&b);
    vgi__reader_free(r);
    vgi__io_close(io);
    return rc;
}

/* The batch is looked at after it went through the C Data Interface. */
static void render_exported(vgi__buffer *out, const vgi_batch *b)
{
    struct ArrowArray array;
    struct ArrowSchema described;
    vgi_schema *schema = NULL;
    vgi_batch *back = NULL;
    vgi_error err;
    int rc = vgi_batch_export(b, &array, &described, &err);
    if (rc != VGI_OK)
        return;
    rc = vgi_schema_import(&schema, &described, &err);
    if (rc == VGI_OK)
        rc = vgi_batch_import(&back, schema, &array, &err);
    if (rc == VGI_OK) {
        back->metadata = b->metadata;
        vgi_test_render_batch(out, back);
    } else {
        array.release(&array);
    }
    described.release(&described);
    vgi_batch_unref(back);
    vgi_schema_unref(schema);
}

/* The batch is kept; only the copy is looked at. */
static void render_kept(vgi__buffer *out, const vgi_batch *b)
{
    vgi_batch *kept = NULL;
    if (vgi_batch_retain(b, &kept, NULL) == VGI_OK)
        vgi_test_render_batch(out, kept);
    vgi_batch_unref(kept);
}

/* As render_kept, when the data is not the batch's own. */
static void render_copied(vgi__buffer *out, const vgi_batch *b)
{
    vgi_batch borrowed = *b;
    borrowed.whole = false;
    render_kept(out, &borrowed);
}

static void show_difference(const char *name, const vgi__buffer *got,
                            const vgi__buffer *expected, int rc, const vgi_error *err)
{
    size_t n = got->len < expected->len ? got->len : expected->len;
    size_t i = 0;
    while (i < n && got->data[i] == expected->data[i])
        i++;
    i = i < 40 ? 0 : i - 40;
    print_message("%s: status %d, %s\n  expected %.80s\n  got      %.80s\n", name, rc,
                  rc < 0 ? err->message : "",
                  i < expected->len ? (char *)expected->data + i : "",
                  i < got->len ? (char *)got->data + i : "");
}

static void check_golden(const char *name, size_t step, check_batch *render)
{
    vgi__buffer in = load(name, ".arrows");
    vgi__buffer expected = load(name, ".json");
    vgi__buffer out;
    vgi_error err = { .message = "" };
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    int rc = render_stream(&out, &in, step, render, &err);
    bool whole = vgi__buffer_char(&out, '\0');
    bool same =
        whole && out.len == expected.len && memcmp(out.data, expected.data, out.len) == 0;
    if (whole && (rc != VGI_END || !same))
        show_difference(name, &out, &expected, rc, &err);
    vgi__buffer_free(&in);
    vgi__buffer_free(&expected);
    vgi__buffer_free(&out);
    assert_int_equal(rc, VGI_END);
    assert_true(same);
}

static const char *const names[] = {
    "compressed_lz4", "compressed_zstd", "decimals",
    "delta",          "dictionaries",    "extension",
    "floats",         "integers",        "incompressible_zstd",
    "lists",          "metadata",        "nested_dictionaries",
    "no_batches",     "no_columns",      "no_rows",
    "other",          "replacement",     "runs",
    "sliced",         "structs",         "temporal",
    "text",           "unions",          "unions_v4",
    "views",
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static void test_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++)
        check_golden(names[i], 0, vgi_test_render_batch);
}

static void test_in_small_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        check_golden(names[i], 1, vgi_test_render_batch);
        check_golden(names[i], 13, vgi_test_render_batch);
    }
}

static void test_exported(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++)
        check_golden(names[i], 0, render_exported);
}

static void test_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++)
        check_golden(names[i], 0, render_kept);
}

static void test_copied(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++)
        check_golden(names[i], 0, render_copied);
}

/* A stream that is not 8-aligned in memory has all of its buffers realigned. */
static void test_misaligned(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        vgi__buffer in = load(names[i], ".arrows");
        vgi__buffer expected = load(names[i], ".json");
        vgi__buffer out;
        vgi__buffer_init(&out, NULL, SIZE_MAX);
        uint8_t *moved = test_malloc(in.len + 3);
        memcpy(moved + 3, in.data, in.len);
        vgi_batch b;
        vgi_error err = { .message = "" };
        vgi__batch_init(&b, NULL);
        int rc = vgi__stream_decode(&b, moved + 3, in.len - 1, NULL, NULL, NULL, &err);
        if (rc == VGI_OK)
            vgi_test_render_batch(&out, &b);
        const char *line = strchr((char *)expected.data, '\n') + 1;
        bool same = strncmp(line, out.data ? (char *)out.data : "", out.len) == 0;
        vgi__batch_free(&b);
        vgi__buffer_free(&in);
        vgi__buffer_free(&expected);
        vgi__buffer_free(&out);
        test_free(moved);
        if (rc < 0 || !same)
            print_message("%s: %s\n", names[i], err.message);
        assert_true(rc == (strcmp(names[i], "no_batches") == 0 ? VGI_END : VGI_OK));
        assert_true(same);
    }
}

/* No file was forgotten in the list above. */
static void test_all_listed(void **state)
{
    (void)state;
    size_t files = 0;
    DIR *dir = opendir(VGI_GOLDEN_DIR);
    assert_non_null(dir);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        files += strstr(e->d_name, ".arrows") != NULL;
    closedir(dir);
    assert_int_equal(files, N_NAMES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),    cmocka_unit_test(test_in_small_steps),
        cmocka_unit_test(test_exported),   cmocka_unit_test(test_kept),
        cmocka_unit_test(test_copied),     cmocka_unit_test(test_misaligned),
        cmocka_unit_test(test_all_listed),
    };
    return vgi_test_run(tests);
}
