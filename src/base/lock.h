/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock: a mutex of four bytes.
 *
 * Role:    a waiter spins briefly, then sleeps in the kernel (futex) for at most 10 ms at a time.
 * Owns:    nothing; embedded where it guards.
 * Threads: any.
 * Used by: every room that shares state. lock.def lists all locks, outermost first.
 * Why:     a pthread mutex is ten times as large, and a server may have thousands of shards. Debug builds record the
 *          locks that a thread holds and stop where one is taken out of order; clang's -Wthread-safety checks REQUIRES.
 */
#ifndef LARDER_BASE_LOCK_H
#define LARDER_BASE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

#if defined(__clang__)
#define LOCK_ATTR(x) __attribute__((x))
#else
#define LOCK_ATTR(x)
#endif
#define CAPABILITY(name)  LOCK_ATTR(capability(name))
#define REQUIRES(...)     LOCK_ATTR(requires_capability(__VA_ARGS__))
#define ACQUIRES(...)     LOCK_ATTR(acquire_capability(__VA_ARGS__))
#define RELEASES(...)     LOCK_ATTR(release_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...) LOCK_ATTR(try_acquire_capability(__VA_ARGS__))
#define ASSERTS(...)      LOCK_ATTR(assert_capability(__VA_ARGS__)) /* the function itself checks it at run time */
#define GUARDED_BY(x)     LOCK_ATTR(guarded_by(x))
/* For the few functions whose locking the analysis cannot follow; each says why. */
#define UNCHECKED_LOCKS LOCK_ATTR(no_thread_safety_analysis)

enum lock_rank {
#define LOCK(name, what) LOCK_##name,
#include "base/lock.def"
#undef LOCK
    LOCK_RANKS
};

struct CAPABILITY("lock") lock {
    _Atomic uint32_t word; /* 0: free; 1: held; 2: held, and a thread may be asleep waiting for it */
#ifdef LARDER_DEBUG
    uint16_t rank;
    uint32_t order; /* among locks of one rank: ascending */
    _Atomic uint32_t owner;
#endif
};

/* For a lock with static storage: LOCK_INIT(LOG). */
#ifdef LARDER_DEBUG
#define LOCK_INIT(name)     \
    {                       \
        .rank = LOCK_##name \
    }
#else
#define LOCK_INIT(name) \
    {                   \
        0               \
    }
#endif

/* Locks of one rank are taken in ascending `order`. */
void lock_init(struct lock *l, enum lock_rank rank, uint32_t order);
/* The slow paths of lock_take and lock_drop; `was` is the word that lock_drop replaced. */
void lock_wait(struct lock *l);
bool lock_wait_within(struct lock *l, int64_t ns);
void lock_wake(struct lock *l, uint32_t was);

#ifdef LARDER_DEBUG
/* Records that the calling thread took or dropped the lock; stops the process if the order was wrong. */
void lock_note_take(struct lock *l, bool tried) ASSERTS(l);
void lock_note_drop(struct lock *l);
/* Stops the process unless the calling thread holds the lock. A release build only knows whether any thread holds it:
 * one load and one compare. */
void lock_must_hold(const struct lock *l) ASSERTS(l);
#else
static inline void lock_note_take(struct lock *l, bool tried) ASSERTS(l)
{
    (void)l;
    (void)tried;
}
static inline void lock_note_drop(struct lock *l)
{
    (void)l;
}
static inline void lock_must_hold(const struct lock *l) ASSERTS(l)
{
    must(atomic_load_explicit(&((struct lock *)l)->word, memory_order_relaxed) != 0);
}
#endif

/* Returns whether it had to wait for another thread. */
static inline bool lock_take(struct lock *l) ACQUIRES(l)
{
    uint32_t free = 0;
    bool held = false;

    if (UNLIKELY(
            !atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed))) {
        lock_wait(l);
        held = true;
    }
    lock_note_take(l, false);
    return held;
}

#define LOCK_FOREVER (-1)

/* As lock_take, but gives up after about ns nanoseconds (0: at once), or never (LOCK_FOREVER). Sets *waited if it had
 * to wait. Returns whether the lock is taken. */
static inline bool lock_take_within(struct lock *l, int64_t ns, bool *waited) TRY_ACQUIRES(true, l)
{
    uint32_t free = 0;

    if (UNLIKELY(
            !atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed))) {
        *waited = true;
        if (!lock_wait_within(l, ns))
            return false;
    }
    lock_note_take(l, false);
    return true;
}

/* Takes the lock if it is free. May be called out of order, since it never waits. */
static inline bool lock_try(struct lock *l) TRY_ACQUIRES(true, l)
{
    uint32_t free = 0;

    if (!atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed))
        return false;
    lock_note_take(l, true);
    return true;
}

/* Unchecked: for the analysis nothing in the body releases the lock, and no attribute can say that it does. */
static inline void lock_drop(struct lock *l) RELEASES(l) UNCHECKED_LOCKS
{
    uint32_t was;

    lock_note_drop(l);
    was = atomic_exchange_explicit(&l->word, 0, memory_order_release);
    if (UNLIKELY(was != 1))
        lock_wake(l, was);
}

#endif
