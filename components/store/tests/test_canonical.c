/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "store/canonical.h"
#include "store/text.h"
#include "support/traced.h"

#define PAIRS(a) \
    (vgi_metadata) \
    { \
        (a), sizeof(a) / sizeof((a)[0]) \
    }

static void expect_text(vgi_str s, const char *text)
{
    assert_non_null(s.data);
    assert_string_equal(s.data, text);
    assert_int_equal(s.len, strlen(text));
}

/* Each of the 256 bytes, by the rule and not by a table. */
static void test_escape_every_byte(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    for (int c = 0; c < 256; c++) {
        for (int slashes = 0; slashes < 2; slashes++) {
            const char byte = (char)c;
            char expected[4] = { byte, 0 };
            if (c == 0 ||
                !(strchr("-._~", c) || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                  (c >= 'a' && c <= 'z') || (slashes && c == '/')))
                snprintf(expected, sizeof(expected), "%%%02X", (unsigned)c);
            vgi__text t = { .mem = &mem };
            vgi__text_escape(&t, (vgi_str){ &byte, 1 }, slashes);
            const vgi_str got = vgi__text_done(&t);
            if (got.data)
                assert_string_equal(got.data, expected);
        }
    }
    vgi_arena_free(&mem);
}

static void test_text_grows(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    vgi__text t = { .mem = &mem };
    for (int i = 0; i < 1000; i++)
        vgi__text_printf(&t, "%03d", i);
    vgi__text_char(&t, '!');
    const uint8_t bytes[] = { 0, 0x7f, 0xff };
    vgi__text_hex(&t, (vgi_bytes){ bytes, 3 });
    const vgi_str got = vgi__text_done(&t);
    if (got.data) {
        assert_int_equal(got.len, 3007);
        assert_memory_equal(got.data, "000001002", 9);
        assert_string_equal(got.data + 2997, "999!007fff");
    }
    vgi_arena_free(&mem);
}

/* An arena that is full: the text says so at its end, and not before. */
static void test_text_fails_for_good(void **state)
{
    (void)state;
    vgi_arena mem = { .limit = 4096 };
    vgi__text t = { .mem = &mem };
    for (int i = 0; i < 1000; i++)
        vgi__text_add(&t, VGI_LIT("0123456789"));
    assert_true(t.failed);
    assert_null(vgi__text_done(&t).data);
    vgi_arena_free(&mem);
}

static void test_query_order(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    const vgi_pair pairs[] = {
        { VGI_LIT("b"), VGI_LIT("2") }, { VGI_LIT("a-b"), VGI_LIT("1") },
        { VGI_LIT("a"), VGI_LIT("z") }, { VGI_LIT("a"), VGI_LIT("b&=c d/") },
        { VGI_LIT("uploads"), { 0 } },  { VGI_LIT("\xc3\xa4"), VGI_LIT("~") },
        { VGI_LIT("B"), VGI_LIT("") },
    };
    expect_text(vgi__canonical_query(PAIRS(pairs), &mem),
                "%C3%A4=~&B=&a=b%26%3Dc%20d%2F&a=z&a-b=1&b=2&uploads=");
    expect_text(vgi__canonical_query((vgi_metadata){ 0 }, &mem), "");
    vgi_arena_free(&mem);
}

static void test_headers(void **state)
{
    (void)state;
    vgi_arena mem = { 0 };
    const vgi_pair pairs[] = {
        { VGI_LIT("X-Amz-Date"), VGI_LIT("20130524T000000Z") },
        { VGI_LIT("Host"), VGI_LIT("example.com") },
        { VGI_LIT("My-Header"), VGI_LIT(" \t a   b \t c  ") },
    };
    const vgi__canonical request = { .method = "GET",
                                     .path = VGI_LIT("/a b/\xc3\xa4//c"),
                                     .headers = PAIRS(pairs),
                                     .payload = "UNSIGNED-PAYLOAD" };
    expect_text(vgi__canonical_names(PAIRS(pairs), &mem), "host;my-header;x-amz-date");
    expect_text(vgi__canonical_request(&request, &mem),
                "GET\n/a%20b/%C3%A4//c\n\nhost:example.com\nmy-header:a b c\n"
                "x-amz-date:20130524T000000Z\n\nhost;my-header;x-amz-date\n"
                "UNSIGNED-PAYLOAD");
    vgi_arena_free(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape_every_byte),
        cmocka_unit_test(test_text_grows),
        cmocka_unit_test(test_text_fails_for_good),
        cmocka_unit_test(test_query_order),
        cmocka_unit_test(test_headers),
    };
    return vgi_test_run(tests);
}
