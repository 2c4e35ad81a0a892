/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the HTML pages, and what they share. */
#include "http/server/page.h"

#include <stdarg.h>
#include <string.h>

#include <vgirpc/version.h>

#include "http/proto/fields.h"
#include "types/plan.h"

/* Nothing is loaded, run, embedded or sent: a page is its text and its style. */
#define CONTENT_SECURITY_POLICY \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; " \
    "form-action 'none'; frame-ancestors 'none'"

/* A drawing of three lines of text in a square, as a data URL. */
#define ICON \
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'" \
    "%3E%3Crect width='16' height='16' rx='4' fill='%230b5fb0'/%3E%3Cpath d='M4 5h8M4 " \
    "8h5M4 11h8' stroke='white' stroke-width='1.6'/%3E%3C/svg%3E"

#define HOST_BYTES 255

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

static void put_navigation(const vgi__app *app, vgi__page_tab tab, vgi__buffer *b)
{
    const char *prefix = app->options.prefix;
    const char *current = " aria-current=\"page\"";

    vgi__html(b, "<header class=\"top\"><a class=\"brand\" href=\"", home(app), "\">",
              service_name(app), "</a><nav aria-label=\"Pages\"><a href=\"", home(app),
              "\"", NULL);
    vgi__html(b, tab == VGI__TAB_LANDING ? current : "", "", ">Overview</a>", NULL);
    if (vgi__page_has_describe(app)) {
        vgi__html(b, "<a href=\"", prefix, "/describe\"", NULL);
        vgi__html(b, tab == VGI__TAB_DESCRIBE ? current : "", "", ">Methods</a>", NULL);
    }
    vgi__html(b, "<a href=\"", prefix, "/health\">Health</a></nav></header>\n", NULL);
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

/* ---- addresses and examples ---- */

/* Can it be shown as the address of a host, whatever shell it is pasted into? */
static bool host_is_plain(vgi_str host)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789.-_:[]";

    for (size_t i = 0; i < host.len; i++)
        if (!memchr(plain, host.data[i], sizeof(plain) - 1))
            return false;
    return host.len > 0 && host.len <= HOST_BYTES;
}

void vgi__page_address(vgi__buffer *b, const vgi__app *app, const vgi__http_request *rq)
{
    const vgi_str host = vgi__http_find(rq, "Host");
    vgi_str schemes = vgi__http_find(rq, "X-Forwarded-Proto"), scheme;
    const bool tls =
        vgi__http_next_token(&schemes, &scheme) && vgi__http_equal(scheme, "https");

    vgi__buffer_str(b, tls ? "https://" : "http://");
    vgi__html_text(b, host_is_plain(host) ? host : VGI_LIT("HOST"));
    vgi__html_text(b, vgi_str_from(app->options.prefix));
}

const vgi_field *vgi__page_field(const vgi__record *record, size_t column)
{
    const vgi_type *type = record ? vgi__record_type(record) : NULL;

    return type && type->kind == VGI_KIND_STRUCT ? vgi__type_field(type, column) : NULL;
}

const char *vgi__page_default(const vgi__method *m, size_t column)
{
    const vgi_field *field = vgi__page_field(m->params, column);

    if (field)
        return field->fallback;
    return m->def.defaults ? m->def.defaults[column] : NULL;
}

const char *const *vgi__page_enum(const vgi_field *field)
{
    if (!field || field->enum_names)
        return field ? field->enum_names : NULL;
    return field->type->enum_names;
}

/* A value that the command line takes for a parameter; NULL: none that is short. */
static const char *example_value(const vgi__method *m, size_t column)
{
    const vgi_field *field = vgi__page_field(m->params, column);
    const char *format = vgi_schema_format(m->params_schema, column);
    const char *const *names = vgi__page_enum(field);

    if (names && field->shape != VGI_LIST_OF)
        return names[0];
    if (names || format[1] != '\0')
        return NULL;
    if (strchr("csilCSIL", format[0]))
        return "1";
    if (strchr("fg", format[0]))
        return "1.5";
    return format[0] == 'b' ? "true" : strchr("uU", format[0]) ? "text" : NULL;
}

static bool put_arguments(vgi__buffer *b, const vgi__method *m)
{
    for (size_t i = 0; i < vgi_schema_columns(m->params_schema); i++) {
        const char *value = example_value(m, i);

        if (vgi_schema_nullable(m->params_schema, i) || vgi__page_default(m, i))
            continue;
        if (!value)
            return false;
        vgi__html(b, " ", vgi_schema_name(m->params_schema, i), "=", value, NULL);
    }
    return true;
}

bool vgi__page_example(vgi__buffer *b, const vgi__app *app, const vgi__http_request *rq,
                       const vgi__method *m)
{
    const size_t start = b->len;

    if (m->service != app->registry->services[0])
        return false;
    vgi__buffer_str(b, m->stream ? "vgirpc stream " : "vgirpc call ");
    vgi__page_address(b, app, rq);
    vgi__html(b, " ", m->name, NULL);
    if (!put_arguments(b, m)) {
        b->len = start;
        return false;
    }
    if (m->def.kind == VGI_METHOD_EXCHANGE)
        vgi__buffer_str(b, " --input rows.jsonl");
    return true;
}
