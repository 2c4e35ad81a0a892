/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to copy from the pages: the address of this server, and how a method is called
 * there. */
#include <string.h>

#include "http/proto/fields.h"
#include "http/server/page.h"
#include "types/plan.h"

#define HOST_BYTES 255

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

bool vgi__page_has_commands(const vgi__app *app)
{
    return app->registry->options.compat != VGI_COMPAT_CURRENT_ONLY;
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

    if (m->service != app->registry->services[0] || !(m->visible & VGI_VISIBLE_SEED) ||
        !vgi__page_has_commands(app))
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
