/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/inflate.h"

#include <string.h>

#include "base/checked.h"
#include "base/endian.h"
#include "base/fail.h"
#include "codec/codec.h"

#define SIZE_BYTES 8 /* the size before a compressed buffer */
#define STORED (-1)

/* What a buffer turns out to be. */
typedef struct form {
    vgi_bytes data; /* the frame, or the bytes as they are */
    int64_t size;   /* of the decoded bytes */
    bool framed;
} form;

static int examine(const vgi__inflater *f, vgi_bytes raw, form *out, vgi_error *err)
{
    *out = (form){ raw, (int64_t)raw.len, false };
    if (f->codec == VGI__CODEC_NONE || raw.len == 0)
        return VGI_OK;
    if (raw.len < SIZE_BYTES)
        return vgi__fail(err, VGI_EPROTO, NULL, "compressed Arrow buffer of %zu bytes",
                         raw.len);
    int64_t declared = vgi__loadi64(raw.data);
    out->data = (vgi_bytes){ raw.data + SIZE_BYTES, raw.len - SIZE_BYTES };
    out->framed = declared != STORED;
    out->size = out->framed ? declared : (int64_t)out->data.len;
    if (out->size < 0)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "compressed Arrow buffer declares a size of %lld",
                         (long long)declared);
    return VGI_OK;
}

static bool in_place(const form *x)
{
    return x->size == 0 || (!x->framed && ((uintptr_t)x->data.data & 7) == 0);
}

/* Bytes of all buffers of the table that cannot stay in place. Ranges outside of the body
 * are left for the caller to find. */
static int measure(const vgi__inflater *f, const uint8_t *table, uint32_t count,
                   size_t *total, vgi_error *err)
{
    int64_t framed = 0;
    int64_t all = 0;
    for (uint32_t i = 0; i < count; i++, table += 16) {
        uint64_t offset = vgi__load64(table);
        uint64_t len = vgi__load64(table + 8);
        if (offset > f->body.len || len > f->body.len - offset)
            continue;
        form x;
        int rc = examine(f, (vgi_bytes){ f->body.data + offset, (size_t)len }, &x, err);
        if (rc != VGI_OK)
            return rc;
        if (in_place(&x))
            continue;
        if (x.framed && (x.size > f->limit || (framed += x.size) > f->limit))
            return vgi__fail(
                err, VGI_ELIMIT, NULL,
                "compressed Arrow body expands beyond the limit of %lld bytes",
                (long long)f->limit);
        if (vgi__add_i64(all, vgi__pad8(x.size), &all))
            return vgi__fail_nomem(err);
    }
    *total = (size_t)all;
    return VGI_OK;
}

int vgi__inflate_reserve(vgi__inflater *f, size_t total, vgi__block **spare,
                         vgi_error *err)
{
    if (spare && *spare && vgi__block_unique(*spare) && (*spare)->size >= total) {
        f->block = vgi__block_ref(*spare);
        return VGI_OK;
    }
    if (spare) { /* first, so that there is never one too many */
        vgi__block_unref(*spare);
        *spare = NULL;
    }
    f->block = vgi__block_new(f->allocator, total);
    if (!f->block)
        return vgi__fail_nomem(err);
    if (spare)
        *spare = vgi__block_ref(f->block);
    return VGI_OK;
}

void vgi__inflate_copy(vgi__inflater *f, vgi_bytes *buffer)
{
    uint8_t *out = f->block->data + f->used;

    memcpy(out, buffer->data, buffer->len);
    f->used += (size_t)vgi__pad8((int64_t)buffer->len);
    buffer->data = out;
}

int vgi__inflate(vgi__inflater *f, vgi_bytes *buffer, const uint8_t *table,
                 uint32_t count, vgi__block **spare, vgi_error *err)
{
    form x;
    int rc = examine(f, *buffer, &x, err);
    if (rc != VGI_OK)
        return rc;
    if (in_place(&x)) {
        *buffer = (vgi_bytes){ x.data.data, (size_t)x.size };
        return VGI_OK;
    }
    if (!f->block) {
        size_t total = 0;
        rc = measure(f, table, count, &total, err);
        if (rc == VGI_OK)
            rc = vgi__inflate_reserve(f, total, spare, err);
        if (rc != VGI_OK)
            return rc;
    }
    uint8_t *out = f->block->data + f->used;
    size_t size = (size_t)x.size;
    f->used += (size_t)vgi__pad8(x.size);
    f->inflated += x.framed ? x.size : 0;
    if (!x.framed)
        memcpy(out, x.data.data, size);
    else if (f->codec == VGI__CODEC_LZ4)
        rc = vgi__lz4_frame_decode(out, size, x.data.data, x.data.len, err);
    else
        rc = vgi__zstd_decode(out, size, x.data.data, x.data.len, err);
    *buffer = (vgi_bytes){ out, size };
    return rc;
}
