/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file gcs.h
 * External batches in Google Cloud Storage: libvgirpc-gcs.
 *
 *     vgi_storage store;
 *     int rc = vgi_gcs_storage(&store,
 *                              &(vgi_gcs_options){ .size = sizeof(vgi_gcs_options),
 *                                                  .bucket = "batches" }, &err);
 *     ... vgi_external_options.storage = &store, which vgi_external_new copies
 *
 * Objects stay until the bucket's lifecycle rules delete them: have a rule for `prefix`.
 */
#ifndef VGIRPC_GCS_H
#define VGIRPC_GCS_H

#include <stdbool.h>

#include <vgirpc/sys/storage.h>

VGI_BEGIN_DECLS

/** `{ .size = sizeof(vgi_gcs_options), .bucket = "name" }` is enough where
 * GOOGLE_APPLICATION_CREDENTIALS names a service account's key. Strings are copied. */
typedef struct vgi_gcs_options {
    size_t size;        /**< sizeof(vgi_gcs_options) */
    const char *bucket; /**< must be set */
    const char *prefix; /**< of all names; NULL: "vgi-rpc/" */
    /**
     * `http[s]://host[:port]`. NULL: STORAGE_EMULATOR_HOST; when that is not set,
     * "https://storage.googleapis.com". An emulator out of the environment gets no access
     * tokens of a service account.
     */
    const char *endpoint;
    /** A service account's key, as the file's text; NULL: a file */
    const char *credentials_json;
    /** NULL: GOOGLE_APPLICATION_CREDENTIALS */
    const char *credentials_file;
    /** For uploads, in place of the service account's; it is not renewed */
    const char *access_token;
    /** A service account's mail address that signs URLs when there is no key, by way of
     * the IAM Credentials service and access_token */
    const char *signer_email;
    /** Of that service; NULL: "https://iamcredentials.googleapis.com" */
    const char *signer_endpoint;
    unsigned presign_expiry_s; /**< how long URLs work; 0: 3,600; at most 604,800 */
    unsigned timeout_ms;       /**< of a whole upload with its retries; 0: 60,000 */
    unsigned retries;          /**< of a request after the first attempt; 0: 2 */
    bool no_retries;
    const char *ca_file; /**< PEM; NULL: the system's */
} vgi_gcs_options;

/**
 * Make a store of a bucket. Nothing is sent yet.
 *
 * A service account's key makes access tokens, which are kept until a minute before they
 * expire, and signs URLs (V4). URLs permit reading or writing one object. Without a key
 * and without signer_email there can be an emulator only, and its URLs are not signed.
 *
 * @param[out] out  owned: vgi_external_new takes it over, or call out->close(out->user)
 * @param options   not NULL
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL an option, or the key's file, is wrong: the message names
 *         it; VGI_ENOTFOUND there are no credentials; VGI_EIO their file cannot be read;
 *         VGI_ENOMEM. The store's own functions also VGI_EIO (it refused: the message has
 *         its status and text), VGI_ETIMEDOUT, and what vgi_http_transfer_run returns.
 * Any thread. Reads the environment.
 * @since 0.1
 */
VGI_API int vgi_gcs_storage(vgi_storage *out, const vgi_gcs_options *options,
                            vgi_error *err);

VGI_END_DECLS

#endif
