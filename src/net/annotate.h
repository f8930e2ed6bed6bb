/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * annotate: tells the sanitizers which bytes the kernel owns.
 *
 * Role:    with io_uring the kernel reads and writes our memory between two calls, where no sanitizer can see it. These
 *          functions say what it did, so that a race or a use of its bytes is found as it would be with send and recv.
 * Threads: any.
 * Used by: ring, engine_uring.
 * Why:     without sanitizers they compile to nothing.
 */
#ifndef LARDER_NET_ANNOTATE_H
#define LARDER_NET_ANNOTATE_H

#include <stddef.h>

#include "base/must.h"
#include "base/sanitize.h"

#if SANITIZE_ADDRESS
#include <sanitizer/asan_interface.h>
#endif
#if SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>
/* The functions that compiled code calls for its own accesses; no header of the compilers declares them. */
void __tsan_read_range(void *p, long n);
void __tsan_write_range(void *p, long n);
#endif

/* Whether a sanitizer is built in. */
#define ANNOTATE_IS_ON (SANITIZE_ADDRESS || SANITIZE_THREAD)

/* The kernel owns these bytes until annotate_take: no other code may access them. */
static inline void annotate_give(void *p, size_t n)
{
    (void)p;
    (void)n;
#if SANITIZE_ADDRESS
    ASAN_POISON_MEMORY_REGION(p, n);
#endif
}

/* The kernel has written these bytes and gives them back. */
static inline void annotate_take(void *p, size_t n)
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

/* The kernel begins or ends reading these bytes. In between they may be neither freed nor changed. */
static inline void annotate_read(const void *p, size_t n)
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

/* What happened before annotate_release happened before what follows the annotate_acquire that it causes. */
static inline void annotate_release(void *p)
{
    (void)p;
#if SANITIZE_THREAD
    __tsan_release(p);
#endif
}

static inline void annotate_acquire(void *p)
{
    (void)p;
#if SANITIZE_THREAD
    __tsan_acquire(p);
#endif
}

#endif
