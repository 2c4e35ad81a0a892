/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the key that signs is made from the secret by one HMAC for each part of
 * the scope:
 *
 *     HMAC(HMAC(HMAC(HMAC("AWS4" secret, day), region), "s3"), "aws4_request")
 */
#include "s3/signer.h"

#include <string.h>

#include <vgirpc/sys/crypto.h>

#include "store/fail.h"
#include "store/text.h"

enum { MAC_BYTES = 32 };

/* key = HMAC(key, text) */
static int step(vgi_bytes *key, vgi_str text, uint8_t mac[MAC_BYTES], vgi_error *err)
{
    uint8_t next[MAC_BYTES];
    const vgi_bytes data = { (const uint8_t *)text.data, text.len };
    const int rc = vgi_hmac_sha256(*key, data, next, err);
    if (rc == VGI_OK)
        memcpy(mac, next, MAC_BYTES);
    *key = (vgi_bytes){ mac, MAC_BYTES };
    return rc;
}

static int sign(const vgi__signer *signer, const char *day, vgi_str text, vgi_arena *mem,
                vgi_bytes *signature, vgi_error *err)
{
    const char *secret = vgi__text_format(mem, "AWS4%s", (const char *)signer->user);
    uint8_t *mac = vgi_arena_alloc(mem, MAC_BYTES);
    if (!secret || !mac)
        return vgi__store_nomem(err);
    vgi_bytes key = { (const uint8_t *)secret, strlen(secret) };
    int rc = step(&key, vgi_str_from(day), mac, err);
    for (const char *part = signer->scope; rc == VGI_OK && *part; part += *part == '/') {
        const size_t n = strcspn(part, "/");
        rc = step(&key, (vgi_str){ part, n }, mac, err);
        part += n;
    }
    if (rc == VGI_OK)
        rc = step(&key, text, mac, err);
    *signature = key;
    return rc;
}

vgi__signer vgi__s3_signer(const vgi__credentials *credentials, const char *scope)
{
    return (vgi__signer){
        .algorithm = "AWS4-HMAC-SHA256",
        .parameter = "X-Amz-",
        .scope = scope,
        .who = credentials->id,
        .token = credentials->token,
        .sign = sign,
        .user = credentials->secret,
    };
}
