/* SPDX-License-Identifier: Apache-2.0 */
/* 16-bit floats. */
#ifndef VGI_ARROW_HALF_H
#define VGI_ARROW_HALF_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline double vgi__half_value(uint16_t half)
{
    int exponent = half >> 10 & 31;
    int mantissa = half & 1023;
    double v = exponent == 31  ? (mantissa ? NAN : INFINITY)
               : exponent == 0 ? ldexp(mantissa, -24)
                               : ldexp(mantissa + 1024, exponent - 25);
    return half & 0x8000 ? -v : v;
}

/* Nearest, ties to even. */
static inline uint16_t vgi__half_from(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
    int exponent = (int)(bits >> 52 & 0x7FF) - 1023 + 15;
    uint64_t mantissa = bits & ((UINT64_C(1) << 52) - 1);
    if (isnan(v))
        return sign | 0x7E00;
    if (exponent >= 31)
        return sign | 0x7C00;
    if (exponent < -10)
        return sign;
    int shift = exponent > 0 ? 42 : 43 - exponent;
    uint64_t full =
        mantissa | (exponent > 0 ? (uint64_t)exponent << 52 : UINT64_C(1) << 52);
    uint64_t kept = full >> shift;
    uint64_t rest = full & ((UINT64_C(1) << shift) - 1);
    uint64_t tie = UINT64_C(1) << (shift - 1);
    kept += rest > tie || (rest == tie && (kept & 1)); /* a carry raises the exponent */
    return (uint16_t)(sign | kept);
}

#endif
