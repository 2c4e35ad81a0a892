/* SPDX-License-Identifier: Apache-2.0 */
/* Another process, for a moment. */
#ifndef VGI_TESTS_SHM_ELSEWHERE_H
#define VGI_TESTS_SHM_ELSEWHERE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/segment.h"
#include "support/traced.h"

/* Run something in another process, which has ended when this returns. */
static inline int elsewhere(void (*run)(void *), void *arg)
{
    const pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        run(arg);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Give the segment's file another size, as a peer could. */
static inline void resize(const vgi__shm *s, off_t size)
{
    char path[300];

    (void)snprintf(path, sizeof(path), "/%.*s", VGI_STR_ARG(vgi__shm_name(s)));
    const int fd = shm_open(path, O_RDWR, 0);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

#endif
