/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are too big for the server, but not for its store: the server names a
 * place, the request is put there, and a pointer to it is sent instead. Its metadata
 * travels with both: the pointer's leads to the method, the other is the handler's.
 */
#include <string.h>

#include "arrow/builder.h"
#include "arrow/reader.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "client/http.h"
#include "external/filter.h"
#include "wire/wire.h"

/* A place that the server has named. */
typedef struct place {
    char *put, *get; /* owned */
} place;

bool vgi__http_may_upload(const vgi__http_peer *p, size_t bytes)
{
    return p->too_large && p->uploads && p->external &&
           (p->max_upload == 0 || (uint64_t)bytes <= (uint64_t)p->max_upload);
}

int vgi__http_write(vgi__writer *w, const vgi__outgoing *out, vgi_error *err)
{
    const vgi_metadata *metadata = &out->metadata;
    int rc = vgi__writer_schema(w, out->schema, err);

    if (rc == VGI_OK)
        rc = out->array ? vgi__writer_batch(w, out->array, metadata, err)
                        : vgi__writer_empty_batch(w, metadata, err);
    if (rc == VGI_OK)
        rc = vgi__writer_eos(w, err);
    if (rc != VGI_OK)
        vgi__writer_clear(w);
    return rc;
}

/* ---- the place ---- */

/* A request for one. */
static int write_count(vgi__writer *w, const vgi_allocator *a, vgi_error *err)
{
    static const vgi_column column = { .name = "count", .format = "l" };
    const vgi_pair pairs[] = {
        { VGI_LIT(VGI_KEY_METHOD), VGI_LIT(VGI_METHOD_UPLOAD_URL) },
        { VGI_LIT(VGI_KEY_REQUEST_VERSION), VGI_LIT(VGI_REQUEST_VERSION) },
    };
    const int64_t count = 1;
    struct ArrowArray *row = NULL;
    vgi_schema *schema = NULL;
    vgi__builder *b = NULL;
    int rc = vgi_schema_build(&schema, &column, 1, err);

    if (rc == VGI_OK)
        rc = vgi__builder_new(&b, schema, NULL, a, err);
    if (rc == VGI_OK && vgi__builder_fixed(b, 1, &count) != VGI_OK)
        rc = vgi__fail_nomem(err);
    if (rc == VGI_OK)
        rc = vgi__builder_finish(b, 1, &row, err);
    if (rc == VGI_OK)
        rc = vgi__http_write(
            w,
            &(vgi__outgoing){ .schema = schema, .array = row, .metadata = { pairs, 2 } },
            err);
    vgi__builder_free(b);
    vgi_schema_unref(schema);
    return rc;
}

static int take_url(const vgi__http_peer *p, const vgi_batch *b, const char *column,
                    char **url, vgi_error *err)
{
    vgi_str text = { NULL, 0 };

    if (vgi_batch_rows(b) != 1 || vgi_batch_str(b, column, 0, &text) != VGI_OK ||
        !text.data || memchr(text.data, '\0', text.len))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "the server answered a request for an upload URL without '%s'",
                         column);
    *url = vgi__strndup(p->allocator, text.data, text.len);
    return *url ? vgi__external_check(p->external, *url, err) : vgi__fail_nomem(err);
}

/* The first batch that is no log. */
static int read_place(const vgi__http_peer *p, const vgi__http_body *body, place *to,
                      vgi_error *err)
{
    char echo[VGI_ECHO_SIZE];
    vgi_str message = VGI_LIT("");
    vgi_batch b;
    int rc;

    vgi__batch_init(&b, p->allocator);
    rc = vgi__stream_decode(&b, body->block->data, body->len, body->block, NULL,
                            p->allocator, err);
    if (rc == VGI_END)
        rc = vgi__fail(err, VGI_EPROTO, NULL, "the server named no upload URL");
    if (rc == VGI_OK && vgi__batch_classify(&b) == VGI__BATCH_ERROR) {
        (void)vgi_metadata_get(&b.metadata, VGI_KEY_LOG_MESSAGE, &message);
        rc = vgi__fail(err, VGI_EREMOTE, "RuntimeError",
                       "the server made no upload URL: %s", vgi__echo(echo, message));
    }
    if (rc == VGI_OK)
        rc = take_url(p, &b, "upload_url", &to->put, err);
    if (rc == VGI_OK)
        rc = take_url(p, &b, "download_url", &to->get, err);
    vgi__batch_free(&b);
    return rc;
}

static int ask_for_place(vgi__http_peer *p, vgi__writer *w, place *to, vgi_error *err)
{
    const vgi__http_route route = { .method = VGI_LIT(VGI_METHOD_UPLOAD_URL),
                                    .tail = "/init",
                                    .idempotent = true };
    vgi__http_body body;
    int rc = write_count(w, p->allocator, err);

    if (rc == VGI_OK)
        rc = vgi__http_post(p, &route, w, &body, err);
    if (rc != VGI_OK)
        return rc;
    rc = read_place(p, &body, to, err);
    vgi__block_unref(body.block);
    return rc;
}

/* ---- the request ---- */

static int put(const vgi__http_peer *p, vgi__writer *request, const place *to,
               vgi_error *err)
{
    struct iovec *iov;
    size_t n;
    int rc = vgi__writer_view(request, &iov, &n, err);

    if (rc == VGI_OK)
        rc = vgi__external_put(p->external, to->put, iov, n, err);
    vgi__writer_clear(request);
    return rc;
}

static int write_pointer(const vgi__http_peer *p, vgi__writer *w,
                         const vgi__outgoing *out, const place *to, vgi_error *err)
{
    const vgi_metadata *metadata = &out->metadata;
    vgi_pair *pairs = vgi__calloc(p->allocator, metadata->count + 1, sizeof(*pairs));
    int rc;

    if (!pairs)
        return vgi__fail_nomem(err);
    if (metadata->count > 0)
        memcpy(pairs, metadata->pairs, metadata->count * sizeof(*pairs));
    pairs[metadata->count] =
        (vgi_pair){ VGI_LIT(VGI_KEY_LOCATION), vgi_str_from(to->get) };
    const vgi__outgoing pointer = { .schema = out->schema,
                                    .metadata = { pairs, metadata->count + 1 } };
    rc = vgi__http_write(w, &pointer, err);
    vgi__free(p->allocator, pairs);
    return rc;
}

int vgi__http_post_uploaded(vgi__http_peer *p, const vgi__http_route *route,
                            vgi__writer *w, const vgi__outgoing *out,
                            vgi__http_body *body, vgi_error *err)
{
    place to = { NULL, NULL };
    int rc = ask_for_place(p, w, &to, err);

    if (rc == VGI_OK)
        rc = vgi__http_write(w, out, err);
    if (rc == VGI_OK)
        rc = put(p, w, &to, err);
    if (rc == VGI_OK)
        rc = write_pointer(p, w, out, &to, err);
    if (rc == VGI_OK)
        rc = vgi__http_post(p, route, w, body, err);
    vgi__free(p->allocator, to.put);
    vgi__free(p->allocator, to.get);
    return rc;
}
