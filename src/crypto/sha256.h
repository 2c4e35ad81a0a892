/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), for fingerprints of services.
 *
 * Our own, because a worker that loads libcrypto for two digests starts some three
 * milliseconds later: docs/internals/base.md has the figures. */
#ifndef VGI_CRYPTO_SHA256_H
#define VGI_CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct vgi__sha256 {
    uint32_t state[8];
    uint64_t bytes;    /* taken so far */
    uint8_t block[64]; /* the last, incomplete one */
} vgi__sha256;

void vgi__sha256_init(vgi__sha256 *h);
void vgi__sha256_update(vgi__sha256 *h, const void *p, size_t n);
void vgi__sha256_final(vgi__sha256 *h, uint8_t out[32]);
/* NUL-terminated, lowercase. */
void vgi__sha256_hex(char out[65], const void *p, size_t n);

#endif
