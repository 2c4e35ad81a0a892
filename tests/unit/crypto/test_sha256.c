/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "crypto/sha256.h"
#include "support/traced.h"

/* The vectors of FIPS 180-4, and lengths around where the padding needs another block. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digest;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmno"
          "pq"
          "klmnopqrlmnopqrsmnopqrstnopqrstu",
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    char hex[65];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi__sha256_hex(hex, cases[i].text, strlen(cases[i].text));
        assert_string_equal(hex, cases[i].digest);
    }
}

static void lengths_around_a_block(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *digest;
    } cases[] = {
        { 55, "85528b5baff5639cb8e7daca79d085ac29ac0978e873ed7527158616b2b6c379" },
        { 56, "f8ce2f8d6990c639668fe404262f35ed72d8bb145ad6bae786af7284447386df" },
        { 63, "9b49777003a4143d8c3f4d3002eb631c6bda8b030a3ccc87f8a21d5f61c89e87" },
        { 64, "ee8e658590c9a5e119400a774415a01db104de1ee6e2c29ec69aa73ef46544d2" },
        { 65, "2b6c3f7f12b1b12fc5409626dc4e5302d8d37082cbeddea7755eac43aba039c8" },
        { 119, "c8bc8a6e9626586bb888ad131d44ed2bd37fc608e902904ade3c566c4208e6ca" },
        { 120, "77a2d49d72a11e41678c51f8f0cb67f5cb570f30370c3aeffe266a0d1ee43209" },
    };
    char text[128], hex[65];

    memset(text, 'q', sizeof(text));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        vgi__sha256_hex(hex, text, cases[i].n);
        assert_string_equal(hex, cases[i].digest);
    }
}

static void a_million_bytes(void **state)
{
    (void)state;
    char block[1000], hex[65];
    uint8_t digest[32];
    vgi__sha256 h;

    memset(block, 'a', sizeof(block));
    vgi__sha256_init(&h);
    for (int i = 0; i < 1000; i++)
        vgi__sha256_update(&h, block, sizeof(block));
    vgi__sha256_final(&h, digest);
    vgi__hex(hex, digest, sizeof(digest));
    hex[64] = '\0';
    assert_string_equal(
        hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_hash_as_the_whole(void **state)
{
    (void)state;
    char text[300], whole[65];
    uint8_t digest[32], expected[32];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    vgi__sha256_hex(whole, text, sizeof(text));
    assert_true(vgi__unhex(expected, whole, 64));
    for (size_t step = 1; step < 200; step++) {
        vgi__sha256 h;

        vgi__sha256_init(&h);
        for (size_t at = 0; at < sizeof(text); at += step)
            vgi__sha256_update(&h, text + at,
                               step < sizeof(text) - at ? step : sizeof(text) - at);
        vgi__sha256_update(&h, NULL, 0);
        vgi__sha256_final(&h, digest);
        assert_memory_equal(digest, expected, sizeof(digest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(lengths_around_a_block),
        cmocka_unit_test(a_million_bytes),
        cmocka_unit_test(pieces_hash_as_the_whole),
    };

    return vgi_test_run(tests);
}
