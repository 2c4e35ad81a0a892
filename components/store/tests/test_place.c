/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/fail.h"
#include "store/file.h"
#include "store/place.h"
#include "support/traced.h"

static void test_endpoints(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host; /* host NULL: refused */
    } cases[] = {
        { "https://s3.example.com", "https", "s3.example.com" },
        { "https://s3.example.com/", "https", "s3.example.com" },
        { "HTTPS://s3.example.com:443", "https", "s3.example.com" },
        { "https://s3.example.com:80", "https", "s3.example.com:80" },
        { "http://localhost:80", "http", "localhost" },
        { "http://localhost:9000/", "http", "localhost:9000" },
        { "http://127.0.0.1:65535", "http", "127.0.0.1:65535" },
        { "http://[::1]:9000", "http", "[::1]:9000" },
        { "http://[::1]", "http", "[::1]" },
        { "", NULL, NULL },
        { "s3.example.com", NULL, NULL },
        { "ftp://s3.example.com", NULL, NULL },
        { "https://", NULL, NULL },
        { "https:///", NULL, NULL },
        { "https://host:", NULL, NULL },
        { "https://host:/", NULL, NULL },
        { "https://host:123456", NULL, NULL },
        { "https://host:12a", NULL, NULL },
        { "https://host/path", NULL, NULL },
        { "https://host?query", NULL, NULL },
        { "https://user@host", NULL, NULL },
        { "https://ho st", NULL, NULL },
        { "https://ho\nst", NULL, NULL },
        { "https://[::1", NULL, NULL },
        { "https://[::1]x", NULL, NULL },
    };
    vgi_arena mem = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi__endpoint at;
        vgi_error err;
        const int rc = vgi__endpoint_parse(&at, cases[i].text, &mem, &err);
        if (!cases[i].host) {
            assert_int_equal(rc, VGI_EINVAL);
            assert_non_null(strstr(err.message, "endpoint"));
            assert_null(strchr(err.message, '\n'));
            continue;
        }
        assert_int_equal(rc, VGI_OK);
        assert_string_equal(at.scheme, cases[i].scheme);
        assert_string_equal(at.host, cases[i].host);
    }
    vgi_arena_free(&mem);
}

typedef int check(const char *text, vgi_error *err);

/* What may be, what may not be, each up to a NULL, and how long it may be. */
static void check_texts(check *run, const char *const *good, const char *const *bad,
                        size_t most)
{
    char text[1024];
    for (; *good; good++)
        assert_int_equal(run(*good, NULL), VGI_OK);
    for (; *bad; bad++)
        assert_int_equal(run(*bad, NULL), VGI_EINVAL);
    memset(text, 'a', sizeof(text));
    text[most + 1] = '\0';
    assert_int_equal(run(text, NULL), VGI_EINVAL);
    text[most] = '\0';
    assert_int_equal(run(text, NULL), VGI_OK);
}

static void test_names(void **state)
{
    static const char *const good[] = { "abc", "a.b-c_D9", NULL };
    static const char *const bad[] = { "", "ab", "a/b", "a b", "a%b", "b\xc3\xa4", NULL };

    (void)state;
    check_texts(vgi__bucket_check, good, bad, 222);
    assert_int_equal(vgi__bucket_check(NULL, NULL), VGI_EINVAL);
}

static void test_prefixes(void **state)
{
    static const char *const good[] = { "",    "a/",        "/",    "//",
                                        "...", "a/.b/..c/", "a..b", NULL };
    static const char *const bad[] = { ".", "..", "./a", "a/.", "a/../b", "a/./", NULL };

    (void)state;
    check_texts(vgi__prefix_check, good, bad, 900);
}

static void test_object_paths(void **state)
{
    (void)state;
    static const char *const codings[][2] = { { NULL, ".arrow" },
                                              { "zstd", ".arrow.zst" },
                                              { "gzip", ".arrow.gz" } };
    vgi_arena mem = { 0 };
    vgi_str last = { 0 };
    for (size_t i = 0; i < 3; i++) {
        const vgi_str path = vgi__object_path("/b/", "p/", codings[i][0], &mem);
        assert_non_null(path.data);
        assert_int_equal(strncmp(path.data, "/b/p/", 5), 0);
        assert_int_equal(strspn(path.data + 5, "0123456789abcdef"), 32);
        assert_string_equal(path.data + 5 + 32, codings[i][1]);
        if (last.data)
            assert_memory_not_equal(path.data + 5, last.data + 5, 32);
        last = path;
    }
    vgi_arena_free(&mem);
}

static void test_files(void **state)
{
    (void)state;
    char name[] = "/tmp/vgi-file-XXXXXX";
    vgi_arena mem = { 0 };
    vgi_str text;
    const int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(vgi__file_read(name, &mem, &text, NULL), VGI_OK);
    assert_int_equal(text.len, 5);
    assert_memory_equal(text.data, "hello", 5);

    assert_int_equal(ftruncate(fd, (off_t)VGI_STORE_FILE_BYTES), 0);
    assert_int_equal(vgi__file_read(name, &mem, &text, NULL), VGI_OK);
    assert_int_equal(text.len, VGI_STORE_FILE_BYTES);
    assert_int_equal(ftruncate(fd, (off_t)VGI_STORE_FILE_BYTES + 1), 0);
    assert_int_equal(vgi__file_read(name, &mem, &text, NULL), VGI_ELIMIT);
    close(fd);
    unlink(name);
    assert_int_equal(vgi__file_read(name, &mem, &text, NULL), VGI_ENOTFOUND);
    assert_int_equal(vgi__file_read("/", &mem, &text, NULL), VGI_EIO);
    vgi_arena_free(&mem);
}

static void test_echo(void **state)
{
    (void)state;
    char buf[VGI_STORE_ECHO_SIZE], text[1000];
    assert_string_equal(vgi__store_echo(buf, VGI_LIT("a\x1b\n\xff~ b")), "a???~ b");
    memset(text, 'x', sizeof(text));
    assert_int_equal(strlen(vgi__store_echo(buf, (vgi_str){ text, sizeof(text) })), 256);
    assert_string_equal(vgi__store_echo(buf, (vgi_str){ 0 }), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints), cmocka_unit_test(test_names),
        cmocka_unit_test(test_prefixes),  cmocka_unit_test(test_object_paths),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_echo),
    };
    return vgi_test_run(tests);
}
