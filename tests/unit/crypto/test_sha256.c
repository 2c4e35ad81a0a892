/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "crypto/sha256.h"
#include "support/traced.h"

static const char abc_digest[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void known_answers(void **state)
{
    (void)state;
    char hex[65];
    assert_true(vgi__sha256_hex(hex, "abc", 3));
    assert_string_equal(hex, abc_digest);
    assert_true(vgi__sha256_hex(hex, "", 0));
    assert_string_equal(
        hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void pieces_hash_as_the_whole(void **state)
{
    (void)state;
    char text[1000], whole[65], pieces[65];
    memset(text, 'q', sizeof(text));
    assert_true(vgi__sha256_hex(whole, text, sizeof(text)));
    vgi__sha256 *h = vgi__sha256_new();
    assert_non_null(h);
    for (size_t i = 0; i < sizeof(text); i += 125)
        vgi__sha256_update(h, text + i, 125);
    vgi__sha256_update(h, NULL, 0);
    uint8_t digest[32];
    assert_true(vgi__sha256_final(h, digest));
    for (size_t i = 0; i < 32; i++)
        snprintf(pieces + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(pieces, whole);
}

static void *hash(void *out)
{
    return vgi__sha256_hex(out, "abc", 3) ? out : NULL;
}

static void threads_share_the_algorithm(void **state)
{
    (void)state;
    pthread_t threads[4];
    char hex[4][65];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash, hex[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_non_null(result);
        assert_string_equal(hex[i], abc_digest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(pieces_hash_as_the_whole),
        cmocka_unit_test(threads_share_the_algorithm),
    };
    return vgi_test_run(tests);
}
