/* SPDX-License-Identifier: Apache-2.0 */
/* Structural identity of described types: two equal tables are one type. */
#include <string.h>

#include "types/plan.h"

#define MAX_DEPTH 64

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_names(const char *const *a, const char *const *b)
{
    if (a == b || !a || !b)
        return a == b;
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return !*a && !*b;
}

static bool same_type(const vgi_type *a, const vgi_type *b, int depth);

static bool same_field(const vgi_field *a, const vgi_field *b, int depth)
{
    const char *name_a = a->wire_name ? a->wire_name : a->name;
    const char *name_b = b->wire_name ? b->wire_name : b->name;
    return same_text(name_a, name_b) && a->offset == b->offset && a->shape == b->shape &&
           a->nullable == b->nullable && same_text(a->arrow, b->arrow) &&
           same_text(a->dictionary, b->dictionary) &&
           same_names(a->enum_names, b->enum_names) && same_type(a->type, b->type, depth);
}

static bool same_fields(const vgi_type *a, const vgi_type *b, int depth)
{
    const vgi_field *x = NULL, *y = NULL;
    for (size_t i = 0;; i++) {
        x = vgi__type_field(a, i);
        y = vgi__type_field(b, i);
        if (!x || !y)
            return x == y;
        if (!same_field(x, y, depth))
            return false;
    }
}

static bool same_type(const vgi_type *a, const vgi_type *b, int depth)
{
    if (a == b)
        return true;
    if (!a || !b || depth >= MAX_DEPTH || a->kind != b->kind || a->size != b->size ||
        a->nullable != b->nullable || !same_text(a->arrow, b->arrow) ||
        !same_text(a->dictionary, b->dictionary) ||
        !same_names(a->enum_names, b->enum_names))
        return false;
    if (a->kind == VGI_KIND_STRUCT)
        return same_fields(a, b, depth + 1);
    /* Nobody can look into opaque memory: it is one type by its name only. */
    if (a->kind == VGI_KIND_OPAQUE)
        return same_text(a->name, b->name);
    return same_type(a->item, b->item, depth + 1);
}

bool vgi__type_equal(const vgi_type *a, const vgi_type *b)
{
    return same_type(a, b, 0);
}
