/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one request, however many transfers it takes.
 *
 * Repeated are: a request that cannot have reached the server, and one that may be
 * executed twice (introspection, the next batch of a producer) when the connection broke
 * or a proxy lost its server, both after a pause that doubles; and, once and at once, a
 * compressed request which the server refuses for its coding (415), in a form that it
 * takes.
 *
 * Requests are compressed only for a server that is known to take it: it lists its
 * codings in each answer. A server of the seed epoch lists none and takes zstd; it is
 * known by the header that says whether it externalizes.
 */
#include "client/http.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/random.h"
#include "http/proto/fields.h"

#define FIRST_PAUSE_MS 100U
#define LONGEST_PAUSE_MS 5000U
#define ZSTD_LEVEL 1
#define GZIP_LEVEL 1
/* A larger buffer of a coded request is not kept for the next one. */
#define KEPT_BYTES ((size_t)8 << 20)

void vgi__http_peer_init(vgi__http_peer *p, const vgi_allocator *a)
{
    *p = (vgi__http_peer){ .allocator = a };
    vgi__buffer_init(&p->url, a, SIZE_MAX);
    vgi__buffer_init(&p->coded, a, SIZE_MAX);
}

void vgi__http_peer_free(vgi__http_peer *p)
{
    vgi__transfer_free(p->transfer);
    for (size_t i = 0; i < p->n_headers; i++)
        vgi__free(p->allocator, p->texts[i]);
    vgi__free(p->allocator, p->texts);
    vgi__free(p->allocator, p->headers);
    vgi__free(p->allocator, p->base);
    vgi__buffer_free(&p->url);
    vgi__buffer_free(&p->coded);
}

/* ---- what the server takes ---- */

/* From the headers that every answer of a server has. */
static void learn(vgi__http_peer *p, const vgi__transfer_answer *answer)
{
    vgi_str codings = vgi__transfer_header(answer, "VGI-Supported-Encodings");
    vgi_str seed = vgi__transfer_header(answer, "VGI-Externalization-Enabled");
    vgi_str most = vgi__transfer_header(answer, "VGI-Max-Request-Bytes");
    vgi_str token;

    if (codings.data) {
        memset(p->takes, 0, sizeof(p->takes));
        while (vgi__http_next_token(&codings, &token)) {
            const vgi__coding c = vgi__coding_parse(token);
            if (c != VGI__CODING_UNKNOWN)
                p->takes[c] = true;
        }
    } else if (seed.data) {
        p->takes[VGI__CODING_ZSTD] = true;
    }
    p->uploads =
        vgi__http_equal(vgi__transfer_header(answer, "VGI-Upload-URL-Support"), "true");
    if (!vgi__http_decimal(vgi__transfer_header(answer, "VGI-Max-Upload-Bytes"),
                           &p->max_upload))
        p->max_upload = 0;
    if (most.data && (!vgi__http_decimal(most, &p->max_request) || p->max_request < 0))
        p->max_request = 0;
}

static vgi__coding choose(const vgi__http_peer *p, size_t bytes)
{
    static const vgi__coding preferred[] = { VGI__CODING_ZSTD, VGI__CODING_GZIP };

    if (!p->compress || bytes < p->min_bytes)
        return VGI__CODING_IDENTITY;
    for (size_t i = 0; i < sizeof(preferred) / sizeof(*preferred); i++) {
        if (p->takes[preferred[i]] && vgi__coding_available(preferred[i]))
            return preferred[i];
    }
    return VGI__CODING_IDENTITY;
}

/* ---- the request ---- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_segment(vgi__buffer *url, vgi_str name)
{
    vgi__buffer_char(url, '/');
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (is_unreserved(c))
            vgi__buffer_char(url, c);
        else
            vgi__buffer_printf(url, "%%%02X", (unsigned char)c);
    }
}

static int make_url(vgi__http_peer *p, const vgi__http_route *route, vgi_error *err)
{
    vgi__buffer_clear(&p->url);
    vgi__buffer_str(&p->url, p->base);
    if (route->protocol.data)
        add_segment(&p->url, route->protocol);
    add_segment(&p->url, route->method);
    vgi__buffer_str(&p->url, route->tail);
    vgi__buffer_char(&p->url, '\0');
    return p->url.failed ? vgi__fail_nomem(err) : VGI_OK;
}

static void set_header(vgi__transfer_request *rq, vgi__http_header *at, const char *name,
                       const char *value)
{
    at[rq->n_headers++] = (vgi__http_header){ vgi_str_from(name), vgi_str_from(value) };
}

/* The headers of the caller, then ours. */
static void set_headers(vgi__http_peer *p, vgi__coding coding, vgi__transfer_request *rq)
{
    rq->headers = p->headers;
    rq->n_headers = p->n_headers;
    set_header(rq, p->headers, "Content-Type", VGI__ARROW_TYPE);
    if (p->compress)
        set_header(rq, p->headers, "Accept-Encoding",
                   vgi__coding_available(VGI__CODING_ZSTD) ? "zstd, gzip" : "gzip");
    if (coding != VGI__CODING_IDENTITY)
        set_header(rq, p->headers, "Content-Encoding", vgi__coding_name(coding));
}

/* Wait, longer each time, and not as long as others do who lost the same server. */
static void pause_before(unsigned attempt)
{
    unsigned ms = FIRST_PAUSE_MS, jitter;

    while (attempt-- > 0 && ms < LONGEST_PAUSE_MS)
        ms *= 2;
    vgi__random_bytes(&jitter, sizeof(jitter));
    ms = ms / 2 + jitter % ms;
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* Could it go better the next time, without doing harm? */
static bool worth_repeating(int rc, const vgi__transfer_answer *answer, bool idempotent)
{
    if (rc != VGI_OK)
        return answer->untouched || (idempotent && (rc == VGI_ECLOSED || rc == VGI_EIO));
    /* A proxy has lost the server that it sent us to. */
    return idempotent && answer->status >= 502 && answer->status <= 504;
}

static int run(const vgi__http_peer *p, const vgi__transfer_request *rq, bool idempotent,
               vgi__transfer_answer *answer, vgi_error *err)
{
    for (unsigned attempt = 0;; attempt++) {
        const int rc = vgi__transfer_run(p->transfer, rq, answer, err);
        if (attempt >= p->retries || !worth_repeating(rc, answer, idempotent))
            return rc;
        vgi__block_unref(answer->body);
        pause_before(attempt);
    }
}

/* ---- the answer ---- */

/* Undo one content coding. */
static int decode(const vgi__http_peer *p, vgi_str name, vgi__transfer_answer *answer,
                  vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi__block *plain = NULL;
    size_t len = 0;

    if (!name.data || !answer->body)
        return VGI_OK;
    const vgi__coding coding = vgi__coding_parse(name);
    if (coding == VGI__CODING_IDENTITY)
        return VGI_OK;
    if (coding == VGI__CODING_UNKNOWN)
        return vgi__fail(
            err, VGI_EPROTO, NULL,
            "the answer has the content coding '%s', which was not asked for",
            vgi__echo(echo, name));
    const int rc =
        vgi__coding_decode(coding, answer->body->data, answer->body_len,
                           (size_t)p->max_answer, p->allocator, &plain, &len, err);
    if (rc != VGI_OK)
        return rc;
    vgi__block_unref(answer->body);
    answer->body = plain;
    answer->body_len = len;
    return VGI_OK;
}

/* Take what came as an answer of the RPC surface. */
static int accept(const vgi__http_peer *p, const vgi__http_route *route,
                  vgi__transfer_answer *answer, size_t request_bytes,
                  vgi__http_body *body, vgi_error *err)
{
    /* A proxy may have put its coding around the server's. */
    int rc = decode(p, vgi__transfer_header(answer, "Content-Encoding"), answer, err);

    if (rc == VGI_OK)
        rc = decode(p, vgi__transfer_header(answer, "X-VGI-Content-Encoding"), answer,
                    err);
    if (rc == VGI_OK &&
        (!answer->body || !vgi__http_is_type(vgi__transfer_header(answer, "Content-Type"),
                                             VGI__ARROW_TYPE)))
        rc = vgi__http_refusal(p, route, answer, request_bytes, err);
    if (rc != VGI_OK) {
        vgi__block_unref(answer->body);
        return rc;
    }
    *body = (vgi__http_body){ answer->body, answer->body_len };
    return VGI_OK;
}

/* The body of a request as it is sent. */
typedef struct payload {
    struct iovec *iov;
    size_t n, bytes;
    struct iovec coded; /* what `iov` is then */
} payload;

static int encode(vgi__http_peer *p, vgi__coding coding, payload *body, vgi_error *err)
{
    vgi__buffer_clear(&p->coded);
    const int rc =
        vgi__coding_encode(coding, coding == VGI__CODING_ZSTD ? ZSTD_LEVEL : GZIP_LEVEL,
                           body->iov, body->n, &p->coded, err);

    if (rc == VGI_OK) {
        body->coded = (struct iovec){ p->coded.data, p->coded.len };
        body->iov = &body->coded;
        body->n = 1;
        body->bytes = p->coded.len;
    }
    return rc;
}

/* One form of the request, sent. *coding: what it came to. */
static int send_as(vgi__http_peer *p, const vgi__http_route *route, payload body,
                   vgi__coding *coding, vgi__transfer_answer *answer, vgi_error *err)
{
    vgi__transfer_request rq = { .method = VGI__HTTP_POST,
                                 .url = (const char *)p->url.data,
                                 .max_body = p->max_answer,
                                 .once = !route->idempotent };
    int rc = VGI_END;

    if (*coding != VGI__CODING_IDENTITY)
        rc = encode(p, *coding, &body, err);
    if (rc == VGI_END) /* it would not be smaller */
        *coding = VGI__CODING_IDENTITY;
    else if (rc != VGI_OK)
        return rc;
    p->too_large = p->max_request > 0 && (uint64_t)body.bytes > (uint64_t)p->max_request;
    if (p->too_large)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "the request has %zu bytes, the server takes at most %lld",
                         body.bytes, (long long)p->max_request);
    set_headers(p, *coding, &rq);
    rq.body = body.iov;
    rq.n_body = body.n;
    rc = run(p, &rq, route->idempotent, answer, err);
    if (rc == VGI_OK) {
        learn(p, answer);
        p->too_large = answer->status == 413;
    }
    return rc;
}

static int send_all(vgi__http_peer *p, const vgi__http_route *route, payload body,
                    vgi__transfer_answer *answer, vgi_error *err)
{
    vgi__coding coding = choose(p, body.bytes);
    int rc = send_as(p, route, body, &coding, answer, err);

    if (rc != VGI_OK || answer->status != 415 || coding == VGI__CODING_IDENTITY)
        return rc;
    if (!vgi__transfer_header(answer, "VGI-Supported-Encodings").data)
        memset(p->takes, 0, sizeof(p->takes));
    const vgi__coding refused = coding;
    coding = choose(p, body.bytes);
    if (coding == refused)
        return rc;
    vgi__block_unref(answer->body);
    return send_as(p, route, body, &coding, answer, err);
}

int vgi__http_post(vgi__http_peer *p, const vgi__http_route *route, vgi__writer *w,
                   vgi__http_body *body, vgi_error *err)
{
    vgi__transfer_answer answer = { 0 };
    payload all = { .bytes = vgi__writer_pending(w) };
    int rc = make_url(p, route, err);

    p->too_large = false;
    if (rc == VGI_OK)
        rc = vgi__writer_view(w, &all.iov, &all.n, err);
    if (rc == VGI_OK)
        rc = send_all(p, route, all, &answer, err);
    if (rc == VGI_OK)
        rc = accept(p, route, &answer, all.bytes, body, err);
    vgi__writer_clear(w);
    if (p->coded.cap > KEPT_BYTES)
        vgi__buffer_free(&p->coded);
    return rc;
}
