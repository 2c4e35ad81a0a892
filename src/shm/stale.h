/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What killed processes left in /dev/shm.
 *
 * The creator of a segment holds a shared lock on its file. Nobody else holds one, and it
 * ends with the process, so a segment that can be locked by another is nobody's. The
 * number of the process in the name is for people: containers use the same ones again and
 * again, and side by side.
 */
#ifndef VGI_SHM_STALE_H
#define VGI_SHM_STALE_H

#include <stdbool.h>

#define VGI__SHM_NAME_PREFIX "vgirpc-"
#define VGI__SHM_NAME_FORMAT VGI__SHM_NAME_PREFIX "%d-%s" /* process, random */

/* Claim a file that was just created, as long as `fd` is open. False: somebody was
 * quicker, and removes it. */
bool vgi__shm_claim(int fd);
/* Remove segments of this user that nobody claims. */
void vgi__shm_remove_stale(void);

#endif
