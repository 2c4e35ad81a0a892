/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the HTML pages, and what they share. */
#include "http/server/page.h"

#include <stdarg.h>
#include <string.h>

#include <vgirpc/version.h>

/* Nothing is loaded, run, embedded or sent: a page is its text and its style. */
#define CONTENT_SECURITY_POLICY \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " \
    "form-action 'none'; frame-ancestors 'none'"

/* A drawing of three lines of text in a square, as a data URL. */
#define ICON \
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'" \
    "%3E%3Crect width='16' height='16' rx='4' fill='%230b5fb0'/%3E%3Cpath d='M4 5h8M4 " \
    "8h5M4 11h8' stroke='white' stroke-width='1.6'/%3E%3C/svg%3E"

/* ---- escaping ---- */

static const char *escaped(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\n':
    case '\t':
        return NULL;
    default:
        return (unsigned char)c < ' ' || c == 127 ? "\xef\xbf\xbd" : NULL;
    }
}

void vgi__html_text(vgi__buffer *b, vgi_str text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *form = escaped(text.data[i]);

        if (!form)
            continue;
        vgi__buffer_append(b, text.data + from, i - from);
        vgi__buffer_str(b, form);
        from = i + 1;
    }
    if (from < text.len)
        vgi__buffer_append(b, text.data + from, text.len - from);
}

void vgi__html(vgi__buffer *b, ...)
{
    va_list parts;
    const char *part;

    va_start(parts, b);
    for (bool text = false; (part = va_arg(parts, const char *)) != NULL; text = !text) {
        if (text)
            vgi__html_text(b, vgi_str_from(part));
        else
            vgi__buffer_str(b, part);
    }
    va_end(parts);
}

/* ---- the frame ---- */

bool vgi__page_has_describe(const vgi__app *app)
{
    return !app->registry->options.no_describe;
}

static const char *home(const vgi__app *app)
{
    return app->options.prefix[0] ? app->options.prefix : "/";
}

static const char *service_name(const vgi__app *app)
{
    return app->registry->services[0]->def.name;
}

static void put_tab(vgi__buffer *b, const char *name, const char *prefix,
                    const char *path, bool current)
{
    vgi__html(b, current ? "<a aria-current=\"page\" href=\"" : "<a href=\"", prefix, "",
              path, "\">", name, "</a>", NULL);
}

static void put_navigation(const vgi__app *app, vgi__page_tab tab, vgi__buffer *b)
{
    const char *prefix = app->options.prefix;

    vgi__html(b, "<header class=\"top\"><a class=\"brand\" href=\"", home(app), "\">",
              service_name(app), "</a><nav aria-label=\"Pages\">", NULL);
    put_tab(b, "Overview", home(app), "", tab == VGI__TAB_LANDING);
    if (vgi__page_has_describe(app))
        put_tab(b, "Methods", prefix, "/describe", tab == VGI__TAB_DESCRIBE);
    put_tab(b, "Health", prefix, "/health", false);
    vgi__buffer_str(b, "</nav></header>\n");
}

void vgi__page_open(const vgi__app *app, const char *title, vgi__page_tab tab,
                    const char *cache, vgi__http_response *rs)
{
    vgi__buffer *b = &rs->body;

    vgi__http_set(rs, "Content-Type", VGI_LIT("text/html; charset=utf-8"));
    vgi__http_set(rs, "Cache-Control", vgi_str_from(cache));
    vgi__http_set(rs, "Content-Security-Policy", VGI_LIT(CONTENT_SECURITY_POLICY));
    vgi__http_set(rs, "X-Content-Type-Options", VGI_LIT("nosniff"));
    vgi__http_set(rs, "Referrer-Policy", VGI_LIT("no-referrer"));
    vgi__html(b,
              "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
              title, " · ", service_name(app),
              "</title>\n<link rel=\"icon\" href=\"" ICON "\">\n<style>\n", NULL);
    for (const char *const *line = vgi__page_style; *line; line++) {
        vgi__buffer_str(b, *line);
        vgi__buffer_char(b, '\n');
    }
    vgi__buffer_str(b, "</style>\n</head>\n");
    vgi__buffer_str(b, tab == VGI__TAB_DESCRIBE ? "<body>\n" : "<body class=\"text\">\n");
    put_navigation(app, tab, b);
    vgi__buffer_str(b, "<main>\n");
}

void vgi__page_close(const vgi__app *app, vgi__http_response *rs)
{
    vgi__html(&rs->body, "</main>\n<footer>vgirpc ", vgi_version(), " · server <code>",
              vgi__registry_server_id(app->registry),
              "</code></footer>\n</body>\n</html>\n", NULL);
}
