/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/openssl/mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/fail.h"

/* Fetched once; stays for the life of the process. */
static EVP_MAC *algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

/*
 * A thread's context, and the key that it was given last: preparing a key is most of the
 * cost of a short text. `at_exit` cleans up when the thread ends.
 */
typedef struct context {
    EVP_MAC_CTX *mac;
    size_t key_len;
    unsigned char key[64]; /* longer ones are not remembered */
} context;
static _Thread_local context mine;
static pthread_key_t at_exit;

static void forget(void *c)
{
    context *left = c;

    EVP_MAC_CTX_free(left->mac);
    OPENSSL_cleanse(left, sizeof(*left));
}

static void fetch(void)
{
    if (pthread_key_create(&at_exit, forget) == 0)
        algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static bool start(context *c)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };

    c->mac = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    if (c->mac && EVP_MAC_CTX_set_params(c->mac, params) == 1 &&
        pthread_setspecific(at_exit, c) == 0)
        return true;
    EVP_MAC_CTX_free(c->mac);
    c->mac = NULL;
    return false;
}

static bool begin(context *c, const void *key, size_t key_len)
{
    /* A null key is OpenSSL's word for the one before; an empty one is a key. */
    const unsigned char *k = key_len > 0 ? key : (const unsigned char *)"";

    /* Both keys are ours: how long the comparison takes tells nobody anything. */
    if (key_len > 0 && key_len == c->key_len && memcmp(k, c->key, key_len) == 0)
        return EVP_MAC_init(c->mac, NULL, 0, NULL) == 1;
    c->key_len = 0;
    if (EVP_MAC_init(c->mac, k, key_len, NULL) != 1)
        return false;
    if (key_len <= sizeof(c->key)) {
        memcpy(c->key, k, key_len);
        c->key_len = key_len;
    }
    return true;
}

int vgi__hmac_sha256(const void *key, size_t key_len, const void *p, size_t n,
                     uint8_t out[32], vgi_error *err)
{
    context *c = &mine;
    size_t len = 0;

    (void)pthread_once(&fetched, fetch);
    if ((!c->mac && !start(c)) || !begin(c, key, key_len) ||
        EVP_MAC_update(c->mac, p, n) != 1 || EVP_MAC_final(c->mac, out, &len, 32) != 1 ||
        len != 32) {
        c->key_len = 0;
        return vgi__fail(err, VGI_EINTERNAL, NULL, "OpenSSL cannot compute HMAC-SHA256");
    }
    return VGI_OK;
}
