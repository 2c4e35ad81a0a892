/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping what the server raised: all of it with the client, one line in the caller's
 * vgi_error. */
#include "client/connection.h"

#include <string.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "wire/keys.h"
#include "json/json.h"

#define UNNAMED_TYPE "RpcError"

void vgi__failure_clear(vgi__failure *f)
{
    if (!f->set)
        return;
    f->set = false;
    vgi_arena_reset(&f->mem);
}

void vgi__failure_free(vgi__failure *f)
{
    vgi_arena_free(&f->mem);
    f->set = false;
}

/* A copy in the failure's arena; empty when there is no memory for it: a failure is told
 * anyway. */
static vgi_str keep(vgi__failure *f, vgi_str text)
{
    char *copy = text.len ? vgi_arena_alloc(&f->mem, text.len) : NULL;

    if (!copy)
        return VGI_LIT("");
    memcpy(copy, text.data, text.len);
    return (vgi_str){ copy, text.len };
}

static vgi_str keep_key(vgi__failure *f, const vgi_metadata *m, const char *key)
{
    vgi_str value = VGI_LIT("");

    vgi_metadata_get(m, key, &value);
    return keep(f, value);
}

/* A string member of log_extra, kept; `fallback` when it is not there. */
static vgi_str keep_member(vgi__failure *f, const vgi__json *extra, const char *key,
                           vgi_str fallback)
{
    const vgi__json *v = extra ? vgi__json_get(extra, key) : NULL;

    return v && vgi__json_kind_of(v) == VGI__JSON_STRING ? keep(f, vgi__json_str_of(v))
                                                         : fallback;
}

/* "ValueError: text" -> type and text. A message of another form is all text. */
static void split_message(vgi_str whole, vgi_str *type, vgi_str *text)
{
    const char *colon = whole.len ? memchr(whole.data, ':', whole.len) : NULL;
    const size_t n = colon ? (size_t)(colon - whole.data) : 0;

    *type = VGI_LIT(UNNAMED_TYPE);
    *text = whole;
    if (n == 0 || n >= VGI_ERROR_TYPE_SIZE || memchr(whole.data, ' ', n))
        return;
    *type = (vgi_str){ whole.data, n };
    *text = (vgi_str){ colon + 1, whole.len - n - 1 };
    if (text->len && *text->data == ' ')
        *text = (vgi_str){ text->data + 1, text->len - 1 };
}

/* The summary: one line of valid UTF-8, cut at a character. */
static void summarise(const vgi_remote_failure *info, vgi_error *err)
{
    const vgi_str type = vgi__utf8_valid(info->type.data, info->type.len)
                             ? info->type
                             : VGI_LIT(UNNAMED_TYPE);
    char name[VGI_ERROR_TYPE_SIZE], line[VGI_ERROR_MESSAGE_SIZE], echo[VGI_ECHO_SIZE];
    size_t n = info->message.len;

    const size_t type_bytes = vgi__utf8_cut(type.data, type.len, sizeof(name) - 1);
    memcpy(name, type.data, type_bytes);
    name[type_bytes] = '\0';
    if (!vgi__utf8_valid(info->message.data, n)) {
        vgi__fail(err, VGI_EREMOTE, name, "%s", vgi__echo(echo, info->message));
        return;
    }
    n = vgi__utf8_cut(info->message.data, n, sizeof(line) - 1);
    for (size_t i = 0; i < n; i++) {
        const unsigned char ch = (unsigned char)info->message.data[i];
        line[i] = ch < 0x20 || ch == 0x7f ? ' ' : (char)ch;
    }
    line[n] = '\0';
    vgi__fail(err, VGI_EREMOTE, name, "%s", line);
}

void vgi__failure_note(vgi__failure *f, const vgi_error *err)
{
    const vgi_str none = VGI_LIT("");

    vgi__failure_clear(f);
    f->set = true;
    f->current = false;
    f->info = (vgi_remote_failure){ .size = sizeof(f->info),
                                    .type = keep(f, vgi_str_from(err->type)),
                                    .message = keep(f, vgi_str_from(err->message)),
                                    .traceback = none,
                                    .code = none,
                                    .kind = none,
                                    .details = none,
                                    .extra = none,
                                    .server_id = none,
                                    .request_id = none };
}

int vgi__failure_keep(vgi__failure *f, const vgi_batch *b, vgi_error *err)
{
    const vgi_metadata m = vgi_batch_metadata(b);
    vgi_remote_failure *info = &f->info;
    vgi__json *extra = NULL;
    vgi_str type, text;

    vgi__failure_clear(f);
    f->set = true;
    *info = (vgi_remote_failure){ .size = sizeof(*info) };
    info->extra = keep_key(f, &m, VGI_KEY_LOG_EXTRA);
    info->server_id = keep_key(f, &m, VGI_KEY_SERVER_ID);
    info->request_id = keep_key(f, &m, VGI_KEY_REQUEST_ID);
    info->code = keep_key(f, &m, VGI_KEY_ERROR_CODE);
    info->kind = keep_key(f, &m, VGI_KEY_ERROR_KIND);
    info->details = keep_key(f, &m, VGI_KEY_ERROR_DETAILS);
    f->current = info->code.len > 0;
    split_message(keep_key(f, &m, VGI_KEY_LOG_MESSAGE), &type, &text);

    /* What cannot be read as JSON is still there as text. */
    if (info->extra.len && (vgi__json_parse(&extra, info->extra, NULL) != VGI_OK ||
                            vgi__json_kind_of(extra) != VGI__JSON_OBJECT)) {
        vgi__json_free(extra);
        extra = NULL;
    }
    info->type = keep_member(f, extra, "exception_type", type);
    info->message = keep_member(f, extra, "exception_message", text);
    info->traceback = keep_member(f, extra, "traceback", VGI_LIT(""));
    info->code =
        info->code.len ? info->code : keep_member(f, extra, "error_code", info->code);
    info->kind =
        info->kind.len ? info->kind : keep_member(f, extra, "error_kind", info->kind);
    vgi__json_free(extra);
    summarise(info, err);
    return VGI_EREMOTE;
}
