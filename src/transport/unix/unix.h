/* SPDX-License-Identifier: Apache-2.0 */
/* Unix sockets: connect, listen, accept. Descriptors come out; streams on them are
 * transport/fd. */
#ifndef VGI_TRANSPORT_UNIX_H
#define VGI_TRANSPORT_UNIX_H

#include <stdbool.h>
#include <sys/types.h>

#include <vgirpc/error.h>

/* VGI_EINVAL path too long or no socket; VGI_EIO somebody listens there, or the system
 * refused. A stale file is unlinked. The listener is non-blocking, close-on-exec. */
int vgi__unix_listen(const char *path, int *fd, vgi_error *err);
/* VGI_ECONNECT, VGI_ETIMEDOUT. */
int vgi__unix_connect(const char *path, unsigned timeout_ms, int *fd, vgi_error *err);
/* The user at the other end. False: `fd` is no socket. */
bool vgi__unix_peer(int fd, uid_t *user);

#endif
