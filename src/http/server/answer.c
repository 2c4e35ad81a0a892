/* SPDX-License-Identifier: Apache-2.0 */
/* From the body of a request to a batch, and from a call's writer to the body of a
 * response, or to a refusal. */
#include <stdio.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/fail.h"
#include "base/json.h"
#include "http/proto/fields.h"
#include "http/server/app.h"
#include "rpc/epoch.h"

/* Room for a decoded body, before it is known how long it is. */
#define USUAL_RATIO 16
#define USUAL_BYTES ((int64_t)64 << 10)

#define ARROW_TYPE "application/vnd.apache.arrow.stream"

/* ---- responses ---- */

void vgi__app_json_error(vgi__http_response *rs, int status, const char *title,
                         const char *description)
{
    vgi__buffer *b = &rs->body;

    rs->status = status;
    vgi__buffer_str(&rs->head, "Content-Type: application/json\r\n");
    vgi__buffer_clear(b);
    vgi__buffer_str(b, "{\"title\": ");
    vgi__json_string(b, title, strlen(title));
    if (description) {
        vgi__buffer_str(b, ", \"description\": ");
        vgi__json_string(b, description, strlen(description));
    }
    vgi__buffer_char(b, '}');
}

void vgi__app_unavailable(vgi__worker *w, vgi__http_response *rs)
{
    vgi__writer_clear(w->writer);
    vgi__app_json_error(rs, 503, "503 Service Unavailable", "out of memory");
}

void vgi__app_send(vgi__worker *w, bool failed, vgi__http_response *rs)
{
    if (vgi__writer_view(w->writer, &rs->iov, &rs->n_iov, NULL) != VGI_OK) {
        vgi__app_unavailable(w, rs);
        return;
    }
    vgi__buffer_str(&rs->head, "Content-Type: " ARROW_TYPE "\r\n");
    if (failed)
        vgi__buffer_str(&rs->head, "X-VGI-RPC-Error: true\r\n");
}

void vgi__app_refuse(vgi__worker *w, int status, vgi__http_response *rs)
{
    int rc;

    vgi__writer_clear(w->writer);
    rc = vgi__writer_schema(w->writer, vgi__schema_empty(), NULL);
    if (rc == VGI_OK)
        rc = vgi__call_write_failure(&w->call, NULL);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w->writer, NULL);
    if (rc != VGI_OK) {
        vgi__app_unavailable(w, rs);
        return;
    }
    rs->status = status;
    vgi__app_send(w, false, rs);
}

/* ---- the address ---- */

static int find_method(vgi__worker *w, const vgi__route *route, vgi__http_response *rs)
{
    int rc = vgi__call_address(&w->call, route->epoch, route->protocol, route->method);

    if (rc != VGI_OK)
        vgi__app_refuse(w, 404, rs);
    return rc;
}

int vgi__app_check_type(vgi__worker *w, const vgi__http_request *rq,
                        vgi__http_response *rs)
{
    const vgi_str type = vgi__http_find(rq, "Content-Type");
    char echo[VGI_ECHO_SIZE];

    if (vgi_str_eq(type, ARROW_TYPE))
        return VGI_OK;
    (void)vgi_fail(&w->call, "TypeError",
                   "Expected Content-Type: '" ARROW_TYPE "', got '%s'. All vgi-rpc HTTP "
                   "requests must use Content-Type: " ARROW_TYPE,
                   vgi__echo(echo, type));
    vgi__app_refuse(w, 415, rs);
    return VGI_EREMOTE;
}

/* Unary methods have one address, streams two others. */
static int check_kind(vgi__worker *w, const vgi__route *route, vgi__http_response *rs)
{
    const vgi__method *m = w->call.method;
    const bool stream = m && m->stream;
    char echo[VGI_ECHO_SIZE];

    if (stream == (route->kind != VGI__ROUTE_UNARY))
        return VGI_OK;
    vgi__echo(echo, route->method);
    if (stream)
        (void)vgi_fail(&w->call, "TypeError",
                       "Stream method '%s' requires /init and /exchange endpoints", echo);
    else if (route->kind == VGI__ROUTE_INIT)
        (void)vgi_fail(&w->call, "TypeError", "Method '%s' is not a stream", echo);
    else
        (void)vgi_fail(&w->call, "TypeError", "Method '%s' does not support /exchange",
                       echo);
    vgi__app_refuse(w, 400, rs);
    return VGI_EREMOTE;
}

int vgi__app_address(vgi__worker *w, const vgi__route *route, const vgi__http_request *rq,
                     vgi__http_response *rs)
{
    const bool current = vgi__epoch_rules_of(route->epoch)->current;
    int rc = current ? find_method(w, route, rs) : vgi__app_check_type(w, rq, rs);

    if (rc == VGI_OK)
        rc = current ? vgi__app_check_type(w, rq, rs) : find_method(w, route, rs);
    return rc == VGI_OK ? check_kind(w, route, rs) : rc;
}

/* ---- the body ---- */

static int refuse_coding(vgi_str value, vgi__http_response *rs)
{
    char echo[VGI_ECHO_SIZE], text[VGI_ECHO_SIZE + 64];

    (void)snprintf(text, sizeof(text),
                   "Content-Encoding '%s' is not supported by this server",
                   vgi__echo(echo, value));
    vgi__app_json_error(rs, 415, "Unsupported Content-Encoding", text);
    return VGI_ENOTSUP;
}

static int decode_failed(vgi__worker *w, vgi__coding coding, int rc, const vgi_error *why,
                         vgi__http_response *rs)
{
    const char *name = vgi__coding_name(coding);
    char text[VGI_ERROR_MESSAGE_SIZE + 64];

    if (rc == VGI_ENOMEM) {
        vgi__app_unavailable(w, rs);
    } else if (rc == VGI_ELIMIT) {
        (void)snprintf(text, sizeof(text),
                       "Decompressed %s request body exceeds the server's advertised "
                       "max_request_bytes=%lld.",
                       name, (long long)w->app->options.max_request_bytes);
        vgi__app_json_error(
            rs, 413, "Request body exceeds max_request_bytes after decompression", text);
    } else {
        (void)snprintf(text, sizeof(text), "Failed to decompress %s request body: %s",
                       name, why->message);
        vgi__app_json_error(rs, 400, "Decompression Error", text);
    }
    return rc;
}

/* Take room for a decoded body of `bytes`, in place of what was taken. */
static bool reserve(vgi__worker *w, int64_t bytes)
{
    const int64_t more = bytes - w->reserved;

    if (atomic_fetch_sub(&w->app->room, more) < more) {
        atomic_fetch_add(&w->app->room, more);
        return false;
    }
    w->reserved = bytes;
    return true;
}

/* Decode into w->decoded. All workers together hold no more than max_buffered_bytes: room
 * for a body is taken before it is decoded, at first for what bodies of its size usually
 * come to, and given back when it came to less. */
static int decode(vgi__worker *w, vgi__coding coding, vgi_bytes in, size_t *len,
                  vgi_error *why)
{
    const int64_t cap = w->app->options.max_request_bytes;
    const int64_t usual = (int64_t)in.len * USUAL_RATIO + USUAL_BYTES;
    int64_t most = usual < cap ? usual : cap;
    int rc;

    for (;; most = cap) {
        if (!reserve(w, most))
            return vgi__fail_nomem(why);
        rc = vgi__coding_decode(coding, in.data, in.len, (size_t)most, w->app->allocator,
                                &w->decoded, len, why);
        if (rc != VGI_ELIMIT || most == cap)
            break;
    }
    if (rc == VGI_OK)
        (void)reserve(w, (int64_t)*len);
    return rc;
}

/* The body without its content coding, and the block that it is in. */
static int decode_body(vgi__worker *w, const vgi__http_request *rq, vgi_bytes *body,
                       vgi__http_response *rs)
{
    vgi__coding coding = VGI__CODING_IDENTITY;
    vgi_error why;
    vgi_str value;
    int rc = vgi__http_list(rq, "Content-Encoding", &w->arena, &value);

    if (rc != VGI_OK) {
        vgi__app_unavailable(w, rs);
        return rc;
    }
    *body = rq->body;
    if (value.len > 0)
        coding = vgi__coding_parse(value);
    if (coding == VGI__CODING_IDENTITY)
        return VGI_OK;
    if (!vgi__coding_available(coding))
        return refuse_coding(value, rs);
    rc = decode(w, coding, rq->body, &body->len, &why);
    if (rc != VGI_OK)
        return decode_failed(w, coding, rc, &why, rs);
    body->data = w->decoded->data;
    return VGI_OK;
}

int vgi__app_read_batch(vgi__worker *w, const vgi__http_request *rq,
                        vgi__http_response *rs)
{
    vgi_call *c = &w->call;
    vgi_error why;
    vgi_bytes body;
    int rc = decode_body(w, rq, &body, rs);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__stream_decode_cached(&c->request, &w->schemas, body,
                                   w->decoded ? w->decoded : rq->held,
                                   &c->options->limits, &why);
    if (rc == VGI_OK)
        return VGI_OK;
    if (rc == VGI_ENOMEM) {
        vgi__app_unavailable(w, rs);
        return rc;
    }
    if (rc == VGI_END)
        (void)vgi_fail(c, "RpcError",
                       "ProtocolError: The request stream carries no batch.");
    else
        (void)vgi__call_fail_error(c, &why);
    vgi__app_refuse(w, 400, rs);
    return VGI_EREMOTE;
}

int vgi__app_accept(vgi__worker *w, vgi__http_response *rs)
{
    int rc = vgi__call_accept(&w->call);

    if (rc != VGI_OK)
        vgi__app_refuse(w, 400, rs);
    return rc;
}
