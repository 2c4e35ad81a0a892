/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings: round trips, frames that are damaged, and bombs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <zlib.h>
#include <zstd.h>

#include "support/traced.h"

#include "http/coding/coding.h"

enum { PLAIN = 1 << 20, PACKED = PLAIN + 4096, MIB = 1 << 20 };

static uint8_t plain[PLAIN], packed[PACKED];

static const vgi__coding codings[] = { VGI__CODING_ZSTD, VGI__CODING_GZIP };
#define EACH_CODING(test) \
    { #test ": zstd", test, NULL, NULL, (void *)(uintptr_t)&codings[0] }, \
    { \
#test ": gzip", test, NULL, NULL, (void *)(uintptr_t)&codings[1] \
    }

static void fill(void)
{
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = (uint8_t)(i * i >> 9);
}

/* ---- the libraries' own encoders ---- */

static size_t pack_gzip(uint8_t *to, size_t room, const uint8_t *p, size_t n)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)p,
                   .avail_in = (uInt)n,
                   .next_out = to,
                   .avail_out = (uInt)room };

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

/* Without a content size. */
static size_t pack_zstd_unsized(uint8_t *to, size_t room, const uint8_t *p, size_t n,
                                int window_log)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    ZSTD_inBuffer in = { p, n, 0 };
    ZSTD_outBuffer out = { to, room, 0 };

    assert_non_null(c);
    ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
    if (window_log)
        ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
    /* Not in one call, which would know the size. */
    size_t rest = ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush);
    assert_int_equal(rest, 0);
    rest = ZSTD_compressStream2(c, &out, &in, ZSTD_e_end);
    assert_int_equal(rest, 0);
    ZSTD_freeCCtx(c);
    return out.pos;
}

static size_t pack(vgi__coding c, uint8_t *to, size_t room, const uint8_t *p, size_t n)
{
    if (c == VGI__CODING_GZIP)
        return pack_gzip(to, room, p, n);
    size_t len = ZSTD_compress(to, room, p, n, 1);
    assert_false(ZSTD_isError(len));
    return len;
}

static size_t decoded_len;

/* *out: NULL unless VGI_OK, then a block of `decoded_len` bytes. */
static int decode(vgi__coding c, const uint8_t *in, size_t n, size_t cap,
                  vgi__block **out, vgi_error *err)
{
    *out = NULL;
    decoded_len = 0;
    return vgi__coding_decode(c, in, n, cap, NULL, out, &decoded_len, err);
}

/* ---- names ---- */

static void names(void **state)
{
    (void)state;
    assert_int_equal(vgi__coding_parse(VGI_LIT("zstd")), VGI__CODING_ZSTD);
    assert_int_equal(vgi__coding_parse(VGI_LIT("ZSTD")), VGI__CODING_ZSTD);
    assert_int_equal(vgi__coding_parse(VGI_LIT("gzip")), VGI__CODING_GZIP);
    assert_int_equal(vgi__coding_parse(VGI_LIT("identity")), VGI__CODING_IDENTITY);
    assert_int_equal(vgi__coding_parse(VGI_LIT("gzi")), VGI__CODING_UNKNOWN);
    assert_int_equal(vgi__coding_parse(VGI_LIT("br")), VGI__CODING_UNKNOWN);
    assert_int_equal(vgi__coding_parse(VGI_LIT("")), VGI__CODING_UNKNOWN);
    assert_string_equal(vgi__coding_name(VGI__CODING_ZSTD), "zstd");
    assert_string_equal(vgi__coding_name(VGI__CODING_UNKNOWN), "unknown");
    assert_true(vgi__coding_available(VGI__CODING_ZSTD));
    assert_true(vgi__coding_available(VGI__CODING_GZIP));
    assert_false(vgi__coding_available(VGI__CODING_UNKNOWN));
}

static void what_is_no_coding(void **state)
{
    static const vgi__coding none[] = { VGI__CODING_IDENTITY, VGI__CODING_UNKNOWN };
    struct iovec iov = { plain, 100 };
    vgi__block *b;
    vgi_error err;
    vgi__buffer out;

    (void)state;
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(decode(none[i], plain, 10, 100, &b, &err), VGI_ENOTSUP);
        assert_int_equal(vgi__coding_encode(none[i], 1, &iov, 1, &out, &err),
                         VGI_ENOTSUP);
    }
    vgi__buffer_free(&out);
}

/* ---- round trips ---- */

static void decodes_what_others_packed(void **state)
{
    static const size_t sizes[] = { 0, 1, 1000, 16384, 16385, 500000, PLAIN };
    const vgi__coding c = *(const vgi__coding *)*state;
    vgi__block *b;
    vgi_error err;

    fill();
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        const size_t n = pack(c, packed, PACKED, plain, sizes[i]);
        int rc = decode(c, packed, n, PLAIN, &b, &err);
        assert_int_equal(rc, VGI_OK);
        bool same = decoded_len == sizes[i] && memcmp(b->data, plain, decoded_len) == 0;
        vgi__block_unref(b);
        assert_true(same);
        if (sizes[i] == 0)
            continue;
        /* Exactly at the cap it is fine, one less is not. */
        rc = decode(c, packed, n, sizes[i], &b, &err);
        assert_int_equal(rc, VGI_OK);
        vgi__block_unref(b);
        assert_int_equal(decode(c, packed, n, sizes[i] - 1, &b, &err), VGI_ELIMIT);
        assert_non_null(strstr(err.message, "limit"));
    }
}

/* What we encode, from runs of all sizes, we decode; and it says its size. */
static void encodes(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    struct iovec iov[] = {
        { plain, 1 },          { plain + 1, 0 },           { plain + 1, 99999 },
        { plain + 100000, 7 }, { plain + 100007, 600000 }, { plain + 700007, 0 },
    };
    const size_t n_iov = sizeof(iov) / sizeof(*iov), total = 700007;
    vgi__buffer out;
    vgi__block *b;
    vgi_error err;

    fill();
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    for (size_t n = 3; n <= n_iov; n++) {
        const size_t want = n == 3 ? 100000 : n == 4 ? 100007 : total;
        vgi__buffer_clear(&out);
        vgi__buffer_str(&out, "head");
        int rc = vgi__coding_encode(c, 1, iov, n, &out, &err);
        if (rc != VGI_OK)
            vgi__buffer_free(&out);
        assert_int_equal(rc, VGI_OK);
        assert_memory_equal(out.data, "head", 4);
        assert_true(out.len < want);
        if (c == VGI__CODING_ZSTD)
            assert_int_equal(ZSTD_getFrameContentSize(out.data + 4, out.len - 4), want);
        rc = decode(c, out.data + 4, out.len - 4, want, &b, &err);
        if (rc != VGI_OK)
            vgi__buffer_free(&out);
        assert_int_equal(rc, VGI_OK);
        bool same = decoded_len == want && memcmp(b->data, plain, want) == 0;
        vgi__block_unref(b);
        assert_true(same);
    }
    vgi__buffer_free(&out);
}

static void levels(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    struct iovec iov = { plain, PLAIN };
    size_t lens[2];
    vgi__buffer out;
    vgi_error err;

    fill();
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    for (int i = 0; i < 2; i++) {
        vgi__buffer_clear(&out);
        int rc = vgi__coding_encode(c, i == 0 ? 1 : 9, &iov, 1, &out, &err);
        lens[i] = out.len;
        if (rc != VGI_OK)
            vgi__buffer_free(&out);
        assert_int_equal(rc, VGI_OK);
    }
    vgi__buffer_free(&out);
    assert_true(lens[1] < lens[0]);
}

static void what_does_not_shrink_is_left(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    static uint8_t noise[400000];
    static const size_t sizes[] = { 0, 1, 10, 1000, sizeof(noise) };
    uint64_t x = 88172645463325252U;
    vgi__buffer out;
    vgi_error err;

    for (size_t i = 0; i < sizeof(noise); i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        noise[i] = (uint8_t)x;
    }
    vgi__buffer_init(&out, NULL, SIZE_MAX);
    vgi__buffer_str(&out, "as before");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct iovec iov = { noise, sizes[i] };
        int rc = vgi__coding_encode(c, 3, &iov, 1, &out, &err);
        if (rc != VGI_END)
            vgi__buffer_free(&out);
        assert_int_equal(rc, VGI_END);
        assert_int_equal(out.len, 9);
    }
    /* The context is not left in the middle of something. */
    struct iovec iov = { plain, 5000 };
    memset(plain, 'x', 5000);
    int rc = vgi__coding_encode(c, 3, &iov, 1, &out, &err);
    vgi__block *b = NULL;
    if (rc == VGI_OK)
        rc = decode(c, out.data + 9, out.len - 9, 5000, &b, &err);
    vgi__buffer_free(&out);
    vgi__block_unref(b);
    assert_int_equal(rc, VGI_OK);
    assert_int_equal(decoded_len, 5000);
}

static void no_room_for_the_coded_form(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    struct iovec iov = { plain, PLAIN };
    vgi__buffer out;
    vgi_error err;

    fill();
    vgi__buffer_init(&out, NULL, 100);
    assert_int_equal(vgi__coding_encode(c, 1, &iov, 1, &out, &err), VGI_ENOMEM);
    assert_int_equal(out.len, 0);
    vgi__buffer_free(&out);
}

/* ---- several frames ---- */

static void frames_follow_each_other(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    vgi__block *b;
    size_t n;
    vgi_error err;

    fill();
    n = pack(c, packed, PACKED, plain, 40000);
    n += pack(c, packed + n, PACKED - n, plain + 40000, 0);
    n += pack(c, packed + n, PACKED - n, plain + 40000, 300000);
    int rc = decode(c, packed, n, PLAIN, &b, &err);
    assert_int_equal(rc, VGI_OK);
    bool same = decoded_len == 340000 && memcmp(b->data, plain, decoded_len) == 0;
    vgi__block_unref(b);
    assert_true(same);
    assert_int_equal(decode(c, packed, n, 339999, &b, &err), VGI_ELIMIT);
    /* Bytes behind the last frame. */
    memcpy(packed + n, "junk", 4);
    assert_int_equal(decode(c, packed, n + 4, PLAIN, &b, &err), VGI_EPROTO);
    assert_int_equal(decode(c, packed, n + 1, PLAIN, &b, &err), VGI_EPROTO);
    assert_null(b);
}

static void unsized_zstd_frames(void **state)
{
    vgi__block *b;
    vgi_error err;

    (void)state;
    fill();
    size_t n = pack_zstd_unsized(packed, PACKED, plain, PLAIN, 0);
    assert_true(ZSTD_getFrameContentSize(packed, n) == ZSTD_CONTENTSIZE_UNKNOWN);
    int rc = decode(VGI__CODING_ZSTD, packed, n, PLAIN, &b, &err);
    assert_int_equal(rc, VGI_OK);
    bool same = decoded_len == PLAIN && memcmp(b->data, plain, decoded_len) == 0;
    vgi__block_unref(b);
    assert_true(same);
    assert_int_equal(decode(VGI__CODING_ZSTD, packed, n, PLAIN - 1, &b, &err),
                     VGI_ELIMIT);
    /* A skippable frame is no data. */
    static const uint8_t skippable[] = { 0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3 };
    memmove(packed + sizeof(skippable), packed, n);
    memcpy(packed, skippable, sizeof(skippable));
    rc = decode(VGI__CODING_ZSTD, packed, n + sizeof(skippable), PLAIN, &b, &err);
    assert_int_equal(rc, VGI_OK);
    vgi__block_unref(b);
    assert_int_equal(decoded_len, PLAIN);
}

/* A window is memory that the decoder holds beside what it gives out. */
static void wide_windows_are_refused(void **state)
{
    vgi__block *b;
    vgi_error err;

    (void)state;
    fill();
    size_t n = pack_zstd_unsized(packed, PACKED, plain, PLAIN, 23);
    int rc = decode(VGI__CODING_ZSTD, packed, n, PLAIN, &b, &err);
    assert_int_equal(rc, VGI_OK);
    vgi__block_unref(b);
    n = pack_zstd_unsized(packed, PACKED, plain, PLAIN, 27);
    assert_int_equal(decode(VGI__CODING_ZSTD, packed, n, PLAIN, &b, &err), VGI_EPROTO);
    assert_non_null(strstr(err.message, "memory"));
}

/* ---- damage ---- */

static void truncated_at_any_byte(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    vgi__block *b;
    vgi_error err;

    fill();
    const size_t n = pack(c, packed, PACKED, plain, 3000);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *copy = malloc(cut + 1); /* exact: the sanitizer sees an overread */
        assert_non_null(copy);
        memcpy(copy, packed, cut);
        int rc = decode(c, copy, cut, PLAIN, &b, &err);
        free(copy);
        assert_int_equal(rc, VGI_EPROTO);
        assert_null(b);
    }
}

static void flipped_bits_stay_within_the_cap(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    vgi__block *b;
    vgi_error err;

    fill();
    const size_t n = pack(c, packed, PACKED, plain, 2000);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int rc = decode(c, packed, n, 5000, &b, &err);
        packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rc == VGI_OK) {
            vgi__block_unref(b);
            assert_true(decoded_len <= 5000);
        } else {
            assert_true(rc == VGI_EPROTO || rc == VGI_ELIMIT || rc == VGI_ENOMEM);
        }
    }
}

/* ---- bombs ---- */

static long peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static vgi__buffer bomb; /* 512 MiB of zeros */

static void make_bomb(vgi__coding c, bool sized)
{
    static const uint8_t zeros[MIB];
    struct iovec iov[512];

    for (size_t i = 0; i < 512; i++)
        iov[i] = (struct iovec){ (void *)(uintptr_t)zeros, MIB };
    vgi__buffer_init(&bomb, NULL, SIZE_MAX);
    if (sized || c == VGI__CODING_GZIP) {
        assert_int_equal(vgi__coding_encode(c, 1, iov, 512, &bomb, NULL), VGI_OK);
        return;
    }
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    assert_non_null(ctx);
    ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0);
    for (size_t i = 0; i < 512; i++) {
        ZSTD_inBuffer in = { zeros, MIB, 0 };
        uint8_t *at = vgi__buffer_reserve(&bomb, 4096);
        assert_non_null(at);
        ZSTD_outBuffer out = { at, 4096, 0 };
        size_t rest =
            ZSTD_compressStream2(ctx, &out, &in, i == 511 ? ZSTD_e_end : ZSTD_e_flush);
        assert_int_equal(rest, 0);
        bomb.len += out.pos;
    }
    ZSTD_freeCCtx(ctx);
}

/* The thread sanitizer keeps several bytes for each that is written. */
#ifdef __SANITIZE_THREAD__
#define GROWN_FACTOR 6
#else
#define GROWN_FACTOR 1
#endif

/* The peak is the process's: 64 MiB of cap may show, 512 must not. */
static void stops_at_the_cap(vgi__coding c, bool sized)
{
    const size_t cap = 64 * (size_t)MIB;
    vgi__block *b;
    vgi_error err;

    make_bomb(c, sized);
    const long before = peak_kib();
    int rc = decode(c, bomb.data, bomb.len, cap, &b, &err);
    const long grown = peak_kib() - before;
    vgi__buffer_free(&bomb);
    assert_int_equal(rc, VGI_ELIMIT);
    assert_null(b);
    assert_true(grown <= (64 + 24) * 1024 * GROWN_FACTOR);
    if (sized && c == VGI__CODING_ZSTD)
        assert_true(grown < 1024); /* its size was known before a byte was decoded */
}

static void bombs(void **state)
{
    stops_at_the_cap(*(const vgi__coding *)*state, true);
}

static void unsized_bombs(void **state)
{
    (void)state;
    stops_at_the_cap(VGI__CODING_ZSTD, false);
}

/* With an allocator of the caller's growing copies: half of the cap again. */
static void bombs_and_an_allocator(void **state)
{
    const vgi__coding c = *(const vgi__coding *)*state;
    static const uint8_t zeros[MIB];
    struct iovec iov[64];
    vgi__block *b = NULL;

    for (size_t i = 0; i < 64; i++)
        iov[i] = (struct iovec){ (void *)(uintptr_t)zeros, MIB };
    vgi__buffer_init(&bomb, NULL, SIZE_MAX);
    int rc = vgi__coding_encode(c, 1, iov, 64, &bomb, NULL);
    if (rc == VGI_OK)
        rc = vgi__coding_decode(c, bomb.data, bomb.len, MIB, vgi_test_allocator(), &b,
                                &decoded_len, NULL);
    vgi__buffer_free(&bomb);
    assert_int_equal(rc, VGI_ELIMIT);
    assert_int_equal(vgi_test_live_bytes(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(what_is_no_coding),
        EACH_CODING(decodes_what_others_packed),
        EACH_CODING(encodes),
        EACH_CODING(levels),
        EACH_CODING(what_does_not_shrink_is_left),
        EACH_CODING(no_room_for_the_coded_form),
        EACH_CODING(frames_follow_each_other),
        cmocka_unit_test(unsized_zstd_frames),
        cmocka_unit_test(wide_windows_are_refused),
        EACH_CODING(truncated_at_any_byte),
        EACH_CODING(flipped_bits_stay_within_the_cap),
        EACH_CODING(bombs),
        cmocka_unit_test(unsized_bombs),
        EACH_CODING(bombs_and_an_allocator),
    };
    return vgi_test_run(tests);
}
