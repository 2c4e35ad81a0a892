/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of a token, for token.c. */
#ifndef VGI_HTTP_SERVER_TOKEN_FORM_H
#define VGI_HTTP_SERVER_TOKEN_FORM_H

#include "crypto/sodium/seal.h"
#include "http/server/token.h"

#define VGI__TOKEN_KEY 32
#define VGI__TOKEN_SIGN_CONTEXT "vgi_rpc.stream_state:"

struct vgi__token_keys {
    const vgi_allocator *allocator;
    vgi__token_format format;
    uint64_t ttl; /* seconds; 0: none */
    uint8_t *key; /* as given */
    size_t key_len;
    uint8_t
        anonymous[VGI__TOKEN_KEY]; /* of the signed form, for callers without a name */
    uint8_t seal[VGI__TOKEN_KEY];
};

/* Whom a token is for: `subject` ties it to them, the form's context and the identity. */
typedef struct vgi__token_caller {
    bool anonymous;
    vgi_bytes subject;
} vgi__token_caller;

/* What one form does. A token is `before` bytes, the payload, `after` bytes. */
typedef struct vgi__token_form {
    const char *context;
    size_t context_len;
    size_t before, after;
    /* The payload is in its place: add what goes around it. */
    int (*make)(const vgi__token_keys *k, const vgi__token_caller *who, uint8_t *p,
                size_t n, vgi_error *err);
    /* At least before + after bytes: verify, then take apart in place. */
    int (*open)(const vgi__token_keys *k, const vgi__token_caller *who, vgi_bytes token,
                vgi__token *out, vgi_error *err);
} vgi__token_form;

extern const vgi__token_form vgi__token_v3, vgi__token_sealed;

/* Point into a payload, which has to be exactly that long. False: it is not. */
bool vgi__token_take(vgi__token *out, const uint8_t *p, size_t n);
/* VGI_EPROTO with one of the reference's texts. */
int vgi__token_refuse(vgi_error *err, const char *text);
int vgi__token_version(uint8_t is, uint8_t wanted, vgi_error *err);

#endif
