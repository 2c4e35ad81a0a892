/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "gcs/json.h"
#include "gcs/store.h"
#include "store/fail.h"
#include "store/file.h"
#include "store/text.h"

enum { EXPIRY_S = 3600, EXPIRY_MOST_S = 604800, TIMEOUT_MS = 60000, RETRIES = 2 };

vgi__request vgi__gcs_request(vgi__gcs *gcs, uint64_t deadline_ms)
{
    return (vgi__request){ .pool = gcs->pool,
                           .deadline_ms = deadline_ms,
                           .retries = gcs->retries };
}

vgi__verdict vgi__gcs_refusal(const vgi__gcs *gcs, const char *what,
                              const vgi_http_answer *answer, vgi_error *err)
{
    vgi_arena work = { 0 };
    vgi_str text = { 0 };
    const vgi__json_want want = { .parent = "error", .name = "message", .text = &text };
    const vgi_str body = { (const char *)answer->body.data, answer->body.len };
    char echo[VGI_STORE_ECHO_SIZE];
    vgi__json_read(body, &want, 1, &work, NULL); /* if it is no JSON, nothing is said */
    vgi__store_fail(err, VGI_EIO, "bucket %s: %s answered with status %d%s%s",
                    gcs->bucket, what, answer->status, text.len > 0 ? ": " : "",
                    vgi__store_echo(echo, text));
    vgi_arena_free(&work);
    return vgi__status_passes(answer->status) ? VGI__VERDICT_AGAIN : VGI__VERDICT_FAILED;
}

/* ---- an upload ---- */

typedef struct uploading {
    vgi__gcs *gcs;
    const vgi_storage_object *object;
    vgi_str path; /* root and name; of the attempt */
    uint64_t deadline_ms;
} uploading;

/* "Authorization: Bearer ..."; *header NULL: there is no need for it. */
static int authorize(const uploading *up, vgi_arena *mem, const char **header,
                     vgi_error *err)
{
    vgi__gcs *gcs = up->gcs;
    const char *token = gcs->access_token;
    *header = NULL;
    if (!token && (gcs->emulator || !gcs->account.key.data))
        return VGI_OK;
    if (!token) {
        const vgi__request request = vgi__gcs_request(gcs, up->deadline_ms);
        const int rc =
            vgi__token_get(&gcs->token, &gcs->account, &request, mem, &token, err);
        if (rc != VGI_OK)
            return rc;
    }
    *header = vgi__text_format(mem, "Authorization: Bearer %s", token);
    return *header ? VGI_OK : vgi__store_nomem(err);
}

static const char *upload_address(const uploading *up, vgi_arena *mem)
{
    const size_t root = strlen(up->gcs->root);
    const vgi_str name = { up->path.data + root, up->path.len - root };
    const char *coding = up->object->content_encoding;
    const vgi_pair query[] = { { VGI_LIT("uploadType"), VGI_LIT("media") },
                               { VGI_LIT("name"), name },
                               { VGI_LIT("contentEncoding"), vgi_str_from(coding) } };
    const vgi_str text =
        vgi__canonical_query((vgi_metadata){ query, coding ? 3 : 2 }, mem);
    if (!text.data)
        return NULL;
    return vgi__text_format(mem, "%s/upload/storage/v1/b/%s/o?%s", up->gcs->origin,
                            up->gcs->bucket, text.data);
}

static int prepare(void *user, vgi_http_transfer *transfer, vgi_arena *mem,
                   vgi_error *err)
{
    uploading *up = user;
    const vgi__gcs *gcs = up->gcs;
    const char *type = up->object->content_type;
    const char *coding = up->object->content_encoding;
    const char **headers = vgi_arena_calloc(mem, 2, sizeof(*headers));
    /* A new name each time: the last attempt may have stored its object without an
     * answer, and who may create objects may not replace them. */
    up->path = vgi__object_path(gcs->root, gcs->prefix, coding, mem);
    if (!headers || !up->path.data)
        return vgi__store_nomem(err);
    const int rc = authorize(up, mem, &headers[1], err);
    if (rc != VGI_OK)
        return rc;
    headers[0] = vgi__text_format(mem, "Content-Type: %s",
                                  type ? type : "application/octet-stream");
    transfer->method = "POST";
    transfer->url = upload_address(up, mem);
    transfer->headers = headers;
    transfer->n_headers = headers[1] ? 2 : 1;
    transfer->body = up->object->data;
    return transfer->url && headers[0] ? VGI_OK : vgi__store_nomem(err);
}

static vgi__verdict judge(void *user, const vgi_http_answer *answer, vgi_error *err)
{
    const uploading *up = user;
    if (answer->status >= 200 && answer->status < 300)
        return VGI__VERDICT_DONE;
    const vgi__verdict verdict = vgi__gcs_refusal(up->gcs, "the upload", answer, err);
    if (answer->status != 401 || up->gcs->access_token)
        return verdict;
    vgi__token_drop(&up->gcs->token);
    return VGI__VERDICT_AGAIN;
}

/* ---- the functions of a store ---- */

/* A URL for an object, in `mem`; it permits `method` unless nobody can sign. */
static int object_url(const vgi__gcs_signing *signing, vgi__permit *permit,
                      vgi_arena *mem, vgi_str *url, vgi_error *err)
{
    const vgi__gcs *gcs = signing->gcs;
    permit->origin = gcs->origin;
    permit->host = gcs->host;
    permit->expiry_s = gcs->expiry_s;
    if (gcs->account.key.data || gcs->signer_email) {
        const vgi__signer signer = vgi__gcs_signer(signing);
        return vgi__sign_url(&signer, permit, mem, url, err);
    }
    vgi__text t = { .mem = mem };
    vgi__text_add(&t, vgi_str_from(gcs->origin));
    vgi__text_escape(&t, permit->path, true);
    *url = vgi__text_done(&t);
    return url->data ? VGI_OK : vgi__store_nomem(err);
}

static int upload(void *user, const vgi_storage_object *object, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    vgi__gcs *gcs = user;
    vgi_arena work = { .allocator = mem->allocator };
    uploading up = { .gcs = gcs,
                     .object = object,
                     .deadline_ms = vgi__store_now_ms() + gcs->timeout_ms };
    vgi__request request = vgi__gcs_request(gcs, up.deadline_ms);
    request.prepare = prepare;
    request.judge = judge;
    request.user = &up;
    vgi_http_answer answer;
    int rc = vgi__request_run(&request, &work, &answer, err);
    if (rc == VGI_OK) {
        const vgi__gcs_signing signing = { gcs, up.deadline_ms };
        vgi__permit get = { .method = "GET",
                            .path = up.path,
                            .when = vgi__stamp_at((int64_t)time(NULL)) };
        rc = object_url(&signing, &get, mem, url, err);
    }
    vgi_arena_free(&work);
    return rc;
}

static int upload_url(void *user, vgi_arena *mem, vgi_upload_url *out, vgi_error *err)
{
    vgi__gcs *gcs = user;
    const int64_t now = (int64_t)time(NULL);
    const vgi__gcs_signing signing = { gcs, vgi__store_now_ms() + gcs->timeout_ms };
    vgi__permit permit = { .path = vgi__object_path(gcs->root, gcs->prefix, NULL, mem),
                           .when = vgi__stamp_at(now) };
    if (!permit.path.data)
        return vgi__store_nomem(err);
    permit.method = "PUT";
    int rc = object_url(&signing, &permit, mem, &out->put_url, err);
    permit.method = "GET";
    if (rc == VGI_OK)
        rc = object_url(&signing, &permit, mem, &out->get_url, err);
    out->expires_at_us = (now + gcs->expiry_s) * 1000000;
    return rc;
}

static void close_store(void *user)
{
    vgi__gcs *gcs = user;
    vgi_arena mem = gcs->mem;
    vgi_http_pool_free(gcs->pool);
    vgi__token_free(&gcs->token);
    vgi_arena_free(&mem);
}

/* ---- options ---- */

static int check(const vgi_gcs_options *options, vgi_error *err)
{
    int rc = vgi__bucket_check(options->bucket, err);
    if (rc == VGI_OK && options->prefix)
        rc = vgi__prefix_check(options->prefix, err);
    if (rc != VGI_OK)
        return rc;
    if (options->presign_expiry_s > EXPIRY_MOST_S)
        return vgi__store_fail(err, VGI_EINVAL,
                               "presign_expiry_s: %u, the limit is %d (a week)",
                               options->presign_expiry_s, EXPIRY_MOST_S);
    if (options->signer_email && !options->access_token)
        return vgi__store_fail(err, VGI_EINVAL, "signer_email goes with access_token");
    return VGI_OK;
}

/* A copy for the store; NULL stays NULL. False: no memory. */
static bool keep(vgi__gcs *gcs, const char **out, const char *text)
{
    *out = text ? vgi__text_copy(&gcs->mem, vgi_str_from(text)) : NULL;
    return *out || !text;
}

/* The service account, if one is named. */
static int find_account(vgi__gcs *gcs, const vgi_gcs_options *options, vgi_error *err)
{
    const char *file = options->credentials_file;
    vgi_str json = vgi_str_from(options->credentials_json);
    if (!file)
        file = vgi__variable("GOOGLE_APPLICATION_CREDENTIALS");
    if (!json.data && !file)
        return VGI_OK;
    if (!json.data) {
        const int rc = vgi__file_read(file, &gcs->mem, &json, err);
        if (rc != VGI_OK)
            return rc;
    }
    return vgi__account_read(&gcs->account, json, &gcs->mem, err);
}

/* "https://host" of an endpoint, and its host. */
static int locate(vgi__gcs *gcs, const char *endpoint, const char **origin,
                  const char **host, vgi_error *err)
{
    vgi__endpoint at;
    const int rc = vgi__endpoint_parse(&at, endpoint, &gcs->mem, err);
    if (rc != VGI_OK)
        return rc;
    *host = at.host;
    *origin = vgi__text_format(&gcs->mem, "%s://%s", at.scheme, at.host);
    return *origin ? VGI_OK : vgi__store_nomem(err);
}

static int find_place(vgi__gcs *gcs, const vgi_gcs_options *options, vgi_error *err)
{
    const char *endpoint = options->endpoint, *unused;
    const char *emulator = vgi__variable("STORAGE_EMULATOR_HOST");
    if (!endpoint && emulator) {
        gcs->emulator = true; /* with a scheme, or without */
        endpoint = strstr(emulator, "://")
                       ? emulator
                       : vgi__text_format(&gcs->mem, "http://%s", emulator);
        if (!endpoint)
            return vgi__store_nomem(err);
    }
    int rc = locate(gcs, endpoint ? endpoint : "https://storage.googleapis.com",
                    &gcs->origin, &gcs->host, err);
    if (rc != VGI_OK)
        return rc;
    gcs->root = vgi__text_format(&gcs->mem, "/%s/", options->bucket);
    if (!gcs->root)
        return vgi__store_nomem(err);
    return locate(gcs,
                  options->signer_endpoint ? options->signer_endpoint
                                           : "https://iamcredentials.googleapis.com",
                  &gcs->signer_origin, &unused, err);
}

static int configure(vgi__gcs *gcs, const vgi_gcs_options *options, vgi_error *err)
{
    const char *prefix = options->prefix ? options->prefix : VGI_STORE_PREFIX;
    const unsigned retries = options->retries ? options->retries : RETRIES;
    gcs->expiry_s = options->presign_expiry_s ? options->presign_expiry_s : EXPIRY_S;
    gcs->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    gcs->retries = options->no_retries ? 0 : retries;
    if (!keep(gcs, &gcs->bucket, options->bucket) || !keep(gcs, &gcs->prefix, prefix) ||
        !keep(gcs, &gcs->access_token, options->access_token) ||
        !keep(gcs, &gcs->signer_email, options->signer_email))
        return vgi__store_nomem(err);
    int rc = find_place(gcs, options, err);
    if (rc == VGI_OK)
        rc = find_account(gcs, options, err);
    if (rc != VGI_OK)
        return rc;
    if (!gcs->emulator && !gcs->account.key.data && !gcs->signer_email)
        return vgi__store_fail(err, VGI_ENOTFOUND,
                               "nobody can sign URLs: no service account's key, neither "
                               "in options nor in GOOGLE_APPLICATION_CREDENTIALS, and no "
                               "signer_email");
    return vgi_http_pool_new(&gcs->pool, options->ca_file, err);
}

int vgi_gcs_storage(vgi_storage *out, const vgi_gcs_options *options, vgi_error *err)
{
    if (!out || !options || options->size < sizeof(options->size))
        return vgi__store_fail(err, VGI_EINVAL, "vgi_gcs_options without its size");
    vgi_gcs_options given = { 0 }; /* the caller's may be those of another version */
    memcpy(&given, options,
           options->size < sizeof(given) ? options->size : sizeof(given));
    int rc = check(&given, err);
    if (rc != VGI_OK)
        return rc;
    vgi_arena mem = { 0 };
    vgi__gcs *gcs = vgi_arena_calloc(&mem, 1, sizeof(*gcs));
    if (!gcs)
        return vgi__store_nomem(err);
    gcs->mem = mem;
    if (pthread_mutex_init(&gcs->token.lock, NULL) != 0) {
        vgi_arena_free(&mem);
        return vgi__store_nomem(err);
    }
    if ((rc = configure(gcs, &given, err)) != VGI_OK) {
        close_store(gcs);
        return rc;
    }
    *out = (vgi_storage){ .size = sizeof(*out),
                          .upload = upload,
                          .upload_url = upload_url,
                          .close = close_store,
                          .user = gcs };
    return VGI_OK;
}
