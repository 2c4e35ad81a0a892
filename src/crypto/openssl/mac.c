/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/openssl/mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>

#include "base/fail.h"

/* Fetched once; stays for the life of the process. */
static EVP_MAC *algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

/* A thread's context: the key frees it when the thread ends, the variable finds it. */
static pthread_key_t context_key;
static _Thread_local EVP_MAC_CTX *context;

static void free_context(void *c)
{
    EVP_MAC_CTX_free(c);
    context = NULL;
}

static void fetch(void)
{
    if (pthread_key_create(&context_key, free_context) == 0)
        algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static EVP_MAC_CTX *new_context(void)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *c = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;

    if (c && EVP_MAC_CTX_set_params(c, params) == 1 &&
        pthread_setspecific(context_key, c) == 0)
        return c;
    EVP_MAC_CTX_free(c);
    return NULL;
}

int vgi__hmac_sha256(const void *key, size_t key_len, const void *p, size_t n,
                     uint8_t out[32], vgi_error *err)
{
    /* OpenSSL takes a null key for "the one before". */
    const unsigned char *k = key_len > 0 ? key : (const unsigned char *)"";
    size_t len = 0;

    (void)pthread_once(&fetched, fetch);
    if (!context)
        context = new_context();
    if (!context || EVP_MAC_init(context, k, key_len, NULL) != 1 ||
        EVP_MAC_update(context, p, n) != 1 ||
        EVP_MAC_final(context, out, &len, 32) != 1 || len != 32)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "OpenSSL cannot compute HMAC-SHA256");
    return VGI_OK;
}
