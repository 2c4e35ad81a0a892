/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What strangers send. Each input gets a clear answer, and costs no more than it is
 * worth: memory at most twice what was sent plus 64 MiB, time at most 200 ms plus 1 ms
 * per MiB.
 */
#include "support/traced.h"

#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "support/arrow/craft.h"
#include "transport/mem/mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    !defined(__OPTIMIZE__)
#define SLOWNESS 10
#else
#define SLOWNESS 1
#endif

/* ---- memory that is counted ---- */

typedef struct counter {
    size_t live, peak;
} counter;

#define SIZE_ROOM 16 /* before each allocation: its size */

static void *counted_resize(void *user, void *p, size_t size)
{
    counter *c = user;
    uint8_t *old = p ? (uint8_t *)p - SIZE_ROOM : NULL;
    size_t before = 0;
    if (old)
        memcpy(&before, old, sizeof(before));
    uint8_t *new = vgi__resize(NULL, old, size + SIZE_ROOM);
    if (!new)
        return NULL;
    memcpy(new, &size, sizeof(size));
    c->live += size - before;
    c->peak = c->live > c->peak ? c->live : c->peak;
    return new + SIZE_ROOM;
}

static void *counted_alloc(void *user, size_t size)
{
    return counted_resize(user, NULL, size);
}

static void counted_free(void *user, void *p)
{
    counter *c = user;
    size_t size;
    if (!p)
        return;
    memcpy(&size, (uint8_t *)p - SIZE_ROOM, sizeof(size));
    c->live -= size;
    vgi__free(NULL, (uint8_t *)p - SIZE_ROOM);
}

/* ---- reading one input to its end ---- */

typedef struct outcome {
    int rc; /* first failure, or VGI_END when all was well */
    int batches;
    bool broken;
    int drained; /* what drain said after the failure */
    size_t peak;
    double cpu_ms;
    vgi_error err;
} outcome;

static outcome read_all(const uint8_t *p, size_t n, const vgi_limits *limits)
{
    outcome o = { .rc = VGI_ENOMEM };
    counter memory = { 0, 0 };
    const vgi_allocator allocator = { counted_alloc, counted_resize, counted_free,
                                      &memory };
    vgi__io *io = NULL;
    vgi__reader *r = NULL;
    vgi_batch b;
    clock_t start = clock();
    vgi__batch_init(&b, &allocator);
    if (vgi__mem_open(&io, p, n, 0, NULL, NULL, &o.err) == VGI_OK &&
        vgi__reader_new(&r, io, limits, &allocator, &o.err) == VGI_OK) {
        const vgi_schema *s;
        do {
            o.rc = vgi__reader_begin(r, &s, &o.err);
            while (o.rc == VGI_OK) {
                o.rc = vgi__reader_next(r, &b, &o.err);
                o.batches += o.rc == VGI_OK;
            }
        } while (o.rc == VGI_END && !vgi__reader_in_stream(r) &&
                 vgi__reader_bytes(r) < n);
        o.broken = vgi__reader_broken(r);
        o.drained = vgi__reader_drain(r, NULL);
    }
    o.peak = memory.peak;
    vgi__batch_free(&b);
    vgi__reader_free(r);
    vgi__io_close(io);
    o.cpu_ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;
    return o;
}

static void check_cost(const outcome *o, size_t sent)
{
    double mib = (double)sent / (1 << 20);
    assert_true(o->peak <= 2 * sent + ((size_t)64 << 20));
    assert_true(o->cpu_ms <= SLOWNESS * (200 + mib));
    assert_true(strlen(o->err.message) < sizeof(o->err.message));
}

/* Read and free a crafted input; it must fail with `rc`. */
static void refuse(craft *c, int rc, bool broken, const char *part)
{
    outcome o = read_all(c->out.data, c->out.len, NULL);
    size_t sent = c->out.len;
    bool failed = c->out.failed;
    craft_free(c);
    assert_false(failed);
    if (o.rc != rc || !strstr(o.err.message, part))
        print_message("expected '%s', got %s '%s'\n", part, vgi_status_name(o.rc),
                      o.err.message);
    assert_int_equal(o.rc, rc);
    assert_non_null(strstr(o.err.message, part));
    assert_int_equal(o.broken, broken);
    check_cost(&o, sent);
}

/* ---- framing ---- */

static void refuse_text(const char *text, int rc)
{
    outcome o = read_all((const uint8_t *)text, strlen(text), NULL);
    assert_int_equal(o.rc, rc);
    assert_string_equal(o.err.type, "ArrowInvalid");
    assert_true(o.broken);
    assert_true(o.peak < 100000);
}

static void test_text_instead_of_a_stream(void **state)
{
    (void)state;
    refuse_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n", VGI_EPROTO);
    refuse_text("GET / H", VGI_EPROTO);
    refuse_text("h", VGI_EPROTO);
}

static void test_huge_metadata_length(void **state)
{
    (void)state;
    const uint8_t input[] = {
        0xFF, 0xFF, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0
    };
    outcome o = read_all(input, sizeof(input), NULL);
    assert_int_equal(o.rc, VGI_ELIMIT);
    assert_true(o.broken);
    assert_true(o.peak < 100000);
    const uint8_t legacy[] = { 0xF0, 0xFF, 0xFF, 0x7F }; /* the form without a marker */
    o = read_all(legacy, sizeof(legacy), NULL);
    assert_int_equal(o.rc, VGI_EPROTO);
    assert_true(o.peak < 100000);
}

/* An allowed length of which little comes: paid for by what came. */
static void test_lying_lengths(void **state)
{
    (void)state;
    const uint8_t input[] = { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0 };
    outcome o = read_all(input, sizeof(input), NULL);
    assert_int_equal(o.rc, VGI_ECLOSED);
    assert_true(o.peak < 200000);
    craft c;
    craft_batch b;
    craft_init(&c);
    craft_schema(&c, 0);
    craft_message_end(&c);
    craft_batch_init(&b);
    b.claimed = INT64_C(255) << 20;
    craft_put_batch(&c, &b, 0);
    o = read_all(c.out.data, c.out.len, NULL);
    craft_free(&c);
    assert_int_equal(o.rc, VGI_ECLOSED);
    assert_true(o.peak < 300000);
}

static void put_empty_schema(craft *c)
{
    craft_init(c);
    craft_schema(c, 0);
    craft_message_end(c);
}

static void test_huge_body(void **state)
{
    (void)state;
    craft c;
    craft_batch b;
    put_empty_schema(&c);
    craft_batch_init(&b);
    b.claimed = INT64_C(64) << 30;
    craft_put_batch(&c, &b, 0);
    refuse(&c, VGI_ELIMIT, false, "over the limit");
    put_empty_schema(&c);
    b.claimed = INT64_C(1) << 41; /* not worth skipping */
    craft_put_batch(&c, &b, 0);
    refuse(&c, VGI_ELIMIT, true, "over the limit");
    put_empty_schema(&c);
    b.claimed = -1;
    craft_put_batch(&c, &b, 0);
    refuse(&c, VGI_EPROTO, true, "negative body length");
}

static void test_messages_out_of_place(void **state)
{
    (void)state;
    craft c;
    craft_batch b;
    craft_batch_init(&b);
    craft_init(&c);
    craft_put_batch(&c, &b, 0);
    craft_eos(&c);
    refuse(&c, VGI_EPROTO, false, "must begin with its schema");
    craft_init(&c);
    craft_eos(&c);
    refuse(&c, VGI_EPROTO, true, "without a schema");
    put_empty_schema(&c);
    craft_schema(&c, 0);
    craft_message_end(&c);
    refuse(&c, VGI_EPROTO, false, "second schema");
    put_empty_schema(&c);
    b.is_dictionary = true;
    craft_put_batch(&c, &b, 0);
    refuse(&c, VGI_EPROTO, false, "schema has none");
    put_empty_schema(&c);
    craft_message(&c, 5, 4, 0);
    craft_message_end(&c);
    refuse(&c, VGI_EPROTO, false, "malformed");
    craft_init(&c); /* a schema message of version V3 */
    const craft_slot none[] = { CRAFT_NONE };
    size_t header = craft_message(&c, 1, 2, 0);
    craft_link(&c, header, craft_table(&c, none, 1, NULL));
    craft_message_end(&c);
    refuse(&c, VGI_ENOTSUP, false, "version V3");
    craft_init(&c);
    header = craft_message(&c, 1, 4, 8);
    craft_link(&c, header, craft_table(&c, none, 1, NULL));
    craft_message_end(&c);
    craft_eos(&c);
    refuse(&c, VGI_EPROTO, false, "schema message with a body");
}

static void test_big_endian(void **state)
{
    (void)state;
    craft c;
    const craft_slot big[] = { { 2, 1 } };
    craft_init(&c);
    size_t header = craft_message(&c, 1, 4, 0);
    craft_link(&c, header, craft_table(&c, big, 1, NULL));
    craft_message_end(&c);
    refuse(&c, VGI_ENOTSUP, false, "big-endian");
}

/* ---- schemas ---- */

/* `n` columns that are all the same table, which may have a `name` of `name_len` bytes.
 */
static void shared_columns(craft *c, uint32_t n, const char *name, size_t name_len)
{
    craft_init(c);
    size_t vector = craft_schema(c, n);
    size_t field = craft_field(c, name, name_len, VGI__TYPE_BOOL, NULL);
    for (uint32_t i = 0; i < n; i++)
        craft_link(c, vector + 4 + 4 * (size_t)i, field);
    craft_message_end(c);
}

static void test_shared_field(void **state)
{
    (void)state;
    craft c;
    shared_columns(&c, 1000000, "x", 1);
    refuse(&c, VGI_ELIMIT, false, "more fields");
    shared_columns(&c, 3, "x", 1); /* harmless sharing is read */
    craft_eos(&c);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    craft_free(&c);
    assert_int_equal(o.rc, VGI_END);
}

/* Every level has two children, which are the same table. */
static void field_dag(craft *c, int depth)
{
    craft_init(c);
    size_t vector = craft_schema(c, 1);
    uint32_t n = 1;
    for (int i = 0; i < depth; i++) {
        size_t children;
        size_t field = craft_field(c, "x", 1, VGI__TYPE_STRUCT, &children);
        for (uint32_t k = 0; k < n; k++)
            craft_link(c, vector + 4 + 4 * k, field);
        n = i + 1 < depth ? 2 : 0;
        vector = craft_refs(c, n);
        craft_link(c, children, vector);
    }
    craft_message_end(c);
}

static void test_field_dag(void **state)
{
    (void)state;
    craft c;
    field_dag(&c, 22);
    refuse(&c, VGI_ELIMIT, false, "more fields");
    field_dag(&c, 60);
    refuse(&c, VGI_ELIMIT, false, "more fields");
}

/* A chain of one child each, and one that leads back to its beginning. */
static void field_chain(craft *c, int depth, bool cyclic)
{
    craft_init(c);
    size_t vector = craft_schema(c, 1);
    size_t first = 0;
    for (int i = 0; i < depth; i++) {
        size_t children;
        size_t field = craft_field(c, "x", 1, VGI__TYPE_STRUCT, &children);
        first = first ? first : field;
        craft_link(c, vector + 4, field);
        vector = craft_refs(c, i + 1 < depth || cyclic);
        craft_link(c, children, vector);
    }
    if (cyclic)
        craft_link(c, vector + 4, first);
    craft_message_end(c);
}

static void test_deep_nesting(void **state)
{
    (void)state;
    craft c;
    field_chain(&c, 65, false);
    refuse(&c, VGI_ELIMIT, false, "nested deeper than 64");
    field_chain(&c, 3, true); /* a reference backwards is a reference far forwards */
    refuse(&c, VGI_EPROTO, false, "malformed");
    field_chain(&c, 64, false);
    craft_eos(&c);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    craft_free(&c);
    assert_int_equal(o.rc, VGI_END);
}

static void test_long_names(void **state)
{
    (void)state;
    craft c;
    size_t big = (size_t)16 << 20;
    char *name = test_malloc(big);
    memset(name, 'n', big);
    shared_columns(&c, 1, name, big); /* the message is over its limit, too */
    refuse(&c, VGI_ELIMIT, true, "over the limit");
    shared_columns(&c, 1, name, big - 65536);
    refuse(&c, VGI_ELIMIT, false, "over the limit of 65536");
    shared_columns(&c, 2000, name, 60000); /* one name, many times */
    refuse(&c, VGI_ELIMIT, false, "repeats its names");
    memset(name, 0xFF, big);
    shared_columns(&c, 1, name, 60000);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    craft_free(&c);
    test_free(name);
    assert_int_equal(o.rc, VGI_EPROTO);
    assert_non_null(strstr(o.err.message, "not UTF-8"));
    check_cost(&o, 60000);
}

/* Every 4-byte word of a schema message replaced by extremes: an answer each time, and no
 * harm. */
static void test_every_word_of_a_schema(void **state)
{
    (void)state;
    static const uint32_t words[] = { 0,          1,         4,
                                      UINT32_MAX, INT32_MAX, UINT32_C(1) << 31,
                                      0xFFF8 };
    const vgi_column item = { .name = "item", .format = "tsu:UTC", .nullable = true };
    const vgi_column value = { .name = "", .format = "u", .nullable = true };
    const vgi_column columns[] = {
        { .name = "list", .format = "+l", .children = &item, .n_children = 1 },
        { .name = "enum", .format = "c", .dictionary = &value },
        { .name = "decimal", .format = "d:20,3" },
    };
    vgi_schema *s = NULL;
    assert_int_equal(vgi_schema_build(&s, columns, 3, NULL), VGI_OK);
    vgi_bytes message = vgi_schema_message(s);
    uint8_t *copy = test_malloc(message.len);
    size_t refused = 0;
    for (size_t at = 8; at + 4 <= message.len; at += 4)
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
            memcpy(copy, message.data, message.len);
            memcpy(copy + at, &words[w], 4);
            vgi_schema *decoded = NULL;
            size_t used;
            int rc =
                vgi__schema_decode(&decoded, copy, message.len, &used, NULL, NULL, NULL);
            refused += rc != VGI_OK;
            vgi_schema_unref(decoded);
        }
    test_free(copy);
    vgi_schema_unref(s);
    assert_true(refused > message.len / 4);
}

/* ---- bodies ---- */

static void put_schema(craft *c, const char *format, const vgi_column *dictionary)
{
    const vgi_column column = {
        .name = "c", .format = format, .nullable = true, .dictionary = dictionary
    };
    vgi_schema *s = NULL;
    craft_init(c);
    if (vgi_schema_build(&s, &column, 1, NULL) != VGI_OK) {
        c->out.failed = true;
        return;
    }
    vgi_bytes message = vgi_schema_message(s);
    vgi__buffer_append(&c->out, message.data, message.len);
    vgi_schema_unref(s);
}

/* 9 KiB of zstd run-length blocks, `declared` bytes by their own account. */
static void zstd_bomb(craft_batch *b, int64_t declared, int codec)
{
    uint8_t frame[9000] = { 0 };
    const uint8_t head[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58 };
    memcpy(frame, &declared, 8);
    memcpy(frame + 8, head, sizeof(head));
    size_t at = 8 + sizeof(head);
    for (int i = 0; i < 2048; i++, at += 4)
        memcpy(frame + at, i == 2047 ? "\x03\x00\x10\x00" : "\x02\x00\x10\x00", 4);
    craft_batch_init(b);
    b->codec = codec;
    craft_node(b, declared / 8, 0);
    craft_raw_buffer(b, 0, 0);
    craft_buffer(b, frame, (int64_t)at);
}

static void test_decompression_bombs(void **state)
{
    (void)state;
    craft c;
    craft_batch b;
    for (int codec = 0; codec < 2; codec++) {
        put_schema(&c, "l", NULL);
        zstd_bomb(&b, INT64_C(256) << 20, codec);
        craft_put_batch(&c, &b, b.nodes[0]);
        outcome o = read_all(c.out.data, c.out.len, NULL);
        craft_free(&c);
        assert_int_equal(o.rc, VGI_ELIMIT);
        assert_non_null(strstr(o.err.message, "expands beyond"));
        assert_true(o.peak < 200000); /* refused before anything was made for it */
    }
    put_schema(&c, "l", NULL); /* it says less than what is in it */
    zstd_bomb(&b, INT64_C(1) << 20, 1);
    craft_put_batch(&c, &b, b.nodes[0]);
    refuse(&c, VGI_EPROTO, false, "");
    put_schema(&c, "l", NULL); /* several that are too much together */
    zstd_bomb(&b, INT64_C(40) << 20, 1);
    b.buffers[0] = 0;
    b.buffers[1] = 8;
    int64_t most = INT64_C(40) << 20;
    memcpy(b.body, &most, 8);
    b.buffers[2] = 8;
    b.buffers[3] = 16;
    memcpy(b.body + 8, &most, 8);
    craft_put_batch(&c, &b, b.nodes[0]);
    refuse(&c, VGI_ELIMIT, false, "expands beyond");
}

static void test_impossible_rows(void **state)
{
    (void)state;
    const int64_t rows[] = { -1, INT64_C(1) << 58, INT64_C(1) << 60, INT64_MAX,
                             INT64_MIN };
    const char *const formats[] = { "l", "n", "b", "u", "+s" };
    for (size_t f = 0; f < 5; f++)
        for (size_t i = 0; i < 5; i++) {
            craft c;
            craft_batch b;
            put_schema(&c, formats[f], NULL);
            craft_batch_init(&b);
            craft_node(&b, rows[i], 0);
            for (int k = 0; k < 3; k++)
                craft_buffer(&b, &rows[0], 8);
            craft_put_batch(&c, &b, rows[i]);
            refuse(&c, VGI_EPROTO, false, "rows");
        }
}

static void test_dictionaries(void **state)
{
    (void)state;
    const vgi_column text = { .name = "", .format = "u", .nullable = true };
    craft c;
    craft_batch d;
    craft_batch b;
    craft_batch_init(&b);
    craft_node(&b, 2, 0);
    craft_raw_buffer(&b, 0, 0);
    craft_buffer(&b, "\0\1", 2);
    put_schema(&c, "c", &text); /* it did not come */
    craft_put_batch(&c, &b, 2);
    refuse(&c, VGI_EPROTO, false, "no dictionary came");
    craft_batch_init(&d);
    d.is_dictionary = true;
    put_schema(&c, "c", &text); /* it has nothing in it */
    craft_put_batch(&c, &d, 2);
    refuse(&c, VGI_EPROTO, false, "0 nodes");
    craft_node(&d, 1, 0);
    craft_raw_buffer(&d, 0, 0);
    craft_buffer(&d, (const int32_t[]){ 0, 1 }, 8);
    craft_buffer(&d, "x", 1);
    put_schema(&c, "c", &text); /* it has too little in it */
    craft_put_batch(&c, &d, 1);
    craft_put_batch(&c, &b, 2);
    refuse(&c, VGI_EPROTO, false, "beyond its dictionary");
    d.id = 77;
    put_schema(&c, "c", &text); /* nobody asked for it */
    craft_put_batch(&c, &d, 1);
    refuse(&c, VGI_EPROTO, false, "not in the schema");
    d.id = 0;
    d.is_delta = true;
    put_schema(&c, "c", &text); /* it adds to nothing */
    craft_put_batch(&c, &d, 1);
    refuse(&c, VGI_EPROTO, false, "a delta for");
}

/* A compressed dictionary and a compressed batch: together they may not be more than one
 * may. */
static void test_bomb_in_a_dictionary(void **state)
{
    (void)state;
    const vgi_column values = { .name = "", .format = "l", .nullable = true };
    const int64_t mib = INT64_C(1) << 20;
    craft c;
    craft_batch d;
    craft_batch b;
    put_schema(&c, "l", &values);
    zstd_bomb(&d, 256 * mib, 1);
    d.is_dictionary = true;
    craft_put_batch(&c, &d, d.nodes[0]);
    refuse(&c, VGI_ELIMIT, false, "expands beyond");
    const uint8_t whole[] = {
        0, 0, 0, 2, 0, 0, 0, 0, 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58
    };
    craft_batch_init(&d); /* 32 MiB */
    d.is_dictionary = true;
    d.codec = 1;
    craft_node(&d, 4 * mib, 0);
    craft_raw_buffer(&d, 0, 0);
    d.body_bytes = (int64_t)sizeof(whole);
    memcpy(d.body, whole, sizeof(whole));
    for (int i = 0; i < 256; i++, d.body_bytes += 4)
        memcpy(d.body + d.body_bytes, i == 255 ? "\x03\x00\x10\x00" : "\x02\x00\x10\x00",
               4);
    craft_raw_buffer(&d, 0, d.body_bytes);
    put_schema(&c, "l", &values);
    craft_put_batch(&c, &d, 4 * mib);
    zstd_bomb(&b, 40 * mib, 1);
    craft_put_batch(&c, &b, 5 * mib);
    refuse(&c, VGI_ELIMIT, false, "expands beyond");
}

/* `mib` MiB of zeros as int64 values of a dictionary or a batch, in zstd. */
static void put_zeros(craft *c, uint32_t mib, bool is_dictionary, bool is_delta)
{
    craft_batch b;
    uint8_t frame[2100] = { 0 };
    const int64_t bytes = (int64_t)mib << 20;
    const uint8_t head[] = { 0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58 };
    memcpy(frame, &bytes, 8);
    memcpy(frame + 8, head, sizeof(head));
    int64_t at = 8 + (int64_t)sizeof(head);
    for (uint32_t i = 0; i < 8 * mib; i++, at += 4)
        memcpy(frame + at, i + 1 == 8 * mib ? "\x03\x00\x10\x00" : "\x02\x00\x10\x00", 4);
    craft_batch_init(&b);
    b.is_dictionary = is_dictionary;
    b.is_delta = is_delta;
    b.codec = 1;
    craft_node(&b, bytes / 8, 0);
    craft_raw_buffer(&b, 0, 0);
    craft_buffer(&b, frame, at);
    craft_put_batch(c, &b, bytes / 8);
}

/* Each takes the place of the one before, but the time it took stays taken. */
static void test_bombs_that_replace_each_other(void **state)
{
    (void)state;
    const vgi_column values = { .name = "", .format = "l", .nullable = true };
    craft c;
    put_schema(&c, "l", &values);
    for (int i = 0; i < 100; i++)
        put_zeros(&c, 60, true, false);
    refuse(&c, VGI_ELIMIT, false, "expands beyond");
    put_schema(&c, "l", &values); /* a delta is there twice: inflated and appended */
    put_zeros(&c, 30, true, false);
    put_zeros(&c, 30, true, true);
    refuse(&c, VGI_ELIMIT, false, "expands beyond");
}

/* What a connection may inflate grows with what it sends. */
static void test_bombs_one_after_another(void **state)
{
    (void)state;
    craft c;
    put_schema(&c, "l", NULL);
    put_zeros(&c, 32, false, false);
    put_zeros(&c, 31, false, false);
    for (int i = 0; i < 100; i++)
        put_zeros(&c, 32, false, false);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    size_t sent = c.out.len;
    craft_free(&c);
    assert_int_equal(o.rc, VGI_ELIMIT);
    assert_int_equal(o.batches, 2);
    check_cost(&o, sent);
}

/* Rows without bytes, which would make bitmaps. */
static void refuse_bitmaps(const char *format, const vgi_column *child)
{
    const vgi_column values = { .name = "",
                                .format = format,
                                .nullable = true,
                                .children = child,
                                .n_children = child ? 1 : 0 };
    craft c;
    craft_batch d;
    put_schema(&c, "c", &values);
    craft_batch_init(&d);
    d.is_dictionary = true;
    craft_node(&d, 1, 1);
    if (child)
        craft_node(&d, 0, 0);
    craft_buffer(&d, "\0", 1);
    craft_put_batch(&c, &d, 1);
    craft_batch_init(&d);
    d.is_dictionary = true;
    d.is_delta = true;
    craft_node(&d, 2000000000, 0);
    if (child)
        craft_node(&d, 0, 0);
    craft_raw_buffer(&d, 0, 0);
    craft_put_batch(&c, &d, 2000000000);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    bool failed = c.out.failed;
    craft_free(&c);
    assert_false(failed);
    assert_int_equal(o.rc, VGI_ELIMIT);
    assert_non_null(strstr(o.err.message, "dictionaries of a stream expand"));
    assert_true(o.peak < 300000);
}

static void test_deltas_of_nothing(void **state)
{
    (void)state;
    const vgi_column item = { .name = "item", .format = "n", .nullable = true };
    refuse_bitmaps("+s", NULL);
    refuse_bitmaps("+w:0", &item);
}

/* An end where a schema belongs ends the input: there could be a million of them. */
static void test_ends_without_end(void **state)
{
    (void)state;
    craft c;
    craft_init(&c);
    for (int i = 0; i < 100000; i++)
        craft_eos(&c);
    outcome o = read_all(c.out.data, c.out.len, NULL);
    craft_free(&c);
    assert_int_equal(o.rc, VGI_EPROTO);
    assert_true(o.broken);
    assert_int_equal(o.drained, VGI_ECLOSED);
}

/* Columns on the same bytes: no more is validated than was sent. */
static void test_overlapping_buffers(void **state)
{
    (void)state;
    craft c;
    craft_batch b;
    put_schema(&c, "u", NULL);
    craft_batch_init(&b);
    craft_node(&b, 1, 0);
    craft_raw_buffer(&b, 0, 0);
    craft_buffer(&b, (const int32_t[]){ 0, 1 }, 8);
    craft_raw_buffer(&b, 0, 8);
    craft_put_batch(&c, &b, 1);
    refuse(&c, VGI_EPROTO, false, "overlap");
}

/* ---- every byte ---- */

/* A good stream cut off anywhere is never taken for a whole one. */
static void test_truncated_anywhere(void **state)
{
    (void)state;
    craft c;
    craft_batch b;
    put_schema(&c, "l", NULL);
    craft_batch_init(&b);
    craft_node(&b, 2, 0);
    craft_raw_buffer(&b, 0, 0);
    craft_buffer(&b, (const int64_t[]){ 1, 2 }, 16);
    craft_put_batch(&c, &b, 2);
    craft_eos(&c);
    bool good = !c.out.failed;
    for (size_t n = 0; good && n <= c.out.len; n++) {
        outcome o = read_all(c.out.data, n, NULL);
        good =
            n == 0 || n == c.out.len ? o.rc == VGI_END : o.rc == VGI_ECLOSED && o.broken;
        if (!good)
            print_message("cut at %zu of %zu: %d\n", n, c.out.len, o.rc);
    }
    craft_free(&c);
    assert_true(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_instead_of_a_stream),
        cmocka_unit_test(test_huge_metadata_length),
        cmocka_unit_test(test_lying_lengths),
        cmocka_unit_test(test_huge_body),
        cmocka_unit_test(test_messages_out_of_place),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_shared_field),
        cmocka_unit_test(test_field_dag),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_every_word_of_a_schema),
        cmocka_unit_test(test_decompression_bombs),
        cmocka_unit_test(test_impossible_rows),
        cmocka_unit_test(test_dictionaries),
        cmocka_unit_test(test_bomb_in_a_dictionary),
        cmocka_unit_test(test_bombs_that_replace_each_other),
        cmocka_unit_test(test_bombs_one_after_another),
        cmocka_unit_test(test_deltas_of_nothing),
        cmocka_unit_test(test_ends_without_end),
        cmocka_unit_test(test_overlapping_buffers),
        cmocka_unit_test(test_truncated_anywhere),
    };
    return vgi_test_run(tests);
}
