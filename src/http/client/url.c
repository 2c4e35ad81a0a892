/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client/url.h"

#include <string.h>

#include <curl/curl.h>

#include "base/fail.h"

static bool has_control(vgi_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] <= ' ' || s.data[i] == 0x7f)
            return true;
    return false;
}

/* libcurl is content with one slash, or three. */
static bool has_authority(const char *url)
{
    const char *colon = strchr(url, ':');

    return colon && strncmp(colon, "://", 3) == 0 && colon[3] != '/';
}

/* What is wrong with the URL; NULL: nothing. */
static const char *fault_of(CURLU *u, const char *url, bool allow_http)
{
    char *scheme = NULL, *host = NULL;
    const char *fault = NULL;

    if (has_control(vgi_str_from(url)) || !has_authority(url) ||
        curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        fault = "is no absolute URL";
    else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
        fault = "has a scheme other than https";
    else if (strcmp(scheme, "http") == 0 && !allow_http)
        fault = "has the scheme http, and only https is allowed";
    else if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || !*host)
        fault = "names no host";
    curl_free(scheme);
    curl_free(host);
    return fault;
}

int vgi__url_check(const char *url, bool allow_http, vgi_error *err)
{
    CURLU *u = curl_url();

    if (!u)
        return vgi__fail_nomem(err);
    const char *fault = fault_of(u, url, allow_http);
    curl_url_cleanup(u);
    return fault ? vgi__fail(err, VGI_EINVAL, "ValueError", "the URL %s", fault) : VGI_OK;
}

/* Into `u`, which holds the base. */
static int join(CURLU *u, const char *location, vgi__buffer *out, vgi_error *err)
{
    char *joined = NULL;

    if (curl_url_set(u, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_URL, &joined, 0) != CURLUE_OK)
        return vgi__fail(err, VGI_EPROTO, NULL, "a redirect's Location is no URL");
    vgi__buffer_clear(out);
    vgi__buffer_append(out, joined, strlen(joined) + 1);
    curl_free(joined);
    return out->failed ? vgi__fail_nomem(err) : VGI_OK;
}

int vgi__url_join(const char *base, vgi_str location, vgi__buffer *out, vgi_error *err)
{
    vgi__buffer text;
    int rc;

    if (location.len == 0 || has_control(location))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "a redirect without a Location that could be followed");
    CURLU *u = curl_url();
    vgi__buffer_init(&text, out->allocator, SIZE_MAX);
    vgi__buffer_append(&text, location.data, location.len);
    vgi__buffer_char(&text, '\0');
    if (!u || text.failed || curl_url_set(u, CURLUPART_URL, base, 0) != CURLUE_OK)
        rc = vgi__fail_nomem(err);
    else
        rc = join(u, (const char *)text.data, out, err);
    curl_url_cleanup(u);
    vgi__buffer_free(&text);
    return rc;
}

void vgi__url_redact(vgi__buffer *out, vgi_str url)
{
    const char *end = url.data + url.len;
    const char *p = url.data;
    const char *scheme = url.len > 0 ? memmem(p, url.len, "://", 3) : NULL;

    for (const char *q = p; q < end; q++)
        if (*q == '?' || *q == '#')
            end = q;
    if (scheme && scheme < end) {
        const char *host = scheme + 3;
        const char *slash = host < end ? memchr(host, '/', (size_t)(end - host)) : NULL;
        const char *at = memrchr(host, '@', (size_t)((slash ? slash : end) - host));

        vgi__buffer_append(out, p, (size_t)(host - p));
        p = at ? at + 1 : host;
    }
    vgi__buffer_append(out, p, (size_t)(end - p));
}
