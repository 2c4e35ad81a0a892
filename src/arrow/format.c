/* SPDX-License-Identifier: Apache-2.0 */
/* Type format strings of the C Data Interface. */
#include <string.h>

#include "arrow/types.h"

/* What a format means, for those that one letter decides. */
typedef struct form {
    uint8_t layout, logical, n_buffers, width;
    bool utf8, is_signed;
} form;

#define INT_FORM(bytes, sign) \
    { \
        VGI__LAYOUT_FIXED, VGI__TYPE_INT, 2, (bytes), false, (sign) \
    }
#define FLOAT_FORM(bytes) \
    { \
        VGI__LAYOUT_FIXED, VGI__TYPE_FLOAT, 2, (bytes), false, true \
    }

static const form scalars[128] = {
    ['n'] = { VGI__LAYOUT_NULL, VGI__TYPE_NULL, 0, 0, false, false },
    ['b'] = { VGI__LAYOUT_BOOL, VGI__TYPE_BOOL, 2, 0, false, false },
    ['c'] = INT_FORM(1, true),
    ['C'] = INT_FORM(1, false),
    ['s'] = INT_FORM(2, true),
    ['S'] = INT_FORM(2, false),
    ['i'] = INT_FORM(4, true),
    ['I'] = INT_FORM(4, false),
    ['l'] = INT_FORM(8, true),
    ['L'] = INT_FORM(8, false),
    ['e'] = FLOAT_FORM(2),
    ['f'] = FLOAT_FORM(4),
    ['g'] = FLOAT_FORM(8),
    ['z'] = { VGI__LAYOUT_BINARY, VGI__TYPE_BINARY, 3, 0, false, false },
    ['u'] = { VGI__LAYOUT_BINARY, VGI__TYPE_UTF8, 3, 0, true, false },
    ['Z'] = { VGI__LAYOUT_BINARY64, VGI__TYPE_LARGE_BINARY, 3, 0, false, false },
    ['U'] = { VGI__LAYOUT_BINARY64, VGI__TYPE_LARGE_UTF8, 3, 0, true, false },
};

/* Those of '+' and one more letter. */
static const form nested[128] = {
    ['s'] = { VGI__LAYOUT_STRUCT, VGI__TYPE_STRUCT, 1, 0, false, false },
    ['m'] = { VGI__LAYOUT_LIST, VGI__TYPE_MAP, 2, 0, false, false },
    ['l'] = { VGI__LAYOUT_LIST, VGI__TYPE_LIST, 2, 0, false, false },
    ['L'] = { VGI__LAYOUT_LIST64, VGI__TYPE_LARGE_LIST, 2, 0, false, false },
    ['r'] = { VGI__LAYOUT_RUN_END, VGI__TYPE_RUN_END, 0, 0, false, false },
};

static bool apply(const form *table, char letter, const char *rest, vgi__node *node)
{
    if ((unsigned char)letter >= 128 || *rest)
        return false;
    const form *f = &table[(unsigned char)letter];
    if (!f->logical)
        return false;
    node->layout = f->layout;
    node->logical = f->logical;
    node->n_buffers = f->n_buffers;
    node->width = f->width;
    node->utf8 = f->utf8;
    node->is_signed = f->is_signed;
    return true;
}

static void set(vgi__node *node, vgi__layout layout, vgi__logical logical,
                uint8_t n_buffers)
{
    node->layout = (uint8_t)layout;
    node->logical = (uint8_t)logical;
    node->n_buffers = n_buffers;
}

/* A decimal number of at most nine digits and its end; NULL: none. */
static const char *number(const char *p, int32_t *value)
{
    bool negative = *p == '-';
    const char *digits = p + negative;
    int32_t v = 0;
    for (p = digits; *p >= '0' && *p <= '9' && p - digits < 9; p++)
        v = v * 10 + (*p - '0');
    *value = negative ? -v : v;
    return p == digits ? NULL : p;
}

/* "N" and nothing else, N >= 0. Up to INT32_MAX, so ten digits. */
static bool width(const char *p, int32_t *value)
{
    int64_t v = 0;
    if (!*p)
        return false;
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        v = v * 10 + (*p - '0');
        if (v > INT32_MAX)
            return false;
    }
    *value = (int32_t)v;
    return true;
}

/* "d:precision,scale" or "d:precision,scale,bits" */
static bool decimal(const char *p, vgi__node *node)
{
    int32_t bits = 128;
    if (*p != ':' || !(p = number(p + 1, &node->precision)) || *p != ',' ||
        !(p = number(p + 1, &node->scale)))
        return false;
    if (*p == ',' && !(p = number(p + 1, &bits)))
        return false;
    int32_t most = bits == 32    ? 9
                   : bits == 64  ? 18
                   : bits == 128 ? 38
                   : bits == 256 ? 76
                                 : 0;
    if (*p || node->precision < 1 || node->precision > most)
        return false;
    set(node, VGI__LAYOUT_FIXED, VGI__TYPE_DECIMAL, 2);
    node->width = bits / 8;
    return true;
}

static bool unit(char letter, uint8_t *value)
{
    static const char letters[] = "smun";
    const char *at = letter ? strchr(letters, letter) : NULL;
    if (at)
        *value = (uint8_t)(at - letters);
    return at != NULL;
}

/* What follows "t": kind, unit and, for timestamps, a zone. */
static bool temporal(const char *p, vgi__node *node)
{
    char kind = p[0];
    char letter = kind ? p[1] : 0;
    if (!letter || (kind != 's' && p[2]))
        return false;
    set(node, VGI__LAYOUT_FIXED, VGI__TYPE_DATE, 2);
    node->width = 8;
    switch (kind) {
    case 'd': /* D: days, m: milliseconds */
        node->unit = letter == 'D' ? VGI__UNIT_S : VGI__UNIT_MS;
        node->width = letter == 'D' ? 4 : 8;
        return letter == 'D' || letter == 'm';
    case 't':
        node->logical = VGI__TYPE_TIME;
        if (!unit(letter, &node->unit))
            return false;
        node->width = node->unit <= VGI__UNIT_MS ? 4 : 8;
        return true;
    case 's':
        node->logical = VGI__TYPE_TIMESTAMP;
        if (!unit(letter, &node->unit) || p[2] != ':')
            return false;
        node->extra = p[3] ? p + 3 : NULL;
        return true;
    case 'D':
        node->logical = VGI__TYPE_DURATION;
        return unit(letter, &node->unit);
    case 'i':
        node->logical = VGI__TYPE_INTERVAL;
        node->unit = letter == 'M' ? 0 : letter == 'D' ? 1 : 2;
        node->width = 4 << node->unit;
        return letter == 'M' || letter == 'D' || letter == 'n';
    default:
        return false;
    }
}

/* Type ids of a union: numbers 0 to 127, each once, with commas between. */
static bool type_ids(const char *p)
{
    bool seen[128] = { false };
    if (!*p)
        return true;
    for (;;) {
        int32_t id;
        p = number(p, &id);
        if (!p || id < 0 || id > 127 || seen[id])
            return false;
        seen[id] = true;
        if (!*p)
            return true;
        if (*p++ != ',')
            return false;
    }
}

/* What follows "+". */
static bool nesting(const char *p, vgi__node *node)
{
    switch (p[0]) {
    case 'v':
        if (p[1] == 'l' && !p[2])
            set(node, VGI__LAYOUT_LIST_VIEW, VGI__TYPE_LIST_VIEW, 3);
        else if (p[1] == 'L' && !p[2])
            set(node, VGI__LAYOUT_LIST_VIEW64, VGI__TYPE_LARGE_LIST_VIEW, 3);
        else
            return false;
        return true;
    case 'w':
        set(node, VGI__LAYOUT_FIXED_LIST, VGI__TYPE_FIXED_LIST, 1);
        return p[1] == ':' && width(p + 2, &node->width);
    case 'u':
        if (p[1] == 's')
            set(node, VGI__LAYOUT_UNION_SPARSE, VGI__TYPE_UNION, 1);
        else if (p[1] == 'd')
            set(node, VGI__LAYOUT_UNION_DENSE, VGI__TYPE_UNION, 2);
        else
            return false;
        node->extra = p + 3;
        return p[2] == ':' && type_ids(p + 3);
    default:
        return p[0] && apply(nested, p[0], p + 1, node);
    }
}

bool vgi__format_parse(const char *format, vgi__node *node)
{
    node->format = format;
    node->width = node->precision = node->scale = 0;
    node->unit = 0;
    node->extra = NULL;
    node->utf8 = node->is_signed = false;
    switch (format[0]) {
    case '+':
        return nesting(format + 1, node);
    case 't':
        return temporal(format + 1, node);
    case 'd':
        return decimal(format + 1, node);
    case 'w':
        set(node, VGI__LAYOUT_FIXED, VGI__TYPE_FIXED_BINARY, 2);
        return format[1] == ':' && width(format + 2, &node->width);
    case 'v':
        node->utf8 = format[1] == 'u';
        set(node, VGI__LAYOUT_VIEW,
            node->utf8 ? VGI__TYPE_UTF8_VIEW : VGI__TYPE_BINARY_VIEW, 2);
        return (format[1] == 'u' || format[1] == 'z') && !format[2];
    default:
        return format[0] && apply(scalars, format[0], format + 1, node);
    }
}

void vgi__union_children(const vgi__node *node, uint8_t child_of[128])
{
    const char *p = node->extra;
    memset(child_of, 0, 128);
    for (int32_t i = 0; i < node->n_children; i++) {
        int32_t id;
        p = number(p, &id);
        p += *p == ',';
        child_of[id & 127] = (uint8_t)i;
    }
}
