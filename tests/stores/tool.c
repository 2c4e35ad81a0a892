/* SPDX-License-Identifier: Apache-2.0 */
/* The stores from the command line, for tests.
 *
 *     store-tool s3|gcs upload FILE [OPTION=VALUE...]     prints the object's URL
 *     store-tool s3|gcs urls [OPTION=VALUE...]            prints a PUT URL and a GET URL
 *
 * Options are named like the members of vgi_s3_options and vgi_gcs_options; "times=N"
 * repeats, "coding=zstd" is said of the object. A failure is printed as its status and
 * message, with exit code 1. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vgirpc/gcs.h>
#include <vgirpc/s3.h>

typedef struct job {
    const char *file, *coding;
    unsigned times;
    vgi_s3_options s3;
    vgi_gcs_options gcs;
} job;

static bool set_text(job *j, const char *name, const char *value)
{
    const struct {
        const char *name, **s3, **gcs;
    } texts[] = {
        { "bucket", &j->s3.bucket, &j->gcs.bucket },
        { "prefix", &j->s3.prefix, &j->gcs.prefix },
        { "endpoint", &j->s3.endpoint, &j->gcs.endpoint },
        { "credentials_file", &j->s3.credentials_file, &j->gcs.credentials_file },
        { "region", &j->s3.region, NULL },
        { "access_key_id", &j->s3.access_key_id, NULL },
        { "secret_access_key", &j->s3.secret_access_key, NULL },
        { "session_token", &j->s3.session_token, NULL },
        { "profile", &j->s3.profile, NULL },
        { "access_token", NULL, &j->gcs.access_token },
        { "signer_email", NULL, &j->gcs.signer_email },
        { "signer_endpoint", NULL, &j->gcs.signer_endpoint },
        { "coding", &j->coding, NULL },
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].name, name) != 0)
            continue;
        if (texts[i].s3)
            *texts[i].s3 = value;
        if (texts[i].gcs)
            *texts[i].gcs = value;
        return true;
    }
    return false;
}

static bool set_number(job *j, const char *name, unsigned value)
{
    if (strcmp(name, "presign_expiry_s") == 0)
        j->s3.presign_expiry_s = j->gcs.presign_expiry_s = value;
    else if (strcmp(name, "timeout_ms") == 0)
        j->s3.timeout_ms = j->gcs.timeout_ms = value;
    else if (strcmp(name, "retries") == 0)
        j->s3.retries = j->gcs.retries = value;
    else if (strcmp(name, "no_retries") == 0)
        j->s3.no_retries = j->gcs.no_retries = value != 0;
    else if (strcmp(name, "multipart_bytes") == 0)
        j->s3.multipart_bytes = value;
    else if (strcmp(name, "virtual_host") == 0)
        j->s3.addressing = value ? VGI_S3_VIRTUAL_HOST : VGI_S3_PATH;
    else if (strcmp(name, "times") == 0)
        j->times = value;
    else
        return false;
    return true;
}

static bool set_option(job *j, char *argument)
{
    char *equals = strchr(argument, '=');
    if (!equals)
        return false;
    *equals = '\0';
    return set_text(j, argument, equals + 1) ||
           set_number(j, argument, (unsigned)strtoul(equals + 1, NULL, 10));
}

static int failed(int rc, const vgi_error *err)
{
    printf("%s %s\n", vgi_status_name(rc), err->message);
    return 1;
}

static bool read_file(const char *path, vgi_bytes *out)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        return false;
    const long size = ftell(f);
    rewind(f);
    uint8_t *data = malloc((size_t)size + 1);
    const bool whole = data && fread(data, 1, (size_t)size, f) == (size_t)size;
    fclose(f);
    *out = (vgi_bytes){ data, (size_t)size };
    return whole;
}

static int upload(const vgi_storage *store, const job *j)
{
    vgi_storage_object object = { .size = sizeof(object),
                                  .content_type = "application/vnd.apache.arrow.stream",
                                  .content_encoding = j->coding };
    vgi_arena mem = { 0 };
    vgi_error err = { 0 };
    vgi_str url;
    if (!read_file(j->file, &object.data)) {
        perror(j->file);
        return 2;
    }
    int rc = VGI_OK;
    for (unsigned i = 0; rc == VGI_OK && i < j->times; i++) {
        rc = store->upload(store->user, &object, &mem, &url, &err);
        if (rc == VGI_OK)
            printf(VGI_STR_FMT "\n", VGI_STR_ARG(url));
    }
    free((void *)(uintptr_t)object.data.data);
    vgi_arena_free(&mem);
    return rc == VGI_OK ? 0 : failed(rc, &err);
}

static int urls(const vgi_storage *store)
{
    vgi_arena mem = { 0 };
    vgi_error err = { 0 };
    vgi_upload_url out = { .size = sizeof(out) };
    const int rc = store->upload_url(store->user, &mem, &out, &err);
    if (rc == VGI_OK)
        printf(VGI_STR_FMT "\n" VGI_STR_FMT "\n%lld\n", VGI_STR_ARG(out.put_url),
               VGI_STR_ARG(out.get_url), (long long)out.expires_at_us);
    vgi_arena_free(&mem);
    return rc == VGI_OK ? 0 : failed(rc, &err);
}

int main(int argc, char **argv)
{
    job j = { .times = 1,
              .s3 = { .size = sizeof(j.s3) },
              .gcs = { .size = sizeof(j.gcs) } };
    const bool is_upload = argc > 3 && strcmp(argv[2], "upload") == 0;
    const bool is_urls = argc > 2 && strcmp(argv[2], "urls") == 0;
    if (!is_upload && !is_urls)
        return 2;
    j.file = argv[3];
    for (int i = is_upload ? 4 : 3; i < argc; i++) {
        if (!set_option(&j, argv[i])) {
            fprintf(stderr, "option %s?\n", argv[i]);
            return 2;
        }
    }
    vgi_storage store;
    vgi_error err = { 0 };
    int rc = strcmp(argv[1], "s3") == 0 ? vgi_s3_storage(&store, &j.s3, &err)
                                        : vgi_gcs_storage(&store, &j.gcs, &err);
    if (rc != VGI_OK)
        return failed(rc, &err);
    rc = is_upload ? upload(&store, &j) : urls(&store);
    store.close(store.user);
    return rc;
}
