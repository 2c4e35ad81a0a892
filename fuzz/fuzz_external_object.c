/* SPDX-License-Identifier: Apache-2.0 */
/* A pointer batch and the object that it leads to, as a server and as a client follow it;
 * and its URL, wherever that leads. */
#include <stdlib.h>
#include <string.h>

#include "arrow/reader.h"
#include "base/endian.h"
#include "base/fail.h"
#include "external/external.h"
#include "external/range.h"
#include "http/client/url.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

/* Nothing is asked of the network. */
static int refuse(void *user, vgi_str url, vgi_error *err)
{
    (void)user, (void)url;
    return vgi__fail(err, VGI_EINVAL, NULL, "not from here");
}

static int on_log(void *user, const vgi_batch *b, vgi_error *err)
{
    (void)user, (void)err;
    require(vgi__batch_classify(b) == VGI__BATCH_LOG);
    return VGI_OK;
}

static void look_at_url(vgi_str url)
{
    char *text = strndup(url.data, url.len), name[VGI_ECHO_SIZE];
    vgi__buffer joined;
    int64_t total;

    require(text);
    vgi__buffer_init(&joined, NULL, SIZE_MAX);
    (void)vgi__url_check(text, true, NULL);
    (void)vgi__url_join("https://user:word@host/path?query", url, &joined, NULL);
    (void)vgi__external_is_presigned(text);
    (void)vgi__range_total(url, 0, 0, &total);
    (void)vgi__external_name(name, text);
    require(!strchr(name, '?') && !strchr(name, '#'));
    vgi__buffer_free(&joined);
    free(text);
}

/* What comes of a pointer can be used, and kept. */
static void follow(vgi_external *x, vgi__block *pointer,
                   const vgi__external_client *client)
{
    vgi__resolver *r;
    vgi_batch b, *kept = NULL;
    vgi_str url;

    require(vgi__resolver_new(&r, x, NULL, NULL, NULL) == VGI_OK);
    vgi__batch_init(&b, NULL);
    if (vgi__stream_decode(&b, pointer->data, pointer->size, pointer, NULL, NULL, NULL) ==
        VGI_OK) {
        if (vgi_metadata_get(&b.metadata, VGI_KEY_LOCATION, &url) && url.len > 0)
            look_at_url(url);
        if (vgi__resolve(r, &b, client, NULL) == VGI_OK) {
            require(b.root && vgi_batch_retain(&b, &kept, NULL) == VGI_OK);
            vgi_batch_unref(kept);
        }
    }
    vgi__batch_free(&b);
    vgi__resolver_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const vgi__external_client client = { on_log, NULL };
    vgi_storage storage;
    vgi_external *x;
    vgi_arena mem = { 0 };
    vgi_str url;

    if (size < 2 || size - 2 < vgi__load16(data))
        return 0;
    const size_t n = vgi__load16(data);
    look_at_url((vgi_str){ (const char *)data + 2, n });
    const vgi_storage_object object = { .size = sizeof(object),
                                        .data = { data + 2 + n, size - 2 - n } };
    require(vgi_memory_storage(&storage, NULL) == VGI_OK);
    const vgi_external_options o = {
        .size = sizeof(o), .storage = &storage, .validator = refuse, .no_retries = true
    };
    require(vgi_external_new(&x, &o, NULL) == VGI_OK);
    require(storage.upload(storage.user, &object, &mem, &url, NULL) == VGI_OK);
    vgi__block *pointer = vgi__block_new(NULL, n);
    require(pointer);
    memcpy(pointer->data, data + 2, n);
    pointer->size = n;
    follow(x, pointer, NULL);
    follow(x, pointer, &client);
    vgi__block_unref(pointer);
    vgi_external_free(x);
    vgi_arena_free(&mem);
    return 0;
}
