/* SPDX-License-Identifier: Apache-2.0 */
/* The store of the reference's suites: `--fake-storage URL`.
 *
 * POST URL/alloc makes an object's URL, to which its bytes are PUT and from which they
 * are fetched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vgirpc/external.h>
#include <vgirpc/sys/http.h>

#include "types.h"

#define DEFAULT_THRESHOLD 4096
#define LIFE_US INT64_C(3600000000)

static struct {
    vgi_http_pool *pool;
    char alloc_url[512];
} fake;

static int failed(vgi_error *err, int code, const char *what, int http)
{
    if (err) {
        *err = (vgi_error){ .code = code };
        snprintf(err->type, sizeof(err->type), "RuntimeError");
        snprintf(err->message, sizeof(err->message), "fake storage: %s: HTTP %d", what,
                 http);
    }
    return code;
}

static int run(vgi_http_transfer *t, vgi_arena *mem, vgi_http_answer *answer,
               vgi_error *err)
{
    int rc;

    t->size = sizeof(*t);
    rc = vgi_http_transfer_run(fake.pool, t, mem, answer, err);
    if (rc == VGI_OK && (answer->status < 200 || answer->status > 299))
        rc = failed(err, VGI_EIO, t->method, answer->status);
    return rc;
}

/* The URL of a new object, NUL-terminated, in `mem`. */
static int allocate(vgi_arena *mem, const char **url, vgi_error *err)
{
    static const char *const headers[] = { "Content-Type: application/json" };
    static const char key[] = "\"object_url\": \"";
    vgi_http_transfer t = { .method = "POST",
                            .url = fake.alloc_url,
                            .headers = headers,
                            .n_headers = 1,
                            .body = { (const uint8_t *)"{}", 2 } };
    vgi_http_answer answer;
    char *text;
    int rc = run(&t, mem, &answer, err);

    if (rc != VGI_OK)
        return rc;
    if (!(text = vgi_arena_alloc(mem, answer.body.len + 1)))
        return VGI_ENOMEM;
    memcpy(text, answer.body.data, answer.body.len);
    text[answer.body.len] = '\0';
    char *begin = strstr(text, key);
    char *end = begin ? strchr(begin + sizeof(key) - 1, '"') : NULL;
    if (!end)
        return failed(err, VGI_EPROTO, "no object_url", answer.status);
    *end = '\0';
    *url = begin + sizeof(key) - 1;
    return VGI_OK;
}

static int upload(void *user, const vgi_storage_object *object, vgi_arena *mem,
                  vgi_str *url, vgi_error *err)
{
    char encoding[64];
    const char *headers[] = { "Content-Type: application/octet-stream", encoding };
    vgi_http_transfer t = { .method = "PUT",
                            .headers = headers,
                            .n_headers = object->content_encoding ? 2 : 1,
                            .body = object->data };
    vgi_http_answer answer;
    int rc;

    (void)user;
    if (object->content_encoding)
        snprintf(encoding, sizeof(encoding), "Content-Encoding: %s",
                 object->content_encoding);
    if ((rc = allocate(mem, &t.url, err)) == VGI_OK)
        rc = run(&t, mem, &answer, err);
    *url = vgi_str_from(t.url);
    return rc;
}

static int upload_url(void *user, vgi_arena *mem, vgi_upload_url *out, vgi_error *err)
{
    const char *url = NULL;
    int rc = allocate(mem, &url, err);

    (void)user;
    out->put_url = out->get_url = vgi_str_from(url);
    out->expires_at_us = (int64_t)time(NULL) * 1000000 + LIFE_US;
    return rc;
}

static void close_storage(void *user)
{
    (void)user;
    vgi_http_pool_free(fake.pool);
}

/* Take "--option VALUE" or "--option=VALUE" out of the command line; NULL: it is not
 * there. */
static const char *take(const char *option, int *argc, char **argv)
{
    const size_t n = strlen(option);

    for (int i = 1; i < *argc; i++) {
        const bool joined = strncmp(argv[i], option, n) == 0 && argv[i][n] == '=';
        const int words = joined ? 1 : 2;

        if (!joined && (strcmp(argv[i], option) != 0 || i + 1 == *argc))
            continue;
        const char *value = joined ? argv[i] + n + 1 : argv[i + 1];
        memmove(argv + i, argv + i + words,
                (size_t)(*argc - i - words + 1) * sizeof(*argv));
        *argc -= words;
        return value;
    }
    return NULL;
}

static int make_external(vgi_external **out, vgi_external_options *options,
                         const char *url, vgi_error *err)
{
    const vgi_storage storage = { .size = sizeof(storage),
                                  .upload = upload,
                                  .upload_url = upload_url,
                                  .close = close_storage };
    int rc = vgi_http_pool_new(&fake.pool, NULL, err);

    if (rc != VGI_OK)
        return rc;
    snprintf(fake.alloc_url, sizeof(fake.alloc_url), "%s/alloc", url);
    options->storage = &storage;
    rc = vgi_external_new(out, options, err);
    options->storage = NULL;
    return rc;
}

int64_t conformance_storage(int *argc, char **argv, vgi_external **external)
{
    vgi_external_options options = { .size = sizeof(options),
                                     .threshold_bytes = DEFAULT_THRESHOLD,
                                     .allow_http = true,
                                     .allow_private = true };
    const char *url = take("--fake-storage", argc, argv);
    const char *threshold = take("--externalize-threshold", argc, argv);
    vgi_error err;

    if (!url)
        return 0;
    options.compression = take("--compression", argc, argv);
    if (threshold)
        options.threshold_bytes = strtoll(threshold, NULL, 10);
    if (make_external(external, &options, url, &err) != VGI_OK) {
        fprintf(stderr, "--fake-storage: %s\n", err.message);
        exit(2);
    }
    return options.threshold_bytes;
}

void conformance_storage_end(vgi_external *external)
{
    vgi_external_free(external);
}
