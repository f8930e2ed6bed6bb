/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rand: random numbers, seeded from the kernel, one generator to a thread (xoshiro256**, Blackman and Vigna).
 *
 * Threads: any; no lock.
 * Why:     not for secrets; rand_bytes is.
 */
#ifndef LARDER_BASE_RAND_H
#define LARDER_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

uint64_t rand_u64(void);
/* Uniform in 0 .. n-1; n > 0. */
uint64_t rand_below(uint64_t n);
/* n bytes from the kernel's generator. */
void rand_bytes(void *p, size_t n);

#endif
