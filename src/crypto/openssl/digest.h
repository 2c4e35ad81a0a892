/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of a lot of bytes, and RSA signatures, by OpenSSL: several times as fast as
 * ours where the processor helps. */
#ifndef VGI_CRYPTO_OPENSSL_DIGEST_H
#define VGI_CRYPTO_OPENSSL_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

/* VGI_OK; VGI_EINTERNAL the library refused. */
int vgi__digest_sha256(const struct iovec *iov, size_t n, uint8_t out[32],
                       vgi_error *err);
/* PKCS#1 v1.5 with SHA-256: as vgi_rsa_sha256_sign. */
int vgi__digest_rsa_sign(vgi_str pem, vgi_bytes data, vgi_arena *mem,
                         vgi_bytes *signature, vgi_error *err);

#endif
