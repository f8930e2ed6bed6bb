/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rand: random numbers from one generator per thread (xoshiro256**, Blackman and Vigna), seeded by the kernel.
 *
 * Threads: any; no lock.
 * Why:     fast. Secrets come from rand_bytes instead.
 */
#ifndef LARDER_BASE_RAND_H
#define LARDER_BASE_RAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

uint64_t rand_u64(void);
/* Uniform in 0 .. n-1; n > 0. */
uint64_t rand_below(uint64_t n);
/* Whether to pick the next of `left` items, left > 0, when n of them are to be picked. Called for each item in turn, it
 * makes every choice of n equally likely. (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.) */
static inline bool rand_picks(uint64_t n, uint64_t left)
{
    sane(left > 0);
    return n != 0 && (n >= left || rand_below(left) < n);
}

/* Fills n bytes from the kernel's generator. */
void rand_bytes(void *p, size_t n);

#endif
