/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies that a unary handler sets. */
#include <inttypes.h>
#include <string.h>

#include "base/fail.h"
#include "http/proto/fields.h"
#include "http/server/app.h"

/* Is every byte printable ASCII, and none of `forbidden`? */
static bool is_clean(const char *text, const char *forbidden)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || strchr(forbidden, *text))
            return false;
    return true;
}

/* What of the cookie cannot be sent, or NULL. */
static const char *fault(const vgi_cookie *c)
{
    if (!c->name || !vgi__http_is_token(vgi_str_from(c->name)))
        return "name";
    if (!c->value || !is_clean(c->value, " \",;\\"))
        return "value";
    if (c->path && !is_clean(c->path, ";"))
        return "path";
    if (c->domain && !is_clean(c->domain, ";"))
        return "domain";
    if (c->same_site && strcmp(c->same_site, "Lax") != 0 &&
        strcmp(c->same_site, "Strict") != 0 && strcmp(c->same_site, "None") != 0)
        return "same_site";
    return NULL;
}

static void append(vgi__buffer *b, const vgi_cookie *c)
{
    vgi__buffer_printf(b, "Set-Cookie: %s=%s", c->name, c->value);
    if (c->domain)
        vgi__buffer_printf(b, "; Domain=%s", c->domain);
    if (c->max_age_s < 0)
        vgi__buffer_str(b, "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
    else if (c->max_age_s > 0)
        vgi__buffer_printf(b, "; Max-Age=%" PRId64, c->max_age_s);
    if (c->path)
        vgi__buffer_printf(b, "; Path=%s", c->path);
    if (c->same_site)
        vgi__buffer_printf(b, "; SameSite=%s", c->same_site);
    vgi__buffer_str(b, c->secure ? "; Secure" : "");
    vgi__buffer_str(b, c->http_only ? "; HttpOnly" : "");
    vgi__buffer_str(b, "\r\n");
}

int vgi_call_set_cookie(vgi_call *call, const vgi_cookie *cookie)
{
    vgi__worker *w = call->surface;
    vgi_cookie c = { .size = sizeof(c) };
    const char *wrong;
    size_t before;

    if (call->transport != VGI_TRANSPORT_HTTP || call->phase != VGI__PHASE_UNARY)
        return vgi__fail(&call->sink, VGI_ENOTSUP, "RuntimeError",
                         "cookies can be set only by a unary method over HTTP");
    memcpy(&c, cookie, cookie->size < sizeof(c) ? cookie->size : sizeof(c));
    if ((wrong = fault(&c)))
        return vgi__fail(&call->sink, VGI_EINVAL, "ValueError",
                         "the cookie's %s cannot be sent", wrong);
    before = w->cookies.len;
    append(&w->cookies, &c);
    if (!w->cookies.failed)
        return VGI_OK;
    vgi__buffer_clear(&w->cookies);
    w->cookies.len = before;
    return vgi__fail_nomem(&call->sink);
}
