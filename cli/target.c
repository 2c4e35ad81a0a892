/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <stdio.h>

#include <vgirpc/external.h>

#include "print.h"

static const char *level_name(vgi_log_level level)
{
    static const char *const names[] = { "trace", "debug", "info", "warn", "error" };

    return level >= VGI_LOG_TRACE && level <= VGI_LOG_ERROR ? names[level - VGI_LOG_TRACE]
                                                            : "log";
}

static void show_log(void *user, const vgi_log_record *record)
{
    const settings *s = user;

    (void)fprintf(stderr, "%s: ", level_name(record->level));
    print_plain(stderr, record->message, 0);
    if (s->verbose && !vgi_str_eq(record->extra, "{}")) {
        (void)fputc(' ', stderr);
        print_plain(stderr, record->extra, 0);
    }
    (void)fputc('\n', stderr);
}

static void say_error(vgi_str message)
{
    (void)fputs("error: ", stderr);
    print_plain(stderr, message, 0);
    (void)fputc('\n', stderr);
}

bool prepare_targets(settings *s)
{
    const vgi_external_options options = { .size = sizeof(options),
                                           .timeout_ms = s->timeout_ms,
                                           .ca_file = s->ca_file,
                                           .allow_http = s->any_url,
                                           .allow_private = s->any_url };
    vgi_error err;

    if (vgi_external_new(&s->external, &options, &err) == VGI_OK)
        return true;
    say_error(vgi_str_from(err.message));
    return false;
}

void release_targets(settings *s)
{
    vgi_external_free(s->external);
}

/* The URL may be of another kind; then what is said about HTTP is wrong. */
static bool says_http(const settings *s)
{
    return s->http_headers.count || s->unix_socket || s->ca_file || s->insecure ||
           s->no_compression;
}

static int open_url(vgi_client **out, const char *url, const settings *s,
                    const vgi_client_options *options, vgi_error *err)
{
    const vgi_http_client_options http = { .size = sizeof(http),
                                           .headers = s->http_headers.items,
                                           .n_headers = s->http_headers.count,
                                           .no_compression = s->no_compression,
                                           .insecure = s->insecure,
                                           .ca_file = s->ca_file,
                                           .unix_path = s->unix_socket };

    return says_http(s) ? vgi_client_open_http(out, url, &http, options, err)
                        : vgi_client_open(out, url, options, err);
}

int open_target(vgi_client **out, const char *url, const settings *s)
{
    const vgi_client_options options = { .size = sizeof(options),
                                         .protocol = s->protocol,
                                         .protocol_version = s->protocol_version,
                                         .read_timeout_ms = s->timeout_ms,
                                         .shm_bytes = (int64_t)s->shm_bytes,
                                         .external = s->external,
                                         .on_log = show_log,
                                         .user = (void *)(uintptr_t)s };
    vgi_error err;
    const int rc = open_url(out, url, s, &options, &err);

    if (rc == VGI_OK)
        return EXIT_OK;
    say_error(vgi_str_from(err.message));
    return rc == VGI_EINVAL || rc == VGI_ENOTSUP ? EXIT_USAGE : EXIT_FAILED;
}

static void tell_detail(const char *name, vgi_str value)
{
    if (!value.len)
        return;
    (void)fprintf(stderr, "  %s: ", name);
    print_plain(stderr, value, 0);
    (void)fputc('\n', stderr);
}

int tell_error(const vgi_client *client, const vgi_error *err, const settings *s)
{
    const vgi_remote_failure *f = client ? vgi_client_failure(client) : NULL;

    if (err->code != VGI_EREMOTE || !f) {
        if (err->message[0])
            say_error(vgi_str_from(err->message));
        return EXIT_FAILED;
    }
    (void)fputs("error: ", stderr);
    print_plain(stderr, f->type, 0);
    (void)fputs(": ", stderr);
    print_plain(stderr, f->message, 0);
    (void)fputc('\n', stderr);
    if (s->verbose) {
        tell_detail("code", f->code);
        tell_detail("kind", f->kind);
        tell_detail("details", f->details);
        tell_detail("server", f->server_id);
        tell_detail("request", f->request_id);
        print_lines(stderr, f->traceback);
    }
    return EXIT_FAILED;
}
