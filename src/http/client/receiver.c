/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client/receiver.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"

/* What an announced length is worth before its bytes come. */
#define TRUSTED_BYTES VGI_BLOCK_MAP_BYTES
#define FIRST_BYTES ((size_t)16 << 10)
/* A larger block is not kept for another answer. */
#define KEPT_BYTES ((size_t)8 << 20)

void vgi__receiver_init(vgi__receiver *r, size_t head_limit, const vgi_allocator *a)
{
    *r = (vgi__receiver){ .allocator = a, .head_limit = head_limit };
    vgi__buffer_init(&r->lines, a, head_limit);
}

void vgi__receiver_free(vgi__receiver *r)
{
    vgi__buffer_free(&r->lines);
    vgi__free(r->allocator, r->headers);
    vgi__block_unref(r->body);
    vgi__block_unref(r->resting);
}

static bool is_free(const vgi__block *b)
{
    return b && vgi__block_unique(b);
}

void vgi__receiver_begin(vgi__receiver *r, uint8_t *into, int64_t max_body)
{
    vgi__buffer_clear(&r->lines);
    r->head_bytes = r->n_headers = r->body_len = 0;
    r->into = into;
    r->max_body = max_body;
    r->rc = VGI_OK;
    if (is_free(r->body))
        return;
    /* The last answer is still being looked at; the one before it is not any more. */
    vgi__block *busy = r->body;
    r->body = is_free(r->resting) ? r->resting : NULL;
    if (!r->body)
        vgi__block_unref(r->resting);
    r->resting = busy;
}

bool vgi__receiver_line(vgi__receiver *r, const char *line, size_t n)
{
    if (n > r->head_limit - r->head_bytes) {
        r->rc = vgi__fail(&r->why, VGI_ELIMIT, NULL,
                          "the head of the answer is over the limit of %zu bytes",
                          r->head_limit);
        return false;
    }
    r->head_bytes += n;
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
        vgi__buffer_clear(&r->lines);
    if (!vgi__buffer_append(&r->lines, line, n))
        r->rc = vgi__fail_nomem(&r->why);
    return r->rc == VGI_OK;
}

static size_t smaller(size_t a, int64_t b)
{
    return (uint64_t)a < (uint64_t)b ? a : (size_t)b;
}

/* Room for `n` more bytes, which are within the limit. */
static bool make_room(vgi__receiver *r, size_t n, int64_t expected)
{
    const size_t need = r->body_len + n;
    if (r->body && r->body->size >= need)
        return true;
    size_t size = r->body ? 2 * r->body->size : FIRST_BYTES;
    if (!r->body && expected >= 0)
        size = smaller(TRUSTED_BYTES, expected);
    size = smaller(size, r->max_body);
    if (size < need)
        size = need;
    if (r->body)
        return vgi__block_grow(&r->body, r->body_len, size) == VGI_OK;
    r->body = vgi__block_new(r->allocator, size);
    return r->body != NULL;
}

bool vgi__receiver_body(vgi__receiver *r, const void *p, size_t n, int64_t expected)
{
    if ((uint64_t)n > (uint64_t)r->max_body - r->body_len) {
        r->rc = vgi__fail(&r->why, VGI_ELIMIT, NULL,
                          "the answer is over the limit of %lld bytes",
                          (long long)r->max_body);
        return false;
    }
    if (!r->into && !make_room(r, n, expected)) {
        r->rc = vgi__fail_nomem(&r->why);
        return false;
    }
    memcpy((r->into ? r->into : r->body->data) + r->body_len, p, n);
    r->body_len += n;
    return true;
}

static vgi_str trim(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    while (p < end && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    return (vgi_str){ p, (size_t)(end - p) };
}

/* A line without a colon (the status, the empty one, a folded one) is no header. */
static bool split(const char *line, const char *end, vgi__http_header *h)
{
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (!colon || colon == line || *line == ' ' || *line == '\t')
        return false;
    h->name = (vgi_str){ line, (size_t)(colon - line) };
    h->value = trim(colon + 1, end);
    return true;
}

int vgi__receiver_headers(vgi__receiver *r, vgi_error *err)
{
    const char *p = (const char *)r->lines.data;
    const char *end = r->lines.len ? p + r->lines.len : p;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        const char *stop = nl ? nl : end;
        if (!vgi__grow(r->allocator, (void **)&r->headers, &r->headers_cap,
                       r->n_headers + 1, sizeof(*r->headers)))
            return vgi__fail_nomem(err);
        if (split(p, stop, &r->headers[r->n_headers]))
            r->n_headers++;
        p = nl ? nl + 1 : end;
    }
    return VGI_OK;
}

vgi__block *vgi__receiver_take(vgi__receiver *r)
{
    vgi__block *body = r->body;
    if (r->body_len == 0 || r->into)
        return NULL;
    if (body->size <= KEPT_BYTES)
        return vgi__block_ref(body);
    r->body = NULL;
    return body;
}
