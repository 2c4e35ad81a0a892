/* SPDX-License-Identifier: Apache-2.0 */
#include "types/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/fail.h"

#define MAX_ALIASES 16 /* names of names of names */

/* One use of a type: the type and the attributes gathered on the way to it. */
typedef struct use {
    const vgi_type *type;
    const char *arrow, *dictionary;
    const char *const *enum_names;
    bool nullable;
} use;

/* The structs around the one being planned: to find a type inside itself, and for
 * messages. */
typedef struct nest {
    const struct nest *up;
    const vgi_type *type;
    const char *member;
} nest;

static int plan_value(vgi__planner *p, use u, bool top, const nest *in, vgi__slot *slot);

void *vgi__scratch_alloc(vgi__scratch *s, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded > s->left)
        return vgi_arena_calloc(&s->spill, 1, size);
    void *p = s->at;
    s->at += rounded;
    s->left -= rounded;
    memset(p, 0, size);
    return p;
}

int vgi__plan_fail(const vgi__planner *p, int code, const vgi_type *owner,
                   const char *field, const char *fmt, ...)
{
    char text[VGI_ERROR_MESSAGE_SIZE];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    const char *name = owner && owner->name ? owner->name : "";
    return vgi__fail(p->err, code, NULL, "%s%s%s%s%s%s%s", p->where ? p->where : "",
                     p->where ? ": " : "", name, *name && field ? "." : "",
                     field ? field : "", *name || field ? ": " : "", text);
}

static int fail_at(const vgi__planner *p, int code, const nest *in, const char *text)
{
    return vgi__plan_fail(p, code, in->type, in->member, "%s", text);
}

static vgi__slot *new_slots(vgi__planner *p, size_t count)
{
    p->slots += (uint32_t)count;
    return vgi__scratch_alloc(p->scratch, (count ? count : 1) * sizeof(vgi__slot));
}

/* A list attribute says what the list is; any other belongs to the items. */
static bool is_list_format(const char *arrow)
{
    return arrow && arrow[0] == '+' && strchr("lLvwm", arrow[1]);
}

static int set_format(const vgi__planner *p, const nest *in, vgi__slot *slot,
                      const char *format)
{
    vgi__node node = { 0 };
    if (!vgi__format_parse(format, &node))
        return vgi__plan_fail(p, VGI_EINVAL, in->type, in->member,
                              "'%s' is no Arrow format", format);
    slot->format = format;
    slot->layout = node.layout;
    slot->logical = node.logical;
    slot->unit = node.unit;
    slot->is_signed = node.is_signed;
    slot->width = node.width;
    slot->precision = node.precision;
    slot->scale = node.scale;
    return VGI_OK;
}

static int set_override(const vgi__planner *p, const nest *in, vgi__slot *slot,
                        const char *format)
{
    int rc = set_format(p, in, slot, format);
    if (rc != VGI_OK || vgi__kind_holds(slot->type->kind, slot))
        return rc;
    return vgi__plan_fail(p, VGI_EINVAL, in->type, in->member,
                          "%s cannot hold Arrow format '%s'", slot->type_name, format);
}

static uint8_t scalar_op(vgi_kind kind, const vgi__slot *slot)
{
    switch (kind) {
    case VGI_KIND_BOOL:
        return VGI__OP_BOOL;
    case VGI_KIND_STR:
        return slot->logical == VGI__TYPE_DECIMAL ? VGI__OP_DECIMAL : VGI__OP_STR;
    case VGI_KIND_BYTES:
        return slot->layout == VGI__LAYOUT_FIXED ? VGI__OP_RAW : VGI__OP_BYTES;
    case VGI_KIND_BATCH:
        return VGI__OP_BATCH;
    case VGI_KIND_SCHEMA:
        return VGI__OP_SCHEMA;
    default:
        return VGI__OP_FIXED;
    }
}

static int plan_enum(vgi__planner *p, const use *u, const nest *in, vgi__slot *slot)
{
    const char *arrow = u->arrow;
    if (u->type->kind != VGI_KIND_INT32 && u->type->kind != VGI_KIND_UINT32)
        return fail_at(p, VGI_EINVAL, in, "only an int32_t can have enum names");
    if (arrow && strcmp(arrow, vgi__kind_format(u->type->kind)) == 0)
        arrow = NULL; /* the number's own format says nothing about the names */
    if (arrow && strcmp(arrow, "u") != 0 && strcmp(arrow, "U") != 0)
        return fail_at(p, VGI_EINVAL, in, "an enum travels as utf8: 'u' or 'U'");
    slot->op = VGI__OP_ENUM;
    slot->enum_names = u->enum_names;
    slot->dictionary = u->dictionary ? u->dictionary : arrow ? NULL : "s";
    return set_format(p, in, slot, arrow ? arrow : "u");
}

static int plan_scalar(vgi__planner *p, const use *u, const nest *in, vgi__slot *slot)
{
    if (u->enum_names)
        return plan_enum(p, u, in, slot);
    int rc =
        set_override(p, in, slot, u->arrow ? u->arrow : vgi__kind_format(u->type->kind));
    slot->op = scalar_op(u->type->kind, slot);
    slot->dictionary = u->dictionary;
    if (rc == VGI_OK && u->dictionary && slot->op != VGI__OP_STR &&
        slot->op != VGI__OP_BYTES)
        return fail_at(p, VGI_EINVAL, in, "only strings can be dictionary-encoded");
    return rc;
}

static int plan_list(vgi__planner *p, const use *u, const nest *in, vgi__slot *slot,
                     const vgi_type *item)
{
    bool container = is_list_format(u->arrow);
    slot->op = VGI__OP_LIST;
    slot->size = sizeof(vgi__slice);
    int rc = set_format(p, in, slot, container ? u->arrow : "+l");
    if (rc != VGI_OK)
        return rc;
    vgi__slot *child = new_slots(p, 1);
    if (!child)
        return vgi__fail_nomem(p->err);
    slot->children = child;
    slot->n_children = 1;
    use inner = { item, container ? NULL : u->arrow, u->dictionary, u->enum_names,
                  false };
    if ((rc = plan_value(p, inner, false, in, child)) != VGI_OK)
        return rc;
    child->name = "item";
    child->name_len = 4;
    if (slot->logical != VGI__TYPE_MAP)
        return VGI_OK;
    if (child->op != VGI__OP_STRUCT || child->n_children != 2 ||
        child->hold != VGI__HOLD_VALUE)
        return fail_at(p, VGI_EINVAL, in, "the items of a map are {key, value} structs");
    if (child->children[0].hold != VGI__HOLD_VALUE)
        return fail_at(p, VGI_EINVAL, in, "the key of a map cannot be null");
    child->children[0].name = "key";
    child->children[0].name_len = 3;
    child->children[1].name = "value";
    child->children[1].name_len = 5;
    return VGI_OK;
}

static int plan_field(vgi__planner *p, const vgi_field *f, bool top, const nest *in,
                      vgi__slot *slot)
{
    use u = { f->type, f->arrow, f->dictionary, f->enum_names, f->nullable };
    int rc;
    if (!f->type)
        return fail_at(p, VGI_EINVAL, in, "its type is NULL");
    if (f->shape == VGI_LIST_OF) {
        slot->type = f->type;
        slot->type_name = f->type->name;
        slot->hold = f->nullable ? VGI__HOLD_NULLABLE : VGI__HOLD_VALUE;
        rc = plan_list(p, &u, in, slot, f->type);
    } else {
        slot->hold = f->shape == VGI_OPTIONAL ? VGI__HOLD_POINTER : VGI__HOLD_VALUE;
        rc = plan_value(p, u, top, in, slot);
    }
    slot->name = f->wire_name ? f->wire_name : f->name;
    slot->name_len = (uint32_t)strlen(slot->name);
    slot->offset = f->offset;
    slot->fallback = f->fallback;
    return rc;
}

static int plan_members(vgi__planner *p, const vgi_type *type, bool top, const nest *up,
                        vgi__slot **slots, uint32_t *count)
{
    nest in = { up, type, NULL };
    size_t n = 0;
    int rc = vgi__check_table(p, type);
    if (rc != VGI_OK)
        return rc;
    for (const nest *o = up; o; o = o->up)
        if (o->type == type)
            return vgi__plan_fail(p, VGI_EINVAL, o->type, o->member,
                                  "the struct contains itself");
    while (vgi__type_field(type, n))
        if (++n + p->slots > p->limits->fields)
            return vgi__plan_fail(p, VGI_ELIMIT, type, NULL, "more than %u members",
                                  (unsigned)p->limits->fields);
    if (!(*slots = new_slots(p, n)))
        return vgi__fail_nomem(p->err);
    *count = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        const vgi_field *f = vgi__type_field(type, i);
        in.member = f->name;
        if ((rc = plan_field(p, f, top, &in, &(*slots)[i])) != VGI_OK ||
            (p->check && (rc = vgi__check_slot(p, type, &(*slots)[i])) != VGI_OK))
            return rc;
    }
    return p->check ? vgi__check_layout(p, type, *slots, *count) : VGI_OK;
}

static int plan_struct(vgi__planner *p, const use *u, bool top, const nest *in,
                       vgi__slot *slot)
{
    int rc = set_override(p, in, slot, u->arrow ? u->arrow : top ? "z" : "+s");
    if (rc != VGI_OK)
        return rc;
    slot->op = slot->layout == VGI__LAYOUT_STRUCT ? VGI__OP_STRUCT : VGI__OP_BLOB;
    return plan_members(p, u->type, false, in, &slot->children, &slot->n_children);
}

/* Strip names and optionals; outer attributes win. */
static int strip(const vgi__planner *p, use *u, const nest *in, vgi__slot *slot)
{
    for (int i = 0; i < MAX_ALIASES; i++) {
        const vgi_type *t = u->type;
        int rc;
        if (!t)
            return fail_at(p, VGI_EINVAL, in, "its type is NULL");
        if ((rc = vgi__check_table(p, t)) != VGI_OK)
            return rc;
        if (!slot->type_name)
            slot->type_name = t->name;
        u->dictionary = u->dictionary ? u->dictionary : t->dictionary;
        u->enum_names = u->enum_names ? u->enum_names : t->enum_names;
        u->nullable = u->nullable || t->nullable;
        u->arrow = u->arrow ? u->arrow : t->arrow;
        if (t->kind != VGI_KIND_ALIAS && t->kind != VGI_KIND_OPTIONAL)
            return VGI_OK;
        if (t->kind == VGI_KIND_OPTIONAL) {
            if (slot->hold == VGI__HOLD_POINTER)
                return fail_at(p, VGI_EINVAL, in, "an optional of an optional");
            slot->hold = VGI__HOLD_POINTER;
        }
        u->type = t->item;
    }
    return fail_at(p, VGI_EINVAL, in, "too many names for one type");
}

static bool can_be_nullable(const vgi__slot *slot)
{
    return slot->op == VGI__OP_STR || slot->op == VGI__OP_BYTES ||
           slot->op == VGI__OP_RAW || slot->op == VGI__OP_DECIMAL ||
           slot->op == VGI__OP_LIST || slot->op == VGI__OP_BATCH ||
           slot->op == VGI__OP_SCHEMA;
}

static int plan_kind(vgi__planner *p, const use *u, bool top, const nest *in,
                     vgi__slot *slot)
{
    switch (u->type->kind) {
    case VGI_KIND_STRUCT:
        return plan_struct(p, u, top, in, slot);
    case VGI_KIND_LIST:
        return plan_list(p, u, in, slot, u->type->item);
    case VGI_KIND_VOID:
    case VGI_KIND_OPAQUE:
        return vgi__plan_fail(p, VGI_EINVAL, in->type, in->member,
                              "%s never travels and cannot be a value", slot->type_name);
    default:
        if (!vgi__kind_format(u->type->kind))
            return vgi__plan_fail(p, VGI_EINVAL, in->type, in->member, "unknown kind %d",
                                  (int)u->type->kind);
        return plan_scalar(p, u, in, slot);
    }
}

static int plan_value(vgi__planner *p, use u, bool top, const nest *in, vgi__slot *slot)
{
    if (p->depth >= p->limits->depth)
        return vgi__plan_fail(p, VGI_ELIMIT, in->type, in->member,
                              "nests deeper than %u levels", (unsigned)p->limits->depth);
    int rc = strip(p, &u, in, slot);
    if (rc != VGI_OK)
        return rc;
    slot->type = u.type;
    slot->size = u.type->size;
    p->depth++;
    rc = plan_kind(p, &u, top, in, slot);
    p->depth--;
    if (rc != VGI_OK || !u.nullable)
        return rc;
    if (slot->hold == VGI__HOLD_POINTER)
        return fail_at(p, VGI_EINVAL, in, "both optional and nullable");
    if (!can_be_nullable(slot))
        return vgi__plan_fail(p, VGI_EINVAL, in->type, in->member,
                              "%s has no null value; make it a pointer", slot->type_name);
    slot->hold = VGI__HOLD_NULLABLE;
    return VGI_OK;
}

static int plan_result(vgi__planner *p, const vgi_type *type, vgi__slot **slots,
                       uint32_t *count)
{
    nest in = { NULL, NULL, NULL };
    use u = { .type = type };
    if (!(*slots = new_slots(p, 1)))
        return vgi__fail_nomem(p->err);
    *count = 1;
    (*slots)->name = "result";
    (*slots)->name_len = 6;
    int rc = plan_value(p, u, true, &in, *slots);
    return rc == VGI_OK && p->check ? vgi__check_slot(p, NULL, *slots) : rc;
}

int vgi__plan_make(vgi__planner *p, const vgi_type *type, vgi__role role,
                   vgi__slot **slots, uint32_t *count)
{
    *slots = NULL;
    *count = 0;
    if (!type)
        return vgi__plan_fail(p, VGI_EINVAL, NULL, NULL, "its type is NULL");
    int rc = vgi__check_table(p, type);
    if (rc != VGI_OK || type->kind == VGI_KIND_VOID)
        return rc;
    if (role == VGI__ROLE_RESULT)
        return plan_result(p, type, slots, count);
    if (type->kind != VGI_KIND_STRUCT)
        return vgi__plan_fail(p, VGI_EINVAL, type, NULL, "not a described struct");
    return plan_members(p, type, role == VGI__ROLE_PARAMS, NULL, slots, count);
}
