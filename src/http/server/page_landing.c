/* SPDX-License-Identifier: Apache-2.0 */
/* The landing page: what runs here, and how to call it. */
#include <vgirpc/version.h>

#include "http/server/page.h"

static void put_facts(const vgi__app *app, vgi__buffer *b)
{
    const vgi__registry *r = app->registry;
    const vgi__service *primary = r->services[0];

    vgi__buffer_str(b, "<dl class=\"facts short\">\n");
    if (primary->def.version)
        vgi__html(b, "<dt>Service version</dt><dd>", primary->def.version, "</dd>\n",
                  NULL);
    if (r->options.server_version[0])
        vgi__html(b, "<dt>Worker version</dt><dd>", r->options.server_version, "</dd>\n",
                  NULL);
    vgi__html(b, "<dt>Server id</dt><dd><code>", r->server_id, "</code></dd>\n", NULL);
    vgi__html(b, "<dt>Library</dt><dd>vgirpc ", vgi_version(), "</dd>\n", NULL);
    if (app->options.prefix[0])
        vgi__html(b, "<dt>URL prefix</dt><dd><code>", app->options.prefix,
                  "</code></dd>\n", NULL);
    vgi__buffer_str(b, "</dl>\n");
}

static void put_services(const vgi__app *app, vgi__buffer *b)
{
    const vgi__registry *r = app->registry;

    vgi__buffer_str(b, "<h2>Services</h2>\n<dl class=\"facts\">\n");
    for (size_t i = 0; i < r->n_services; i++) {
        const vgi_service *s = &r->services[i]->def;
        const size_t n = r->services[i]->n_methods;

        vgi__html(b, "<dt><code>", s->name, "</code></dt><dd>", NULL);
        vgi__buffer_printf(b, n == 1 ? "%zu method" : "%zu methods", n);
        if (s->version)
            vgi__html(b, ", version ", s->version, NULL);
        vgi__buffer_str(b, "</dd>\n");
    }
    vgi__buffer_str(b, "</dl>\n");
}

/* One method is enough. */
static void put_call(const vgi__app *app, const vgi__http_request *rq, vgi__buffer *b)
{
    const vgi__service *primary = app->registry->services[0];

    for (size_t i = 0; i < primary->n_methods; i++) {
        const vgi__method *m = &primary->methods[i];

        if (!m->stream && vgi__page_example(b, app, rq, m)) {
            vgi__buffer_char(b, '\n');
            return;
        }
    }
}

/* Commands to copy: what is there, one call, is it alive. */
static void put_examples(const vgi__app *app, const vgi__http_request *rq, vgi__buffer *b)
{
    vgi__buffer_str(b, "<h2>Try it</h2>\n");
    if (vgi__page_has_commands(app) && vgi__page_has_describe(app)) {
        vgi__buffer_str(b, "<p>With the command line client of vgirpc:</p>\n"
                           "<pre><code>vgirpc describe ");
        vgi__page_address(b, app, rq);
        vgi__buffer_char(b, '\n');
        put_call(app, rq, b);
        vgi__buffer_str(b, "</code></pre>\n");
    }
    vgi__buffer_str(b, "<p>Is it alive?</p>\n<pre><code>curl ");
    vgi__page_address(b, app, rq);
    vgi__buffer_str(b, "/health\n</code></pre>\n");
}

void vgi__page_landing(const vgi__app *app, const vgi__http_request *rq,
                       vgi__http_response *rs)
{
    const vgi_service *primary = &app->registry->services[0]->def;
    vgi__buffer *b = &rs->body;

    vgi__page_open(app, "Overview", VGI__TAB_LANDING, VGI__PAGE_FRESH, rs);
    vgi__html(b, "<h1>", primary->name, "</h1>\n<p class=\"lead\">",
              primary->doc ? primary->doc : "A vgi-rpc service.", "</p>\n", NULL);
    if (vgi__page_has_describe(app))
        vgi__html(b, "<p><a class=\"button\" href=\"", app->options.prefix,
                  "/describe\">Methods and their parameters</a></p>\n", NULL);
    put_facts(app, b);
    if (app->registry->n_services > 1)
        put_services(app, b);
    put_examples(app, rq, b);
    vgi__page_close(app, rs);
}
