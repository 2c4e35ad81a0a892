/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/openssl/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>

#include "base/fail.h"

/* Fetched once; stays for the life of the process. */
static EVP_MD *sha256;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static bool digest(EVP_MD_CTX *c, const struct iovec *iov, size_t n, uint8_t out[32])
{
    bool ok = c && sha256 && EVP_DigestInit_ex2(c, sha256, NULL) == 1;

    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestUpdate(c, iov[i].iov_base, iov[i].iov_len) == 1;
    return ok && EVP_DigestFinal_ex(c, out, NULL) == 1;
}

int vgi__digest_sha256(const struct iovec *iov, size_t n, uint8_t out[32], vgi_error *err)
{
    (void)pthread_once(&fetched, fetch);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    const bool ok = digest(c, iov, n, out);

    EVP_MD_CTX_free(c);
    return ok ? VGI_OK
              : vgi__fail(err, VGI_EINTERNAL, NULL, "OpenSSL cannot compute SHA-256");
}

/* An encrypted key has no password here; without this, OpenSSL would ask on the terminal.
 */
static int no_password(char *buf, int size, int writing, void *user)
{
    (void)buf, (void)size, (void)writing, (void)user;
    return -1;
}

static EVP_PKEY *read_key(vgi_str pem)
{
    BIO *in = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;

    BIO_free(in);
    if (key && !EVP_PKEY_is_a(key, "RSA")) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static int sign(EVP_MD_CTX *c, EVP_PKEY *key, vgi_bytes data, vgi_arena *mem,
                vgi_bytes *signature, vgi_error *err)
{
    const int most = EVP_PKEY_get_size(key);
    size_t len = most > 0 ? (size_t)most : 0;
    uint8_t *out = vgi_arena_alloc(mem, len);

    if (!c || !out)
        return vgi__fail_nomem(err);
    /* PKCS#1 v1.5 is what RSA keys do when nothing else was asked for. */
    if (EVP_DigestSignInit_ex(c, NULL, "SHA256", NULL, NULL, key, NULL) != 1 ||
        EVP_DigestSign(c, out, &len, data.data, data.len) != 1)
        return vgi__fail(err, VGI_EINTERNAL, NULL, "OpenSSL cannot sign with the key");
    *signature = (vgi_bytes){ out, len };
    return VGI_OK;
}

int vgi__digest_rsa_sign(vgi_str pem, vgi_bytes data, vgi_arena *mem,
                         vgi_bytes *signature, vgi_error *err)
{
    EVP_PKEY *key = read_key(pem);

    if (!key)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the key is no unencrypted RSA private key in PEM");
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int rc = sign(c, key, data, mem, signature, err);

    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return rc;
}
