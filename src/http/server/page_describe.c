/* SPDX-License-Identifier: Apache-2.0 */
/* The describe page: every method with its parameters, results and rows. */
#include <string.h>

#include "http/server/page.h"

/* Every type name fits, or is cut. */
#define TYPE_TEXT_BYTES 1024

/* The page in the making. */
typedef struct describe {
    const vgi__app *app;
    const vgi__http_request *rq;
    vgi__buffer *b;
} describe;

static const char *kind_name(const vgi__method *m)
{
    switch (m->def.kind) {
    case VGI_METHOD_UNARY:
        return "unary";
    case VGI_METHOD_PRODUCER:
        return "producer";
    default:
        return "exchange";
    }
}

/* ---- columns ---- */

static void put_type(vgi__buffer *b, const vgi_schema *s, size_t column)
{
    char text[TYPE_TEXT_BYTES];

    vgi_schema_type_text(s, column, text, sizeof(text));
    vgi__html(b, "<code>", text, "</code>", NULL);
    if (vgi_schema_nullable(s, column))
        vgi__buffer_str(b, " or null");
}

static void put_list(const describe *d, const vgi_schema *s, const vgi__record *record,
                     const vgi__method *m);

/* What a blob that holds a described struct has in it. */
static void put_embedded(const describe *d, const vgi_type *type)
{
    vgi__record *record;

    if (vgi__record_compile(&record, type, VGI__ROLE_ROW, type->name, NULL,
                            d->app->allocator, NULL) != VGI_OK)
        return; /* no memory: a note less */
    vgi__buffer_str(d->b, "<div class=\"note\">an Arrow stream of one row:</div>\n");
    put_list(d, vgi__record_schema(record), record, NULL);
    vgi__record_free(record);
}

/* The words of whoever declared it, which names an enum has, and what a blob holds. */
static void put_notes(const describe *d, const vgi_type *type, const char *const *names,
                      const char *format, const char *doc)
{
    vgi__buffer *b = d->b;

    if (type->kind == VGI_KIND_OPTIONAL)
        type = type->item;
    if (doc)
        vgi__html(b, "<div class=\"note\">", doc, "</div>", NULL);
    if (names) {
        vgi__buffer_str(b, "<div class=\"note\">one of ");
        for (size_t i = 0; names[i]; i++)
            vgi__html(b, i > 0 ? ", <code>" : "<code>", names[i], "</code>", NULL);
        vgi__buffer_str(b, "</div>");
    }
    if (type->kind == VGI_KIND_STRUCT && strcmp(format, "z") == 0)
        put_embedded(d, type);
}

/* Columns with what is known of them; `m`, when not NULL, is the method whose parameters
 * they are. */
static void put_list(const describe *d, const vgi_schema *s, const vgi__record *record,
                     const vgi__method *m)
{
    vgi__buffer *b = d->b;

    vgi__buffer_str(b, "<dl>\n");
    for (size_t i = 0; i < vgi_schema_columns(s); i++) {
        const vgi_field *f = vgi__page_field(record, i);
        const char *fallback = m ? vgi__page_default(m, i) : NULL;

        vgi__html(b, "<dt><code>", vgi_schema_name(s, i), "</code></dt><dd>", NULL);
        put_type(b, s, i);
        if (fallback)
            vgi__html(b, ", default <code>", fallback, "</code>", NULL);
        if (f)
            put_notes(d, f->type, vgi__page_enum(f), vgi_schema_format(s, i),
                      f->doc ? f->doc : f->type->doc);
        vgi__buffer_str(b, "</dd>\n");
    }
    vgi__buffer_str(b, "</dl>\n");
}

static void put_columns(const describe *d, const char *title, const vgi_schema *s,
                        const vgi__record *record, const vgi__method *m)
{
    vgi__html(d->b, "<h4>", title, "</h4>\n", NULL);
    if (vgi_schema_columns(s) > 0)
        put_list(d, s, record, m);
    else
        vgi__buffer_str(d->b, "<p class=\"muted\">no columns</p>\n");
}

static void put_result(const describe *d, const vgi__method *m)
{
    const vgi_type *type = m->def.result;

    if (!m->has_return)
        return;
    vgi__buffer_str(d->b, "<h4>Returns</h4>\n<div>");
    put_type(d->b, m->result_schema, 0);
    if (type)
        put_notes(d, type, type->enum_names, vgi_schema_format(m->result_schema, 0),
                  type->doc);
    vgi__buffer_str(d->b, "</div>\n");
}

/* ---- methods ---- */

/* The name under which links lead to a method: "Service.method". */
static void put_anchor(vgi__buffer *b, const vgi__method *m)
{
    vgi__html(b, "", m->service->def.name, ".", m->name, NULL);
}

/* Its name with its parameters, its kind, and who can see it. */
static void put_heading(vgi__buffer *b, const vgi__method *m)
{
    const char *kind = kind_name(m);

    vgi__buffer_str(b, "<h3><a href=\"#");
    put_anchor(b, m);
    vgi__html(b, "\"><code>", m->name, "(", NULL);
    for (size_t i = 0; i < vgi_schema_columns(m->params_schema); i++)
        vgi__html(b, i > 0 ? ", " : "", vgi_schema_name(m->params_schema, i), NULL);
    vgi__html(b, ")</code></a> <span class=\"kind ", kind, "\">", kind, NULL);
    if (m->visible == VGI_VISIBLE_SEED)
        vgi__buffer_str(b, ", for seed clients");
    if (m->visible == VGI_VISIBLE_CURRENT)
        vgi__buffer_str(b, ", for current clients");
    vgi__buffer_str(b, "</span></h3>\n");
}

static void put_rows(const describe *d, const vgi__method *m)
{
    if (m->header_schema)
        put_columns(d, "Header", m->header_schema, m->header, NULL);
    if (m->def.kind == VGI_METHOD_EXCHANGE)
        put_columns(d, "Takes rows of", m->input_schema, m->input, NULL);
    put_columns(d, "Sends rows of", m->output_schema, m->output, NULL);
}

static void put_example(const describe *d, const vgi__method *m)
{
    static const char open[] = "<details><summary>Example</summary><pre><code>";
    const size_t before = d->b->len;

    vgi__buffer_str(d->b, open);
    if (vgi__page_example(d->b, d->app, d->rq, m))
        vgi__buffer_str(d->b, "\n</code></pre></details>\n");
    else
        d->b->len = before;
}

static void put_method(const describe *d, const vgi__method *m)
{
    vgi__buffer_str(d->b, "<article class=\"method\" id=\"");
    put_anchor(d->b, m);
    vgi__buffer_str(d->b, "\">\n");
    put_heading(d->b, m);
    if (m->def.doc)
        vgi__html(d->b, "<p class=\"doc\">", m->def.doc, "</p>\n", NULL);
    if (vgi_schema_columns(m->params_schema) > 0)
        put_columns(d, "Parameters", m->params_schema, m->params, m);
    if (m->stream)
        put_rows(d, m);
    else
        put_result(d, m);
    put_example(d, m);
    vgi__buffer_str(d->b, "</article>\n");
}

/* ---- the page ---- */

static void put_index(const describe *d)
{
    const vgi__registry *r = d->app->registry;

    vgi__buffer_str(d->b, "<nav class=\"index\" aria-label=\"Methods\">\n");
    for (size_t i = 0; i < r->n_services; i++) {
        const vgi__service *s = r->services[i];

        vgi__html(d->b, "<h2><a href=\"#", s->def.name, "\">", s->def.name,
                  "</a></h2>\n<ul>\n", NULL);
        for (size_t k = 0; k < s->n_methods; k++) {
            vgi__buffer_str(d->b, "<li><a href=\"#");
            put_anchor(d->b, &s->methods[k]);
            vgi__html(d->b, "\">", s->methods[k].name, "</a></li>\n", NULL);
        }
        vgi__buffer_str(d->b, "</ul>\n");
    }
    vgi__buffer_str(d->b, "</nav>\n");
}

static void put_service(const describe *d, const vgi__service *s)
{
    vgi__html(d->b, "<section id=\"", s->def.name, "\">\n<h2>", s->def.name, NULL);
    if (s->def.version)
        vgi__html(d->b, " <span class=\"muted\">", s->def.version, "</span>", NULL);
    vgi__buffer_str(d->b, "</h2>\n");
    if (s->def.doc)
        vgi__html(d->b, "<p class=\"lead\">", s->def.doc, "</p>\n", NULL);
    for (size_t i = 0; i < s->n_methods; i++)
        put_method(d, &s->methods[i]);
    vgi__buffer_str(d->b, "</section>\n");
}

void vgi__page_describe(const vgi__app *app, const vgi__http_request *rq,
                        vgi__http_response *rs)
{
    const describe d = { app, rq, &rs->body };
    const vgi__registry *r = app->registry;

    vgi__page_open(app, "Methods", VGI__TAB_DESCRIBE, VGI__PAGE_FRESH, rs);
    vgi__buffer_str(d.b, "<div class=\"split\">\n");
    put_index(&d);
    vgi__buffer_str(d.b, "<div>\n<h1>Methods</h1>\n");
    for (size_t i = 0; i < r->n_services; i++)
        put_service(&d, r->services[i]);
    vgi__buffer_str(d.b, "</div>\n</div>\n");
    vgi__page_close(app, rs);
}
