/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of strangers: which are any, where redirects lead, and what is told of them. */
#include <string.h>

#include "support/traced.h"

#include "http/client/url.h"

static void test_check(void **state)
{
    static const char *const good[] = {
        "https://host",        "https://host/",      "HTTPS://host:8443/a?b#c",
        "https://user@host/x", "https://[2a00::1]/", "https://8.8.8.8:1/",
    };
    static const char *const bad[] = {
        "",
        "host",
        "/path",
        "//host/path",
        "https://",
        "https:///path",
        "https:/host/",
        "ftp://host/",
        "file:///etc",
        "gopher://host/",
        "javascript:1",
        "https://ho st/",
        "https://host/\n",
        "https://host/\x01",
        "https://host:99999/",
        "https://[::1/",
    };
    vgi_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_int_equal(vgi__url_check(good[i], false, &err), VGI_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(vgi__url_check(bad[i], true, &err), VGI_EINVAL);
    assert_int_equal(vgi__url_check("http://host/", true, &err), VGI_OK);
    assert_int_equal(vgi__url_check("http://host/", false, &err), VGI_EINVAL);
    assert_non_null(strstr(err.message, "only https is allowed"));
}

static const char *joined(vgi__buffer *out, const char *base, const char *location)
{
    vgi_error err;

    vgi__buffer_clear(out);
    if (vgi__url_join(base, vgi_str_from(location), out, &err) != VGI_OK)
        return "-";
    return (const char *)out->data;
}

static void test_join(void **state)
{
    static const char base[] = "https://user:pw@host/a/b?q=1";
    vgi__buffer out;

    (void)state;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    assert_string_equal(joined(&out, base, "https://other/x?y=z"), "https://other/x?y=z");
    assert_string_equal(joined(&out, base, "//other/x"), "https://other/x");
    assert_string_equal(joined(&out, base, "/x"), "https://user:pw@host/x");
    assert_string_equal(joined(&out, "https://host/a/b", "c"), "https://host/a/c");
    assert_string_equal(joined(&out, "https://host/a/b", "../c"), "https://host/c");
    assert_string_equal(joined(&out, base, "ftp://other/"), "ftp://other/");
    assert_string_equal(joined(&out, base, ""), "-");
    assert_string_equal(joined(&out, base, "https://ho\tst/"), "-");
    vgi__buffer_free(&out);
}

static const char *redacted(vgi__buffer *out, const char *url)
{
    vgi__buffer_clear(out);
    vgi__url_redact(out, vgi_str_from(url));
    vgi__buffer_char(out, '\0');
    return out->failed ? "-" : (const char *)out->data;
}

static void test_redact(void **state)
{
    vgi__buffer out;

    (void)state;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    assert_string_equal(redacted(&out, "https://host/a/b"), "https://host/a/b");
    assert_string_equal(redacted(&out, "https://u:p@host:1/a?s=1#f"), "https://host:1/a");
    assert_string_equal(redacted(&out, "https://u:p@host"), "https://host");
    assert_string_equal(redacted(&out, "https://u:p@x@host/"), "https://host/");
    assert_string_equal(redacted(&out, "https://host/a@b"), "https://host/a@b");
    assert_string_equal(redacted(&out, "https://host#a@b"), "https://host");
    assert_string_equal(redacted(&out, "https://host?a@b"), "https://host");
    assert_string_equal(redacted(&out, "memory:0?x"), "memory:0");
    assert_string_equal(redacted(&out, "a?b://c@d"), "a");
    assert_string_equal(redacted(&out, "https://"), "https://");
    assert_string_equal(redacted(&out, ""), "");
    vgi__buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_redact),
    };

    return vgi_test_run(tests);
}
