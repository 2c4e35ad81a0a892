/* SPDX-License-Identifier: Apache-2.0 */
#include "types/text_time.h"

#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/text.h"

#define DAY_SECONDS 86400

static const int64_t ticks[] = { 1, 1000, 1000000, 1000000000 }; /* per second, by unit */
static const int digits[] = { 0, 3, 6, 9 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* ".5" or ".123456": fraction of a second without trailing zeros; nothing for 0. */
static bool fraction_text(vgi__buffer *b, int64_t fraction, uint8_t unit)
{
    char text[24];
    int n = digits[unit & 3];
    if (fraction == 0)
        return true;
    for (int i = n - 1; i >= 0; i--, fraction /= 10)
        text[i] = (char)('0' + fraction % 10);
    while (text[n - 1] == '0')
        n--;
    return vgi__buffer_char(b, '.') && vgi__buffer_append(b, text, (size_t)n);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from
 * March, so that the leap day is the last of its year; 400 years have 146,097 days. */
static bool date_text(vgi__buffer *b, int64_t days)
{
    int64_t shifted = days + 719468; /* from 0000-03-01 */
    int64_t era = floor_div(shifted, 146097), day = floor_mod(shifted, 146097);
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t of_month = of_year - (153 * month + 2) / 5 + 1;
    year += era * 400 + (month >= 10);
    month = month < 10 ? month + 3 : month - 9;
    return vgi__buffer_printf(
        b, year < 0 ? "%05" PRId64 "-%02d-%02d" : "%04" PRId64 "-%02d-%02d", year,
        (int)month, (int)of_month);
}

static bool clock_text(vgi__buffer *b, int64_t seconds, int64_t fraction, uint8_t unit)
{
    return vgi__buffer_printf(b, "%02" PRId64 ":%02d:%02d", seconds / 3600,
                              (int)(seconds / 60 % 60), (int)(seconds % 60)) &&
           fraction_text(b, fraction, unit);
}

/* "+HH:MM" or "-HH:MM" as seconds; false: a named zone. */
static bool fixed_offset(const char *zone, int64_t *seconds)
{
    if (strlen(zone) != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return false;
    uint64_t hours, minutes;
    if (!vgi__parse_u64((vgi_str){ zone + 1, 2 }, &hours) ||
        !vgi__parse_u64((vgi_str){ zone + 4, 2 }, &minutes))
        return false;
    *seconds = (int64_t)(hours * 3600 + minutes * 60) * (zone[0] == '-' ? -1 : 1);
    return true;
}

static bool is_plain_zone(const char *zone)
{
    return zone[strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789/_+-")] == '\0';
}

/* What is known of the zone: local time for a fixed offset, UTC and the zone's name
 * otherwise. */
static bool timestamp_text(vgi__buffer *b, int64_t value, uint8_t unit, const char *zone)
{
    int64_t per_second = ticks[unit & 3], offset = 0;
    int64_t seconds = floor_div(value, per_second);
    bool fixed = zone && fixed_offset(zone, &offset);
    int64_t day = floor_div(seconds, DAY_SECONDS);
    int64_t rest = floor_mod(seconds, DAY_SECONDS) + offset;
    int64_t carry = floor_div(rest, DAY_SECONDS);
    if (!date_text(b, day + carry) || !vgi__buffer_char(b, 'T') ||
        !clock_text(b, floor_mod(rest, DAY_SECONDS), floor_mod(value, per_second), unit))
        return false;
    if (!zone || !*zone)
        return true;
    if (fixed)
        return vgi__buffer_str(b, zone);
    if (strcmp(zone, "UTC") == 0 || strcmp(zone, "Z") == 0 || !is_plain_zone(zone))
        return vgi__buffer_char(b, 'Z');
    return vgi__buffer_str(b, "Z[") && vgi__buffer_str(b, zone) &&
           vgi__buffer_char(b, ']');
}

/* Seconds of a duration: "12.5S"; the sign is written here too. */
static bool seconds_text(vgi__buffer *b, int64_t value, uint8_t unit)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t per_second = (uint64_t)ticks[unit & 3];
    return vgi__buffer_printf(b, "%s%" PRIu64, value < 0 ? "-" : "", size / per_second) &&
           fraction_text(b, (int64_t)(size % per_second), unit) &&
           vgi__buffer_char(b, 'S');
}

static bool interval_text(vgi__buffer *b, const vgi__cell *c)
{
    const uint8_t *p = vgi__cell_fixed(c);
    switch (vgi__cell_node(c)->unit) {
    case 0:
        return vgi__buffer_printf(b, "P%" PRId32 "M", vgi__loadi32(p));
    case 1:
        return vgi__buffer_printf(b, "P%" PRId32 "DT", vgi__loadi32(p)) &&
               seconds_text(b, vgi__loadi32(p + 4), VGI__UNIT_MS);
    default:
        return vgi__buffer_printf(b, "P%" PRId32 "M%" PRId32 "DT", vgi__loadi32(p),
                                  vgi__loadi32(p + 4)) &&
               seconds_text(b, vgi__loadi64(p + 8), VGI__UNIT_NS);
    }
}

bool vgi__time_text(vgi__buffer *b, const vgi__cell *c)
{
    const vgi__node *n = vgi__cell_node(c);
    if (n->logical == VGI__TYPE_INTERVAL)
        return interval_text(b, c);
    int64_t v = vgi__cell_time(c), per_second = ticks[n->unit & 3];
    switch (n->logical) {
    case VGI__TYPE_DATE:
        return date_text(b, n->width == 4 ? v : floor_div(v, DAY_SECONDS * 1000));
    case VGI__TYPE_TIME:
        if (v < 0 || v / per_second >= DAY_SECONDS)
            return vgi__buffer_printf(b, "%" PRId64, v); /* no time of day */
        return clock_text(b, v / per_second, v % per_second, n->unit);
    case VGI__TYPE_TIMESTAMP:
        return timestamp_text(b, v, n->unit, n->extra);
    default:
        return vgi__buffer_str(b, "PT") && seconds_text(b, v, n->unit);
    }
}
