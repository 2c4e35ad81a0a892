/* SPDX-License-Identifier: Apache-2.0 */
/* Getting objects to where others can fetch them. */
#include <string.h>

#include "arrow/writer.h"
#include "base/text.h"
#include "crypto/openssl/digest.h"
#include "external/external.h"

#define ARROW_TYPE "application/vnd.apache.arrow.stream"
/* Of the answer to an upload. */
#define ANSWER_BYTES (INT64_C(64) << 10)

/* One run of all the bytes; VGI_END: they are one already. */
static int gather(const struct iovec *iov, size_t n, vgi__buffer *out, vgi_error *err)
{
    size_t total = 0;

    if (n == 1)
        return VGI_END;
    for (size_t i = 0; i < n; i++)
        total += iov[i].iov_len;
    if (!vgi__buffer_reserve(out, total))
        return vgi__fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        vgi__buffer_append(out, iov[i].iov_base, iov[i].iov_len);
    return VGI_OK;
}

/* The object as it will be stored: coded, if that makes it smaller. */
static int prepare(const vgi_external *x, const struct iovec *iov, size_t n,
                   vgi__buffer *bytes, vgi_storage_object *o, vgi_error *err)
{
    int rc = VGI_END;

    if (x->coding != VGI__CODING_IDENTITY) {
        rc = vgi__coding_encode(x->coding, x->options.compression_level, iov, n, bytes,
                                err);
        o->content_encoding = rc == VGI_OK ? vgi__coding_name(x->coding) : NULL;
    }
    if (rc == VGI_END)
        rc = gather(iov, n, bytes, err);
    o->data = rc == VGI_END ? (vgi_bytes){ iov->iov_base, iov->iov_len }
                            : (vgi_bytes){ bytes->data, bytes->len };
    return rc == VGI_END ? VGI_OK : rc;
}

static int upload(vgi_external *x, const struct iovec *iov, size_t n, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    vgi_storage_object o = { .size = sizeof(o), .content_type = ARROW_TYPE };
    vgi__buffer bytes;
    int rc;

    vgi__buffer_init(&bytes, NULL, SIZE_MAX);
    rc = prepare(x, iov, n, &bytes, &o, err);
    if (rc == VGI_OK)
        rc = x->storage.upload(x->storage.user, &o, mem, url, err);
    if (rc == VGI_OK)
        atomic_fetch_add(&x->upload_bytes, o.data.len);
    vgi__buffer_free(&bytes);
    return rc;
}

int vgi__external_upload(vgi_external *x, vgi__writer *w, vgi_arena *mem, vgi_str *url,
                         char digest[64], vgi_error *err)
{
    struct iovec *iov;
    uint8_t sha256[32];
    size_t n;
    int rc = vgi__writer_view(w, &iov, &n, err);

    if (rc == VGI_OK)
        rc = vgi__digest_sha256(iov, n, sha256, err);
    if (rc == VGI_OK)
        rc = upload(x, iov, n, mem, url, err);
    atomic_fetch_add(rc == VGI_OK ? &x->uploads : &x->upload_failures, 1);
    if (rc == VGI_OK)
        vgi__hex(digest, sha256, sizeof(sha256));
    return rc;
}

/* ---- to a URL ---- */

static int put(vgi__attempt *attempt, vgi__transfer *t, const char *url,
               const struct iovec *iov, size_t n, vgi_error *err)
{
    const vgi__http_header type = { VGI_LIT("Content-Type"), VGI_LIT(ARROW_TYPE) };
    const vgi__transfer_request rq = { .method = VGI__HTTP_PUT,
                                       .url = url,
                                       .headers = &type,
                                       .n_headers = 1,
                                       .body = iov,
                                       .n_body = n,
                                       .max_body = ANSWER_BYTES,
                                       .timeout_ms = vgi__attempt_ms(attempt) };
    vgi__transfer_answer answer;
    int rc = vgi__transfer_run(t, &rq, &answer, err);

    vgi__block_unref(answer.body);
    attempt->final = answer.refused || rc == VGI_ELIMIT || rc == VGI_ENOMEM;
    if (rc != VGI_OK || (answer.status >= 200 && answer.status < 300))
        return rc;
    return vgi__external_status(attempt, url, answer.status, err);
}

int vgi__external_put(const vgi_external *external, const char *url,
                      const struct iovec *iov, size_t n, vgi_error *err)
{
    vgi_external *x = (vgi_external *)(uintptr_t)external;
    vgi__attempt attempt = vgi__attempt_first(x);
    vgi__transfer *t;
    int rc = vgi__external_allows(x, url, err);

    if (rc == VGI_OK)
        rc = vgi__transfer_pool_take(x->pool, &t, err);
    if (rc != VGI_OK)
        return rc;
    do
        rc = put(&attempt, t, url, iov, n, err);
    while (rc != VGI_OK && vgi__attempt_next(&attempt));
    vgi__transfer_pool_give(x->pool, t);
    atomic_fetch_add(rc == VGI_OK ? &x->uploads : &x->upload_failures, 1);
    for (size_t i = 0; rc == VGI_OK && i < n; i++)
        atomic_fetch_add(&x->upload_bytes, iov[i].iov_len);
    return rc;
}

int vgi__external_check(const vgi_external *external, const char *url, vgi_error *err)
{
    return vgi__external_allows(external, url, err);
}
