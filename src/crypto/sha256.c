/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/text.h"

/* A vgi__sha256 is libcrypto's digest context. */
static EVP_MD_CTX *unwrap(vgi__sha256 *h)
{
    return (EVP_MD_CTX *)h;
}

/* Looking the algorithm up costs more than hashing a page: done once, kept for good. */
static EVP_MD *algorithm;

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
}

vgi__sha256 *vgi__sha256_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fetch);
    EVP_MD_CTX *ctx = algorithm ? EVP_MD_CTX_new() : NULL;
    if (ctx && !EVP_DigestInit_ex2(ctx, algorithm, NULL)) {
        EVP_MD_CTX_free(ctx);
        return NULL;
    }
    return (vgi__sha256 *)ctx;
}

void vgi__sha256_update(vgi__sha256 *h, const void *p, size_t n)
{
    EVP_DigestUpdate(unwrap(h), p, n);
}

bool vgi__sha256_final(vgi__sha256 *h, uint8_t out[32])
{
    bool ok = EVP_DigestFinal_ex(unwrap(h), out, NULL) == 1;
    EVP_MD_CTX_free(unwrap(h));
    return ok;
}

bool vgi__sha256_hex(char out[65], const void *p, size_t n)
{
    uint8_t digest[32];
    vgi__sha256 *h = vgi__sha256_new();
    if (!h)
        return false;
    vgi__sha256_update(h, p, n);
    if (!vgi__sha256_final(h, digest))
        return false;
    vgi__hex(out, digest, sizeof(digest));
    out[64] = '\0';
    return true;
}
