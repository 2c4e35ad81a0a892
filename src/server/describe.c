/* SPDX-License-Identifier: Apache-2.0 */
/* Services as text for people: what --describe prints. */
#include <stdio.h>
#include <string.h>

#include "server/server.h"
#include "types/record.h"

/* Every type name fits, or is cut. */
#define TYPE_TEXT_BYTES 512

/* Rows of a table are "name  type  doc": how wide the first two are. */
struct widths {
    int name, type;
};

/* What a method's columns are: a described type, or a schema made at run time. */
struct columns {
    const vgi_type *type;
    const vgi_schema *schema;
    vgi__record *record; /* owns the schema of `type` */
};

static int open_columns(struct columns *c, const vgi_type *type, const vgi_schema *schema,
                        vgi__role role, vgi_error *err)
{
    int rc;

    *c = (struct columns){ .type = type, .schema = schema };
    if (!type)
        return VGI_OK;
    if ((rc = vgi__record_compile(&c->record, type, role, type->name, NULL, NULL, err)) !=
        VGI_OK)
        return rc;
    c->schema = vgi__record_schema(c->record);
    return VGI_OK;
}

static void close_columns(struct columns *c)
{
    vgi__record_free(c->record);
}

static size_t count_columns(const struct columns *c)
{
    return c->schema ? vgi_schema_columns(c->schema) : 0;
}

/* The struct member behind a column, for its doc and default; NULL when there is none. */
static const vgi_field *field_of(const struct columns *c, size_t index)
{
    if (!c->type || c->type->kind != VGI_KIND_STRUCT)
        return NULL;
    return (const vgi_field *)((const char *)c->type->fields +
                               index * c->type->field_size);
}

/* "string", "int64 or null", "string = \"-\"". */
static const char *type_text(char *buf, const struct columns *c, size_t index)
{
    const vgi_field *f = field_of(c, index);
    size_t n = vgi_schema_type_text(c->schema, index, buf, TYPE_TEXT_BYTES);

    if (n >= TYPE_TEXT_BYTES)
        return buf;
    n += (size_t)snprintf(buf + n, TYPE_TEXT_BYTES - n, "%s",
                          vgi_schema_nullable(c->schema, index) ? " or null" : "");
    if (f && f->fallback && n < TYPE_TEXT_BYTES)
        snprintf(buf + n, TYPE_TEXT_BYTES - n, " = %s", f->fallback);
    return buf;
}

static struct widths measure(const struct columns *c)
{
    struct widths w = { 0, 0 };
    char text[TYPE_TEXT_BYTES];

    for (size_t i = 0; i < count_columns(c); i++) {
        const int name = (int)strlen(vgi_schema_name(c->schema, i));
        const int type = (int)strlen(type_text(text, c, i));

        w.name = name > w.name ? name : w.name;
        w.type = type > w.type && type <= 40 ? type : w.type;
    }
    return w;
}

/* A block of text, each line indented. */
static void print_indented(int indent, const char *text)
{
    while (*text) {
        const size_t n = strcspn(text, "\n");

        printf("%*s%.*s\n", n > 0 ? indent : 0, "", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static void print_parameters(const struct columns *c)
{
    const struct widths w = measure(c);
    char text[TYPE_TEXT_BYTES];

    for (size_t i = 0; i < count_columns(c); i++) {
        const vgi_field *f = field_of(c, i);
        const char *name = vgi_schema_name(c->schema, i);

        type_text(text, c, i);
        if (f && f->doc)
            printf("        %-*s  %-*s  %s\n", w.name, name, w.type, text, f->doc);
        else
            printf("        %-*s  %s\n", w.name, name, text);
    }
}

/* "name: type, name: type" after a word that says what they are. */
static void print_row_types(const char *what, const struct columns *c)
{
    char text[TYPE_TEXT_BYTES];

    printf("        %s: ", what);
    if (count_columns(c) == 0)
        printf("no columns");
    for (size_t i = 0; i < count_columns(c); i++)
        printf("%s%s %s", i > 0 ? ", " : "", vgi_schema_name(c->schema, i),
               type_text(text, c, i));
    printf("\n");
}

static void print_signature(const vgi_method *m, const struct columns *params,
                            const struct columns *result)
{
    char text[TYPE_TEXT_BYTES];

    printf("\n    %s(", m->name ? m->name : m->ident);
    for (size_t i = 0; i < count_columns(params); i++)
        printf("%s%s", i > 0 ? ", " : "", vgi_schema_name(params->schema, i));
    printf(")");
    if (m->kind != VGI_METHOD_UNARY)
        printf(" -> stream\n");
    else if (count_columns(result) > 0)
        printf(" -> %s\n", type_text(text, result, 0));
    else
        printf("\n");
}

static int print_stream(const vgi_method *m, vgi_error *err)
{
    enum { TAKES = 1 };
    const struct {
        const char *what;
        const vgi_type *type;
        const vgi_schema *schema;
    } parts[] = { { "header", m->header, m->header_schema },
                  { "takes", m->input, m->input_schema },
                  { "sends", m->output, m->output_schema } };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct columns c;
        int rc;

        if ((!parts[i].type && !parts[i].schema) ||
            (i == TAKES && m->kind == VGI_METHOD_PRODUCER))
            continue;
        if ((rc = open_columns(&c, parts[i].type, parts[i].schema, VGI__ROLE_ROW, err)) !=
            VGI_OK)
            return rc;
        print_row_types(parts[i].what, &c);
        close_columns(&c);
    }
    return VGI_OK;
}

static int print_method(const vgi_method *m, vgi_error *err)
{
    struct columns params, result;
    int rc;

    if ((rc = open_columns(&params, m->params, m->params_schema, VGI__ROLE_PARAMS,
                           err)) != VGI_OK)
        return rc;
    if ((rc = open_columns(&result, m->result, m->result_schema, VGI__ROLE_RESULT,
                           err)) == VGI_OK) {
        print_signature(m, &params, &result);
        if (m->doc)
            print_indented(8, m->doc);
        print_parameters(&params);
        close_columns(&result);
    }
    close_columns(&params);
    return rc == VGI_OK && m->kind != VGI_METHOD_UNARY ? print_stream(m, err) : rc;
}

int vgi__print_services(const vgi_service *const *services, vgi_error *err)
{
    for (size_t i = 0; services[i]; i++) {
        const vgi_service *s = services[i];
        int rc;

        printf("%s%s%s%s\n", i > 0 ? "\n" : "", s->name, s->version ? " " : "",
               s->version ? s->version : "");
        if (s->doc)
            print_indented(4, s->doc);
        for (size_t m = 0; s->methods[m]; m++) {
            if ((rc = print_method(s->methods[m], err)) != VGI_OK)
                return rc;
        }
    }
    return VGI_OK;
}
