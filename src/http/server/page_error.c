/* SPDX-License-Identifier: Apache-2.0 */
/* Pages for what is not there, and for what was refused. */
#include "base/fail.h"
#include "http/server/page.h"

/* "<h1>404 Not found</h1>", and a way on. */
static void put_title(vgi__buffer *b, int status, const char *title)
{
    vgi__buffer_printf(b, "<h1><span class=\"muted\">%d</span> ", status);
    vgi__html_text(b, vgi_str_from(title));
    vgi__buffer_str(b, "</h1>\n");
}

static void put_call_addresses(const vgi__app *app, vgi__buffer *b)
{
    const vgi_compat compat = app->registry->options.compat;
    const char *prefix = app->options.prefix;

    if (compat != VGI_COMPAT_CURRENT_ONLY)
        vgi__html(b, "<dt><code>", prefix,
                  "/METHOD</code></dt><dd>calls, by POST of an Arrow stream; with "
                  "<code>/init</code> and <code>/exchange</code> after it, streams"
                  "</dd>\n",
                  NULL);
    if (compat != VGI_COMPAT_SEED_ONLY)
        vgi__html(b, "<dt><code>", prefix,
                  "/SERVICE/METHOD</code></dt><dd>calls of any hosted service</dd>\n",
                  NULL);
}

void vgi__page_not_found(const vgi__app *app, vgi_str path, vgi__http_response *rs)
{
    const char *service = app->registry->services[0]->def.name;
    const char *prefix = app->options.prefix;
    vgi__buffer *b = &rs->body;
    char echo[VGI_ECHO_SIZE];

    rs->status = 404;
    vgi__page_open(app, "Not found", VGI__TAB_NONE, VGI__PAGE_FRESH, rs);
    put_title(b, 404, "Not found");
    vgi__html(b, "<p class=\"lead\">There is nothing at <code>", vgi__echo(echo, path),
              "</code>.</p>\n", NULL);
    vgi__html(b, "<p>This server hosts the vgi-rpc service <code>", service,
              "</code>. Under its prefix, <code>", prefix[0] ? prefix : "/",
              "</code>, there are:</p>\n<dl class=\"facts\">\n", NULL);
    vgi__html(b, "<dt><a href=\"", prefix[0] ? prefix : "/", "\"><code>",
              prefix[0] ? prefix : "/", "</code></a></dt><dd>what runs here</dd>\n",
              NULL);
    if (vgi__page_has_describe(app))
        vgi__html(b, "<dt><a href=\"", prefix, "/describe\"><code>", prefix,
                  "/describe</code></a></dt><dd>its methods</dd>\n", NULL);
    vgi__html(b, "<dt><a href=\"", prefix, "/health\"><code>", prefix,
              "/health</code></a></dt><dd>whether it is alive</dd>\n", NULL);
    put_call_addresses(app, b);
    vgi__buffer_str(b, "</dl>\n");
    vgi__page_close(app, rs);
}

void vgi__page_error(const vgi__app *app, int status, const char *title, const char *text,
                     vgi__http_response *rs)
{
    rs->status = status;
    vgi__page_open(app, title, VGI__TAB_NONE, "no-store", rs);
    put_title(&rs->body, status, title);
    vgi__html(&rs->body, "<p class=\"lead\">", text, "</p>\n", NULL);
    vgi__page_close(app, rs);
}
