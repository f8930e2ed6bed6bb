/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Raffaello Giulietti, "The Schubfach way to render doubles", 2020. Names follow the paper: v = c x 2^q is the double,
 * k the exponent of the decimal, g the power of ten; vb is four times the scaled value.
 */
#include "base/decimal.h"

#include <stdbool.h>
#include <string.h>

#include "base/must.h"

/* 10^e is about (high x 2^64 + low) x 2^(floor_log2_pow10(e) - 127), rounded up; the top bit is set. */
struct power {
    uint64_t high;
    uint64_t low;
};

#define POWER_MIN (-292)
#define POWER_MAX 324

static struct power powers[POWER_MAX - POWER_MIN + 1];

/* Little-endian; wide enough for 10^324 x 2^128 and for 10^-292 x 2^BIG_ONE with 128 bits to spare. */
#define BIG_LIMBS 40
#define BIG_ONE   1120

struct big {
    uint32_t limb[BIG_LIMBS];
};

static void big_times_ten(struct big *b)
{
    uint64_t carry = 0;

    for (int i = 0; i < BIG_LIMBS; i++) {
        carry += (uint64_t)b->limb[i] * 10;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    must(carry == 0);
}

/* Rounds down; the error is far below the bits that count. */
static void big_by_ten(struct big *b)
{
    uint64_t rest = 0;

    for (int i = BIG_LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | b->limb[i];
        b->limb[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
}

/* The highest 128 bits of b, rounded up if `inexact` or if there is anything below them. */
static struct power big_top(const struct big *b, bool inexact)
{
    unsigned __int128 top = 0;
    int i = BIG_LIMBS - 1;
    int shift;

    while (i > 0 && b->limb[i] == 0)
        i--;
    must(i >= 4);
    shift = __builtin_clz(b->limb[i]);
    for (int j = i; j > i - 4; j--)
        top = top << 32 | b->limb[j];
    top <<= shift;
    if (shift > 0)
        top |= b->limb[i - 4] >> (32 - shift);
    inexact |= shift < 32 && (uint32_t)(b->limb[i - 4] << shift) != 0;
    for (int j = i - 5; j >= 0; j--)
        inexact |= b->limb[j] != 0;
    top += inexact;
    return (struct power){(uint64_t)(top >> 64), (uint64_t)top};
}

__attribute__((constructor)) static void fill_powers(void)
{
    struct big b = {{0}};

    b.limb[128 / 32] = 1;
    for (int e = 0; e <= POWER_MAX; e++) {
        powers[e - POWER_MIN] = big_top(&b, false);
        if (e < POWER_MAX)
            big_times_ten(&b);
    }
    memset(&b, 0, sizeof(b));
    b.limb[BIG_ONE / 32] = 1;
    for (int e = -1; e >= POWER_MIN; e--) {
        big_by_ten(&b);
        powers[e - POWER_MIN] = big_top(&b, true);
    }
}

/* floor(log10(2^e)) and floor(log10(3/4 x 2^e)), exact over the range of a double. */
static inline int floor_log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}

static inline int floor_log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

static inline int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

/* The upper 64 bits of the 192-bit product g x c, the last one set if anything below is: enough to compare by. */
static inline uint64_t times_to_odd(struct power g, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)g.low * c;
    unsigned __int128 high = (unsigned __int128)g.high * c + (low >> 64);

    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static inline struct decimal without_zeros(uint64_t digits, int exponent)
{
    must(digits > 0);
    while (digits % 10 == 0) {
        digits /= 10;
        exponent++;
    }
    return (struct decimal){digits, exponent};
}

/* Which of d and d + 1, in units of `unit`, is within lower .. upper (in quarters): 0, 1, or -1 if both or neither. */
static inline int only_one_inside(uint64_t lower, uint64_t upper, uint64_t d, uint64_t unit)
{
    bool low_inside = lower <= 4 * d * unit;
    bool high_inside = 4 * (d + 1) * unit <= upper;

    return low_inside != high_inside ? high_inside : -1;
}

struct decimal decimal_shortest(double v)
{
    uint64_t bits, fraction, c, vb, lower, upper, s;
    int q, k, h, one;
    bool uneven;
    struct power g;

    memcpy(&bits, &v, sizeof(bits));
    fraction = bits & (((uint64_t)1 << 52) - 1);
    q = (int)(bits >> 52);
    must(bits != 0 && q < 2047);
    /* Doubles just below a power of two are twice as dense as those above. */
    uneven = fraction == 0 && q > 1;
    c = q == 0 ? fraction : fraction | (uint64_t)1 << 52;
    q = (q == 0 ? 1 : q) - 1075;

    k = uneven ? floor_log10_three_quarters_pow2(q) : floor_log10_pow2(q);
    h = q + floor_log2_pow10(-k) + 1;
    must(-k >= POWER_MIN && -k <= POWER_MAX);
    sane(h >= 0 && h < 9); /* 4 * c has 55 bits */
    g = powers[-k - POWER_MIN];
    vb = times_to_odd(g, 4 * c << h);
    /* The bounds of the interval that reads as v belong to it if c is even. */
    lower = times_to_odd(g, (4 * c - 2 + uneven) << h) + (c & 1);
    upper = times_to_odd(g, (4 * c + 2) << h) - (c & 1);

    s = vb / 4;
    if (s >= 10) {
        one = only_one_inside(lower, upper, s / 10, 10);
        if (one >= 0)
            return without_zeros(s / 10 + (uint64_t)one, k + 1);
    }
    one = only_one_inside(lower, upper, s, 1);
    if (one < 0)
        one = vb > 4 * s + 2 || (vb == 4 * s + 2 && (s & 1));
    return without_zeros(s + (uint64_t)one, k);
}
