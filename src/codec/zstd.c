/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/codec.h"

#include "base/fail.h"

#ifdef VGI_HAVE_ZSTD

#include <pthread.h>
#include <stdbool.h>
#include <zstd.h>

/* One context per thread, freed when the thread ends. */
static pthread_key_t key;
static bool key_valid;

static void free_context(void *context)
{
    ZSTD_freeDCtx(context);
}

static void make_key(void)
{
    key_valid = pthread_key_create(&key, free_context) == 0;
}

static ZSTD_DCtx *context(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_key);
    if (!key_valid)
        return NULL;
    ZSTD_DCtx *dctx = pthread_getspecific(key);
    if (dctx)
        return dctx;
    dctx = ZSTD_createDCtx();
    if (dctx && pthread_setspecific(key, dctx) != 0) {
        ZSTD_freeDCtx(dctx);
        return NULL;
    }
    return dctx;
}

int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err)
{
    ZSTD_DCtx *dctx = context();
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

#else

int vgi__zstd_decode(uint8_t *out, size_t out_len, const uint8_t *in, size_t in_len,
                     vgi_error *err)
{
    (void)out;
    (void)out_len;
    (void)in;
    (void)in_len;
    return vgi__fail(err, VGI_ENOTSUP, NULL, "zstd buffers: built without libzstd");
}

#endif
