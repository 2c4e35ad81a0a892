/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sys/crypto.h
 * The few primitives that signing a request needs: libvgirpc-client.
 */
#ifndef VGIRPC_SYS_CRYPTO_H
#define VGIRPC_SYS_CRYPTO_H

#include <stdint.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

VGI_BEGIN_DECLS

/** SHA-256. Any thread. @since 0.1 */
VGI_API int vgi_sha256(vgi_bytes data, uint8_t out[32], vgi_error *err);
/** HMAC-SHA256. Any thread. @since 0.1 */
VGI_API int vgi_hmac_sha256(vgi_bytes key, vgi_bytes data, uint8_t out[32],
                            vgi_error *err);
/**
 * Sign with RSA PKCS#1 v1.5 and SHA-256 (RS256).
 *
 * @param pem  a private key, PKCS#8 or PKCS#1, not encrypted
 * @param[out] signature  in `mem`
 * @return VGI_OK; VGI_EINVAL the key is none; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_rsa_sha256_sign(vgi_str pem, vgi_bytes data, vgi_arena *mem,
                                vgi_bytes *signature, vgi_error *err);

VGI_END_DECLS

#endif
