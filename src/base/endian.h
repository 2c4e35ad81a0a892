/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian loads and stores at any alignment. The host must be little-endian. */
#ifndef VGI_BASE_ENDIAN_H
#define VGI_BASE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vgirpc supports little-endian hosts only"
#endif

#define VGI_LOAD_(bits, type) \
    static inline type vgi__load##bits(const void *p) \
    { \
        type v; \
        memcpy(&v, p, sizeof(v)); \
        return v; \
    }
#define VGI_STORE_(bits, type) \
    static inline void vgi__store##bits(void *p, type v) \
    { \
        memcpy(p, &v, sizeof(v)); \
    }
VGI_LOAD_(16, uint16_t)
VGI_LOAD_(32, uint32_t)
VGI_LOAD_(64, uint64_t)
VGI_STORE_(16, uint16_t)
VGI_STORE_(32, uint32_t)
VGI_STORE_(64, uint64_t)
#undef VGI_LOAD_
#undef VGI_STORE_
static inline int64_t vgi__loadi64(const void *p)
{
    return (int64_t)vgi__load64(p);
}
static inline int32_t vgi__loadi32(const void *p)
{
    return (int32_t)vgi__load32(p);
}

#endif
