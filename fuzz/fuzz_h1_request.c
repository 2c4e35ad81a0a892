/* SPDX-License-Identifier: Apache-2.0 */
/* The request parser on any bytes: what it makes of a connection must not depend on the
 * pieces that the bytes come in, and what it accepts must keep its rules. The first byte
 * chooses the limits, the second one the pieces. */
#include <stdlib.h>
#include <string.h>

#include "http/parser/parser.h"
#include "http/proto/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const vgi__http_parser_limits limits[] = {
    { .head_bytes = 512, .headers = 8, .body_bytes = 64 },
    { .head_bytes = 65536, .headers = 100, .body_bytes = 1 << 20 },
};

/* What a connection was understood as. */
typedef struct record {
    const vgi__http_parser_limits *limits;
    vgi__buffer text; /* requests, then how it ended */
    vgi__buffer body; /* of the running request */
} record;

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static int keep_body(void *user, const uint8_t *p, size_t n)
{
    record *r = user;
    expect(n <= (size_t)r->limits->body_bytes - r->body.len);
    return vgi__buffer_append(&r->body, p, n) ? VGI_OK : VGI_ENOMEM;
}

static void note(record *r, const void *p, size_t n)
{
    vgi__buffer_printf(&r->text, "%zu:", n);
    vgi__buffer_append(&r->text, p, n);
}

static size_t count(const vgi__http_request *rq, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < rq->n_headers; i++)
        n += vgi__http_equal(rq->headers[i].name, name);
    return n;
}

static void check_head(const record *r, const vgi__http_request *rq)
{
    size_t hosts = count(rq, "host");
    bool chunked = vgi__http_find(rq, "transfer-encoding").data != NULL;
    expect(rq->minor == 0 || rq->minor == 1);
    expect(hosts == 1 || (hosts == 0 && rq->minor == 0));
    expect(!chunked || (rq->minor == 1 && count(rq, "content-length") == 0));
    expect(count(rq, "content-length") <= 1);
    expect(rq->n_headers <= r->limits->headers);
    expect(rq->path.len > 0 && (rq->path.data[0] == '/' || rq->path.data[0] == '*'));
    expect(vgi__http_is_token(rq->verb));
    for (size_t i = 0; i < rq->n_headers; i++) {
        expect(vgi__http_is_token(rq->headers[i].name));
        expect(vgi__http_is_value(rq->headers[i].value));
    }
}

static void note_request(record *r, const vgi__http_parser *p)
{
    const vgi__http_request *rq = vgi__http_parser_head(p);
    int64_t length = vgi__http_parser_length(p);
    check_head(r, rq);
    expect(length < 0 || (size_t)length == r->body.len);
    vgi__buffer_printf(&r->text, "%d %d %d %d ", (int)rq->method, rq->minor,
                       (int)rq->keep_alive, (int)vgi__http_parser_expects(p));
    note(r, rq->verb.data, rq->verb.len);
    note(r, rq->path.data, rq->path.len);
    note(r, rq->query.data, rq->query.len);
    for (size_t i = 0; i < rq->n_headers; i++) {
        note(r, rq->headers[i].name.data, rq->headers[i].name.len);
        note(r, rq->headers[i].value.data, rq->headers[i].value.len);
    }
    note(r, r->body.data, r->body.len);
}

static void note_refusal(record *r, const vgi__http_parser *p)
{
    int status = vgi__http_parser_status(p);
    expect(status == 400 || (status >= 413 && status <= 431));
    expect(vgi__http_parser_reason(p)[0] != '\0');
    vgi__buffer_printf(&r->text, "refused %d", status);
}

static size_t piece_of(uint32_t *seed, size_t left)
{
    if (*seed == 0 || left == 0)
        return left;
    *seed = *seed * 1664525u + 1013904223u;
    size_t n = 1 + (*seed >> 24) % 23;
    return n < left ? n : left;
}

/* Feed a connection; `seed` 0: all that is there at once. */
static void run(record *r, const uint8_t *data, size_t size, uint32_t seed)
{
    vgi__http_parser *p = NULL;
    vgi__http_step s = VGI__HTTP_MORE;
    bool last = false;
    if (vgi__http_parser_new(&p, r->limits, keep_body, r, NULL, NULL) != VGI_OK)
        abort();
    while (s != VGI__HTTP_BAD && !last) {
        size_t used, n = piece_of(&seed, size);
        last = n == 0; /* a message may end with no byte more */
        uint8_t *piece = malloc(n ? n : 1);
        expect(piece != NULL);
        memcpy(piece, data, n);
        s = vgi__http_parser_feed(p, piece, n, &used);
        free(piece);
        expect(used <= n && (used == n || s != VGI__HTTP_MORE));
        data += used;
        size -= used;
        if (s == VGI__HTTP_DONE) {
            note_request(r, p);
            vgi__http_parser_reset(p);
            vgi__http_parser_shrink(p);
            vgi__buffer_clear(&r->body);
        }
    }
    if (s == VGI__HTTP_BAD)
        note_refusal(r, p);
    else
        vgi__buffer_printf(&r->text, "open %d", (int)vgi__http_parser_fresh(p));
    vgi__http_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    record ways[2]; /* in one piece, in many */
    if (size < 2)
        return 0;
    for (int i = 0; i < 2; i++) {
        record *r = &ways[i];
        r->limits = &limits[data[0] & 1];
        vgi__buffer_init(&r->text, NULL, SIZE_MAX);
        vgi__buffer_init(&r->body, NULL, SIZE_MAX);
        run(r, data + 2, size - 2, i == 0 ? 0 : data[1] + 1u);
        expect(!r->text.failed);
    }
    expect(ways[0].text.len == ways[1].text.len);
    expect(memcmp(ways[0].text.data, ways[1].text.data, ways[0].text.len) == 0);
    for (int i = 0; i < 2; i++) {
        vgi__buffer_free(&ways[i].text);
        vgi__buffer_free(&ways[i].body);
    }
    return 0;
}
