/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes: decoding what may be a bomb.
 *
 * The decoders are asked for as much as the block has room for; the block doubles up to
 * the cap. A full block at the cap is no failure yet, as the data may end there: one byte
 * more is asked for, and only if it comes the body was too long. So no more than the cap
 * is ever held (with an allocator of the caller's, for the moment of growing, half of it
 * again), whatever the size of the input. A zstd frame that declares its size gets its
 * room at once and is decoded in one pass, without a window of its own.
 */
#include "http/coding/coding.h"

#include <strings.h>

#include "base/checked.h"
#include "base/fail.h"
#include "codec/codec.h"
#include "http/coding/gzip.h"

#define FIRST_BYTES ((size_t)16 << 10)

static const char *const names[] = {
    [VGI__CODING_IDENTITY] = "identity",
    [VGI__CODING_ZSTD] = "zstd",
    [VGI__CODING_GZIP] = "gzip",
};

/* One way of coding. */
typedef struct coder {
    int (*begin)(vgi_error *err);
    int (*step)(vgi__codec_span *s, vgi_error *err);
    int64_t (*declared)(const uint8_t *in, size_t n); /* NULL: it never tells */
    int (*encode)(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                  vgi_error *err);
} coder;

static const coder coders[] = {
    [VGI__CODING_ZSTD] = { vgi__zstd_begin, vgi__zstd_step, vgi__zstd_declared,
                           vgi__zstd_encode },
    [VGI__CODING_GZIP] = { vgi__gzip_begin, vgi__gzip_step, NULL, vgi__gzip_encode },
};

/* A body being decoded. */
typedef struct decoding {
    const coder *how;
    const char *name;
    vgi__codec_span span; /* of it `out` is set for each step */
    vgi__block *block;
    size_t len, cap;
    const vgi_allocator *allocator;
} decoding;

vgi__coding vgi__coding_parse(vgi_str token)
{
    for (size_t i = 0; i < VGI__CODING_UNKNOWN; i++)
        if (strlen(names[i]) == token.len &&
            strncasecmp(names[i], token.data, token.len) == 0)
            return (vgi__coding)i;
    return VGI__CODING_UNKNOWN;
}

const char *vgi__coding_name(vgi__coding c)
{
    return c < VGI__CODING_UNKNOWN ? names[c] : "unknown";
}

bool vgi__coding_available(vgi__coding c)
{
    return c == VGI__CODING_ZSTD ? vgi__zstd_available() : c < VGI__CODING_UNKNOWN;
}

static int too_long(const decoding *d, vgi_error *err)
{
    return vgi__fail(err, VGI_ELIMIT, NULL,
                     "%s body decodes to more than the limit of %zu bytes", d->name,
                     d->cap);
}

/* Room for `size` bytes in all. */
static int make_room(decoding *d, size_t size, vgi_error *err)
{
    if (!d->block)
        d->block = vgi__block_new(d->allocator, size);
    else if (vgi__block_grow(&d->block, d->len, size) != VGI_OK)
        return vgi__fail_nomem(err);
    return d->block ? VGI_OK : vgi__fail_nomem(err);
}

/* Go to the next frame, with room for what it declares. */
static int begin_frame(decoding *d, vgi_error *err)
{
    const int64_t n =
        d->how->declared ? d->how->declared(d->span.in, d->span.in_len) : -1;
    if (n > 0 && (uint64_t)n > d->cap - d->len)
        return too_long(d, err);
    int rc = VGI_OK;
    if (n > 0)
        rc = make_room(d, d->len + (size_t)n, err);
    return rc == VGI_OK ? d->how->begin(err) : rc;
}

static int grow(decoding *d, vgi_error *err)
{
    size_t size = FIRST_BYTES;
    if (d->block && vgi__mul_size(d->block->size, 2, &size))
        size = d->cap;
    return make_room(d, size < d->cap ? size : d->cap, err);
}

/* One step into the block, or into a byte behind it when it is full and may not grow. */
static int step(decoding *d, vgi_error *err)
{
    uint8_t extra;
    size_t room = d->block ? d->block->size - d->len : 0;
    if (room == 0 && d->len < d->cap) {
        int rc = grow(d, err);
        if (rc != VGI_OK)
            return rc;
        room = d->block->size - d->len;
    }
    d->span.out = room > 0 ? d->block->data + d->len : &extra;
    d->span.out_len = room > 0 ? room : 1;
    const size_t before = d->span.out_len;
    int rc = d->how->step(&d->span, err);
    const size_t got = before - d->span.out_len;
    if (rc < 0)
        return rc;
    if (room == 0 && got > 0)
        return too_long(d, err);
    d->len += got;
    return rc;
}

static int decode_frame(decoding *d, vgi_error *err)
{
    int rc = begin_frame(d, err);
    while (rc == VGI_OK) {
        const size_t len = d->len, in_len = d->span.in_len;
        rc = step(d, err);
        if (rc == VGI_OK && d->len == len && d->span.in_len == in_len)
            return vgi__fail(err, VGI_EPROTO, NULL, "%s body is cut off after %zu bytes",
                             d->name, d->len);
    }
    return rc == VGI_END ? VGI_OK : rc;
}

static int unsupported(vgi__coding c, vgi_error *err)
{
    return vgi__fail(err, VGI_ENOTSUP, NULL, "content coding %s is not supported",
                     vgi__coding_name(c));
}

static bool is_coded(vgi__coding c)
{
    return c == VGI__CODING_ZSTD || c == VGI__CODING_GZIP;
}

int vgi__coding_decode(vgi__coding c, const uint8_t *in, size_t n, size_t cap,
                       const vgi_allocator *a, vgi__block **out, size_t *len,
                       vgi_error *err)
{
    if (!is_coded(c))
        return unsupported(c, err);
    decoding d = {
        .how = &coders[c],
        .name = names[c],
        .span = { .in = in, .in_len = n },
        .cap = cap,
        .allocator = a,
    };
    int rc;
    do
        rc = decode_frame(&d, err);
    while (rc == VGI_OK && d.span.in_len > 0);
    if (rc == VGI_OK && !d.block)
        rc = make_room(&d, 0, err);
    if (rc != VGI_OK) {
        vgi__block_unref(d.block);
        return rc;
    }
    *out = d.block;
    *len = d.len;
    return VGI_OK;
}

int vgi__coding_encode(vgi__coding c, int level, const struct iovec *iov, size_t n,
                       vgi__buffer *out, vgi_error *err)
{
    return is_coded(c) ? coders[c].encode(level, iov, n, out, err) : unsupported(c, err);
}
