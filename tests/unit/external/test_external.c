/* SPDX-License-Identifier: Apache-2.0 */
/* Options, statistics, uploads to URLs, and what stores build on. */
#include <stdio.h>
#include <string.h>

#include <vgirpc/sys/crypto.h>
#include <vgirpc/sys/http.h>

#include "support/external/store.h"
#include "support/traced.h"

#include "base/text.h"
#include "external/external.h"
#include "external/filter.h"

static int make(vgi_external **x, vgi_external_options o, vgi_error *err)
{
    o.size = sizeof(o);
    return vgi_external_new(x, &o, err);
}

static void refused(vgi_external_options o, const char *text)
{
    vgi_external *x = NULL;
    vgi_error err = { 0 };

    assert_int_equal(make(&x, o, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, text));
}

static int closed;

static int no_upload(void *user, const vgi_storage_object *o, vgi_arena *mem,
                     vgi_str *url, vgi_error *err)
{
    (void)user, (void)o, (void)mem, (void)url;
    return vgi__fail(err, VGI_EIO, NULL, "the store is full");
}

static void count_close(void *user)
{
    (void)user;
    closed++;
}

static void test_options(void **state)
{
    const vgi_storage nothing = { .size = sizeof(nothing) };
    const vgi_storage full = { .size = sizeof(full),
                               .upload = no_upload,
                               .close = count_close };
    vgi_external *x = NULL;
    vgi_error err = { 0 };

    (void)state;
    assert_int_equal(vgi_external_new(&x, NULL, &err), VGI_EINVAL);
    assert_int_equal(vgi_external_new(&x, &(vgi_external_options){ 0 }, &err),
                     VGI_EINVAL);
    refused((vgi_external_options){ .threshold_bytes = -1 }, "threshold_bytes");
    refused((vgi_external_options){ .max_fetch_bytes = -1 }, "max_fetch_bytes");
    refused((vgi_external_options){ .chunk_bytes = -1 }, "chunk_bytes");
    refused((vgi_external_options){ .compression = "brotli" }, "'brotli'");
    refused((vgi_external_options){ .compression = "gzip", .compression_level = 10 },
            "compression_level is 10");
    refused((vgi_external_options){ .storage = &nothing }, "upload");
    closed = 0;
    refused((vgi_external_options){ .storage = &full, .compression = "no" }, "'no'");
    assert_int_equal(closed, 0); /* of a failure it stays the caller's */

    assert_int_equal(make(&x, (vgi_external_options){ .storage = &full }, &err), VGI_OK);
    assert_true(vgi__filter_source_of(x)->stores);
    assert_null(vgi__filter_source_of(x)->upload_url);
    assert_int_equal(x->options.threshold_bytes, 1 << 20);
    assert_int_equal(x->options.max_decompressed_bytes, INT64_C(16) * (256 << 20));
    vgi_external_free(x);
    assert_int_equal(closed, 1);
    vgi_external_free(NULL);
    assert_int_equal(make(&x, (vgi_external_options){ 0 }, &err), VGI_OK);
    assert_false(vgi__filter_source_of(x)->stores);
    vgi_external_free(x);
}

static void test_put(void **state)
{
    const vgi_external_options o = { .allow_http = true, .allow_private = true };
    vgi_external_statistics st = { .size = sizeof(st) };
    char first[] = "in ", second[] = "pieces", url[256];
    const struct iovec pieces[] = { { first, 3 }, { second, 6 } };
    vgi_external *x = NULL;
    vgi_error err = { 0 };
    store s;

    (void)state;
    store_start(&s);
    store_object *object = store_add(&s, "/a", NULL, 0);
    assert_int_equal(make(&x, o, &err), VGI_OK);
    store_url(&s, "/a?secret", url);
    assert_int_equal(vgi__external_put(x, url, pieces, 2, &err), VGI_OK);
    assert_int_equal(object->n, 9);
    assert_memory_equal(object->bytes, "in pieces", 9);
    object->manner.status = 403;
    assert_int_equal(vgi__external_put(x, url, pieces, 2, &err), VGI_EIO);
    assert_non_null(strstr(err.message, "/a: HTTP 403"));
    assert_int_equal(object->puts, 2);
    object->manner.status = 503;
    assert_int_equal(vgi__external_put(x, url, pieces, 2, &err), VGI_EIO);
    assert_int_equal(object->puts, 5); /* it can be tried again */
    assert_int_equal(vgi__external_put(x, "ftp://h/", pieces, 2, &err), VGI_EINVAL);
    assert_int_equal(vgi__external_check(x, "https://h/", &err), VGI_OK);
    assert_int_equal(vgi__external_check(x, "h", &err), VGI_EINVAL);
    vgi_external_stats(x, &st);
    assert_int_equal(st.uploads, 1);
    assert_int_equal(st.upload_bytes, 9);
    assert_int_equal(st.upload_failures, 2);
    vgi_external_free(x);
    store_stop(&s);
}

/* ---- sys/http.h ---- */

static void test_transfers(void **state)
{
    static const char *const headers[] = { "X-One: 1", "X-Two:2" };
    char url[256];
    vgi_http_transfer t = { .size = sizeof(t), .method = "GET", .url = url };
    vgi_arena mem = { 0 };
    vgi_http_answer answer;
    vgi_http_pool *pool = NULL;
    vgi_error err = { 0 };
    store s;

    (void)state;
    store_start(&s);
    store_add(&s, "/a", "hello", 5)->manner.encoding = "x";
    store_url(&s, "/a", url);
    assert_int_equal(vgi_http_pool_new(&pool, NULL, &err), VGI_OK);
    t.headers = headers;
    t.n_headers = 2;
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_OK);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body.len, 5);
    assert_memory_equal(answer.body.data, "hello", 5);
    assert_true(vgi_str_eq(vgi_http_answer_header(&answer, "content-ENCODING"), "x"));
    assert_null(vgi_http_answer_header(&answer, "X-None").data);
    assert_non_null(strstr(s.last_head, "X-One: 1\r\n"));
    assert_non_null(strstr(s.last_head, "X-Two: 2\r\n"));
    t.max_body = 4;
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_ELIMIT);
    t.max_body = 0;

    t.method = "PUT";
    t.body = (vgi_bytes){ (const uint8_t *)"bye", 3 };
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_OK);
    assert_int_equal(answer.status, 204);
    assert_memory_equal(s.objects[0].bytes, "bye", 3);
    t.body = (vgi_bytes){ NULL, 0 }; /* an empty body has a length, too */
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_OK);
    assert_int_equal(s.objects[0].n, 0);
    assert_non_null(strstr(s.last_head, "Content-Length: 0"));
    t.method = "HEAD";
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_OK);
    assert_int_equal(answer.body.len, 0);

    t.method = "BREW";
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_EINVAL);
    t.method = "GET";
    t.url = "gopher://h/";
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_EINVAL);
    t.url = url;
    static const char *const bad[] = { "X-One: a\r\nX-Two: b" };
    t.headers = bad;
    t.n_headers = 1;
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_EINVAL);
    t.n_headers = 0;
    s.objects[0].manner.pause_ms = 500;
    t.timeout_ms = 50;
    assert_int_equal(vgi_http_transfer_run(pool, &t, &mem, &answer, &err), VGI_ETIMEDOUT);
    vgi_http_pool_free(pool);
    vgi_http_pool_free(NULL);
    vgi_arena_free(&mem);
    store_stop(&s);
}

/* ---- sys/crypto.h ---- */

static void expect_hex(const uint8_t digest[32], const char *text)
{
    char hex[65];

    vgi__hex(hex, digest, 32);
    hex[64] = '\0';
    assert_string_equal(hex, text);
}

static void test_crypto(void **state)
{
    const vgi_bytes key = { (const uint8_t *)"Jefe", 4 };
    const vgi_bytes data = { (const uint8_t *)"what do ya want for nothing?", 28 };
    vgi_arena mem = { 0 };
    vgi_bytes signature;
    uint8_t out[32];

    (void)state;
    assert_int_equal(vgi_sha256((vgi_bytes){ (const uint8_t *)"abc", 3 }, out, NULL),
                     VGI_OK);
    expect_hex(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(vgi_sha256((vgi_bytes){ NULL, 0 }, out, NULL), VGI_OK);
    expect_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(vgi_hmac_sha256(key, data, out, NULL), VGI_OK); /* RFC 4231, 2 */
    expect_hex(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(vgi_rsa_sha256_sign(VGI_LIT("x"), data, &mem, &signature, NULL),
                     VGI_EINVAL);
    vgi_arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_put),
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_crypto),
    };

    return vgi_test_run(tests);
}
