/* SPDX-License-Identifier: Apache-2.0 */
/* A parser with a sink that keeps the body, and how a message went. */
#ifndef VGI_TESTS_HTTP_FEEDING_H
#define VGI_TESTS_HTTP_FEEDING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/parser/parser.h"
#include "support/traced.h"

#define BODY_LIMIT 1000

typedef struct feeding {
    vgi__http_parser *parser;
    char body[4096];
    size_t body_len;
    bool sink_fails;
    size_t used; /* bytes consumed since the message began */
} feeding;

static inline int keep_body(void *user, const uint8_t *p, size_t n)
{
    feeding *f = user;
    if (f->sink_fails || n > sizeof(f->body) - f->body_len)
        return VGI_ENOMEM;
    memcpy(f->body + f->body_len, p, n);
    f->body_len += n;
    return VGI_OK;
}

static const vgi__http_parser_limits usual_limits = { .head_bytes = 65536,
                                                      .headers = 100,
                                                      .body_bytes = BODY_LIMIT };

static inline void feeding_open(feeding *f, const vgi__http_parser_limits *limits)
{
    *f = (feeding){ 0 };
    int rc = vgi__http_parser_new(&f->parser, limits, keep_body, f, NULL, NULL);
    assert_int_equal(rc, VGI_OK);
}

static inline void feeding_close(feeding *f)
{
    vgi__http_parser_free(f->parser);
}

/* For the next message. */
static inline void feeding_next(feeding *f)
{
    vgi__http_parser_reset(f->parser);
    f->body_len = 0;
    f->used = 0;
}

/* Feed a message in pieces of `step` bytes, each in memory of its own that goes away, up
 * to its end. The step that it ended with; MORE: the bytes are used up. */
static inline vgi__http_step feed_steps(feeding *f, const char *bytes, size_t n,
                                        size_t step)
{
    vgi__http_step s = VGI__HTTP_MORE;
    f->used = 0;
    for (bool flush = false; s != VGI__HTTP_DONE && s != VGI__HTTP_BAD;) {
        size_t piece = n - f->used < step ? n - f->used : step, used = 0;
        if (piece == 0 && flush)
            break;
        flush = piece == 0; /* what needs no byte more ends with none */
        uint8_t *copy = malloc(piece ? piece : 1);
        if (piece > 0)
            memcpy(copy, bytes + f->used, piece);
        s = vgi__http_parser_feed(f->parser, copy, piece, &used);
        free(copy);
        f->used += used;
    }
    return s;
}

static inline vgi__http_step feed_text(feeding *f, const char *text)
{
    return feed_steps(f, text, strlen(text), SIZE_MAX);
}

static inline int status_of(const feeding *f)
{
    return vgi__http_parser_status(f->parser);
}

#endif
