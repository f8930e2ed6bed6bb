/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handover: tells the sanitizers which bytes are the kernel's.
 *
 * Role:    a ring lets the kernel read and write our memory between two calls, where no sanitizer can see it. These say
 *          what it did, so that a race or a use of bytes given away is found as it would be with send and recv.
 * Threads: any.
 * Used by: ring, engine_uring.
 * Why:     without sanitizers every one of them is nothing.
 */
#ifndef LARDER_NET_HANDOVER_H
#define LARDER_NET_HANDOVER_H

#include <stddef.h>

#include "base/must.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HANDOVER_ADDRESS
#endif
#if __has_feature(thread_sanitizer)
#define HANDOVER_THREAD
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HANDOVER_ADDRESS
#endif
#if defined(__SANITIZE_THREAD__)
#define HANDOVER_THREAD
#endif

#ifdef HANDOVER_ADDRESS
#include <sanitizer/asan_interface.h>
#endif
#ifdef HANDOVER_THREAD
#include <sanitizer/tsan_interface.h>
/* What compiled code calls for its own accesses; no header of the compilers has them. */
void __tsan_read_range(void *p, long n);
void __tsan_write_range(void *p, long n);
#endif

/* Whether anybody looks at what is said here. */
#if defined(HANDOVER_ADDRESS) || defined(HANDOVER_THREAD)
#define HANDOVER_IS_SEEN 1
#else
#define HANDOVER_IS_SEEN 0
#endif

/* These bytes are the kernel's until handover_take: nobody may look at them. */
static inline void handover_give(void *p, size_t n)
{
    (void)p;
    (void)n;
#ifdef HANDOVER_ADDRESS
    ASAN_POISON_MEMORY_REGION(p, n);
#endif
}

/* They are ours again, and the kernel has written them. */
static inline void handover_take(void *p, size_t n)
{
    (void)p;
    (void)n;
#ifdef HANDOVER_ADDRESS
    ASAN_UNPOISON_MEMORY_REGION(p, n);
#endif
#ifdef HANDOVER_THREAD
    __tsan_write_range(p, n);
#endif
}

/* The kernel may read these bytes from here on, or has read them until now: they must be there, and unchanged in
 * between. */
static inline void handover_read(const void *p, size_t n)
{
    (void)p;
    (void)n;
#ifdef HANDOVER_ADDRESS
    must(__asan_region_is_poisoned((void *)p, n) == NULL);
#endif
#ifdef HANDOVER_THREAD
    __tsan_read_range((void *)p, n);
#endif
}

/* What was done before handover_signal is seen behind the handover_hear that it leads to. */
static inline void handover_signal(void *p)
{
    (void)p;
#ifdef HANDOVER_THREAD
    __tsan_release(p);
#endif
}

static inline void handover_hear(void *p)
{
    (void)p;
#ifdef HANDOVER_THREAD
    __tsan_acquire(p);
#endif
}

#endif
