/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the ISO 8601 forms of dates, times, timestamps and spans, exactly or not at
 * all. */
#include "base/checked.h"
#include "base/text.h"
#include "client/args.h"

/* ---- a cursor over text ---- */

typedef struct cursor {
    const char *at, *end;
} cursor;

static cursor cursor_of(vgi_str text)
{
    return (cursor){ text.data, text.data + text.len };
}

static bool take(cursor *c, char ch)
{
    if (c->at == c->end || *c->at != ch)
        return false;
    c->at++;
    return true;
}

static bool is_digit(char ch)
{
    return ch >= '0' && ch <= '9';
}

/* Exactly `n` digits. */
static bool take_digits(cursor *c, int n, int64_t *out)
{
    int64_t v = 0;

    for (int i = 0; i < n; i++) {
        if (c->at == c->end || !is_digit(*c->at))
            return false;
        v = v * 10 + (*c->at++ - '0');
    }
    *out = v;
    return true;
}

/* ---- dates and times ---- */

static const int64_t units_per_second[] = { [VGI__UNIT_S] = 1,
                                            [VGI__UNIT_MS] = 1000,
                                            [VGI__UNIT_US] = 1000000,
                                            [VGI__UNIT_NS] = 1000000000 };

static bool is_leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int64_t days_in_month(int64_t y, int64_t m)
{
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

/* Days from 1970-01-01 in the Gregorian calendar; y >= 1. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    const int64_t before = y - 1;
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400;

    for (int64_t i = 1; i < m; i++)
        days += days_in_month(y, i);
    return days + d - 1 - 719162; /* days before 1970 */
}

static bool take_date(cursor *c, int64_t *days)
{
    int64_t y, m, d;

    if (!take_digits(c, 4, &y) || !take(c, '-') || !take_digits(c, 2, &m) ||
        !take(c, '-') || !take_digits(c, 2, &d))
        return false;
    if (y < 1 || m < 1 || m > 12 || d < 1 || d > days_in_month(y, m))
        return false;
    *days = days_from_civil(y, m, d);
    return true;
}

/* The digits after the point, in units; false when some are finer than that. */
static bool take_fraction(cursor *c, int64_t per_second, int64_t *units)
{
    const char *start = c->at;
    int64_t worth = per_second;

    for (*units = 0; c->at < c->end && is_digit(*c->at); c->at++) {
        worth /= 10;
        if (worth == 0 && *c->at != '0')
            return false;
        *units += worth * (*c->at - '0');
    }
    return c->at > start;
}

static bool take_time(cursor *c, int64_t per_second, int64_t *units)
{
    int64_t h, m, s = 0, fraction = 0;

    if (!take_digits(c, 2, &h) || !take(c, ':') || !take_digits(c, 2, &m))
        return false;
    if (take(c, ':')) {
        if (!take_digits(c, 2, &s) ||
            (take(c, '.') && !take_fraction(c, per_second, &fraction)))
            return false;
    }
    if (h > 23 || m > 59 || s > 59)
        return false;
    *units = ((h * 60 + m) * 60 + s) * per_second + fraction;
    return true;
}

/* The name of a zone in brackets, which says nothing that the offset does not. */
static bool take_zone_name(cursor *c)
{
    if (take(c, '[')) {
        while (c->at < c->end && *c->at != ']')
            c->at++;
        return take(c, ']');
    }
    return true;
}

/* "Z", "Z[Europe/Berlin]", "+02:00", "-0530", or nothing. *seconds: east of Greenwich. */
static bool take_offset(cursor *c, bool *given, int64_t *seconds)
{
    int64_t h, m, sign;

    *seconds = 0;
    *given = c->at < c->end;
    if (!*given)
        return true;
    if (take(c, 'Z'))
        return take_zone_name(c);
    sign = take(c, '-') ? -1 : 1;
    if (sign > 0 && !take(c, '+'))
        return false;
    if (!take_digits(c, 2, &h) || (take(c, ':'), !take_digits(c, 2, &m)) || h > 23 ||
        m > 59)
        return false;
    *seconds = sign * (h * 60 + m) * 60;
    return true;
}

bool vgi__date_parse(vgi_str text, int64_t *days)
{
    cursor c = cursor_of(text);

    return take_date(&c, days) && c.at == c.end;
}

bool vgi__time_parse(vgi_str text, vgi__time_unit unit, int64_t *value)
{
    cursor c = cursor_of(text);

    return take_time(&c, units_per_second[unit], value) && c.at == c.end;
}

bool vgi__timestamp_parse(vgi_str text, vgi__time_unit unit, bool zoned, int64_t *value)
{
    const int64_t per_second = units_per_second[unit];
    int64_t days, time = 0, offset = 0, seconds;
    bool given = false;
    cursor c = cursor_of(text);

    if (!take_date(&c, &days))
        return false;
    if ((take(&c, 'T') || take(&c, ' ')) &&
        (!take_time(&c, per_second, &time) || !take_offset(&c, &given, &offset)))
        return false;
    if (c.at != c.end || (given && !zoned))
        return false;
    seconds = days * 86400 - offset;
    return !vgi__mul_i64(seconds, per_second, &seconds) &&
           !vgi__add_i64(seconds, time, value);
}

/* ---- spans ---- */

typedef struct part {
    char letter;
    bool is_time;   /* behind the T */
    int64_t factor; /* of months, days or seconds */
} part;

static const part parts[] = {
    { 'Y', false, 12 },  { 'M', false, 1 }, { 'W', false, 7 }, { 'D', false, 1 },
    { 'H', true, 3600 }, { 'M', true, 60 }, { 'S', true, 1 },
};
#define N_PARTS (sizeof(parts) / sizeof(*parts))

/* "12.5" into whole and units of a fraction, both with the sign. */
static bool take_number(cursor *c, int64_t per_second, int64_t *whole, int64_t *fraction)
{
    const char *start;
    const bool negative = take(c, '-');

    *fraction = 0;
    start = c->at;
    while (c->at < c->end && is_digit(*c->at))
        c->at++;
    if (!vgi__parse_i64((vgi_str){ start, (size_t)(c->at - start) }, whole) ||
        (take(c, '.') && !take_fraction(c, per_second, fraction)))
        return false;
    if (negative) {
        *whole = -*whole;
        *fraction = -*fraction;
    }
    return true;
}

static bool add_scaled(int64_t *to, int64_t n, int64_t factor)
{
    return !vgi__mul_i64(n, factor, &n) && !vgi__add_i64(*to, n, to);
}

static bool add_part(vgi__span *span, size_t index, int64_t whole, int64_t fraction,
                     int64_t per_second)
{
    const part *p = &parts[index];

    if (fraction && p->letter != 'S')
        return false;
    if (p->is_time)
        return add_scaled(&span->units, whole, p->factor * per_second) &&
               !vgi__add_i64(span->units, fraction, &span->units);
    return add_scaled(index < 2 ? &span->months : &span->days, whole, p->factor);
}

bool vgi__span_parse(vgi_str text, vgi__time_unit unit, vgi__span *out)
{
    const int64_t per_second = units_per_second[unit];
    cursor c = cursor_of(text);
    bool is_time = false;
    size_t next = 0; /* parts come in order, each at most once */

    *out = (vgi__span){ 0 };
    if (!take(&c, 'P') || c.at == c.end)
        return false;
    while (c.at < c.end) {
        int64_t whole, fraction;
        if (!is_time && take(&c, 'T'))
            is_time = true;
        if (!take_number(&c, per_second, &whole, &fraction) || c.at == c.end)
            return false;
        while (next < N_PARTS &&
               (parts[next].letter != *c.at || parts[next].is_time != is_time))
            next++;
        if (next == N_PARTS || !add_part(out, next, whole, fraction, per_second))
            return false;
        next++;
        c.at++;
    }
    return true;
}

bool vgi__span_units(const vgi__span *span, vgi__time_unit unit, int64_t *value)
{
    *value = span->units;
    return add_scaled(value, span->days, 86400 * units_per_second[unit]);
}
