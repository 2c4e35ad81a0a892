/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file external.h
 * External locations: big batches by way of an object store. libvgirpc-client.
 *
 * A batch above a threshold is uploaded, and a pointer to it travels in its place; the
 * other side fetches it, checks its SHA-256, and handlers see the batch as if it had come
 * inline. Servers (vgi_server_options.external) and clients
 * (vgi_client_options.external) use the same thing.
 */
#ifndef VGIRPC_EXTERNAL_H
#define VGIRPC_EXTERNAL_H

#include <vgirpc/sys/storage.h>

VGI_BEGIN_DECLS

/** External locations as they are configured. Any thread; must outlive what uses it. */
typedef struct vgi_external vgi_external;

/** May this URL be fetched? @return VGI_OK, or what makes the fetch fail. */
typedef int vgi_url_validator(void *user, vgi_str url, vgi_error *err);

/** `{ .size = sizeof(vgi_external_options) }` resolves pointers and uploads nothing. */
typedef struct vgi_external_options {
    size_t size;                /**< sizeof(vgi_external_options) */
    const vgi_storage *storage; /**< copied, closed with the vgi_external; NULL: none.
                                     It stays the caller's when vgi_external_new fails */
    int64_t threshold_bytes;    /**< batches of at least this are uploaded; 0: 1 MiB */
    const char *compression;    /**< of uploaded objects: "zstd", "gzip"; NULL: none */
    int compression_level;      /**< 0: the coding's default */
    /* fetching */
    int64_t max_fetch_bytes;        /**< of an object as stored; 0: 256 MiB */
    int64_t max_decompressed_bytes; /**< of an object decoded; 0: 16 x max_fetch_bytes */
    unsigned timeout_ms;            /**< of a whole fetch with its retries; 0: 60,000 */
    unsigned retries;               /**< after the first attempt; 0: 2 */
    bool no_retries;
    int64_t parallel_bytes; /**< objects from this size on are fetched in parallel ranges;
                                 0: 64 MiB */
    int64_t chunk_bytes;    /**< of a range; 0: 8 MiB */
    unsigned connections;   /**< at once, of one fetch; 0: 8 */
    unsigned hedges; /**< ranges of one fetch that are asked for a second time when they
                          are late; 0: 4 */
    bool no_hedges;
    /* which URLs */
    bool allow_http;    /**< plain http as well; default https only */
    bool allow_private; /**< addresses of loopback, private and link-local ranges */
    vgi_url_validator *validator; /**< asked as well, at every hop; NULL: none */
    void *validator_user;         /**< for it */
    unsigned max_redirects;       /**< 0: 5 */
    const char *ca_file;          /**< PEM; NULL: the system's */
    int reserved_;
} vgi_external_options;

/** What was moved since it was made. */
typedef struct vgi_external_statistics {
    size_t size; /**< sizeof(vgi_external_statistics) */
    uint64_t uploads, upload_bytes, upload_failures;
    uint64_t fetches, fetch_bytes, fetch_failures, retries;
    uint64_t fetch_ns; /**< time spent fetching */
    uint64_t hedges;   /**< ranges asked for a second time */
} vgi_external_statistics;

/**
 * Configure external locations.
 *
 * @param[out] out  owned: vgi_external_free
 * @return VGI_OK; VGI_EINVAL an option is wrong: the message names it; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_external_new(vgi_external **out, const vgi_external_options *options,
                             vgi_error *err);
/** Free it, after what uses it. NULL is ignored. @since 0.1 */
VGI_API void vgi_external_free(vgi_external *external);
/** Fill in `stats` (its size set). Any thread. @since 0.1 */
VGI_API void vgi_external_stats(const vgi_external *external,
                                vgi_external_statistics *stats);

/** A store in this process's memory, for tests: URLs are "memory:<n>", which only this
 * vgi_external fetches. @param[out] out for vgi_external_options.storage @since 0.1 */
VGI_API int vgi_memory_storage(vgi_storage *out, vgi_error *err);

VGI_END_DECLS

#endif
