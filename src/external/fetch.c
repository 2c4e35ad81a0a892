/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one attempt at an object.
 *
 * A probe asks how long the object is, and whether parts of it can be had: HEAD, or, for
 * URLs that are signed for GET alone, a GET of the first byte. A server that knows no
 * HEAD, or no ranges, is asked for the object straight away. What is too long is refused
 * before a byte of it comes; what turns out to be, while it comes.
 *
 * Redirects are followed here and not by libcurl, because each of them leads to a URL
 * that has to be allowed. No header is sent that would be a secret to the next host.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "external/external.h"
#include "external/range.h"
#include "http/client/url.h"
#include "http/proto/fields.h"

/* ---- requests ---- */

/* Where a redirect leads; false: it is none. */
static bool redirects(const vgi__transfer_answer *answer)
{
    switch (answer->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return true;
    default:
        return false;
    }
}

static int run(vgi__attempt *attempt, vgi__transfer *t, const vgi__fetch_request *rq,
               const char *url, vgi__transfer_answer *answer, vgi_error *err)
{
    const vgi__http_header range = { VGI_LIT("Range"), vgi_str_from(rq->range) };
    const vgi__transfer_request request = { .method = rq->method,
                                            .url = url,
                                            .headers = &range,
                                            .n_headers = rq->range != NULL,
                                            .max_body = rq->max_body,
                                            .into = rq->into,
                                            .stop = rq->stop,
                                            .timeout_ms = vgi__attempt_ms(attempt) };
    int rc = vgi__external_allows(attempt->external, url, err);

    attempt->final = true;
    if (rc != VGI_OK)
        return rc;
    rc = vgi__transfer_run(t, &request, answer, err);
    attempt->final = answer->refused || rc == VGI_ELIMIT || rc == VGI_ENOMEM;
    return rc;
}

int vgi__external_follow(vgi__attempt *attempt, vgi__transfer *t,
                         const vgi__fetch_request *rq, vgi__transfer_answer *answer,
                         vgi_error *err)
{
    vgi__buffer url, next;
    int rc;

    vgi__buffer_init(&url, NULL, SIZE_MAX);
    vgi__buffer_init(&next, NULL, SIZE_MAX);
    vgi__buffer_append(&url, rq->url, strlen(rq->url) + 1);
    rc = url.failed ? vgi__fail_nomem(err) : VGI_OK;
    for (unsigned hops = 0; rc == VGI_OK; hops++) {
        rc = run(attempt, t, rq, (const char *)url.data, answer, err);
        if (rc != VGI_OK || !redirects(answer))
            break;
        vgi__block_unref(answer->body);
        answer->body = NULL;
        attempt->final = true;
        if (hops == attempt->external->options.max_redirects)
            rc = vgi__fail(err, VGI_ELIMIT, "RuntimeError", "more than %u redirects",
                           hops);
        else
            rc = vgi__url_join((const char *)url.data,
                               vgi__transfer_header(answer, "Location"), &next, err);
        const vgi__buffer other = url;
        url = next;
        next = other;
    }
    vgi__buffer_free(&url);
    vgi__buffer_free(&next);
    return rc;
}

int vgi__external_status(vgi__attempt *attempt, const char *url, int status,
                         vgi_error *err)
{
    char name[VGI_ECHO_SIZE];

    attempt->final = status < 500 && status != 408 && status != 429;
    return vgi__fail(err, VGI_EIO, "RuntimeError", "%s: HTTP %d",
                     vgi__external_name(name, url), status);
}

/* ---- the probe ---- */

/* What is known of an object before it is fetched. */
typedef struct probe {
    vgi__whole whole; /* its length -1: not known */
    bool ranges;
    bool complete; /* the answer was the object itself: */
    vgi__object object;
} probe;

vgi__coding vgi__external_coding(const vgi__transfer_answer *answer)
{
    const vgi_str value = vgi__transfer_header(answer, "Content-Encoding");

    return value.len > 0 ? vgi__coding_parse(value) : VGI__CODING_IDENTITY;
}

static int read_coding(vgi__attempt *attempt, const vgi__transfer_answer *answer,
                       vgi__coding *coding, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];

    *coding = vgi__external_coding(answer);
    if (vgi__coding_available(*coding))
        return VGI_OK;
    attempt->final = true;
    return vgi__fail(err, VGI_EPROTO, "RuntimeError",
                     "an object has the content coding '%s', which is not known here",
                     vgi__echo(echo, vgi__transfer_header(answer, "Content-Encoding")));
}

/* What an answer tells of the whole object. */
static int read_headers(vgi__attempt *attempt, const vgi__transfer_answer *answer,
                        probe *p, vgi_error *err)
{
    const vgi_str etag = vgi__transfer_header(answer, "ETag");

    if (etag.len > 0 && etag.len < sizeof(p->whole.etag))
        memcpy(p->whole.etag, etag.data, etag.len);
    return read_coding(attempt, answer, &p->whole.coding, err);
}

/* Statuses of servers that know the request's URL but not its form. */
static bool is_unsupported(int status)
{
    return status == 403 || status == 405 || status == 501;
}

static int probe_by_head(vgi__attempt *attempt, vgi__transfer *t, probe *p,
                         vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_HEAD,
        .url = p->whole.url,
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK || is_unsupported(answer.status))
        return rc;
    if (answer.status != 200)
        return vgi__external_status(attempt, rq.url, answer.status, err);
    if (!vgi__http_decimal(vgi__transfer_header(&answer, "Content-Length"),
                           &p->whole.length))
        p->whole.length = -1;
    p->ranges = vgi__http_equal(vgi__transfer_header(&answer, "Accept-Ranges"), "bytes");
    return read_headers(attempt, &answer, p, err);
}

/* The object itself, in an answer. */
static int take_object(vgi__attempt *attempt, vgi__transfer_answer *answer, probe *p,
                       vgi_error *err)
{
    const int rc = read_coding(attempt, answer, &p->whole.coding, err);

    if (rc != VGI_OK)
        return rc;
    p->complete = true;
    p->object = (vgi__object){ answer->body, answer->body_len };
    answer->body = NULL;
    return VGI_OK;
}

static int probe_by_range(vgi__attempt *attempt, vgi__transfer *t, probe *p,
                          vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_GET,
        .url = p->whole.url,
        .range = "bytes=0-0",
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK)
        return rc;
    if (answer.status == 206) {
        p->ranges = vgi__range_total(vgi__transfer_header(&answer, "Content-Range"), 0, 0,
                                     &p->whole.length);
        rc = read_headers(attempt, &answer, p, err);
    } else if (answer.status == 200) {
        rc = take_object(attempt, &answer, p, err);
    } else if (answer.status != 416 && !is_unsupported(answer.status)) {
        rc = vgi__external_status(attempt, rq.url, answer.status, err);
    }
    vgi__block_unref(answer.body);
    return rc;
}

/* ---- the object ---- */

static int get(vgi__attempt *attempt, vgi__transfer *t, probe *p, vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_GET,
        .url = p->whole.url,
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK)
        return rc;
    if (answer.status == 200)
        rc = take_object(attempt, &answer, p, err);
    else
        rc = vgi__external_status(attempt, rq.url, answer.status, err);
    vgi__block_unref(answer.body);
    return rc;
}

static bool is_long(const vgi__attempt *attempt, const probe *p)
{
    return p->ranges && p->whole.length > 0 &&
           p->whole.length >= attempt->external->options.parallel_bytes;
}

/* Over one connection: all of the object, or what is to know of a long one. */
static int fetch_simply(vgi__attempt *attempt, probe *p, vgi_error *err)
{
    const int64_t most = attempt->external->options.max_fetch_bytes;
    vgi__transfer_pool *pool = attempt->external->pool;
    char name[VGI_ECHO_SIZE];
    vgi__transfer *t;
    int rc = vgi__transfer_pool_take(pool, &t, err);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__external_is_presigned(p->whole.url) ? probe_by_range(attempt, t, p, err)
                                                  : probe_by_head(attempt, t, p, err);
    if (rc == VGI_OK && p->whole.length > most) {
        attempt->final = true;
        rc = vgi__fail(err, VGI_ELIMIT, "RuntimeError",
                       "%s has %" PRId64 " bytes, over max_fetch_bytes (%" PRId64 ")",
                       vgi__external_name(name, p->whole.url), p->whole.length, most);
    }
    if (rc == VGI_OK && !p->complete && !is_long(attempt, p))
        rc = get(attempt, t, p, err);
    vgi__transfer_pool_give(pool, t);
    return rc;
}

static int decode(vgi__attempt *attempt, vgi__coding coding, vgi__object *o,
                  vgi_error *err)
{
    const int64_t cap = attempt->external->options.max_decompressed_bytes;
    vgi__object plain = { NULL, 0 };
    int rc;

    if (coding == VGI__CODING_IDENTITY && o->len <= (uint64_t)cap)
        return VGI_OK;
    if (coding == VGI__CODING_IDENTITY)
        rc = vgi__fail(err, VGI_ELIMIT, "RuntimeError",
                       "an object has %zu bytes, over max_decompressed_bytes (%" PRId64
                       ")",
                       o->len, cap);
    else
        rc = vgi__coding_decode(coding, o->block ? o->block->data : (const uint8_t *)"",
                                o->len, (size_t)cap, NULL, &plain.block, &plain.len, err);
    attempt->final = rc == VGI_ELIMIT || rc == VGI_ENOMEM;
    vgi__block_unref(o->block);
    *o = plain;
    return rc;
}

int vgi__external_fetch(vgi__attempt *attempt, const char *url, vgi__object *out,
                        vgi_error *err)
{
    probe p = { .whole = { .url = url, .length = -1, .coding = VGI__CODING_IDENTITY } };
    int rc = vgi__memory_fetch(attempt->external, url, out, err);

    attempt->final = true;
    if (rc != VGI_END)
        return rc;
    rc = fetch_simply(attempt, &p, err);
    if (rc == VGI_OK && !p.complete)
        rc = vgi__external_fetch_ranges(attempt, &p.whole, &p.object, err);
    if (rc != VGI_OK)
        return rc;
    atomic_fetch_add(&attempt->external->fetch_bytes, p.object.len);
    rc = decode(attempt, p.whole.coding, &p.object, err);
    *out = p.object;
    return rc;
}
