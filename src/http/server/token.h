/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: stream tokens of the seed routes.
 *
 * A stream has no state in the server between two requests: all of it travels in the
 * token. Version 3, readable and signed (little-endian, then base64):
 *
 *   u8 3 | u64 created_at | u32 len, state | u32 len, output schema | u32 len, input
 *   schema | u32 len, stream id | HMAC-SHA256 of all before
 *
 * The key is derived from the caller's identity, so that a token of one principal is
 * worthless to another. Nothing is looked at but lengths before the signature was
 * verified, in constant time.
 *
 * Sealed, as the other form (readable for nobody, and only for this library):
 *
 *   u8 6 | nonce | XChaCha20-Poly1305 of (u8 0, no codec | what is between version and
 *   HMAC above), with the caller's identity as associated data
 */
#ifndef VGI_HTTP_SERVER_TOKEN_H
#define VGI_HTTP_SERVER_TOKEN_H

#include <vgirpc/call.h>

#include "base/buffer.h"

typedef struct vgi__token {
    uint64_t created_at; /* seconds of the epoch */
    vgi_bytes state, output_schema, input_schema;
    vgi_str stream_id;
} vgi__token;

/* Who shows a token, and when. */
typedef struct vgi__token_bearer {
    const vgi_auth *who; /* NULL: anonymous */
    uint64_t now;        /* seconds of the epoch */
} vgi__token_bearer;

typedef enum vgi__token_format {
    VGI__TOKEN_HMAC_V3,
    VGI__TOKEN_SEALED
} vgi__token_format;

/* Immutable once made. */
typedef struct vgi__token_keys vgi__token_keys;

/* `key`: any bytes (at least 1); NULL: 32 random ones. */
int vgi__token_keys_new(vgi__token_keys **out, vgi_bytes key, vgi__token_format format,
                        uint64_t ttl_seconds /* 0: for ever */, const vgi_allocator *a,
                        vgi_error *err);
void vgi__token_keys_free(vgi__token_keys *k);

/* Replace *text by the token as its metadata value. VGI_ELIMIT: a part is too long for a
 * token; VGI_ENOMEM. */
int vgi__token_write(const vgi__token_keys *k, const vgi_auth *who, const vgi__token *t,
                     vgi__buffer *text, vgi_error *err);
/* Verify and take apart; *out points into `plain`, which is overwritten. VGI_EPROTO with
 * the message of the reference ("State token expired", ...); VGI_ENOMEM. */
int vgi__token_read(const vgi__token_keys *k, vgi__token_bearer bearer, vgi_str text,
                    vgi__buffer *plain, vgi__token *out, vgi_error *err);

#endif
