/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTML pages share: escaping, and the frame around their content. */
#ifndef VGI_HTTP_SERVER_PAGE_H
#define VGI_HTTP_SERVER_PAGE_H

#include "http/server/app.h"
#include "rpc/method.h"

/* Append text with what HTML would read escaped: fit for content and quoted attributes.
 * Control characters, which HTML has no form for, become U+FFFD. */
void vgi__html_text(vgi__buffer *b, vgi_str text);
/* Append HTML, text, HTML, ... up to NULL: every second one is escaped. */
void vgi__html(vgi__buffer *b, ...) __attribute__((sentinel));

/* The style sheet of all pages, by lines, up to NULL. */
extern const char *const vgi__page_style[];

typedef enum vgi__page_tab {
    VGI__TAB_NONE,
    VGI__TAB_LANDING,
    VGI__TAB_DESCRIBE
} vgi__page_tab;

/* Start a page: headers, and HTML up to the content. `cache` is its Cache-Control. */
void vgi__page_open(const vgi__app *app, const char *title, vgi__page_tab tab,
                    const char *cache, vgi__http_response *rs);
void vgi__page_close(const vgi__app *app, vgi__http_response *rs);
#define VGI__PAGE_FRESH "no-cache, no-store, must-revalidate, max-age=0"

/* Is there a page that describes the methods? */
bool vgi__page_has_describe(const vgi__app *app);
/* Append the address under which `rq` came, with the prefix, as text in HTML. */
void vgi__page_address(vgi__buffer *b, const vgi__app *app, const vgi__http_request *rq);
/* Does the command line client reach this server? It asks as seed clients do. */
bool vgi__page_has_commands(const vgi__app *app);
/* Append the command that calls this method, as text in HTML; false: nothing, because
 * seed clients do not see it, or a parameter has no short example. */
bool vgi__page_example(vgi__buffer *b, const vgi__app *app, const vgi__http_request *rq,
                       const vgi__method *m);

/* The member behind a column of `record` (which may be NULL); NULL: there is none. */
const vgi_field *vgi__page_field(const vgi__record *record, size_t column);
/* The default of a parameter as JSON; NULL: none. */
const char *vgi__page_default(const vgi__method *m, size_t column);
/* The names that the values of a member have; NULL: it is no enum. */
const char *const *vgi__page_enum(const vgi_field *field);

#endif
