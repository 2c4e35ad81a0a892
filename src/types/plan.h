/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the plan of a described type.
 *
 * A described type is written for people: aliases, optionals, attributes on members,
 * shapes. A plan is the same thing with all of that resolved: one slot per C value,
 * saying what to do with it (op), how it can be null (hold), and what its Arrow type is.
 * Binding and appending walk slots beside a schema's nodes.
 *
 * Making a plan is cheap enough to be done per vgi_batch_row (no allocation for up to
 * some thirty slots); a record (record.h) keeps one for good and adds the schema and the
 * checks.
 */
#ifndef VGI_TYPES_PLAN_H
#define VGI_TYPES_PLAN_H

#include <vgirpc/arena.h>

#include "types/record.h"

typedef enum vgi__op {
    VGI__OP_BOOL,
    VGI__OP_FIXED,   /* the C value is the Arrow value: `width` bytes */
    VGI__OP_STR,     /* vgi_str */
    VGI__OP_BYTES,   /* vgi_bytes, any length */
    VGI__OP_RAW,     /* vgi_bytes of exactly `width` bytes */
    VGI__OP_DECIMAL, /* vgi_str: decimal digits */
    VGI__OP_ENUM,    /* int32 index of a name */
    VGI__OP_STRUCT,
    VGI__OP_BLOB, /* a described struct as binary: its one-row IPC stream */
    VGI__OP_LIST, /* children[0] is the item; maps too */
    VGI__OP_BATCH,
    VGI__OP_SCHEMA
} vgi__op;

typedef enum vgi__hold {
    VGI__HOLD_VALUE,   /* cannot be null */
    VGI__HOLD_POINTER, /* a const pointer to the value; NULL is null */
    VGI__HOLD_NULLABLE /* the value's own pointer (data, items, the handle) is NULL */
} vgi__hold;

typedef struct vgi__slot vgi__slot;
struct vgi__slot {
    uint8_t op;                    /* vgi__op */
    uint8_t hold;                  /* vgi__hold */
    uint8_t layout, logical, unit; /* of `format`, as in vgi__node */
    bool is_signed;
    int32_t width; /* bytes per value; items per row of a fixed-size list */
    int32_t precision, scale;
    int32_t node; /* in the record's schema; set by the record */
    uint32_t name_len;
    const char *name;   /* on the wire; "item" of a list */
    const char *format; /* Arrow, of the value (of an enum or dictionary: of the names) */
    const char *dictionary;        /* index format, or NULL */
    const char *const *enum_names; /* OP_ENUM */
    const char *fallback;          /* JSON scalar, or NULL */
    const vgi_type *type;          /* aliases and optionals stripped */
    const char *type_name;         /* as the table calls it */
    size_t offset;                 /* in the enclosing struct */
    size_t size;                   /* of the value itself: the pointee for HOLD_POINTER */
    vgi__slot *children;
    uint32_t n_children;
    vgi__record *blob; /* OP_BLOB of a record: encodes and decodes it */
};

/* What a C value takes in its struct or list: a pointer when optional. */
static inline size_t vgi__slot_stride(const vgi__slot *s)
{
    return s->hold == VGI__HOLD_POINTER ? sizeof(void *) : s->size;
}

/* Any VGI_SLICE. */
typedef struct vgi__slice {
    const void *items;
    size_t count;
} vgi__slice;

/* Memory of a plan: a piece of the caller's stack first, then an arena. */
typedef struct vgi__scratch {
    uint8_t *at;
    size_t left;
    vgi_arena spill;
} vgi__scratch;

typedef struct vgi__planner {
    vgi__scratch *scratch;
    const vgi_limits *limits; /* effective */
    const char *where;        /* prefix of messages, or NULL */
    bool check;               /* also check layout, names, defaults */
    uint32_t slots;           /* made so far */
    uint32_t depth;           /* of values inside values */
    vgi_error *err;
} vgi__planner;

/* Slots of a type in a role: the members of a struct, the one "result", none for VOID. */
int vgi__plan_make(vgi__planner *p, const vgi_type *type, vgi__role role,
                   vgi__slot **slots, uint32_t *count);
void *vgi__scratch_alloc(vgi__scratch *s, size_t size); /* zeroed */

/* "where: point.x: text"; `field` may be NULL. */
int vgi__plan_fail(const vgi__planner *p, int code, const vgi_type *owner,
                   const char *field, const char *fmt, ...) VGI_PRINTF(5, 6);
/* The table of a struct: i-th member (by the table's own stride), NULL at its end. */
static inline const vgi_field *vgi__type_field(const vgi_type *t, size_t i)
{
    const char *at = (const char *)t->fields + i * t->field_size;
    const vgi_field *f = (const vgi_field *)(const void *)at;
    return f->name ? f : NULL;
}

/* check.c: the promises of registration. */
int vgi__check_table(const vgi__planner *p,
                     const vgi_type *type); /* before its members are planned */
int vgi__check_layout(const vgi__planner *p, const vgi_type *type, const vgi__slot *slots,
                      uint32_t count);
int vgi__check_slot(const vgi__planner *p, const vgi_type *owner, const vgi__slot *slot);

/* hold.c: may a value of this kind be kept under this Arrow format? `slot` has kind and
 * format parsed. */
bool vgi__kind_holds(vgi_kind kind, const vgi__slot *slot);
/* The format of a scalar kind that says nothing else. */
const char *vgi__kind_format(vgi_kind kind);

/* fallback.c: the JSON scalar `json` as the slot's C value at `out`; strings go to `mem`.
 * VGI_OK, VGI_ENOMEM, or VGI_EINVAL without a message. */
int vgi__fallback_apply(const vgi__slot *slot, const char *json, void *out,
                        vgi_arena *mem);

/* append.c: one value of a slot without embedded streams; `slot->node` is the builder's.
 */
int vgi__append_value(const vgi__slot *slot, const void *value, vgi__builder *b,
                      vgi_error *err);

/* Index of an enum member's name, -1 when there is none. */
int32_t vgi__enum_find(const char *const *names, vgi_str name);

#endif
