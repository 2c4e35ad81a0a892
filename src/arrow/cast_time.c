/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: safe casts of dates, times, timestamps and durations.
 *
 * Each type counts ticks, so many to a day. A cast to finer ticks multiplies and must not
 * overflow; one to coarser ticks divides and must leave no rest, except that a timestamp
 * becomes the date it falls on. The integer with the width of the storage is the same
 * number of ticks.
 */
#include <inttypes.h>
#include <string.h>

#include "arrow/cast_impl.h"
#include "base/checked.h"
#include "base/endian.h"

#define DAY_MS INT64_C(86400000)

static const int64_t ticks_of_day[] = { [VGI__UNIT_S] = INT64_C(86400),
                                        [VGI__UNIT_MS] = DAY_MS,
                                        [VGI__UNIT_US] = DAY_MS * 1000,
                                        [VGI__UNIT_NS] = DAY_MS * 1000000 };

static bool is_temporal(const vgi__node *n)
{
    return n->dictionary < 0 &&
           (n->logical == VGI__TYPE_DATE || n->logical == VGI__TYPE_TIME ||
            n->logical == VGI__TYPE_TIMESTAMP || n->logical == VGI__TYPE_DURATION);
}

static bool is_storage(const vgi__node *integer, const vgi__node *temporal)
{
    return integer->dictionary < 0 && integer->logical == VGI__TYPE_INT &&
           integer->is_signed && is_temporal(temporal) &&
           integer->width == temporal->width;
}

bool vgi__is_temporal_cast(const vgi__node *from, const vgi__node *to)
{
    if (is_storage(from, to) || is_storage(to, from))
        return true;
    if (!is_temporal(from) || !is_temporal(to))
        return false;
    bool dates =
        (from->logical == VGI__TYPE_DATE || from->logical == VGI__TYPE_TIMESTAMP) &&
        (to->logical == VGI__TYPE_DATE || to->logical == VGI__TYPE_TIMESTAMP);
    return dates || from->logical == to->logical;
}

static int64_t ticks(const vgi__node *n)
{
    if (n->logical == VGI__TYPE_DATE)
        return n->unit == VGI__UNIT_S ? 1 : DAY_MS;
    return ticks_of_day[n->unit];
}

static int64_t floor_div(int64_t v, int64_t by)
{
    return v / by - (v % by < 0);
}

static int refuse(const vgi__cast_task *t, const char *why, int64_t v)
{
    char from[VGI__CAST_WORDS];
    char to[VGI__CAST_WORDS];
    return vgi__cast_invalid(t, "Casting from %s to %s would %s: %" PRId64,
                             vgi__type_words(from, sizeof(from), t->schema, t->from),
                             vgi__type_words(to, sizeof(to), t->to->schema, t->node), why,
                             v);
}

static int convert(const vgi__cast_task *t, int64_t v, int64_t *result)
{
    const vgi__node *from = vgi__cast_source(t);
    const vgi__node *to = vgi__cast_target(t);
    *result = v;
    if (from->logical == VGI__TYPE_INT || to->logical == VGI__TYPE_INT)
        return VGI_OK;
    int64_t have = ticks(from);
    int64_t want = ticks(to);
    if (from->logical == VGI__TYPE_TIMESTAMP && to->logical == VGI__TYPE_DATE) {
        v = floor_div(v, have);
        have = 1;
    }
    bool overflow = false;
    if (want >= have) {
        overflow = vgi__mul_i64(v, want / have, result);
    } else {
        if (v % (have / want) != 0)
            return refuse(t, "lose data", v);
        *result = v / (have / want);
    }
    if (overflow || (to->width == 4 && *result != (int32_t)*result))
        return refuse(t, "result in out of bounds timestamp", v);
    return VGI_OK;
}

int vgi__cast_temporal(const vgi__cast_task *t)
{
    bool narrow = vgi__cast_source(t)->width == 4;
    for (int64_t row = t->first; row < t->first + t->count; row++) {
        int rc;
        if (vgi__array_is_null(t->schema, t->from, t->array, row)) {
            rc = vgi__builder_null(t->to, t->node);
        } else {
            const uint8_t *p = vgi__array_bytes(t->schema, t->from, t->array, row).data;
            int64_t v;
            rc = convert(t, narrow ? vgi__loadi32(p) : vgi__loadi64(p), &v);
            if (rc != VGI_OK)
                return rc;
            rc = vgi__builder_fixed(t->to, t->node, &v);
        }
        if (rc != VGI_OK)
            return vgi__cast_failed(t, rc);
    }
    return VGI_OK;
}
