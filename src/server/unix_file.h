/* SPDX-License-Identifier: Apache-2.0 */
/* A Unix socket that is listened on, and the file that it made. */
#ifndef VGI_SERVER_UNIX_FILE_H
#define VGI_SERVER_UNIX_FILE_H

#include <sys/stat.h>

#include <vgirpc/error.h>

typedef struct vgi__unix_file {
    const char *path;
    struct stat made; /* all zero: none */
} vgi__unix_file;

/* Listen on `path`, which is borrowed; as vgi__unix_listen. After a
 * failure *fd is untouched. */
int vgi__unix_file_listen(vgi__unix_file *f, const char *path, int *fd, vgi_error *err);
/* Remove the file, if it still is the one that was made. To be called while the socket is
 * open, which keeps its inode number from being given to another. */
void vgi__unix_file_remove(vgi__unix_file *f);

#endif
