/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: external locations.
 *
 *   filter.c    batches <-> pointers: what a call or a client uses
 *   resolve.c   an object's bytes -> the batch in it, verified
 *   fetch.c     a URL -> the object's bytes: probe, redirects, content coding
 *   ranges.c      by several connections at once, when it is long
 *   range.c       one of them
 *   retry.c       again, when that may help and there is time
 *   policy.c      which URLs may be asked at all
 *   upload.c    an object's bytes -> a store, or a URL that somebody gave us
 *
 * A vgi_external is immutable but for its counters and the pool of connections; filters
 * belong to one call at a time.
 *
 * An object is a whole IPC stream: the batch, and the logs of its turn. What a pointer
 * promises is checked in this order: the URL (at every hop, and the address that it
 * leads to), the length before and while it is read, the length after decoding, the
 * SHA-256 of the decoded bytes, and that they are a stream of the pointer's schema with
 * one data batch that is no pointer itself.
 */
#ifndef VGI_EXTERNAL_EXTERNAL_H
#define VGI_EXTERNAL_EXTERNAL_H

#include <stdatomic.h>

#include <vgirpc/external.h>

#include "base/block.h"
#include "base/fail.h"
#include "external/filter.h"
#include "http/client/pool.h"
#include "http/coding/coding.h"
#include "wire/batch_filter.h"

struct vgi_external {
    vgi__filter_source source;    /* first */
    vgi_external_options options; /* effective: no 0 where a default is meant */
    vgi_storage storage;          /* `upload` NULL: none */
    vgi__coding coding;           /* of uploads */
    vgi__transfer_pool *pool;
    atomic_uint_fast64_t uploads, upload_bytes, upload_failures;
    atomic_uint_fast64_t fetches, fetch_bytes, fetch_failures, retries, fetch_ns, hedges;
};

/* An object's bytes, decoded. */
typedef struct vgi__object {
    vgi__block *block; /* reference; NULL: it is empty */
    size_t len;
} vgi__object;

/* Something that is tried until a deadline. */
typedef struct vgi__attempt {
    vgi_external *external;
    uint64_t deadline;
    unsigned count; /* that failed */
    bool final;     /* the last one failed for good */
} vgi__attempt;

/* ---- retry.c ---- */

vgi__attempt vgi__attempt_first(vgi_external *x);
/* After a failure: wait, and say whether to try again. */
bool vgi__attempt_next(vgi__attempt *a);
/* Milliseconds until the deadline, at least 1. */
unsigned vgi__attempt_ms(const vgi__attempt *a);

/* ---- policy.c ---- */

/* May it be asked? The message names the URL without its secrets. */
int vgi__external_allows(const vgi_external *x, const char *url, vgi_error *err);
/* The URL without its secrets, fit for a message; `buf` needs VGI_ECHO_SIZE bytes. */
const char *vgi__external_name(char *buf, const char *url);
/* Is it signed for one HTTP method? */
bool vgi__external_is_presigned(const char *url);

/* ---- fetch.c ---- */

/* One attempt: *out on success, attempt->final on some failures. */
int vgi__external_fetch(vgi__attempt *attempt, const char *url, vgi__object *out,
                        vgi_error *err);

/* A request of a fetch. */
typedef struct vgi__fetch_request {
    vgi__http_method method;
    const char *url;
    const char *range; /* NULL: everything */
    int64_t max_body;
    uint8_t *into;           /* or NULL */
    const atomic_bool *stop; /* or NULL */
} vgi__fetch_request;

/* With its redirects. VGI_OK: any final status. */
int vgi__external_follow(vgi__attempt *attempt, vgi__transfer *t,
                         const vgi__fetch_request *rq, vgi__transfer_answer *answer,
                         vgi_error *err);
/* A status that is no success, as a failure. */
int vgi__external_status(vgi__attempt *attempt, const char *url, int status,
                         vgi_error *err);

/* Of an object, or a part of it. */
vgi__coding vgi__external_coding(const vgi__transfer_answer *answer);

/* ---- ranges.c ---- */

/* An object of which is known what its ranges must agree with. */
typedef struct vgi__whole {
    const char *url;
    int64_t length;
    vgi__coding coding;
    char etag[256]; /* "": none, or a longer one */
} vgi__whole;

int vgi__external_fetch_ranges(vgi__attempt *attempt, const vgi__whole *whole,
                               vgi__object *out, vgi_error *err);

/* ---- memory.c ---- */

/* An object of the in-memory store; VGI_END: it is not in this one. */
int vgi__memory_fetch(const vgi_external *x, const char *url, vgi__object *out,
                      vgi_error *err);

/* ---- upload.c ---- */

/* Store what is pending on the writer. *url in `mem`, `digest` as 64 hex digits. */
int vgi__external_upload(vgi_external *x, vgi__writer *w, vgi_arena *mem, vgi_str *url,
                         char digest[64], vgi_error *err);

/* ---- filter.c ---- */

/* For vgi__filter_source. */
int vgi__external_server_filter(const vgi__filter_source *s, const vgi_limits *limits,
                                const vgi_allocator *a, vgi__batch_filter **out,
                                vgi_error *err);

/* ---- resolve.c ---- */

typedef struct vgi__resolver vgi__resolver;
int vgi__resolver_new(vgi__resolver **out, vgi_external *x, const vgi_limits *limits,
                      const vgi_allocator *a, vgi_error *err);
void vgi__resolver_free(vgi__resolver *r);
/* Replace a pointer by what it points to. `client` NULL: logs are dropped, and an
 * exception is a failure. */
int vgi__resolve(vgi__resolver *r, vgi_batch *b, const vgi__external_client *client,
                 vgi_error *err);

#endif
