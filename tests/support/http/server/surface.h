/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RPC surface without an engine: a request is put together, handed over, and the
 * response is taken apart. Bodies are made and read as those of sessions are: what the
 * talk_ functions send is the next request's body, and they read the last response's.
 */
#ifndef VGI_TESTS_SUPPORT_HTTP_SERVER_SURFACE_H
#define VGI_TESTS_SUPPORT_HTTP_SERVER_SURFACE_H

#include "http/server/app.h"
#include "support/rpc/session.h"

#define ARROW_TYPE "application/vnd.apache.arrow.stream"

typedef struct surface {
    conversation talk;
    vgi__app *app;
    vgi__http_app engine; /* what one would call */
    void *worker;
    vgi__http_header headers[8]; /* of the next request */
    size_t n_headers;
    vgi__http_response response;
    vgi__buffer body; /* of the last response */
} surface;

/* As talk_begin; http NULL: all defaults but a key of 32 times 'k'. */
void surface_begin(surface *s, const vgi_server_options *options,
                   const vgi_http_options *http);
/* The same with `primary` before them: what seed requests reach. */
void surface_begin_with(surface *s, const vgi_http_options *http,
                        const vgi_service *primary);
void surface_end(surface *s);

/* The next request has this header; the strings must live until then. */
void surface_header(surface *s, const char *name, const char *value);
/* A request; returns the status. Its body is what was sent with talk_. */
int surface_ask(surface *s, const char *method, const char *path);
/* The same, with the Arrow content type. */
int surface_post(surface *s, const char *path);

/* A header of the last response; NULL: absent; it must not be there twice. */
const char *surface_answer(surface *s, const char *name);
/* The header has this value; NULL: it is absent. */
void surface_expect(surface *s, const char *name, const char *value);
/* The last response's body as text. */
const char *surface_text(surface *s);

#endif
