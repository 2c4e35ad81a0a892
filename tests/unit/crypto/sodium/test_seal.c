/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "crypto/sodium/seal.h"
#include "support/traced.h"

static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer "
                           "you only one tip for the future, sunscreen would be it.";
#define TEXT (sizeof(text) - 1)

/* The vector of draft-irtf-cfrg-xchacha, A.3.1. */
typedef struct vector {
    uint8_t key[VGI__SEAL_KEY], nonce[VGI__SEAL_NONCE], aad[12], sealed[TEXT + 16];
} vector;

static void make_vector(vector *v)
{
    assert_true(vgi__sodium_start());
    for (uint8_t i = 0; i < 32; i++)
        v->key[i] = (uint8_t)(0x80 + i);
    for (uint8_t i = 0; i < 24; i++)
        v->nonce[i] = (uint8_t)(0x40 + i);
    assert_true(vgi__unhex(v->aad, "50515253c0c1c2c3c4c5c6c7", 24));
    vgi__seal(v->sealed, (const uint8_t *)text, TEXT, v->aad, 12, v->nonce, v->key);
}

static void known_answer(void **state)
{
    static const char expected[] =
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49";
    char hex[sizeof(expected)] = "";
    uint8_t out[TEXT + 16];
    vector v;

    (void)state;
    make_vector(&v);
    vgi__hex(hex, v.sealed, sizeof(v.sealed));
    assert_string_equal(hex, expected);
    assert_true(vgi__unseal(out, v.sealed, sizeof(v.sealed), v.aad, 12, v.nonce, v.key));
    assert_memory_equal(out, text, TEXT);
    memcpy(out, text, TEXT); /* in place, both ways */
    vgi__seal(out, out, TEXT, v.aad, 12, v.nonce, v.key);
    assert_memory_equal(out, v.sealed, sizeof(v.sealed));
    assert_true(vgi__unseal(out, out, sizeof(out), v.aad, 12, v.nonce, v.key));
    assert_memory_equal(out, text, TEXT);
}

static void every_part_counts(void **state)
{
    uint8_t out[TEXT + 16];
    vector v;

    (void)state;
    make_vector(&v);
    for (size_t i = 0; i < sizeof(v.sealed); i++) {
        v.sealed[i] ^= 1;
        assert_false(
            vgi__unseal(out, v.sealed, sizeof(v.sealed), v.aad, 12, v.nonce, v.key));
        v.sealed[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof(v.sealed); n += 7)
        assert_false(vgi__unseal(out, v.sealed, n, v.aad, 12, v.nonce, v.key));
    assert_false(vgi__unseal(out, v.sealed, sizeof(v.sealed), v.aad, 11, v.nonce, v.key));
    v.nonce[0] ^= 1;
    assert_false(vgi__unseal(out, v.sealed, sizeof(v.sealed), v.aad, 12, v.nonce, v.key));
    v.nonce[0] ^= 1;
    v.key[0] ^= 1;
    assert_false(vgi__unseal(out, v.sealed, sizeof(v.sealed), v.aad, 12, v.nonce, v.key));
}

static void random_compare_forget(void **state)
{
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    const uint8_t zeros[32] = { 0 };

    (void)state;
    assert_true(vgi__sodium_start()); /* again */
    vgi__secure_random(a, sizeof(a));
    vgi__secure_random(b, sizeof(b));
    assert_false(vgi__equal_constant_time(a, b, sizeof(a)));
    memcpy(b, a, sizeof(b));
    assert_true(vgi__equal_constant_time(a, b, sizeof(a)));
    b[31] ^= 0x80;
    assert_false(vgi__equal_constant_time(a, b, sizeof(a)));
    assert_true(vgi__equal_constant_time(a, b, 31));
    vgi__forget_secret(a, sizeof(a));
    assert_memory_equal(a, zeros, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(every_part_counts),
        cmocka_unit_test(random_compare_forget),
    };
    return vgi_test_run(tests);
}
