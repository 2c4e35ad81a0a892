/* SPDX-License-Identifier: Apache-2.0 */
#include "shm/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/dev/shm"
#define MOST_ENTRIES 1024 /* that are looked at */

void vgi__shm_claim(int fd)
{
    (void)flock(fd, LOCK_SH | LOCK_NB); /* without it the process number has to do */
}

/* The process in a name of ours; 0: it is none. */
static long creator(const char *name)
{
    const size_t n = strlen(VGI__SHM_NAME_PREFIX);
    char *end;

    if (strncmp(name, VGI__SHM_NAME_PREFIX, n) != 0)
        return 0;
    const long pid = strtol(name + n, &end, 10);
    return *end == '-' && pid > 0 && pid <= INT_MAX ? pid : 0;
}

static bool is_alive(long pid)
{
    return kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

static void remove_if_stale(const char *name)
{
    char path[NAME_MAX + 2];
    struct stat st;

    (void)snprintf(path, sizeof(path), "/%s", name);
    const int fd = shm_open(path, O_RDONLY, 0);
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

    if (!folder)
        return;
    for (int i = 0; i < MOST_ENTRIES && (entry = readdir(folder)); i++) {
        const long pid = creator(entry->d_name);

        if (pid > 0 && !is_alive(pid))
            remove_if_stale(entry->d_name);
    }
    closedir(folder);
}
