/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas where none is told: from type words, or from the look of the values. */
#include <stdio.h>
#include <string.h>

#include "json_scan.h"
#include "params.h"

static int bad(vgi_error *err, const char *what, vgi_str which)
{
    err->code = VGI_EINVAL;
    (void)snprintf(err->message, sizeof(err->message), "%s: %.*s", what, (int)which.len,
                   which.data);
    return VGI_EINVAL;
}

static int no_memory(vgi_error *err)
{
    err->code = VGI_ENOMEM;
    (void)snprintf(err->message, sizeof(err->message), "out of memory");
    return VGI_ENOMEM;
}

/* ---- words ---- */

static const struct word {
    const char *name, *format;
} words_known[] = {
    { "bool", "b" },    { "int8", "c" },     { "int16", "s" },
    { "int32", "i" },   { "int64", "l" },    { "uint8", "C" },
    { "uint16", "S" },  { "uint32", "I" },   { "uint64", "L" },
    { "float32", "f" }, { "float64", "g" },  { "float", "f" },
    { "double", "g" },  { "string", "u" },   { "utf8", "u" },
    { "binary", "z" },  { "date32", "tdD" }, { "timestamp", "tsu:UTC" },
};

/* A word of the list above; anything else is taken for a format of the C Data Interface.
 */
static const char *format_of(const char *word)
{
    for (size_t i = 0; i < sizeof(words_known) / sizeof(*words_known); i++) {
        if (strcmp(words_known[i].name, word) == 0)
            return words_known[i].format;
    }
    return word;
}

static const char *copy(vgi_arena *mem, const char *p, size_t n)
{
    char *s = vgi_arena_alloc(mem, n + 1);

    if (!s)
        return NULL;
    memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

/* "name:type" up to the next comma. */
static int read_word(const char **at, vgi_column *out, vgi_arena *mem, vgi_error *err)
{
    const size_t len = strcspn(*at, ",");
    const char *colon = memchr(*at, ':', len);
    const char *type;

    if (!colon || colon == *at)
        return bad(err, "--schema is name:type,name:type and not", (vgi_str){ *at, len });
    out->name = copy(mem, *at, (size_t)(colon - *at));
    type = copy(mem, colon + 1, len - (size_t)(colon + 1 - *at));
    if (!out->name || !type)
        return no_memory(err);
    out->format = format_of(type);
    out->nullable = true;
    *at += len + ((*at)[len] == ',');
    return VGI_OK;
}

int schema_from_words(vgi_schema **out, const char *words, vgi_error *err)
{
    vgi_arena mem = { 0 };
    size_t most = 1, n = 0;
    vgi_column *columns;
    int rc = VGI_OK;

    for (const char *p = words; *p; p++)
        most += *p == ',';
    columns = vgi_arena_calloc(&mem, most, sizeof(*columns));
    if (!columns)
        return no_memory(err);
    while (*words && rc == VGI_OK)
        rc = read_word(&words, &columns[n++], &mem, err);
    if (rc == VGI_OK)
        rc = vgi_schema_build(out, columns, n, err);
    vgi_arena_free(&mem);
    return rc;
}

/* ---- values ---- */

/* Set format and children from the look of a value. */
static bool look(vgi_str value, vgi_column *out, vgi_arena *mem)
{
    vgi_str item = VGI_LIT("\"");
    vgi_column *child;

    out->nullable = true;
    switch (value.data[0]) {
    case '[':
        (void)json_first_item(value, &item);
        child = vgi_arena_calloc(mem, 1, sizeof(*child));
        if (!child || !look(item, child, mem))
            return false;
        child->name = "item";
        out->format = "+l";
        out->children = child;
        out->n_children = 1;
        return true;
    case 't':
    case 'f':
        out->format = "b";
        return true;
    case '"':
    case 'n':
    case '{':
        out->format = "u";
        return true;
    default:
        out->format = memchr(value.data, '.', value.len) ||
                              memchr(value.data, 'e', value.len) ||
                              memchr(value.data, 'E', value.len)
                          ? "g"
                          : "l";
        return true;
    }
}

int schema_from_json(vgi_schema **out, vgi_str json, vgi_arena *mem, vgi_error *err)
{
    json_members members = json_members_of(json);
    vgi_column *columns;
    json_member m;
    size_t most = 0, n = 0;

    while (json_next_member(&members, &m))
        most++;
    columns = vgi_arena_calloc(mem, most, sizeof(*columns));
    if (!columns)
        return no_memory(err);
    members = json_members_of(json);
    while (n < most && json_next_member(&members, &m)) {
        columns[n].name = copy(mem, m.key.data, m.key.len);
        if (!columns[n].name || !look(m.value, &columns[n], mem))
            return no_memory(err);
        n++;
    }
    return vgi_schema_build(out, columns, n, err);
}
