/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file http.h
 * Serving over HTTP: libvgirpc-http.
 *
 * A program that links this library has `--http` in its vgi_serve() command line;
 * vgi_server_serve_http() does the same for programs with a command line of their own.
 * Requests need no connection, no order and no memory of each other: a stream's state
 * travels in a signed token, so any worker that has the same key can go on with it.
 */
#ifndef VGIRPC_HTTP_H
#define VGIRPC_HTTP_H

#include <vgirpc/server.h>

VGI_BEGIN_DECLS

/** One HTTP request, for authenticators. Borrowed until the callback returns. */
typedef struct vgi_http_request vgi_http_request;

/** Return the value of the header of that name (case is ignored), the values "a, b" when
 * there are several; a null string when there is none. @since 0.1 */
VGI_API vgi_str vgi_http_request_header(const vgi_http_request *request,
                                        const char *name);
/** Return the value of a cookie; a null string when there is none. @since 0.1 */
VGI_API vgi_str vgi_http_request_cookie(const vgi_http_request *request,
                                        const char *name);
/** Return the method: "GET", "POST" ... @since 0.1 */
VGI_API vgi_str vgi_http_request_method(const vgi_http_request *request);
/** Return the path without the query, as sent. @since 0.1 */
VGI_API vgi_str vgi_http_request_path(const vgi_http_request *request);
/** Return the peer's address as text; "unix" for a Unix socket. @since 0.1 */
VGI_API const char *vgi_http_request_peer(const vgi_http_request *request);
/** Return memory for what the callback puts into its vgi_auth; it lives until the
 * response was sent. @since 0.1 */
VGI_API vgi_arena *vgi_http_request_arena(vgi_http_request *request);

/** Why a request is not let in, as `VGI-Auth-Reason` says it. */
typedef enum vgi_auth_reason {
    VGI_AUTH_MISSING_CREDENTIAL = 1,
    VGI_AUTH_INVALID_CREDENTIAL,
    VGI_AUTH_EXPIRED_CREDENTIAL,
    VGI_AUTH_INSUFFICIENT_SCOPE,
    VGI_AUTH_PROXY_REQUIRED,
    VGI_AUTH_UNAUTHORIZED
} vgi_auth_reason;

/**
 * Refuse the request: `return vgi_http_reject(request, VGI_AUTH_MISSING_CREDENTIAL,
 * "no bearer token");`
 *
 * @param detail  for the operator, never for the client: kept for an access log, which
 *                this release does not write; copied; may be NULL
 * @return VGI_EREMOTE, always
 * @since 0.1
 */
VGI_API int vgi_http_reject(vgi_http_request *request, vgi_auth_reason reason,
                            const char *detail);

/**
 * An authenticator: who sent this request?
 *
 * Called for every request but OPTIONS, `/health` and `/.well-known/`, on the thread that
 * will run the handler, several at once.
 *
 * @param[out] auth  preset to anonymous; strings are borrowed until the response was
 *                   sent: static, or from vgi_http_request_arena. One with a principal is
 *                   authenticated, whether that was set or not
 * @return VGI_OK; what vgi_http_reject returned: the client gets 401. Any other status
 *         is a 401 of reason "unauthorized".
 */
typedef int vgi_http_authenticate(vgi_http_request *request, vgi_auth *auth, void *user);

/** What stream tokens look like. */
typedef enum vgi_token_format {
    VGI_TOKEN_HMAC = 0, /**< version 3, signed and readable, as of the 0.15 reference */
    VGI_TOKEN_SEALED    /**< encrypted; only workers of this library understand it */
} vgi_token_format;

/** How to serve over HTTP. `{ .size = sizeof(vgi_http_options) }` is valid. */
typedef struct vgi_http_options {
    size_t size; /**< sizeof(vgi_http_options) */
    /* where */
    const char *host;      /**< address or name to bind; NULL: "127.0.0.1" */
    uint16_t port;         /**< 0: any free one */
    const char *unix_path; /**< a Unix socket in place of host and port */
    const char *prefix;    /**< of all routes: "" or "/api/v1"; NULL: "" */
    bool announce;         /**< print "PORT:<n>" ("UNIX:<path>") on stdout when ready */
    /* threads and connections */
    unsigned threads;               /**< that are always there; 0: 16, or
                                         max_threads when that is less */
    unsigned max_threads;           /**< when all are busy; 0: 256 */
    unsigned max_connections;       /**< more wait; 0: 16,384 */
    unsigned header_timeout_ms;     /**< for a request's headers; 0: 10,000 */
    unsigned idle_timeout_ms;       /**< between requests; 0: 75,000 */
    unsigned write_timeout_ms;      /**< without progress of a response; 0: 30,000 */
    unsigned body_bytes_per_second; /**< that a body must make, and the reader of a
                                         response; 0: 16,384 */
    /* caps, in bytes */
    int64_t max_request_bytes;  /**< of a body, encoded and decoded; 0: 64 MiB */
    int64_t max_response_bytes; /**< of a response's Arrow body; 0: none */
    int64_t max_externalized_response_bytes; /**< uploaded for one response; 0: none */
    int64_t max_buffered_bytes; /**< of all request bodies at once, and responses that
                                     wait to be read; 0: 1 GiB, or max_request_bytes
                                     when that is more */
    /* streams */
    const void *signing_key;  /**< of stream tokens, any bytes; NULL: see
                                   vgi_server_serve_http */
    size_t signing_key_bytes; /**< its length */
    vgi_token_format token_format;
    unsigned token_ttl_s;      /**< how old a token may be; 0: 3,600 */
    bool token_no_ttl;         /**< tokens never expire */
    unsigned producer_batches; /**< data batches of one response of a producer; 0: 1, or
                                    any number when max_response_bytes is set */
    unsigned producer_ms;      /**< time after which a producer's response ends with the
                                    batch that is there; 0: 1,000 */
    /* compression of responses; requests are always decoded */
    bool no_compression;
    int zstd_level;              /**< 1 to 19; 0: 3 */
    int gzip_level;              /**< 1 to 9; 0: 6 */
    unsigned compress_min_bytes; /**< smaller bodies stay as they are; 0: 1,024 */
    /* browsers */
    const char *const *cors_origins; /**< allowed origins, or "*"; NULL: no CORS */
    size_t n_cors_origins;           /**< number of origins */
    unsigned cors_max_age_s;         /**< of a preflight; 0: 7,200 */
    bool no_pages;                   /**< no landing, describe and not-found pages */
    /* who */
    vgi_http_authenticate *authenticate; /**< NULL: everybody is anonymous */
    void *authenticate_user;             /**< for it */
    int reserved_;
} vgi_http_options;

/**
 * Listen for HTTP and serve until vgi_server_stop.
 *
 * Handlers run on the library's threads, several at once. A producer or exchange whose
 * state is not described (VGI_OPAQUE, or a run-time stream without save and restore)
 * fails when it is opened: nothing of it could travel in a token.
 *
 * Without options->signing_key the key is taken from the environment, VGI_RPC_SIGNING_KEY
 * (hexadecimal, or base64); without that a random one is made and a line on stderr
 * says that no other worker will understand its tokens.
 *
 * After stop: no new connections; idle ones are closed; requests that arrived are
 * answered, for at most drain_ms of the server's options.
 *
 * @param options   NULL: all defaults; copied
 * @param[out] err  may be NULL
 * @return VGI_OK after stop; VGI_EINVAL an option is wrong: the message names it; VGI_EIO
 *         it cannot bind or listen; VGI_ENOMEM; what on_serve_start returned.
 * Blocks. Any thread.
 * @since 0.1
 */
VGI_API int vgi_server_serve_http(vgi_server *server, const vgi_http_options *options,
                                  vgi_error *err);

/**
 * Give vgi_serve() its `--http`, with these defaults.
 *
 * Linking the library does it with all defaults; a program that has an authenticator or
 * a key of its own calls this at the start of main(). Options of the command line win.
 *
 * @param defaults  copied, but not what it points to; NULL: all defaults
 * @return VGI_OK; VGI_EINVAL the options have no size. One thread, before vgi_serve.
 * @since 0.1
 */
VGI_API int vgi_http_register(const vgi_http_options *defaults);

/** A cookie to set. */
typedef struct vgi_cookie {
    size_t size;        /**< sizeof(vgi_cookie) */
    const char *name;   /**< a token of RFC 9110 */
    const char *value;  /**< without control characters, spaces, quotes, ',', ';', '\' */
    const char *path;   /**< NULL: not sent */
    const char *domain; /**< NULL: not sent */
    const char *same_site; /**< "Lax", "Strict", "None"; NULL: not sent */
    int64_t max_age_s;     /**< 0: a cookie of the session; negative: delete it */
    bool secure, http_only;
} vgi_cookie;

/**
 * Set a cookie with the response, in a unary handler.
 *
 * @param cookie  copied
 * @return VGI_OK; VGI_EINVAL a part of it cannot be sent; VGI_ENOTSUP the call did not
 *         come over HTTP, or is a stream's; VGI_ENOMEM.
 * @since 0.1
 */
VGI_API int vgi_call_set_cookie(vgi_call *call, const vgi_cookie *cookie);

VGI_END_DECLS

#endif
