/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars whose column has another type than the struct declares: converted when nothing
 * is lost. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/fail.h"
#include "types/bind.h"
#include "types/decimal.h"

/* A decimal costs more time than room: it is charged for at least so many bytes. */
#define DECIMAL_CHARGE 64

/* ---- numbers ---- */

static int bind_int(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                    const vgi__cell *c, void *out)
{
    if (vgi__cell_node(c)->logical != VGI__TYPE_INT)
        return vgi__bind_mismatch(b, at, slot, c);
    bool big;
    int64_t v = vgi__cell_int(c, &big);
    int bits = (int)slot->size * 8;
    bool fits;
    if (slot->is_signed)
        fits = !big && (v >> (bits - 1) == 0 || v >> (bits - 1) == -1);
    else
        fits = (big || v >= 0) && (bits == 64 || (uint64_t)v >> bits == 0);
    if (!fits && big)
        return vgi__bind_fail(b, at, VGI_EINVAL, "ValueError",
                              ": %" PRIu64 " does not fit %s", (uint64_t)v,
                              slot->type_name);
    if (!fits)
        return vgi__bind_fail(b, at, VGI_EINVAL, "ValueError",
                              ": %" PRId64 " does not fit %s", v, slot->type_name);
    memcpy(out, &v, slot->size);
    return VGI_OK;
}

static int bind_float(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                      const vgi__cell *c, void *out)
{
    double v;
    bool big;
    if (vgi__cell_node(c)->logical == VGI__TYPE_FLOAT) {
        v = vgi__cell_float(c);
    } else if (vgi__cell_node(c)->logical == VGI__TYPE_INT) {
        int64_t i = vgi__cell_int(c, &big);
        v = big ? (double)(uint64_t)i : (double)i;
    } else {
        return vgi__bind_mismatch(b, at, slot, c);
    }
    float narrow = (float)v;
    if (slot->size == sizeof(narrow))
        memcpy(out, &narrow, sizeof(narrow));
    else
        memcpy(out, &v, sizeof(v));
    return VGI_OK;
}

/* ---- times ---- */

static int64_t tick_ns(uint8_t logical, uint8_t unit)
{
    static const int64_t units[] = { 1000000000, 1000000, 1000, 1 };
    if (logical == VGI__TYPE_DATE && unit == VGI__UNIT_S)
        return INT64_C(86400) * 1000000000;
    return units[unit & 3];
}

static int bind_time(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                     const vgi__cell *c, void *out)
{
    const vgi__node *n = vgi__cell_node(c);
    if (n->logical != slot->logical)
        return vgi__bind_mismatch(b, at, slot, c);
    int64_t v = vgi__cell_time(c), scaled;
    int64_t from = tick_ns(n->logical, n->unit), to = tick_ns(slot->logical, slot->unit);
    bool lost = from >= to ? vgi__mul_i64(v, from / to, &scaled) : v % (to / from) != 0;
    if (!lost && from < to)
        scaled = v / (to / from);
    if (!lost && slot->size == 4)
        lost = scaled != (int32_t)scaled;
    if (lost)
        return vgi__bind_fail(b, at, VGI_EINVAL, "ValueError",
                              ": %" PRId64 " does not survive the change of unit", v);
    memcpy(out, &scaled, slot->size);
    return VGI_OK;
}

int vgi__bind_converted(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                        const vgi__cell *c, void *out)
{
    switch (slot->logical) {
    case VGI__TYPE_INT:
        return bind_int(b, at, slot, c, out);
    case VGI__TYPE_FLOAT:
        return bind_float(b, at, slot, c, out);
    case VGI__TYPE_DATE:
    case VGI__TYPE_TIME:
    case VGI__TYPE_TIMESTAMP:
    case VGI__TYPE_DURATION:
        return bind_time(b, at, slot, c, out);
    default:
        return vgi__bind_mismatch(b, at, slot, c);
    }
}

/* ---- text and bytes ---- */

static bool is_utf8(const vgi__node *n)
{
    return n->logical == VGI__TYPE_UTF8 || n->logical == VGI__TYPE_LARGE_UTF8 ||
           n->logical == VGI__TYPE_UTF8_VIEW;
}

static bool is_binary(const vgi__node *n)
{
    return n->logical == VGI__TYPE_BINARY || n->logical == VGI__TYPE_LARGE_BINARY ||
           n->logical == VGI__TYPE_BINARY_VIEW || n->logical == VGI__TYPE_FIXED_BINARY;
}

static int bind_decimal(vgi__bind *b, const vgi__trail *at, const vgi__cell *c, void *out)
{
    char text[VGI__DECIMAL_TEXT_SIZE];
    const vgi__node *n = vgi__cell_node(c);
    size_t len = vgi__decimal_text(text, vgi__cell_fixed(c), n->width, n->scale);
    int rc = vgi__bind_charge(b, at, len > DECIMAL_CHARGE ? len : DECIMAL_CHARGE);
    if (rc != VGI_OK)
        return rc;
    char *copy = vgi_arena_alloc(b->mem, len);
    if (!copy)
        return vgi__fail_nomem(b->err);
    memcpy(copy, text, len);
    vgi_str value = { copy, len };
    memcpy(out, &value, sizeof(value));
    return VGI_OK;
}

/* "PENDING, ACTIVE, CLOSED", cut to the buffer. */
static void list_names(const char *const *names, char *buf, size_t size)
{
    size_t at = 0;
    buf[0] = '\0';
    for (; *names; names++) {
        size_t n = strlen(*names);
        if (n + 3 > size - at)
            return;
        if (at > 0) {
            memcpy(buf + at, ", ", 2);
            at += 2;
        }
        memcpy(buf + at, *names, n + 1);
        at += n;
    }
}

static int bind_enum(vgi__bind *b, const vgi__slot *slot, const vgi__cell *c, void *out)
{
    vgi_bytes bytes = vgi__cell_bytes(c);
    vgi_str name = { (const char *)bytes.data, bytes.len };
    int32_t index = vgi__enum_find(slot->enum_names, name);
    if (index < 0) {
        char echo[VGI_ECHO_SIZE], names[160];
        list_names(slot->enum_names, names, sizeof(names));
        return vgi__fail(b->err, VGI_EINVAL, "ValueError",
                         "'%s' is not a valid member of %s (%s)", vgi__echo(echo, name),
                         slot->type_name, names);
    }
    memcpy(out, &index, sizeof(index));
    return VGI_OK;
}

static bool readable(const vgi__slot *slot, const vgi__node *n)
{
    switch ((vgi__op)slot->op) {
    case VGI__OP_STR:
    case VGI__OP_ENUM:
        return is_utf8(n);
    case VGI__OP_BYTES:
        return is_binary(n);
    case VGI__OP_RAW:
        if (slot->logical == VGI__TYPE_FIXED_BINARY)
            return is_binary(n);
        return n->layout == VGI__LAYOUT_FIXED && n->logical == slot->logical &&
               n->width == slot->width && n->unit == slot->unit &&
               n->is_signed == slot->is_signed && n->scale == slot->scale;
    default:
        return n->logical == VGI__TYPE_DECIMAL;
    }
}

int vgi__bind_text(vgi__bind *b, const vgi__trail *at, const vgi__slot *slot,
                   const vgi__cell *c, void *out)
{
    if (!readable(slot, vgi__cell_node(c)))
        return vgi__bind_mismatch(b, at, slot, c);
    if (slot->op == VGI__OP_DECIMAL)
        return bind_decimal(b, at, c, out);
    if (slot->op == VGI__OP_ENUM)
        return bind_enum(b, slot, c, out);
    vgi_bytes value;
    int rc = vgi__bind_bytes(b, at, c, &value);
    if (rc != VGI_OK)
        return rc;
    if (slot->op == VGI__OP_RAW && value.len != (size_t)slot->width)
        return vgi__bind_fail(b, at, VGI_EINVAL, "ValueError", ": %zu bytes, not %d",
                              value.len, (int)slot->width);
    memcpy(out, &value, sizeof(value)); /* vgi_str looks the same */
    return VGI_OK;
}
