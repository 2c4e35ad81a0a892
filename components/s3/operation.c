/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include <vgirpc/sys/crypto.h>

#include "s3/signer.h"
#include "s3/store.h"
#include "store/fail.h"
#include "store/text.h"

vgi_str vgi__s3_element(vgi_bytes document, const char *name)
{
    const char *p = (const char *)document.data;
    const size_t n = strlen(name);
    const char *start = NULL;
    for (size_t i = 0; p && i + n + 2 <= document.len; i++) {
        if (p[i] != '<')
            continue;
        if (!start && memcmp(p + i + 1, name, n) == 0 && p[i + 1 + n] == '>')
            start = p + i + n + 2;
        else if (start && p[i + 1] == '/' && i + n + 3 <= document.len &&
                 memcmp(p + i + 2, name, n) == 0 && p[i + 2 + n] == '>')
            return (vgi_str){ start, (size_t)(p + i - start) };
    }
    return (vgi_str){ 0 };
}

/* ---- an attempt ---- */

/* The headers of an operation that are signed, all but the signature. */
static size_t signed_headers(vgi_pair headers[6], const vgi__s3_operation *op,
                             const vgi__stamp *now, const char *token)
{
    size_t n = 0;
    headers[n++] = (vgi_pair){ VGI_LIT("host"), vgi_str_from(op->s3->host) };
    headers[n++] =
        (vgi_pair){ VGI_LIT("x-amz-content-sha256"), vgi_str_from(op->payload) };
    headers[n++] = (vgi_pair){ VGI_LIT("x-amz-date"), vgi_str_from(now->text) };
    if (token)
        headers[n++] = (vgi_pair){ VGI_LIT("x-amz-security-token"), vgi_str_from(token) };
    headers[n++] = (vgi_pair){ VGI_LIT("content-type"), vgi_str_from(op->content_type) };
    if (op->content_encoding)
        headers[n++] =
            (vgi_pair){ VGI_LIT("content-encoding"), vgi_str_from(op->content_encoding) };
    return n;
}

static const char *url_of(const vgi__s3_operation *op, vgi_arena *mem)
{
    const vgi_str query = vgi__canonical_query(op->query, mem);
    vgi__text t = { .mem = mem, .failed = !query.data };
    vgi__text_add(&t, vgi_str_from(op->s3->origin));
    vgi__text_escape(&t, op->path, true);
    if (query.len > 0) {
        vgi__text_char(&t, '?');
        vgi__text_add(&t, query);
    }
    return vgi__text_done(&t).data;
}

static int prepare(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err)
{
    const vgi__s3_operation *op = user;
    vgi__credentials credentials;
    int rc = vgi__credentials_find(&credentials, &op->s3->source, mem, err);
    if (rc != VGI_OK)
        return rc;
    const vgi__signer signer = vgi__s3_signer(&credentials, op->s3->scope);
    const vgi__stamp now = vgi__stamp_at((int64_t)time(NULL));
    vgi_pair headers[6];
    const size_t n = signed_headers(headers, op, &now, credentials.token);
    const vgi__canonical request = {
        .method = op->method,
        .path = op->path,
        .query = op->query,
        .headers = { headers, n },
        .payload = op->payload,
    };
    const char **lines = vgi_arena_calloc(mem, n, sizeof(*lines));
    if (!lines)
        return vgi__store_nomem(err);
    rc = vgi__sign_header(&signer, &now, &request, mem, &lines[0], err);
    if (rc != VGI_OK)
        return rc;
    for (size_t i = 1; i < n; i++) { /* headers[0] is sent anyway */
        lines[i] =
            vgi__text_format(mem, "%s: %s", headers[i].key.data, headers[i].value.data);
        if (!lines[i])
            return vgi__store_nomem(err);
    }
    transfer->method = op->method;
    transfer->url = url_of(op, mem);
    transfer->headers = lines;
    transfer->n_headers = n;
    transfer->body = op->body;
    if (strcmp(op->method, "HEAD") == 0)
        transfer->max_body = INT64_MAX; /* it tells of a body that does not come */
    return transfer->url ? VGI_OK : vgi__store_nomem(err);
}

/* Codes that come with a status of 4xx, or with 200, and pass all the same. An expired
 * token does when the file has a new one. */
static bool code_passes(vgi_str code)
{
    static const char *const passing[] = { "InternalError", "SlowDown", "RequestTimeout",
                                           "ServiceUnavailable", "ExpiredToken" };
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
        if (vgi_str_eq(code, passing[i]))
            return true;
    return false;
}

static vgi__verdict judge(void *user, const vgi_http_answer *answer, vgi_error *err)
{
    const vgi__s3_operation *op = user;
    /* The end of a multipart upload begins with status 200 and may fail after it. */
    const vgi_str error = vgi__s3_element(answer->body, "Error");
    const bool good = answer->status >= 200 && answer->status < 300;
    if (good && !error.data)
        return VGI__VERDICT_DONE;

    const vgi_str code = vgi__s3_element(answer->body, "Code");
    const vgi_str text = vgi__s3_element(answer->body, "Message");
    char code_echo[VGI_STORE_ECHO_SIZE], text_echo[VGI_STORE_ECHO_SIZE];
    vgi__store_echo(code_echo, code);
    vgi__store_echo(text_echo, text);
    vgi__store_fail(err, VGI_EIO, "bucket %s: %s answered with status %d%s%.60s%s%s",
                    op->s3->bucket, op->method, answer->status, code.len > 0 ? ", " : "",
                    code_echo, text.len > 0 ? ": " : "", text_echo);
    return vgi__status_passes(answer->status) || code_passes(code) ? VGI__VERDICT_AGAIN
                                                                   : VGI__VERDICT_FAILED;
}

int vgi__s3_run(vgi__s3_operation *operation, vgi_arena *mem, vgi_http_answer *answer,
                vgi_error *err)
{
    uint8_t digest[32];
    int rc = vgi_sha256(operation->body, digest, err);
    if (rc != VGI_OK)
        return rc;
    vgi__text hash = { .mem = mem };
    vgi__text_hex(&hash, (vgi_bytes){ digest, sizeof(digest) });
    operation->payload = vgi__text_done(&hash).data;
    if (!operation->payload)
        return vgi__store_nomem(err);
    const vgi__request request = {
        .pool = operation->s3->pool,
        .deadline_ms = operation->deadline_ms,
        .retries = operation->s3->retries,
        .prepare = prepare,
        .judge = judge,
        .user = operation,
    };
    return vgi__request_run(&request, mem, answer, err);
}
