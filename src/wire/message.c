/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: logs and exceptions.
 *
 * Both are batches of zero rows on the stream's schema; what they say is in the
 * metadata:
 *
 *   vgi_rpc.log_level      TRACE ... ERROR, or EXCEPTION
 *   vgi_rpc.log_message    the text; "Type: text" of an exception
 *   vgi_rpc.log_extra      one JSON object
 *   vgi_rpc.server_id      who says it
 *   vgi_rpc.request_id     which call it belongs to
 *   vgi_rpc.error_code, error_kind, error_details    exceptions only
 *
 * The texts are put together in one scratch buffer, so that pieces are remembered as
 * positions until the buffer grows no more. A reader limits the metadata of a message,
 * and its text stands there up to three times: it is cut until everything fits.
 */
#include <string.h>

#include "base/fail.h"
#include "base/json.h"
#include "base/utf8.h"
#include "wire/wire.h"

#define TRACEBACK_BYTES 16000
#define DETAILS_BYTES 4096
#define TRUNCATED "\n\xe2\x80\xa6 <traceback truncated>"
#define OVERHEAD_BYTES 512 /* of keys, levels and ids */
#define MAX_PAIRS 8

/* A text in the scratch buffer. */
typedef struct piece {
    size_t at, len;
} piece;

static vgi_str piece_str(const vgi__buffer *b, piece p)
{
    return (vgi_str){ (const char *)b->data + p.at, p.len };
}

static piece piece_since(const vgi__buffer *b, size_t at)
{
    return (piece){ at, b->len - at };
}

/* Bytes of the character at p, 0 when there is no valid one. */
static size_t character(const char *p, size_t n)
{
    for (size_t len = 1; len <= 4 && len <= n; len++)
        if (vgi__utf8_valid(p, len))
            return len;
    return 0;
}

/* Append at most `max` bytes of a text; what is no UTF-8 becomes U+FFFD. */
static void append_text(vgi__buffer *b, vgi_str text, size_t max)
{
    if (vgi__utf8_valid(text.data, text.len)) {
        vgi__buffer_append(b, text.data, vgi__utf8_cut(text.data, text.len, max));
        return;
    }
    const size_t end = b->len + max;

    for (size_t i = 0; i < text.len && b->len + 4 <= end && !b->failed;) {
        size_t len = character(text.data + i, text.len - i);

        if (len > 0)
            vgi__buffer_append(b, text.data + i, len);
        else
            vgi__buffer_str(b, "\xef\xbf\xbd");
        i += len > 0 ? len : 1;
    }
}

static void add(vgi_pair *pairs, size_t *n, const char *key, vgi_str value)
{
    pairs[(*n)++] = (vgi_pair){ vgi_str_from(key), value };
}

static void add_origin(vgi_pair *pairs, size_t *n, const vgi__origin *from)
{
    add(pairs, n, VGI_KEY_SERVER_ID, vgi_str_from(from->server_id));
    if (from->request_id)
        add(pairs, n, VGI_KEY_REQUEST_ID, vgi_str_from(from->request_id));
}

/* {"key":"value",...}; empty when there is nothing to say, or too much. */
static piece append_extra(vgi__buffer *b, const vgi_metadata *extra, size_t max)
{
    size_t at = b->len;

    for (size_t i = 0; i < extra->count; i++) {
        const vgi_pair *p = &extra->pairs[i];

        vgi__buffer_char(b, i == 0 ? '{' : ',');
        vgi__json_string(b, p->key.data, p->key.len);
        vgi__buffer_char(b, ':');
        vgi__json_string(b, p->value.data, p->value.len);
        if (b->len - at > max) {
            b->len = at;
            return (piece){ at, 0 };
        }
    }
    if (extra->count > 0)
        vgi__buffer_char(b, '}');
    return piece_since(b, at);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

int vgi__write_log(vgi__writer *w, vgi_log_level level, vgi_str message,
                   const vgi_metadata *extra, const vgi__origin *from, vgi_error *err)
{
    const size_t half = from->limits->metadata_bytes / 2;
    vgi__buffer *b = from->scratch;
    vgi_pair pairs[MAX_PAIRS];
    size_t n = 0;
    vgi_str kind;

    vgi__buffer_clear(b);
    append_text(b, message, smaller(from->limits->log_bytes, half));
    piece text = piece_since(b, 0);
    piece json =
        append_extra(b, extra, half > OVERHEAD_BYTES ? half - OVERHEAD_BYTES : 0);

    if (b->failed)
        return vgi__fail_nomem(err);
    add(pairs, &n, VGI_KEY_LOG_LEVEL, vgi_str_from(vgi__level_name(level)));
    add(pairs, &n, VGI_KEY_LOG_MESSAGE, piece_str(b, text));
    if (json.len > 0)
        add(pairs, &n, VGI_KEY_LOG_EXTRA, piece_str(b, json));
    add_origin(pairs, &n, from);
    if (json.len > 0 && vgi_metadata_get(extra, "error_kind", &kind))
        add(pairs, &n, VGI_KEY_ERROR_KIND, kind);
    return vgi__writer_empty_batch(w, &(vgi_metadata){ pairs, n }, err);
}

/* What an EXCEPTION says: strings of the caller, and texts in the scratch buffer. */
typedef struct exception {
    vgi_str code, kind, details, where;
    piece type, message, summary, traceback, extra;
} exception;

/* Append a text that stands in the same buffer as a JSON string. */
static void append_quoted(vgi__buffer *b, piece p)
{
    /* No growth below, or the source would move: an escape takes six bytes at most. */
    if (vgi__buffer_reserve(b, 6 * p.len + 2))
        vgi__json_string(b, (const char *)b->data + p.at, p.len);
}

static void append_member(vgi__buffer *b, const char *key, vgi_str value)
{
    vgi__buffer_printf(b, ",\"%s\":", key);
    vgi__json_string(b, value.data, value.len);
}

/* "Type: message", of which the message takes at most `max` bytes. */
static void append_summary(vgi__buffer *b, exception *e, const vgi_failure *f, size_t max)
{
    append_text(b, vgi_str_from(f->type ? f->type : "RuntimeError"), max);
    e->type = piece_since(b, 0);
    vgi__buffer_str(b, ": ");
    size_t at = b->len;
    append_text(b, vgi_str_from(f->message ? f->message : ""), max);
    e->message = piece_since(b, at);
    e->summary = piece_since(b, 0);
}

/*
 * A traceback as a Python client prints it. There is no C stack worth sending: the one
 * frame names the method that failed.
 */
static void append_traceback(vgi__buffer *b, exception *e)
{
    size_t at = b->len;

    vgi__buffer_str(
        b, "Traceback (most recent call last):\n  File \"<native>\", line 0, in ");
    vgi__buffer_append(b, e->where.data, e->where.len);
    vgi__buffer_char(b, '\n');
    if (vgi__buffer_reserve(b, e->summary.len))
        vgi__buffer_append(b, b->data + e->summary.at, e->summary.len);
    vgi__buffer_char(b, '\n');
    if (b->len - at > TRACEBACK_BYTES) {
        const char *text = (const char *)b->data + at;

        b->len = at + vgi__utf8_cut(text, b->len - at, TRACEBACK_BYTES);
        vgi__buffer_str(b, TRUNCATED);
    }
    e->traceback = piece_since(b, at);
}

static void append_exception_extra(vgi__buffer *b, exception *e, bool traceback)
{
    size_t at = b->len;

    vgi__buffer_str(b, "{\"exception_type\":");
    append_quoted(b, e->type);
    vgi__buffer_str(b, ",\"exception_message\":");
    append_quoted(b, e->message);
    append_member(b, "error_code", e->code);
    if (e->kind.data)
        append_member(b, "error_kind", e->kind);
    if (e->details.data) {
        vgi__buffer_str(b, ",\"error_details\":");
        vgi__buffer_append(b, e->details.data, e->details.len);
    }
    if (traceback) {
        vgi__buffer_str(b, ",\"traceback\":");
        append_quoted(b, e->traceback);
        vgi__buffer_str(b, ",\"frames\":[{\"file\":\"<native>\",\"line\":0");
        append_member(b, "function", e->where);
        vgi__buffer_str(b, ",\"code\":\"\"}]");
    }
    vgi__buffer_char(b, '}');
    e->extra = piece_since(b, at);
}

/* Put the texts together; cut the message until all fits into one batch's metadata. */
static void compose(exception *e, const vgi_failure *f, const vgi__origin *from)
{
    vgi__buffer *b = from->scratch;
    size_t total;

    for (size_t max = from->limits->log_bytes;; max /= 2) {
        vgi__buffer_clear(b);
        append_summary(b, e, f, max);
        append_traceback(b, e);
        append_exception_extra(b, e, from->tracebacks);
        total = e->summary.len + e->extra.len + e->details.len + OVERHEAD_BYTES;
        if (b->failed || total <= from->limits->metadata_bytes || max == 0)
            return;
    }
}

int vgi__write_exception(vgi__writer *w, const vgi_failure *f, const char *where,
                         const vgi__origin *from, vgi_error *err)
{
    exception e = {
        .code = vgi_str_from(f->code ? f->code : "UNKNOWN"),
        .kind = vgi_str_from(f->kind),
        .details = vgi_str_from(f->details),
        .where = vgi_str_from(where ? where : "dispatch"),
    };
    const vgi__buffer *b = from->scratch;
    vgi_pair pairs[MAX_PAIRS];
    size_t n = 0;

    if (e.details.len > DETAILS_BYTES)
        e.details = (vgi_str){ NULL, 0 }; /* dropped whole, never trimmed */
    compose(&e, f, from);
    if (b->failed)
        return vgi__fail_nomem(err);

    add(pairs, &n, VGI_KEY_LOG_LEVEL, vgi_str_from(vgi__level_name(VGI_LOG_EXCEPTION)));
    add(pairs, &n, VGI_KEY_LOG_MESSAGE, piece_str(b, e.summary));
    add(pairs, &n, VGI_KEY_LOG_EXTRA, piece_str(b, e.extra));
    add_origin(pairs, &n, from);
    add(pairs, &n, VGI_KEY_ERROR_CODE, e.code);
    if (e.kind.data)
        add(pairs, &n, VGI_KEY_ERROR_KIND, e.kind);
    if (e.details.data)
        add(pairs, &n, VGI_KEY_ERROR_DETAILS, e.details);
    return vgi__writer_empty_batch(w, &(vgi_metadata){ pairs, n }, err);
}
