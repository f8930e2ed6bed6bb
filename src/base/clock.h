/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clock: wall-clock time, monotonic time and a cycle counter.
 *
 * Threads: any.
 * Why:     expiry uses wall-clock milliseconds because EXPIREAT and snapshots do; durations use the monotonic clock.
 */
#ifndef LARDER_BASE_CLOCK_H
#define LARDER_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* Milliseconds that the wall clock is moved by; 0 but in tests (DEBUG SHIFT-CLOCK). */
extern _Atomic int64_t clock_shift;

/* Microseconds since 1970, wall clock. */
static inline int64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 +
           atomic_load_explicit(&clock_shift, memory_order_relaxed) * 1000;
}

/* Milliseconds since 1970, wall clock. */
static inline int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

/* Nanoseconds since an unspecified moment; never goes back. */
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

/* A steadily rising counter for timing commands; one instruction where the processor has one. */
static inline uint64_t clock_cycles(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
    return count;
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

/* Measures the rate of clock_cycles. Call once, at start; takes 5 ms. */
void clock_calibrate(void);

#endif
