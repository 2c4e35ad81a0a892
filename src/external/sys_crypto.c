/* SPDX-License-Identifier: Apache-2.0 */
/* sys/crypto.h on what we have. */
#include <vgirpc/sys/crypto.h>

#include "crypto/openssl/digest.h"
#include "crypto/openssl/mac.h"

int vgi_sha256(vgi_bytes data, uint8_t out[32], vgi_error *err)
{
    const struct iovec all = { (void *)(uintptr_t)data.data, data.len };

    return vgi__digest_sha256(&all, data.len > 0, out, err);
}

int vgi_hmac_sha256(vgi_bytes key, vgi_bytes data, uint8_t out[32], vgi_error *err)
{
    return vgi__hmac_sha256(key.data, key.len, data.data, data.len, out, err);
}

int vgi_rsa_sha256_sign(vgi_str pem, vgi_bytes data, vgi_arena *mem, vgi_bytes *signature,
                        vgi_error *err)
{
    return vgi__digest_rsa_sign(pem, data, mem, signature, err);
}
