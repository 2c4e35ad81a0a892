/* SPDX-License-Identifier: Apache-2.0 */
/* vgirpc describe: what a worker offers. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "print.h"
#include "target.h"
#include "text.h"

/* ---- for people ---- */

static void print_type(const vgi_schema *schema, size_t column)
{
    char buf[256];
    const size_t n = vgi_schema_type_text(schema, column, buf, sizeof(buf));

    print_plain(stdout, vgi_str_from(buf), 0);
    if (n >= sizeof(buf))
        (void)fputs("...", stdout);
    if (vgi_schema_nullable(schema, column))
        (void)putchar('?');
}

/* "a: int64, b: string?" */
static void print_columns(const vgi_schema *schema)
{
    for (size_t i = 0; i < vgi_schema_columns(schema); i++) {
        (void)fputs(i > 0 ? ", " : "", stdout);
        print_plain(stdout, vgi_str_from(vgi_schema_name(schema, i)), 0);
        (void)fputs(": ", stdout);
        print_type(schema, i);
    }
}

static const char *kind_name(const vgi_method_info *m)
{
    if (!m->is_stream)
        return "unary";
    if (!m->kind_known)
        return "stream";
    return m->kind == VGI_METHOD_PRODUCER ? "producer" : "exchange";
}

/* "add(a: int64, b: int64) -> int64" */
static void print_signature(const vgi_method_info *m)
{
    print_plain(stdout, vgi_str_from(m->name), 0);
    (void)putchar('(');
    print_columns(m->params);
    (void)putchar(')');
    if (m->is_stream) {
        (void)printf(" -> %s", kind_name(m));
    } else if (m->has_return && vgi_schema_columns(m->result) > 0) {
        (void)fputs(" -> ", stdout);
        print_type(m->result, 0);
    }
    if (m->header)
        (void)fputs(", with header", stdout);
    (void)putchar('\n');
}

static void print_field(const char *name, const char *value)
{
    if (!*value)
        return;
    (void)printf("%-10s ", name);
    print_plain(stdout, vgi_str_from(value), 0);
    (void)putchar('\n');
}

static void print_service(const vgi_description *d)
{
    const size_t n = vgi_description_methods(d);

    print_field("service", vgi_description_name(d));
    print_field("version", vgi_description_protocol_version(d));
    print_field("hash", vgi_description_hash(d));
    print_field("server", vgi_description_server_id(d));
    (void)printf("%-10s %zu\n\n", "methods", n);
    for (size_t i = 0; i < n; i++) {
        (void)fputs("  ", stdout);
        print_signature(vgi_description_method(d, i));
    }
}

static void print_section(const char *title, const vgi_schema *schema)
{
    if (!schema || vgi_schema_columns(schema) == 0)
        return;
    (void)printf("\n%s\n", title);
    for (size_t i = 0; i < vgi_schema_columns(schema); i++) {
        (void)fputs("  ", stdout);
        print_plain(stdout, vgi_str_from(vgi_schema_name(schema, i)), 0);
        (void)fputs(": ", stdout);
        print_type(schema, i);
        (void)putchar('\n');
    }
}

static void print_method(const vgi_method_info *m)
{
    print_signature(m);
    (void)printf("\nkind\n  %s\n", kind_name(m));
    print_section("parameters (? may be null)", m->params);
    print_section("result", m->result);
    print_section("header", m->header);
}

/* ---- for programs ---- */

static void json_member(text *t, const char *name, const char *value)
{
    text_json_string(t, name);
    text_add(t, ":");
    text_json_string(t, value);
}

static void json_schema(text *t, const char *name, const vgi_schema *schema)
{
    char type[1024];

    text_json_string(t, name);
    text_add(t, ":[");
    for (size_t i = 0; schema && i < vgi_schema_columns(schema); i++) {
        vgi_schema_type_text(schema, i, type, sizeof(type));
        text_add(t, i > 0 ? ",{" : "{");
        json_member(t, "name", vgi_schema_name(schema, i));
        text_add(t, ",");
        json_member(t, "type", type);
        text_add(t, vgi_schema_nullable(schema, i) ? ",\"nullable\":true}"
                                                   : ",\"nullable\":false}");
    }
    text_add(t, "]");
}

static void json_method(text *t, const vgi_method_info *m)
{
    text_add(t, "{");
    json_member(t, "name", m->name);
    text_add(t, ",");
    json_member(t, "kind", kind_name(m));
    text_add(t, ",");
    json_schema(t, "params", m->params);
    text_add(t, ",");
    json_schema(t, "result", m->result);
    if (m->header) {
        text_add(t, ",");
        json_schema(t, "header", m->header);
    }
    text_add(t, "}");
}

static void json_service(text *t, const vgi_description *d)
{
    text_add(t, "{");
    json_member(t, "service", vgi_description_name(d));
    text_add(t, ",");
    json_member(t, "version", vgi_description_protocol_version(d));
    text_add(t, ",");
    json_member(t, "hash", vgi_description_hash(d));
    text_add(t, ",");
    json_member(t, "server", vgi_description_server_id(d));
    text_add(t, ",");
    json_member(t, "describe", vgi_description_version(d));
    text_add(t, ",\"methods\":[");
    for (size_t i = 0; i < vgi_description_methods(d); i++) {
        text_add(t, i > 0 ? "," : "");
        json_method(t, vgi_description_method(d, i));
    }
    text_add(t, "]}");
}

static int print_as_json(const vgi_description *d, const vgi_method_info *m)
{
    vgi_arena mem = { 0 };
    text t = { .mem = &mem };

    if (m)
        json_method(&t, m);
    else
        json_service(&t, d);
    text_add(&t, "\n");
    if (t.failed)
        (void)fputs("error: out of memory\n", stderr);
    else
        (void)fwrite(t.data, 1, t.len, stdout);
    vgi_arena_free(&mem);
    return t.failed ? EXIT_FAILED : EXIT_OK;
}

/* ---- the command ---- */

static int show(const vgi_description *d, const char *name, const settings *s)
{
    const vgi_method_info *m = name ? vgi_description_find(d, name) : NULL;

    if (name && !m) {
        (void)fputs("error: ", stderr);
        print_plain(stderr, vgi_str_from(vgi_description_name(d)), 0);
        (void)fprintf(stderr, " has no method %s\n", name);
        return EXIT_FAILED;
    }
    if (s->as_json || s->format == FORMAT_JSON)
        return print_as_json(d, m);
    if (m)
        print_method(m);
    else
        print_service(d);
    return EXIT_OK;
}

static int run(const settings *s, int argc, char **argv)
{
    vgi_client *client = NULL;
    vgi_description *d = NULL;
    vgi_error err;
    int rc = open_target(&client, argv[0], s);

    if (rc != EXIT_OK)
        return rc;
    if (vgi_client_describe(client, &d, &err) == VGI_OK)
        rc = show(d, argc > 1 ? argv[1] : NULL, s);
    else
        rc = tell_error(client, &err, s);
    vgi_description_free(d);
    vgi_client_close(client);
    return rc;
}

static const option options[] = { { 0, "json", OPTION_FLAG, offsetof(settings, as_json),
                                    NULL, "print one JSON document" },
                                  { 0 } };

const command describe_command = {
    .name = "describe",
    .operands = "describe TARGET [METHOD] [OPTIONS]",
    .summary = "show a worker's methods",
    .description = "Shows the methods of a worker, their parameters and results.\n"
                   "A ? behind a type says that the value may be null.",
    .examples = "  vgirpc describe exec:./hello\n"
                "  vgirpc describe unix:/run/hello.sock hello\n"
                "  vgirpc describe exec:'./worker --config dev.toml' --json\n",
    .options = options,
    .min_operands = 1,
    .max_operands = 2,
    .run = run,
};
