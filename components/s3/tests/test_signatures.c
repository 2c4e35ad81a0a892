/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of Amazon's documentation: "Signature Calculations for the Authorization
 * Header" and "Authenticating Requests: Using Query Parameters" of the S3 API. */
#include <string.h>

#include "s3/signer.h"
#include "store/text.h"
#include "support/traced.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MOMENT INT64_C(1369353600) /* 20130524T000000Z */

static const vgi__credentials example = { "AKIAIOSFODNN7EXAMPLE",
                                          "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                          NULL };

typedef struct example_request {
    const char *method, *path, *payload;
    const char *query[4], *headers[8]; /* name, value, ... */
    const char *signature, *names;
} example_request;

static vgi_metadata pairs_of(const char *const *texts, size_t n, vgi_pair *pairs)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < n && texts[i]; i += 2)
        pairs[count++] = (vgi_pair){ vgi_str_from(texts[i]), vgi_str_from(texts[i + 1]) };
    return (vgi_metadata){ pairs, count };
}

static void test_headers(void **state)
{
    (void)state;
    static const example_request examples[] = {
        { "GET",
          "/test.txt",
          EMPTY,
          { 0 },
          { "Host", "examplebucket.s3.amazonaws.com", "Range", "bytes=0-9",
            "x-amz-content-sha256", EMPTY, "x-amz-date", "20130524T000000Z" },
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
          "host;range;x-amz-content-sha256;x-amz-date" },
        { "GET",
          "/",
          EMPTY,
          { "lifecycle", "" },
          { "Host", "examplebucket.s3.amazonaws.com", "x-amz-date", "20130524T000000Z",
            "x-amz-content-sha256", EMPTY },
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
          "host;x-amz-content-sha256;x-amz-date" },
        { "GET",
          "/",
          EMPTY,
          { "prefix", "J", "max-keys", "2" },
          { "Host", "examplebucket.s3.amazonaws.com", "x-amz-date", "20130524T000000Z",
            "x-amz-content-sha256", EMPTY },
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
          "host;x-amz-content-sha256;x-amz-date" },
    };
    const vgi__signer signer = vgi__s3_signer(&example, "us-east-1/s3/aws4_request");
    const vgi__stamp when = vgi__stamp_at(MOMENT);
    assert_string_equal(when.text, "20130524T000000Z");
    assert_string_equal(when.day, "20130524");
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const example_request *e = &examples[i];
        vgi_arena mem = { 0 };
        vgi_pair query[4], headers[8];
        const vgi__canonical request = { e->method, vgi_str_from(e->path),
                                         pairs_of(e->query, 4, query),
                                         pairs_of(e->headers, 8, headers), e->payload };
        const char *line = NULL;
        const int rc = vgi__sign_header(&signer, &when, &request, &mem, &line, NULL);
        if (rc == VGI_OK) {
            const char *expected = vgi__text_format(
                &mem,
                "Authorization: AWS4-HMAC-SHA256 "
                "Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
                "us-east-1/s3/aws4_request, SignedHeaders=%s, Signature=%s",
                e->names, e->signature);
            if (expected)
                assert_string_equal(line, expected);
        }
        vgi_arena_free(&mem);
        assert_int_equal(rc, VGI_OK);
    }
}

/* The one with a body: PUT test$file.text, "Welcome to Amazon S3." */
static void test_upload(void **state)
{
    (void)state;
    static const char payload[] =
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    const vgi_pair headers[] = {
        { VGI_LIT("Host"), VGI_LIT("examplebucket.s3.amazonaws.com") },
        { VGI_LIT("Date"), VGI_LIT("Fri, 24 May 2013 00:00:00 GMT") },
        { VGI_LIT("x-amz-date"), VGI_LIT("20130524T000000Z") },
        { VGI_LIT("x-amz-storage-class"), VGI_LIT("REDUCED_REDUNDANCY") },
        { VGI_LIT("x-amz-content-sha256"), vgi_str_from(payload) },
    };
    const vgi__signer signer = vgi__s3_signer(&example, "us-east-1/s3/aws4_request");
    const vgi__stamp when = vgi__stamp_at(MOMENT);
    const vgi__canonical request = { .method = "PUT",
                                     .path = VGI_LIT("/test$file.text"),
                                     .headers = { headers, 5 },
                                     .payload = payload };
    vgi_arena mem = { 0 };
    vgi_str signature = { 0 };
    const int rc = vgi__sign(&signer, &when, &request, &mem, &signature, NULL);
    if (rc == VGI_OK)
        assert_string_equal(
            signature.data,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

static int sign_url(const vgi__credentials *who, vgi_arena *mem, vgi_str *url)
{
    const vgi__signer signer = vgi__s3_signer(who, "us-east-1/s3/aws4_request");
    const vgi__permit permit = { .method = "GET",
                                 .origin = "https://examplebucket.s3.amazonaws.com",
                                 .host = "examplebucket.s3.amazonaws.com",
                                 .path = VGI_LIT("/test.txt"),
                                 .when = vgi__stamp_at(MOMENT),
                                 .expiry_s = 86400 };
    return vgi__sign_url(&signer, &permit, mem, url, NULL);
}

static void test_url(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    vgi_str url = { 0 };
    const int rc = sign_url(&example, &mem, &url);
    if (rc == VGI_OK)
        assert_string_equal(
            url.data,
            "https://examplebucket.s3.amazonaws.com/test.txt"
            "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE"
            "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
            "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

static void test_url_of_session(void **state)
{
    (void)state;
    const vgi__credentials session = { example.id, example.secret, "a/b+c==" };
    vgi_arena mem = { 0 };
    vgi_str url = { 0 };
    const int rc = sign_url(&session, &mem, &url);
    if (rc == VGI_OK) {
        assert_non_null(strstr(url.data, "&X-Amz-Expires=86400"
                                         "&X-Amz-Security-Token=a%2Fb%2Bc%3D%3D"
                                         "&X-Amz-SignedHeaders=host&X-Amz-Signature="));
        assert_null(strstr(url.data, "aeeed9bb")); /* the token is signed, too */
    }
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_url_of_session),
    };
    return vgi_test_run(tests);
}
