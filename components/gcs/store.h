/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket, and who signs for it. */
#ifndef VGI_GCS_STORE_H
#define VGI_GCS_STORE_H

#include <vgirpc/gcs.h>

#include "gcs/account.h"
#include "store/place.h"
#include "store/sign.h"

typedef struct vgi__gcs {
    vgi_arena mem; /* of all that is here, itself included */
    vgi_http_pool *pool;
    const char *bucket, *prefix;
    const char *host;         /* as the Host header says it */
    const char *origin;       /* "https://" and the host */
    const char *root;         /* path of the bucket: "/bucket/" */
    bool emulator;            /* out of the environment: no access tokens for it */
    vgi__account account;     /* without a key: none */
    const char *access_token; /* in place of the account's; NULL: none */
    const char *signer_email; /* that signs by way of signer_origin; NULL: none */
    const char *signer_origin;
    vgi__token token;
    unsigned expiry_s, timeout_ms, retries;
} vgi__gcs;

/* Of a request to some service: the pool, the deadline, the retries. */
vgi__request vgi__gcs_request(vgi__gcs *gcs, uint64_t deadline_ms);

/* What a refusal in JSON says, with the status: "bucket b: WHAT answered with ...". */
vgi__verdict vgi__gcs_refusal(const vgi__gcs *gcs, const char *what,
                              const vgi_http_answer *answer, vgi_error *err);

/* Who signs URLs, and until when it may take. */
typedef struct vgi__gcs_signing {
    vgi__gcs *gcs;
    uint64_t deadline_ms;
} vgi__gcs_signing;

/* The account's key signs, or the IAM Credentials service. Borrows `signing`. */
vgi__signer vgi__gcs_signer(const vgi__gcs_signing *signing);

#endif
