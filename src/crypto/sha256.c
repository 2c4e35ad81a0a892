/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sha256.h"

#include <string.h>

#include "base/text.h"

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, ROUNDS = 64 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2
};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t load_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_big(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static void expand(uint32_t w[ROUNDS], const uint8_t *block)
{
    for (int i = 0; i < 16; i++)
        w[i] = load_big(block + 4 * i);
    for (int i = 16; i < ROUNDS; i++) {
        const uint32_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t w[ROUNDS];

    expand(w, block);
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                            (g ^ (e & (f ^ g))) + round_constants[i] + w[i];
        const uint32_t t2 =
            (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));

        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void vgi__sha256_init(vgi__sha256 *h)
{
    /* Of the square roots of the first 8 primes. */
    static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

    memcpy(h->state, start, sizeof(start));
    h->bytes = 0;
}

void vgi__sha256_update(vgi__sha256 *h, const void *p, size_t n)
{
    const uint8_t *from = p;
    size_t held = h->bytes % BLOCK_BYTES;

    h->bytes += n;
    while (n > 0) {
        const size_t take = n < BLOCK_BYTES - held ? n : BLOCK_BYTES - held;

        memcpy(h->block + held, from, take);
        from += take;
        n -= take;
        held += take;
        if (held == BLOCK_BYTES) {
            compress(h->state, h->block);
            held = 0;
        }
    }
}

void vgi__sha256_final(vgi__sha256 *h, uint8_t out[32])
{
    static const uint8_t padding[BLOCK_BYTES] = { 0x80 };
    const uint64_t bits = h->bytes * 8;
    const size_t held = h->bytes % BLOCK_BYTES, room = BLOCK_BYTES - LENGTH_BYTES;
    uint8_t length[LENGTH_BYTES];

    store_big(length, (uint32_t)(bits >> 32));
    store_big(length + 4, (uint32_t)bits);
    vgi__sha256_update(h, padding, (held < room ? room : room + BLOCK_BYTES) - held);
    vgi__sha256_update(h, length, sizeof(length));
    for (int i = 0; i < 8; i++)
        store_big(out + 4 * i, h->state[i]);
}

void vgi__sha256_hex(char out[65], const void *p, size_t n)
{
    uint8_t digest[32];
    vgi__sha256 h;

    vgi__sha256_init(&h);
    vgi__sha256_update(&h, p, n);
    vgi__sha256_final(&h, digest);
    vgi__hex(out, digest, sizeof(digest));
    out[64] = '\0';
}
