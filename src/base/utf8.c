/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/endian.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* The length of the well-formed multi-byte character at `p`, 0 if it is not one (RFC
 * 3629). */
static size_t sequence(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c < 0xc2 || c > 0xf4)
        return 0;
    size_t len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (len > n)
        return 0;
    /* The first continuation byte rules out overlong forms, surrogates and > U+10FFFF. */
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool vgi__utf8_valid(const void *text, size_t n)
{
    const uint8_t *p = text;
    size_t i = 0;
    while (i < n) {
        while (n - i >= 32 && !((vgi__load64(p + i) | vgi__load64(p + i + 8) |
                                 vgi__load64(p + i + 16) | vgi__load64(p + i + 24)) &
                                HIGH_BITS))
            i += 32;
        while (n - i >= 8 && !(vgi__load64(p + i) & HIGH_BITS))
            i += 8;
        while (i < n && p[i] < 0x80)
            i++;
        while (i < n && p[i] >= 0x80) {
            size_t len = sequence(p + i, n - i);
            if (len == 0)
                return false;
            i += len;
        }
    }
    return true;
}

size_t vgi__utf8_cut(const char *p, size_t n, size_t max)
{
    if (n <= max)
        return n;
    size_t cut = max;
    /* At most 3 steps in valid text; in other text any place is as good. */
    while (cut > 0 && max - cut < 3 && ((unsigned char)p[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}
