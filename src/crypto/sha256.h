/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGI_CRYPTO_SHA256_H
#define VGI_CRYPTO_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vgi__sha256 vgi__sha256;
vgi__sha256 *vgi__sha256_new(void); /* NULL: no memory */
void vgi__sha256_update(vgi__sha256 *h, const void *p, size_t n);
bool vgi__sha256_final(vgi__sha256 *h,
                       uint8_t out[32]); /* frees h; false: libcrypto failed */
bool vgi__sha256_hex(char out[65], const void *p,
                     size_t n); /* NUL-terminated lowercase; false: no memory */

#endif
