/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller asked for, checked, with every default filled in. */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "http/proto/fields.h"
#include "http/server/app.h"

/* What JSON and the clients can count to. */
#define MOST_BYTES ((INT64_C(1) << 53) - 1)

static int copy(vgi_http_options *o, const vgi_http_options *given, vgi_error *err)
{
    size_t size = given ? given->size : 0;

    *o = (vgi_http_options){ .size = sizeof(*o) };
    if (!given)
        return VGI_OK;
    if (size < sizeof(size))
        return vgi__fail(
            err, VGI_EINVAL, "ValueError",
            "HTTP options have size %zu: set .size = sizeof(vgi_http_options)", size);
    memcpy(o, given, size < sizeof(*o) ? size : sizeof(*o));
    o->size = sizeof(*o);
    return VGI_OK;
}

/* ---- the prefix ---- */

/* May this byte be in a path as it is? */
static bool is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("/-._~!$&'()*+,;=:@", c));
}

static const char *prefix_fault(const char *prefix)
{
    static const char exempt[] = "/.well-known";

    if (prefix[0] != '\0' && prefix[0] != '/')
        return "does not begin with '/'";
    if (strstr(prefix, "//"))
        return "has an empty segment";
    if (strncmp(prefix, exempt, sizeof(exempt) - 1) == 0 &&
        (prefix[sizeof(exempt) - 1] == '/' || prefix[sizeof(exempt) - 1] == '\0'))
        return "is where nobody is asked who they are";
    for (const char *p = prefix; *p; p++)
        if (!is_path_char(*p))
            return "has a character that a path cannot have";
    return NULL;
}

static int set_prefix(vgi__app *app, vgi_error *err)
{
    const char *given = app->options.prefix ? app->options.prefix : "";
    const char *fault = prefix_fault(given);
    char echo[VGI_ECHO_SIZE];
    size_t n = strlen(given);

    if (fault)
        return vgi__fail(err, VGI_EINVAL, "ValueError", "prefix '%s' %s",
                         vgi__echo(echo, vgi_str_from(given)), fault);
    if (n > 0 && given[n - 1] == '/')
        n--;
    app->prefix = vgi__strndup(app->allocator, given, n);
    app->options.prefix = app->prefix;
    return app->prefix ? VGI_OK : vgi__fail_nomem(err);
}

/* ---- numbers ---- */

static void set_default(unsigned *value, unsigned otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static int set_bytes(int64_t *value, const char *name, int64_t otherwise, vgi_error *err)
{
    if (*value < 0 || *value > MOST_BYTES)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s is %lld: it can be from 1 to 2^53-1", name,
                         (long long)*value);
    if (*value == 0)
        *value = otherwise;
    return VGI_OK;
}

static int set_level(int *value, const char *name, int otherwise, int most,
                     vgi_error *err)
{
    if (*value < 0 || *value > most)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s is %d: it can be from 1 to %d", name, *value, most);
    if (*value == 0)
        *value = otherwise;
    return VGI_OK;
}

static void set_defaults(vgi_http_options *o)
{
    set_default(&o->threads,
                o->max_threads > 0 && o->max_threads < 16 ? o->max_threads : 16);
    set_default(&o->max_threads, o->threads > 256 ? o->threads : 256);
    set_default(&o->max_connections, 16384);
    set_default(&o->header_timeout_ms, 10000);
    set_default(&o->idle_timeout_ms, 75000);
    set_default(&o->write_timeout_ms, 30000);
    set_default(&o->body_bytes_per_second, 16384);
    set_default(&o->token_ttl_s, 3600);
    set_default(&o->producer_batches, o->max_response_bytes > 0 ? UINT_MAX : 1);
    set_default(&o->producer_ms, 1000);
    set_default(&o->compress_min_bytes, 1024);
    set_default(&o->cors_max_age_s, 7200);
    if (!o->host)
        o->host = "127.0.0.1";
}

/* ---- the rest ---- */

static int check_origins(const vgi_http_options *o, vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];

    if (o->n_cors_origins > 0 && !o->cors_origins)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the options count %zu CORS origins but name none",
                         o->n_cors_origins);
    for (size_t i = 0; i < o->n_cors_origins; i++) {
        vgi_str origin = vgi_str_from(o->cors_origins[i]);

        if (origin.len == 0 || !vgi__http_is_value(origin))
            return vgi__fail(err, VGI_EINVAL, "ValueError", "'%s' is no CORS origin",
                             vgi__echo(echo, origin));
    }
    return VGI_OK;
}

/* One body at least has to fit, and a few of the usual size. */
static int64_t least_buffered(int64_t max_request_bytes)
{
    const int64_t usual = INT64_C(1) << 30;

    return max_request_bytes > usual ? max_request_bytes : usual;
}

int vgi__app_options(vgi__app *app, const vgi_http_options *given, vgi_error *err)
{
    vgi_http_options *o = &app->options;
    int rc = copy(o, given, err);

    if (rc == VGI_OK)
        rc =
            set_bytes(&o->max_request_bytes, "max_request_bytes", INT64_C(64) << 20, err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->max_response_bytes, "max_response_bytes", 0, err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->max_externalized_response_bytes,
                       "max_externalized_response_bytes", 0, err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->max_buffered_bytes, "max_buffered_bytes",
                       least_buffered(o->max_request_bytes), err);
    if (rc == VGI_OK)
        rc = set_level(&o->zstd_level, "zstd_level", 3, 19, err);
    if (rc == VGI_OK)
        rc = set_level(&o->gzip_level, "gzip_level", 6, 9, err);
    if (rc == VGI_OK)
        rc = check_origins(o, err);
    if (rc != VGI_OK)
        return rc;
    set_defaults(o);
    if (o->max_threads < o->threads)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "max_threads is %u, less than the %u threads", o->max_threads,
                         o->threads);
    return set_prefix(app, err);
}
