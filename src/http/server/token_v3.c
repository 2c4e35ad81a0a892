/* SPDX-License-Identifier: Apache-2.0 */
/* Signed tokens: version 3 of the reference, byte for byte. */
#include <string.h>

#include "crypto/openssl/mac.h"
#include "http/server/token_form.h"

#define VERSION 3
#define MAC 32

/* The key of this caller. */
static int signing_key(const vgi__token_keys *k, const vgi__token_caller *who,
                       uint8_t key[VGI__TOKEN_KEY], vgi_error *err)
{
    if (!who->anonymous)
        return vgi__hmac_sha256(k->key, k->key_len, who->subject.data, who->subject.len,
                                key, err);
    memcpy(key, k->anonymous, VGI__TOKEN_KEY);
    return VGI_OK;
}

static int sign(const vgi__token_keys *k, const vgi__token_caller *who, vgi_bytes what,
                uint8_t mac[MAC], vgi_error *err)
{
    uint8_t key[VGI__TOKEN_KEY];
    int rc = signing_key(k, who, key, err);

    if (rc == VGI_OK)
        rc = vgi__hmac_sha256(key, sizeof(key), what.data, what.len, mac, err);
    vgi__forget_secret(key, sizeof(key));
    return rc;
}

static int make(const vgi__token_keys *k, const vgi__token_caller *who, uint8_t *p,
                size_t n, vgi_error *err)
{
    p[0] = VERSION;
    return sign(k, who, (vgi_bytes){ p, n - MAC }, p + n - MAC, err);
}

static int open_token(const vgi__token_keys *k, const vgi__token_caller *who,
                      vgi_bytes token, vgi__token *out, vgi_error *err)
{
    const size_t n = token.len - MAC;
    uint8_t mac[MAC];
    int rc;

    if (!vgi__token_take(out, token.data + 1, n - 1)) /* looks at lengths alone */
        return vgi__token_refuse(err, "Malformed state token");
    rc = sign(k, who, (vgi_bytes){ token.data, n }, mac, err);
    if (rc != VGI_OK)
        return rc;
    if (!vgi__equal_constant_time(mac, token.data + n, MAC))
        return vgi__token_refuse(err, "State token signature verification failed");
    return vgi__token_version(token.data[0], VERSION, err);
}

const vgi__token_form vgi__token_v3 = {
    .context = VGI__TOKEN_SIGN_CONTEXT,
    .context_len = sizeof(VGI__TOKEN_SIGN_CONTEXT) - 1,
    .before = 1,
    .after = MAC,
    .make = make,
    .open = open_token,
};
