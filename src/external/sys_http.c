/* SPDX-License-Identifier: Apache-2.0 */
/* sys/http.h on our transfers. */
#include <vgirpc/sys/http.h>

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "http/client/pool.h"
#include "http/client/url.h"
#include "http/proto/fields.h"

#define CONNECT_MS 10000
#define TIMEOUT_MS 60000
#define BODY_BYTES (INT64_C(1) << 20)
#define HEAD_BYTES ((size_t)64 << 10)

struct vgi_http_pool {
    vgi__transfer_pool *transfers;
};

int vgi_http_pool_new(vgi_http_pool **out, const char *ca_file, vgi_error *err)
{
    const vgi__transfer_options options = { .ca_file = ca_file,
                                            .connect_ms = CONNECT_MS,
                                            .head_bytes = HEAD_BYTES };
    vgi_http_pool *pool = vgi__calloc(NULL, 1, sizeof(*pool));

    if (!pool)
        return vgi__fail_nomem(err);
    int rc = vgi__transfer_pool_new(&pool->transfers, &options, err);
    if (rc != VGI_OK) {
        vgi__free(NULL, pool);
        return rc;
    }
    *out = pool;
    return VGI_OK;
}

void vgi_http_pool_free(vgi_http_pool *pool)
{
    if (!pool)
        return;
    vgi__transfer_pool_free(pool->transfers);
    vgi__free(NULL, pool);
}

/* ---- the request ---- */

static bool parse_method(const char *name, vgi__http_method *method)
{
    for (int m = VGI__HTTP_GET; m <= VGI__HTTP_OPTIONS; m++) {
        *method = (vgi__http_method)m;
        if (name && strcmp(name, vgi__http_verb(*method)) == 0)
            return true;
    }
    return false;
}

/* "Name: value" */
static bool parse_header(const char *line, vgi__http_header *h)
{
    const char *colon = strchr(line, ':');

    if (!colon)
        return false;
    h->name = (vgi_str){ line, (size_t)(colon - line) };
    h->value = vgi_str_from(colon + 1 + strspn(colon + 1, " "));
    return vgi__http_is_token(h->name) && vgi__http_is_value(h->value);
}

static int read_request(const vgi_http_transfer *given, vgi_arena *mem,
                        vgi__transfer_request *rq, vgi_error *err)
{
    vgi__http_header *headers = vgi_arena_calloc(mem, given->n_headers, sizeof(*headers));
    int rc;

    if (!headers)
        return vgi__fail_nomem(err);
    if (!parse_method(given->method, &rq->method))
        return vgi__fail(err, VGI_EINVAL, "ValueError", "no such HTTP method");
    if ((rc = vgi__url_check(given->url, true, err)) != VGI_OK)
        return rc;
    for (size_t i = 0; i < given->n_headers; i++)
        if (!parse_header(given->headers[i], &headers[i]))
            return vgi__fail(err, VGI_EINVAL, "ValueError",
                             "header %zu is not of the form \"Name: value\"", i);
    rq->url = given->url;
    rq->headers = headers;
    rq->n_headers = given->n_headers;
    rq->max_body = given->max_body ? given->max_body : BODY_BYTES;
    rq->timeout_ms = given->timeout_ms ? given->timeout_ms : TIMEOUT_MS;
    return VGI_OK;
}

/* ---- the answer ---- */

static bool copy(vgi_arena *mem, vgi_str *to, vgi_str from)
{
    char *text = vgi_arena_alloc(mem, from.len);

    if (text && from.len > 0)
        memcpy(text, from.data, from.len);
    *to = (vgi_str){ text, from.len };
    return text != NULL;
}

static int copy_answer(const vgi__transfer_answer *from, vgi_arena *mem,
                       vgi_http_answer *answer, vgi_error *err)
{
    vgi_str *headers = vgi_arena_calloc(mem, from->n_headers, 2 * sizeof(*headers));
    vgi_str body = { from->body ? (const char *)from->body->data : "", from->body_len };
    bool ok = headers != NULL;

    for (size_t i = 0; ok && i < from->n_headers; i++)
        ok = copy(mem, &headers[2 * i], from->headers[i].name) &&
             copy(mem, &headers[2 * i + 1], from->headers[i].value);
    if (!ok || !copy(mem, &body, body))
        return vgi__fail_nomem(err);
    *answer = (vgi_http_answer){ .size = sizeof(*answer),
                                 .status = from->status,
                                 .headers = headers,
                                 .n_headers = from->n_headers,
                                 .body = { (const uint8_t *)body.data, body.len } };
    return VGI_OK;
}

int vgi_http_transfer_run(vgi_http_pool *pool, const vgi_http_transfer *transfer,
                          vgi_arena *mem, vgi_http_answer *answer, vgi_error *err)
{
    vgi_http_transfer given = { 0 };
    struct iovec body;
    vgi__transfer_request rq = { .body = &body };
    vgi__transfer_answer got;
    vgi__transfer *t;
    int rc;

    memcpy(&given, transfer,
           transfer->size < sizeof(given) ? transfer->size : sizeof(given));
    body = (struct iovec){ (void *)(uintptr_t)given.body.data, given.body.len };
    rq.n_body = given.body.len > 0;
    if ((rc = read_request(&given, mem, &rq, err)) != VGI_OK ||
        (rc = vgi__transfer_pool_take(pool->transfers, &t, err)) != VGI_OK)
        return rc;
    rc = vgi__transfer_run(t, &rq, &got, err);
    if (rc == VGI_OK)
        rc = copy_answer(&got, mem, answer, err);
    vgi__block_unref(got.body);
    vgi__transfer_pool_give(pool->transfers, t);
    return rc;
}

vgi_str vgi_http_answer_header(const vgi_http_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->n_headers; i++)
        if (vgi__http_equal(answer->headers[2 * i], name))
            return answer->headers[2 * i + 1];
    return (vgi_str){ NULL, 0 };
}
