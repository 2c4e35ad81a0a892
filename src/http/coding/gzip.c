/* SPDX-License-Identifier: Apache-2.0 */
#include "http/coding/gzip.h"

#include <limits.h>
#include <pthread.h>

#include <zlib.h>

#include "base/fail.h"

#define WINDOW_BITS 31 /* 15 and the gzip wrapper */
#define STEP_BYTES ((size_t)64 << 10)

/* The thread's streams; zlib's memory goes when the thread ends. */
static _Thread_local z_stream decoder, encoder;
static _Thread_local int encoder_level;

static pthread_key_t key;
static bool key_valid;

/* Both ends do nothing for a stream that was never begun. */
static void end_streams(void *unused)
{
    (void)unused;
    inflateEnd(&decoder);
    deflateEnd(&encoder);
}

static void make_key(void)
{
    key_valid = pthread_key_create(&key, end_streams) == 0;
}

/* See to it that the thread's end frees its streams. */
static bool registered(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    return key_valid && pthread_setspecific(key, &decoder) == 0;
}

int vgi__gzip_begin(vgi_error *err)
{
    if (decoder.state) {
        inflateReset(&decoder);
        return VGI_OK;
    }
    if (!registered() || inflateInit2(&decoder, WINDOW_BITS) != Z_OK)
        return vgi__fail_nomem(err);
    return VGI_OK;
}

static uInt clamp(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

int vgi__gzip_step(vgi__codec_span *s, vgi_error *err)
{
    decoder.next_in = (z_const Bytef *)(uintptr_t)s->in;
    decoder.avail_in = clamp(s->in_len);
    decoder.next_out = s->out;
    decoder.avail_out = clamp(s->out_len);
    int rc = inflate(&decoder, Z_NO_FLUSH);
    s->in_len -= (size_t)(decoder.next_in - s->in);
    s->out_len -= (size_t)(decoder.next_out - s->out);
    s->in = decoder.next_in;
    s->out = decoder.next_out;
    if (rc == Z_STREAM_END)
        return VGI_END;
    if (rc == Z_MEM_ERROR)
        return vgi__fail_nomem(err);
    if (rc == Z_OK || rc == Z_BUF_ERROR)
        return VGI_OK;
    return vgi__fail(err, VGI_EPROTO, NULL, "gzip data does not decode: %s",
                     decoder.msg ? decoder.msg : "it needs a dictionary");
}

static int begin_encoding(int level, vgi_error *err)
{
    if (encoder.state && encoder_level == level) {
        deflateReset(&encoder);
        return VGI_OK;
    }
    deflateEnd(&encoder);
    if (!registered() || deflateInit2(&encoder, level, Z_DEFLATED, WINDOW_BITS, 8,
                                      Z_DEFAULT_STRATEGY) != Z_OK)
        return vgi__fail_nomem(err);
    encoder_level = level;
    return VGI_OK;
}

/* Give out what the stream makes of its input. `most` bytes are too many: VGI_END. */
static int drain(int flush, vgi__buffer *out, size_t most, vgi_error *err)
{
    int rc;
    do {
        uint8_t *at = vgi__buffer_reserve(out, STEP_BYTES);
        if (!at)
            return vgi__fail_nomem(err);
        encoder.next_out = at;
        encoder.avail_out = STEP_BYTES;
        rc = deflate(&encoder, flush);
        out->len += STEP_BYTES - encoder.avail_out;
        if (out->len >= most)
            return VGI_END;
    } while (flush == Z_FINISH ? rc != Z_STREAM_END : encoder.avail_out == 0);
    return VGI_OK;
}

static int encode_run(const struct iovec *run, vgi__buffer *out, size_t most,
                      vgi_error *err)
{
    const uint8_t *at = run->iov_base;
    size_t left = run->iov_len;
    int rc = VGI_OK;
    while (left > 0 && rc == VGI_OK) {
        const uInt n = clamp(left);
        encoder.next_in = (z_const Bytef *)(uintptr_t)at;
        encoder.avail_in = n;
        rc = drain(Z_NO_FLUSH, out, most, err);
        at += n;
        left -= n;
    }
    return rc;
}

int vgi__gzip_encode(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                     vgi_error *err)
{
    const size_t before = out->len;
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += iov[i].iov_len;
    if (total == 0)
        return VGI_END;
    int rc = begin_encoding(level, err);
    for (size_t i = 0; i < n && rc == VGI_OK; i++)
        rc = encode_run(&iov[i], out, before + total, err);
    if (rc == VGI_OK)
        rc = drain(Z_FINISH, out, before + total, err);
    if (rc != VGI_OK)
        out->len = before;
    return rc;
}
