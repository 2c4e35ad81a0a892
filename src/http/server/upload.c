/* SPDX-License-Identifier: Apache-2.0 */
/* `__upload_url__/init`: places to which a client may upload what is too big to send. */
#include "base/fail.h"
#include "http/server/app.h"

#define MOST_URLS 100

static const vgi_column columns[] = {
    { .name = "upload_url", .format = "u", .nullable = true },
    { .name = "download_url", .format = "u", .nullable = true },
    { .name = "expires_at", .format = "tsu:UTC", .nullable = true },
};

/* How many the request asks for; one when it does not say so in a way that we know. */
static int64_t wanted(const vgi_batch *request)
{
    vgi_i64s counts = { NULL, 0 };

    if (vgi_batch_i64(request, "count", &counts) != VGI_OK || counts.count != 1 ||
        counts.items[0] < 1)
        return 1;
    return counts.items[0] < MOST_URLS ? counts.items[0] : MOST_URLS;
}

static int append(const vgi__filter_source *source, vgi_arena *mem, vgi__builder *b,
                  vgi_error *err)
{
    vgi_upload_url url = { .size = sizeof(url) };
    int rc = source->upload_url(source, mem, &url, err);

    if (rc != VGI_OK)
        return rc;
    rc = vgi__builder_bytes(b, 1, url.put_url.data, url.put_url.len);
    if (rc == VGI_OK)
        rc = vgi__builder_bytes(b, 2, url.get_url.data, url.get_url.len);
    if (rc == VGI_OK)
        rc = vgi__builder_fixed(b, 3, &url.expires_at_us);
    return rc == VGI_OK ? rc : vgi__fail_nomem(err);
}

/* `n` places, on the writer. */
static int write_urls(vgi_call *c, vgi__builder *b, int64_t n)
{
    const vgi__filter_source *source = vgi__filter_source_of(c->options->external);
    struct ArrowArray *rows;
    int rc = VGI_OK;

    for (int64_t i = 0; rc == VGI_OK && i < n; i++)
        rc = append(source, &c->arena, b, &c->sink);
    if (rc == VGI_OK)
        rc = vgi__builder_finish(b, n, &rows, &c->sink);
    /* The writer may refer to the builder's memory, which goes before the response. */
    vgi__writer_copy(c->writer, true);
    if (rc == VGI_OK)
        rc = vgi__writer_batch(c->writer, rows, NULL, &c->sink);
    vgi__writer_copy(c->writer, false);
    return rc;
}

/* The answer on the writer. VGI_EREMOTE: with an exception in it. */
static int answer(vgi_call *c, int64_t n)
{
    const vgi_server_options *o = c->options;
    vgi_schema *schema = NULL;
    vgi__builder *b = NULL;
    int status, rc = vgi_schema_build(&schema, columns, 3, NULL);

    if (rc == VGI_OK)
        rc = vgi__builder_new(&b, schema, &o->limits, o->allocator, NULL);
    if (rc == VGI_OK)
        rc = vgi__writer_schema(c->writer, schema, NULL);
    status = rc == VGI_OK ? write_urls(c, b, n) : VGI_OK;
    if (status != VGI_OK) {
        (void)vgi__call_fail_status(c, status);
        rc = vgi__call_write_failure(c, NULL);
    }
    if (rc == VGI_OK)
        rc = vgi__writer_eos(c->writer, NULL);
    vgi__builder_free(b);
    vgi_schema_unref(schema);
    return rc == VGI_OK && status != VGI_OK ? VGI_EREMOTE : rc;
}

void vgi__app_upload_url(vgi__worker *w, const vgi__http_request *rq,
                         vgi__http_response *rs)
{
    vgi_call *c = &w->call;

    if (vgi__app_check_type(w, rq, rs) != VGI_OK ||
        vgi__app_read_batch(w, rq, rs) != VGI_OK)
        return;
    if (vgi__call_accept_own(c, VGI_METHOD_UPLOAD_URL) != VGI_OK) {
        vgi__app_refuse(w, 400, rs);
        return;
    }
    const int rc = answer(c, wanted(&c->request));
    if (rc == VGI_OK || rc == VGI_EREMOTE)
        vgi__app_send(w, rc == VGI_EREMOTE, rs);
    else
        vgi__app_unavailable(w, rs);
}
