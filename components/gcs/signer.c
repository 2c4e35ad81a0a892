/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <vgirpc/sys/crypto.h>

#include "gcs/encode.h"
#include "gcs/json.h"
#include "gcs/store.h"
#include "store/fail.h"
#include "store/text.h"

/* ---- with the account's key ---- */

static int sign_here(const vgi__signer *signer, const char *day, vgi_str text,
                     vgi_arena *mem, vgi_bytes *signature, vgi_error *err)
{
    const vgi__gcs_signing *signing = signer->user;
    const vgi_bytes data = { (const uint8_t *)text.data, text.len };
    (void)day; /* it stands in the text */
    return vgi_rsa_sha256_sign(signing->gcs->account.key, data, mem, signature, err);
}

/* ---- with a key that Google keeps ---- */

typedef struct remote {
    const vgi__gcs *gcs;
    vgi_str text;
    vgi_arena *mem;
    vgi_bytes signature;
} remote;

static int prepare(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err)
{
    const remote *r = user;
    vgi__text payload = { .mem = mem }, body = { .mem = mem };
    vgi__text_base64(&payload, (vgi_bytes){ (const uint8_t *)r->text.data, r->text.len });
    const vgi_pair member = { VGI_LIT("payload"), vgi__text_done(&payload) };
    if (!member.value.data)
        return vgi__store_nomem(err);
    vgi__json_write(&body, (vgi_metadata){ &member, 1 });
    const vgi_str json = vgi__text_done(&body);
    const char **headers = vgi_arena_calloc(mem, 2, sizeof(*headers));
    if (!json.data || !headers)
        return vgi__store_nomem(err);
    headers[0] = "Content-Type: application/json";
    headers[1] = vgi__text_format(mem, "Authorization: Bearer %s", r->gcs->access_token);
    transfer->method = "POST";
    transfer->url = vgi__text_format(mem, "%s/v1/projects/-/serviceAccounts/%s:signBlob",
                                     r->gcs->signer_origin, r->gcs->signer_email);
    transfer->headers = headers;
    transfer->n_headers = 2;
    transfer->body = (vgi_bytes){ (const uint8_t *)json.data, json.len };
    return transfer->url && headers[1] ? VGI_OK : vgi__store_nomem(err);
}

static vgi__verdict judge(void *user, const vgi_http_answer *answer, vgi_error *err)
{
    remote *r = user;
    vgi_str blob = { 0 };
    const vgi__json_want want = { .name = "signedBlob", .text = &blob };
    const vgi_str body = { (const char *)answer->body.data, answer->body.len };
    if (answer->status != 200)
        return vgi__gcs_refusal(r->gcs, "signing", answer, err);
    int rc = vgi__json_read(body, &want, 1, r->mem, err);
    if (rc == VGI_OK)
        rc = vgi__base64_read(blob, r->mem, &r->signature);
    if (rc == VGI_OK)
        return VGI__VERDICT_DONE;
    if (rc == VGI_ENOMEM)
        vgi__store_nomem(err);
    else
        vgi__store_fail(err, VGI_EPROTO, "signing: an answer without a signature");
    return VGI__VERDICT_FAILED;
}

static int sign_there(const vgi__signer *signer, const char *day, vgi_str text,
                      vgi_arena *mem, vgi_bytes *signature, vgi_error *err)
{
    const vgi__gcs_signing *signing = signer->user;
    remote r = { .gcs = signing->gcs, .text = text, .mem = mem };
    vgi__request request = vgi__gcs_request(signing->gcs, signing->deadline_ms);
    (void)day; /* it stands in the text */
    request.prepare = prepare;
    request.judge = judge;
    request.user = &r;
    vgi_http_answer answer;
    const int rc = vgi__request_run(&request, mem, &answer, err);
    *signature = r.signature;
    return rc;
}

vgi__signer vgi__gcs_signer(const vgi__gcs_signing *signing)
{
    const vgi__gcs *gcs = signing->gcs;
    return (vgi__signer){
        .algorithm = "GOOG4-RSA-SHA256",
        .parameter = "X-Goog-",
        .scope = "auto/storage/goog4_request",
        .who = gcs->account.key.data ? gcs->account.email.data : gcs->signer_email,
        .sign = gcs->account.key.data ? sign_here : sign_there,
        .user = signing,
    };
}
