/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and responses as everything above the sockets sees them.
 *
 * A request is complete: headers and body are there. What it points to is borrowed from
 * the connection until the response was handed back.
 */
#ifndef VGI_HTTP_PROTO_MESSAGE_H
#define VGI_HTTP_PROTO_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>

#include "base/block.h"
#include "base/buffer.h"

typedef enum vgi__http_method {
    VGI__HTTP_OTHER, /* see `verb` */
    VGI__HTTP_GET,
    VGI__HTTP_HEAD,
    VGI__HTTP_POST,
    VGI__HTTP_PUT,
    VGI__HTTP_DELETE,
    VGI__HTTP_OPTIONS
} vgi__http_method;

typedef struct vgi__http_header {
    vgi_str name, value; /* as sent; the value without the white space around it */
} vgi__http_header;

typedef struct vgi__http_request {
    vgi__http_method method;
    vgi_str verb;
    vgi_str path;  /* of the target up to '?', percent escapes as sent */
    vgi_str query; /* after '?'; null: none */
    int minor;     /* of HTTP/1.x: 0 or 1 */
    bool keep_alive;
    const vgi__http_header *headers;
    size_t n_headers;
    vgi_bytes body;   /* content codings as sent */
    vgi__block *held; /* the block that the body is in; NULL: none is needed */
    const char *peer; /* address text: "127.0.0.1", "::1", "unix" */
} vgi__http_request;

typedef struct vgi__http_response {
    int status;
    vgi__buffer head; /* more header lines, each with its CRLF; not Content-Length, Date,
                         Connection */
    /* The body: `iov` when n_iov > 0, else `body`. `iov` may be changed by whoever sends
     * it, and what it points to stays until app->sent. */
    vgi__buffer body;
    struct iovec *iov;
    size_t n_iov;
    bool close; /* the connection ends after it */
} vgi__http_response;

/* The first header of that name (case is ignored); a null string: absent. */
vgi_str vgi__http_find(const vgi__http_request *rq, const char *name);

/* All lines of a header as one list, "a, b" (RFC 9110, 5.3), in `mem` if there are
 * several; a null string: absent, or VGI_ENOMEM. */
int vgi__http_list(const vgi__http_request *rq, const char *name, vgi_arena *mem,
                   vgi_str *value);

void vgi__http_response_init(vgi__http_response *rs, const vgi_allocator *a);
/* Status 200, no headers, no body. */
void vgi__http_response_reset(vgi__http_response *rs);
void vgi__http_response_free(vgi__http_response *rs);
/* Add a header. The value must have no CR, LF or NUL; one that has is left out and the
 * response's head.failed is set: peer text must not reach a header unchecked. */
void vgi__http_set(vgi__http_response *rs, const char *name, vgi_str value);
/* Bytes of the body, whichever of the two it is. */
size_t vgi__http_body_bytes(const vgi__http_response *rs);

/* "OK" of 200; "" when unknown. */
const char *vgi__http_reason(int status);
/* "GET", ... of a known method. */
const char *vgi__http_verb(vgi__http_method m);

#endif
