/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one range of an object. Nothing but exactly the range that was asked for
 * counts, and only of the object that was probed: a server that sends the whole object
 * instead would otherwise fill its block with its beginning, over and over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "external/external.h"
#include "external/range.h"
#include "http/proto/fields.h"

/* An answer may be this long whatever was asked for: it may be a refusal. */
#define ANSWER_BYTES ((int64_t)64 << 10)

/* ---- Content-Range ---- */

/* Digits at the beginning of *s, which moves behind them and `end`. */
static bool take_number(vgi_str *s, char end, int64_t *value)
{
    const char *stop = memchr(s->data, end, s->len);
    const size_t n = stop ? (size_t)(stop - s->data) : s->len;

    if (!stop || !vgi__http_decimal((vgi_str){ s->data, n }, value))
        return false;
    s->data += n + 1;
    s->len -= n + 1;
    return true;
}

bool vgi__range_total(vgi_str content_range, int64_t first, int64_t last, int64_t *total)
{
    static const char unit[] = "bytes ";
    const size_t n = sizeof(unit) - 1;
    int64_t from, to;

    if (content_range.len < n ||
        !vgi__http_equal((vgi_str){ content_range.data, n }, unit))
        return false;
    vgi_str rest = { content_range.data + n, content_range.len - n };
    return take_number(&rest, '-', &from) && take_number(&rest, '/', &to) &&
           vgi__http_decimal(rest, total) && from == first && to == last && *total > last;
}

/* ---- the bytes ---- */

/* Is it the range, and of the same object? */
static bool is_range(const vgi__range *r, const vgi__transfer_answer *answer)
{
    const vgi__whole *whole = r->whole;
    const vgi_str range = vgi__transfer_header(answer, "Content-Range");
    int64_t total;

    return answer->status == 206 &&
           answer->body_len == (uint64_t)(r->last - r->first) + 1 &&
           vgi__range_total(range, r->first, r->last, &total) && total == whole->length &&
           vgi__external_coding(answer) == whole->coding &&
           (!*whole->etag ||
            vgi_str_eq(vgi__transfer_header(answer, "ETag"), whole->etag));
}

static int wrong_range(vgi__attempt *attempt, const vgi__range *r, vgi_error *err)
{
    char name[VGI_ECHO_SIZE];

    attempt->final = true;
    return vgi__fail(err, VGI_EPROTO, "RuntimeError",
                     "%s: asked for bytes %" PRId64 " to %" PRId64
                     ", the server sent something else",
                     vgi__external_name(name, r->whole->url), r->first, r->last);
}

int vgi__range_fetch(vgi__attempt *attempt, vgi__transfer *t, const vgi__range *r,
                     vgi__block **block, vgi_error *err)
{
    const int64_t n = r->last - r->first + 1;
    char range[64];
    const vgi__fetch_request rq = { .method = VGI__HTTP_GET,
                                    .url = r->whole->url,
                                    .range = range,
                                    .max_body = n > ANSWER_BYTES ? n : ANSWER_BYTES,
                                    .into = n >= ANSWER_BYTES ? r->into : NULL,
                                    .stop = r->stop };
    vgi__transfer_answer answer;

    (void)snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, r->first, r->last);
    int rc = vgi__external_follow(attempt, t, &rq, &answer, err);
    if (rc == VGI_ELIMIT)
        return wrong_range(attempt, r, err);
    if (rc != VGI_OK)
        return rc;
    if (answer.status != 206 && answer.status != 200)
        rc = vgi__external_status(attempt, r->whole->url, answer.status, err);
    else if (!is_range(r, &answer))
        rc = wrong_range(attempt, r, err);
    if (rc == VGI_OK && r->into && answer.body)
        memcpy(r->into, answer.body->data, answer.body_len);
    if (rc == VGI_OK && !r->into)
        *block = answer.body;
    else
        vgi__block_unref(answer.body);
    return rc;
}
