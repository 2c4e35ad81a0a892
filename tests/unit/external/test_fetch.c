/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching objects: probes, ranges, redirects, retries, and stores that mean no good. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "support/external/store.h"
#include "support/traced.h"

#include "external/external.h"
#include "external/range.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static uint8_t data[3 * 1024 * 1024 + 17];

typedef struct rig {
    store s;
    vgi_external *x;
    vgi__object o;
    vgi_error err;
    bool final;
} rig;

static void fill(void)
{
    uint32_t v = 1;

    for (size_t i = 0; i < sizeof(data); i++) {
        v = v * 1664525 + 1013904223;
        data[i] = (uint8_t)(v >> 24);
    }
}

static void begin_with(rig *r, vgi_external_options o)
{
    memset(r, 0, sizeof(*r));
    fill();
    store_start(&r->s);
    o.size = sizeof(o);
    o.timeout_ms = o.timeout_ms ? o.timeout_ms : 20000;
    assert_int_equal(vgi_external_new(&r->x, &o, &r->err), VGI_OK);
}

static void begin(rig *r)
{
    begin_with(r, (vgi_external_options){ .allow_http = true, .allow_private = true });
}

static void end(rig *r)
{
    vgi__block_unref(r->o.block);
    vgi_external_free(r->x);
    store_stop(&r->s);
}

/* With retries, as pointers are resolved. */
static int fetch_url(rig *r, const char *url)
{
    vgi__attempt attempt = vgi__attempt_first(r->x);
    int rc;

    vgi__block_unref(r->o.block);
    r->o = (vgi__object){ NULL, 0 };
    r->err = (vgi_error){ 0 };
    do
        rc = vgi__external_fetch(&attempt, url, &r->o, &r->err);
    while (rc != VGI_OK && vgi__attempt_next(&attempt));
    r->final = attempt.final;
    return rc;
}

static int fetch(rig *r, const char *path)
{
    char url[256];

    return fetch_url(r, store_url(&r->s, path, url));
}

static void expect(const rig *r, const void *bytes, size_t n)
{
    assert_int_equal(r->o.len, n);
    if (n > 0)
        assert_memory_equal(r->o.block->data, bytes, n);
}

static bool says(const rig *r, const char *text)
{
    return strstr(r->err.message, text) != NULL;
}

static uint64_t retries(const rig *r)
{
    vgi_external_statistics st = { .size = sizeof(st) };

    vgi_external_stats(r->x, &st);
    return st.retries;
}

/* ---- what works ---- */

static void test_plain(void **state)
{
    store_object *o;
    rig r;

    (void)state;
    begin(&r);
    o = store_add(&r.s, "/a", data, 1000);
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, 1000);
    assert_int_equal(o->heads, 1);
    assert_int_equal(o->gets, 1);
    assert_int_equal(o->parts, 0);
    store_add(&r.s, "/empty", data, 0);
    assert_int_equal(fetch(&r, "/empty"), VGI_OK);
    expect(&r, data, 0);
    o = store_add(&r.s, "/endless", data, 70 * KIB);
    o->manner.no_length = true;
    assert_int_equal(fetch(&r, "/endless"), VGI_OK);
    expect(&r, data, 70 * KIB);
    end(&r);
}

static void test_no_head(void **state)
{
    static const int refusals[] = { 403, 405, 501 };
    rig r;

    (void)state;
    begin(&r);
    store_object *o = store_add(&r.s, "/a", data, 1000);
    for (size_t i = 0; i < 3; i++) {
        o->manner.head_status = refusals[i];
        assert_int_equal(fetch(&r, "/a"), VGI_OK);
        expect(&r, data, 1000);
    }
    o->manner.head_status = 404;
    assert_int_equal(fetch(&r, "/a"), VGI_EIO);
    assert_true(r.final);
    end(&r);
}

static void test_presigned(void **state)
{
    static const char amazon[] = "/a?X-Amz-Credential=me&X-Amz-Signature=abc";
    rig r;

    (void)state;
    begin(&r);
    store_object *o = store_add(&r.s, "/a", data, 1000);
    o->manner.head_status = 400;
    assert_int_equal(fetch(&r, amazon), VGI_OK);
    expect(&r, data, 1000);
    assert_int_equal(o->heads, 0);
    assert_int_equal(o->parts, 1);
    assert_int_equal(o->gets, 1);
    assert_int_equal(fetch(&r, "/a?GoogleAccessId=me&Signature=x"), VGI_OK);
    assert_int_equal(o->heads, 0);
    /* No ranges: the answer to the probe is the object. */
    o->manner.no_ranges = true;
    o->gets = o->parts = 0;
    assert_int_equal(fetch(&r, amazon), VGI_OK);
    expect(&r, data, 1000);
    assert_int_equal(o->parts, 1);
    assert_int_equal(o->gets, 0);
    /* Nothing has no first byte. */
    store_add(&r.s, "/empty", data, 0);
    assert_int_equal(fetch(&r, "/empty?X-Goog-Credential=a&X-Goog-Signature=b"), VGI_OK);
    expect(&r, data, 0);
    end(&r);
}

static void test_is_presigned(void **state)
{
    (void)state;
    assert_true(
        vgi__external_is_presigned("https://h/p?X-Amz-Signature=1&X-Amz-Credential=2"));
    assert_true(
        vgi__external_is_presigned("https://h/p?a=b&Signature=1&AWSAccessKeyId=2"));
    assert_false(
        vgi__external_is_presigned("https://h/X-Amz-Signature=1&X-Amz-Credential=2"));
    assert_false(vgi__external_is_presigned("https://h/p?X-Amz-Signature=1"));
    assert_false(
        vgi__external_is_presigned("https://h/p?notSignature=1&AWSAccessKeyId=2"));
}

/* ---- ranges ---- */

static const vgi_external_options in_parts = { .allow_http = true,
                                               .allow_private = true,
                                               .parallel_bytes = 1 << 20,
                                               .chunk_bytes = 256 << 10,
                                               .connections = 4 };

static void test_ranges(void **state)
{
    vgi_external_options options = in_parts;
    rig r;

    (void)state;
    options.no_hedges = true;
    begin_with(&r, options);
    store_object *o = store_add(&r.s, "/a", data, sizeof(data));
    o->manner.pause_ms = 5;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, sizeof(data));
    assert_int_equal(o->parts, 13);
    assert_int_equal(o->gets, 0);
    assert_true(o->most_at_once > 1 && o->most_at_once <= 4);
    /* A chunk that fails is fetched again, alone. */
    o->parts = 0;
    o->manner.cuts = 2;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, sizeof(data));
    assert_int_equal(o->parts, 15);
    assert_int_equal(retries(&r), 2);
    /* Without ranges: in one piece. */
    o->manner.no_ranges = true;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, sizeof(data));
    assert_int_equal(o->gets, 1);
    end(&r);
}

static void test_ranges_that_lie(void **state)
{
    rig r;

    (void)state;
    begin_with(&r, in_parts);
    store_object *o = store_add(&r.s, "/a", data, sizeof(data));
    o->manner.whole_range = true;
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    assert_true(says(&r, "the server sent something else"));
    assert_true(r.final);
    store_behave(&r.s, o, (store_manner){ .wrong_range = true });
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    store_behave(&r.s, o, (store_manner){ .wrong_total = true });
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    assert_int_equal(retries(&r), 0);
    end(&r);
}

/* A refusal that is longer than the range is a refusal all the same. */
static void test_range_refused(void **state)
{
    vgi_external_options o = in_parts;
    rig r;

    (void)state;
    o.parallel_bytes = o.chunk_bytes = 17;
    begin_with(&r, o);
    store_add(&r.s, "/a", data, 30)->manner.refusals = 2;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, 30);
    assert_int_equal(retries(&r), 2);
    end(&r);
}

/* Ranges of two versions are not put together. */
static void test_changes(void **state)
{
    rig r;

    (void)state;
    begin_with(&r, in_parts);
    store_add(&r.s, "/a", data, sizeof(data))->manner.changes = true;
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    assert_true(says(&r, "the server sent something else"));
    end(&r);
}

/* ---- ranges that are late ---- */

static uint64_t hedges(const rig *r)
{
    vgi_external_statistics st = { .size = sizeof(st) };

    vgi_external_stats(r->x, &st);
    return st.hedges;
}

static void test_hedges(void **state)
{
    rig r;

    (void)state;
    begin_with(&r, in_parts);
    store_object *o = store_add(&r.s, "/a", data, sizeof(data));
    o->manner.stalls = 1;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, sizeof(data));
    assert_true(hedges(&r) >= 1 && hedges(&r) <= 4);
    assert_int_equal(retries(&r), 0);
    /* The second answer is looked at as the first one is. */
    store_behave(&r.s, o, (store_manner){ .stalls = 1, .changes = true });
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    end(&r);
}

/* There is one second request, and no third. */
static void test_hedge_is_late(void **state)
{
    vgi_external_options o = in_parts;
    rig r;

    (void)state;
    o.timeout_ms = 4000;
    begin_with(&r, o);
    store_object *a = store_add(&r.s, "/a", data, sizeof(data));
    a->manner.stalls = 3;
    assert_int_equal(fetch(&r, "/a"), VGI_ETIMEDOUT);
    assert_int_equal(store_behave(&r.s, a, (store_manner){ 0 }).stalls, 1);
    assert_true(hedges(&r) >= 1);
    end(&r);
    o.no_hedges = true;
    o.timeout_ms = 300;
    begin_with(&r, o);
    store_add(&r.s, "/a", data, sizeof(data))->manner.stalls = 1;
    assert_int_equal(fetch(&r, "/a"), VGI_ETIMEDOUT);
    assert_int_equal(hedges(&r), 0);
    end(&r);
}

/* When a range fails for good, those that wait are not waited for. */
static void test_failure_stops_all(void **state)
{
    vgi_external_options o = in_parts;
    rig r;

    (void)state;
    o.timeout_ms = 600000;
    begin_with(&r, o);
    store_add(&r.s, "/a", data, sizeof(data))->manner =
        (store_manner){ .stalls = 1, .wrong_total = true };
    assert_int_equal(fetch(&r, "/a"), VGI_EPROTO);
    end(&r);
}

static void test_content_range(void **state)
{
    static const char *const bad[] = {
        "",
        "bytes",
        "bytes 2-5/",
        "bytes 2-5/*",
        "bytes 2-5/5",
        "bytes 2-4/9",
        "bytes 1-5/9",
        "bytes 02-5/9",
        "items 2-5/9",
        "bytes 2-5/9 ",
        "bytes */9",
        "bytes 2-5/9/9",
        "bytes -2-5/9",
        "bytes2-5/9",
    };
    int64_t total = 0;

    (void)state;
    assert_true(vgi__range_total(VGI_LIT("bytes 2-5/9"), 2, 5, &total));
    assert_int_equal(total, 9);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(vgi__range_total(vgi_str_from(bad[i]), 2, 5, &total));
    assert_false(vgi__range_total((vgi_str){ NULL, 0 }, 2, 5, &total));
}

/* ---- caps ---- */

static void test_caps(void **state)
{
    vgi_external_options o = { .allow_http = true,
                               .allow_private = true,
                               .max_fetch_bytes = 1000,
                               .max_decompressed_bytes = 2000 };
    rig r;

    (void)state;
    begin_with(&r, o);
    store_add(&r.s, "/fits", data, 1000);
    assert_int_equal(fetch(&r, "/fits"), VGI_OK);
    store_object *big = store_add(&r.s, "/big", data, 1001);
    assert_int_equal(fetch(&r, "/big"), VGI_ELIMIT);
    assert_int_equal(big->gets, 0);
    assert_true(r.final);
    big->manner.head_status = 405;
    assert_int_equal(fetch(&r, "/big"), VGI_ELIMIT);
    big->manner.no_length = true;
    assert_int_equal(fetch(&r, "/big"), VGI_ELIMIT);
    big->manner = (store_manner){ 0 };
    assert_int_equal(fetch(&r, "/big?Signature=1&AWSAccessKeyId=2"), VGI_ELIMIT);
    assert_int_equal(retries(&r), 0);
    end(&r);
    /* What needs no decoding has the same cap as what does. */
    o.max_decompressed_bytes = 500;
    begin_with(&r, o);
    store_add(&r.s, "/a", data, 501);
    assert_int_equal(fetch(&r, "/a"), VGI_ELIMIT);
    assert_true(r.final);
    end(&r);
}

static void add_coded(rig *r, const char *path, vgi__coding coding, const void *bytes,
                      size_t n, const char *name)
{
    const struct iovec all = { (void *)(uintptr_t)bytes, n };
    vgi__buffer coded;

    vgi__buffer_init(&coded, NULL, SIZE_MAX);
    assert_int_equal(vgi__coding_encode(coding, 3, &all, 1, &coded, &r->err), VGI_OK);
    store_add(&r->s, path, coded.data, coded.len)->manner.encoding = name;
    vgi__buffer_free(&coded);
}

static void test_codings(void **state)
{
    static uint8_t zeros[100000];
    vgi_external_options o = { .allow_http = true,
                               .allow_private = true,
                               .max_fetch_bytes = 10000,
                               .max_decompressed_bytes = 100000 };
    rig r;

    (void)state;
    begin_with(&r, o);
    add_coded(&r, "/zstd", VGI__CODING_ZSTD, zeros, sizeof(zeros), "zstd");
    assert_int_equal(fetch(&r, "/zstd"), VGI_OK);
    expect(&r, zeros, sizeof(zeros));
    add_coded(&r, "/gzip", VGI__CODING_GZIP, zeros, sizeof(zeros), "GZIP");
    assert_int_equal(fetch(&r, "/gzip"), VGI_OK);
    expect(&r, zeros, sizeof(zeros));
    store_add(&r.s, "/identity", data, 100)->manner.encoding = "identity";
    assert_int_equal(fetch(&r, "/identity"), VGI_OK);
    expect(&r, data, 100);
    /* Only what is exactly one of them is decoded. */
    store_add(&r.s, "/both", data, 100)->manner.encoding = "zstd, gzip";
    assert_int_equal(fetch(&r, "/both"), VGI_EPROTO);
    assert_true(says(&r, "'zstd, gzip'"));
    assert_true(r.final);
    /* What is not what it says could have been cut on the way. */
    store_add(&r.s, "/broken", data, 100)->manner.encoding = "zstd";
    assert_int_equal(fetch(&r, "/broken"), VGI_EPROTO);
    assert_int_equal(retries(&r), 2);
    end(&r);
}

static void test_bomb(void **state)
{
    const vgi_external_options o = { .allow_http = true,
                                     .allow_private = true,
                                     .max_decompressed_bytes = 64 << 10 };
    const size_t bomb = 64 * MIB;
    uint8_t *zeros = calloc(1, bomb);
    rig r;

    (void)state;
    assert_non_null(zeros);
    begin_with(&r, o);
    add_coded(&r, "/bomb", VGI__CODING_ZSTD, zeros, bomb, "zstd");
    free(zeros);
    const size_t before = vgi_test_live_bytes();
    assert_int_equal(fetch(&r, "/bomb"), VGI_ELIMIT);
    assert_true(r.final);
    assert_true(vgi_test_live_bytes() < before + MIB);
    end(&r);
}

/* ---- retries ---- */

static void test_retries(void **state)
{
    rig r;

    (void)state;
    begin(&r);
    store_object *o = store_add(&r.s, "/a", data, 10000);
    o->manner.failures = 2;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, 10000);
    assert_int_equal(retries(&r), 2);
    /* The server is killed in the middle of a transfer. */
    o->manner.cuts = 2;
    assert_int_equal(fetch(&r, "/a"), VGI_OK);
    expect(&r, data, 10000);
    assert_int_equal(retries(&r), 4);
    o->manner.failures = 3;
    assert_int_equal(fetch(&r, "/a"), VGI_EIO);
    assert_true(says(&r, "HTTP 503"));
    assert_false(r.final);
    o->manner = (store_manner){ .status = 404 };
    assert_int_equal(fetch(&r, "/a"), VGI_EIO);
    assert_true(r.final);
    end(&r);
}

static void test_nobody_there(void **state)
{
    char url[256];
    rig r;

    (void)state;
    begin(&r);
    store_url(&r.s, "/a", url);
    store_stop(&r.s);
    assert_int_equal(fetch_url(&r, url), VGI_ECONNECT);
    assert_int_equal(retries(&r), 2);
    vgi_external_free(r.x);
}

static void test_slow(void **state)
{
    const vgi_external_options o = {
        .allow_http = true, .allow_private = true, .timeout_ms = 400, .retries = 100
    };
    rig r;

    (void)state;
    begin_with(&r, o);
    store_add(&r.s, "/a", data, 1000)->manner.trickle_ms = 20;
    uint64_t began = vgi__clock_ns();
    assert_int_equal(fetch(&r, "/a"), VGI_ETIMEDOUT);
    assert_true(vgi__clock_ns() - began < 3000000000u);
    store_add(&r.s, "/b", data, 1000)->manner.failures = 1000;
    began = vgi__clock_ns();
    const int rc = fetch(&r, "/b"); /* the last attempt may have been cut short */
    assert_true(rc == VGI_EIO || rc == VGI_ETIMEDOUT);
    assert_true(vgi__clock_ns() - began < 3000000000u);
    end(&r);
}

/* ---- which URLs ---- */

static void test_redirects(void **state)
{
    char other[256];
    rig r;

    (void)state;
    begin(&r);
    store_add(&r.s, "/end", data, 1000);
    store_add(&r.s, "/a", NULL, 0)->manner.location = "/b";
    store_object *b = store_add(&r.s, "/b", NULL, 0);
    store_url(&r.s, "/end", other);
    b->manner.location = other;
    static const int statuses[] = { 301, 302, 303, 307, 308 };
    for (size_t i = 0; i < 5; i++) {
        b->manner.status = statuses[i];
        assert_int_equal(fetch(&r, "/a"), VGI_OK);
        expect(&r, data, 1000);
    }
    b->manner.status = 300;
    assert_int_equal(fetch(&r, "/a"), VGI_EIO);
    store_add(&r.s, "/loop", NULL, 0)->manner.location = "/loop";
    assert_int_equal(fetch(&r, "/loop"), VGI_ELIMIT);
    assert_true(says(&r, "more than 5 redirects"));
    assert_true(r.final);
    store_add(&r.s, "/ftp", NULL, 0)->manner.location = "ftp://127.0.0.1/x";
    assert_int_equal(fetch(&r, "/ftp"), VGI_EINVAL);
    store_add(&r.s, "/file", NULL, 0)->manner.location = "file:///etc/passwd";
    assert_int_equal(fetch(&r, "/file"), VGI_EINVAL);
    store_add(&r.s, "/nowhere", NULL, 0)->manner.location = "";
    assert_int_equal(fetch(&r, "/nowhere"), VGI_EPROTO);
    end(&r);
}

static int never_b(void *user, vgi_str url, vgi_error *err)
{
    int *asked = user;

    ++*asked;
    if (url.len > 0 && url.data[url.len - 1] == 'b')
        return vgi__fail(err, VGI_EINVAL, NULL, "not b, which '%.*s' is", (int)url.len,
                         url.data);
    return VGI_OK;
}

static void test_validator(void **state)
{
    int asked = 0;
    const vgi_external_options o = { .allow_http = true,
                                     .allow_private = true,
                                     .validator = never_b,
                                     .validator_user = &asked };
    rig r;

    (void)state;
    begin_with(&r, o);
    store_add(&r.s, "/a", NULL, 0)->manner.location = "/b?word=geheimb";
    store_object *b = store_add(&r.s, "/b", data, 10);
    assert_int_equal(fetch(&r, "/a"), VGI_EINVAL);
    assert_true(says(&r, "/b: not b, which 'http://127.0.0.1"));
    assert_false(says(&r, "geheim"));
    assert_true(r.final);
    assert_int_equal(asked, 2);
    assert_int_equal(b->heads + b->gets, 0);
    end(&r);
}

static void test_secrets(void **state)
{
    char url[256];
    rig r;

    (void)state;
    begin(&r);
    (void)snprintf(url, sizeof(url),
                   "http://user:geheim@127.0.0.1:%d/a?X-Amz-Signature=geheim#geheim",
                   r.s.port);
    assert_int_equal(fetch_url(&r, url), VGI_EIO);
    assert_true(says(&r, "http://127.0.0.1:"));
    assert_true(says(&r, "/a: HTTP 404"));
    assert_false(says(&r, "geheim"));
    /* Another host gets nothing of it. */
    char other[256];
    (void)snprintf(other, sizeof(other), "http://localhost:%d/end", r.s.port);
    store_add(&r.s, "/end", data, 10);
    store_add(&r.s, "/a", NULL, 0)->manner.location = other;
    assert_int_equal(fetch_url(&r, url), VGI_OK);
    assert_null(strstr(r.s.last_head, "Authorization"));
    assert_null(strstr(r.s.last_head, "Referer"));
    end(&r);
}

static void test_https_only(void **state)
{
    rig r;

    (void)state;
    begin_with(&r, (vgi_external_options){ .allow_private = true });
    store_object *o = store_add(&r.s, "/a", data, 10);
    assert_int_equal(fetch(&r, "/a"), VGI_EINVAL);
    assert_true(says(&r, "only https is allowed"));
    assert_true(r.final);
    assert_int_equal(o->heads, 0);
    assert_int_equal(fetch_url(&r, "nonsense"), VGI_EINVAL);
    assert_int_equal(fetch_url(&r, ""), VGI_EINVAL);
    assert_int_equal(fetch_url(&r, "memory:0"), VGI_EINVAL);
    end(&r);
}

static void test_private_addresses(void **state)
{
    static const char *const hosts[] = { "127.0.0.1", "localhost",          "0.0.0.0",
                                         "[::1]",     "[::ffff:127.0.0.1]", "2130706433",
                                         "0x7f.1" };
    rig r;

    (void)state;
    begin_with(&r, (vgi_external_options){ .allow_http = true });
    store_object *o = store_add(&r.s, "/a", data, 10);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        char url[256];

        (void)snprintf(url, sizeof(url), "http://%s:%d/a", hosts[i], r.s.port);
        assert_int_equal(fetch_url(&r, url), VGI_EINVAL);
        assert_true(says(&r, "not a public one"));
        assert_true(r.final);
    }
    assert_int_equal(o->heads + o->gets, 0);
    assert_int_equal(r.s.n_connections, 0);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_no_head),
        cmocka_unit_test(test_presigned),
        cmocka_unit_test(test_is_presigned),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_ranges_that_lie),
        cmocka_unit_test(test_range_refused),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_hedges),
        cmocka_unit_test(test_hedge_is_late),
        cmocka_unit_test(test_failure_stops_all),
        cmocka_unit_test(test_content_range),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_validator),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_https_only),
        cmocka_unit_test(test_private_addresses),
    };

    return vgi_test_run(tests);
}
