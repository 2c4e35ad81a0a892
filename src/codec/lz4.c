/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include "base/fail.h"

#ifdef VGI_HAVE_LZ4

#include <lz4frame.h>
#include <pthread.h>
#include <stdbool.h>

/* One context per thread, freed when the thread ends. */
static pthread_key_t key;
static bool key_valid;

static void free_context(void *context)
{
    LZ4F_freeDecompressionContext(context);
}

static void make_key(void)
{
    key_valid = pthread_key_create(&key, free_context) == 0;
}

static LZ4F_dctx *context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    if (!key_valid)
        return NULL;
    LZ4F_dctx *dctx = pthread_getspecific(key);
    if (dctx)
        return dctx;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&dctx, LZ4F_VERSION)))
        return NULL;
    if (pthread_setspecific(key, dctx) != 0) {
        LZ4F_freeDecompressionContext(dctx);
        return NULL;
    }
    return dctx;
}

/* Decode one frame; *hint is what liblz4 said last: 0 when the frame is complete. */
static void decode_frame(LZ4F_dctx *dctx, uint8_t *out, size_t *out_len,
                         const uint8_t *in, size_t *in_len, size_t *hint)
{
    /* The output stays where it is, so liblz4 need not copy it to remember it. */
    const LZ4F_decompressOptions_t options = { .stableDst = 1 };
    size_t out_pos = 0, in_pos = 0;
    do {
        size_t wrote = *out_len - out_pos, read = *in_len - in_pos;
        *hint =
            LZ4F_decompress(dctx, out + out_pos, &wrote, in + in_pos, &read, &options);
        if (LZ4F_isError(*hint) || (wrote == 0 && read == 0))
            break;
        out_pos += wrote;
        in_pos += read;
    } while (*hint != 0);
    *out_len = out_pos;
    *in_len = in_pos;
}

int vgi__lz4_frame_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                          vgi_error *err)
{
    LZ4F_dctx *dctx = context();
    if (!dctx)
        return vgi__fail_nomem(err);
    uint8_t none;
    size_t wrote = out_len, read = in_len, hint;
    decode_frame(dctx, out ? out : &none, &wrote, in, &read, &hint);
    if (hint == 0 && wrote == out_len && read == in_len)
        return VGI_OK;
    LZ4F_resetDecompressionContext(dctx);
    if (LZ4F_isError(hint))
        return vgi__fail(err, VGI_EPROTO, NULL,
                         "lz4 buffer does not decode to %zu bytes: %s", out_len,
                         LZ4F_getErrorName(hint));
    return vgi__fail(err, VGI_EPROTO, NULL,
                     "lz4 buffer: %zu of %zu bytes decode to %zu of the %zu announced",
                     read, in_len, wrote, out_len);
}

#else

int vgi__lz4_frame_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                          vgi_error *err)
{
    (void)out;
    (void)out_len;
    (void)in;
    (void)in_len;
    return vgi__fail(err, VGI_ENOTSUP, NULL, "lz4 buffers: built without liblz4");
}

#endif
