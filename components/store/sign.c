/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sign.h"

#include <stdio.h>
#include <time.h>

#include <vgirpc/sys/crypto.h>

#include "store/fail.h"
#include "store/text.h"

vgi__stamp vgi__stamp_at(int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm utc = { 0 };
    vgi__stamp stamp = { 0 };
    gmtime_r(&t, &utc);
    strftime(stamp.text, sizeof(stamp.text), "%Y%m%dT%H%M%SZ", &utc);
    strftime(stamp.day, sizeof(stamp.day), "%Y%m%d", &utc);
    return stamp;
}

int vgi__sign(const vgi__signer *signer, const vgi__stamp *when,
              const vgi__canonical *request, vgi_arena *mem, vgi_str *hex, vgi_error *err)
{
    const vgi_str canonical = vgi__canonical_request(request, mem);
    if (!canonical.data)
        return vgi__store_nomem(err);
    uint8_t digest[32];
    int rc = vgi_sha256((vgi_bytes){ (const uint8_t *)canonical.data, canonical.len },
                        digest, err);
    if (rc != VGI_OK)
        return rc;

    vgi__text t = { .mem = mem };
    vgi__text_printf(&t, "%s\n%s\n%s/%s\n", signer->algorithm, when->text, when->day,
                     signer->scope);
    vgi__text_hex(&t, (vgi_bytes){ digest, sizeof(digest) });
    const vgi_str text = vgi__text_done(&t);
    if (!text.data)
        return vgi__store_nomem(err);

    vgi_bytes signature;
    if ((rc = signer->sign(signer, when->day, text, mem, &signature, err)) != VGI_OK)
        return rc;
    vgi__text out = { .mem = mem };
    vgi__text_hex(&out, signature);
    *hex = vgi__text_done(&out);
    return hex->data ? VGI_OK : vgi__store_nomem(err);
}

int vgi__sign_header(const vgi__signer *signer, const vgi__stamp *when,
                     const vgi__canonical *request, vgi_arena *mem, const char **header,
                     vgi_error *err)
{
    vgi_str signature;
    const int rc = vgi__sign(signer, when, request, mem, &signature, err);
    if (rc != VGI_OK)
        return rc;
    const vgi_str names = vgi__canonical_names(request->headers, mem);
    if (!names.data)
        return vgi__store_nomem(err);
    *header = vgi__text_format(mem,
                               "Authorization: %s Credential=%s/%s/%s, SignedHeaders=%s, "
                               "Signature=%s",
                               signer->algorithm, signer->who, when->day, signer->scope,
                               names.data, signature.data);
    return *header ? VGI_OK : vgi__store_nomem(err);
}

static vgi_pair parameter(const vgi__signer *signer, const char *name, const char *value,
                          vgi_arena *mem)
{
    return (
        vgi_pair){ vgi_str_from(vgi__text_format(mem, "%s%s", signer->parameter, name)),
                   vgi_str_from(value) };
}

int vgi__sign_url(const vgi__signer *signer, const vgi__permit *permit, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    char expires[16];
    snprintf(expires, sizeof(expires), "%u", permit->expiry_s);
    const char *who =
        vgi__text_format(mem, "%s/%s/%s", signer->who, permit->when.day, signer->scope);
    const vgi_pair query[] = {
        parameter(signer, "Algorithm", signer->algorithm, mem),
        parameter(signer, "Credential", who, mem),
        parameter(signer, "Date", permit->when.text, mem),
        parameter(signer, "Expires", expires, mem),
        parameter(signer, "SignedHeaders", "host", mem),
        parameter(signer, "Security-Token", signer->token, mem),
    };
    const size_t n = sizeof(query) / sizeof(query[0]);
    for (size_t i = 0; i < n; i++)
        if (!query[i].key.data || !who)
            return vgi__store_nomem(err);

    const vgi_pair host = { VGI_LIT("host"), vgi_str_from(permit->host) };
    const vgi__canonical request = {
        .method = permit->method,
        .path = permit->path,
        .query = { query, signer->token ? n : n - 1 },
        .headers = { &host, 1 },
        .payload = "UNSIGNED-PAYLOAD",
    };
    vgi_str signature;
    const int rc = vgi__sign(signer, &permit->when, &request, mem, &signature, err);
    if (rc != VGI_OK)
        return rc;

    vgi__text t = { .mem = mem };
    vgi__text_add(&t, vgi_str_from(permit->origin));
    vgi__text_escape(&t, permit->path, true);
    vgi__text_char(&t, '?');
    const vgi_str signed_query = vgi__canonical_query(request.query, mem);
    vgi__text_add(&t, signed_query);
    vgi__text_printf(&t, "&%sSignature=", signer->parameter);
    vgi__text_add(&t, signature);
    *url = vgi__text_done(&t);
    return url->data && signed_query.data ? VGI_OK : vgi__store_nomem(err);
}
