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
    int64_t length; /* -1: not known */
    bool ranges;
    vgi__coding coding;
    bool complete; /* the answer was the object itself */
    vgi__object whole;
} probe;

static int read_coding(vgi__attempt *attempt, const vgi__transfer_answer *answer,
                       vgi__coding *coding, vgi_error *err)
{
    const vgi_str value = vgi__transfer_header(answer, "Content-Encoding");
    char echo[VGI_ECHO_SIZE];

    *coding = value.len > 0 ? vgi__coding_parse(value) : VGI__CODING_IDENTITY;
    if (vgi__coding_available(*coding))
        return VGI_OK;
    attempt->final = true;
    return vgi__fail(err, VGI_EPROTO, "RuntimeError",
                     "an object has the content coding '%s', which is not known here",
                     vgi__echo(echo, value));
}

/* Statuses of servers that know the request's URL but not its form. */
static bool is_unsupported(int status)
{
    return status == 403 || status == 405 || status == 501;
}

static int probe_by_head(vgi__attempt *attempt, vgi__transfer *t, const char *url,
                         probe *p, vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_HEAD,
        .url = url,
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK || is_unsupported(answer.status))
        return rc;
    if (answer.status != 200)
        return vgi__external_status(attempt, url, answer.status, err);
    if (!vgi__http_decimal(vgi__transfer_header(&answer, "Content-Length"), &p->length))
        p->length = -1;
    p->ranges = vgi__http_equal(vgi__transfer_header(&answer, "Accept-Ranges"), "bytes");
    return read_coding(attempt, &answer, &p->coding, err);
}

static int probe_by_range(vgi__attempt *attempt, vgi__transfer *t, const char *url,
                          probe *p, vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_GET,
        .url = url,
        .range = "bytes=0-0",
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK)
        return rc;
    if (answer.status == 206) {
        p->ranges = vgi__range_total(vgi__transfer_header(&answer, "Content-Range"), 0, 0,
                                     &p->length);
        rc = read_coding(attempt, &answer, &p->coding, err);
    } else if (answer.status == 200) {
        rc = read_coding(attempt, &answer, &p->coding, err);
        p->complete = rc == VGI_OK;
    } else if (answer.status != 416 && !is_unsupported(answer.status)) {
        rc = vgi__external_status(attempt, url, answer.status, err);
    }
    if (p->complete)
        p->whole = (vgi__object){ answer.body, answer.body_len };
    else
        vgi__block_unref(answer.body);
    return rc;
}

/* ---- the object ---- */

static int get(vgi__attempt *attempt, vgi__transfer *t, const char *url, probe *p,
               vgi_error *err)
{
    const vgi__fetch_request rq = {
        .method = VGI__HTTP_GET,
        .url = url,
        .max_body = attempt->external->options.max_fetch_bytes,
    };
    vgi__transfer_answer answer;
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);

    if (rc != VGI_OK)
        return rc;
    if (answer.status == 200)
        rc = read_coding(attempt, &answer, &p->coding, err);
    else
        rc = vgi__external_status(attempt, url, answer.status, err);
    if (rc == VGI_OK)
        p->whole = (vgi__object){ answer.body, answer.body_len };
    else
        vgi__block_unref(answer.body);
    return rc;
}

/* The object as it is stored. */
static int fetch_stored(vgi__attempt *attempt, vgi__transfer *t, const char *url,
                        probe *p, vgi_error *err)
{
    const vgi_external_options *o = &attempt->external->options;
    char name[VGI_ECHO_SIZE];
    int rc = vgi__external_is_presigned(url) ? probe_by_range(attempt, t, url, p, err)
                                             : probe_by_head(attempt, t, url, p, err);

    if (rc != VGI_OK || p->complete)
        return rc;
    if (p->length > o->max_fetch_bytes) {
        attempt->final = true;
        return vgi__fail(err, VGI_ELIMIT, "RuntimeError",
                         "%s has %" PRId64 " bytes, over max_fetch_bytes (%" PRId64 ")",
                         vgi__external_name(name, url), p->length, o->max_fetch_bytes);
    }
    if (p->ranges && p->length >= o->parallel_bytes && p->length > 0)
        return vgi__external_fetch_ranges(attempt, url, p->length, &p->whole, err);
    return get(attempt, t, url, p, err);
}

static int decode(vgi__attempt *attempt, vgi__coding coding, vgi__object *o,
                  vgi_error *err)
{
    const int64_t cap = attempt->external->options.max_decompressed_bytes;
    vgi__object plain = { NULL, 0 };
    int rc;

    if (coding == VGI__CODING_IDENTITY)
        return VGI_OK;
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
    vgi_external *x = attempt->external;
    probe p = { .length = -1, .coding = VGI__CODING_IDENTITY };
    vgi__transfer *t;
    int rc = vgi__memory_fetch(x, url, out, err);

    attempt->final = true;
    if (rc != VGI_END)
        return rc;
    if ((rc = vgi__transfer_pool_take(x->pool, &t, err)) != VGI_OK)
        return rc;
    rc = fetch_stored(attempt, t, url, &p, err);
    vgi__transfer_pool_give(x->pool, t);
    if (rc != VGI_OK)
        return rc;
    atomic_fetch_add(&x->fetch_bytes, p.whole.len);
    rc = decode(attempt, p.coding, &p.whole, err);
    *out = p.whole;
    return rc;
}
