/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a client on a URL. */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "client/connection.h"
#include "client/http.h"
#include "http/proto/fields.h"

#define COMPRESS_MIN_BYTES 1024
#define RETRIES 2
#define HEAD_BYTES ((size_t)256 << 10)
/* What an answer may have beside the body of its largest message. */
#define AROUND_BYTES (INT64_C(1) << 20)
/* Headers that we may add to those of the caller. */
#define OWN_HEADERS 3

static int read_http_options(const vgi_http_client_options *given,
                             vgi_http_client_options *out, vgi_error *err)
{
    memset(out, 0, sizeof(*out));
    if (given && given->size == 0)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "the size of vgi_http_client_options is not set");
    if (given)
        memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
    if (!out->compress_min_bytes)
        out->compress_min_bytes = COMPRESS_MIN_BYTES;
    if (!out->retries)
        out->retries = RETRIES;
    return VGI_OK;
}

/* Scheme, host and perhaps a path, of characters that may stand in a URL. Credentials
 * belong in a header, where no error message repeats them. */
static bool is_url(const char *url)
{
    const size_t scheme = strncmp(url, "https://", 8) == 0  ? 8
                          : strncmp(url, "http://", 7) == 0 ? 7
                                                            : 0;
    const char *host = url + scheme;

    if (scheme == 0 || strcspn(host, "/") == 0)
        return false;
    for (const char *p = host; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("?#@", *p))
            return false;
    }
    return true;
}

static int set_url(vgi__http_peer *p, const char *url, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    size_t n = strlen(url);

    if (!is_url(url))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "\"%s\" is not of the form http://host:port/prefix",
                         vgi__echo(echo, vgi_str_from(url)));
    while (url[n - 1] == '/')
        n--;
    p->base = vgi__strndup(p->allocator, url, n);
    return p->base ? VGI_OK : vgi__fail_nomem(err);
}

/* What says how the body is sent is ours to say. */
static bool is_reserved(vgi_str name)
{
    static const char *const ours[] = {
        "Content-Type",    "Content-Length",    "Content-Encoding",
        "Accept-Encoding", "Transfer-Encoding", "Connection",
        "Expect"
    };

    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
        if (vgi__http_equal(name, ours[i]))
            return true;
    }
    return false;
}

/* "Name: value", kept with the peer. */
static int add_header(vgi__http_peer *p, const char *line, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    const char *colon = strchr(line, ':');
    const size_t n = colon ? (size_t)(colon - line) : 0;
    char *text = vgi__strndup(p->allocator, line, strlen(line));

    if (!text)
        return vgi__fail_nomem(err);
    vgi__http_header *h = &p->headers[p->n_headers];
    p->texts[p->n_headers++] = text; /* freed with the peer, also when it is no good */
    h->name = (vgi_str){ text, n };
    h->value = vgi_str_from(text + n + (colon != NULL));
    while (h->value.len && *h->value.data == ' ') {
        h->value.data++;
        h->value.len--;
    }
    if (!vgi__http_is_token(h->name) || !vgi__http_is_value(h->value))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "\"%s\" is not of the form \"Name: value\"",
                         vgi__echo(echo, vgi_str_from(line)));
    if (is_reserved(h->name))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the header %s is set by the client itself",
                         vgi__echo(echo, h->name));
    return VGI_OK;
}

static int set_headers(vgi__http_peer *p, const vgi_http_client_options *http,
                       vgi_error *err)
{
    const size_t n = http->n_headers;
    int rc = VGI_OK;

    p->headers = vgi__calloc(p->allocator, n + OWN_HEADERS, sizeof(*p->headers));
    p->texts = vgi__calloc(p->allocator, n, sizeof(*p->texts));
    if (!p->headers || !p->texts)
        return vgi__fail_nomem(err);
    for (size_t i = 0; i < n && rc == VGI_OK; i++)
        rc = add_header(p, http->headers[i], err);
    return rc;
}

static int set_up(vgi__http_peer *p, const char *url, const vgi_http_client_options *http,
                  const vgi_client_options *o, vgi_error *err)
{
    const vgi__transfer_options transfer = { .insecure = http->insecure,
                                             .ca_file = http->ca_file,
                                             .unix_path = http->unix_path,
                                             .connect_ms = o->connect_timeout_ms,
                                             .read_ms = o->read_timeout_ms,
                                             .head_bytes = HEAD_BYTES,
                                             .allocator = o->allocator };
    int rc = set_url(p, url, err);

    p->external = o->external;
    p->compress = !http->no_compression;
    p->min_bytes = http->compress_min_bytes;
    p->retries = http->no_retries ? 0 : http->retries;
    p->max_answer = o->limits.message_bytes < INT64_MAX - AROUND_BYTES
                        ? o->limits.message_bytes + AROUND_BYTES
                        : INT64_MAX;
    if (rc == VGI_OK)
        rc = set_headers(p, http, err);
    return rc == VGI_OK ? vgi__transfer_new(&p->transfer, &transfer, err) : rc;
}

int vgi_client_open_http(vgi_client **out, const char *url,
                         const vgi_http_client_options *http,
                         const vgi_client_options *options, vgi_error *err)
{
    vgi_http_client_options h;
    vgi_client_options o;
    vgi__http_peer peer;
    vgi__channel *channel = NULL;
    int rc = vgi__client_options(options, &o, err);

    if (rc == VGI_OK)
        rc = read_http_options(http, &h, err);
    if (rc != VGI_OK)
        return rc;
    vgi__http_peer_init(&peer, o.allocator);
    rc = set_up(&peer, url, &h, &o, err);
    if (rc == VGI_OK)
        rc = vgi__http_channel_new(&channel, &peer, &o.limits, err);
    if (rc != VGI_OK) {
        vgi__http_peer_free(&peer);
        return rc;
    }
    rc = vgi__client_new(out, channel, &o, err);
    if (rc != VGI_OK)
        channel->ops->close(channel);
    return rc;
}
