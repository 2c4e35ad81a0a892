/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: from bytes to a request head and a body, on llhttp in strict mode.
 *
 * The parser takes bytes and no descriptors. The head is collected in a buffer of its own
 * (bounded), so that the bytes fed may go away; body bytes are handed to a sink as they
 * come, chunked or not. It stops twice per message: where the head ends, and where the
 * message ends, so that the rest of the bytes is the next message's.
 *
 *   feed: MORE ... MORE, HEAD_DONE, MORE ... MORE, DONE; reset; and so on
 *
 * DONE always comes from a feed of its own, with no bytes when there is no body: after
 * HEAD_DONE go on feeding what is left, even if that is nothing.
 *
 * On top of llhttp's own strictness these are refused: HTTP/1.1 without exactly one Host,
 * a Host that is no authority, more than one Host in 1.0; request targets other than
 * origin form, "*" for OPTIONS, and http or https URLs (whose authority then takes the
 * place of Host's value); transfer codings other than chunked alone; CONNECT; a second
 * Content-Type or Authorization; header block or count over their limit (431), a target
 * over 8 KiB (414), a declared or received body over its limit (413). An Upgrade that is
 * offered is ignored.
 */
#ifndef VGI_HTTP_PARSER_PARSER_H
#define VGI_HTTP_PARSER_PARSER_H

#include <vgirpc/error.h>

#include "http/proto/message.h"

typedef struct vgi__http_parser vgi__http_parser;

typedef struct vgi__http_parser_limits {
    size_t head_bytes; /* request line and headers */
    size_t headers;
    int64_t body_bytes; /* after chunk framing */
} vgi__http_parser_limits;

/* Where body bytes go. Returns VGI_OK, or a status that stops the parser (VGI_ENOMEM:
 * 503). */
typedef int vgi__http_body_sink(void *user, const uint8_t *p, size_t n);

typedef enum vgi__http_step {
    VGI__HTTP_MORE,      /* all bytes used, the message goes on */
    VGI__HTTP_HEAD_DONE, /* the head is there; feed the rest for its body */
    VGI__HTTP_DONE,      /* the message is complete */
    VGI__HTTP_BAD        /* refused: `status` and `reason` say how; nothing more can be
                            fed */
} vgi__http_step;

int vgi__http_parser_new(vgi__http_parser **out, const vgi__http_parser_limits *limits,
                         vgi__http_body_sink *sink, void *user, const vgi_allocator *a,
                         vgi_error *err);
void vgi__http_parser_free(vgi__http_parser *p);
void vgi__http_parser_reset(vgi__http_parser *p); /* for the next message */
/* *used: bytes consumed. */
vgi__http_step vgi__http_parser_feed(vgi__http_parser *p, const uint8_t *bytes, size_t n,
                                     size_t *used);
/* Of the head, from HEAD_DONE until reset: method to keep_alive and the headers are
 * filled in; body and peer are not. */
const vgi__http_request *vgi__http_parser_head(const vgi__http_parser *p);
int64_t vgi__http_parser_length(const vgi__http_parser *p); /* declared; -1: chunked */
/* A client that waits for "100 Continue". */
bool vgi__http_parser_expects(const vgi__http_parser *p);
/* Between messages: nothing of one was fed yet. */
bool vgi__http_parser_fresh(const vgi__http_parser *p);
int vgi__http_parser_status(const vgi__http_parser *p);         /* after BAD: 400 ... */
const char *vgi__http_parser_reason(const vgi__http_parser *p); /* one line */
/* Heap memory that an idle connection could do without is given back. */
void vgi__http_parser_shrink(vgi__http_parser *p);

#endif
