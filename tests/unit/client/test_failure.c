/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of an exception, and what its summary says. */
#include <stdio.h>

#include "peer.h"

/* Keep what an EXCEPTION batch with these pairs says. */
static void keep(vgi__failure *f, const vgi_pair *pairs, size_t n, vgi_error *err)
{
    vgi_batch b;

    vgi__batch_init(&b, NULL);
    b.metadata = (vgi_metadata){ pairs, n };
    assert_int_equal(vgi__failure_keep(f, &b, err), VGI_EREMOTE);
}

static void everything_is_kept(void **state)
{
    const vgi_pair pairs[] = {
        peer_pair(VGI_KEY_LOG_MESSAGE, "ValueError: cut"),
        peer_pair(
            VGI_KEY_LOG_EXTRA,
            "{\"exception_type\": \"ValueError\", \"exception_message\": \"all of\\nit\","
            " \"traceback\": \"line 1\\nline 2\", \"error_code\": \"ABORTED\"}"),
        peer_pair(VGI_KEY_ERROR_CODE, "NOT_FOUND"),
        peer_pair(VGI_KEY_ERROR_KIND, "no_such_thing"),
        peer_pair(VGI_KEY_ERROR_DETAILS, "[{\"@type\":\"a.b\"}]"),
        peer_pair(VGI_KEY_SERVER_ID, "srv"),
        peer_pair(VGI_KEY_REQUEST_ID, "req"),
    };
    vgi__failure f = { 0 };
    vgi_error err;

    (void)state;
    keep(&f, pairs, sizeof(pairs) / sizeof(*pairs), &err);
    assert_true(f.set && f.current);
    assert_true(vgi_str_eq(f.info.type, "ValueError"));
    assert_true(vgi_str_eq(f.info.message, "all of\nit"));
    assert_true(vgi_str_eq(f.info.traceback, "line 1\nline 2"));
    assert_true(
        vgi_str_eq(f.info.code, "NOT_FOUND")); /* the key counts, not its mirror */
    assert_true(vgi_str_eq(f.info.kind, "no_such_thing"));
    assert_true(vgi_str_eq(f.info.details, "[{\"@type\":\"a.b\"}]"));
    assert_true(vgi_str_eq(f.info.server_id, "srv"));
    assert_true(vgi_str_eq(f.info.request_id, "req"));
    assert_true(f.info.extra.len > 0);
    assert_int_equal(err.code, VGI_EREMOTE);
    assert_string_equal(err.type, "ValueError");
    assert_string_equal(err.message, "all of it");
    vgi__failure_free(&f);
}

static void extras_that_do_not_help(void **state)
{
    static const char *const extras[] = {
        "not json", "[1]", "\"text\"",
        "{}",       "",    "{\"exception_type\": 5, \"exception_message\": null}"
    };
    vgi_pair pairs[2] = { peer_pair(VGI_KEY_LOG_MESSAGE, "KeyError: 'a'") };
    vgi__failure f = { 0 };
    vgi_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(extras) / sizeof(*extras); i++) {
        pairs[1] = peer_pair(VGI_KEY_LOG_EXTRA, extras[i]);
        keep(&f, pairs, 2, &err);
        assert_true(vgi_str_eq(f.info.type, "KeyError"));
        assert_true(vgi_str_eq(f.info.message, "'a'"));
        assert_true(vgi_str_eq(f.info.code, ""));
        assert_false(f.current);
    }
    vgi__failure_free(&f);
}

static void messages_without_type(void **state)
{
    static const char *const messages[] = { "no colon here", ": empty", "two words: text",
                                            "" };
    vgi__failure f = { 0 };
    vgi_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
        const vgi_pair pair = peer_pair(VGI_KEY_LOG_MESSAGE, messages[i]);
        keep(&f, &pair, 1, &err);
        assert_true(vgi_str_eq(f.info.type, "RpcError"));
        assert_true(vgi_str_eq(f.info.message, messages[i]));
    }
    vgi__failure_free(&f);
}

static void summaries_are_one_sound_line(void **state)
{
    char text[2000];
    vgi_pair pair = { vgi_str_from(VGI_KEY_LOG_MESSAGE), { text, sizeof(text) } };
    vgi__failure f = { 0 };
    vgi_error err;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    keep(&f, &pair, 1, &err);
    assert_int_equal(f.info.message.len, sizeof(text));
    assert_int_equal(strlen(err.message),
                     VGI_ERROR_MESSAGE_SIZE - 2); /* an even number */

    text[0] = 'E';
    pair.value.len = 3; /* "E", half a character, a whole one's beginning */
    keep(&f, &pair, 1, &err);
    assert_string_equal(err.message, "E\\xa9\\xc3");
    vgi__failure_free(&f);
}

static void clearing(void **state)
{
    const vgi_pair pair = peer_pair(VGI_KEY_LOG_MESSAGE, "KeyError: 'a'");
    vgi__failure f = { 0 };

    (void)state;
    keep(&f, &pair, 1, NULL);
    vgi__failure_clear(&f);
    assert_false(f.set);
    vgi__failure_clear(&f);
    vgi__failure_free(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_kept),
        cmocka_unit_test(extras_that_do_not_help),
        cmocka_unit_test(messages_without_type),
        cmocka_unit_test(summaries_are_one_sound_line),
        cmocka_unit_test(clearing),
    };
    return vgi_test_run(tests);
}
