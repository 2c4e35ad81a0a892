/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sodium/seal.h"

#include <sodium.h>

bool vgi__sodium_start(void)
{
    return sodium_init() >= 0; /* 1: somebody has started it before */
}

void vgi__seal(uint8_t *out, const uint8_t *p, size_t n, const vgi__envelope *e)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, p, n, e->aad, e->aad_len,
                                                     NULL, e->nonce, e->key);
}

bool vgi__unseal(uint8_t *out, const uint8_t *in, size_t n, const vgi__envelope *e)
{
    return n >= VGI__SEAL_TAG &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, in, n, e->aad,
                                                      e->aad_len, e->nonce, e->key) == 0;
}

void vgi__secure_random(void *p, size_t n)
{
    randombytes_buf(p, n);
}

bool vgi__equal_constant_time(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

void vgi__forget_secret(void *p, size_t n)
{
    sodium_memzero(p, n);
}
