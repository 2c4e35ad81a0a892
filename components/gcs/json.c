/* SPDX-License-Identifier: Apache-2.0 */
#include "gcs/json.h"

#include <jansson.h>

#include "store/fail.h"

int vgi__json_read(vgi_str json, const vgi__json_want *wants, size_t n, vgi_arena *mem,
                   vgi_error *err)
{
    json_error_t why;
    json_t *doc = json_loadb(json.data ? json.data : "", json.len, 0, &why);
    char echo[VGI_STORE_ECHO_SIZE];
    int rc = VGI_OK;
    if (!doc && json_error_code(&why) == json_error_out_of_memory)
        return vgi__store_nomem(err);
    if (!doc)
        return vgi__store_fail(err, VGI_EINVAL, "bad JSON in line %d: %s", why.line,
                               vgi__store_echo(echo, vgi_str_from(why.text)));
    if (!json_is_object(doc))
        rc = vgi__store_fail(err, VGI_EINVAL, "bad JSON: no object");
    for (size_t i = 0; rc == VGI_OK && i < n; i++) {
        const vgi__json_want *want = &wants[i];
        const json_t *parent = want->parent ? json_object_get(doc, want->parent) : doc;
        const json_t *value = json_object_get(parent, want->name);
        if (want->number && json_is_integer(value))
            *want->number = json_integer_value(value);
        if (!want->text || !json_is_string(value))
            continue;
        const size_t len = json_string_length(value);
        const vgi_str text = { json_string_value(value), len };
        *want->text = (vgi_str){ vgi__text_copy(mem, text), len };
        if (!want->text->data)
            rc = vgi__store_nomem(err);
    }
    json_decref(doc);
    return rc;
}

void vgi__json_write(vgi__text *t, vgi_metadata members)
{
    vgi__text_char(t, '{');
    for (size_t i = 0; i < members.count; i++) {
        const vgi_pair *pair = &members.pairs[i];
        json_t *value = json_stringn(pair->value.data, pair->value.len);
        char quoted[4096];
        const size_t n =
            value ? json_dumpb(value, quoted, sizeof(quoted), JSON_ENCODE_ANY) : 0;
        json_decref(value);
        t->failed = t->failed || n == 0 || n > sizeof(quoted);
        if (t->failed)
            return;
        vgi__text_printf(t, "%s\"%s\":", i > 0 ? "," : "", pair->key.data);
        vgi__text_add(t, (vgi_str){ quoted, n });
    }
    vgi__text_char(t, '}');
}
