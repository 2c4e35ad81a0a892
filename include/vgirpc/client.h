/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file client.h
 * Call a worker: typed with described structs, or by name with batches.
 *
 * A client is one connection. It and its streams belong to one thread at a
 * time. While a stream is open no other call can be made on its client.
 * Descriptors (vgi_type) are compiled once and known by their address: they
 * must stay what and where they are as long as the client.
 *
 * What blocks does so until the server answers; options.read_timeout_ms bounds each
 * wait for a byte, not the whole. After VGI_EPROTO, VGI_EIO, VGI_ECLOSED and
 * VGI_ETIMEDOUT the connection may be lost: then every further call says VGI_ECLOSED
 * and why, and the client is to be closed. Over HTTP there is nothing to lose: the next
 * call can be made whatever became of the one before.
 */
#ifndef VGIRPC_CLIENT_H
#define VGIRPC_CLIENT_H

#include <vgirpc/arena.h>
#include <vgirpc/batch.h>
#include <vgirpc/call.h>
#include <vgirpc/error.h>
#include <vgirpc/limits.h>
#include <vgirpc/service.h>
#include <vgirpc/sys/alloc.h>
#include <vgirpc/type.h>

VGI_BEGIN_DECLS

struct vgi_external;

/** One connection. */
typedef struct vgi_client vgi_client;
/** One open stream of a client. */
typedef struct vgi_stream vgi_stream;
/** What a server said it offers; independent of the client. */
typedef struct vgi_description vgi_description;

/** One log record of the server; borrowed during the callback. */
typedef struct vgi_log_record {
    size_t size; /**< sizeof(vgi_log_record) of the library */
    vgi_log_level level;
    vgi_str message;
    vgi_str extra; /**< JSON object; "{}" when there is none */
    vgi_str server_id, request_id; /**< "" when absent */
} vgi_log_record;

/** How a client connects. `{ .size = sizeof(vgi_client_options) }` is valid. */
typedef struct vgi_client_options {
    size_t size;          /**< sizeof(vgi_client_options) */
    const char *protocol; /**< routing key; NULL: learn it from the server when needed, or
                               over HTTP, call its first service. On byte streams servers
                               of the seed epoch ignore it; over HTTP they have no
                               addresses for names, and no server has streams there */
    const char *protocol_version; /**< MAJOR.MINOR.PATCH we were made for; NULL: none */
    unsigned connect_timeout_ms;  /**< unix: and http: only; 0: 10,000 */
    unsigned read_timeout_ms; /**< longest wait for the next byte either way; 0: none */
    vgi_limits limits;        /**< 0 fields are defaults */
    const vgi_allocator *allocator; /**< NULL: libc */
    /** Receives log records as they arrive, on the calling thread. May be NULL. */
    void (*on_log)(void *user, const vgi_log_record *record);
    void *user;              /**< passed to on_log */
    bool discard_stderr; /**< exec: discard the worker's stderr (default: ours) */
    /** How pointers to batches are followed, and requests uploaded that are too big for
     * an HTTP server: vgirpc/external.h. NULL: neither. Must outlive the client. */
    const struct vgi_external *external;
    /** Share so many bytes of memory with the server, for batches that are big; 0: none.
     * exec:, unix: and descriptors only, whose other end must be on this machine and of
     * the same user; ignored over HTTP. Servers that do not share memory get everything
     * on the connection. At least 65,537: 64 KiB are a header. */
    int64_t shm_bytes;
    int reserved_;
} vgi_client_options;

/**
 * Connect to a server, or start one.
 *
 * @param[out] out  owned: vgi_client_close
 * @param url       "exec:COMMAND LINE" starts a worker on pipes (split as a
 *                  shell does, no shell is run); "unix:PATH" connects;
 *                  "http://HOST:PORT/PREFIX" and https: as vgi_client_open_http
 * @param options   NULL: all defaults; copied
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL a bad URL, or options without a size; VGI_ECONNECT nobody
 *         listens, or the command cannot be started; VGI_ETIMEDOUT; VGI_ENOTSUP a
 *         scheme this build has not; VGI_EIO no descriptors are left; VGI_ENOMEM.
 * Blocks up to connect_timeout_ms. Any thread.
 * @since 0.1
 */
VGI_API int vgi_client_open(vgi_client **out, const char *url,
                            const vgi_client_options *options, vgi_error *err);

/**
 * Connect over two open descriptors, which may be one socket.
 *
 * They belong to the client: closed with it, and also when this fails with VGI_EIO or
 * VGI_ENOMEM.
 *
 * @param[out] out  owned: vgi_client_close
 * @param in_fd     what the server writes
 * @param out_fd    what the server reads
 * @param options   NULL: all defaults; copied
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL the options have no size; VGI_EIO a descriptor is not
 *         open; VGI_ENOMEM. Does not block. Any thread.
 * @since 0.1
 */
VGI_API int vgi_client_open_fds(vgi_client **out, int in_fd, int out_fd,
                                const vgi_client_options *options, vgi_error *err);

/** How to reach an HTTP server. */
typedef struct vgi_http_client_options {
    size_t size;                 /**< sizeof(vgi_http_client_options) */
    const char *const *headers;  /**< "Name: value", sent with every request (bearer
                                      tokens ...); copied */
    size_t n_headers;            /**< number of headers */
    bool no_compression;         /**< neither compress requests nor ask for it */
    unsigned compress_min_bytes; /**< smaller requests stay as they are; 0: 1,024 */
    unsigned retries;      /**< of requests that changed nothing yet, and of those that
                                can be made twice (introspection, a producer's next
                                batch); 0: 2 */
    bool no_retries;       /**< the first failure counts */
    bool insecure;         /**< do not verify the server's certificate */
    const char *ca_file;   /**< PEM; NULL: the system's */
    const char *unix_path; /**< connect here, whatever the URL's host is */
    int reserved_;
} vgi_http_client_options;

/**
 * Connect to an HTTP server. Nothing is sent before the first call.
 *
 * The connection is kept between calls. A stream is a sequence of requests; between two
 * of them the server keeps nothing.
 *
 * @param[out] out  owned: vgi_client_close
 * @param url       "http://host:port/prefix" or https
 * @param http      NULL: all defaults; copied
 * @param options   NULL: all defaults; copied
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL the URL or an option is wrong; VGI_ENOMEM. Does not block.
 *         Later calls say VGI_EREMOTE with type "AuthenticationError" for 401, VGI_ELIMIT
 *         for 413, VGI_EPROTO for an answer that is none.
 * Any thread.
 * @since 0.1
 */
VGI_API int vgi_client_open_http(vgi_client **out, const char *url,
                                 const vgi_http_client_options *http,
                                 const vgi_client_options *options, vgi_error *err);

/**
 * Close the connection and free the client.
 *
 * A subprocess gets end of input, then 5 s, then SIGTERM (at once
 * when the connection was lost), 1 s, SIGKILL.
 * An open stream is over with it, and is still to be closed.
 *
 * @param client  NULL is ignored
 * Blocks until a subprocess has ended.
 * @since 0.1
 */
VGI_API void vgi_client_close(vgi_client *client);

/**
 * Call a unary method with described structs.
 *
 * @param client    without an open stream
 * @param method    wire name
 * @param in_type   descriptor of *in: its fields are the parameters
 * @param in        may be NULL when in_type is vgi_void
 * @param out_type  descriptor of the result; vgi_void for none
 * @param[out] out  one value of out_type->size bytes; may be NULL for vgi_void
 * @param mem       arena for strings, lists and nested values of *out
 * @param[out] err  may be NULL
 * @return VGI_OK; else
 *         VGI_EREMOTE    the server raised: err->type names the exception, and
 *                        vgi_client_failure has it whole
 *         VGI_ESCHEMA    the result is not of out_type
 *         VGI_EINVAL     a stream is open, or a value of *in does not fit its type
 *         VGI_ELIMIT     the answer is over a limit of the options
 *         VGI_EPROTO     the answer is no answer
 *         VGI_ETIMEDOUT  no byte came or went for read_timeout_ms
 *         VGI_ECLOSED    the server went away, or the connection was lost before
 *         VGI_ECONNECT   HTTP: nobody listens at the URL, or who does is not trusted
 *         VGI_EIO, VGI_ENOMEM
 * Blocks. One thread at a time per client.
 * @since 0.1
 */
VGI_API int vgi_client_call(vgi_client *client, const char *method,
                            const vgi_type *in_type, const void *in,
                            const vgi_type *out_type, void *out, vgi_arena *mem,
                            vgi_error *err);

/**
 * Call a unary method by name: parameters and result as batches.
 *
 * @param client       without an open stream
 * @param method       wire name
 * @param params       one row; its metadata goes with the request; NULL: no parameters
 * @param[out] result  owned: one row; set to NULL by a void method; may be NULL when
 *                     not wanted
 * @param[out] err     may be NULL
 * @return as vgi_client_call. Blocks. One thread at a time per client.
 * @since 0.1
 */
VGI_API int vgi_client_call_batch(vgi_client *client, const char *method,
                                  const vgi_batch *params, vgi_batch **result,
                                  vgi_error *err);

/**
 * What is to be known about a stream before it is opened; vgi_client_describe tells.
 * It has to be right: a header that is not expected is taken for the data, and the
 * data then for the answer to the next call.
 */
typedef struct vgi_stream_options {
    size_t size;                    /**< sizeof(vgi_stream_options) */
    bool has_header;                /**< the method sends a header first */
    bool exchange;                  /**< input batches are sent (else ticks) */
    const vgi_schema *input_schema; /**< exchange: of the batches that will be sent; NULL:
                                       the first one's */
    int reserved_;
} vgi_stream_options;

/**
 * Open a stream with described parameters.
 *
 * Without a header the server's refusal to open is seen only at the first row. After
 * a refusal the connection may be lost (the next call says VGI_ECLOSED): not every
 * server tells what it expects then.
 *
 * @param[out] out  owned: vgi_stream_close
 * @param client    without an open stream
 * @param method    wire name
 * @param in_type   descriptor of *in: its fields are the parameters
 * @param in        may be NULL when in_type is vgi_void; not kept
 * @param options   NULL: a producer without header; copied
 * @param[out] err  may be NULL
 * @return as vgi_client_call. Blocks until the header is there, if there is one. One
 *         thread at a time per client.
 * @since 0.1
 */
VGI_API int vgi_client_stream(vgi_stream **out, vgi_client *client, const char *method,
                              const vgi_type *in_type, const void *in,
                              const vgi_stream_options *options, vgi_error *err);

/** As vgi_client_stream, with parameters as a one-row batch (NULL: none) whose metadata
 * goes with the request. @since 0.1 */
VGI_API int vgi_client_stream_batch(vgi_stream **out, vgi_client *client,
                                    const char *method, const vgi_batch *params,
                                    const vgi_stream_options *options, vgi_error *err);

/** Return the stream's header, a batch of one row, borrowed until the stream is closed;
 * NULL without one. @since 0.1 */
VGI_API const vgi_batch *vgi_stream_header(const vgi_stream *stream);

/**
 * Read the next row of a producer stream.
 *
 * Fetches the next batch when the current one is used up; log batches met on
 * the way go to the client's log callback.
 *
 * @param stream      producer stream; not closed
 * @param type        descriptor of *row; must match the stream's output schema
 *                    by column name and Arrow type (checked per batch schema)
 * @param[out] row    one struct of type->size bytes; its strings and lists are
 *                    borrowed until the next call on this stream
 * @param[out] err    may be NULL
 * @return VGI_OK; VGI_END when the stream is over (row untouched); else
 *         VGI_ESCHEMA   the stream has other columns than `type` describes
 *         VGI_EREMOTE   the server raised; err->type names the exception
 *         VGI_EPROTO, VGI_EIO, VGI_ETIMEDOUT, VGI_ENOMEM
 * Blocks up to options.read_timeout_ms. One thread at a time per client.
 * @since 0.1
 */
VGI_API int vgi_stream_row(vgi_stream *stream, const vgi_type *type, void *row,
                           vgi_error *err);

/**
 * Read the next batch of a producer stream.
 *
 * @param stream      producer stream; not closed
 * @param[out] batch  borrowed until the next call on this stream; may be NULL
 * @param[out] err    may be NULL
 * @return as vgi_stream_row, without VGI_ESCHEMA. Blocks.
 * @since 0.1
 */
VGI_API int vgi_stream_next(vgi_stream *stream, const vgi_batch **batch, vgi_error *err);

/** As vgi_stream_next; the metadata `tick` (may be NULL) goes with the request for the
 * batch. @since 0.1 */
VGI_API int vgi_stream_tick(vgi_stream *stream, const vgi_metadata *tick,
                            const vgi_batch **batch, vgi_error *err);

/**
 * Send one batch of an exchange and read the answer to it.
 *
 * @param stream      exchange stream; not closed
 * @param in          of the stream's input schema; its metadata travels along
 * @param[out] batch  borrowed until the next call on this stream; may be NULL
 * @param[out] err    may be NULL
 * @return as vgi_stream_row; VGI_ESCHEMA `in` has another schema than the batches
 *         before it: nothing was sent. Blocks.
 * @since 0.1
 */
VGI_API int vgi_stream_exchange(vgi_stream *stream, const vgi_batch *in,
                                const vgi_batch **batch, vgi_error *err);

/**
 * Tell the server to stop, and end the stream, which is still to be closed.
 *
 * @param stream    not closed
 * @param[out] err  may be NULL
 * @return VGI_OK, also when it is over already; VGI_EIO, VGI_ECLOSED, VGI_ETIMEDOUT,
 *         VGI_EPROTO the connection is lost. Blocks until the output has ended.
 * @since 0.1
 */
VGI_API int vgi_stream_cancel(vgi_stream *stream, vgi_error *err);

/**
 * End the stream, draining what is left, and free it. The client can call again.
 *
 * @param stream  NULL is ignored
 * Blocks until the output has ended.
 * @since 0.1
 */
VGI_API void vgi_stream_close(vgi_stream *stream);

/** The last VGI_EREMOTE, whole; borrowed until the client's next call. */
typedef struct vgi_remote_failure {
    size_t size; /**< sizeof(vgi_remote_failure) of the library */
    vgi_str type, message, traceback; /**< untruncated; traceback "" when absent */
    vgi_str code, kind, details; /**< "" when absent; details is a JSON array */
    vgi_str extra;               /**< the whole log_extra JSON */
    vgi_str server_id, request_id;
} vgi_remote_failure;

/** Return what the server raised in the last call, borrowed until the next one; NULL when
 * it raised nothing. @since 0.1 */
VGI_API const vgi_remote_failure *vgi_client_failure(const vgi_client *client);

/** One method of a described service. Borrowed from the description. */
typedef struct vgi_method_info {
    size_t size;          /**< sizeof(vgi_method_info) of the library */
    const char *name;     /**< wire name */
    vgi_method_kind kind; /**< of a stream only right when kind_known */
    bool is_stream;       /**< producer or exchange */
    bool kind_known;      /**< the server tells which */
    bool has_return;      /**< false: void */
    bool has_header;      /**< for vgi_stream_options */
    const vgi_schema *params, *result, *header; /**< header NULL when there is none */
} vgi_method_info;

/**
 * Ask the server what it offers (reflection, else `__describe__`).
 *
 * @param client    without an open stream
 * @param[out] out  owned: vgi_description_free
 * @param[out] err  may be NULL
 * @return as vgi_client_call; VGI_EREMOTE also when introspection is off. Blocks.
 * @since 0.1
 */
VGI_API int vgi_client_describe(vgi_client *client, vgi_description **out,
                                vgi_error *err);

/** Return the service's wire name. As all of these, borrowed from the description.
 * @since 0.1 */
VGI_API const char *vgi_description_name(const vgi_description *description);
/** Return the service's version, "" when it declares none or the server does not tell.
 * @since 0.1 */
VGI_API const char *vgi_description_protocol_version(const vgi_description *description);
/** Return the protocol hash, 64 hex digits. @since 0.1 */
VGI_API const char *vgi_description_hash(const vgi_description *description);
/** Return the server's id. @since 0.1 */
VGI_API const char *vgi_description_server_id(const vgi_description *description);
/** Return what was asked: "4" (`__describe__`) or "vgi_rpc.Reflection.v1". @since 0.1 */
VGI_API const char *vgi_description_version(const vgi_description *description);
/** Return the number of methods. @since 0.1 */
VGI_API size_t vgi_description_methods(const vgi_description *description);
/** Return a method by position (sorted by name), or NULL. @since 0.1 */
VGI_API const vgi_method_info *vgi_description_method(const vgi_description *description,
                                                      size_t index);
/** Find a method by name. @return NULL when there is none. @since 0.1 */
VGI_API const vgi_method_info *vgi_description_find(const vgi_description *description,
                                                    const char *name);
/** Free a description. NULL is ignored. @since 0.1 */
VGI_API void vgi_description_free(vgi_description *description);

/**
 * Make a batch from JSON: one object is one row, an array of objects several.
 * Missing keys are null (an error where the column is not nullable). Lists are
 * arrays, structs objects, maps objects or arrays of pairs, bytes base64, dates
 * and times ISO 8601 or the number that is stored. Numbers may stand in strings:
 * for what JSON numbers cannot hold, exact decimals, "NaN" and "Infinity".
 * Unions and run-end encoded columns cannot be made.
 *
 * @param[out] out  owned: vgi_batch_unref
 * @param schema    of the batch
 * @param json      UTF-8; need not be NUL-terminated
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL not JSON, an unknown key, or a value that does not
 *         fit its column, with the path to it; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_batch_from_json(vgi_batch **out, const vgi_schema *schema, vgi_str json,
                                vgi_error *err);

/** One allocation in a shared-memory segment. */
typedef struct vgi_shm_region {
    uint64_t offset; /**< from the segment's start */
    uint64_t length; /**< in bytes */
} vgi_shm_region;

/** What the header of a shared-memory segment says. */
typedef struct vgi_shm_info {
    size_t size;                   /**< sizeof(vgi_shm_info) of the library */
    uint64_t bytes;                /**< of the whole segment */
    uint64_t data_bytes;           /**< of these, for batches */
    uint64_t used_bytes;           /**< of these, allocated */
    const vgi_shm_region *regions; /**< by offset */
    size_t n_regions;              /**< number of allocations */
} vgi_shm_info;

/**
 * Look at a shared-memory segment of this machine, whoever uses it. It is only read; one
 * that is in use may change meanwhile, and then what is read need not make sense.
 *
 * @param name      of the segment, as in "vgi_rpc.shm_segment_name"
 * @param[out] out  what it holds; regions live in `mem`
 * @param mem       arena
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL a name that is none; VGI_ENOTFOUND; VGI_EPROTO it is no
 *         segment, or its table is broken; VGI_EIO; VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_shm_inspect(const char *name, vgi_shm_info *out, vgi_arena *mem,
                            vgi_error *err);

VGI_END_DECLS

#endif
