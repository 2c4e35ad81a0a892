/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are no Arrow stream: what was wrong, said so that it can be mended. */
#include <string.h>

#include "base/fail.h"
#include "client/http.h"
#include "http/proto/fields.h"
#include "json/json.h"

/* Of a body that is shown. */
#define SHOWN_BYTES 160

static vgi_str body_text(const vgi__transfer_answer *answer)
{
    if (!answer->body)
        return VGI_LIT("");
    return (vgi_str){ (const char *)answer->body->data,
                      answer->body_len < SHOWN_BYTES ? answer->body_len : SHOWN_BYTES };
}

/* A member of a JSON body, made printable; "" when there is none. */
static const char *member(char *echo, const vgi__json *doc, const char *key)
{
    const vgi__json *v = doc ? vgi__json_get(doc, key) : NULL;
    const bool text = v && vgi__json_kind_of(v) == VGI__JSON_STRING;

    return vgi__echo(echo, text ? vgi__json_str_of(v) : VGI_LIT(""));
}

static vgi__json *parse_object(const vgi__transfer_answer *answer)
{
    vgi__json *doc = NULL;

    if (!answer->body || !vgi__http_is_type(vgi__transfer_header(answer, "Content-Type"),
                                            "application/json"))
        return NULL;
    const vgi_str text = { (const char *)answer->body->data, answer->body_len };
    if (vgi__json_parse(&doc, text, NULL) == VGI_OK &&
        vgi__json_kind_of(doc) == VGI__JSON_OBJECT)
        return doc;
    vgi__json_free(doc);
    return NULL;
}

/* Current servers answer JSON with a reason, those of the seed epoch a text. */
static int unauthenticated(const vgi__transfer_answer *answer, vgi_error *err)
{
    char reason[VGI_ECHO_SIZE], detail[VGI_ECHO_SIZE];
    vgi__json *doc = parse_object(answer);

    if (doc)
        vgi__fail(err, VGI_EREMOTE, "AuthenticationError", "%s: %s",
                  member(reason, doc, "reason"), member(detail, doc, "detail"));
    else
        vgi__fail(err, VGI_EREMOTE, "AuthenticationError",
                  "the server asks for credentials (HTTP 401): %s",
                  vgi__echo(detail, body_text(answer)));
    vgi__json_free(doc);
    return VGI_EREMOTE;
}

static int not_found(const vgi__http_peer *p, const vgi__http_route *route,
                     const vgi__transfer_answer *answer, vgi_error *err)
{
    const vgi_str current =
        vgi__transfer_header(answer, "VGI-Accept-Max-Response-Bytes-Support");

    if (vgi__http_equal(current, "true") && !route->protocol.data)
        return vgi__fail(err, VGI_ENOTSUP, NULL,
                         "HTTP 404: the server wants to be told the protocol that is "
                         "called (protocol of vgi_client_options, --protocol)");
    return vgi__fail(err, VGI_EPROTO, NULL, "HTTP 404: nothing serves %s (%s)",
                     (const char *)p->url.data,
                     route->protocol.data ? "release 0.15 knows no names of protocols"
                                          : "is the prefix of the URL right?");
}

static int too_large(const vgi__http_peer *p, size_t bytes, vgi_error *err)
{
    if (p->max_request > 0)
        return vgi__fail(err, VGI_ELIMIT, NULL,
                         "HTTP 413: the request has %zu bytes, the server takes at most "
                         "%lld",
                         bytes, (long long)p->max_request);
    return vgi__fail(err, VGI_ELIMIT, NULL,
                     "HTTP 413: the request of %zu bytes is too large for the server",
                     bytes);
}

int vgi__http_refusal(const vgi__http_peer *p, const vgi__http_route *route,
                      const vgi__transfer_answer *answer, size_t request_bytes,
                      vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];

    switch (answer->status) {
    case 401:
        return unauthenticated(answer, err);
    case 404:
        return not_found(p, route, answer, err);
    case 413:
        return too_large(p, request_bytes, err);
    default:
        break;
    }
    if (answer->status >= 300 && answer->status < 400)
        return vgi__fail(
            err, VGI_EPROTO, NULL,
            "HTTP %d: the server redirects to '%s'; redirects are not followed",
            answer->status, vgi__echo(echo, vgi__transfer_header(answer, "Location")));
    return vgi__fail(err, VGI_EPROTO, NULL, "HTTP %d instead of an Arrow stream: '%s'",
                     answer->status, vgi__echo(echo, body_text(answer)));
}
