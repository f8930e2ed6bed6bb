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
#include "base/sanitize.h"

#if SANITIZE_ADDRESS
#include <sanitizer/asan_interface.h>
#endif
#if SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>
/* What compiled code calls for its own accesses; no header of the compilers has them. */
void __tsan_read_range(void *p, long n);
void __tsan_write_range(void *p, long n);
#endif

/* Whether anybody looks at what is said here. */
#define HANDOVER_IS_SEEN (SANITIZE_ADDRESS || SANITIZE_THREAD)

/* These bytes are the kernel's until handover_take: nobody may look at them. */
static inline void handover_give(void *p, size_t n)
{
    (void)p;
    (void)n;
#if SANITIZE_ADDRESS
    ASAN_POISON_MEMORY_REGION(p, n);
#endif
}

/* They are ours again, and the kernel has written them. */
static inline void handover_take(void *p, size_t n)
{
    (void)p;
    (void)n;
#if SANITIZE_ADDRESS
    ASAN_UNPOISON_MEMORY_REGION(p, n);
#endif
#if SANITIZE_THREAD
    __tsan_write_range(p, n);
#endif
}

/* The kernel may read these bytes from here on, or has read them until now: they must be there, and unchanged in
 * between. */
static inline void handover_read(const void *p, size_t n)
{
    (void)p;
    (void)n;
#if SANITIZE_ADDRESS
    must(__asan_region_is_poisoned((void *)p, n) == NULL);
#endif
#if SANITIZE_THREAD
    __tsan_read_range((void *)p, n);
#endif
}

/* What was done before handover_signal is seen behind the handover_hear that it leads to. */
static inline void handover_signal(void *p)
{
    (void)p;
#if SANITIZE_THREAD
    __tsan_release(p);
#endif
}

static inline void handover_hear(void *p)
{
    (void)p;
#if SANITIZE_THREAD
    __tsan_acquire(p);
#endif
}

#endif
