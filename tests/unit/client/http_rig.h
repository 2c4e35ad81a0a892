/* SPDX-License-Identifier: Apache-2.0 */
/* A client over HTTP and a canned server: answers are written before, requests are read
 * after. */
#ifndef TESTS_CLIENT_HTTP_RIG_H
#define TESTS_CLIENT_HTTP_RIG_H

#include <stdio.h>

#include "peer.h"
#include "support/canned.h"

#include "client/http.h"

enum { RIG_ANSWERS = 32 };

typedef struct rig {
    peer p; /* its answers are the body of the next HTTP answer */
    vgi__buffer wire[RIG_ANSWERS];
    size_t n;
    canned *server;
    vgi__block *decoded; /* of the request being looked at */
    vgi_client *client;
    vgi_error err;
} rig;

static inline void rig_init(rig *r, canned *server)
{
    memset(r, 0, sizeof(*r));
    peer_init(&r->p);
    r->server = server;
    canned_init(server);
    for (size_t i = 0; i < RIG_ANSWERS; i++)
        vgi__buffer_init(&r->wire[i], NULL, SIZE_MAX);
}

static inline void rig_free(rig *r)
{
    vgi_client_close(r->client);
    canned_stop(r->server);
    peer_free(&r->p);
    vgi__block_unref(r->decoded);
    for (size_t i = 0; i < RIG_ANSWERS; i++)
        vgi__buffer_free(&r->wire[i]);
}

/* ---- answers ---- */

static inline void rig_bytes(rig *r, const char *status, const char *headers,
                             const void *body, size_t n, canned_after after)
{
    vgi__buffer *b = &r->wire[r->n];

    assert_true(r->n < RIG_ANSWERS);
    r->n++;
    vgi__buffer_printf(b, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers,
                       n);
    assert_true(vgi__buffer_append(b, body, n));
    canned_add(r->server, b->data, b->len, after);
}

#define RIG_ARROW "Content-Type: " VGI__ARROW_TYPE "\r\n"

/* What was written to the peer, as an Arrow answer with these further header lines. */
static inline void rig_arrow(rig *r, const char *status, const char *headers)
{
    char lines[512];

    (void)snprintf(lines, sizeof(lines), RIG_ARROW "%s", headers);
    rig_bytes(r, status, lines, r->p.answers.data, r->p.answers.len, CANNED_KEEP);
    vgi__buffer_clear(&r->p.answers);
}

static inline void rig_ok(rig *r)
{
    rig_arrow(r, "200 OK", "");
}

/* The answer of a method that returns nothing. */
static inline void rig_void_answer(rig *r, const char *headers)
{
    peer_void(&r->p);
    rig_arrow(r, "200 OK", headers);
}

static inline void rig_text(rig *r, const char *status, const char *headers,
                            const char *body)
{
    rig_bytes(r, status, headers, body, strlen(body), CANNED_KEEP);
}

/* A batch of no rows that carries a token. */
static inline void rig_token(rig *r, const char *token)
{
    const vgi_pair pair = peer_pair(VGI_KEY_STREAM_STATE, token);

    peer_pairs(&r->p, &pair, 1);
}

/* A batch with a token and a pair of the user's on both sides of it. */
static inline void rig_json_token(rig *r, const vgi_schema *schema, const char *json,
                                  const char *token)
{
    const vgi_pair pairs[] = { peer_pair("one", "1"),
                               peer_pair(VGI_KEY_STREAM_STATE, token),
                               peer_pair("two", "2") };
    const vgi_metadata m = { pairs, 3 };
    vgi_batch *b = NULL;

    assert_int_equal(vgi_batch_from_json(&b, schema, vgi_str_from(json), NULL), VGI_OK);
    const int rc = vgi__writer_batch(r->p.writer, vgi_batch_array(b), &m, NULL);
    if (rc == VGI_OK)
        peer_flush(&r->p);
    vgi_batch_unref(b);
    assert_int_equal(rc, VGI_OK);
}

/* ---- the client ---- */

static inline void rig_connect_to(rig *r, const char *protocol,
                                  const vgi_http_client_options *http)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .protocol = protocol,
                                         .read_timeout_ms = 10000,
                                         .on_log = peer_on_log,
                                         .user = &r->p };
    char url[64];

    assert_true(canned_start(r->server, NULL));
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/vgi/", r->server->port);
    assert_int_equal(vgi_client_open_http(&r->client, url, http, &options, &r->err),
                     VGI_OK);
}

static inline void rig_connect_with(rig *r, const vgi_http_client_options *http)
{
    rig_connect_to(r, NULL, http);
}

static inline void rig_connect(rig *r)
{
    rig_connect_with(r, NULL);
}

static inline int rig_void(rig *r)
{
    r->err = (vgi_error){ 0 };
    return vgi_client_call(r->client, "noop", &vgi_type_vgi_void, NULL,
                           &vgi_type_vgi_void, NULL, NULL, &r->err);
}

static inline bool rig_says(const rig *r, const char *text)
{
    return strstr(r->err.message, text) != NULL;
}

/* ---- requests: after the server was stopped ---- */

static inline bool rig_path_is(const rig *r, size_t i, const char *path)
{
    char line[256];

    (void)snprintf(line, sizeof(line), "POST %s HTTP/1.1\r\n", path);
    return i < r->server->n_requests &&
           strncmp(r->server->requests[i].head, line, strlen(line)) == 0;
}

/* Decode the batch of request `i` into the peer's; peer_sent_key then reads it. */
static inline void rig_sent(rig *r, size_t i)
{
    const canned_request *rq = &r->server->requests[i];
    const uint8_t *body = r->server->bodies + rq->body_at;
    const vgi__coding coding =
        vgi__coding_parse(vgi_str_from(canned_header(r->server, i, "Content-Encoding")));
    size_t n = rq->body_len;

    assert_true(i < r->server->n_requests);
    if (coding < VGI__CODING_UNKNOWN) {
        vgi__block_unref(r->decoded);
        r->decoded = NULL;
        assert_int_equal(
            vgi__coding_decode(coding, body, n, CANNED_BODY, NULL, &r->decoded, &n, NULL),
            VGI_OK);
        body = r->decoded->data;
    }
    assert_int_equal(vgi__stream_decode(&r->p.batch, body, n, NULL, NULL, NULL, NULL),
                     VGI_OK);
}

#endif
