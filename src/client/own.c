/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bound value borrows from the batch it was read from, and the batch from a receive
 * buffer that the next call overwrites. A result lives as long as its caller's arena, so
 * what it points to is copied there: bottom up, following the type.
 */
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/fail.h"
#include "client/connection.h"

/* Copy `size` bytes; false: no memory. NULL stays NULL: it says null. */
static bool copy(const void **p, size_t size, vgi_arena *mem)
{
    void *to;

    if (!*p)
        return true;
    to = vgi_arena_alloc(mem, size);
    if (!to)
        return false;
    memcpy(to, *p, size);
    *p = to;
    return true;
}

static bool own(const vgi_type *type, void *value, vgi_arena *mem);

static bool own_list(const vgi_type *item, void *value, vgi_arena *mem)
{
    VGI_SLICE(void) slice;
    size_t size;
    char *at;

    memcpy(&slice, value, sizeof(slice));
    if (vgi__mul_size(slice.count, item->size, &size) || !copy(&slice.items, size, mem))
        return false;
    memcpy(value, &slice, sizeof(slice));
    memcpy(&at, value, sizeof(at));
    for (size_t i = 0; i < slice.count; i++) {
        if (!own(item, at + i * item->size, mem))
            return false;
    }
    return true;
}

static bool own_optional(const vgi_type *item, void *value, vgi_arena *mem)
{
    const void *p;
    void *copied;

    memcpy(&p, value, sizeof(p));
    if (!copy(&p, item->size, mem))
        return false;
    memcpy(value, &p, sizeof(p));
    memcpy(&copied, value, sizeof(copied));
    return !copied || own(item, copied, mem);
}

static bool own_struct(const vgi_type *type, void *value, vgi_arena *mem)
{
    const char *at = (const char *)type->fields;

    for (;; at += type->field_size) {
        const vgi_field *f = (const vgi_field *)(const void *)at;
        bool ok;

        if (!f->name)
            return true;
        void *member = (char *)value + f->offset;
        if (f->shape == VGI_LIST_OF)
            ok = own_list(f->type, member, mem);
        else if (f->shape == VGI_OPTIONAL)
            ok = own_optional(f->type, member, mem);
        else
            ok = own(f->type, member, mem);
        if (!ok)
            return false;
    }
}

/* vgi_str and vgi_bytes have one layout. */
static bool own_bytes(void *value, vgi_arena *mem)
{
    vgi_bytes bytes;
    const void *p;

    memcpy(&bytes, value, sizeof(bytes));
    p = bytes.data;
    if (!copy(&p, bytes.len, mem))
        return false;
    bytes.data = p;
    memcpy(value, &bytes, sizeof(bytes));
    return true;
}

static void unref_batch(void *batch)
{
    vgi_batch_unref(batch);
}

static void unref_schema(void *schema)
{
    vgi_schema_unref(schema);
}

/* Embedded handles end with the arena they were bound into: take them over to the
 * caller's. */
static bool own_batch(void *value, vgi_arena *mem)
{
    vgi_batch *batch, *kept = NULL;

    memcpy(&batch, value, sizeof(batch));
    if (!batch)
        return true;
    if (vgi_batch_retain(batch, &kept, NULL) != VGI_OK)
        return false;
    memcpy(value, &kept, sizeof(kept));
    if (vgi__arena_defer(mem, unref_batch, kept))
        return true;
    vgi_batch_unref(kept);
    return false;
}

static bool own_schema(void *value, vgi_arena *mem)
{
    vgi_schema *schema;

    memcpy(&schema, value, sizeof(schema));
    if (!schema)
        return true;
    vgi_schema_ref(schema);
    if (vgi__arena_defer(mem, unref_schema, schema))
        return true;
    vgi_schema_unref(schema);
    return false;
}

static bool own(const vgi_type *type, void *value, vgi_arena *mem)
{
    switch (type->kind) {
    case VGI_KIND_STR:
    case VGI_KIND_BYTES:
        return own_bytes(value, mem);
    case VGI_KIND_LIST:
        return own_list(type->item, value, mem);
    case VGI_KIND_OPTIONAL:
        return own_optional(type->item, value, mem);
    case VGI_KIND_ALIAS:
        return own(type->item, value, mem);
    case VGI_KIND_STRUCT:
        return own_struct(type, value, mem);
    case VGI_KIND_BATCH:
        return own_batch(value, mem);
    case VGI_KIND_SCHEMA:
        return own_schema(value, mem);
    default: /* numbers and booleans point to nothing */
        return true;
    }
}

int vgi__own_value(const vgi_type *type, void *value, vgi_arena *mem, vgi_error *err)
{
    return own(type, value, mem) ? VGI_OK : vgi__fail_nomem(err);
}
