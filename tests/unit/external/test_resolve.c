/* SPDX-License-Identifier: Apache-2.0 */
/* From batches to pointers and back, and objects that are not what they should be. */
#include <stdio.h>
#include <string.h>

#include <vgirpc/vgirpc.h>

#include "arrow/reader.h"
#include "support/external/store.h"
#include "support/traced.h"

#include "base/text.h"
#include "crypto/openssl/digest.h"
#include "external/external.h"
#include "external/filter.h"
#include "wire/wire.h"

typedef vgi_str colour;
VGI_SCALAR(colour, vgi_str, .dictionary = "s");

typedef struct row {
    int64_t id;
    vgi_str name;
    colour paint;
} row;
VGI_STRUCT(row, VGI_FIELD(row, id), VGI_FIELD(row, name), VGI_NESTED(row, paint, colour));

typedef struct other_row {
    int64_t id;
} other_row;
VGI_STRUCT(other_row, VGI_FIELD(other_row, id));

typedef struct rig {
    vgi_storage storage;
    vgi_external *x;
    vgi__batch_filter *server, *client;
    vgi__writer *writer;
    vgi_arena mem;
    vgi_batch *rows, *other;
    vgi_batch pointer;
    char digest[64];
    vgi_str url;
    int logs, log_status;
    char last_log[64];
    vgi_error err;
} rig;

static int on_log(void *user, const vgi_batch *b, vgi_error *err)
{
    rig *r = user;
    vgi_str text;

    r->logs++;
    assert_true(vgi_metadata_get(&b->metadata, VGI_KEY_LOG_MESSAGE, &text));
    (void)snprintf(r->last_log, sizeof(r->last_log), VGI_STR_FMT, VGI_STR_ARG(text));
    return r->log_status == VGI_OK ? VGI_OK
                                   : vgi__fail(err, r->log_status, NULL, "no more logs");
}

static void begin_with(rig *r, vgi_external_options o)
{
    const row rows[] = { { 1, VGI_LIT("one"), VGI_LIT("red") },
                         { 2, VGI_LIT("two"), VGI_LIT("blue") },
                         { 3, VGI_LIT("three"), VGI_LIT("red") } };
    static const other_row other = { 7 };

    memset(r, 0, sizeof(*r));
    assert_int_equal(vgi_memory_storage(&r->storage, &r->err), VGI_OK);
    o.size = sizeof(o);
    o.storage = &r->storage;
    o.threshold_bytes = 1;
    assert_int_equal(vgi_external_new(&r->x, &o, &r->err), VGI_OK);
    const vgi__filter_source *source = vgi__filter_source_of(r->x);
    assert_int_equal(source->filter_new(source, NULL, NULL, &r->server, &r->err), VGI_OK);
    const vgi__external_client client = { on_log, r };
    assert_int_equal(
        vgi__external_filter_new(&r->client, r->x, &client, NULL, NULL, &r->err), VGI_OK);
    assert_int_equal(vgi__writer_new(&r->writer, NULL, NULL, &r->err), VGI_OK);
    assert_int_equal(vgi_batch_from_rows(&r->rows, &vgi_type_row, rows, 3, &r->err),
                     VGI_OK);
    assert_int_equal(
        vgi_batch_from_rows(&r->other, &vgi_type_other_row, &other, 1, &r->err), VGI_OK);
    vgi__batch_init(&r->pointer, NULL);
}

static void begin(rig *r)
{
    begin_with(r, (vgi_external_options){ 0 });
}

static void end(rig *r)
{
    vgi__batch_free(&r->pointer);
    vgi_batch_unref(r->rows);
    vgi_batch_unref(r->other);
    vgi__writer_free(r->writer);
    if (r->server)
        r->server->free(r->server);
    if (r->client)
        r->client->free(r->client);
    vgi_external_free(r->x);
    vgi_arena_free(&r->mem);
}

/* ---- objects ---- */

static void schema_of(rig *r, const vgi_batch *b)
{
    assert_int_equal(vgi__writer_schema(r->writer, b->schema, &r->err), VGI_OK);
}

static void data(rig *r, const vgi_batch *b, const vgi_metadata *m)
{
    assert_int_equal(vgi__writer_batch(r->writer, b->root, m, &r->err), VGI_OK);
}

static void note(rig *r, const char *level, const char *text)
{
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_LOG_LEVEL), vgi_str_from(level) },
        { VGI_LIT(VGI_KEY_LOG_MESSAGE), vgi_str_from(text) },
    };

    assert_int_equal(
        vgi__writer_empty_batch(r->writer, &(vgi_metadata){ pairs, 2 }, &r->err), VGI_OK);
}

/* The object that was written, as bytes. */
static vgi_bytes finished(rig *r)
{
    vgi__buffer out;

    assert_int_equal(vgi__writer_eos(r->writer, &r->err), VGI_OK);
    const size_t n = vgi__writer_pending(r->writer);
    uint8_t *bytes = vgi_arena_alloc(&r->mem, n);
    assert_non_null(bytes);
    out = (vgi__buffer){ .data = bytes, .cap = n, .limit = n };
    assert_int_equal(vgi__writer_gather(r->writer, &out, &r->err), VGI_OK);
    return (vgi_bytes){ bytes, n };
}

static void digest_of(rig *r, vgi_bytes bytes)
{
    const struct iovec all = { (void *)(uintptr_t)bytes.data, bytes.len };
    uint8_t raw[32];

    assert_int_equal(vgi__digest_sha256(&all, 1, raw, &r->err), VGI_OK);
    vgi__hex(r->digest, raw, sizeof(raw));
}

static void store_bytes(rig *r, vgi_bytes bytes)
{
    const vgi_storage_object o = { .size = sizeof(o), .data = bytes };

    assert_int_equal(r->storage.upload(r->storage.user, &o, &r->mem, &r->url, &r->err),
                     VGI_OK);
}

/* A received pointer of the rows' schema. */
static void point(rig *r, const char *url, const char *digest, size_t digest_len)
{
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT("routed") },
        { VGI_LIT(VGI_KEY_LOCATION), vgi_str_from(url) },
        { VGI_LIT(VGI_KEY_LOCATION_SHA256), { digest, digest_len } },
    };
    vgi__block *block;

    schema_of(r, r->rows);
    assert_int_equal(vgi__writer_empty_batch(
                         r->writer, &(vgi_metadata){ pairs, digest ? 3 : 2 }, &r->err),
                     VGI_OK);
    const vgi_bytes bytes = finished(r);
    block = vgi__block_new(NULL, bytes.len);
    assert_non_null(block);
    memcpy(block->data, bytes.data, bytes.len);
    const int rc = vgi__stream_decode(&r->pointer, block->data, bytes.len, block, NULL,
                                      NULL, &r->err);
    vgi__block_unref(block);
    assert_int_equal(rc, VGI_OK);
}

static int resolve(rig *r, vgi__batch_filter *f)
{
    r->err = (vgi_error){ 0 };
    return f->resolve(f, &r->pointer, &r->err);
}

/* Store what was written, and resolve a pointer to it. */
static int by_server(rig *r)
{
    store_bytes(r, finished(r));
    point(r, r->url.data, NULL, 0);
    return resolve(r, r->server);
}

static int by_client(rig *r)
{
    store_bytes(r, finished(r));
    point(r, r->url.data, NULL, 0);
    return resolve(r, r->client);
}

static bool says(const rig *r, const char *text)
{
    return strstr(r->err.message, text) != NULL;
}

static void expect_rows(const vgi_batch *b)
{
    vgi_str text;

    assert_int_equal(vgi_batch_rows(b), 3);
    assert_int_equal(vgi_batch_str(b, "name", 2, &text), VGI_OK);
    assert_true(vgi_str_eq(text, "three"));
    assert_int_equal(vgi_batch_str(b, "paint", 1, &text), VGI_OK);
    assert_true(vgi_str_eq(text, "blue"));
}

/* ---- there and back ---- */

/* What the filter wrote in place of the rows becomes the pointer. */
static void offload(rig *r, const vgi_metadata *m, const vgi__writer_mark *since)
{
    const vgi__offer offer = { r->rows->schema, r->rows->root, m, since };
    vgi__block *block;

    assert_true(r->server->leaving(r->server, offer.schema, offer.array) > 0);
    assert_int_equal(r->server->offload(r->server, r->writer, &offer, &r->err), VGI_OK);
    const vgi_bytes bytes = finished(r);
    block = vgi__block_new(NULL, bytes.len);
    assert_non_null(block);
    memcpy(block->data, bytes.data, bytes.len);
    const int rc = vgi__stream_decode(&r->pointer, block->data, bytes.len, block, NULL,
                                      NULL, &r->err);
    vgi__block_unref(block);
    assert_int_equal(rc, VGI_OK);
}

static void there_and_back(const char *compression)
{
    const vgi_pair mine = { VGI_LIT("mine"), VGI_LIT("1") };
    const vgi_metadata m = { &mine, 1 };
    vgi_external_statistics st = { .size = sizeof(st) };
    vgi_str url, value;
    rig r;

    begin_with(&r, (vgi_external_options){ .compression = compression });
    schema_of(&r, r.rows);
    note(&r, "INFO", "stays");
    const vgi__writer_mark since = vgi__writer_mark_here(r.writer);
    note(&r, "INFO", "goes");
    offload(&r, &m, &since);
    /* Before the pointer there is what was before the turn. */
    assert_int_equal(vgi__batch_classify(&r.pointer), VGI__BATCH_LOG);
    assert_true(vgi_metadata_get(&r.pointer.metadata, VGI_KEY_LOG_MESSAGE, &value));
    assert_true(vgi_str_eq(value, "stays"));

    schema_of(&r, r.rows);
    const vgi__writer_mark again = vgi__writer_mark_here(r.writer);
    note(&r, "INFO", "goes");
    offload(&r, &m, &again);
    assert_int_equal(vgi__batch_classify(&r.pointer), VGI__BATCH_LOCATION);
    assert_false(vgi_metadata_get(&r.pointer.metadata, "mine", NULL));
    assert_true(vgi_metadata_get(&r.pointer.metadata, VGI_KEY_LOCATION, &url));

    assert_int_equal(resolve(&r, r.client), VGI_OK);
    expect_rows(&r.pointer);
    assert_int_equal(r.logs, 1);
    assert_string_equal(r.last_log, "goes");
    assert_true(vgi_metadata_get(&r.pointer.metadata, "mine", &value));
    assert_true(vgi_str_eq(value, "1"));
    assert_true(vgi_metadata_get(&r.pointer.metadata, VGI_KEY_LOCATION_SOURCE, &value));
    assert_true(value.len == url.len && value.data == url.data); /* it stays readable */
    assert_true(vgi_metadata_get(&r.pointer.metadata, VGI_KEY_LOCATION_FETCH_MS, &value));
    assert_true(value.len >= 3 && value.data[value.len - 2] == '.');

    vgi_external_stats(r.x, &st);
    assert_int_equal(st.uploads, 2);
    assert_int_equal(st.fetches, 1);
    assert_true(st.upload_bytes > 0 && st.fetch_ns > 0);
    end(&r);
}

static void test_there_and_back(void **state)
{
    (void)state;
    there_and_back(NULL);
    if (vgi__coding_available(VGI__CODING_ZSTD))
        there_and_back("zstd");
    there_and_back("gzip");
}

static void test_small_batches_stay(void **state)
{
    rig r;

    (void)state;
    begin_with(&r, (vgi_external_options){ 0 });
    r.x->options.threshold_bytes = 1000000;
    const vgi__offer offer = { r.rows->schema, r.rows->root, NULL, NULL };
    assert_int_equal(r.server->leaving(r.server, offer.schema, offer.array), 0);
    assert_int_equal(r.server->offload(r.server, r.writer, &offer, &r.err), VGI_END);
    assert_null(r.client->offload); /* clients have no store */
    end(&r);
}

static void test_kept(void **state)
{
    vgi_batch *kept = NULL;
    rig r;

    (void)state;
    begin(&r);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    assert_int_equal(by_server(&r), VGI_OK);
    assert_int_equal(vgi_batch_retain(&r.pointer, &kept, &r.err), VGI_OK);
    vgi__batch_clear(&r.pointer);
    expect_rows(kept);
    assert_true(vgi_metadata_get(&kept->metadata, VGI_KEY_LOCATION_SOURCE, NULL));
    vgi_batch_unref(kept);
    end(&r);
}

static void test_others_stay(void **state)
{
    rig r;

    (void)state;
    begin(&r);
    assert_int_equal(vgi_batch_rows(r.rows), 3);
    assert_int_equal(r.server->resolve(r.server, r.rows, &r.err), VGI_OK);
    expect_rows(r.rows);
    assert_int_equal(r.rows->metadata.count, 0);
    end(&r);
}

/* ---- logs and exceptions ---- */

static void test_logs(void **state)
{
    rig r;

    (void)state;
    begin(&r);
    for (int i = 0; i < 2; i++) { /* whichever comes first */
        schema_of(&r, r.rows);
        note(&r, "DEBUG", "first");
        if (i == 0)
            data(&r, r.rows, NULL);
        note(&r, "INFO", "second");
        if (i == 1)
            data(&r, r.rows, NULL);
        assert_int_equal(by_client(&r), VGI_OK);
        expect_rows(&r.pointer);
        assert_int_equal(r.logs, 2 * (i + 1));
        assert_string_equal(r.last_log, "second");
    }
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    note(&r, "INFO", "for nobody");
    assert_int_equal(by_server(&r), VGI_OK);
    assert_int_equal(r.logs, 4);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    note(&r, "INFO", "too many");
    r.log_status = VGI_ELIMIT;
    assert_int_equal(by_client(&r), VGI_ELIMIT);
    assert_true(says(&r, "no more logs"));
    end(&r);
}

static void test_exceptions(void **state)
{
    vgi_str text;
    rig r;

    (void)state;
    begin(&r);
    for (int i = 0; i < 2; i++) { /* also behind data */
        schema_of(&r, r.rows);
        note(&r, "INFO", "before");
        if (i == 1)
            data(&r, r.rows, NULL);
        note(&r, "EXCEPTION", "ValueError: no");
        note(&r, "INFO", "after");
        assert_int_equal(by_client(&r), VGI_OK);
        assert_int_equal(vgi__batch_classify(&r.pointer), VGI__BATCH_ERROR);
        assert_true(vgi_metadata_get(&r.pointer.metadata, VGI_KEY_LOG_MESSAGE, &text));
        assert_true(vgi_str_eq(text, "ValueError: no"));
        assert_string_equal(r.last_log, "before");
    }
    schema_of(&r, r.rows);
    note(&r, "EXCEPTION", "ValueError: no");
    assert_int_equal(by_server(&r), VGI_ESCHEMA);
    assert_true(says(&r, "ValueError: no"));
    end(&r);
}

/* ---- objects that are none ---- */

static void test_shapes(void **state)
{
    const vgi_pair location = { VGI_LIT(VGI_KEY_LOCATION), VGI_LIT("memory:0") };
    const vgi_metadata nested = { &location, 1 };
    rig r;

    (void)state;
    begin(&r);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    data(&r, r.rows, NULL);
    assert_int_equal(by_server(&r), VGI_ESCHEMA);
    assert_true(says(&r, "more than one data batch"));
    schema_of(&r, r.rows);
    note(&r, "INFO", "alone");
    assert_int_equal(by_server(&r), VGI_ESCHEMA);
    assert_true(says(&r, "no data batch"));
    schema_of(&r, r.other);
    data(&r, r.other, NULL);
    assert_int_equal(by_server(&r), VGI_ESCHEMA);
    assert_true(says(&r, "schema"));
    schema_of(&r, r.rows);
    assert_int_equal(vgi__writer_empty_batch(r.writer, &nested, &r.err), VGI_OK);
    assert_int_equal(by_server(&r), VGI_ESCHEMA);
    assert_true(says(&r, "is a pointer itself"));
    schema_of(&r, r.rows);
    data(&r, r.rows, &nested);
    assert_int_equal(by_client(&r), VGI_ESCHEMA);
    assert_true(says(&r, "is a pointer itself"));
    end(&r);
}

static void test_garbage(void **state)
{
    const vgi_external_options impatient = { .no_retries = true };
    static const char text[] = "This is no Arrow stream.";
    rig r;

    (void)state;
    begin_with(&r, impatient);
    store_bytes(&r, (vgi_bytes){ (const uint8_t *)text, sizeof(text) });
    point(&r, r.url.data, NULL, 0);
    assert_int_equal(resolve(&r, r.server), VGI_EPROTO);
    store_bytes(&r, (vgi_bytes){ (const uint8_t *)text, 0 });
    point(&r, r.url.data, NULL, 0);
    assert_int_equal(resolve(&r, r.server), VGI_EPROTO);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    const vgi_bytes whole = finished(&r);
    for (size_t n = 0; n < whole.len; n += 8) {
        store_bytes(&r, (vgi_bytes){ whole.data, n });
        point(&r, r.url.data, NULL, 0);
        assert_int_not_equal(resolve(&r, r.server), VGI_OK);
    }
    point(&r, "memory:999", NULL, 0);
    assert_int_equal(resolve(&r, r.server), VGI_EIO);
    point(&r, "", NULL, 0);
    assert_int_equal(resolve(&r, r.server), VGI_EPROTO);
    end(&r);
}

/* ---- integrity ---- */

static void test_every_byte_counts(void **state)
{
    rig r;

    (void)state;
    begin(&r);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    const vgi_bytes good = finished(&r);
    digest_of(&r, good);
    store_bytes(&r, good);
    point(&r, r.url.data, r.digest, 64);
    assert_int_equal(resolve(&r, r.server), VGI_OK);
    expect_rows(&r.pointer);
    uint8_t *bad = vgi_arena_alloc(&r.mem, good.len);
    assert_non_null(bad);
    memcpy(bad, good.data, good.len);
    for (size_t i = 0; i < good.len; i++) {
        bad[i] ^= (uint8_t)(1u << i % 8);
        store_bytes(&r, (vgi_bytes){ bad, good.len });
        point(&r, r.url.data, r.digest, 64);
        assert_int_equal(resolve(&r, r.server), VGI_ESCHEMA);
        assert_true(says(&r, "SHA-256 checksum mismatch"));
        bad[i] = good.data[i];
    }
    store_bytes(&r, (vgi_bytes){ good.data, good.len - 1 });
    point(&r, r.url.data, r.digest, 64);
    assert_int_equal(resolve(&r, r.server), VGI_ESCHEMA);
    end(&r);
}

static void test_digest_text(void **state)
{
    rig r;

    (void)state;
    begin(&r);
    point(&r, "memory:0", "12", 2);
    assert_int_equal(resolve(&r, r.server), VGI_EPROTO);
    assert_true(says(&r, "no SHA-256"));
    memset(r.digest, 'x', sizeof(r.digest));
    point(&r, "memory:0", r.digest, 64);
    assert_int_equal(resolve(&r, r.server), VGI_EPROTO);
    end(&r);
}

/* What was garbled on the way is fetched again, unless the digest says that it is final.
 */
static void test_again(void **state)
{
    const vgi_external_options o = { .allow_http = true, .allow_private = true };
    vgi_external_statistics st = { .size = sizeof(st) };
    char url[256];
    store s;
    rig r;

    (void)state;
    store_start(&s);
    begin_with(&r, o);
    schema_of(&r, r.rows);
    data(&r, r.rows, NULL);
    note(&r, "INFO", "once");
    const vgi_bytes good = finished(&r);
    digest_of(&r, good);
    store_object *object = store_add(&s, "/a", good.data, good.len);
    object->manner.cuts = 1;
    point(&r, store_url(&s, "/a", url), r.digest, 64);
    assert_int_equal(resolve(&r, r.client), VGI_OK);
    expect_rows(&r.pointer);
    assert_int_equal(r.logs, 1);
    object->manner = (store_manner){ .encoding = "zstd" }; /* which it is not */
    point(&r, url, r.digest, 64);
    assert_int_equal(resolve(&r, r.client), VGI_EPROTO);
    object->manner = (store_manner){ .garbles = 1 };
    point(&r, url, r.digest, 64);
    assert_int_equal(resolve(&r, r.client), VGI_ESCHEMA);
    vgi_external_stats(r.x, &st);
    assert_int_equal(st.retries, 3);
    assert_int_equal(st.fetch_failures, 2);
    assert_int_equal(r.logs, 1);
    end(&r);
    store_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_small_batches_stay),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_others_stay),
        cmocka_unit_test(test_logs),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_digest_text),
        cmocka_unit_test(test_again),
    };

    return vgi_test_run(tests);
}
