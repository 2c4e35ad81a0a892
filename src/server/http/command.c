/* SPDX-License-Identifier: Apache-2.0 */
/* `--http` and its options in the command line of vgi_serve.
 *
 * Design notes. There is one command line in a process: what it says is kept in
 * `command`, written before main() by the constructor, by main() itself, and by
 * vgi_serve, in this order and on one thread. A constructor alone pulls no file out of an
 * archive: whoever links the library asks for vgi_http_register, as the package files
 * say. */
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#include <vgirpc/sys/listener.h>

#include "base/fail.h"
#include "base/text.h"
#include "server/http/http.h"

#define ORIGINS 32

struct command {
    vgi_http_options options;
    vgi__key_text key;
    const char *origins[ORIGINS];
};

static struct command command;

static int bad(vgi_error *err, const char *why)
{
    return vgi__fail(err, VGI_EINVAL, "ValueError", "%s", why);
}

/* ---- values ---- */

static bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    return vgi__parse_u64(vgi_str_from(text), out) && *out >= least && *out <= most;
}

static int set_port(vgi_http_options *o, const char *text, vgi_error *err)
{
    uint64_t n;

    if (!parse_number(text, 0, UINT16_MAX, &n))
        return bad(err, "needs a port, 0 to 65535");
    o->port = (uint16_t)n;
    return VGI_OK;
}

static int set_key(struct command *c, const char *text, vgi_error *err)
{
    const int rc = vgi__key_parse(&c->key, text, err);

    if (rc != VGI_OK)
        return bad(err, "needs hexadecimal digits or base64");
    c->options.signing_key = c->key.bytes;
    c->options.signing_key_bytes = c->key.len;
    return VGI_OK;
}

static int set_ttl(vgi_http_options *o, const char *text, vgi_error *err)
{
    uint64_t n;

    if (!parse_number(text, 0, UINT_MAX, &n))
        return bad(err, "needs a number of seconds; 0: tokens never expire");
    o->token_ttl_s = (unsigned)n;
    o->token_no_ttl = n == 0;
    return VGI_OK;
}

static int set_format(vgi_http_options *o, const char *text, vgi_error *err)
{
    if (strcmp(text, "hmac") != 0 && strcmp(text, "sealed") != 0)
        return bad(err, "needs hmac or sealed");
    o->token_format = text[0] == 'h' ? VGI_TOKEN_HMAC : VGI_TOKEN_SEALED;
    return VGI_OK;
}

static int set_compression(vgi_http_options *o, const char *text, vgi_error *err)
{
    if (strcmp(text, "zstd") != 0 && strcmp(text, "none") != 0)
        return bad(err, "needs zstd or none");
    o->no_compression = text[0] == 'n';
    return VGI_OK;
}

static int add_origin(struct command *c, const char *text, vgi_error *err)
{
    vgi_http_options *o = &c->options;

    if (o->cors_origins != c->origins) { /* the program's defaults give way */
        o->cors_origins = c->origins;
        o->n_cors_origins = 0;
    }
    if (o->n_cors_origins == ORIGINS)
        return bad(err, "can be given 32 times");
    c->origins[o->n_cors_origins++] = text;
    return VGI_OK;
}

/* ---- options ---- */

/* Options whose value is a number from 1. False: it is another option. */
static bool number_option(vgi_http_options *o, const char *option, const char *value,
                          int *rc, vgi_error *err)
{
    const struct {
        const char *name;
        unsigned *small;
        int64_t *big;
    } numbers[] = {
        { "--threads", &o->threads, NULL },
        { "--max-threads", &o->max_threads, NULL },
        { "--max-connections", &o->max_connections, NULL },
        { "--max-request-bytes", NULL, &o->max_request_bytes },
        { "--max-response-bytes", NULL, &o->max_response_bytes },
        { "--max-externalized-response-bytes", NULL,
          &o->max_externalized_response_bytes },
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t n;

        if (strcmp(option, numbers[i].name) != 0)
            continue;
        if (!parse_number(value, 1, numbers[i].small ? UINT_MAX : INT64_MAX, &n))
            *rc = bad(err, "needs a number above 0");
        else if (numbers[i].small)
            *numbers[i].small = (unsigned)n;
        else
            *numbers[i].big = (int64_t)n;
        return true;
    }
    return false;
}

/* Options that need a value. */
static int value_option(struct command *c, const char *option, const char *value,
                        vgi_error *err)
{
    vgi_http_options *o = &c->options;
    int rc = VGI_OK;

    if (strcmp(option, "--host") == 0)
        o->host = value;
    else if (strcmp(option, "--prefix") == 0)
        o->prefix = value;
    else if (strcmp(option, "--http-unix") == 0)
        o->unix_path = value;
    else if (strcmp(option, "--port") == 0)
        rc = set_port(o, value, err);
    else if (strcmp(option, "--token-key") == 0)
        rc = set_key(c, value, err);
    else if (strcmp(option, "--token-ttl") == 0)
        rc = set_ttl(o, value, err);
    else if (strcmp(option, "--token-format") == 0)
        rc = set_format(o, value, err);
    else if (strcmp(option, "--compression") == 0)
        rc = set_compression(o, value, err);
    else if (strcmp(option, "--cors-origin") == 0)
        rc = add_origin(c, value, err);
    else if (!number_option(o, option, value, &rc, err))
        return VGI_ENOTFOUND;
    return rc;
}

static int option_set(void *user, const char *option, const char *value, bool *used,
                      vgi_error *err)
{
    struct command *c = user;
    int rc;

    if (strcmp(option, "--http") == 0) {
        /* The port may be left out: what looks like an option is one. */
        *used = value && value[0] != '-';
        return *used ? set_port(&c->options, value, err) : VGI_OK;
    }
    if (strcmp(option, "--no-pages") == 0) {
        c->options.no_pages = true;
        return VGI_OK;
    }
    if ((rc = value_option(c, option, value ? value : "", err)) == VGI_OK && !value)
        rc = bad(err, "needs a value");
    *used = rc == VGI_OK;
    return rc;
}

/* The soft limit of descriptors, mostly 1,024, is for programs that use select(2). */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int serve(void *user, vgi_server *server, vgi_error *err)
{
    struct command *c = user;

    allow_descriptors();
    c->options.announce = true;
    return vgi_server_serve_http(server, &c->options, err);
}

static const char help[] =
    "      --http [PORT]       serve HTTP; prints PORT:N, or UNIX:PATH, when ready\n"
    "  with --http:\n"
    "      --host HOST         address or name to bind (127.0.0.1)\n"
    "      --port PORT         0, the default, is any free one\n"
    "      --http-unix PATH    a Unix socket in place of host and port\n"
    "      --prefix /PATH      of all routes\n"
    "      --token-key KEY     of stream tokens, hexadecimal or base64 (default: from\n"
    "                          VGI_RPC_SIGNING_KEY, or a random one)\n"
    "      --token-ttl SEC     how old a stream token may be (3600); 0: for ever\n"
    "      --token-format NAME hmac, readable and the default; sealed, encrypted\n"
    "      --max-request-bytes N\n"
    "                          cap of a request's body (67108864)\n"
    "      --max-response-bytes N\n"
    "                          cap of a response's body (none)\n"
    "      --max-externalized-response-bytes N\n"
    "                          cap of a response's uploads (none)\n"
    "      --compression NAME  of responses: zstd (the default; gzip for clients that\n"
    "                          take no zstd) or none\n"
    "      --cors-origin ORIGIN\n"
    "                          let pages of this origin call, * for all; repeatable\n"
    "      --threads N         that are always there (16)\n"
    "      --max-threads N     that run when all are busy (256)\n"
    "      --max-connections N at a time (16384)\n"
    "      --no-pages          no pages for people\n";

int vgi_http_register(const vgi_http_options *defaults)
{
    static const vgi_listener listener = { .size = sizeof(listener),
                                           .option = "--http",
                                           .help = help,
                                           .option_set = option_set,
                                           .serve = serve,
                                           .user = &command };
    const vgi_http_options none = { .size = sizeof(none) };
    const vgi_http_options *o = defaults ? defaults : &none;

    if (o->size < sizeof(o->size))
        return VGI_EINVAL;
    command.options = none;
    memcpy(&command.options, o, o->size < sizeof(*o) ? o->size : sizeof(*o));
    command.options.size = sizeof(command.options);
    return vgi_listener_register(&listener);
}

__attribute__((constructor)) static void register_by_linking(void)
{
    (void)vgi_http_register(NULL);
}
