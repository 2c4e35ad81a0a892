/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic that says when it overflows. true = overflow. */
#ifndef VGI_BASE_CHECKED_H
#define VGI_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool vgi__add_i64(int64_t a, int64_t b, int64_t *r)
{
    return __builtin_add_overflow(a, b, r);
}
static inline bool vgi__mul_i64(int64_t a, int64_t b, int64_t *r)
{
    return __builtin_mul_overflow(a, b, r);
}
static inline bool vgi__add_size(size_t a, size_t b, size_t *r)
{
    return __builtin_add_overflow(a, b, r);
}
static inline bool vgi__mul_size(size_t a, size_t b, size_t *r)
{
    return __builtin_mul_overflow(a, b, r);
}
/* Round up to a multiple of 8 (n <= INT64_MAX - 7). */
static inline int64_t vgi__pad8(int64_t n)
{
    return (n + 7) & ~INT64_C(7);
}

#endif
