/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file server.h
 * A server hosts services and serves them on byte streams.
 *
 * Make one, add services, serve. Once it serves it is immutable and may be
 * used from any thread. vgi_serve() does all of it for a worker's main().
 */
#ifndef VGIRPC_SERVER_H
#define VGIRPC_SERVER_H

#include <vgirpc/call.h>
#include <vgirpc/error.h>
#include <vgirpc/limits.h>
#include <vgirpc/service.h>
#include <vgirpc/sys/alloc.h>

VGI_BEGIN_DECLS

typedef struct vgi_server vgi_server;

/** Which wire epochs are answered. */
typedef enum vgi_compat {
    VGI_COMPAT_AUTO = 0,     /**< each request as it says (default) */
    VGI_COMPAT_CURRENT_ONLY, /**< refuse requests that name no protocol */
    VGI_COMPAT_SEED_ONLY     /**< treat every request as seed */
} vgi_compat;

/** What one dispatch is about; borrowed during the hook. */
typedef struct vgi_dispatch_info {
    size_t size; /**< sizeof(vgi_dispatch_info) of the library */
    const char *service, *method;
    const char *method_type; /**< "unary" or "stream" */
    const char *server_id, *request_id;
    vgi_transport_kind transport;
    const vgi_auth *auth;
    vgi_metadata metadata; /**< of the request */
    bool current_epoch;    /**< the request named its protocol */
} vgi_dispatch_info;

/** What one dispatch moved. Log and error batches are not counted. */
typedef struct vgi_call_statistics {
    size_t size; /**< sizeof(vgi_call_statistics) of the library */
    uint64_t input_batches, input_rows, input_bytes;
    uint64_t output_batches, output_rows, output_bytes;
    uint64_t duration_ns;
} vgi_call_statistics;

/**
 * Watch dispatches. `start` runs before the handler, `end` after the last byte
 * of its answer was queued; on the dispatching thread, possibly several at once.
 * A hook cannot fail a call. The pointer that start stores in *token reaches end.
 */
typedef struct vgi_dispatch_hook {
    void (*start)(void *user, const vgi_dispatch_info *info, void **token);
    void (*end)(void *user, void *token, const vgi_dispatch_info *info,
                const vgi_call_statistics *stats, const vgi_error *error);
    void *user;
} vgi_dispatch_hook;

/** How a server is made. `{ .size = sizeof(vgi_server_options) }` is valid. */
typedef struct vgi_server_options {
    size_t size;             /**< sizeof(vgi_server_options) */
    const char *server_id;   /**< NULL: 12 random hex digits */
    const char *server_version; /**< of the worker, for introspection; NULL: "" */
    vgi_compat compat;
    bool no_describe;        /**< `__describe__` is an unknown method */
    bool no_tracebacks;      /**< exceptions carry no traceback and frames */
    vgi_limits limits;       /**< 0 fields are defaults */
    const vgi_allocator *allocator; /**< NULL: libc; must outlive the server */
    void *user;              /**< for handlers: vgi_call_user */
    const vgi_dispatch_hook *hooks; /**< `n_hooks`, copied; called in order, ended in reverse */
    size_t n_hooks;
    /**
     * Called once per serve, before the first request is read, on the serving
     * thread. A status other than VGI_OK stops the serve and is returned by it.
     */
    int (*on_serve_start)(vgi_server *server, vgi_transport_kind kind, void *user, vgi_error *err);
    unsigned drain_ms;        /**< how long running calls may finish after stop; 0: 10,000 */
    unsigned max_connections; /**< of a threaded listener; 0: 1,024 */
    int reserved_;
} vgi_server_options;

/**
 * Make a server without services.
 * @param[out] out  owned: vgi_server_free
 * @param options   NULL: all defaults; copied
 * @return VGI_OK; VGI_EINVAL; VGI_ENOMEM. Any thread. @since 0.1
 */
VGI_API int vgi_server_new(vgi_server **out, const vgi_server_options *options, vgi_error *err);

/**
 * Host a service. The first one is the primary: seed clients reach only it.
 * Everything about the tables is checked here, once: names, types, nesting,
 * holes of 8 bytes or more that belong to no described member, defaults.
 *
 * @param service  must outlive the server
 * @return VGI_OK; VGI_EINVAL with a message that names service, method and
 *         member; VGI_ELIMIT; VGI_ENOMEM. Before serving only. @since 0.1
 */
VGI_API int vgi_server_add(vgi_server *server, const vgi_service *service, vgi_error *err);

/**
 * Serve one byte stream until its end: stdin and stdout, a socket twice, a
 * pair of pipes. Blocks. The descriptors are not closed.
 * @return VGI_OK at end of input or after stop; VGI_EPROTO when the peer broke
 *         the framing; VGI_EIO; what on_serve_start returned. @since 0.1
 */
VGI_API int vgi_server_serve_fds(vgi_server *server, int in_fd, int out_fd,
                                 vgi_transport_kind kind, vgi_error *err);

/** vgi_server_serve_fds on stdin and stdout. Nothing else may write to stdout. @since 0.1 */
VGI_API int vgi_server_serve_stdio(vgi_server *server, vgi_error *err);

/** How to listen on a Unix socket. */
typedef struct vgi_unix_options {
    size_t size;    /**< sizeof(vgi_unix_options) */
    bool threaded;  /**< a thread per connection; else one connection at a time */
    bool announce;  /**< print "UNIX:<path>" on stdout, flushed, once it accepts */
    unsigned idle_timeout_ms; /**< return after so long without a connection; 0: never */
    int reserved_;
} vgi_unix_options;

/**
 * Listen on a Unix socket and serve until vgi_server_stop. Blocks.
 *
 * A stale socket file (nobody listens) is removed first; the file is removed
 * at the end. After stop: no new connections, running calls finish within
 * drain_ms, idle connections are closed at once.
 *
 * @param path     at most 107 bytes
 * @param options  NULL: sequential, silent
 * @return VGI_OK after stop; VGI_EINVAL path too long or not a socket;
 *         VGI_EIO bind, listen, or somebody listens there; what
 *         on_serve_start returned. @since 0.1
 */
VGI_API int vgi_server_serve_unix(vgi_server *server, const char *path,
                                  const vgi_unix_options *options, vgi_error *err);

/**
 * Ask every serve of this server to end. Async-signal-safe; returns at once.
 * @since 0.1
 */
VGI_API void vgi_server_stop(vgi_server *server);

/**
 * Let SIGTERM and SIGINT stop this server; ignore SIGPIPE. One server per
 * process; NULL gives the former handlers back.
 * @return VGI_OK; VGI_EINVAL another server has them. @since 0.1
 */
VGI_API int vgi_server_handle_signals(vgi_server *server, vgi_error *err);

/** Return the server's id. @since 0.1 */
VGI_API const char *vgi_server_id(const vgi_server *server);

/**
 * Return the SHA-256 of a hosted service's `__describe__` form, 64 hex digits. It is
 * computed when it is first asked for.
 * @return borrowed from the server; NULL when the service is not hosted, or there is no
 *         memory. Any thread. @since 0.1
 */
VGI_API const char *vgi_server_describe_hash(const vgi_server *server, const char *service);

/** Return the canonical protocol_hash (v1) of a hosted service. @since 0.1 */
VGI_API const char *vgi_server_protocol_hash(const vgi_server *server, const char *service);

/** Free a server that serves no more. NULL is ignored. @since 0.1 */
VGI_API void vgi_server_free(vgi_server *server);

/**
 * The whole main() of a worker: no argument or --pipe serves stdio; --unix PATH
 * [--threaded] [--idle-timeout SEC]; --describe prints the service; --help.
 *
 * @param service  hosted as the primary
 * @return an exit status: 0, 1 after a failure (message on stderr), 2 for a
 *         wrong command line. Blocks. @since 0.1
 */
VGI_API int vgi_serve(const vgi_service *service, int argc, char **argv);

/**
 * As vgi_serve, with several services (`services` ends with NULL, the first is
 * the primary) and options.
 * @since 0.1
 */
VGI_API int vgi_serve_with(const vgi_service *const *services, const vgi_server_options *options,
                           int argc, char **argv);

VGI_END_DECLS

#endif
