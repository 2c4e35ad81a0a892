/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of requests, as headers and as URLs. What Amazon and Google do differently
 * is in the signer. */
#ifndef VGI_STORE_SIGN_H
#define VGI_STORE_SIGN_H

#include <vgirpc/error.h>

#include "store/canonical.h"

/* A point in time, as signatures write it. */
typedef struct vgi__stamp {
    char text[17]; /* "20130524T000000Z" */
    char day[9];   /* "20130524" */
} vgi__stamp;

/* Of seconds since the Unix epoch. */
vgi__stamp vgi__stamp_at(int64_t seconds);

typedef struct vgi__signer {
    const char *algorithm; /* "AWS4-HMAC-SHA256" */
    const char *parameter; /* how the query's parameters begin: "X-Amz-" */
    const char *scope;     /* what follows the day: "us-east-1/s3/aws4_request" */
    const char *who;       /* the access key's id, the service account */
    const char *token;     /* of a session; NULL: none */
    int (*sign)(const struct vgi__signer *signer, const char *day, vgi_str text,
                vgi_arena *mem, vgi_bytes *signature, vgi_error *err);
    const void *user; /* for `sign` */
} vgi__signer;

/* The signature of a canonical request in hex, in `mem`. */
int vgi__sign(const vgi__signer *signer, const vgi__stamp *when,
              const vgi__canonical *request, vgi_arena *mem, vgi_str *hex,
              vgi_error *err);

/* "Authorization: ..." for the request, in `mem`. */
int vgi__sign_header(const vgi__signer *signer, const vgi__stamp *when,
                     const vgi__canonical *request, vgi_arena *mem, const char **header,
                     vgi_error *err);

/* What a URL permits, and for how long. */
typedef struct vgi__permit {
    const char *method;
    const char *origin; /* "https://host" */
    const char *host;   /* as the Host header will say it */
    vgi_str path;
    vgi__stamp when;
    unsigned expiry_s;
} vgi__permit;

/* A URL that carries its signature; only the host is signed with it. In `mem`. */
int vgi__sign_url(const vgi__signer *signer, const vgi__permit *permit, vgi_arena *mem,
                  vgi_str *url, vgi_error *err);

#endif
