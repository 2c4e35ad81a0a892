/* SPDX-License-Identifier: Apache-2.0 */
#include "json_scan.h"

#include <string.h>

static void skip_space(json_members *m)
{
    while (m->at < m->end && strchr(" \t\r\n", *m->at) && *m->at)
        m->at++;
}

static bool take(json_members *m, char ch)
{
    skip_space(m);
    if (m->at == m->end || *m->at != ch)
        return false;
    m->at++;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool take_string(json_members *m, vgi_str *out)
{
    const char *start = m->at;

    for (; m->at < m->end && *m->at != '"'; m->at++) {
        if (*m->at == '\\' && m->at + 1 < m->end)
            m->at++;
    }
    if (m->at == m->end)
        return false;
    *out = (vgi_str){ start, (size_t)(m->at++ - start) };
    return true;
}

/* To the comma or bracket behind a value. */
static bool take_value(json_members *m, vgi_str *out)
{
    const char *start, *end;
    vgi_str string;
    int depth = 0;

    skip_space(m);
    start = m->at;
    for (; m->at < m->end; m->at++) {
        if (*m->at == '"') {
            m->at++;
            if (!take_string(m, &string))
                return false;
            m->at--; /* onto the closing quote */
        } else if (*m->at == '[' || *m->at == '{') {
            depth++;
        } else if (*m->at == ',' && depth == 0) {
            break;
        } else if ((*m->at == ']' || *m->at == '}') && depth-- == 0) {
            break;
        }
    }
    end = m->at;
    while (end > start && strchr(" \t\r\n", end[-1]))
        end--;
    *out = (vgi_str){ start, (size_t)(end - start) };
    return end > start;
}

json_members json_members_of(vgi_str object)
{
    json_members m = { object.data, object.data + object.len };

    if (!take(&m, '{'))
        m.at = m.end;
    return m;
}

bool json_next_member(json_members *m, json_member *out)
{
    (void)take(m, ',');
    return take(m, '"') && take_string(m, &out->key) && take(m, ':') &&
           take_value(m, &out->value);
}

bool json_first_item(vgi_str array, vgi_str *item)
{
    json_members m = { array.data, array.data + array.len };

    return take(&m, '[') && take_value(&m, item);
}
