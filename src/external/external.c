/* SPDX-License-Identifier: Apache-2.0 */
/* Making a vgi_external: its options are checked, and the defaults filled in. */
#include "external/external.h"

#include <string.h>

#include "base/alloc.h"

#define HEAD_BYTES ((size_t)64 << 10)
#define MOST_CONNECT_MS 10000

/* ---- options ---- */

static int set_bytes(int64_t *value, const char *name, int64_t otherwise, vgi_error *err)
{
    if (*value < 0)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "%s is %lld: it cannot be less "
                         "than 0",
                         name, (long long)*value);
    if (*value == 0)
        *value = otherwise;
    return VGI_OK;
}

static void set_default(unsigned *value, unsigned otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static int set_sizes(vgi_external_options *o, vgi_error *err)
{
    int rc = set_bytes(&o->threshold_bytes, "threshold_bytes", INT64_C(1) << 20, err);

    if (rc == VGI_OK)
        rc = set_bytes(&o->max_fetch_bytes, "max_fetch_bytes", INT64_C(256) << 20, err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->max_decompressed_bytes, "max_decompressed_bytes",
                       o->max_fetch_bytes <= INT64_MAX / 16 ? 16 * o->max_fetch_bytes
                                                            : INT64_MAX,
                       err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->parallel_bytes, "parallel_bytes", INT64_C(64) << 20, err);
    if (rc == VGI_OK)
        rc = set_bytes(&o->chunk_bytes, "chunk_bytes", INT64_C(8) << 20, err);
    return rc;
}

static int set_compression(vgi_external *x, vgi_error *err)
{
    vgi_external_options *o = &x->options;
    char echo[VGI_ECHO_SIZE];

    x->coding = o->compression ? vgi__coding_parse(vgi_str_from(o->compression))
                               : VGI__CODING_IDENTITY;
    if (!vgi__coding_available(x->coding))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "compression '%s' is not \"zstd\" or \"gzip\", or not in this "
                         "build",
                         vgi__echo(echo, vgi_str_from(o->compression)));
    const int most = x->coding == VGI__CODING_ZSTD ? 19 : 9;
    if (o->compression_level < 0 || o->compression_level > most)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "compression_level is %d: it can be from 1 to %d",
                         o->compression_level, most);
    if (o->compression_level == 0)
        o->compression_level = x->coding == VGI__CODING_ZSTD ? 3 : 6;
    return VGI_OK;
}

static int read_options(vgi_external *x, const vgi_external_options *given,
                        vgi_error *err)
{
    vgi_external_options *o = &x->options;

    if (!given || given->size < sizeof(given->size))
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the options have no size: set .size = "
                         "sizeof(vgi_external_options)");
    memcpy(o, given, given->size < sizeof(*o) ? given->size : sizeof(*o));
    set_default(&o->timeout_ms, 60000);
    set_default(&o->retries, 2);
    set_default(&o->connections, 8);
    set_default(&o->hedges, 4);
    set_default(&o->max_redirects, 5);
    if (o->no_retries)
        o->retries = 0;
    if (o->no_hedges)
        o->hedges = 0;
    int rc = set_sizes(o, err);
    return rc == VGI_OK ? set_compression(x, err) : rc;
}

static int copy_storage(vgi_external *x, vgi_error *err)
{
    const vgi_storage *given = x->options.storage;

    x->options.storage = NULL;
    if (!given)
        return VGI_OK;
    if (given->size < sizeof(given->size) || !given->upload)
        return vgi__fail(err, VGI_EINVAL, "ValueError",
                         "the storage has no size, or no upload");
    memcpy(&x->storage, given,
           given->size < sizeof(x->storage) ? given->size : sizeof(x->storage));
    return VGI_OK;
}

/* ---- what servers see ---- */

static int upload_url(const vgi__filter_source *s, vgi_arena *mem, vgi_upload_url *out,
                      vgi_error *err)
{
    const vgi_external *x = (const vgi_external *)(const void *)s;

    return x->storage.upload_url(x->storage.user, mem, out, err);
}

static void set_source(vgi_external *x)
{
    x->source =
        (vgi__filter_source){ .stores = x->storage.upload != NULL,
                              .upload_bytes = x->options.max_fetch_bytes,
                              .filter_new = vgi__external_server_filter,
                              .upload_url = x->storage.upload_url ? upload_url : NULL };
}

/* ---- life ---- */

int vgi_external_new(vgi_external **out, const vgi_external_options *options,
                     vgi_error *err)
{
    vgi_external *x = vgi__calloc(NULL, 1, sizeof(*x));
    int rc;

    if (!x)
        return vgi__fail_nomem(err);
    rc = read_options(x, options, err);
    if (rc == VGI_OK) {
        const vgi_external_options *o = &x->options;
        const vgi__transfer_options transfer = {
            .public_only = !o->allow_private,
            .ca_file = o->ca_file,
            .connect_ms =
                o->timeout_ms < MOST_CONNECT_MS ? o->timeout_ms : MOST_CONNECT_MS,
            .head_bytes = HEAD_BYTES,
        };

        rc = vgi__transfer_pool_new(&x->pool, &transfer, err);
    }
    /* Last: of a failure the storage stays the caller's. */
    if (rc == VGI_OK)
        rc = copy_storage(x, err);
    if (rc != VGI_OK) {
        x->storage.close = NULL;
        vgi_external_free(x);
        return rc;
    }
    set_source(x);
    *out = x;
    return VGI_OK;
}

void vgi_external_free(vgi_external *external)
{
    if (!external)
        return;
    if (external->storage.close)
        external->storage.close(external->storage.user);
    vgi__transfer_pool_free(external->pool);
    vgi__free(NULL, external);
}

void vgi_external_stats(const vgi_external *external, vgi_external_statistics *stats)
{
    const vgi_external_statistics all = {
        .size = stats->size,
        .uploads = atomic_load(&external->uploads),
        .upload_bytes = atomic_load(&external->upload_bytes),
        .upload_failures = atomic_load(&external->upload_failures),
        .fetches = atomic_load(&external->fetches),
        .fetch_bytes = atomic_load(&external->fetch_bytes),
        .fetch_failures = atomic_load(&external->fetch_failures),
        .retries = atomic_load(&external->retries),
        .fetch_ns = atomic_load(&external->fetch_ns),
        .hedges = atomic_load(&external->hedges),
    };

    memcpy(stats, &all, stats->size < sizeof(all) ? stats->size : sizeof(all));
}
