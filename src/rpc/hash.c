/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: the two hashes of a service.
 *
 * describe hash (seed): SHA-256 over "vgi_rpc.describe.v4|1|NAME|", then per method, in
 * order of names, these fields with a byte 1F before the first and 1E between them:
 *
 *   name, type, has_return, has_header, is_exchange, params, result, header or nothing
 *
 * where the schemas are IPC messages, so that it depends on who encoded them.
 *
 * protocol_hash v1 (current): SHA-256 over "vgi_rpc.protocol_hash.v1|" and the canonical
 * JSON of what the schemas mean: sorted keys, no spaces, types as canonical tokens. Equal
 * in every language. Each covers the methods that its epoch sees.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/fail.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "rpc/method.h"
#include "wire/keys.h"

static const char *method_type(const vgi__method *m)
{
    return m->stream ? "stream" : "unary";
}

/* ---- describe v4 ---- */

static void update_text(vgi__sha256 *h, const char *text)
{
    vgi__sha256_update(h, text, strlen(text));
}

static void update_schema(vgi__sha256 *h, const vgi_schema *s)
{
    vgi_bytes message = vgi_schema_message(s);

    vgi__sha256_update(h, message.data, message.len);
}

static int update_method(vgi__sha256 *h, const vgi__method *m, vgi_error *err)
{
    const char exchange[2] = { vgi__describe_exchange(m), '\0' };
    vgi_schema *result;
    int rc = vgi__describe_result(m, &result, err);

    if (rc != VGI_OK)
        return rc;
    update_text(h, "\x1f");
    update_text(h, m->name);
    update_text(h, "\x1e");
    update_text(h, method_type(m));
    update_text(h, m->has_return ? "\x1e"
                                   "1"
                                 : "\x1e"
                                   "0");
    update_text(h, m->header_schema ? "\x1e"
                                      "1"
                                    : "\x1e"
                                      "0");
    update_text(h, "\x1e");
    update_text(h, exchange);
    update_text(h, "\x1e");
    update_schema(h, m->params_schema);
    update_text(h, "\x1e");
    update_schema(h, result);
    vgi_schema_unref(result);
    update_text(h, "\x1e");
    if (m->header_schema)
        update_schema(h, m->header_schema);
    return VGI_OK;
}

int vgi__hash_describe(const vgi__service *s, char out[65], vgi_error *err)
{
    uint8_t digest[32];
    vgi__sha256 h;
    int rc = VGI_OK;

    vgi__sha256_init(&h);
    update_text(&h,
                "vgi_rpc.describe.v" VGI_DESCRIBE_VERSION "|" VGI_REQUEST_VERSION "|");
    update_text(&h, s->def.name);
    update_text(&h, "|");
    for (size_t i = 0; rc == VGI_OK && i < s->n_methods; i++)
        if (s->methods[i].visible & VGI_VISIBLE_SEED)
            rc = update_method(&h, &s->methods[i], err);
    vgi__sha256_final(&h, digest);
    vgi__hex(out, digest, sizeof(digest));
    out[64] = '\0';
    return rc;
}

/* ---- protocol_hash v1 ---- */

static void append_field(vgi__buffer *b, const vgi_schema *s, int32_t column)
{
    const vgi__node *node = &s->nodes[vgi__column_node(s, column)];
    vgi__buffer type;

    vgi__buffer_init(&type, b->allocator, SIZE_MAX);
    vgi__buffer_str(b, column == 0 ? "{\"name\":" : ",{\"name\":");
    vgi__json_string(b, node->name, node->name_len);
    vgi__buffer_str(b, ",\"nullable\":");
    vgi__json_bool(b, node->nullable);
    vgi__buffer_str(b, ",\"type\":");
    b->failed |= !vgi__canonical_type(&type, s, vgi__column_node(s, column));
    vgi__json_string(b, (const char *)type.data, type.len);
    vgi__buffer_char(b, '}');
    vgi__buffer_free(&type);
}

static void append_schema(vgi__buffer *b, const char *key, const vgi_schema *s)
{
    vgi__buffer_str(b, key);
    vgi__buffer_char(b, '[');
    for (int32_t i = 0; i < s->n_columns; i++)
        append_field(b, s, i);
    vgi__buffer_char(b, ']');
}

static void append_method(vgi__buffer *b, const vgi__method *m)
{
    vgi__buffer_str(b, "{\"has_header\":");
    vgi__json_bool(b, m->header_schema != NULL);
    vgi__buffer_str(b, ",\"has_return\":");
    vgi__json_bool(b, m->has_return);
    if (m->header_schema)
        append_schema(b, ",\"header\":", m->header_schema);
    vgi__buffer_str(b, ",\"name\":");
    vgi__json_string(b, m->name, m->name_len);
    append_schema(b, ",\"params\":", m->params_schema);
    if (m->has_return)
        append_schema(b, ",\"result\":", m->result_schema);
    vgi__buffer_printf(b, ",\"type\":\"%s\"}", method_type(m));
}

int vgi__hash_protocol(const vgi__service *s, const vgi_allocator *a, char out[65],
                       vgi_error *err)
{
    const char *comma = "";
    vgi__buffer b;
    int rc = VGI_OK;

    vgi__buffer_init(&b, a, SIZE_MAX);
    vgi__buffer_str(&b, "vgi_rpc.protocol_hash.v1|{\"methods\":[");
    for (size_t i = 0; i < s->n_methods; i++) {
        if (!(s->methods[i].visible & VGI_VISIBLE_CURRENT))
            continue;
        vgi__buffer_str(&b, comma);
        append_method(&b, &s->methods[i]);
        comma = ",";
    }
    vgi__buffer_str(&b, "],\"protocol\":");
    vgi__json_string(&b, s->def.name, strlen(s->def.name));
    vgi__buffer_char(&b, '}');
    if (b.failed)
        rc = vgi__fail_nomem(err);
    else
        vgi__sha256_hex(out, b.data, b.len);
    vgi__buffer_free(&b);
    return rc;
}
