/* SPDX-License-Identifier: Apache-2.0 */
/* What registration promises to find: tables of another layout, members that nobody
 * described, names that stand twice, defaults that are no values. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "types/plan.h"

#define HOLE_BYTES 8             /* smaller holes may be padding */
#define MAX_FIELD_SIZE 4096      /* a stride beyond this is garbage, not a newer table */
#define MAX_ENUM_NAMES INT16_MAX /* the default index type */

int vgi__check_table(const vgi__planner *p, const vgi_type *type)
{
    if (type->abi != VGI_TYPE_ABI)
        return vgi__plan_fail(p, VGI_EINVAL, NULL, NULL,
                              "a described type of ABI %u; this library has %u",
                              (unsigned)type->abi, (unsigned)VGI_TYPE_ABI);
    if (type->field_size < sizeof(vgi_field) || type->field_size > MAX_FIELD_SIZE ||
        type->field_size % sizeof(void *))
        return vgi__plan_fail(p, VGI_EINVAL, type, NULL,
                              "fields of %u bytes; this library has %u",
                              (unsigned)type->field_size, (unsigned)sizeof(vgi_field));
    if (type->kind == VGI_KIND_STRUCT && !type->fields)
        return vgi__plan_fail(p, VGI_EINVAL, type, NULL, "a struct without fields");
    return VGI_OK;
}

static int by_offset(const void *a, const void *b)
{
    const vgi__slot *x = *(const vgi__slot *const *)a, *y = *(const vgi__slot *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int by_name(const void *a, const void *b)
{
    const vgi__slot *x = *(const vgi__slot *const *)a, *y = *(const vgi__slot *const *)b;
    return strcmp(x->name, y->name);
}

static int check_hole(const vgi__planner *p, const vgi_type *type, size_t from, size_t to)
{
    if (to - from < HOLE_BYTES)
        return VGI_OK;
    return vgi__plan_fail(p, VGI_EINVAL, type, NULL,
                          "bytes %zu..%zu belong to no described member", from, to - 1);
}

static int check_offsets(const vgi__planner *p, const vgi_type *type,
                         const vgi__slot **sorted, uint32_t count)
{
    size_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        const vgi__slot *s = sorted[i];
        size_t stride = vgi__slot_stride(s);
        int rc;
        if (s->offset > type->size || stride > type->size - s->offset)
            return vgi__plan_fail(p, VGI_EINVAL, type, s->name,
                                  "bytes %zu..%zu lie outside a struct of %zu bytes",
                                  s->offset, s->offset + stride - 1, type->size);
        if (s->offset < at)
            return vgi__plan_fail(p, VGI_EINVAL, type, NULL,
                                  "members %s and %s overlap at byte %zu",
                                  sorted[i - 1]->name, s->name, s->offset);
        if ((rc = check_hole(p, type, at, s->offset)) != VGI_OK)
            return rc;
        at = s->offset + stride;
    }
    return check_hole(p, type, at, type->size);
}

int vgi__check_layout(const vgi__planner *p, const vgi_type *type, const vgi__slot *slots,
                      uint32_t count)
{
    const vgi__slot **sorted =
        vgi__scratch_alloc(p->scratch, (count ? count : 1) * sizeof(vgi__slot *));
    if (!sorted)
        return vgi__fail_nomem(p->err);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = &slots[i];
    qsort(sorted, count, sizeof(*sorted), by_name);
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return vgi__plan_fail(p, VGI_EINVAL, type, NULL,
                                  "two members have the wire name '%s'", sorted[i]->name);
    qsort(sorted, count, sizeof(*sorted), by_offset);
    return check_offsets(p, type, sorted, count);
}

static int check_enum(const vgi__planner *p, const vgi_type *owner, const vgi__slot *s)
{
    size_t n = 0;
    for (const char *const *name = s->enum_names; *name; name++, n++) {
        if (!**name)
            return vgi__plan_fail(p, VGI_EINVAL, owner, s->name,
                                  "the name of value %zu is empty", n);
        if (n >= MAX_ENUM_NAMES)
            return vgi__plan_fail(p, VGI_EINVAL, owner, s->name,
                                  "more than %d enum names", MAX_ENUM_NAMES);
        for (size_t i = 0; i < n; i++)
            if (strcmp(s->enum_names[i], *name) == 0)
                return vgi__plan_fail(p, VGI_EINVAL, owner, s->name,
                                      "two values have the name '%s'", *name);
    }
    if (n == 0)
        return vgi__plan_fail(p, VGI_EINVAL, owner, s->name, "an enum without names");
    return VGI_OK;
}

static int check_fallback(const vgi__planner *p, const vgi_type *owner,
                          const vgi__slot *s)
{
    union {
        vgi_str text;
        vgi__slice list;
        int64_t number;
        double real;
    } value;
    vgi_arena mem = { .allocator = p->scratch->spill.allocator };
    int rc = vgi__fallback_apply(s, s->fallback, &value, &mem);
    vgi_arena_free(&mem);
    if (rc == VGI_ENOMEM)
        return vgi__fail_nomem(p->err);
    if (rc != VGI_OK)
        return vgi__plan_fail(p, VGI_EINVAL, owner, s->name,
                              "the default %s is no JSON scalar of type %s", s->fallback,
                              s->type_name);
    return VGI_OK;
}

/* Index types are integers: "c" "C" "s" "S" "i" "I" "l" "L". */
static bool is_index_format(const char *format)
{
    return format[0] && !format[1] && strchr("cCsSiIlL", format[0]);
}

int vgi__check_slot(const vgi__planner *p, const vgi_type *owner, const vgi__slot *s)
{
    int rc = VGI_OK;
    if (!*s->name)
        return vgi__plan_fail(p, VGI_EINVAL, owner, NULL, "a member has no wire name");
    if (s->dictionary && !is_index_format(s->dictionary))
        return vgi__plan_fail(p, VGI_EINVAL, owner, s->name,
                              "'%s' is no index format of a dictionary", s->dictionary);
    if (s->op == VGI__OP_ENUM)
        rc = check_enum(p, owner, s);
    if (rc == VGI_OK && s->op == VGI__OP_LIST)
        rc = vgi__check_slot(p, owner, s->children);
    if (rc == VGI_OK && s->fallback)
        rc = check_fallback(p, owner, s);
    return rc;
}
