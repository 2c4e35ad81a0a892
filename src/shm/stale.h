/* SPDX-License-Identifier: Apache-2.0 */
/* What killed processes left in /dev/shm. */
#ifndef VGI_SHM_STALE_H
#define VGI_SHM_STALE_H

#define VGI__SHM_NAME_PREFIX "vgirpc-"
#define VGI__SHM_NAME_FORMAT VGI__SHM_NAME_PREFIX "%d-%s" /* process, random */

/* Show that the file's creator lives, as long as `fd` is open. */
void vgi__shm_claim(int fd);
/* Remove segments of this user whose creator is dead and claims them no more: there may
 * be processes of the same number elsewhere, and those that only seem dead from here. */
void vgi__shm_remove_stale(void);

#endif
