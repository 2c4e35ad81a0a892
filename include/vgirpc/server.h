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

struct vgi_external;

/** A server. Made by one thread; any thread may use it once it serves. */
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
    /** Requests and inputs read, data batches written; bytes of their messages. */
    uint64_t input_batches, input_rows, input_bytes;
    uint64_t output_batches, output_rows, output_bytes;
    uint64_t duration_ns; /**< from start to end */
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
    size_t size;                /**< sizeof(vgi_server_options) */
    const char *server_id;      /**< NULL: 12 random hex digits */
    const char *server_version; /**< of the worker, for introspection; NULL: "" */
    vgi_compat compat;
    bool no_describe;               /**< `__describe__` is an unknown method */
    bool no_tracebacks;             /**< exceptions carry no traceback and frames */
    vgi_limits limits;              /**< 0 fields are defaults */
    const vgi_allocator *allocator; /**< NULL: libc; must outlive the server */
    void *user;                     /**< for handlers: vgi_call_user */
    const vgi_dispatch_hook *hooks; /**< copied; started in order, ended in reverse */
    size_t n_hooks;                 /**< number of hooks */
    /**
     * Called once per serve, before the first request is read, on the serving
     * thread. A status other than VGI_OK stops the serve and is returned by it.
     */
    int (*on_serve_start)(vgi_server *server, vgi_transport_kind kind, void *user,
                          vgi_error *err);
    unsigned drain_ms;        /**< of a listener: how long calls may run on after stop,
                                   before their connections are cut; 0: 10,000 */
    unsigned max_connections; /**< of a threaded listener; more wait; 0: 1,024 */
    /** Where big batches go, and where pointers may lead: vgirpc/external.h. NULL: both
     * stay as they are. Must outlive the server. */
    const struct vgi_external *external;
    int reserved_;
} vgi_server_options;

/**
 * Make a server without services.
 *
 * @param[out] out  owned: vgi_server_free
 * @param options   NULL: all defaults; copied, but not what `user` and `allocator`
 *                  point to
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL the size of the options is not set; VGI_EIO no
 *         descriptors are left (a server has two); VGI_ENOMEM. Any thread.
 * @since 0.1
 */
VGI_API int vgi_server_new(vgi_server **out, const vgi_server_options *options,
                           vgi_error *err);

/**
 * Host a service. The first one is the primary: seed clients reach only it.
 *
 * Everything about the tables is checked here, once: names, types, nesting,
 * holes of 8 bytes or more that belong to no described member, defaults.
 *
 * @param service   must outlive the server, with all it points to
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL a table contradicts itself, or a service of that name is
 *         hosted: the message names service, method and member; VGI_ELIMIT a type is
 *         over limits.fields, depth or name_bytes; VGI_ENOMEM.
 * Must not be called once the server serves. One thread.
 * @since 0.1
 */
VGI_API int vgi_server_add(vgi_server *server, const vgi_service *service,
                           vgi_error *err);

/**
 * Serve one byte stream until its end: stdin and stdout, a socket twice, a
 * pair of pipes.
 *
 * After stop, a call that runs is finished first.
 *
 * @param in_fd     readable, blocking; neither closed nor kept
 * @param out_fd    writable, blocking; neither closed nor kept; may be in_fd
 * @param kind      what vgi_call_transport says
 * @param[out] err  may be NULL
 * @return VGI_OK at end of input or after stop; VGI_EPROTO the peer broke the
 *         framing; VGI_ECLOSED it went away within a call; VGI_EIO; VGI_ENOMEM;
 *         what on_serve_start returned.
 * Blocks. Any thread; several may serve one server.
 * @since 0.1
 */
VGI_API int vgi_server_serve_fds(vgi_server *server, int in_fd, int out_fd,
                                 vgi_transport_kind kind, vgi_error *err);

/**
 * Serve stdin and stdout. As vgi_server_serve_fds, of kind VGI_TRANSPORT_PIPE. Nothing
 * else may write to stdout meanwhile.
 * @since 0.1
 */
VGI_API int vgi_server_serve_stdio(vgi_server *server, vgi_error *err);

/** How to listen on a Unix socket. */
typedef struct vgi_unix_options {
    size_t size;   /**< sizeof(vgi_unix_options) */
    bool threaded; /**< a thread per connection; else one connection at a time */
    bool announce; /**< print "UNIX:<path>" on stdout, flushed, once it accepts */
    unsigned idle_timeout_ms; /**< return after so long without a connection; 0: never */
    int reserved_;
} vgi_unix_options;

/**
 * Listen on a Unix socket and serve until vgi_server_stop.
 *
 * A stale socket file (nobody listens) is removed first. After stop: the file
 * is removed, no new connections; idle ones are closed at once; those with a running
 * call after drain_ms. It returns when the last handler has.
 *
 * Sequential, handlers run on the caller's thread. Threaded, each connection has a
 * thread with a stack of 1 MiB and all signals blocked.
 *
 * @param path      at most 107 bytes
 * @param options   NULL: sequential, silent, no idle timeout
 * @param[out] err  may be NULL
 * @return VGI_OK after stop or the idle timeout; VGI_EINVAL the path is empty, too
 *         long, or no socket; VGI_EIO bind or listen failed, or somebody listens
 *         there; what on_serve_start returned.
 * Blocks. Any thread.
 * @since 0.1
 */
VGI_API int vgi_server_serve_unix(vgi_server *server, const char *path,
                                  const vgi_unix_options *options, vgi_error *err);

/**
 * Ask every serve of this server to end, now and later: there is no way back.
 *
 * @param server  not NULL
 * Async-signal-safe; any thread; returns at once, before they have ended.
 * @since 0.1
 */
VGI_API void vgi_server_stop(vgi_server *server);

/**
 * Let SIGTERM and SIGINT stop this server, and ignore SIGPIPE.
 *
 * One server per process can have the signals, until it is freed.
 *
 * @param server    NULL gives the former handlers back
 * @param[out] err  may be NULL
 * @return VGI_OK; VGI_EINVAL another server has them. Any thread.
 * @since 0.1
 */
VGI_API int vgi_server_handle_signals(vgi_server *server, vgi_error *err);

/** Return the server's id; borrowed from the server. Any thread. @since 0.1 */
VGI_API const char *vgi_server_id(const vgi_server *server);

/**
 * Return the SHA-256 of a hosted service's `__describe__` form, which seed clients call
 * its protocol hash. It is computed when it is first asked for.
 *
 * @param service  wire name
 * @return 64 hex digits, borrowed from the server; NULL when the service is not hosted,
 *         or there is no memory. Any thread.
 * @since 0.1
 */
VGI_API const char *vgi_server_describe_hash(const vgi_server *server,
                                             const char *service);

/**
 * Return the canonical protocol_hash (v1) of a hosted service, that of the current
 * epoch. As vgi_server_describe_hash otherwise.
 * @since 0.1
 */
VGI_API const char *vgi_server_protocol_hash(const vgi_server *server,
                                             const char *service);

/** Free a server when every serve of it has returned. NULL is ignored. @since 0.1 */
VGI_API void vgi_server_free(vgi_server *server);

/**
 * Be the whole main() of a worker.
 *
 * No argument or --pipe serves stdio; --unix PATH [--threaded] [--idle-timeout SEC]
 * a socket; --describe prints the service; --version and --help. Listeners add more: a
 * program that links libvgirpc-http has --http. Takes SIGTERM, SIGINT and SIGPIPE as
 * vgi_server_handle_signals does.
 *
 * @param service  the only one
 * @param argc     as main() got it
 * @param argv     as main() got it
 * @return an exit status: 0; 1 after a failure (message on stderr); 2 for a
 *         wrong command line. Blocks until the end of input, a signal or the timeout.
 * @since 0.1
 */
VGI_API int vgi_serve(const vgi_service *service, int argc, char **argv);

/**
 * As vgi_serve, with several services and options.
 *
 * @param services  ends with NULL; the first is the primary
 * @param options   NULL: all defaults
 * @since 0.1
 */
VGI_API int vgi_serve_with(const vgi_service *const *services,
                           const vgi_server_options *options, int argc, char **argv);

VGI_END_DECLS

#endif
