/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <string.h>

#include "base/text.h"
#include "crypto/openssl/mac.h"
#include "support/traced.h"

static void assert_mac(const void *key, size_t key_len, const void *p, size_t n,
                       const char *expected)
{
    uint8_t mac[32];
    char hex[65] = "";

    assert_int_equal(vgi__hmac_sha256(key, key_len, p, n, mac, NULL), VGI_OK);
    vgi__hex(hex, mac, sizeof(mac));
    assert_string_equal(hex, expected);
}

/* Vectors of RFC 4231. */
static void known_answers(void **state)
{
    uint8_t key[131], data[50];

    (void)state;
    memset(key, 0x0b, 20);
    assert_mac(key, 20, "Hi There", 8,
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_mac("Jefe", 4, "what do ya want for nothing?", 28,
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    memset(data, 0xdd, sizeof(data));
    assert_mac(key, 20, data, sizeof(data),
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    assert_mac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* An empty key is a key, too, and not the one before. */
static void empty_key_and_text(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_mac(NULL, 0, NULL, 0,
                   "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
        assert_mac("key", 3, "", 0,
                   "5d5d139563c95b5967b9bd9a8c9b233a9dedb45072794cd232dc1b74832607d0");
    }
}

/* The context remembers the last key: the next one must not get its answers. */
static void keys_in_turn(void **state)
{
    uint8_t long_key[131];

    (void)state;
    memset(long_key, 0xaa, sizeof(long_key));
    for (int i = 0; i < 3; i++) {
        for (int twice = 0; twice < 2; twice++)
            assert_mac(
                "Jefe", 4, "what do ya want for nothing?", 28,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_mac("Jeff", 4, "what do ya want for nothing?", 28,
                   "b756ec8c1f600eb277ee3f04163f581bd1c7e361f34a0727ad79c844ffc4bb83");
        for (int twice = 0; twice < 2; twice++)
            assert_mac(
                long_key, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
                54, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}

static void *in_thread(void *failures)
{
    static const uint8_t expected[4] = { 0x5b, 0xdc, 0xc1, 0x46 };
    uint8_t mac[32];

    for (int i = 0; i < 100; i++)
        if (vgi__hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac, NULL) !=
                VGI_OK ||
            memcmp(mac, expected, sizeof(expected)) != 0)
            ++*(int *)failures;
    return NULL;
}

static void threads_have_contexts_of_their_own(void **state)
{
    pthread_t threads[4];
    int failures[4] = { 0 };

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, in_thread, &failures[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(empty_key_and_text),
        cmocka_unit_test(keys_in_turn),
        cmocka_unit_test(threads_have_contexts_of_their_own),
    };
    return vgi_test_run(tests);
}
