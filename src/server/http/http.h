/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that assemble the HTTP server share. */
#ifndef VGI_SERVER_HTTP_HTTP_H
#define VGI_SERVER_HTTP_HTTP_H

#include <vgirpc/http.h>

#include "server/unix_file.h"

/* ---- key.c ---- */

/* A key that came as text. */
typedef struct vgi__key_text {
    uint8_t bytes[512];
    size_t len; /* 0: none */
} vgi__key_text;

/* Hexadecimal when it can be that, else base64. VGI_EINVAL: neither, empty, too long. The
 * message says nothing of the text. */
int vgi__key_parse(vgi__key_text *out, const char *text, vgi_error *err);
/* Without a key in `o`: take the one of the environment, if there is one, into `key`. */
int vgi__key_of_environment(vgi__key_text *key, vgi_http_options *o, vgi_error *err);

/* ---- bind.c ---- */

/* A listening socket, non-blocking. */
typedef struct vgi__http_socket {
    int fd;
    uint16_t port;       /* 0: a Unix socket */
    vgi__unix_file file; /* of a Unix socket */
} vgi__http_socket;

/* VGI_EIO: unknown host, address in use ... VGI_EINVAL: as vgi_server_serve_unix. */
int vgi__http_bind(vgi__http_socket *s, const vgi_http_options *o, vgi_error *err);

#endif
