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

static vgi__envelope envelope(const vector *v, size_t aad_len)
{
    return (vgi__envelope){ v->key, v->nonce, v->aad, aad_len };
}

static bool opens(const vector *v, size_t n, size_t aad_len)
{
    const vgi__envelope e = envelope(v, aad_len);
    uint8_t out[TEXT + 16];

    return vgi__unseal(out, v->sealed, n, &e);
}

static void make_vector(vector *v)
{
    assert_true(vgi__sodium_start());
    for (uint8_t i = 0; i < 32; i++)
        v->key[i] = (uint8_t)(0x80 + i);
    for (uint8_t i = 0; i < 24; i++)
        v->nonce[i] = (uint8_t)(0x40 + i);
    assert_true(vgi__unhex(v->aad, "50515253c0c1c2c3c4c5c6c7", 24));
    const vgi__envelope e = envelope(v, 12);
    vgi__seal(v->sealed, (const uint8_t *)text, TEXT, &e);
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
    const vgi__envelope e = envelope(&v, 12);
    assert_true(vgi__unseal(out, v.sealed, sizeof(v.sealed), &e));
    assert_memory_equal(out, text, TEXT);
    memcpy(out, text, TEXT); /* in place, both ways */
    vgi__seal(out, out, TEXT, &e);
    assert_memory_equal(out, v.sealed, sizeof(v.sealed));
    assert_true(vgi__unseal(out, out, sizeof(out), &e));
    assert_memory_equal(out, text, TEXT);
}

static void every_part_counts(void **state)
{
    vector v;

    (void)state;
    make_vector(&v);
    for (size_t i = 0; i < sizeof(v.sealed); i++) {
        v.sealed[i] ^= 1;
        assert_false(opens(&v, sizeof(v.sealed), 12));
        v.sealed[i] ^= 1;
    }
    for (size_t n = 0; n < sizeof(v.sealed); n += 7)
        assert_false(opens(&v, n, 12));
    assert_false(opens(&v, sizeof(v.sealed), 11));
    v.nonce[0] ^= 1;
    assert_false(opens(&v, sizeof(v.sealed), 12));
    v.nonce[0] ^= 1;
    v.key[0] ^= 1;
    assert_false(opens(&v, sizeof(v.sealed), 12));
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
