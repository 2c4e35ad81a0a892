/* SPDX-License-Identifier: Apache-2.0 */
#include "gcs/account.h"

#include <string.h>

#include <vgirpc/sys/crypto.h>

#include "gcs/encode.h"
#include "gcs/json.h"
#include "store/fail.h"
#include "store/text.h"

#define SCOPE "https://www.googleapis.com/auth/devstorage.read_write"
enum { ASSERTION_S = 3600 };

int vgi__account_read(vgi__account *out, vgi_str json, vgi_arena *mem, vgi_error *err)
{
    vgi_str type = { 0 };
    *out = (vgi__account){ .token_uri = VGI_LIT("https://oauth2.googleapis.com/token") };
    const vgi__json_want wants[] = {
        { .name = "type", .text = &type },
        { .name = "client_email", .text = &out->email },
        { .name = "private_key", .text = &out->key },
        { .name = "private_key_id", .text = &out->key_id },
        { .name = "token_uri", .text = &out->token_uri },
    };
    const int rc =
        vgi__json_read(json, wants, sizeof(wants) / sizeof(wants[0]), mem, err);
    char echo[VGI_STORE_ECHO_SIZE];
    if (rc != VGI_OK)
        return rc;
    if (!vgi_str_eq(type, "service_account"))
        return vgi__store_fail(err, VGI_EINVAL,
                               "credentials of type \"%s\", not \"service_account\"",
                               vgi__store_echo(echo, type));
    if (out->email.len == 0 || out->key.len == 0)
        return vgi__store_fail(err, VGI_EINVAL, "credentials without %s",
                               out->email.len == 0 ? "client_email" : "private_key");
    return VGI_OK;
}

/* base64url of {"key":"value", ...}, with `more` before the brace that closes it. */
static void add_object(vgi__text *t, vgi_metadata members, const char *more)
{
    vgi__text json = { .mem = t->mem };
    vgi__json_write(&json, members);
    if (json.len > 0)
        json.len--;
    vgi__text_printf(&json, "%s}", more);
    const vgi_str text = vgi__text_done(&json);
    t->failed = t->failed || !text.data;
    vgi__text_base64url(t, (vgi_bytes){ (const uint8_t *)text.data, text.len });
}

int vgi__account_assertion(const vgi__account *account, int64_t now, vgi_arena *mem,
                           vgi_str *jwt, vgi_error *err)
{
    const vgi_pair head[] = {
        { VGI_LIT("alg"), VGI_LIT("RS256") },
        { VGI_LIT("typ"), VGI_LIT("JWT") },
        { VGI_LIT("kid"), account->key_id },
    };
    const vgi_pair claims[] = {
        { VGI_LIT("iss"), account->email },
        { VGI_LIT("scope"), VGI_LIT(SCOPE) },
        { VGI_LIT("aud"), account->token_uri },
    };
    vgi__text t = { .mem = mem };
    add_object(&t, (vgi_metadata){ head, account->key_id.len > 0 ? 3 : 2 }, "");
    vgi__text_char(&t, '.');
    const char *times = vgi__text_format(mem, ",\"iat\":%lld,\"exp\":%lld",
                                         (long long)now, (long long)now + ASSERTION_S);
    t.failed = t.failed || !times;
    if (times)
        add_object(&t, (vgi_metadata){ claims, 3 }, times);
    const vgi_str text = vgi__text_done(&t);
    if (!text.data)
        return vgi__store_nomem(err);

    vgi_bytes signature;
    const vgi_str key = account->key;
    const vgi_bytes signed_part = { (const uint8_t *)text.data, text.len };
    const int rc = vgi_rsa_sha256_sign(key, signed_part, mem, &signature, err);
    if (rc != VGI_OK)
        return rc;
    vgi__text_char(&t, '.');
    vgi__text_base64url(&t, signature);
    *jwt = vgi__text_done(&t);
    return jwt->data ? VGI_OK : vgi__store_nomem(err);
}
