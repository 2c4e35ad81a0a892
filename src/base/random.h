/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGI_BASE_RANDOM_H
#define VGI_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void vgi__random_bytes(void *p, size_t n); /* from the kernel */
/* Ids, not secrets: 16 lowercase hex digits and a NUL. Per-thread generator, no system
 * call. */
void vgi__random_id(char out[17]);

#endif
