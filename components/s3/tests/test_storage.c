/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "s3/store.h"
#include "support/canned.h"
#include "support/traced.h"

static canned server;
static char endpoint[64];

static const vgi_s3_options settings = {
    .size = sizeof(vgi_s3_options),
    .bucket = "batches",
    .region = "eu-test-1",
    .access_key_id = "id",
    .secret_access_key = "secret",
};

static void test_options(void **state)
{
    (void)state;
    static const struct {
        vgi_s3_options options;
        const char *word;
    } cases[] = {
        { { .bucket = NULL }, "bucket" },
        { { .bucket = "a/b" }, "bucket" },
        { { .bucket = "abc", .prefix = "a/./" }, "prefix" },
        { { .bucket = "abc", .region = "" }, "region" },
        { { .bucket = "abc", .region = "eu/west" }, "region" },
        { { .bucket = "abc", .endpoint = "host" }, "endpoint" },
        { { .bucket = "abc", .presign_expiry_s = 604801 }, "presign" },
        { { .bucket = "abc", .multipart_bytes = -1 }, "multipart" },
        { { .bucket = "abc", .addressing = (vgi_s3_addressing)3 }, "addressing" },
        { { .bucket = "abc", .access_key_id = "x" }, "secret_access_key" },
        { { .bucket = "abc", .secret_access_key = "x" }, "access_key_id" },
    };
    vgi_storage store;
    vgi_error err;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_s3_options options = cases[i].options;
        options.size = sizeof(options);
        assert_int_equal(vgi_s3_storage(&store, &options, &err), VGI_EINVAL);
        assert_non_null(strstr(err.message, cases[i].word));
    }
    const vgi_s3_options sizeless = { .bucket = "abc" };
    assert_int_equal(vgi_s3_storage(&store, &sizeless, &err), VGI_EINVAL);
    assert_int_equal(vgi_s3_storage(&store, NULL, &err), VGI_EINVAL);
}

/* Where the URLs of a store go. */
static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *bucket, *region, *endpoint, *start;
        vgi_s3_addressing addressing;
    } cases[] = {
        { "batches", "eu-west-1", NULL, "https://batches.s3.eu-west-1.amazonaws.com/p",
          VGI_S3_AUTO },
        { "bat.ches", "eu-west-1", NULL, "https://s3.eu-west-1.amazonaws.com/bat.ches/p",
          VGI_S3_AUTO },
        { "batches", "eu-west-1", NULL, "https://s3.eu-west-1.amazonaws.com/batches/p",
          VGI_S3_PATH },
        { "batches", "cn-north-1", NULL,
          "https://batches.s3.cn-north-1.amazonaws.com.cn/p", VGI_S3_AUTO },
        { "batches", "x", "http://localhost:9000/", "http://localhost:9000/batches/p",
          VGI_S3_AUTO },
        { "batches", "x", "https://s3.example:443", "https://batches.s3.example/p",
          VGI_S3_VIRTUAL_HOST },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_s3_options options = settings;
        vgi_storage store;
        vgi_arena mem = { 0 };
        vgi_upload_url urls = { .size = sizeof(urls) };
        const char *start = cases[i].start;
        options.bucket = cases[i].bucket;
        options.region = cases[i].region;
        options.endpoint = cases[i].endpoint;
        options.addressing = cases[i].addressing;
        options.prefix = "p";
        assert_int_equal(vgi_s3_storage(&store, &options, NULL), VGI_OK);
        const int rc = store.upload_url(store.user, &mem, &urls, NULL);
        store.close(store.user);
        if (rc == VGI_OK) {
            assert_int_equal(strncmp(urls.put_url.data, start, strlen(start)), 0);
            assert_int_equal(strncmp(urls.get_url.data, start, strlen(start)), 0);
            const size_t path = strcspn(urls.put_url.data, "?");
            assert_memory_equal(urls.put_url.data, urls.get_url.data, path);
            assert_string_not_equal(urls.put_url.data, urls.get_url.data);
        }
        vgi_arena_free(&mem);
        assert_int_equal(rc, VGI_OK);
    }
}

static void serve(const char *const *answers, size_t n)
{
    canned_init(&server);
    for (size_t i = 0; i < n; i++)
        canned_add(&server, answers[i], strlen(answers[i]),
                   i + 1 < n ? CANNED_KEEP : CANNED_AGAIN);
    assert_true(canned_start(&server, NULL));
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", server.port);
}

/* Upload `n` bytes to the canned server; objects of more than 10 go in parts. */
static int upload(size_t n, vgi_error *err)
{
    static const uint8_t data[(9 << 20)];
    const vgi_storage_object object = { .size = sizeof(object),
                                        .data = { data, n },
                                        .content_type = "text/x",
                                        .content_encoding = "gzip" };
    vgi_s3_options options = settings;
    vgi_storage store;
    vgi_arena mem = { 0 };
    vgi_str url;
    options.endpoint = endpoint;
    options.multipart_bytes = 10;
    options.no_retries = true;
    int rc = vgi_s3_storage(&store, &options, err);
    if (rc == VGI_OK) {
        rc = store.upload(store.user, &object, &mem, &url, err);
        store.close(store.user);
    }
    vgi_arena_free(&mem);
    canned_stop(&server);
    return rc;
}

static void test_upload(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    };
    serve(answers, 1);
    assert_int_equal(upload(10, NULL), VGI_OK);
    assert_int_equal(strncmp(server.requests[0].head, "PUT /batches/vgi-rpc/", 21), 0);
    assert_string_equal(canned_header(&server, 0, "Content-Type"), "text/x");
    assert_string_equal(canned_header(&server, 0, "Content-Encoding"), "gzip");
    assert_string_equal(
        canned_header(&server, 0, "x-amz-content-sha256"),
        "01d448afd928065458cf670b60f5a594d735af0172c8d67f22a81680132681ca");
    assert_non_null(strstr(canned_header(&server, 0, "Authorization"),
                           "SignedHeaders=content-encoding;content-type;host;"
                           "x-amz-content-sha256;x-amz-date, "));
    assert_int_equal(server.requests[0].body_len, 10);
}

#define OK_WITH(body, n) \
    "HTTP/1.1 200 OK\r\nETag: \"e&\"\r\nContent-Length: " n "\r\n\r\n" body

static void test_odd_answers(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *word;
    } cases[] = {
        { OK_WITH("", "0"), "UploadId of 0 bytes" },
        { OK_WITH("<UploadId></UploadId>", "21"), "UploadId of 0 bytes" },
        { OK_WITH("<UploadId>x", "11"), "UploadId of 0 bytes" },
        { OK_WITH("<UploadId>x</UploadId>", "22"), "no usable ETag" },
        { OK_WITH("<Error>x</Error>", "16"), "status 200" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_error err = { 0 };
        serve(&cases[i].answer, 1);
        assert_int_not_equal(upload(11, &err), VGI_OK);
        assert_non_null(strstr(err.message, cases[i].word));
    }
}

static void test_elements(void **state)
{
    (void)state;
    static const struct {
        const char *document, *text; /* NULL: absent */
    } cases[] = {
        { "<Code>A</Code>", "A" },
        { "<a><b>x</b><Code>A<c>B</c></Code></a><Code>Z</Code>", "A<c>B</c>" },
        { "<Code></Code>", "" },
        { "<Codes>A</Codes>", NULL },
        { "<Code>A", NULL },
        { "<Code>A</Code", NULL },
        { "</Code><Code>", NULL },
        { "<Code", NULL },
        { "<", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const size_t n = strlen(cases[i].document);
        uint8_t *copy = malloc(n + 1); /* its end is known to the sanitizer */
        assert_non_null(copy);
        memcpy(copy, cases[i].document, n);
        const vgi_str got = vgi__s3_element((vgi_bytes){ copy, n }, "Code");
        const bool same = cases[i].text ? vgi_str_eq(got, cases[i].text) : !got.data;
        free(copy);
        assert_true(same);
    }
    assert_null(vgi__s3_element((vgi_bytes){ 0 }, "Code").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),  cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_upload),   cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_elements),
    };
    return vgi_test_run(tests);
}
