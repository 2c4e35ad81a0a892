/* SPDX-License-Identifier: Apache-2.0 */
#include "server/unix_file.h"

#include <unistd.h>

#include "base/fail.h"
#include "transport/unix/unix.h"

int vgi__unix_file_listen(vgi__unix_file *f, const char *path, int *fd, vgi_error *err)
{
    int rc, listening;

    *f = (vgi__unix_file){ .path = path };
    if ((rc = vgi__unix_listen(path, &listening, err)) != VGI_OK)
        return rc;
    if (lstat(path, &f->made) != 0) {
        rc = vgi__fail_errno(err, VGI_EIO, path);
        close(listening);
        return rc;
    }
    *fd = listening;
    return VGI_OK;
}

/* The path may have been freed and bound by another server since. */
void vgi__unix_file_remove(vgi__unix_file *f)
{
    struct stat now;

    if (f->made.st_ino != 0 && lstat(f->path, &now) == 0 &&
        now.st_dev == f->made.st_dev && now.st_ino == f->made.st_ino)
        unlink(f->path);
    f->made.st_ino = 0;
}
