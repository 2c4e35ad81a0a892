/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vgirpc/gcs.h>

#include "support/canned.h"
#include "support/traced.h"

static canned server;

static void clear_environment(void)
{
    unsetenv("STORAGE_EMULATOR_HOST");
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
}

static void test_options(void **state)
{
    (void)state;
    static const struct {
        vgi_gcs_options options;
        int rc;
        const char *word;
    } cases[] = {
        { { .bucket = "abc" }, VGI_ENOTFOUND, "GOOGLE_APPLICATION_CREDENTIALS" },
        { { .bucket = NULL }, VGI_EINVAL, "bucket" },
        { { .bucket = "a" }, VGI_EINVAL, "bucket" },
        { { .bucket = "abc", .prefix = "../" }, VGI_EINVAL, "prefix" },
        { { .bucket = "abc", .endpoint = "host" }, VGI_EINVAL, "endpoint" },
        { { .bucket = "abc", .presign_expiry_s = 604801 }, VGI_EINVAL, "presign" },
        { { .bucket = "abc", .signer_email = "e" }, VGI_EINVAL, "access_token" },
        { { .bucket = "abc", .credentials_json = "{" }, VGI_EINVAL, "JSON" },
        { { .bucket = "abc", .credentials_file = "/no/such" },
          VGI_ENOTFOUND,
          "/no/such" },
        { { .bucket = "abc", .access_token = "t" }, VGI_ENOTFOUND, "sign" },
    };
    vgi_storage store;
    vgi_error err;
    clear_environment();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi_gcs_options options = cases[i].options;
        options.size = sizeof(options);
        assert_int_equal(vgi_gcs_storage(&store, &options, &err), cases[i].rc);
        assert_non_null(strstr(err.message, cases[i].word));
    }
    const vgi_gcs_options sizeless = { .bucket = "abc" };
    assert_int_equal(vgi_gcs_storage(&store, &sizeless, &err), VGI_EINVAL);
    assert_int_equal(vgi_gcs_storage(&store, NULL, &err), VGI_EINVAL);
}

/* An emulator: no account, no token, nothing signed. */
static void test_emulator(void **state)
{
    (void)state;
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    const vgi_gcs_options options = { .size = sizeof(options),
                                      .bucket = "batches",
                                      .prefix = "a b/" };
    const vgi_storage_object object = { .size = sizeof(object),
                                        .data = { (const uint8_t *)"hello", 5 },
                                        .content_encoding = "zstd" };
    char host[32], start[64];
    vgi_storage store;
    vgi_arena mem = { 0 };
    vgi_str url = { 0 };
    canned_init(&server);
    canned_add(&server, good, sizeof(good) - 1, CANNED_AGAIN);
    assert_true(canned_start(&server, NULL));
    snprintf(host, sizeof(host), "127.0.0.1:%d", server.port);
    snprintf(start, sizeof(start), "http://%s/batches/a%%20b/", host);
    clear_environment();
    setenv("STORAGE_EMULATOR_HOST", host, 1);
    int rc = vgi_gcs_storage(&store, &options, NULL);
    if (rc == VGI_OK) {
        rc = store.upload(store.user, &object, &mem, &url, NULL);
        store.close(store.user);
    }
    canned_stop(&server);
    if (rc == VGI_OK) {
        assert_int_equal(strncmp(url.data, start, strlen(start)), 0);
        assert_null(strchr(url.data, '?'));
        assert_int_equal(
            strncmp(server.requests[0].head,
                    "POST /upload/storage/v1/b/batches/o?contentEncoding=zstd"
                    "&name=a%20b%2F",
                    70),
            0);
        assert_string_equal(canned_header(&server, 0, "Content-Type"),
                            "application/octet-stream");
        assert_string_equal(canned_header(&server, 0, "Authorization"), "-");
        assert_int_equal(server.requests[0].body_len, 5);
    }
    vgi_arena_free(&mem);
    clear_environment();
    assert_int_equal(rc, VGI_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_emulator),
    };
    return vgi_test_run(tests);
}
