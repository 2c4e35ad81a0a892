/* SPDX-License-Identifier: Apache-2.0 */
#include "gcs/encode.h"

#include <stdint.h>
#include <string.h>

#include <vgirpc/error.h>

#define COMMON "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
static const char plain[] = COMMON "+/";
static const char for_urls[] = COMMON "-_";

static void encode(vgi__text *t, vgi_bytes bytes, const char *digits, bool pad)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        const size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++)
            v = v << 8 | (k < n ? bytes.data[i + k] : 0U);
        for (size_t k = 0; k < 4; k++) {
            if (k <= n)
                vgi__text_char(t, digits[v >> (18 - 6 * k) & 63]);
            else if (pad)
                vgi__text_char(t, '=');
        }
    }
}

void vgi__text_base64(vgi__text *t, vgi_bytes bytes)
{
    encode(t, bytes, plain, true);
}

void vgi__text_base64url(vgi__text *t, vgi_bytes bytes)
{
    encode(t, bytes, for_urls, false);
}

int vgi__base64_read(vgi_str text, vgi_arena *mem, vgi_bytes *bytes)
{
    size_t n = text.len;
    if (n == 0 || n % 4 != 0)
        return VGI_EINVAL;
    for (int i = 0; i < 2 && text.data[n - 1] == '='; i++)
        n--;
    uint8_t *out = vgi_arena_alloc(mem, n / 4 * 3 + 3);
    if (!out)
        return VGI_ENOMEM;
    size_t len = 0;
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digit = memchr(plain, text.data[i], sizeof(plain) - 1);
        if (!digit)
            return VGI_EINVAL;
        v = v << 6 | (uint32_t)(digit - plain);
        if (i % 4 > 0)
            out[len++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
    }
    *bytes = (vgi_bytes){ out, len };
    return VGI_OK;
}
