/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the text forms of dates, times and timestamps, exactly or not at all. */
#include "base/checked.h"
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

    if (!take_digits(c, 4, &y) || !take(c, '-') || !take_digits(c, 2, &m) || !take(c, '-') ||
        !take_digits(c, 2, &d))
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

/* "Z", "+02:00", "-0530", or nothing. *seconds: east of Greenwich. */
static bool take_offset(cursor *c, bool *given, int64_t *seconds)
{
    int64_t h, m, sign;

    *seconds = 0;
    *given = c->at < c->end;
    if (!*given || take(c, 'Z'))
        return true;
    sign = take(c, '-') ? -1 : 1;
    if (sign > 0 && !take(c, '+'))
        return false;
    if (!take_digits(c, 2, &h) || (take(c, ':'), !take_digits(c, 2, &m)) || h > 23 || m > 59)
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
