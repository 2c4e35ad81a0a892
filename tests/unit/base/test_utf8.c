/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "support/traced.h"

/* RFC 3629 by decoding, in the plainest way. */
static bool reference(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    for (size_t i = 0; i < n;) {
        uint8_t c = p[i];
        size_t len = c < 0x80             ? 1
                     : (c & 0xe0) == 0xc0 ? 2
                     : (c & 0xf0) == 0xe0 ? 3
                     : (c & 0xf8) == 0xf0 ? 4
                                          : 0;
        if (len == 0 || len > n - i)
            return false;
        uint32_t v = len == 1 ? c : c & (0x7fu >> len);
        for (size_t k = 1; k < len; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
            v = v << 6 | (p[i + k] & 0x3f);
        }
        if (len > 1 && (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000)))
            return false;
        i += len;
    }
    return true;
}

static void every_short_sequence(void **state)
{
    (void)state;
    static const uint8_t tails[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90,
                                     0x9f, 0xa0, 0xbf, 0xc0, 0xff };
    const size_t t = sizeof(tails);
    for (unsigned lead = 0; lead < 256; lead++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t k = 0; k < t * t; k++) {
                uint8_t s[4] = { (uint8_t)lead, (uint8_t)second, tails[k / t],
                                 tails[k % t] };
                for (size_t n = 1; n <= 4; n++)
                    if (vgi__utf8_valid(s, n) != reference(s, n))
                        fail_msg("%02x %02x %02x %02x, %zu bytes", s[0], s[1], s[2], s[3],
                                 n);
            }
}

/* Each place of the wide loops sees a bad byte. */
static void a_bad_byte_anywhere_is_found(void **state)
{
    (void)state;
    char text[130];
    for (size_t n = 0; n <= sizeof(text); n++) {
        memset(text, 'x', sizeof(text));
        assert_true(vgi__utf8_valid(text, n));
        for (size_t i = 0; i < n; i++) {
            text[i] = '\x80';
            assert_false(vgi__utf8_valid(text, n));
            text[i] = 'x';
            if (i + 1 < n) {
                memcpy(text + i, "\xc3\xbc", 2);
                assert_true(vgi__utf8_valid(text, n));
                memcpy(text + i, "xx", 2);
            }
        }
    }
}

static void empty_is_valid(void **state)
{
    (void)state;
    assert_true(vgi__utf8_valid(NULL, 0));
    assert_true(vgi__utf8_valid("\0", 1));
}

static void cut_keeps_characters_whole(void **state)
{
    (void)state;
    const char *s = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1 2 3 4 1 */
    static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
    for (size_t max = 0; max < sizeof(expected) / sizeof(expected[0]); max++)
        assert_int_equal(vgi__utf8_cut(s, 11, max), expected[max]);
    /* Of invalid text at most three bytes are given up. */
    assert_int_equal(vgi__utf8_cut("\x80\x80\x80\x80\x80\x80\x80\x80", 8, 6), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_short_sequence),
        cmocka_unit_test(a_bad_byte_anywhere_is_found),
        cmocka_unit_test(empty_is_valid),
        cmocka_unit_test(cut_keeps_characters_whole),
    };
    return vgi_test_run(tests);
}
