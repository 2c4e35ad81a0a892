/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "store/fail.h"
#include "store/text.h"

enum { PREFIX_BYTES = 900, BUCKET_LEAST = 3, BUCKET_MOST = 222, HOST_BYTES = 255 };

static const char alphanumerics[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789";

/* How many bytes from `p` on are letters, digits or of `more`. */
static size_t span(const char *p, const char *more)
{
    size_t n = 0;
    while (p[n] && (strchr(alphanumerics, p[n]) || strchr(more, p[n])))
        n++;
    return n;
}

/* Of a name, or of an address in brackets; 0: it is neither. */
static size_t host_length(const char *host)
{
    if (*host != '[')
        return span(host, "-._");
    const size_t n = span(host + 1, ":.");
    return n > 0 && host[n + 1] == ']' ? n + 2 : 0;
}

int vgi__endpoint_parse(vgi__endpoint *out, const char *text, vgi_arena *mem,
                        vgi_error *err)
{
    const bool secure = strncasecmp(text, "https://", 8) == 0;
    const char *host = text + (secure ? 8 : 7);
    char echo[VGI_STORE_ECHO_SIZE];
    vgi__store_echo(echo, vgi_str_from(text));
    if (!secure && strncasecmp(text, "http://", 7) != 0)
        return vgi__store_fail(err, VGI_EINVAL, "endpoint \"%s\": not http or https",
                               echo);

    const size_t name = host_length(host);
    size_t port = 0;
    if (host[name] == ':')
        port = 1 + strspn(host + name + 1, "0123456789");
    const char *rest = host + name + port;
    if (name == 0 || name > HOST_BYTES || port == 1 || port > 6 ||
        (*rest && strcmp(rest, "/") != 0))
        return vgi__store_fail(err, VGI_EINVAL, "endpoint \"%s\": not %s://host[:port]",
                               echo, secure ? "https" : "http");

    /* The Host header leaves the scheme's own port out, and the host is signed. */
    const vgi_str given = { host + name, port };
    if (vgi_str_eq(given, secure ? ":443" : ":80"))
        port = 0;
    out->scheme = secure ? "https" : "http";
    out->host = vgi__text_copy(mem, (vgi_str){ host, name + port });
    return out->host ? VGI_OK : vgi__store_nomem(err);
}

int vgi__bucket_check(const char *bucket, vgi_error *err)
{
    const size_t n = bucket ? span(bucket, ".-_") : 0;
    if (n >= BUCKET_LEAST && n <= BUCKET_MOST && bucket[n] == '\0')
        return VGI_OK;
    char echo[VGI_STORE_ECHO_SIZE];
    return vgi__store_fail(
        err, VGI_EINVAL, "bucket \"%s\": not %d to %d letters, digits and \".-_\"",
        vgi__store_echo(echo, vgi_str_from(bucket)), BUCKET_LEAST, BUCKET_MOST);
}

int vgi__prefix_check(const char *prefix, vgi_error *err)
{
    if (strlen(prefix) > PREFIX_BYTES)
        return vgi__store_fail(err, VGI_EINVAL, "prefix: %zu bytes, the limit is %d",
                               strlen(prefix), PREFIX_BYTES);
    for (const char *part = prefix; *part; part += *part == '/') {
        const size_t n = strcspn(part, "/");
        if ((n == 1 || n == 2) && strspn(part, ".") >= n)
            return vgi__store_fail(err, VGI_EINVAL, "prefix: it has a part \"%.*s\"",
                                   (int)n, part);
        part += n;
    }
    return VGI_OK;
}

vgi_str vgi__object_path(const char *root, const char *prefix, const char *coding,
                         vgi_arena *mem)
{
    uint8_t id[16];
    size_t got = 0;
    while (got < sizeof(id)) {
        const ssize_t n = getrandom(id + got, sizeof(id) - got, 0);
        got += n > 0 ? (size_t)n : 0; /* otherwise a signal came */
    }
    vgi__text t = { .mem = mem };
    vgi__text_printf(&t, "%s%s", root, prefix);
    vgi__text_hex(&t, (vgi_bytes){ id, sizeof(id) });
    vgi__text_add(&t, VGI_LIT(".arrow"));
    if (coding && strcmp(coding, "zstd") == 0)
        vgi__text_add(&t, VGI_LIT(".zst"));
    else if (coding && strcmp(coding, "gzip") == 0)
        vgi__text_add(&t, VGI_LIT(".gz"));
    return vgi__text_done(&t);
}
