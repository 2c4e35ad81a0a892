/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "support/traced.h"

static void statuses_have_names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(vgi_status_name(VGI_OK), "VGI_OK");
    assert_string_equal(vgi_status_name(VGI_END), "VGI_END");
    assert_string_equal(vgi_status_name(VGI_EPROTO), "VGI_EPROTO");
    assert_string_equal(vgi_status_name(-14), "VGI_ECONNECT");
    assert_string_equal(vgi_status_name(-15), "VGI_?");
    assert_string_equal(vgi_status_name(2), "VGI_?");
    assert_string_equal(vgi_status_text(VGI_ENOMEM), "out of memory");
    assert_string_equal(vgi_status_text(VGI_END), "the stream is over");
    assert_string_equal(vgi_status_text(99), "unknown status");
}

static void fills_the_record(void **state)
{
    (void)state;
    vgi_error err;
    memset(&err, 0xff, sizeof(err));
    int rc = vgi__fail(&err, VGI_ELIMIT, NULL, "%d columns, limit is %d", 7, 5);
    assert_int_equal(rc, VGI_ELIMIT);
    assert_int_equal(err.code, VGI_ELIMIT);
    assert_string_equal(err.type, "LimitError");
    assert_string_equal(err.message, "7 columns, limit is 5");
    assert_int_equal(vgi__fail(NULL, VGI_EIO, NULL, "x"), VGI_EIO);
    assert_int_equal(vgi__fail(&err, VGI_EREMOTE, "KeyError", "k"), VGI_EREMOTE);
    assert_string_equal(err.type, "KeyError");
}

static void types_follow_the_code(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *type;
    } rows[] = {
        { VGI_EPROTO, "ArrowInvalid" },  { VGI_ELIMIT, "LimitError" },
        { VGI_ESCHEMA, "TypeError" },    { VGI_EINVAL, "TypeError" },
        { VGI_ENOMEM, "MemoryError" },   { VGI_EIO, "OSError" },
        { VGI_ECLOSED, "RuntimeError" }, { VGI_ENOTSUP, "NotImplementedError" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        vgi_error err;
        vgi__fail(&err, rows[i].code, NULL, "x");
        assert_string_equal(err.type, rows[i].type);
    }
}

static void a_message_may_repeat_itself(void **state)
{
    (void)state;
    vgi_error err;
    vgi__fail(&err, VGI_EPROTO, NULL, "bad offset");
    vgi__fail(&err, err.code, err.type, "column 'a': %s", err.message);
    assert_string_equal(err.message, "column 'a': bad offset");
    assert_string_equal(err.type, "ArrowInvalid");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[1200];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        vgi_error err;
        vgi__fail(&err, VGI_EPROTO, text, "%s", text);
        size_t n = strlen(err.message);
        assert_in_range(n, VGI_ERROR_MESSAGE_SIZE - 4, VGI_ERROR_MESSAGE_SIZE - 1);
        assert_true(vgi__utf8_valid(err.message, n));
        assert_true(vgi__utf8_valid(err.type, strlen(err.type)));
        assert_memory_equal(err.message, text, n);
    }
    /* One byte less than the field holds is kept whole. */
    memset(text, 'b', sizeof(text));
    text[VGI_ERROR_MESSAGE_SIZE - 1] = '\0';
    vgi_error err;
    vgi__fail(&err, VGI_EPROTO, NULL, "%s", text);
    assert_string_equal(err.message, text);
}

static void errno_is_spelled_out(void **state)
{
    (void)state;
    vgi_error err;
    errno = ENOENT;
    assert_int_equal(vgi__fail_errno(&err, VGI_ECONNECT, "connect /tmp/x"), VGI_ECONNECT);
    assert_string_equal(err.message, "connect /tmp/x: No such file or directory");
    assert_int_equal(vgi__fail_nomem(&err), VGI_ENOMEM);
    assert_string_equal(err.message, "out of memory");
    assert_string_equal(err.type, "MemoryError");
}

static void assert_echo(const char *text, size_t n, const char *expected)
{
    char buf[VGI_ECHO_SIZE];
    assert_string_equal(vgi__echo(buf, (vgi_str){ text, n }), expected);
}

static void echo_makes_text_harmless(void **state)
{
    (void)state;
    assert_echo("plain 'x'", 9, "plain 'x'");
    assert_echo("a\nb\0c\x7f", 6, "a\\x0ab\\x00c\\x7f");
    assert_echo("gr\xc3\xbcn", 5, "gr\xc3\xbcn");
    assert_echo("\xff\xc3", 2, "\\xff\\xc3");
    assert_echo("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
    assert_echo("\xc2\x85", 2, "\\xc2\\x85"); /* next line: a control character */
    assert_echo(NULL, 0, "");
}

static void echo_is_bounded(void **state)
{
    (void)state;
    char text[1000], buf[VGI_ECHO_SIZE];
    memset(text, 0x01, sizeof(text));
    vgi__echo(buf, (vgi_str){ text, sizeof(text) });
    assert_int_equal(strlen(buf), 256 * 4 + 3);
    assert_string_equal(buf + 256 * 4, "...");
    memset(text, 'a', sizeof(text));
    vgi__echo(buf, (vgi_str){ text, 256 });
    assert_int_equal(strlen(buf), 256);
    memcpy(text + 255, "\xc3\xbc", 2);
    vgi__echo(buf, (vgi_str){ text, 300 });
    assert_int_equal(strlen(buf), 255 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names_and_texts),
        cmocka_unit_test(fills_the_record),
        cmocka_unit_test(types_follow_the_code),
        cmocka_unit_test(a_message_may_repeat_itself),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(errno_is_spelled_out),
        cmocka_unit_test(echo_makes_text_harmless),
        cmocka_unit_test(echo_is_bounded),
    };
    return vgi_test_run(tests);
}
