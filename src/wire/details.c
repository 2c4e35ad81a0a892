/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking error details. A handler gives them as JSON text, and they are put into the
 * JSON of an EXCEPTION batch as they are: text that is no JSON would spoil the rest.
 */
#include <ctype.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/wire.h"

#define MAX_DEPTH 32

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Each skip_* takes the start of a thing and returns its end, or NULL. */
static const char *skip_string(const char *p)
{
    if (*p++ != '"')
        return NULL;
    for (; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p != '\\')
            continue;
        if (*++p == 'u') {
            for (int i = 0; i < 4; i++)
                if (!isxdigit((unsigned char)*++p))
                    return NULL;
        } else if (*p == '\0' || !strchr("\"\\/bfnrt", *p)) {
            return NULL;
        }
    }
    return p + 1;
}

static const char *skip_digits(const char *p)
{
    size_t n = strspn(p, "0123456789");

    return n > 0 ? p + n : NULL;
}

static const char *skip_number(const char *p)
{
    if (*p == '-')
        p++;
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (p && *p == '.')
        p = skip_digits(p + 1);
    if (p && (*p == 'e' || *p == 'E')) {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        p = skip_digits(p);
    }
    return p;
}

static const char *skip_value(const char *p, int depth);

/* The members of an object or the items of an array, opening bracket included. */
static const char *skip_group(const char *p, int depth)
{
    const bool object = *p == '{';
    const char end = object ? '}' : ']';

    if (depth == MAX_DEPTH)
        return NULL;
    p = skip_space(p + 1);
    if (*p == end)
        return p + 1;
    for (;;) {
        if (object) {
            p = skip_string(p);
            if (!p || *(p = skip_space(p)) != ':')
                return NULL;
            p = skip_space(p + 1);
        } else if (depth == 0 && *p != '{') {
            return NULL; /* details are objects */
        }
        if (!(p = skip_value(p, depth + 1)))
            return NULL;
        p = skip_space(p);
        if (*p == end)
            return p + 1;
        if (*p != ',')
            return NULL;
        p = skip_space(p + 1);
    }
}

static const char *skip_value(const char *p, int depth)
{
    static const char *const words[] = { "true", "false", "null" };

    if (*p == '{' || *p == '[')
        return skip_group(p, depth);
    if (*p == '"')
        return skip_string(p);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    return skip_number(p);
}

bool vgi__details_valid(const char *json)
{
    const char *p = skip_space(json);

    if (*p != '[' || !vgi__utf8_valid(json, strlen(json)))
        return false;
    p = skip_group(p, 0);
    return p && *skip_space(p) == '\0';
}
