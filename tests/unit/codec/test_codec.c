/* SPDX-License-Identifier: Apache-2.0 */
/* The encoders of the test are the libraries' own. */
#include <lz4frame.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "codec/codec.h"
#include "support/traced.h"

enum { PLAIN = 300000, PACKED = 400000 };

static uint8_t plain[PLAIN], packed[PACKED], out[PLAIN + 1];

static void fill(void)
{
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = (uint8_t)(i * i >> 7);
}

static size_t pack_zstd(size_t n)
{
    fill();
    size_t len = ZSTD_compress(packed, PACKED, plain, n, 1);
    assert_false(ZSTD_isError(len));
    return len;
}

static size_t pack_lz4(size_t n)
{
    fill();
    size_t len = LZ4F_compressFrame(packed, PACKED, plain, n, NULL);
    assert_false(LZ4F_isError(len));
    return len;
}

typedef struct codec {
    size_t (*pack)(size_t n);
    int (*decode)(uint8_t *to, size_t to_len, const uint8_t *in, size_t in_len,
                  vgi_error *err);
} codec;

static codec codecs[] = {
    { pack_zstd, vgi__zstd_decode },
    { pack_lz4, vgi__lz4_frame_decode },
};

static void decodes_what_was_packed(void **state)
{
    const codec *c = *state;
    static const size_t sizes[] = { 0, 1, 100, 65536, PLAIN };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = c->pack(sizes[i]);
        memset(out, 0, sizeof(out));
        vgi_error err;
        assert_int_equal(c->decode(out, sizes[i], packed, n, &err), VGI_OK);
        assert_memory_equal(out, plain, sizes[i]);
    }
    assert_int_equal(c->decode(NULL, 0, packed, c->pack(0), NULL), VGI_OK);
}

static void the_length_must_be_exact(void **state)
{
    const codec *c = *state;
    size_t n = c->pack(1000);
    vgi_error err;
    assert_int_equal(c->decode(out, 999, packed, n, &err), VGI_EPROTO);
    assert_int_equal(c->decode(out, 1001, packed, n, &err), VGI_EPROTO);
    assert_non_null(strstr(err.message, "1001"));
    assert_string_equal(err.type, "ArrowInvalid");
    assert_int_equal(c->decode(out, 0, packed, n, &err), VGI_EPROTO);
    assert_int_equal(c->decode(out, 1000, packed, n, &err), VGI_OK);
}

static void damaged_input_is_refused(void **state)
{
    const codec *c = *state;
    size_t n = c->pack(1000);
    vgi_error err;
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *copy = malloc(cut + 1); /* exact size: the sanitizer sees an overread */
        assert_non_null(copy);
        memcpy(copy, packed, cut);
        int rc = c->decode(out, 1000, copy, cut, &err);
        free(copy);
        assert_int_equal(rc, VGI_EPROTO);
    }
    packed[n] = 0;
    assert_int_equal(c->decode(out, 1000, packed, n + 1, &err), VGI_EPROTO);
    packed[0] ^= 0xff;
    assert_int_equal(c->decode(out, 1000, packed, n, &err), VGI_EPROTO);
    packed[0] ^= 0xff;
    assert_int_equal(c->decode(out, 1000, packed, n, &err), VGI_OK);
}

/* A bit flipped anywhere decodes to something or fails, within the output's bounds. */
static void flipped_bits_stay_in_bounds(void **state)
{
    const codec *c = *state;
    size_t n = c->pack(2000);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        out[2000] = 0x77;
        c->decode(out, 2000, packed, n, NULL);
        assert_int_equal(out[2000], 0x77);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

typedef struct job {
    const codec *codec;
    size_t n;
    int rc;
    uint8_t out[1000];
} job;

static void *decode_in_thread(void *arg)
{
    job *j = arg;
    for (int i = 0; i < 20; i++)
        j->rc |= j->codec->decode(j->out, sizeof(j->out), packed, j->n, NULL);
    return NULL;
}

static void each_thread_has_its_context(void **state)
{
    const codec *c = *state;
    job jobs[3] = { 0 };
    pthread_t threads[3];
    size_t n = c->pack(1000);
    for (int i = 0; i < 3; i++) {
        jobs[i] = (job){ .codec = c, .n = n };
        assert_int_equal(pthread_create(&threads[i], NULL, decode_in_thread, &jobs[i]),
                         0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].rc, VGI_OK);
        assert_memory_equal(jobs[i].out, plain, 1000);
    }
}

#define BOTH(test) \
    cmocka_unit_test_prestate(test, &codecs[0]), \
        cmocka_unit_test_prestate(test, &codecs[1])

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(decodes_what_was_packed),     BOTH(the_length_must_be_exact),
        BOTH(damaged_input_is_refused),    BOTH(flipped_bits_stay_in_bounds),
        BOTH(each_thread_has_its_context),
    };
    return vgi_test_run(tests);
}
