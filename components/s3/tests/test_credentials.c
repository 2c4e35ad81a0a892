/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "s3/credentials.h"
#include "support/traced.h"

static void check(const char *text, const char *profile, const char *id,
                  const char *secret, const char *token)
{
    vgi_arena mem = { 0 };
    vgi__credentials c;
    const int rc = vgi__credentials_scan(&c, vgi_str_from(text), profile, &mem);
    if (rc == VGI_OK) {
        assert_string_equal(c.id ? c.id : "-", id);
        assert_string_equal(c.secret ? c.secret : "-", secret);
        assert_string_equal(c.token ? c.token : "-", token);
    }
    vgi_arena_free(&mem);
    assert_int_equal(rc, VGI_OK);
}

static void test_scan(void **state)
{
    (void)state;
    static const char text[] = "# comment\n"
                               "aws_access_key_id = before any profile\n"
                               "[default]\n"
                               "aws_access_key_id = ID1\r\n"
                               "  aws_secret_access_key=a=b/c+d==  \n"
                               "; aws_session_token = no\n"
                               "region = eu-west-1\n"
                               "\n"
                               " [ other ] \n"
                               "aws_access_key_id=ID2\n"
                               "aws_secret_access_key=S2\n"
                               "aws_session_token=T2\n"
                               "[empty]\n"
                               "aws_access_key_id=\n"
                               "no equals sign\n"
                               "=no key\n"
                               "[\n"
                               "aws_access_key_id=X\n"
                               "[last]\n"
                               "aws_access_key_id=ID3";
    check(text, "default", "ID1", "a=b/c+d==", "-");
    check(text, "other", "ID2", "S2", "T2");
    check(text, "empty", "-", "-", "-");
    check(text, "last", "ID3", "-", "-");
    check(text, "absent", "-", "-", "-");
    check("", "default", "-", "-", "-");
}

/* Text that ends anywhere. */
static void test_scan_every_prefix(void **state)
{
    (void)state;
    static const char text[] = "[default]\naws_access_key_id = ID\n";
    for (size_t n = 0; n < sizeof(text); n++) {
        vgi_arena mem = { 0 };
        vgi__credentials c;
        char *copy = malloc(n + 1); /* its end is known to the sanitizer */
        assert_non_null(copy);
        memcpy(copy, text, n);
        const int rc = vgi__credentials_scan(&c, (vgi_str){ copy, n }, "default", &mem);
        free(copy);
        const bool found = rc == VGI_OK && c.id;
        vgi_arena_free(&mem);
        assert_int_equal(rc, VGI_OK);
        assert_true(found == (n >= sizeof(text) - 3));
    }
}

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",           "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE",
};

/* Look, and tell as "id/secret/token". */
static int find(const vgi__credentials_source *source, char *out, size_t n)
{
    vgi_arena mem = { 0 };
    vgi__credentials c = { 0 };
    vgi_error err = { 0 };
    const int rc = vgi__credentials_find(&c, source, &mem, &err);
    if (rc == VGI_OK)
        snprintf(out, n, "%s/%s/%s", c.id, c.secret, c.token ? c.token : "");
    else
        snprintf(out, n, "%s", err.message);
    vgi_arena_free(&mem);
    return rc;
}

static void test_order(void **state)
{
    (void)state;
    char file[] = "/tmp/vgi-credentials-XXXXXX", got[VGI_ERROR_MESSAGE_SIZE];
    const int fd = mkstemp(file);
    assert_true(fd >= 0);
    static const char text[] = "[default]\naws_access_key_id=F\naws_secret_access_key=f\n"
                               "[p]\naws_access_key_id=P\naws_secret_access_key=p\n"
                               "[half]\naws_access_key_id=H\n";
    assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
    close(fd);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);

    setenv("AWS_SHARED_CREDENTIALS_FILE", file, 1);
    const vgi__credentials_source nothing = { 0 };
    assert_int_equal(find(&nothing, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "F/f/");
    setenv("AWS_PROFILE", "p", 1);
    assert_int_equal(find(&nothing, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "P/p/");
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    assert_int_equal(find(&nothing, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "P/p/"); /* half of a pair is none */
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    setenv("AWS_SESSION_TOKEN", "t", 1);
    assert_int_equal(find(&nothing, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "E/e/t");

    const vgi__credentials_source profile = { .profile = "default" };
    assert_int_equal(find(&profile, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "F/f/");
    const vgi__credentials_source explicit_ = { .explicit_ = { "O", "o", NULL },
                                                .profile = "default" };
    assert_int_equal(find(&explicit_, got, sizeof(got)), VGI_OK);
    assert_string_equal(got, "O/o/");
    const vgi__credentials_source half = { .profile = "half" };
    assert_int_equal(find(&half, got, sizeof(got)), VGI_ENOTFOUND);
    assert_non_null(strstr(got, "profile \"half\" has no aws_secret_access_key"));
    unlink(file);
    assert_int_equal(find(&profile, got, sizeof(got)), VGI_ENOTFOUND);
    const vgi__credentials_source folder = { .file = "/" };
    assert_int_equal(find(&folder, got, sizeof(got)), VGI_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_every_prefix),
        cmocka_unit_test(test_order),
    };
    return vgi_test_run(tests);
}
