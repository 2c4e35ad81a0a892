/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "server/http/http.h"
#include "support/traced.h"

static void keys_are_hexadecimal_or_base64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *bytes;
        size_t len;
    } cases[] = {
        { "00ff", "\x00\xff", 2 },
        { "ABcd12", "\xab\xcd\x12", 3 },
        { "c2VjcmV0IQ==", "secret!", 7 },
        { "AP8=", "\x00\xff", 2 },
        { "zzzz", "\xcf\x3c\xf3", 3 },
        { "dead", "\xde\xad", 2 }, /* it could be both: hexadecimal wins */
    };
    vgi__key_text key;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(vgi__key_parse(&key, cases[i].text, NULL), VGI_OK);
        assert_int_equal(key.len, cases[i].len);
        assert_memory_equal(key.bytes, cases[i].bytes, key.len);
    }
}

static void other_texts_are_refused_without_repeating_them(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "abc", "no key!", "c2Vjcm=V", "AAA=\n" };
    char longest[sizeof(((vgi__key_text *)NULL)->bytes) + 2] = "";
    vgi__key_text key;
    vgi_error err;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(vgi__key_parse(&key, wrong[i], &err), VGI_EINVAL);
        assert_string_equal(err.message, "the key is neither hexadecimal nor base64");
        assert_int_equal(key.len, 0);
    }
    memset(longest, 'a', sizeof(longest) - 2);
    assert_int_equal(vgi__key_parse(&key, longest, NULL), VGI_OK);
    assert_int_equal(key.len, (sizeof(longest) - 2) / 2);
    memset(longest, 'a', sizeof(longest) - 1);
    assert_int_equal(vgi__key_parse(&key, longest, &err), VGI_EINVAL);
    assert_string_equal(err.message, "a key of 513 characters; at most 512 are possible");
}

static void the_environment_is_asked_when_there_is_no_key(void **state)
{
    (void)state;
    vgi_http_options o = { .size = sizeof(o) };
    vgi__key_text key;
    vgi_error err;

    unsetenv("VGI_RPC_SIGNING_KEY");
    assert_int_equal(vgi__key_of_environment(&key, &o, NULL), VGI_OK);
    assert_null(o.signing_key);

    setenv("VGI_RPC_SIGNING_KEY", "no key", 1);
    assert_int_equal(vgi__key_of_environment(&key, &o, &err), VGI_EINVAL);
    assert_string_equal(err.message,
                        "VGI_RPC_SIGNING_KEY: the key is neither hexadecimal nor base64");

    setenv("VGI_RPC_SIGNING_KEY", "0102", 1);
    assert_int_equal(vgi__key_of_environment(&key, &o, NULL), VGI_OK);
    assert_int_equal(o.signing_key_bytes, 2);
    assert_memory_equal(o.signing_key, "\x01\x02", 2);

    o.signing_key = "mine";
    o.signing_key_bytes = 4;
    assert_int_equal(vgi__key_of_environment(&key, &o, NULL), VGI_OK);
    assert_string_equal(o.signing_key, "mine");
    unsetenv("VGI_RPC_SIGNING_KEY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_hexadecimal_or_base64),
        cmocka_unit_test(other_texts_are_refused_without_repeating_them),
        cmocka_unit_test(the_environment_is_asked_when_there_is_no_key),
    };

    return vgi_test_run(tests);
}
