/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/dev/shm"
#define MOST_SEGMENTS 1024 /* that are looked at */

bool vgi__shm_claim(int fd)
{
    struct stat st;

    /* A system without such locks removes nothing either. */
    return (flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
           fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static bool is_segment(const char *name)
{
    const size_t prefix = strlen(VGI__SHM_NAME_PREFIX);

    if (strncmp(name, VGI__SHM_NAME_PREFIX, prefix) != 0)
        return false;
    const size_t digits = strspn(name + prefix, "0123456789");
    return digits > 0 && name[prefix + digits] == '-';
}

static void remove_if_stale(const char *name)
{
    char path[NAME_MAX + 2];
    struct stat st;

    (void)snprintf(path, sizeof(path), "/%s", name);
    /* Somebody may have made a FIFO of that name. */
    const int fd = shm_open(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        shm_unlink(path);
    close(fd);
}

void vgi__shm_remove_stale(void)
{
    DIR *folder = opendir(FOLDER);
    const struct dirent *entry;
    int looked_at = 0;

    if (!folder)
        return;
    while (looked_at < MOST_SEGMENTS && (entry = readdir(folder))) {
        if (is_segment(entry->d_name)) {
            remove_if_stale(entry->d_name);
            looked_at++;
        }
    }
    closedir(folder);
}
