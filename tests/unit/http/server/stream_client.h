/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the streams of flow.h, one request at a time. */
#ifndef VGI_TESTS_HTTP_SERVER_STREAM_CLIENT_H
#define VGI_TESTS_HTTP_SERVER_STREAM_CLIENT_H

#include <stdio.h>
#include <string.h>

#include "support/http/server/surface.h"
#include "support/rpc/flow.h"

typedef struct flow {
    surface s;
    char token[8192]; /* of the last answer */
} flow;

static inline void begin(flow *f, const vgi_http_options *http)
{
    memset(&flow_saw, 0, sizeof(flow_saw));
    f->token[0] = '\0';
    surface_begin_with(&f->s, http, &flow_service);
}

static inline void end(flow *f)
{
    surface_end(&f->s);
}

/* ---- requests ---- */

static inline int init(flow *f, const char *method, int64_t n)
{
    const flow_number row = { n };
    char path[64];

    (void)snprintf(path, sizeof(path), "/%s/init", method);
    talk_request(&f->s.talk, SEED(method), VGI_FROM(flow_number, &row), 1);
    return surface_post(&f->s, path);
}

/* The token with an input of one number, or with none, and perhaps one more pair. */
static inline int go_on_with(flow *f, const char *method, const int64_t *n, vgi_pair more)
{
    vgi_pair pairs[2] = { { VGI_LIT(VGI_KEY_STREAM_STATE), vgi_str_from(f->token) },
                          more };
    const vgi_metadata m = { pairs, more.key.data ? 2 : 1 };
    conversation *t = &f->s.talk;
    vgi_batch *b = NULL;
    char path[64];

    (void)snprintf(path, sizeof(path), "/%s/exchange", method);
    if (n) {
        const flow_number row = { *n };

        assert_int_equal(vgi_batch_from_rows(&b, VGI_FROM(flow_number, &row), 1, NULL),
                         VGI_OK);
    }
    talk_input(t, b ? b->schema : NULL);
    int rc = b ? vgi__writer_batch(t->writer, b->root, &m, NULL)
               : vgi__writer_empty_batch(t->writer, &m, NULL);
    assert_int_equal(rc, VGI_OK);
    talk_input_end(t);
    vgi_batch_unref(b);
    return surface_post(&f->s, path);
}

static inline int go_on(flow *f, const char *method)
{
    return go_on_with(f, method, NULL, (vgi_pair){ { NULL, 0 }, { NULL, 0 } });
}

static inline int exchange(flow *f, const char *method, int64_t n)
{
    return go_on_with(f, method, &n, (vgi_pair){ { NULL, 0 }, { NULL, 0 } });
}

/* ---- answers ---- */

static inline void take_token(flow *f)
{
    const char *token = talk_key(&f->s.talk, VGI_KEY_STREAM_STATE);

    assert_non_null(token);
    assert_true(strlen(token) < sizeof(f->token));
    memcpy(f->token, token, strlen(token) + 1);
}

/* A batch of no rows with nothing but a token. */
static inline void expect_token(flow *f)
{
    talk_expect_rows(&f->s.talk, 0);
    assert_int_equal(f->s.talk.batch.metadata.count, 1);
    take_token(f);
}

static inline void expect_number(flow *f, const char *column, int64_t n)
{
    vgi_i64s items;

    talk_expect_rows(&f->s.talk, 1);
    assert_int_equal(vgi_batch_i64(&f->s.talk.batch, column, &items), VGI_OK);
    assert_int_equal(items.items[0], n);
}

/* An answer of an exchange: one row, with the next token. */
static inline void expect_sum(flow *f, int64_t n)
{
    talk_expect_stream(&f->s.talk, 1);
    expect_number(f, "n", n);
    take_token(f);
    talk_expect_end(&f->s.talk);
    talk_expect_no_more(&f->s.talk);
}

/* The whole answer is an exception. */
static inline void expect_failure(flow *f, size_t columns, const char *type,
                                  const char *text)
{
    talk_expect_stream(&f->s.talk, columns);
    talk_expect_exception(&f->s.talk, type, text);
    talk_expect_end(&f->s.talk);
    talk_expect_no_more(&f->s.talk);
}

static inline void expect_refusal(flow *f, int status, const char *type, const char *text)
{
    assert_int_equal(f->s.response.status, status);
    surface_expect(&f->s, "X-VGI-RPC-Error", NULL);
    expect_failure(f, 0, type, text);
}

static inline void start_sum(flow *f, int64_t n)
{
    assert_int_equal(init(f, "sum", n), 200);
    talk_expect_stream(&f->s.talk, 1);
    talk_expect_log(&f->s.talk, "INFO", "opened");
    expect_token(f);
}

static inline void expect_numbers(flow *f, int64_t from, int64_t to)
{
    talk_expect_stream(&f->s.talk, 1);
    for (; from < to; from++) {
        do
            assert_int_equal(vgi__reader_next(f->s.talk.reader, &f->s.talk.batch, NULL),
                             VGI_OK);
        while (vgi__batch_classify(&f->s.talk.batch) == VGI__BATCH_LOG);
        vgi_i64s items;
        assert_int_equal(vgi_batch_rows(&f->s.talk.batch), 1);
        assert_int_equal(vgi_batch_i64(&f->s.talk.batch, "n", &items), VGI_OK);
        assert_int_equal(items.items[0], from);
    }
}

#endif
