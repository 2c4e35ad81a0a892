/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sys/http.h
 * One HTTP transfer at a time, for stores: libvgirpc-client.
 */
#ifndef VGIRPC_SYS_HTTP_H
#define VGIRPC_SYS_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/value.h>

VGI_BEGIN_DECLS

/** Connections that are kept between transfers. Any thread; several at once. */
typedef struct vgi_http_pool vgi_http_pool;

/** What to send. */
typedef struct vgi_http_transfer {
    size_t size;                /**< sizeof(vgi_http_transfer) */
    const char *method;         /**< "GET", "HEAD", "PUT", "POST", "DELETE" */
    const char *url;            /**< http or https */
    const char *const *headers; /**< "Name: value" */
    size_t n_headers;           /**< number of headers */
    vgi_bytes body;             /**< of PUT and POST */
    int64_t max_body;           /**< of the answer: more is VGI_ELIMIT; 0: 1 MiB */
    unsigned timeout_ms;        /**< of the whole transfer; 0: 60,000 */
} vgi_http_transfer;

/** What came back, in the arena. */
typedef struct vgi_http_answer {
    size_t size; /**< sizeof(vgi_http_answer) of the library */
    int status;
    const vgi_str *headers; /**< name, value, name, value ... */
    size_t n_headers;       /**< number of pairs */
    vgi_bytes body;
} vgi_http_answer;

/** Make a pool. @param ca_file PEM; NULL: the system's @since 0.1 */
VGI_API int vgi_http_pool_new(vgi_http_pool **out, const char *ca_file, vgi_error *err);
/** Free a pool that nobody uses. NULL is ignored. @since 0.1 */
VGI_API void vgi_http_pool_free(vgi_http_pool *pool);
/**
 * Do one transfer. Redirects are not followed.
 *
 * @return VGI_OK with any status; VGI_ECONNECT, VGI_ECLOSED, VGI_ETIMEDOUT, VGI_EIO,
 *         VGI_ELIMIT, VGI_EPROTO; VGI_EINVAL the URL, the method or a header is none;
 *         VGI_ENOMEM. Blocks. Any thread.
 * @since 0.1
 */
VGI_API int vgi_http_transfer_run(vgi_http_pool *pool, const vgi_http_transfer *transfer,
                                  vgi_arena *mem, vgi_http_answer *answer,
                                  vgi_error *err);
/** Return a header's value (case is ignored); a null string: absent. @since 0.1 */
VGI_API vgi_str vgi_http_answer_header(const vgi_http_answer *answer, const char *name);

VGI_END_DECLS

#endif
