/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file call.h
 * What a handler can ask and say while it runs.
 *
 * A vgi_call is borrowed: valid until the handler returns, on the handler's
 * thread only. Memory from it (vgi_call_alloc, vgi_strf) is arena memory: in a
 * unary handler it lives until the result has been written; in a stream's open
 * until the stream ends; in a stream's turn until that turn's batch is written.
 */
#ifndef VGIRPC_CALL_H
#define VGIRPC_CALL_H

#include <stdarg.h>

#include <vgirpc/arena.h>
#include <vgirpc/error.h>
#include <vgirpc/metadata.h>
#include <vgirpc/schema.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

typedef struct vgi_call vgi_call;

/** How a request arrived. */
typedef enum vgi_transport_kind {
    VGI_TRANSPORT_PIPE = 1, /**< stdin and stdout, or any pair of pipes */
    VGI_TRANSPORT_UNIX,
    VGI_TRANSPORT_TCP,
    VGI_TRANSPORT_HTTP,
    VGI_TRANSPORT_SHM,   /**< a byte stream with a shared-memory segment beside it */
    VGI_TRANSPORT_MEMORY /**< in-process, for tests */
} vgi_transport_kind;

/** Severity of a log record that goes to the client. */
typedef enum vgi_log_level {
    VGI_LOG_TRACE = 1,
    VGI_LOG_DEBUG,
    VGI_LOG_INFO,
    VGI_LOG_WARN,
    VGI_LOG_ERROR,
    VGI_LOG_EXCEPTION /**< reserved: only ever seen as a remote failure */
} vgi_log_level;

/** Everything an exception can say on the wire. */
typedef struct vgi_failure {
    size_t size;         /**< sizeof(vgi_failure) */
    const char *type;    /**< exception type, e.g. "ValueError"; NULL: "RuntimeError" */
    const char *message; /**< UTF-8, any length up to the log limit; NULL: "" */
    const char *code;    /**< one of the canonical codes ("NOT_FOUND"); NULL: "UNKNOWN" */
    const char *kind;    /**< application-defined, snake_case; NULL: none */
    const char *details; /**< JSON array of objects with "@type"; NULL: none */
} vgi_failure;

/** Who is calling. Without an authenticator: anonymous. */
typedef struct vgi_auth {
    const char *domain;    /**< e.g. "bearer", "mtls"; "" when anonymous */
    const char *principal; /**< "" when anonymous */
    const char *claims;    /**< JSON object, "{}" when there are none */
    bool authenticated;
} vgi_auth;

/**
 * Report a failure to the client and return the status to pass on:
 * `return vgi_fail(call, "ValueError", "count is negative: %" PRId64, n);`
 *
 * @param type  exception type as the client sees it; NULL: "RuntimeError"
 * @param fmt   printf format; the text may be as long as the log limit
 * @return VGI_EREMOTE, always
 * @since 0.1
 */
VGI_API int vgi_fail(vgi_call *call, const char *type, const char *fmt, ...) VGI_PRINTF(3, 4);

/**
 * As vgi_fail, with code, kind and details. Strings are copied.
 * @return VGI_EREMOTE, or VGI_EINVAL when `code` is none of the canonical
 *         codes or `details` is no JSON array (the failure is reported without them).
 * @since 0.1
 */
VGI_API int vgi_fail_with(vgi_call *call, const vgi_failure *failure);

/**
 * Send a log record to the client, in order with the data.
 * @return VGI_OK; VGI_EINVAL an unknown level or VGI_LOG_EXCEPTION; VGI_ENOMEM.
 *         A log that cannot be sent never fails the call.
 * @since 0.1
 */
VGI_API int vgi_log(vgi_call *call, vgi_log_level level, const char *fmt, ...) VGI_PRINTF(3, 4);

/** As vgi_log, with `count` extra key-value pairs. @since 0.1 */
VGI_API int vgi_log_with(vgi_call *call, vgi_log_level level, vgi_str message,
                         const vgi_pair *extra, size_t count);

/** Take arena memory of this call. @return NULL when there is none. @since 0.1 */
VGI_API void *vgi_call_alloc(vgi_call *call, size_t size);

/** Return the call's arena, for functions that take one. @since 0.1 */
VGI_API vgi_arena *vgi_call_arena(vgi_call *call);

/**
 * Format into the call's arena.
 * @param[out] out  arena, NUL-terminated beyond len
 * @return VGI_OK or VGI_ENOMEM. @since 0.1
 */
VGI_API int vgi_strf(vgi_call *call, vgi_str *out, const char *fmt, ...) VGI_PRINTF(3, 4);

/** Copy a string into the call's arena. @return VGI_OK or VGI_ENOMEM. @since 0.1 */
VGI_API int vgi_str_copy(vgi_call *call, vgi_str *out, vgi_str text);

/** Return the wire name of the method that runs. @since 0.1 */
VGI_API const char *vgi_call_method(const vgi_call *call);

/** Return the wire name of the service. @since 0.1 */
VGI_API const char *vgi_call_service(const vgi_call *call);

/** Return the request id that error and log batches carry. @since 0.1 */
VGI_API const char *vgi_call_request_id(const vgi_call *call);

/** Return the server's id. @since 0.1 */
VGI_API const char *vgi_call_server_id(const vgi_call *call);

/** Return how the request arrived. @since 0.1 */
VGI_API vgi_transport_kind vgi_call_transport(const vgi_call *call);

/** Return the name of a transport kind: "pipe", "unix", "tcp", "http", "shm", "memory". @since 0.1 */
VGI_API const char *vgi_transport_name(vgi_transport_kind kind);

/** Return the metadata of the request batch. In a stream: of the opening request. @since 0.1 */
VGI_API vgi_metadata vgi_call_metadata(const vgi_call *call);

/**
 * Return the metadata of this turn's input batch (a producer's tick included).
 * Empty in a unary handler and in open. @since 0.1
 */
VGI_API vgi_metadata vgi_call_turn_metadata(const vgi_call *call);

/** Return who is calling. @since 0.1 */
VGI_API const vgi_auth *vgi_call_auth(const vgi_call *call);

/** Return the `user` pointer of the server options. @since 0.1 */
VGI_API void *vgi_call_user(const vgi_call *call);

/**
 * Set the stream's header, in open. The method must declare `.header`.
 * @param type   must be the declared type
 * @param header encoded at once; not kept
 * @return VGI_OK; VGI_EINVAL not in open, or another type; VGI_ENOMEM. @since 0.1
 */
VGI_API int vgi_call_header(vgi_call *call, const vgi_type *type, const void *header);

/** As vgi_call_header, from a one-row batch (run-time methods). @since 0.1 */
VGI_API int vgi_call_header_batch(vgi_call *call, const struct vgi_batch *header);

/**
 * Choose this stream's output schema, in open, in place of the declared one.
 * @param schema  a reference is taken
 * @return VGI_OK; VGI_EINVAL not in open. @since 0.1
 */
VGI_API int vgi_call_output_schema(vgi_call *call, const vgi_schema *schema);

/** As vgi_call_output_schema, for an exchange's input. @since 0.1 */
VGI_API int vgi_call_input_schema(vgi_call *call, const vgi_schema *schema);

VGI_END_DECLS

#endif
