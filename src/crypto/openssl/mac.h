/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 by OpenSSL. The algorithm is fetched once per process, contexts are per
 * thread. */
#ifndef VGI_CRYPTO_OPENSSL_MAC_H
#define VGI_CRYPTO_OPENSSL_MAC_H

#include <stddef.h>
#include <stdint.h>

#include <vgirpc/error.h>

/* VGI_OK; VGI_EINTERNAL the library refused. */
int vgi__hmac_sha256(const void *key, size_t key_len, const void *p, size_t n,
                     uint8_t out[32], vgi_error *err);

#endif
