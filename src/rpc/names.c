/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of names and versions. */
#include <string.h>

#include "base/text.h"
#include "rpc/method.h"

#define NAME_BYTES 255
#define RESERVED "vgi_rpc."

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool vgi__version_parse(vgi_str text, uint64_t version[3])
{
    size_t at = 0;

    for (int part = 0; part < 3; part++) {
        size_t start = at;

        while (at < text.len && is_digit(text.data[at]))
            at++;
        if (text.data[start] == '0' && at > start + 1)
            return false;
        if (!vgi__parse_u64((vgi_str){ text.data + start, at - start }, &version[part]))
            return false;
        if (part < 2 && (at == text.len || text.data[at++] != '.'))
            return false;
    }
    return at == text.len;
}

const char *vgi__protocol_name_check(vgi_str name, bool allow_reserved)
{
    if (name.len == 0)
        return "is empty";
    if (name.len > NAME_BYTES)
        return "is longer than 255 bytes";
    if (!is_letter(name.data[0]))
        return "does not begin with a letter or '_'";
    for (size_t i = 1; i < name.len; i++)
        if (!is_letter(name.data[i]) && !is_digit(name.data[i]) && name.data[i] != '.')
            return "has other characters than letters, digits, '_' and '.'";
    if (!allow_reserved && name.len >= sizeof(RESERVED) - 1 &&
        memcmp(name.data, RESERVED, sizeof(RESERVED) - 1) == 0)
        return "begins with 'vgi_rpc.', which is reserved";
    return NULL;
}

bool vgi__name_is_dunder(vgi_str name)
{
    return name.len >= 4 && memcmp(name.data, "__", 2) == 0 &&
           memcmp(name.data + name.len - 2, "__", 2) == 0;
}

uint32_t vgi__name_hash(vgi_str name)
{
    uint32_t h = 2166136261U; /* FNV-1a */

    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (uint8_t)name.data[i]) * 16777619U;
    return h ^ (h >> 15);
}
