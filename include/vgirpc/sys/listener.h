/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sys/listener.h
 * More ways to serve for vgi_serve(): what is behind an option like `--http`.
 *
 * A library that serves in its own way registers a listener before main() calls
 * vgi_serve. The command line then has its options.
 */
#ifndef VGIRPC_SYS_LISTENER_H
#define VGIRPC_SYS_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include <vgirpc/error.h>
#include <vgirpc/server.h>

VGI_BEGIN_DECLS

/** A way to serve. Registered ones must stay valid for ever. */
typedef struct vgi_listener {
    size_t size;        /**< sizeof(vgi_listener) */
    const char *option; /**< that chooses it: "--http" */
    const char *help;   /**< whole lines for --help, of it and its other options */
    /**
     * Take an option of the command line, `option` itself included. `value` is what
     * follows it ("--port=1" and "--port 1" alike), or NULL; *used tells whether it was
     * taken. @return VGI_OK; VGI_ENOTFOUND the option is of another listener; VGI_EINVAL
     * its value is wrong: err->message says why, without the option.
     */
    int (*option_set)(void *user, const char *option, const char *value, bool *used,
                      vgi_error *err);
    /** Serve until vgi_server_stop. @return as vgi_server_serve_unix */
    int (*serve)(void *user, vgi_server *server, vgi_error *err);
    void *user; /**< for both */
} vgi_listener;

/**
 * Make a listener known to vgi_serve. One with the same `option` is replaced.
 *
 * @param listener  not copied
 * @return VGI_OK; VGI_EINVAL its size or a member is not set; VGI_ELIMIT there are 8
 *         already. Before vgi_serve, from one thread.
 * @since 0.1
 */
VGI_API int vgi_listener_register(const vgi_listener *listener);

VGI_END_DECLS

#endif
