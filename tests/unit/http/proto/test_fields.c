/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "http/proto/fields.h"
#include "support/traced.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static vgi_str str(const char *s)
{
    return vgi_str_from(s);
}

static void equality_ignores_ascii_case(void **state)
{
    (void)state;
    assert_true(vgi__http_equal(str("Content-TYPE"), "content-type"));
    assert_true(vgi__http_equal(str(""), ""));
    assert_true(vgi__http_equal((vgi_str){ 0 }, ""));
    assert_false(vgi__http_equal(str("a"), "ab"));
    assert_false(vgi__http_equal(str("ab"), "a"));
    assert_false(vgi__http_equal((vgi_str){ "a\0", 2 }, "a"));
    assert_false(vgi__http_equal(str("@["), "`{")); /* 32 apart, but no letters */
    assert_false(vgi__http_equal(str("\xc4"), "\xe4"));
}

static void words_within(void **state)
{
    (void)state;
    assert_true(vgi__http_contains(str("gzip, ZSTD;q=1"), "zstd"));
    assert_true(vgi__http_contains(str("zstd"), "zstd"));
    assert_true(vgi__http_contains(str("x"), ""));
    assert_true(vgi__http_contains((vgi_str){ 0 }, ""));
    assert_false(vgi__http_contains(str("zst"), "zstd"));
    assert_false(vgi__http_contains((vgi_str){ "zstd", 3 }, "zstd"));
    assert_false(vgi__http_contains((vgi_str){ 0 }, "zstd"));
}

/* A list as "token|parameters" joined by spaces; "-": no parameters. */
static const char *elements(char *out, size_t size, const char *list)
{
    vgi_str rest = str(list), token, parameters;
    size_t n = 0;
    out[0] = '\0';
    while (vgi__http_next_element(&rest, &token, &parameters))
        n += (size_t)snprintf(out + n, size - n, "%s" VGI_STR_FMT "|" VGI_STR_FMT,
                              n ? " " : "", VGI_STR_ARG(token),
                              parameters.data ? (int)parameters.len : 1,
                              parameters.data ? parameters.data : "-");
    return out;
}

static void lists(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },
        { " ,\t, ,", "" },
        { "gzip", "gzip|-" },
        { " gzip ,zstd\t", "gzip|- zstd|-" },
        { "gzip;q=0.5 , zstd ; level=3;x", "gzip|q=0.5 zstd|level=3;x" },
        { "a;b=\"c,d;e\",f", "a|b=\"c,d;e\" f|-" },
        { "a;b=\"\\\",\",f", "a|b=\"\\\",\" f|-" },
        { "a;b=\"open, c", "a|b=\"open, c" },
        { "a;b=\"\\", "a|b=\"\\" },
        { ";q=1,b", "|q=1 b|-" },
        { "a;,b; ", "a|- b|" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[128];
        assert_string_equal(elements(out, sizeof(out), rows[i][0]), rows[i][1]);
    }
    vgi_str list = str("a;x, b"), token;
    assert_true(vgi__http_next_token(&list, &token) && vgi_str_eq(token, "a"));
    assert_true(vgi__http_next_token(&list, &token) && vgi_str_eq(token, "b"));
    assert_false(vgi__http_next_token(&list, &token));
    list = (vgi_str){ 0 };
    assert_false(vgi__http_next_token(&list, &token));
}

static void media_types(void **state)
{
    (void)state;
    static const char arrow[] = "application/vnd.apache.arrow.stream";
    assert_true(vgi__http_is_type(str(arrow), arrow));
    assert_true(
        vgi__http_is_type(str(" Application/VND.apache.arrow.stream ; v=1"), arrow));
    assert_false(vgi__http_is_type(str("application/vnd.apache.arrow.streams"), arrow));
    assert_false(vgi__http_is_type(str("application/json"), arrow));
    assert_false(vgi__http_is_type(str(""), arrow));
    assert_false(vgi__http_is_type((vgi_str){ 0 }, arrow));
}

static void accepted_types(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool html;
    } rows[] = {
        { "text/html", true },
        { "application/xml;q=0.9, TEXT/html;q=0.8,*/*;q=0.1", true },
        { "text/html;level=1;q=1.000", true },
        { "text/html;q=0.001", true },
        { "text/html;q=", true },
        { "text/html;q=0", false },
        { "text/html; Q = 0.000 ", false },
        { "text/html;q=0.", false },
        { "*/*", false },
        { "text/*", false },
        { "text/htmlx", false },
        { "x;a=\"text/html\"", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (vgi__http_accepts_by_name(str(rows[i].accept), "text/html") != rows[i].html)
            fail_msg("Accept: %s", rows[i].accept);
    assert_false(vgi__http_accepts_by_name((vgi_str){ 0 }, "text/html"));
}

static void cookies(void **state)
{
    (void)state;
    static const struct {
        const char *header, *name, *value; /* NULL: absent */
    } rows[] = {
        { "a=b", "a", "b" },
        { "a=1; b=2;c=3", "b", "2" },
        { "a=1; b=2;c=3", "c", "3" },
        { "a=1; a=2", "a", "1" },
        { "a=\"x; y\"; b=c", "a", "\"x" },
        { "z=\"; a=b", "a", "b" },
        { "a=\"x y\"; b=c", "a", "x y" },
        { "a=\"\"", "a", "" },
        { "a=\"", "a", "\"" },
        { "a=", "a", "" },
        { "a", "a", "" },
        { " a = b ", "a", "b" },
        { "a=b=c==", "a", "b=c==" },
        { "aa=1; ba=2", "a", NULL },
        { "A=1", "a", NULL },
        { "; ;=x", "a", NULL },
        { "", "a", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        vgi_str value = vgi__http_cookie(str(rows[i].header), rows[i].name);
        if (!vgi_str_eq(value, rows[i].value))
            fail_msg("%s: " VGI_STR_FMT, rows[i].header, VGI_STR_ARG(value));
    }
    assert_null(vgi__http_cookie((vgi_str){ 0 }, "a").data);
}

static void tokens(void **state)
{
    (void)state;
    assert_true(vgi__http_is_token(str("X-Request-ID")));
    assert_true(vgi__http_is_token(str("!#$%&'*+-.^_`|~09azAZ")));
    static const char bad[] = "\x01\t \"(),/:;<=>?@[\\]{}\x7f\x80\xff";
    for (size_t i = 0; i < sizeof(bad); i++) /* the NUL at the end, too */
        if (vgi__http_is_token((vgi_str){ bad + i, 1 }))
            fail_msg("byte %d is no token", bad[i]);
    assert_false(vgi__http_is_token(str("")));
}

static void values(void **state)
{
    (void)state;
    assert_true(vgi__http_is_value(str("a b\tc \"\xc3\xa4\"")));
    assert_true(vgi__http_is_value(str("")));
    assert_true(vgi__http_is_value((vgi_str){ 0 }));
    static const char bad[] = { '\r', '\n', '\0', '\x01', '\x1f', '\x7f' };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char text[3] = { 'a', bad[i], 'b' };
        assert_false(vgi__http_is_value((vgi_str){ text, 3 }));
    }
}

static void decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } rows[] = {
        { "0", 0 },
        { "10", 10 },
        { "9223372036854775807", INT64_MAX },
        { "9223372036854775808", -1 },
        { "10000000000000000000", -1 },
        { "", -1 },
        { "00", -1 },
        { "01", -1 },
        { "-1", -1 },
        { "+1", -1 },
        { " 1", -1 },
        { "1 ", -1 },
        { "0x1", -1 },
        { "1e3", -1 },
        { "1/2", -1 },
        { "1:2", -1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t value = -1;
        assert_int_equal(vgi__http_decimal(str(rows[i].text), &value),
                         rows[i].value >= 0);
        assert_int_equal(value, rows[i].value);
    }
}

static void escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out; /* NULL: refused */
    } rows[] = {
        { "", "" },         { "a+b", "a+b" },         { "%41%7a", "Az" },
        { "a%2Fb", "a/b" }, { "%C3%a4", "\xc3\xa4" }, { "%2541", "%41" },
        { "%", NULL },      { "%4", NULL },           { "a%4", NULL },
        { "%g1", NULL },    { "%1g", NULL },          { "%%41", NULL },
        { "%-1", NULL },    { "%+1", NULL },          { "%@A", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[16];
        size_t len = 99;
        bool ok = vgi__http_unescape(out, &len, str(rows[i].in));
        assert_int_equal(ok, rows[i].out != NULL);
        if (ok)
            assert_true(vgi_str_eq((vgi_str){ out, len }, rows[i].out));
    }
    char nul[4];
    size_t len;
    assert_true(vgi__http_unescape(nul, &len, str("%00")));
    assert_int_equal(len, 1);
    assert_int_equal(nul[0], 0);
    assert_false(vgi__http_unescape(nul, &len, (vgi_str){ "%41", 2 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_ignores_ascii_case),
        cmocka_unit_test(words_within),
        cmocka_unit_test(lists),
        cmocka_unit_test(media_types),
        cmocka_unit_test(accepted_types),
        cmocka_unit_test(cookies),
        cmocka_unit_test(tokens),
        cmocka_unit_test(values),
        cmocka_unit_test(decimals),
        cmocka_unit_test(escapes),
    };
    return vgi_test_run(tests);
}
