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
    const char *message; /**< UTF-8, any length up to the log limit; ends at the first
                              NUL; NULL: "" */
    const char *code;    /**< one of the canonical codes ("NOT_FOUND"); NULL: "UNKNOWN" */
    const char *kind;    /**< application-defined, snake_case; NULL: none */
    const char *details; /**< JSON array of objects with "@type"; NULL: none */
} vgi_failure;

/** Who is calling. Without an authenticator: anonymous. */
typedef struct vgi_auth {
    const char *domain;    /**< e.g. "bearer", "mtls"; "" when anonymous */
    const char *principal; /**< "" when anonymous */
    const char *claims;    /**< JSON object, "{}" when there are none */
    bool authenticated;    /**< false: anonymous; true with a principal, always */
} vgi_auth;

/**
 * Report a failure to the client and return the status to pass on:
 * `return vgi_fail(call, "ValueError", "count is negative: %" PRId64, n);`
 *
 * The client gets it when the handler returns; the last one counts. It ends the
 * call or the stream, never the connection.
 *
 * @param type  exception type as the client sees it, by convention a Python
 *              exception name; copied; NULL: "RuntimeError"
 * @param fmt   printf format; of the text limits.log_bytes (1 MiB) are sent
 * @return VGI_EREMOTE, always; without memory the client is told that instead.
 * Does not block.
 * @since 0.1
 */
VGI_API int vgi_fail(vgi_call *call, const char *type, const char *fmt, ...)
    VGI_PRINTF(3, 4);

/**
 * Report a failure with code, kind and details.
 *
 * What is wrong in it is left out and the rest reported: the client sees the
 * failure in any case.
 *
 * @param failure  size must be set; all strings are copied. A kind that is longer
 *                 than 255 bytes or no UTF-8 is left out without a word
 * @return VGI_EREMOTE; VGI_EINVAL `code` is none of the canonical codes, or
 *         `details` is no JSON array of objects with "@type". Does not block.
 * @since 0.1
 */
VGI_API int vgi_fail_with(vgi_call *call, const vgi_failure *failure);

/**
 * Send a log record to the client, in order with the data.
 *
 * What open logs is kept until the stream has opened. A log is not worth a call:
 * its status may be ignored.
 *
 * @param level  VGI_LOG_TRACE to VGI_LOG_ERROR
 * @param fmt    printf format; of the text limits.log_bytes (1 MiB) are sent
 * @return VGI_OK; VGI_EINVAL another level; VGI_ENOMEM the record was dropped.
 * Blocks only when more than 64 KiB of a turn wait for a client that does not read.
 * @since 0.1
 */
VGI_API int vgi_log(vgi_call *call, vgi_log_level level, const char *fmt, ...)
    VGI_PRINTF(3, 4);

/**
 * Send a log record with key-value pairs beside its text. As vgi_log otherwise.
 *
 * @param message  UTF-8; copied, NUL bytes included
 * @param extra    `count` pairs, copied; NULL when count is 0
 * @since 0.1
 */
VGI_API int vgi_log_with(vgi_call *call, vgi_log_level level, vgi_str message,
                         const vgi_pair *extra, size_t count);

/**
 * Take memory of this call, aligned for any type, not zeroed.
 *
 * @param size  bytes; 0 gives a unique valid pointer
 * @return arena memory (how long it lives: at the top of this file); NULL when
 *         there is none or limits.arena_bytes is reached. Does not block.
 * @since 0.1
 */
VGI_API void *vgi_call_alloc(vgi_call *call, size_t size);

/**
 * Return the call's arena, for functions that take one (vgi_batch_row ...).
 *
 * @return borrowed; must be neither reset nor freed
 * @since 0.1
 */
VGI_API vgi_arena *vgi_call_arena(vgi_call *call);

/**
 * Format a string into the call's arena.
 *
 * @param[out] out  arena, NUL-terminated beyond len; untouched on failure
 * @param fmt       printf format; as in printf, what %s and VGI_STR_FMT print ends at
 *                  a NUL: vgi_concat joins the bytes as they are
 * @return VGI_OK; VGI_ENOMEM no memory, or limits.arena_bytes is reached.
 * @since 0.1
 */
VGI_API int vgi_strf(vgi_call *call, vgi_str *out, const char *fmt, ...) VGI_PRINTF(3, 4);

/**
 * Copy a string into the call's arena.
 *
 * @param[out] out  arena, NUL-terminated beyond len; untouched on failure
 * @param text      a null string becomes the empty one
 * @return VGI_OK; VGI_ENOMEM no memory, or limits.arena_bytes is reached.
 * @since 0.1
 */
VGI_API int vgi_str_copy(vgi_call *call, vgi_str *out, vgi_str text);

/**
 * Join strings into one in the call's arena, byte for byte, NUL bytes included.
 *
 * @param[out] out  arena, NUL-terminated beyond len; untouched on failure
 * @param parts     `count` strings, a null string counts as empty; copied; NULL when
 *                  count is 0
 * @param count     number of strings; 0 gives the empty string
 * @return VGI_OK; VGI_ENOMEM no memory, limits.arena_bytes is reached, or the lengths
 *         add up to more than a size_t holds. Does not block.
 * @since 0.1
 */
VGI_API int vgi_concat(vgi_call *call, vgi_str *out, const vgi_str *parts, size_t count);

/** Return the wire name of the method that runs; borrowed from its table. @since 0.1 */
VGI_API const char *vgi_call_method(const vgi_call *call);

/** Return the wire name of its service; borrowed from its table. @since 0.1 */
VGI_API const char *vgi_call_service(const vgi_call *call);

/**
 * Return the request id, as error and log batches carry it.
 *
 * @return 16 hex digits, the same for a stream's whole life; over HTTP the X-Request-ID
 *         of the request, and so another one in each turn; borrowed from the call
 * @since 0.1
 */
VGI_API const char *vgi_call_request_id(const vgi_call *call);

/** Return the server's id; borrowed from the server. @since 0.1 */
VGI_API const char *vgi_call_server_id(const vgi_call *call);

/** Return how the request arrived. @since 0.1 */
VGI_API vgi_transport_kind vgi_call_transport(const vgi_call *call);

/**
 * Return the name of a transport kind: "pipe", "unix", "tcp", "http", "shm", "memory".
 *
 * @param kind  any value
 * @return a string constant; "unknown" for a value that is no kind. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_transport_name(vgi_transport_kind kind);

/**
 * Return the metadata of the request batch; in a stream, of the opening request.
 *
 * @return borrowed from the call, routing keys included; pairs NULL without any
 * @since 0.1
 */
VGI_API vgi_metadata vgi_call_metadata(const vgi_call *call);

/**
 * Return the metadata of this turn's input batch (a producer's tick included).
 *
 * @return borrowed until the turn returns; empty in a unary handler and in open
 * @since 0.1
 */
VGI_API vgi_metadata vgi_call_turn_metadata(const vgi_call *call);

/**
 * Return who is calling.
 *
 * @return borrowed from the call; never NULL: anonymous without an authenticator
 * @since 0.1
 */
VGI_API const vgi_auth *vgi_call_auth(const vgi_call *call);

/**
 * Return how many bytes the answer may still have, as far as is known.
 *
 * @return bytes of Arrow data left of the response (over HTTP: max_response_bytes minus
 *         what was written); -1 without a cap. An answer over it becomes an error.
 * @since 0.1
 */
VGI_API int64_t vgi_call_response_budget(const vgi_call *call);

/** Return the `user` pointer of the server options; NULL when none was set. @since 0.1 */
VGI_API void *vgi_call_user(const vgi_call *call);

/**
 * Set the stream's header, in open: one row that goes out before the data.
 *
 * The method must declare `.header`, and its open must set one; a second one
 * takes the place of the first.
 *
 * @param type    the declared type
 * @param header  one struct of it; encoded at once, not kept
 * @return VGI_OK; VGI_EINVAL not in open, no header declared, another type, or a
 *         value that does not fit; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_call_header(vgi_call *call, const vgi_type *type, const void *header);

/**
 * Set the stream's header from a batch (run-time methods).
 *
 * @param header  one row of the declared schema; copied
 * @return as vgi_call_header
 * @since 0.1
 */
VGI_API int vgi_call_header_batch(vgi_call *call, const struct vgi_batch *header);

/**
 * Choose this stream's output schema, in open, in place of the declared one.
 *
 * @param schema  a reference is taken
 * @return VGI_OK; VGI_EINVAL not in open.
 * @since 0.1
 */
VGI_API int vgi_call_output_schema(vgi_call *call, const vgi_schema *schema);

/**
 * Choose the schema that an exchange's input batches are cast to, in open.
 *
 * @param schema  a reference is taken
 * @return VGI_OK; VGI_EINVAL not in open, or the stream is a producer.
 * @since 0.1
 */
VGI_API int vgi_call_input_schema(vgi_call *call, const vgi_schema *schema);

VGI_END_DECLS

#endif
