/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/sha1.h"

#define BLOCK 64

static inline uint32_t rotated(uint32_t v, unsigned bits)
{
    return v << bits | v >> (32 - bits);
}

static uint32_t load_big(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_big(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* FIPS 180-4, 6.1.2. */
static void add_block(uint32_t h[5], const uint8_t *p)
{
    static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    for (int t = 0; t < 80; t++) {
        uint32_t f, next;

        w[t] = t < 16 ? load_big(p + 4 * t) : rotated(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
        if (t < 20)
            f = (b & c) | (~b & d);
        else if (t < 40 || t >= 60)
            f = b ^ c ^ d;
        else
            f = (b & c) | (b & d) | (c & d);
        next = rotated(a, 5) + f + e + k[t / 20] + w[t];
        e = d;
        d = c;
        c = rotated(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void sha1(struct slice s, uint8_t digest[SHA1_BYTES])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t last[2 * BLOCK] = {0};
    size_t rest = s.n % BLOCK, padded = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)s.n * 8;

    for (size_t i = 0; i + BLOCK <= s.n; i += BLOCK)
        add_block(h, (const uint8_t *)s.p + i);
    if (rest != 0)
        memcpy(last, s.p + s.n - rest, rest);
    last[rest] = 0x80;
    store_big(last + padded - 8, (uint32_t)(bits >> 32));
    store_big(last + padded - 4, (uint32_t)bits);
    for (size_t i = 0; i < padded; i += BLOCK)
        add_block(h, last + i);
    for (int i = 0; i < 5; i++)
        store_big(digest + 4 * i, h[i]);
}
