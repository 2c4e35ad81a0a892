/* SPDX-License-Identifier: Apache-2.0 */
#include "json/json.h"

#include <jansson.h>

#include "base/fail.h"

#define MAX_DEPTH 64

/* A vgi__json is jansson's value. */
static const json_t *unwrap(const vgi__json *v)
{
    return (const json_t *)v;
}

static const vgi__json *wrap(const json_t *v)
{
    return (const vgi__json *)v;
}

/* The offset at which nesting goes beyond MAX_DEPTH; text.len if it never does. Runs
 * before the parser, which would recurse 2,048 levels deep. Text that is not JSON is left
 * to the parser. */
static size_t too_deep_at(vgi_str text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if ((c == '[' || c == '{') && ++depth > MAX_DEPTH)
            return i;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return text.len;
}

int vgi__json_parse(vgi__json **out, vgi_str text, vgi_error *err)
{
    size_t deep = too_deep_at(text);
    if (deep < text.len)
        return vgi__fail(err, VGI_EINVAL, NULL, "JSON nested deeper than %d at byte %zu",
                         MAX_DEPTH, deep);
    json_error_t why;
    json_t *doc =
        json_loadb(text.data ? text.data : "", text.len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (doc) {
        *out = (vgi__json *)doc;
        return VGI_OK;
    }
    if (json_error_code(&why) == json_error_out_of_memory)
        return vgi__fail_nomem(err);
    char echo[VGI_ECHO_SIZE];
    return vgi__fail(err, VGI_EINVAL, NULL, "bad JSON at line %d column %d: %s", why.line,
                     why.column, vgi__echo(echo, vgi_str_from(why.text)));
}

void vgi__json_free(vgi__json *doc)
{
    json_decref((json_t *)doc);
}

vgi__json_kind vgi__json_kind_of(const vgi__json *v)
{
    switch (json_typeof(unwrap(v))) {
    case JSON_OBJECT:
        return VGI__JSON_OBJECT;
    case JSON_ARRAY:
        return VGI__JSON_ARRAY;
    case JSON_STRING:
        return VGI__JSON_STRING;
    case JSON_INTEGER:
        return VGI__JSON_INT;
    case JSON_REAL:
        return VGI__JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return VGI__JSON_BOOL;
    case JSON_NULL:
        break;
    }
    return VGI__JSON_NULL;
}

bool vgi__json_bool_of(const vgi__json *v)
{
    return json_is_true(unwrap(v));
}

int64_t vgi__json_int_of(const vgi__json *v)
{
    return json_integer_value(unwrap(v));
}

double vgi__json_real_of(const vgi__json *v)
{
    return json_number_value(unwrap(v));
}

vgi_str vgi__json_str_of(const vgi__json *v)
{
    return (vgi_str){ json_string_value(unwrap(v)), json_string_length(unwrap(v)) };
}

size_t vgi__json_count(const vgi__json *v)
{
    return json_is_object(unwrap(v)) ? json_object_size(unwrap(v))
                                     : json_array_size(unwrap(v));
}

const vgi__json *vgi__json_at(const vgi__json *v, size_t index)
{
    return wrap(json_array_get(unwrap(v), index));
}

const vgi__json *vgi__json_get(const vgi__json *v, const char *key)
{
    return wrap(json_object_get(unwrap(v), key));
}

bool vgi__json_each(const vgi__json *v, vgi__json_member_fn *fn, void *user)
{
    json_t *object = (json_t *)(uintptr_t)v; /* jansson's iterators take no const */
    for (void *at = json_object_iter(object); at;
         at = json_object_iter_next(object, at)) {
        vgi_str key = vgi_str_from(json_object_iter_key(at));
        if (!fn(user, key, wrap(json_object_iter_value(at))))
            return false;
    }
    return true;
}
