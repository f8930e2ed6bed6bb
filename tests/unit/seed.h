/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * seed: random numbers for model tests, which can be drawn again.
 *
 * Role:    a test calls seed_start, which prints LARDER_SEED=number; with that in the environment the same numbers
 *          come again. The generator is splitmix64 (Steele, Lea and Flood, 2014). seed_rounds tells how often to draw.
 * Threads: one.
 */
#ifndef LARDER_TESTS_SEED_H
#define LARDER_TESTS_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"

static uint64_t seed_state;

static inline void seed_start(const char *test)
{
    const char *given = getenv("LARDER_SEED");

    seed_state = given ? strtoull(given, NULL, 0) : rand_u64();
    printf("%s: LARDER_SEED=%llu\n", test, (unsigned long long)seed_state);
    fflush(stdout);
}

static inline uint64_t seed_u64(void)
{
    uint64_t z = seed_state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* How many rounds a test goes that would like to go n: a quarter of them where utils/test runs without --full. */
static inline unsigned seed_rounds(unsigned n)
{
    const char *full = getenv("LARDER_FULL");

    return full != NULL && strcmp(full, "no") == 0 ? (n + 3) / 4 : n;
}

/* In 0 .. n-1; n > 0. */
static inline uint64_t seed_below(uint64_t n)
{
    return seed_u64() % n;
}

static inline void seed_bytes(void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)p)[i] = (unsigned char)seed_u64();
}

#endif
