/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/proto/message.h"
#include "support/traced.h"

static void finding_headers(void **state)
{
    (void)state;
    const vgi__http_header headers[] = {
        { VGI_LIT("Accept"), VGI_LIT("a") },
        { VGI_LIT("X-Empty"), VGI_LIT("") },
        { VGI_LIT("accept"), VGI_LIT("b") },
    };
    const vgi__http_request rq = { .headers = headers, .n_headers = 3 };
    assert_true(vgi_str_eq(vgi__http_find(&rq, "ACCEPT"), "a"));
    assert_true(vgi_str_eq(vgi__http_find(&rq, "x-empty"), ""));
    assert_null(vgi__http_find(&rq, "Accep").data);
    assert_null(vgi__http_find(&rq, "Accept-Encoding").data);
}

/* What several lines say is said by one list. */
static void lists_of_several_lines(void **state)
{
    (void)state;
    const vgi__http_header headers[] = {
        { VGI_LIT("Accept"), VGI_LIT("a;q=1") }, { VGI_LIT("Host"), VGI_LIT("x") },
        { VGI_LIT("accept"), VGI_LIT("b, c") },  { VGI_LIT("X-Empty"), VGI_LIT("") },
        { VGI_LIT("ACCEPT"), VGI_LIT("") },
    };
    const vgi__http_request rq = { .headers = headers, .n_headers = 5 };
    vgi_arena mem = { .limit = 64 };
    vgi_str value;
    int rc = vgi__http_list(&rq, "Accept", &mem, &value);
    assert_int_equal(rc, VGI_OK);
    assert_true(vgi_str_eq(value, "a;q=1, b, c, "));
    assert_int_equal(vgi__http_list(&rq, "host", &mem, &value), VGI_OK);
    assert_ptr_equal(value.data, headers[1].value.data);
    assert_int_equal(vgi__http_list(&rq, "X-Empty", &mem, &value), VGI_OK);
    assert_non_null(value.data);
    assert_int_equal(value.len, 0);
    assert_int_equal(vgi__http_list(&rq, "X-Absent", &mem, &value), VGI_OK);
    assert_null(value.data);
    vgi_arena_free(&mem);
    mem.limit = 1;
    assert_int_equal(vgi__http_list(&rq, "Accept", &mem, &value), VGI_ENOMEM);
    assert_null(value.data);
}

static void setting_headers(void **state)
{
    (void)state;
    static const char expected[] = "X-A: b\r\nX-Empty: \r\nX-Null: \r\n";
    vgi__http_response rs;
    vgi__http_response_init(&rs, NULL);
    assert_int_equal(rs.status, 200);
    vgi__http_set(&rs, "X-A", VGI_LIT("b"));
    vgi__http_set(&rs, "X-Empty", VGI_LIT(""));
    vgi__http_set(&rs, "X-Null", (vgi_str){ 0 });
    assert_false(rs.head.failed);
    assert_int_equal(rs.head.len, strlen(expected));
    assert_memory_equal(rs.head.data, expected, rs.head.len);
    vgi__http_response_free(&rs);
}

/* A value that would end its line, and with it start another header or a response. */
static void splitting_is_impossible(void **state)
{
    (void)state;
    static const vgi_str bad[] = {
        { "a\r\nSet-Cookie: b", 16 }, { "a\nb", 3 }, { "a\rb", 3 }, { "a\0b", 3 }
    };
    vgi__http_response rs;
    vgi__http_response_init(&rs, NULL);
    for (size_t i = 0; i < 4; i++) {
        vgi__http_response_reset(&rs);
        vgi__http_set(&rs, "X-A", VGI_LIT("b"));
        const size_t len = rs.head.len;
        assert_false(rs.head.failed);
        vgi__http_set(&rs, "X-B", bad[i]);
        assert_true(rs.head.failed);
        assert_int_equal(rs.head.len, len);
    }
    vgi__http_response_free(&rs);
}

static void bodies(void **state)
{
    (void)state;
    char text[] = "abcde";
    struct iovec iov[] = { { text, 2 }, { text, 0 }, { text, 5 } };
    vgi__http_response rs;
    vgi__http_response_init(&rs, NULL);
    assert_int_equal(vgi__http_body_bytes(&rs), 0);
    assert_true(vgi__buffer_str(&rs.body, "abc"));
    assert_int_equal(vgi__http_body_bytes(&rs), 3);
    rs.iov = iov;
    rs.n_iov = 3;
    assert_int_equal(vgi__http_body_bytes(&rs), 7);
    rs.status = 404;
    rs.close = true;
    vgi__http_response_reset(&rs);
    assert_int_equal(rs.status, 200);
    assert_false(rs.close);
    assert_int_equal(vgi__http_body_bytes(&rs), 0);
    assert_true(rs.body.cap > 0); /* memory stays for the next one */
    vgi__http_response_free(&rs);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(vgi__http_reason(200), "OK");
    assert_string_equal(vgi__http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(vgi__http_reason(503), "Service Unavailable");
    assert_string_equal(vgi__http_reason(299), "");
    assert_string_equal(vgi__http_reason(-1), "");
    assert_string_equal(vgi__http_verb(VGI__HTTP_DELETE), "DELETE");
    assert_string_equal(vgi__http_verb(VGI__HTTP_OTHER), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding_headers), cmocka_unit_test(lists_of_several_lines),
        cmocka_unit_test(setting_headers), cmocka_unit_test(splitting_is_impossible),
        cmocka_unit_test(bodies),          cmocka_unit_test(names),
    };
    return vgi_test_run(tests);
}
