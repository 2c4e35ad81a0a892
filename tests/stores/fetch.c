/* SPDX-License-Identifier: Apache-2.0 */
/* Fetch an object as pointers are followed, with its digest, and tell what it took:
 *
 *     fetch-tool URL [OPTION=VALUE...]
 *
 * prints its bytes; microseconds of the fetch by the clock and of the processor, and of
 * the digest by the processor; the peak memory in KiB; the digest. Options are numbers of
 * vgi_external_options. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/openssl/digest.h"
#include "external/external.h"

static bool set_option(vgi_external_options *o, const char *argument)
{
    const struct {
        const char *name;
        int64_t *bytes;
        unsigned *number;
    } options[] = {
        { "max_fetch_bytes=", &o->max_fetch_bytes, NULL },
        { "parallel_bytes=", &o->parallel_bytes, NULL },
        { "chunk_bytes=", &o->chunk_bytes, NULL },
        { "connections=", NULL, &o->connections },
        { "timeout_ms=", NULL, &o->timeout_ms },
        { "hedges=", NULL, &o->hedges },
        { "retries=", NULL, &o->retries },
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        const size_t n = strlen(options[i].name);

        if (strncmp(argument, options[i].name, n) != 0)
            continue;
        if (options[i].bytes)
            *options[i].bytes = strtoll(argument + n, NULL, 10);
        else
            *options[i].number = (unsigned)strtoul(argument + n, NULL, 10);
        return true;
    }
    return false;
}

static int64_t us_of(const struct timeval *t)
{
    return (int64_t)t->tv_sec * 1000000 + t->tv_usec;
}

/* Of the processor, so far, in this process. */
static int64_t used_us(struct rusage *usage)
{
    getrusage(RUSAGE_SELF, usage);
    return us_of(&usage->ru_utime) + us_of(&usage->ru_stime);
}

static int fetch(vgi_external *x, const char *url, vgi_error *err)
{
    vgi__attempt attempt = vgi__attempt_first(x);
    const uint64_t began = vgi__clock_ns();
    vgi__object o = { NULL, 0 };
    uint8_t digest[32];
    char hex[65] = "";
    struct rusage usage;
    int rc;

    do
        rc = vgi__external_fetch(&attempt, url, &o, err);
    while (rc != VGI_OK && vgi__attempt_next(&attempt));
    if (rc != VGI_OK)
        return rc;
    const uint64_t took_us = (vgi__clock_ns() - began) / 1000;
    const int64_t used = used_us(&usage);
    const struct iovec all = { o.block ? o.block->data : NULL, o.len };
    rc = vgi__digest_sha256(&all, o.len > 0, digest, err);
    const int64_t digest_us = used_us(&usage) - used;
    vgi__hex(hex, digest, sizeof(digest));
    printf("%zu %" PRIu64 " %" PRId64 " %" PRId64 " %ld %s\n", o.len, took_us, used,
           digest_us, usage.ru_maxrss, hex);
    vgi__block_unref(o.block);
    return rc;
}

int main(int argc, char **argv)
{
    vgi_external_options o = { .size = sizeof(o),
                               .allow_http = true,
                               .allow_private = true };
    vgi_external *x = NULL;
    vgi_error err = { 0 };

    for (int i = 2; i < argc; i++)
        if (!set_option(&o, argv[i]))
            return 2;
    if (argc < 2)
        return 2;
    int rc = vgi_external_new(&x, &o, &err);
    if (rc == VGI_OK)
        rc = fetch(x, argv[1], &err);
    if (rc != VGI_OK)
        printf("%s %s\n", vgi_status_name(rc), err.message);
    vgi_external_free(x);
    return rc != VGI_OK;
}
