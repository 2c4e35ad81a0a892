/* SPDX-License-Identifier: Apache-2.0 */
/* Batches through a segment, both ways: all types, steady state, peers that lie. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vgirpc/vgirpc.h>

#include "arrow/builder.h"
#include "arrow/reader.h"
#include "shm/port.h"
#include "support/traced.h"
#include "wire/wire.h"

enum { SIZE = 4 << 20 };

/* The two sides of a segment, the wire between them, and what was read from it. */
typedef struct sides {
    vgi__shm_port *here, *there;
    vgi__writer *wire;
    vgi__buffer bytes;
    vgi__block *block;
    vgi_batch batch;
} sides;

static void sides_begin(sides *p, const char *min_bytes)
{
    const vgi_allocator *a = vgi_test_allocator();
    vgi__shm *s = NULL;

    memset(p, 0, sizeof(*p));
    vgi__batch_init(&p->batch, a);
    vgi__buffer_init(&p->bytes, a, SIZE_MAX);
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", min_bytes, 1);
    assert_int_equal(vgi__shm_create(&s, SIZE, a, NULL), VGI_OK);
    assert_int_equal(vgi__shm_port_new(&p->here, s, NULL, a, NULL), VGI_OK);
    assert_int_equal(vgi__shm_attach(&s, vgi__shm_name(vgi__shm_port_segment(p->here)),
                                     &(vgi__shm_terms){ .max_bytes = UINT64_MAX }, a,
                                     NULL),
                     VGI_OK);
    assert_int_equal(vgi__shm_port_new(&p->there, s, NULL, a, NULL), VGI_OK);
    assert_int_equal(vgi__writer_new(&p->wire, NULL, a, NULL), VGI_OK);
}

static void sides_end(sides *p)
{
    vgi__batch_free(&p->batch);
    vgi__block_unref(p->block);
    vgi__buffer_free(&p->bytes);
    vgi__writer_free(p->wire);
    vgi__shm_port_free(p->here);
    vgi__shm_port_free(p->there);
}

static size_t regions(sides *p)
{
    const vgi__shm_region *list;
    size_t n = 0;

    assert_int_equal(vgi__shm_regions(vgi__shm_port_segment(p->here), &list, &n, NULL),
                     VGI_OK);
    return n;
}

/* Put a batch here; the status of that. What went over the wire is read into p->batch. */
static int send(sides *p, const vgi_schema *s, const struct ArrowArray *a,
                const vgi_metadata *m)
{
    assert_int_equal(vgi__writer_schema(p->wire, s, NULL), VGI_OK);
    const int put = vgi__shm_put(p->here, p->wire, s, a, m, NULL);
    if (put == VGI_END)
        assert_int_equal(vgi__writer_batch(p->wire, a, m, NULL), VGI_OK);
    assert_int_equal(vgi__writer_eos(p->wire, NULL), VGI_OK);
    vgi__buffer_clear(&p->bytes);
    assert_int_equal(vgi__writer_gather(p->wire, &p->bytes, NULL), VGI_OK);
    if (!p->block || !vgi__block_unique(p->block) || p->block->size < p->bytes.len) {
        vgi__block_unref(p->block);
        p->block = vgi__block_new(vgi_test_allocator(), p->bytes.len);
        assert_non_null(p->block);
    }
    memcpy(p->block->data, p->bytes.data, p->bytes.len);
    assert_int_equal(vgi__stream_decode(&p->batch, p->block->data, p->bytes.len, p->block,
                                        NULL, vgi_test_allocator(), NULL),
                     VGI_OK);
    return put;
}

/* A stream of one batch, as bytes. */
static void encode(const vgi_batch *b, vgi__buffer *out)
{
    vgi__writer *w = NULL;

    assert_int_equal(vgi__writer_new(&w, NULL, vgi_test_allocator(), NULL), VGI_OK);
    assert_int_equal(vgi__writer_schema(w, b->schema, NULL), VGI_OK);
    assert_int_equal(vgi__writer_batch(w, b->root, NULL, NULL), VGI_OK);
    assert_int_equal(vgi__writer_gather(w, out, NULL), VGI_OK);
    vgi__writer_free(w);
}

static void expect_same(const vgi_batch *a, const vgi_batch *b)
{
    vgi__buffer x, y;

    vgi__buffer_init(&x, vgi_test_allocator(), SIZE_MAX);
    vgi__buffer_init(&y, vgi_test_allocator(), SIZE_MAX);
    encode(a, &x);
    encode(b, &y);
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    vgi__buffer_free(&x);
    vgi__buffer_free(&y);
}

/* ---- all types ---- */

static void round_trip(sides *p, const vgi_batch *b)
{
    const vgi_pair pair = { VGI_LIT("colour"), VGI_LIT("green") };
    vgi_str value;
    vgi_batch *kept = NULL;

    assert_int_equal(send(p, b->schema, b->root, &(vgi_metadata){ &pair, 1 }), VGI_OK);
    assert_int_equal(vgi__batch_classify(&p->batch), VGI__BATCH_SHM);
    assert_int_equal(regions(p), 1);
    assert_int_equal(vgi__shm_take(p->there, &p->batch, NULL), VGI_OK);
    expect_same(b, &p->batch);
    assert_int_equal(p->batch.metadata.count, 2);
    assert_true(vgi_metadata_get(&p->batch.metadata, "colour", &value));
    assert_true(vgi_str_eq(value, "green"));
    assert_true(vgi_metadata_get(&p->batch.metadata, VGI_KEY_SHM_SOURCE, &value));

    /* Who keeps it keeps the region. */
    assert_int_equal(vgi_batch_retain(&p->batch, &kept, NULL), VGI_OK);
    vgi__batch_drop_data(&p->batch);
    assert_int_equal(vgi__shm_settle_port(p->there, NULL), VGI_OK);
    assert_int_equal(regions(p), 1);
    expect_same(b, kept);
    vgi_batch_unref(kept);
    assert_int_equal(vgi__shm_settle_port(p->there, NULL), VGI_OK);
    assert_int_equal(regions(p), 0);
}

static void try_file(sides *p, const char *name, int *tried)
{
    static uint8_t bytes[1 << 20];
    char path[512];
    vgi_batch *b = NULL;

    (void)snprintf(path, sizeof(path), "%s/%s", VGI_GOLDEN_DIR, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    if (vgi_batch_decode(&b, (vgi_bytes){ bytes, n }, NULL) != VGI_OK)
        return; /* it has none */
    if (vgi_batch_rows(b) > 0) {
        (*tried)++;
        round_trip(p, b);
    }
    vgi_batch_unref(b);
}

static void test_all_types(void **state)
{
    DIR *folder = opendir(VGI_GOLDEN_DIR);
    const struct dirent *entry;
    int tried = 0;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    while ((entry = readdir(folder)))
        if (strstr(entry->d_name, ".arrows"))
            try_file(&p, entry->d_name, &tried);
    closedir(folder);
    assert_true(tried >= 15);
    sides_end(&p);
}

/* ---- numbers ---- */

static const vgi_column two_numbers[] = {
    { .name = "a", .format = "g", .nullable = true }, { .name = "b", .format = "i" }
};

static void numbers(vgi__builder **b, vgi_schema **s)
{
    assert_int_equal(vgi_schema_build(s, two_numbers, 2, NULL), VGI_OK);
    assert_int_equal(vgi__builder_new(b, *s, NULL, vgi_test_allocator(), NULL), VGI_OK);
}

/* Fill the columns, in room of the segment's where it gives some. */
static struct ArrowArray *fill(sides *p, vgi__builder *b, const vgi_schema *s,
                               int64_t rows, bool in_segment)
{
    struct ArrowArray *root = NULL;
    void *items[2];

    vgi__builder_reset(b);
    for (int32_t node = 2; node > 0; node--) { /* in any order */
        items[node - 1] = in_segment ? vgi__shm_room(p->here, s, node, rows) : NULL;
        if (items[node - 1])
            vgi__builder_lend(b, node, rows, items[node - 1]);
        else
            assert_int_equal(vgi__builder_column(b, node, rows, &items[node - 1]),
                             VGI_OK);
    }
    for (int64_t i = 0; i < rows; i++) {
        ((double *)items[0])[i] = (double)i / 4;
        ((int32_t *)items[1])[i] = (int32_t)(7 * i);
    }
    assert_int_equal(vgi__builder_finish(b, rows, &root, NULL), VGI_OK);
    return root;
}

static void expect_numbers(const vgi_batch *b, int64_t rows)
{
    vgi_f64s a;
    vgi_i32s c;

    assert_int_equal(vgi_batch_rows(b), rows);
    assert_int_equal(vgi_batch_f64(b, "a", &a), VGI_OK);
    assert_int_equal(vgi_batch_i32(b, "b", &c), VGI_OK);
    for (int64_t i = 0; i < rows; i++) {
        assert_true(a.items[i] == (double)i / 4);
        assert_int_equal(c.items[i], 7 * i);
    }
}

/* Values stay where they are: what is written there later shows. */
static void test_views(void **state)
{
    vgi__builder *b = NULL;
    vgi_schema *s = NULL;
    vgi_f64s a;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    numbers(&b, &s);
    for (int lent = 0; lent < 2; lent++) {
        const struct ArrowArray *root = fill(&p, b, s, 1001, lent);

        assert_int_equal(send(&p, s, root, NULL), VGI_OK);
        assert_int_equal(vgi__shm_take(p.there, &p.batch, NULL), VGI_OK);
        expect_numbers(&p.batch, 1001);
        assert_null(p.batch.inflated); /* nothing was copied */
        assert_int_equal(vgi_batch_f64(&p.batch, "a", &a), VGI_OK);
        if (lent) { /* the builder's memory is what the other side sees */
            ((double *)(uintptr_t)root->children[0]->buffers[1])[5] = 99;
            assert_true(a.items[5] == 99);
        }
        vgi__batch_drop_data(&p.batch);
        assert_int_equal(vgi__shm_settle_port(p.there, NULL), VGI_OK);
        assert_int_equal(regions(&p), 0);
    }
    vgi__builder_free(b);
    vgi_schema_unref(s);
    sides_end(&p);
}

static void test_steady_state(void **state)
{
    vgi__builder *b = NULL;
    vgi_schema *s = NULL;
    uint64_t before = 0;
    sides p;

    (void)state;
    sides_begin(&p, "1000");
    numbers(&b, &s);
    for (int i = 0; i < 200; i++) {
        if (i == 10)
            before = vgi_test_allocations();
        assert_int_equal(send(&p, s, fill(&p, b, s, 5000, i % 2 == 0), NULL), VGI_OK);
        assert_int_equal(vgi__shm_take(p.there, &p.batch, NULL), VGI_OK);
        vgi__batch_drop_data(&p.batch);
        assert_int_equal(vgi__shm_settle_port(p.there, NULL), VGI_OK);
    }
    assert_int_equal(vgi_test_allocations(), before);
    assert_int_equal(regions(&p), 0);
    vgi__builder_free(b);
    vgi_schema_unref(s);
    sides_end(&p);
}

/* Room that turns out not to fit what was built: the batch is copied to where it does. */
static void test_room_of_another_shape(void **state)
{
    struct ArrowArray *root = NULL;
    vgi__builder *b = NULL;
    vgi_schema *s = NULL;
    vgi_f64s a;
    void *items;
    sides p;

    (void)state;
    sides_begin(&p, "1000");
    numbers(&b, &s);
    /* The first column gets a bitmap, which moves the second one. */
    int32_t *lent = vgi__shm_room(p.here, s, 2, 2000);
    assert_non_null(lent);
    memset(lent, 0, 8000);
    lent[1999] = 17;
    vgi__builder_lend(b, 2, 2000, lent);
    assert_int_equal(vgi__builder_column(b, 1, 1999, &items), VGI_OK);
    memset(items, 0, 1999 * sizeof(double));
    assert_int_equal(vgi__builder_null(b, 1), VGI_OK);
    assert_int_equal(vgi__builder_finish(b, 2000, &root, NULL), VGI_OK);
    assert_int_equal(send(&p, s, root, NULL), VGI_OK);
    assert_int_equal(vgi__shm_take(p.there, &p.batch, NULL), VGI_OK);
    vgi_i32s c;
    assert_int_equal(vgi_batch_i32(&p.batch, "b", &c), VGI_OK);
    assert_int_equal(c.items[1999], 17);
    assert_int_not_equal(vgi_batch_f64(&p.batch, "a", &a), VGI_ESCHEMA);
    assert_true(vgi_batch_is_null(&p.batch, "a", 1999));
    vgi__batch_drop_data(&p.batch);
    assert_int_equal(vgi__shm_settle_port(p.there, NULL), VGI_OK);
    assert_int_equal(regions(&p), 1); /* the room */
    assert_int_equal(vgi__shm_settle_port(p.here, NULL), VGI_OK);
    assert_int_equal(regions(&p), 0);
    vgi__builder_free(b);
    vgi_schema_unref(s);
    sides_end(&p);
}

static void test_no_room(void **state)
{
    static const vgi_column text = { .name = "t", .format = "u" };
    vgi__builder *b = NULL;
    vgi_schema *s = NULL, *strings = NULL;
    uint64_t at;
    sides p;

    (void)state;
    sides_begin(&p, "1000");
    numbers(&b, &s);
    assert_int_equal(vgi_schema_build(&strings, &text, 1, NULL), VGI_OK);
    assert_null(vgi__shm_room(p.here, strings, 1, 100000));
    assert_null(vgi__shm_room(p.here, s, 1, 80)); /* too small */
    assert_null(vgi__shm_room(p.here, s, 1, INT64_MAX / 8));
    assert_null(vgi__shm_room(p.here, s, 1, SIZE)); /* too big */
    assert_int_equal(send(&p, s, fill(&p, b, s, 50, true), NULL), VGI_END);
    assert_int_equal(vgi__shm_take(p.there, &p.batch, NULL), VGI_OK); /* no pointer */
    expect_numbers(&p.batch, 50);
    vgi__shm *segment = vgi__shm_port_segment(p.there);
    assert_int_equal(vgi__shm_allocate(segment, SIZE - 65536, 0, &at, NULL), VGI_OK);
    assert_null(vgi__shm_room(p.here, s, 1, 5000));
    assert_int_equal(send(&p, s, fill(&p, b, s, 5000, true), NULL), VGI_END);
    expect_numbers(&p.batch, 5000);
    vgi__builder_free(b);
    vgi_schema_unref(s);
    vgi_schema_unref(strings);
    sides_end(&p);
}

/* ---- peers that lie ---- */

/* A pointer of no rows with these values. */
static int take_pointer(sides *p, const vgi_schema *s, const char *offset,
                        const char *length, vgi_error *err)
{
    vgi_pair pairs[2] = { { VGI_LIT(VGI_KEY_SHM_OFFSET), vgi_str_from(offset) },
                          { VGI_LIT(VGI_KEY_SHM_LENGTH), { NULL, 0 } } };

    if (length)
        pairs[1].value = vgi_str_from(length);
    assert_int_equal(vgi__writer_schema(p->wire, s, NULL), VGI_OK);
    assert_int_equal(
        vgi__writer_empty_batch(p->wire, &(vgi_metadata){ pairs, length ? 2 : 1 }, NULL),
        VGI_OK);
    vgi__buffer_clear(&p->bytes);
    assert_int_equal(vgi__writer_gather(p->wire, &p->bytes, NULL), VGI_OK);
    vgi__writer_clear(p->wire);
    vgi__block_unref(p->block);
    p->block = vgi__block_new(vgi_test_allocator(), p->bytes.len);
    assert_non_null(p->block);
    memcpy(p->block->data, p->bytes.data, p->bytes.len);
    assert_int_equal(vgi__stream_decode(&p->batch, p->block->data, p->bytes.len, p->block,
                                        NULL, vgi_test_allocator(), NULL),
                     VGI_OK);
    return vgi__shm_take(p->there, &p->batch, err);
}

static void test_bad_pointers(void **state)
{
    static const char *const bad[][2] = {
        { "x", "8" },
        { "", "8" },
        { "-1", "8" },
        { "65536", "" },
        { "65536", NULL },
        { "65536", "-8" },
        { "0", "65536" },
        { "65535", "8" },
        { "4194304", "8" },
        { "65536", "4194304" },
        { "65536", "18446744073709551615" },
        { "18446744073709551615", "18446744073709551615" },
        { "65536", "0" },
        { "65536", "7" },
        { "65536", "4096" },
    };
    vgi_schema *s = NULL;
    vgi_error err;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    assert_int_equal(vgi_schema_build(&s, two_numbers, 2, NULL), VGI_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(take_pointer(&p, s, bad[i][0], bad[i][1], &err), VGI_EPROTO);
        assert_true(err.message[0] != '\0');
    }
    vgi_schema_unref(s);
    sides_end(&p);
}

static vgi_bytes read_file(const char *path)
{
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return (vgi_bytes){ bytes, n };
}

/* Columns of most kinds, small. */
static void mixed(vgi_batch **b)
{
    const vgi_bytes stream = read_file(VGI_GOLDEN_DIR "/sliced.arrows");

    assert_int_equal(vgi_batch_decode(b, stream, NULL), VGI_OK);
}

/* Their sizes would be read twice. */
static void test_compressed(void **state)
{
    const vgi_bytes stream = read_file(VGI_GOLDEN_DIR "/compressed_lz4.arrows");
    char length[24];
    vgi_schema *s = NULL;
    vgi_error err;
    uint8_t *at;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    assert_int_equal(vgi_schema_build(&s, two_numbers, 2, NULL), VGI_OK);
    assert_int_equal(
        vgi__shm_at(vgi__shm_port_segment(p.here), 65536, stream.len, &at, NULL), VGI_OK);
    memcpy(at, stream.data, stream.len);
    (void)snprintf(length, sizeof(length), "%zu", stream.len);
    assert_int_equal(take_pointer(&p, s, "65536", length, &err), VGI_ENOTSUP);
    assert_non_null(strstr(err.message, "compressed"));
    vgi_schema_unref(s);
    sides_end(&p);
}

/* Read all of a batch that was accepted. */
static void read_it(const vgi_batch *b)
{
    vgi__buffer x;

    vgi__buffer_init(&x, vgi_test_allocator(), SIZE_MAX);
    encode(b, &x);
    vgi__buffer_free(&x);
}

/* Every byte of a stored stream changed in turn: refused, or read without harm. */
static void test_flipped_bytes(void **state)
{
    const vgi__shm_region *list;
    vgi_batch *b = NULL;
    size_t n, refused = 0;
    uint8_t *at;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    mixed(&b);
    assert_int_equal(send(&p, b->schema, b->root, NULL), VGI_OK);
    vgi__shm *s = vgi__shm_port_segment(p.here);
    assert_int_equal(vgi__shm_regions(s, &list, &n, NULL), VGI_OK);
    const vgi__shm_region r = list[0];
    assert_int_equal(vgi__shm_at(s, r.offset, r.length, &at, NULL), VGI_OK);
    for (uint64_t i = 0; i < r.length; i++) {
        char offset[24], length[24];

        (void)snprintf(offset, sizeof(offset), "%llu", (unsigned long long)r.offset);
        (void)snprintf(length, sizeof(length), "%llu", (unsigned long long)r.length);
        at[i] ^= (uint8_t)(1U << i % 8);
        if (take_pointer(&p, b->schema, offset, length, NULL) == VGI_OK)
            read_it(&p.batch);
        else
            refused++;
        vgi__batch_clear(&p.batch);
        at[i] ^= (uint8_t)(1U << i % 8);
    }
    assert_true(refused > 100);
    vgi_batch_unref(b);
    sides_end(&p);
}

/* Change what is stored at random, until killed or alone. */
static void scribble(pid_t parent, vgi__shm *s, uint64_t offset, uint64_t length)
{
    uint32_t seed = 1;
    uint8_t *at;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it was quicker */
        _exit(0);
    if (vgi__shm_at(s, offset, length, &at, NULL) != VGI_OK)
        _exit(1);
    for (;;) {
        seed = seed * 1664525 + 1013904223;
        volatile uint8_t *byte = &at[seed % length];
        const uint8_t was = *byte;

        *byte = (uint8_t)(seed >> 24);
        *byte = was;
    }
}

/* Another process changes the stream while it is taken and read. */
static void test_changes_meanwhile(void **state)
{
    const vgi__shm_region *list;
    vgi_batch *b = NULL;
    char offset[24], length[24];
    size_t n;
    sides p;

    (void)state;
    sides_begin(&p, "0");
    mixed(&b);
    assert_int_equal(send(&p, b->schema, b->root, NULL), VGI_OK);
    vgi__shm *s = vgi__shm_port_segment(p.here);
    assert_int_equal(vgi__shm_regions(s, &list, &n, NULL), VGI_OK);
    (void)snprintf(offset, sizeof(offset), "%llu", (unsigned long long)list[0].offset);
    (void)snprintf(length, sizeof(length), "%llu", (unsigned long long)list[0].length);
    const pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        scribble(parent, s, list[0].offset, list[0].length);
    for (int i = 0; i < 2000; i++) {
        if (take_pointer(&p, b->schema, offset, length, NULL) == VGI_OK)
            read_it(&p.batch);
        vgi__batch_clear(&p.batch);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    vgi_batch_unref(b);
    sides_end(&p);
}

static void test_minimum(void **state)
{
    (void)state;
    unsetenv("VGI_RPC_SHM_MIN_BATCH_BYTES");
    assert_int_equal(vgi__shm_min_batch_bytes(), 131072);
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "17", 1);
    assert_int_equal(vgi__shm_min_batch_bytes(), 17);
    setenv("VGI_RPC_SHM_MIN_BATCH_BYTES", "many", 1);
    assert_int_equal(vgi__shm_min_batch_bytes(), 131072);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_types),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_steady_state),
        cmocka_unit_test(test_room_of_another_shape),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_bad_pointers),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_flipped_bytes),
        cmocka_unit_test(test_changes_meanwhile),
        cmocka_unit_test(test_minimum),
    };

    return vgi_test_run(tests);
}
