/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

#include "base/must.h"

static _Thread_local uint64_t state[4];
static _Thread_local bool seeded;

static inline uint64_t rotate_left(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

__attribute__((cold, noinline)) static void seed(void)
{
    /* The generator never leaves the state of all zeros. */
    do
        rand_bytes(state, sizeof(state));
    while ((state[0] | state[1] | state[2] | state[3]) == 0);
    seeded = true;
}

/* xoshiro256**: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021. */
uint64_t rand_u64(void)
{
    uint64_t result, t;

    if (UNLIKELY(!seeded))
        seed();
    result = rotate_left(state[1] * 5, 7) * 9;
    t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate_left(state[3], 45);
    return result;
}

/* The high half of a 128-bit product; biased draws are rejected: Lemire, "Fast random integer generation in an
 * interval", 2019. */
uint64_t rand_below(uint64_t n)
{
    unsigned __int128 product = (unsigned __int128)rand_u64() * n;

    must(n > 0);
    if (UNLIKELY((uint64_t)product < n)) {
        uint64_t biased = -n % n;

        while ((uint64_t)product < biased)
            product = (unsigned __int128)rand_u64() * n;
    }
    return (uint64_t)(product >> 64);
}

void rand_bytes(void *p, size_t n)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);

        if (got < 0) {
            must(errno == EINTR);
            continue;
        }
        must((size_t)got <= n);
        at += got;
        n -= (size_t)got;
    }
}
