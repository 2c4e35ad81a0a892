/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: access tokens. The lock is held while a new token is asked for: all that
 * upload at that moment need it, and one request is enough for them. Whoever asks does so
 * within its own deadline, so that none waits longer than that. Texts are copied out,
 * since the next token replaces them.
 */
#include <string.h>
#include <time.h>

#include "gcs/account.h"
#include "gcs/json.h"
#include "store/fail.h"
#include "store/text.h"

enum { EARLY_S = 60, LIFE_S = 3600, LIFE_MOST_S = 86400 };

/* One request for a token. */
typedef struct asking {
    const vgi__account *account;
    vgi_arena *mem; /* of what is found */
    vgi_str token;
    int64_t life_s;
} asking;

static int prepare(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err)
{
    static const char *const headers[] = {
        "Content-Type: application/x-www-form-urlencoded"
    };
    const asking *a = user;
    vgi_str jwt;
    const int rc =
        vgi__account_assertion(a->account, (int64_t)time(NULL), mem, &jwt, err);
    if (rc != VGI_OK)
        return rc;
    const char *body =
        vgi__text_format(mem,
                         "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3A"
                         "jwt-bearer&assertion=%s",
                         jwt.data);
    if (!body)
        return vgi__store_nomem(err);
    transfer->method = "POST";
    transfer->url = a->account->token_uri.data;
    transfer->headers = headers;
    transfer->n_headers = 1;
    transfer->body = (vgi_bytes){ (const uint8_t *)body, strlen(body) };
    return VGI_OK;
}

/* Tokens go into a header. */
static bool is_token(vgi_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] > 0x7e)
            return false;
    return text.len > 0;
}

static vgi__verdict judge(void *user, const vgi_http_answer *answer, vgi_error *err)
{
    asking *a = user;
    vgi_str error = { 0 }, text = { 0 };
    const vgi__json_want wants[] = {
        { .name = "access_token", .text = &a->token },
        { .name = "expires_in", .number = &a->life_s },
        { .name = "error", .text = &error },
        { .name = "error_description", .text = &text },
    };
    const vgi_str body = { (const char *)answer->body.data, answer->body.len };
    a->token = (vgi_str){ 0 };
    a->life_s = LIFE_S;
    /* What is no JSON has none of these. */
    vgi__json_read(body, wants, sizeof(wants) / sizeof(wants[0]), a->mem, NULL);
    if (answer->status == 200 && is_token(a->token))
        return VGI__VERDICT_DONE;

    char error_echo[VGI_STORE_ECHO_SIZE], text_echo[VGI_STORE_ECHO_SIZE];
    vgi__store_fail(err, VGI_EIO,
                    "service account %.100s: no access token, status %d%s%.60s%s%s",
                    a->account->email.data, answer->status, error.len > 0 ? ", " : "",
                    vgi__store_echo(error_echo, error), text.len > 0 ? ": " : "",
                    vgi__store_echo(text_echo, text));
    return vgi__status_passes(answer->status) ? VGI__VERDICT_AGAIN : VGI__VERDICT_FAILED;
}

/* Ask for a token and keep it. */
static int renew(vgi__token *token, const vgi__account *account,
                 const vgi__request *given, vgi_error *err)
{
    vgi_arena work = { 0 };
    asking a = { .account = account, .mem = &work };
    vgi__request request = *given;
    request.prepare = prepare;
    request.judge = judge;
    request.user = &a;
    token->text = NULL;
    vgi_arena_reset(&token->mem);
    vgi_http_answer answer;
    int rc = vgi__request_run(&request, &work, &answer, err);
    if (rc == VGI_OK) {
        int64_t life = a.life_s < LIFE_MOST_S ? a.life_s : LIFE_MOST_S;
        life = life > 2 * EARLY_S ? life - EARLY_S : life / 2;
        token->stale_ms = vgi__store_now_ms() + (life > 0 ? (uint64_t)life * 1000U : 0);
        token->text = vgi__text_copy(&token->mem, a.token);
        if (!token->text)
            rc = vgi__store_nomem(err);
    }
    vgi_arena_free(&work);
    return rc;
}

int vgi__token_get(vgi__token *token, const vgi__account *account,
                   const vgi__request *request, vgi_arena *mem, const char **text,
                   vgi_error *err)
{
    int rc = VGI_OK;
    pthread_mutex_lock(&token->lock);
    if (!token->text || vgi__store_now_ms() >= token->stale_ms)
        rc = renew(token, account, request, err);
    if (rc == VGI_OK) {
        *text = vgi__text_copy(mem, vgi_str_from(token->text));
        if (!*text)
            rc = vgi__store_nomem(err);
    }
    pthread_mutex_unlock(&token->lock);
    return rc;
}

void vgi__token_drop(vgi__token *token)
{
    pthread_mutex_lock(&token->lock);
    token->text = NULL;
    pthread_mutex_unlock(&token->lock);
}

void vgi__token_free(vgi__token *token)
{
    pthread_mutex_destroy(&token->lock);
    vgi_arena_free(&token->mem);
}
