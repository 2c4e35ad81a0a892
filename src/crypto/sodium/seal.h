/* SPDX-License-Identifier: Apache-2.0 */
/* XChaCha20-Poly1305, random bytes and comparison in constant time, by libsodium. */
#ifndef VGI_CRYPTO_SODIUM_SEAL_H
#define VGI_CRYPTO_SODIUM_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VGI__SEAL_KEY 32
#define VGI__SEAL_NONCE 24
#define VGI__SEAL_TAG 16

/* What sealing and opening have to agree on. */
typedef struct vgi__envelope {
    const uint8_t *key;   /* VGI__SEAL_KEY bytes */
    const uint8_t *nonce; /* VGI__SEAL_NONCE bytes, never used twice with a key */
    const void *aad;      /* associated data: authentic, but not in the text */
    size_t aad_len;
} vgi__envelope;

/* False: libsodium cannot start. Any thread, any number of times; the others need it. */
bool vgi__sodium_start(void);
/* out: n + VGI__SEAL_TAG bytes; may be `p`. */
void vgi__seal(uint8_t *out, const uint8_t *p, size_t n, const vgi__envelope *e);
/* in: n bytes with the tag; out: n - VGI__SEAL_TAG. False: not authentic. */
bool vgi__unseal(uint8_t *out, const uint8_t *in, size_t n, const vgi__envelope *e);
void vgi__secure_random(void *p, size_t n);
bool vgi__equal_constant_time(const void *a, const void *b, size_t n);
void vgi__forget_secret(void *p, size_t n);

#endif
