/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "s3/signer.h"
#include "s3/store.h"
#include "store/fail.h"
#include "store/file.h"
#include "store/text.h"

enum {
    EXPIRY_S = 3600,
    EXPIRY_MOST_S = 604800,
    TIMEOUT_MS = 60000,
    RETRIES = 2,
    MULTIPART_BYTES = 64 << 20
};

/* ---- the functions of a store ---- */

/* What URLs are made for, and when. */
typedef struct signing {
    const vgi__s3 *s3;
    vgi_str path;
    int64_t now;
} signing;

/* A URL that permits `method`, in `mem`. */
static int sign_url(const signing *what, const char *method, vgi_arena *mem, vgi_str *url,
                    vgi_error *err)
{
    const vgi__s3 *s3 = what->s3;
    vgi__credentials credentials;
    const int rc = vgi__credentials_find(&credentials, &s3->source, mem, err);
    if (rc != VGI_OK)
        return rc;
    const vgi__signer signer = vgi__s3_signer(&credentials, s3->scope);
    const vgi__permit permit = {
        .method = method,
        .origin = s3->origin,
        .host = s3->host,
        .path = what->path,
        .when = vgi__stamp_at(what->now),
        .expiry_s = s3->expiry_s,
    };
    return vgi__sign_url(&signer, &permit, mem, url, err);
}

static int upload(void *user, const vgi_storage_object *object, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    const vgi__s3 *s3 = user;
    const char *type = object->content_type;
    vgi_arena work = { .allocator = mem->allocator };
    vgi__s3_operation op = {
        .s3 = s3,
        .method = "PUT",
        .path = vgi__object_path(s3->root, s3->prefix, object->content_encoding, &work),
        .content_type = type ? type : "application/octet-stream",
        .content_encoding = object->content_encoding,
        .body = object->data,
        .deadline_ms = vgi__store_now_ms() + s3->timeout_ms,
    };
    vgi_http_answer answer;
    int rc = VGI_OK;
    if (!op.path.data)
        rc = vgi__store_nomem(err);
    else if (object->data.len > s3->multipart_bytes)
        rc = vgi__s3_multipart(&op, &work, err);
    else
        rc = vgi__s3_run(&op, &work, &answer, err);
    const signing get = { s3, op.path, (int64_t)time(NULL) };
    if (rc == VGI_OK)
        rc = sign_url(&get, "GET", mem, url, err);
    vgi_arena_free(&work);
    return rc;
}

static int upload_url(void *user, vgi_arena *mem, vgi_upload_url *out, vgi_error *err)
{
    const vgi__s3 *s3 = user;
    const signing what = { s3, vgi__object_path(s3->root, s3->prefix, NULL, mem),
                           (int64_t)time(NULL) };
    if (!what.path.data)
        return vgi__store_nomem(err);
    int rc = sign_url(&what, "PUT", mem, &out->put_url, err);
    if (rc == VGI_OK)
        rc = sign_url(&what, "GET", mem, &out->get_url, err);
    out->expires_at_us = (what.now + s3->expiry_s) * 1000000;
    return rc;
}

static void close_store(void *user)
{
    vgi__s3 *s3 = user;
    vgi_arena mem = s3->mem;
    vgi_http_pool_free(s3->pool);
    vgi_arena_free(&mem);
}

/* ---- options ---- */

static const char *region_of(const vgi_s3_options *options)
{
    const char *region = options->region;
    if (!region)
        region = vgi__variable("AWS_REGION");
    if (!region)
        region = vgi__variable("AWS_DEFAULT_REGION");
    return region ? region : "us-east-1";
}

static int check(const vgi_s3_options *options, const char *region, vgi_error *err)
{
    static const char region_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t n = strlen(region);
    char echo[VGI_STORE_ECHO_SIZE];
    int rc = vgi__bucket_check(options->bucket, err);
    if (rc == VGI_OK && options->prefix)
        rc = vgi__prefix_check(options->prefix, err);
    if (rc != VGI_OK)
        return rc;
    if (n == 0 || n > 63 || strspn(region, region_bytes) != n)
        return vgi__store_fail(err, VGI_EINVAL, "region \"%s\": no name of one",
                               vgi__store_echo(echo, vgi_str_from(region)));
    if (options->presign_expiry_s > EXPIRY_MOST_S)
        return vgi__store_fail(err, VGI_EINVAL,
                               "presign_expiry_s: %u, the limit is %d (a week)",
                               options->presign_expiry_s, EXPIRY_MOST_S);
    if (options->multipart_bytes < 0)
        return vgi__store_fail(err, VGI_EINVAL, "multipart_bytes: negative");
    if ((unsigned)options->addressing > VGI_S3_VIRTUAL_HOST)
        return vgi__store_fail(err, VGI_EINVAL, "addressing: %d is none",
                               (int)options->addressing);
    if (!options->access_key_id != !options->secret_access_key)
        return vgi__store_fail(err, VGI_EINVAL,
                               "access_key_id and secret_access_key go together");
    return VGI_OK;
}

/* A copy for the store; NULL stays NULL. False: no memory. */
static bool keep(vgi__s3 *s3, const char **out, const char *text)
{
    *out = text ? vgi__text_copy(&s3->mem, vgi_str_from(text)) : NULL;
    return *out || !text;
}

static bool keep_strings(vgi__s3 *s3, const vgi_s3_options *options)
{
    vgi__credentials *explicit_ = &s3->source.explicit_;
    return keep(s3, &s3->bucket, options->bucket) &&
           keep(s3, &s3->prefix, options->prefix ? options->prefix : VGI_STORE_PREFIX) &&
           keep(s3, &explicit_->id, options->access_key_id) &&
           keep(s3, &explicit_->secret, options->secret_access_key) &&
           keep(s3, &explicit_->token, options->session_token) &&
           keep(s3, &s3->source.file, options->credentials_file) &&
           keep(s3, &s3->source.profile, options->profile);
}

/* Addresses of the bucket. */
static int locate(vgi__s3 *s3, const vgi_s3_options *options, const char *region,
                  vgi_error *err)
{
    vgi__endpoint at = { .scheme = "https" };
    vgi_s3_addressing addressing = options->addressing;
    if (options->endpoint) {
        const int rc = vgi__endpoint_parse(&at, options->endpoint, &s3->mem, err);
        if (rc != VGI_OK)
            return rc;
    } else {
        const char *china = strncmp(region, "cn-", 3) == 0 ? ".cn" : "";
        at.host = vgi__text_format(&s3->mem, "s3.%s.amazonaws.com%s", region, china);
    }
    /* A wildcard certificate covers one label: no dots. */
    if (addressing == VGI_S3_AUTO)
        addressing = options->endpoint || strchr(s3->bucket, '.') ? VGI_S3_PATH
                                                                  : VGI_S3_VIRTUAL_HOST;
    if (!at.host)
        return vgi__store_nomem(err);
    if (addressing == VGI_S3_PATH) {
        s3->host = at.host;
        s3->root = vgi__text_format(&s3->mem, "/%s/", s3->bucket);
    } else {
        s3->host = vgi__text_format(&s3->mem, "%s.%s", s3->bucket, at.host);
        s3->root = "/";
    }
    s3->scope = vgi__text_format(&s3->mem, "%s/s3/aws4_request", region);
    s3->origin =
        vgi__text_format(&s3->mem, "%s://%s", at.scheme, s3->host ? s3->host : "");
    if (!s3->host || !s3->root || !s3->scope || !s3->origin)
        return vgi__store_nomem(err);
    return VGI_OK;
}

static int configure(vgi__s3 *s3, const vgi_s3_options *options, const char *region,
                     vgi_error *err)
{
    const unsigned retries = options->retries ? options->retries : RETRIES;
    const int64_t multipart = options->multipart_bytes;
    s3->expiry_s = options->presign_expiry_s ? options->presign_expiry_s : EXPIRY_S;
    s3->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
    s3->retries = options->no_retries ? 0 : retries;
    s3->multipart_bytes = multipart ? (size_t)multipart : MULTIPART_BYTES;
    if (!keep_strings(s3, options))
        return vgi__store_nomem(err);
    int rc = locate(s3, options, region, err);
    if (rc != VGI_OK)
        return rc;
    vgi_arena work = { 0 };
    vgi__credentials credentials;
    rc = vgi__credentials_find(&credentials, &s3->source, &work, err);
    vgi_arena_free(&work);
    if (rc != VGI_OK)
        return rc;
    return vgi_http_pool_new(&s3->pool, options->ca_file, err);
}

int vgi_s3_storage(vgi_storage *out, const vgi_s3_options *options, vgi_error *err)
{
    if (!out || !options || options->size < sizeof(options->size))
        return vgi__store_fail(err, VGI_EINVAL, "vgi_s3_options without its size");
    vgi_s3_options given = { 0 }; /* the caller's may be those of another version */
    memcpy(&given, options,
           options->size < sizeof(given) ? options->size : sizeof(given));
    const char *region = region_of(&given);
    int rc = check(&given, region, err);
    if (rc != VGI_OK)
        return rc;
    vgi_arena mem = { 0 };
    vgi__s3 *s3 = vgi_arena_calloc(&mem, 1, sizeof(*s3));
    if (!s3)
        return vgi__store_nomem(err);
    s3->mem = mem;
    if ((rc = configure(s3, &given, region, err)) != VGI_OK) {
        close_store(s3);
        return rc;
    }
    *out = (vgi_storage){ .size = sizeof(*out),
                          .upload = upload,
                          .upload_url = upload_url,
                          .close = close_store,
                          .user = s3 };
    return VGI_OK;
}
