/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: one router for both wire epochs.
 *
 *   /method                        seed    unary
 *   /method/init, /exchange        seed    stream
 *   /protocol/method               current unary
 *   /protocol/method/init, ...     current stream
 *
 * Two segments are the current shape when the first is a hosted protocol, the seed one
 * when the second is "init" or "exchange"; the app refuses to serve services for which
 * both could be meant. Of the rest, the current shape is refused in its own words.
 * Literal paths win over all of these.
 */
#include <string.h>

#include "http/proto/fields.h"
#include "http/server/page.h"

#define MOST_SEGMENTS 3

/* Split what follows the prefix; 0: it is no path of ours. */
static size_t split(vgi_str path, vgi_str segments[MOST_SEGMENTS])
{
    size_t n = 0;

    while (path.len > 0) {
        const char *end = memchr(path.data + 1, '/', path.len - 1);
        size_t len = end ? (size_t)(end - path.data) : path.len;

        if (path.data[0] != '/' || len == 1 || n == MOST_SEGMENTS)
            return 0;
        segments[n++] = (vgi_str){ path.data + 1, len - 1 };
        path.data += len;
        path.len -= len;
    }
    return n;
}

/* The text of a segment; a null string: its escapes are broken. */
static vgi_str decoded(vgi_str segment, vgi_arena *arena)
{
    char *text;
    size_t len;

    if (!memchr(segment.data, '%', segment.len))
        return segment;
    text = vgi_arena_alloc(arena, segment.len);
    if (!text || !vgi__http_unescape(text, &len, segment))
        return (vgi_str){ NULL, 0 };
    return (vgi_str){ text, len };
}

/* "init" and "exchange" end the path of a stream. */
static vgi__route_kind stream_kind(vgi_str segment)
{
    if (vgi_str_eq(segment, "init"))
        return VGI__ROUTE_INIT;
    return vgi_str_eq(segment, "exchange") ? VGI__ROUTE_EXCHANGE : VGI__ROUTE_NONE;
}

static vgi__route seed(vgi__route_kind kind, vgi_str method, vgi_arena *arena)
{
    vgi__route r = { .kind = kind,
                     .epoch = VGI__EPOCH_SEED,
                     .method = decoded(method, arena),
                     .hosted = true };

    if (!r.method.data)
        r.kind = VGI__ROUTE_NONE;
    return r;
}

/* A protocol's name needs no escapes, so it is compared as it was sent: nobody on the way
 * can take it for another one. */
static vgi__route current(const vgi__app *app, vgi__route_kind kind, vgi_str protocol,
                          vgi_str method, vgi_arena *arena)
{
    vgi__route r = { .kind = kind,
                     .epoch = VGI__EPOCH_CURRENT,
                     .protocol = protocol,
                     .method = decoded(method, arena),
                     .hosted = vgi__registry_find(app->registry, protocol) != NULL };

    if (!r.method.data)
        r.kind = VGI__ROUTE_NONE;
    return r;
}

static vgi__route one_segment(const vgi__app *app, vgi_str name, vgi_arena *arena)
{
    const vgi_str none = { NULL, 0 };
    vgi__route r;

    if (vgi_str_eq(name, "health"))
        return (vgi__route){ .kind = VGI__ROUTE_HEALTH, .hosted = true };
    if (vgi_str_eq(name, "describe") && !app->options.no_pages &&
        vgi__page_has_describe(app))
        return (vgi__route){ .kind = VGI__ROUTE_DESCRIBE_PAGE, .hosted = true };
    if (app->registry->options.compat != VGI_COMPAT_CURRENT_ONLY)
        return seed(VGI__ROUTE_UNARY, name, arena);
    r = current(app, VGI__ROUTE_UNARY, none, name, arena);
    r.hosted = true; /* reserved methods belong to no protocol */
    return r;
}

static vgi__route two_segments(const vgi__app *app, const vgi_str s[2], vgi_arena *arena)
{
    const vgi_compat compat = app->registry->options.compat;
    const vgi__route_kind kind = stream_kind(s[1]);
    const vgi__filter_source *x = vgi__filter_source_of(app->registry->options.external);

    if (x && x->upload_url && kind == VGI__ROUTE_INIT &&
        vgi_str_eq(s[0], VGI_METHOD_UPLOAD_URL))
        return (vgi__route){ .kind = VGI__ROUTE_UPLOAD_URL, .hosted = true };
    if (compat == VGI_COMPAT_SEED_ONLY)
        return seed(kind, s[0], arena);
    if (compat == VGI_COMPAT_AUTO && kind != VGI__ROUTE_NONE &&
        !vgi__registry_find(app->registry, s[0]))
        return seed(kind, s[0], arena);
    return current(app, VGI__ROUTE_UNARY, s[0], s[1], arena);
}

vgi__route vgi__app_route(const vgi__app *app, vgi_str path, vgi_arena *arena)
{
    const vgi__route none = { .kind = VGI__ROUTE_NONE, .hosted = true };
    const size_t prefix = strlen(app->prefix);
    vgi_str s[MOST_SEGMENTS];

    if (path.len < prefix || memcmp(path.data, app->prefix, prefix) != 0)
        return none;
    path.data += prefix;
    path.len -= prefix;
    if (path.len == 0 || (path.len == 1 && path.data[0] == '/'))
        return (vgi__route){ .kind = app->options.no_pages ? VGI__ROUTE_NONE
                                                           : VGI__ROUTE_LANDING,
                             .hosted = true };
    switch (split(path, s)) {
    case 1:
        return one_segment(app, s[0], arena);
    case 2:
        return two_segments(app, s, arena);
    case 3:
        if (stream_kind(s[2]) == VGI__ROUTE_NONE ||
            app->registry->options.compat == VGI_COMPAT_SEED_ONLY)
            return none;
        return current(app, stream_kind(s[2]), s[0], s[1], arena);
    default:
        return none;
    }
}
