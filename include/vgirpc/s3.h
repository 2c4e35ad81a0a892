/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file s3.h
 * External batches in Amazon S3, or in a store that speaks like it: libvgirpc-s3.
 *
 *     vgi_storage store;
 *     int rc = vgi_s3_storage(&store, &(vgi_s3_options){ .size = sizeof(vgi_s3_options),
 *                                                        .bucket = "batches" }, &err);
 *     ... vgi_external_options.storage = &store, which vgi_external_new copies
 *
 * Objects stay until the bucket's lifecycle rules delete them: have a rule for `prefix`.
 */
#ifndef VGIRPC_S3_H
#define VGIRPC_S3_H

#include <stdbool.h>

#include <vgirpc/sys/storage.h>

VGI_BEGIN_DECLS

/** How a bucket is named in addresses. */
typedef enum vgi_s3_addressing {
    VGI_S3_AUTO, /**< virtual hosts at Amazon, if the bucket's name allows; else paths */
    VGI_S3_PATH, /**< `https://host/bucket/key` */
    VGI_S3_VIRTUAL_HOST /**< `https://bucket.host/key` */
} vgi_s3_addressing;

/** `{ .size = sizeof(vgi_s3_options), .bucket = "name" }` is enough at Amazon. All
 * strings are copied. */
typedef struct vgi_s3_options {
    size_t size;        /**< sizeof(vgi_s3_options) */
    const char *bucket; /**< must be set */
    const char *prefix; /**< of all keys; NULL: "vgi-rpc/" */
    /** NULL: AWS_REGION, AWS_DEFAULT_REGION, "us-east-1" */
    const char *region;
    /** `http[s]://host[:port]` of a store that is not Amazon's; NULL: Amazon's */
    const char *endpoint;
    vgi_s3_addressing addressing;
    /**
     * Credentials, and a session's token if it has one. NULL: AWS_ACCESS_KEY_ID,
     * AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; when these are not set, a file.
     */
    const char *access_key_id, *secret_access_key, *session_token;
    /** Of profiles, read anew for each signature; NULL: AWS_SHARED_CREDENTIALS_FILE,
     * "~/.aws/credentials" */
    const char *credentials_file;
    /** In that file, and then the environment's keys are not looked at; NULL:
     * AWS_PROFILE, "default" */
    const char *profile;
    unsigned presign_expiry_s; /**< how long URLs work; 0: 3,600; at most 604,800 */
    int64_t multipart_bytes;   /**< objects above it go in parts of 8 MiB; 0: 64 MiB */
    unsigned timeout_ms;       /**< of a whole upload with its retries; 0: 60,000 */
    unsigned retries;          /**< of a request after the first attempt; 0: 2 */
    bool no_retries;
    const char *ca_file; /**< PEM; NULL: the system's */
} vgi_s3_options;

/**
 * Make a store of a bucket. Nothing is sent yet.
 *
 * Uploads are signed with the body's hash, and retried with growing waits when the
 * connection fails or the store answers 408, 429 or 5xx. URLs are signed in their query
 * and permit reading or writing one object.
 *
 * @param[out] out  owned: vgi_external_new takes it over, or call out->close(out->user)
 * @param options   not NULL
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL an option is wrong: the message names it; VGI_ENOTFOUND
 *         there are no credentials; VGI_EIO the credentials file cannot be read;
 *         VGI_ENOMEM. The store's own functions also VGI_EIO (it refused: the message has
 *         its code and text), VGI_ETIMEDOUT, and what vgi_http_transfer_run returns.
 * Any thread. Reads the environment.
 * @since 0.1
 */
VGI_API int vgi_s3_storage(vgi_storage *out, const vgi_s3_options *options,
                           vgi_error *err);

VGI_END_DECLS

#endif
