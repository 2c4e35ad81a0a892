/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted tokens. */
#include <stddef.h>

#include "http/server/token_form.h"

#define VERSION 6
#define NO_CODEC 0
#define CONTEXT "vgi_rpc.sealed_state.v6" /* a NUL stands behind it */
#define HEAD (1 + VGI__SEAL_NONCE)        /* version and nonce */

static vgi__envelope envelope(const vgi__token_keys *k, const vgi__token_caller *who,
                              const uint8_t *token)
{
    return (vgi__envelope){ .key = k->seal,
                            .nonce = token + 1,
                            .aad = who->subject.data,
                            .aad_len = who->subject.len };
}

static int make(const vgi__token_keys *k, const vgi__token_caller *who, uint8_t *p,
                size_t n, vgi_error *err)
{
    const vgi__envelope e = envelope(k, who, p);

    (void)err;
    p[0] = VERSION;
    vgi__secure_random(p + 1, VGI__SEAL_NONCE);
    p[HEAD] = NO_CODEC;
    vgi__seal(p + HEAD, p + HEAD, n - HEAD - VGI__SEAL_TAG, &e);
    return VGI_OK;
}

static int open_token(const vgi__token_keys *k, const vgi__token_caller *who,
                      vgi_bytes token, vgi__token *out, vgi_error *err)
{
    uint8_t *p = (uint8_t *)(uintptr_t)token.data; /* decrypted where it lies */
    const vgi__envelope e = envelope(k, who, p);
    const size_t n = token.len - HEAD;
    int rc;

    if (!vgi__unseal(p + HEAD, p + HEAD, n, &e))
        return vgi__token_refuse(err, "State token signature verification failed");
    if ((rc = vgi__token_version(p[0], VERSION, err)) != VGI_OK)
        return rc;
    if (p[HEAD] != NO_CODEC || !vgi__token_take(out, p + HEAD + 1, n - VGI__SEAL_TAG - 1))
        return vgi__token_refuse(err, "Malformed token payload");
    return VGI_OK;
}

const vgi__token_form vgi__token_sealed = {
    .context = CONTEXT,
    .context_len = sizeof(CONTEXT),
    .before = HEAD + 1,
    .after = VGI__SEAL_TAG,
    .make = make,
    .open = open_token,
};
