/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing: what a URL says, and what a client owns. */
#include "client/connection.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "client/shm.h"
#include "external/filter.h"
#include "transport/fd/fd.h"
#include "transport/unix/unix.h"

#define CONNECT_TIMEOUT_MS 10000

int vgi__client_options(const vgi_client_options *given, vgi_client_options *out,
                        vgi_error *err)
{
    memset(out, 0, sizeof(*out));
    if (given && given->size == 0)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "the size of vgi_client_options is not set");
    if (given)
        memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
    if (out->shm_bytes != 0 && out->shm_bytes <= (int64_t)VGI__SHM_HEADER_BYTES)
        return vgi__fail(err, VGI_EINVAL, NULL,
                         "shm_bytes is %lld: the header of a segment alone takes %zu",
                         (long long)out->shm_bytes, VGI__SHM_HEADER_BYTES);
    if (!out->connect_timeout_ms)
        out->connect_timeout_ms = CONNECT_TIMEOUT_MS;
    out->limits = vgi_limits_effective(&out->limits);
    return VGI_OK;
}

static int copy_text(vgi_client *c, char **out, const char *text, vgi_error *err)
{
    if (!text)
        return VGI_OK;
    *out = vgi__strndup(c->allocator, text, strlen(text));
    return *out ? VGI_OK : vgi__fail_nomem(err);
}

int vgi__client_new(vgi_client **out, vgi__channel *channel,
                    const vgi_client_options *options, vgi_error *err)
{
    vgi_client *c = vgi__calloc(options->allocator, 1, sizeof(*c));
    int rc;

    if (!c)
        return vgi__fail_nomem(err);
    c->allocator = options->allocator;
    c->limits = options->limits;
    c->on_log = options->on_log;
    c->user = options->user;
    c->max_logs = VGI__ANSWER_LOGS;
    c->scratch.allocator = options->allocator;
    c->failure.mem.allocator = options->allocator;
    vgi__batch_init(&c->answer, options->allocator);
    vgi__batch_init(&c->skipped, options->allocator);
    c->routing = options->protocol    ? VGI__ROUTING_NAMED
                 : channel->seed_only ? VGI__ROUTING_NONE
                                      : VGI__ROUTING_UNKNOWN;
    rc = copy_text(c, &c->protocol, options->protocol, err);
    if (rc == VGI_OK)
        rc = copy_text(c, &c->protocol_version, options->protocol_version, err);
    if (rc == VGI_OK)
        rc = vgi__external_filter_new(&c->external, options->external,
                                      &(vgi__external_client){ vgi__answer_log, c },
                                      &c->limits, c->allocator, err);
    if (rc != VGI_OK) {
        vgi_client_close(c);
        return rc;
    }
    c->channel = channel;
    channel->external = c->external;
    *out = c;
    return VGI_OK;
}

/* Put a client on `io`, which it takes together with `process` whether it succeeds or
 * not. */
static int open_on_io(vgi_client **out, vgi__io *io, vgi__subprocess *process,
                      const vgi_client_options *o, vgi_error *err)
{
    vgi__channel *channel = NULL;
    vgi_client *c = NULL;
    int rc;

    io->read_timeout_ms = o->read_timeout_ms;
    io->write_timeout_ms = o->read_timeout_ms;
    rc = vgi__bytes_channel_new(&channel, io, process, &o->limits, o->allocator, err);
    if (rc != VGI_OK) {
        vgi__io_close(io);
        if (process)
            vgi__subprocess_reap(process, true);
        return rc;
    }
    rc = vgi__client_new(&c, channel, o, err);
    if (rc != VGI_OK) {
        channel->ops->close(channel);
        return rc;
    }
    if (o->shm_bytes)
        rc = vgi__client_shm_new(&c->shm, (uint64_t)o->shm_bytes, &o->limits,
                                 o->allocator, err);
    if (rc != VGI_OK) {
        vgi_client_close(c);
        return rc;
    }
    channel->shm = c->shm;
    *out = c;
    return VGI_OK;
}

/* Takes the descriptors and the process in any case, as open_on_io does. */
static int open_fds(vgi_client **out, int in_fd, int out_fd, vgi__subprocess *process,
                    const vgi_client_options *o, vgi_error *err)
{
    const vgi__fd_options fds = {
        .in_fd = in_fd, .out_fd = out_fd, .owned = true, .wake_fd = -1
    };
    vgi__io *io = NULL;
    int rc = vgi__fd_open(&io, &fds, o->allocator, err);

    if (rc == VGI_OK)
        return open_on_io(out, io, process, o, err);
    (void)close(in_fd);
    if (out_fd != in_fd)
        (void)close(out_fd);
    if (process)
        vgi__subprocess_reap(process, true);
    return rc;
}

static int open_exec(vgi_client **out, const char *command, const vgi_client_options *o,
                     vgi_error *err)
{
    vgi__subprocess process;
    int rc;

    rc = vgi__subprocess_start(&process, command, o->discard_stderr, o->allocator, err);
    if (rc != VGI_OK)
        return rc;
    return open_fds(out, process.from_child, process.to_child, &process, o, err);
}

static int open_unix(vgi_client **out, const char *path, const vgi_client_options *o,
                     vgi_error *err)
{
    int fd = -1;
    int rc = vgi__unix_connect(path, o->connect_timeout_ms, &fd, err);

    return rc == VGI_OK ? open_fds(out, fd, fd, NULL, o, err) : rc;
}

static int open_url(vgi_client **out, const char *url, const vgi_client_options *o,
                    vgi_error *err)
{
    return vgi_client_open_http(out, url, NULL, o, err);
}

static const struct scheme {
    const char *prefix;
    int (*open)(vgi_client **out, const char *where, const vgi_client_options *o,
                vgi_error *err);
    bool whole; /* `where` is the URL, and not what follows the prefix */
} schemes[] = {
    { "exec:", open_exec, false },
    { "unix:", open_unix, false },
    { "http://", open_url, true },
    { "https://", open_url, true },
};

int vgi_client_open(vgi_client **out, const char *url, const vgi_client_options *options,
                    vgi_error *err)
{
    vgi_client_options o;
    char echo[VGI_ECHO_SIZE];
    int rc = vgi__client_options(options, &o, err);

    if (rc != VGI_OK)
        return rc;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        const size_t n = strlen(schemes[i].prefix);
        if (strncmp(url, schemes[i].prefix, n) == 0)
            return schemes[i].open(out, schemes[i].whole ? url : url + n, &o, err);
    }
    vgi__echo(echo, vgi_str_from(url));
    if (strstr(url, "://"))
        return vgi__fail(err, VGI_ENOTSUP, NULL,
                         "cannot connect to %s: this build knows exec:, unix:, http:// "
                         "and https:// only",
                         echo);
    return vgi__fail(
        err, VGI_EINVAL, "ValueError",
        "\"%s\" is no server: write exec:COMMAND, unix:PATH or http://HOST:PORT", echo);
}

int vgi_client_open_fds(vgi_client **out, int in_fd, int out_fd,
                        const vgi_client_options *options, vgi_error *err)
{
    vgi_client_options o;
    int rc = vgi__client_options(options, &o, err);

    return rc == VGI_OK ? open_fds(out, in_fd, out_fd, NULL, &o, err) : rc;
}

void vgi_client_close(vgi_client *client)
{
    if (!client)
        return;
    if (client->stream)
        vgi__stream_orphan(client->stream);
    for (size_t i = 0; i < VGI__RECORD_CACHE; i++) {
        vgi__builder_free(client->compiled[i].builder);
        vgi__record_free(client->compiled[i].record);
    }
    if (client->channel)
        client->channel->ops->close(client->channel);
    if (client->external)
        client->external->free(client->external);
    vgi__batch_free(&client->answer);
    vgi__batch_free(&client->skipped);
    vgi__client_shm_free(client->shm);
    vgi__failure_free(&client->failure);
    vgi_arena_free(&client->scratch);
    vgi__free(client->allocator, client->pairs);
    vgi__free(client->allocator, client->protocol);
    vgi__free(client->allocator, client->protocol_version);
    vgi__free(client->allocator, client);
}

const vgi_remote_failure *vgi_client_failure(const vgi_client *client)
{
    return client->failure.set ? &client->failure.info : NULL;
}
