/* SPDX-License-Identifier: Apache-2.0 */
/* A service account: its key, what it signs, and the access tokens that it gets. */
#ifndef VGI_GCS_ACCOUNT_H
#define VGI_GCS_ACCOUNT_H

#include <pthread.h>

#include <vgirpc/sys/http.h>

#include "store/request.h"

/* As its file has it. */
typedef struct vgi__account {
    vgi_str email, key, key_id, token_uri;
} vgi__account;

/* Read the file's text, into `mem`. VGI_EINVAL: it is no service account's. */
int vgi__account_read(vgi__account *out, vgi_str json, vgi_arena *mem, vgi_error *err);

/* What the account presents in exchange for a token: a JWT, in `mem`. `now` in seconds of
 * the Unix epoch. */
int vgi__account_assertion(const vgi__account *account, int64_t now, vgi_arena *mem,
                           vgi_str *jwt, vgi_error *err);

/* The token that is in use. Any thread. */
typedef struct vgi__token {
    pthread_mutex_t lock;
    vgi_arena mem;     /* of the text */
    const char *text;  /* NULL: none */
    uint64_t stale_ms; /* by vgi__store_now_ms */
} vgi__token;

/* Get it, into `mem`; a new one when there is none or it is about to expire. `request`
 * has the pool, the retries and the deadline. */
int vgi__token_get(vgi__token *token, const vgi__account *account,
                   const vgi__request *request, vgi_arena *mem, const char **text,
                   vgi_error *err);
/* The store refused it: the next one asks for a new one. */
void vgi__token_drop(vgi__token *token);
void vgi__token_free(vgi__token *token);

#endif
