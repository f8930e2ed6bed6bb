/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock: the time, in the three forms in use.
 *
 * Threads: any.
 * Why:     expiry is told in wall-clock milliseconds because EXPIREAT and snapshots are; everything that
 *          measures a duration uses the monotonic clock.
 */
#ifndef LARDER_BASE_CLOCK_H
#define LARDER_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds since 1970, wall clock. */
static inline int64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Milliseconds since 1970, wall clock. */
static inline int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* Nanoseconds since some fixed moment, never going back. */
static inline int64_t clock_mono_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t clock_mono_ms(void)
{
    return clock_mono_ns() / 1000000;
}

/* A count that rises steadily, at the price of one instruction where the processor has one: for timing commands. */
static inline uint64_t clock_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return (uint64_t)clock_mono_ns();
#endif
}

/* Nanoseconds per 2^20 cycles; set once by clock_calibrate. */
extern uint64_t clock_ns_per_mega;

static inline uint64_t clock_cycles_ns(uint64_t cycles)
{
    return (uint64_t)((unsigned __int128)cycles * clock_ns_per_mega >> 20);
}

/* Measures how fast clock_cycles counts: once at start, takes 5 ms. */
void clock_calibrate(void);

#endif
