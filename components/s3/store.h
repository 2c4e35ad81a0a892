/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket, and the requests to it. */
#ifndef VGI_S3_STORE_H
#define VGI_S3_STORE_H

#include <vgirpc/metadata.h>
#include <vgirpc/s3.h>
#include <vgirpc/sys/http.h>

#include "s3/credentials.h"
#include "store/place.h"
#include "store/request.h"

typedef struct vgi__s3 {
    vgi_arena mem; /* of all that is here, itself included */
    vgi_http_pool *pool;
    vgi__credentials_source source;
    const char *bucket, *prefix;
    const char *scope;  /* "region/s3/aws4_request" */
    const char *host;   /* "bucket.host", or "host" */
    const char *origin; /* "https://" and the host */
    const char *root;   /* path of the bucket: "/", or "/bucket/" */
    unsigned expiry_s, timeout_ms, retries;
    size_t multipart_bytes;
} vgi__s3;

/* One operation on an object. */
typedef struct vgi__s3_operation {
    const vgi__s3 *s3;
    const char *method;
    vgi_str path;
    vgi_metadata query;
    const char *content_type; /* always sent, since otherwise libcurl would send one that
                                 is not signed */
    const char *content_encoding; /* NULL: not sent */
    vgi_bytes body;
    uint64_t deadline_ms;
    const char *payload; /* private: the body's hash */
} vgi__s3_operation;

/* Do it, with retries. VGI_OK: the answer is a success. */
int vgi__s3_run(vgi__s3_operation *operation, vgi_arena *mem, vgi_http_answer *answer,
                vgi_error *err);
/* Upload in parts. `object` has the path, the types, the whole body and the deadline. */
int vgi__s3_multipart(const vgi__s3_operation *object, vgi_arena *mem, vgi_error *err);

/* The text between <name> and </name>, as it stands there; null: absent. */
vgi_str vgi__s3_element(vgi_bytes document, const char *name);

#endif
