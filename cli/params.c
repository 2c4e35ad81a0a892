/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include <errno.h>
#include <string.h>

#include "json_scan.h"

#define BLANKS " \t\r\n"

static int bad(vgi_error *err, const char *what, const char *which)
{
    err->code = VGI_EINVAL;
    (void)snprintf(err->message, sizeof(err->message), "%s%s", what, which);
    return VGI_EINVAL;
}

/* The library says where in the JSON document; a person gave parameters. */
static void speak_of_parameters(vgi_error *err)
{
    const char *plain = err->message;

    if (strncmp(plain, "$.", 2) == 0)
        plain += 2;
    else if (strncmp(plain, "$: ", 3) == 0)
        plain += 3;
    memmove(err->message, plain, strlen(plain) + 1);
}

/* ---- JSON from the command line ---- */

/* Does the text read as a JSON number, literal, array or object? Only asked where no type
 * is known. */
static bool looks_like_json(const char *value)
{
    const char c = *value;

    if (c == '[' || c == '{')
        return true;
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0 ||
        strcmp(value, "null") == 0)
        return true;
    return c && strspn(value, "+-0123456789.eE") == strlen(value) &&
           strspn(value, "0123456789-") > 0;
}

/* Is it one JSON value? As a part of the whole it would be refused by the column of a
 * text that nobody wrote. */
static bool is_json(const char *value, vgi_arena *mem)
{
    static const vgi_column any = { .name = "v", .format = "u", .nullable = true };
    text json = { .mem = mem };
    vgi_schema *schema = NULL;
    vgi_batch *batch = NULL;
    vgi_error err = { 0 };
    vgi_str item;
    size_t n;
    int rc = vgi_schema_build(&schema, &any, 1, &err);

    value += strspn(value, BLANKS);
    for (n = strlen(value); n > 0 && strchr(BLANKS, value[n - 1]); n--)
        ;
    text_add(&json, "{\"v\":[");
    text_bytes(&json, value, n);
    text_add(&json, "]}");
    if (rc == VGI_OK)
        rc = vgi_batch_from_json(&batch, schema, text_str(&json), &err);
    vgi_batch_unref(batch);
    vgi_schema_unref(schema);
    /* Only what could be read has a path that is complained about: a list is no text. */
    return rc != VGI_OK && err.message[0] == '$' &&
           json_first_item((vgi_str){ json.data + 5, json.len - 6 }, &item) &&
           item.len == n;
}

/* Nested types are written as JSON; the library reads everything else from a string. */
static bool as_json(const vgi_method_info *method, const char *name, const char *value,
                    vgi_arena *mem)
{
    int column;

    if (!method)
        return looks_like_json(value) && is_json(value, mem);
    column = vgi_schema_find(method->params, name);
    return column >= 0 && (*vgi_schema_format(method->params, (size_t)column) == '+' ||
                           vgi_schema_format(method->params, (size_t)column)[0] == 'n');
}

static int check_word(const vgi_method_info *method, const char *name, const char *value,
                      vgi_arena *mem, vgi_error *err)
{
    if (!text_is_utf8(vgi_str_from(value)))
        return bad(err, "this value is no UTF-8: ", name);
    if (!method)
        return VGI_OK;
    if (vgi_schema_find(method->params, name) < 0)
        return bad(err, "there is no parameter ", name);
    if (as_json(method, name, value, mem) && !is_json(value, mem))
        return bad(err, "a list, map or struct is written as JSON: ", name);
    return VGI_OK;
}

/* {"name":value,...} from name=value words. */
static int json_from_words(text *out, const vgi_method_info *method, int argc,
                           char **argv, vgi_error *err)
{
    text name = { .mem = out->mem };

    text_add(out, "{");
    for (int i = 0; i < argc; i++) {
        const char *eq = strchr(argv[i], '=');
        if (!eq || eq == argv[i])
            return bad(err, "a parameter is name=value and not ", argv[i]);
        name.len = 0;
        text_bytes(&name, argv[i], (size_t)(eq - argv[i]));
        text_bytes(&name, "", 1);
        if (name.failed)
            break;
        if (check_word(method, name.data, eq + 1, out->mem, err) != VGI_OK)
            return err->code;
        text_add(out, i > 0 ? "," : "");
        text_json_string(out, name.data);
        text_add(out, ":");
        if (as_json(method, name.data, eq + 1, out->mem))
            text_add(out, eq + 1);
        else
            text_json_string(out, eq + 1);
    }
    text_add(out, "}");
    return out->failed || name.failed ? bad(err, "out of memory", "") : VGI_OK;
}

/* --json OBJECT, @FILE or - */
static int json_from_option(text *out, const char *given, vgi_error *err)
{
    FILE *f = stdin;
    bool ok;

    if (*given != '@' && strcmp(given, "-") != 0) {
        text_add(out, given);
        return VGI_OK;
    }
    if (*given == '@' && !(f = fopen(given + 1, "r"))) {
        (void)snprintf(err->message, sizeof(err->message), "%s: %s", given + 1,
                       strerror(errno));
        return err->code = VGI_EINVAL;
    }
    ok = text_read(out, f);
    if (f != stdin)
        (void)fclose(f);
    return ok ? VGI_OK : bad(err, "cannot read ", given);
}

/* ---- the schema of what is sent ---- */

static bool is_given(vgi_str json, const char *name)
{
    json_members members = json_members_of(json);
    json_member m;

    while (json_next_member(&members, &m)) {
        if (vgi_str_eq(m.key, name))
            return true;
    }
    return false;
}

/* The declared parameters, without those that are neither given nor nullable: a server
 * may have defaults for them, and otherwise says which are missing. */
static int schema_of_given(vgi_schema **out, const vgi_schema *declared, vgi_str json,
                           vgi_arena *mem, vgi_error *err)
{
    struct ArrowSchema all, given;
    int rc = vgi_schema_export(declared, &all, err);

    if (rc != VGI_OK)
        return rc;
    given = all;
    given.n_children = 0;
    given.children =
        vgi_arena_calloc(mem, (size_t)all.n_children + 1, sizeof(*given.children));
    if (!given.children)
        rc = bad(err, "out of memory", "");
    for (int64_t i = 0; i < all.n_children && rc == VGI_OK; i++) {
        struct ArrowSchema *column = all.children[i];
        if ((column->flags & ARROW_FLAG_NULLABLE) || is_given(json, column->name))
            given.children[given.n_children++] = column;
    }
    if (rc == VGI_OK)
        rc = vgi_schema_import(out, &given, err);
    all.release(&all);
    return rc;
}

static int build(vgi_batch **out, const vgi_method_info *method, vgi_str json,
                 vgi_arena *mem, vgi_error *err)
{
    vgi_schema *schema = NULL;
    int rc;

    if (method)
        rc = schema_of_given(&schema, method->params, json, mem, err);
    else
        rc = schema_from_json(&schema, json, mem, err);
    if (rc == VGI_OK)
        rc = vgi_batch_from_json(out, schema, json, err);
    if (rc != VGI_OK)
        speak_of_parameters(err);
    else if (vgi_schema_columns(schema) == 0) {
        vgi_batch_unref(*out);
        *out = NULL;
    }
    vgi_schema_unref(schema);
    return rc;
}

int params_batch(vgi_batch **out, const vgi_method_info *method, const settings *s,
                 int argc, char **argv, vgi_error *err)
{
    vgi_arena mem = { 0 };
    text json = { .mem = &mem };
    int rc;

    if (s->json && argc > 0)
        rc =
            bad(err, "parameters come from --json or from name=value, not from both", "");
    else if (s->json)
        rc = json_from_option(&json, s->json, err);
    else
        rc = json_from_words(&json, method, argc, argv, err);
    if (rc == VGI_OK)
        rc = build(out, method, text_str(&json), &mem, err);
    vgi_arena_free(&mem);
    return rc;
}
