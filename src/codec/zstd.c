/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include "base/fail.h"

#ifdef VGI_HAVE_ZSTD

#include <pthread.h>
#include <zstd.h>

/* Of frames that are decoded in steps; RFC 9659, section 3. */
#define WINDOW_LOG_MAX 23
/* A frame of up to so many bytes gets room for its worst case, and is then coded in one
 * pass; of longer ones only what comes out is held. */
#define ONE_PASS_BYTES ((size_t)256 << 10)
#define STEP_BYTES ((size_t)128 << 10)

/* One context of each sort per thread, freed when the thread ends. */
static pthread_key_t decoder_key, encoder_key;
static bool decoder_valid, encoder_valid;

static void free_decoder(void *context)
{
    ZSTD_freeDCtx(context);
}

static void free_encoder(void *context)
{
    ZSTD_freeCCtx(context);
}

static void make_keys(void)
{
    decoder_valid = pthread_key_create(&decoder_key, free_decoder) == 0;
    encoder_valid = pthread_key_create(&encoder_key, free_encoder) == 0;
}

static void init_keys(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_keys);
}

static ZSTD_DCtx *decoder(void)
{
    init_keys();
    if (!decoder_valid)
        return NULL;
    ZSTD_DCtx *dctx = pthread_getspecific(decoder_key);
    if (dctx)
        return dctx;
    dctx = ZSTD_createDCtx();
    if (!dctx)
        return NULL;
    ZSTD_DCtx_setParameter(dctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    if (pthread_setspecific(decoder_key, dctx) != 0) {
        ZSTD_freeDCtx(dctx);
        return NULL;
    }
    return dctx;
}

static ZSTD_CCtx *encoder(void)
{
    init_keys();
    if (!encoder_valid)
        return NULL;
    ZSTD_CCtx *cctx = pthread_getspecific(encoder_key);
    if (cctx)
        return cctx;
    cctx = ZSTD_createCCtx();
    if (cctx && pthread_setspecific(encoder_key, cctx) != 0) {
        ZSTD_freeCCtx(cctx);
        return NULL;
    }
    return cctx;
}

bool vgi__zstd_available(void)
{
    return true;
}

int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err)
{
    ZSTD_DCtx *dctx = decoder();
    if (!dctx)
        return vgi__fail_nomem(err);
    size_t n = ZSTD_decompressDCtx(dctx, out, out_len, in, in_len);
    if (ZSTD_isError(n))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "zstd buffer does not decode to %zu bytes: %s", out_len,
                         ZSTD_getErrorName(n));
    if (n != out_len)
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "zstd buffer decodes to %zu bytes, %zu were announced", n,
                         out_len);
    return VGI_OK;
}

int64_t vgi__zstd_declared(const uint8_t *in, size_t in_len)
{
    unsigned long long n = ZSTD_getFrameContentSize(in, in_len);
    if (n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR)
        return -1;
    return n <= INT64_MAX ? (int64_t)n : INT64_MAX;
}

int vgi__zstd_begin(vgi_error *err)
{
    ZSTD_DCtx *dctx = decoder();
    if (!dctx)
        return vgi__fail_nomem(err);
    ZSTD_DCtx_reset(dctx, ZSTD_reset_session_only);
    return VGI_OK;
}

int vgi__zstd_step(vgi__codec_span *s, vgi_error *err)
{
    ZSTD_inBuffer in = { .src = s->in, .size = s->in_len };
    ZSTD_outBuffer out = { .dst = s->out, .size = s->out_len };
    size_t rest = ZSTD_decompressStream(decoder(), &out, &in);
    s->in += in.pos;
    s->in_len -= in.pos;
    s->out += out.pos;
    s->out_len -= out.pos;
    if (ZSTD_isError(rest))
        return vgi__fail(err, VGI_EPROTO, NULL, "zstd data does not decode: %s",
                         ZSTD_getErrorName(rest));
    return rest == 0 ? VGI_END : VGI_OK;
}

/* Where a frame goes: `room` for each step, and as a whole less than up to `most`. */
typedef struct frame {
    vgi__buffer *to;
    size_t room, most;
} frame;

/* Take in one run of bytes. VGI_END: there is too much output. */
static int encode_run(ZSTD_CCtx *cctx, ZSTD_inBuffer in, bool last, const frame *f,
                      vgi_error *err)
{
    size_t rest;
    do {
        uint8_t *at = vgi__buffer_reserve(f->to, f->room);
        if (!at)
            return vgi__fail_nomem(err);
        ZSTD_outBuffer out = { .dst = at, .size = f->room };
        rest = ZSTD_compressStream2(cctx, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(rest))
            return vgi__fail(err, VGI_ENOMEM, NULL, "zstd: %s", ZSTD_getErrorName(rest));
        f->to->len += out.pos;
        if (f->to->len >= f->most)
            return VGI_END;
    } while (last ? rest != 0 : in.pos < in.size);
    return VGI_OK;
}

static int encode_frame(ZSTD_CCtx *cctx, size_t total, const struct iovec *iov, size_t n,
                        vgi__buffer *out, vgi_error *err)
{
    const frame f = {
        .to = out,
        .room = total <= ONE_PASS_BYTES ? ZSTD_compressBound(total) : STEP_BYTES,
        .most = out->len + total,
    };
    int rc = VGI_OK;
    for (size_t i = 0; i < n && rc == VGI_OK; i++) {
        const ZSTD_inBuffer in = { .src = iov[i].iov_base, .size = iov[i].iov_len };
        rc = encode_run(cctx, in, i + 1 == n, &f, err);
    }
    return rc;
}

int vgi__zstd_encode(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                     vgi_error *err)
{
    const size_t before = out->len;
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += iov[i].iov_len;
    if (total == 0)
        return VGI_END;
    ZSTD_CCtx *cctx = encoder();
    if (!cctx)
        return vgi__fail_nomem(err);
    ZSTD_CCtx_reset(cctx, ZSTD_reset_session_only);
    ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setPledgedSrcSize(cctx, total);
    int rc = encode_frame(cctx, total, iov, n, out, err);
    if (rc != VGI_OK)
        out->len = before;
    return rc;
}

#else

bool vgi__zstd_available(void)
{
    return false;
}

static int missing(const char *what, vgi_error *err)
{
    return vgi__fail(err, VGI_ENOTSUP, NULL, "%s: built without libzstd", what);
}

int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err)
{
    (void)out;
    (void)out_len;
    (void)in;
    (void)in_len;
    return missing("zstd buffers", err);
}

int64_t vgi__zstd_declared(const uint8_t *in, size_t in_len)
{
    (void)in;
    (void)in_len;
    return -1;
}

int vgi__zstd_begin(vgi_error *err)
{
    return missing("zstd data", err);
}

int vgi__zstd_step(vgi__codec_span *s, vgi_error *err)
{
    (void)s;
    return missing("zstd data", err);
}

int vgi__zstd_encode(int level, const struct iovec *iov, size_t n, vgi__buffer *out,
                     vgi_error *err)
{
    (void)level;
    (void)iov;
    (void)n;
    (void)out;
    return missing("zstd data", err);
}

#endif
