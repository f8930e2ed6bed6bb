/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rand: random numbers, seeded from the kernel, one generator to a thread (xoshiro256**, Blackman and Vigna).
 *
 * Threads: any; no lock.
 * Why:     not for secrets; rand_bytes is.
 */
#ifndef LARDER_BASE_RAND_H
#define LARDER_BASE_RAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t rand_u64(void);
/* Uniform in 0 .. n-1; n > 0. */
uint64_t rand_below(uint64_t n);
/* Whether the next of `left` things, left > 0, is one of the n that are to be picked from them: asked for each in turn,
 * every choice is as likely as any other. (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S.) */
static inline bool rand_picks(uint64_t n, uint64_t left)
{
    return n != 0 && (n >= left || rand_below(left) < n);
}

/* n bytes from the kernel's generator. */
void rand_bytes(void *p, size_t n);

#endif
