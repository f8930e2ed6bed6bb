/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock: a mutex of four bytes.
 *
 * Role:    spins briefly, then sleeps in the kernel (futex), never longer than 10 ms at a time.
 * Owns:    nothing; embedded where it guards.
 * Threads: any.
 * Used by: every room that shares state. lock.def lists all locks, outermost first.
 * Why:     a pthread mutex is ten times as large, and thousands of shards shall cost nothing. Debug builds keep
 *          the ranks a thread holds and stop on a lower one; clang's -Wthread-safety judges REQUIRES.
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
#define CAPABILITY(name) LOCK_ATTR(capability(name))
#define REQUIRES(...)    LOCK_ATTR(requires_capability(__VA_ARGS__))
#define ACQUIRES(...)    LOCK_ATTR(acquire_capability(__VA_ARGS__))
#define RELEASES(...)    LOCK_ATTR(release_capability(__VA_ARGS__))
#define TRY_ACQUIRES(...) LOCK_ATTR(try_acquire_capability(__VA_ARGS__))
#define ASSERTS(...)     LOCK_ATTR(assert_capability(__VA_ARGS__)) /* checked at run time by the function itself */
#define GUARDED_BY(x)    LOCK_ATTR(guarded_by(x))
/* For the few functions that take locks in a way the analysis cannot follow; each says why. */
#define UNCHECKED_LOCKS  LOCK_ATTR(no_thread_safety_analysis)

enum lock_rank {
#define LOCK(name, what) LOCK_##name,
#include "base/lock.def"
#undef LOCK
    LOCK_RANKS
};

struct CAPABILITY("lock") lock {
    _Atomic uint32_t word; /* 0 free, 1 held, 2 held and somebody may sleep */
#ifdef LARDER_DEBUG
    uint16_t rank;
    uint32_t order; /* among locks of one rank: ascending */
    _Atomic uint32_t owner;
#endif
};

/* For a lock with static storage: LOCK_INIT(LOG). */
#ifdef LARDER_DEBUG
#define LOCK_INIT(name) {.rank = LOCK_##name}
#else
#define LOCK_INIT(name) {0}
#endif

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order);
void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

#ifdef LARDER_DEBUG
void lock_note_take(struct lock *l, bool tried);
void lock_note_drop(struct lock *l);
/* Stops the process unless the calling thread holds the lock. A release build cannot tell who holds it, only that
 * somebody does: one load and one compare. */
void lock_must_hold(struct lock *l);
#else
static inline void lock_note_take(struct lock *l, bool tried)
{
    (void)l;
    (void)tried;
}
static inline void lock_note_drop(struct lock *l)
{
    (void)l;
}
static inline void lock_must_hold(struct lock *l)
{
    must(atomic_load_explicit(&l->word, memory_order_relaxed) != 0);
}
#endif

/* Returns whether somebody else held it. */
static inline bool lock_take(struct lock *l) ACQUIRES(l) UNCHECKED_LOCKS
{
    uint32_t free = 0;
    bool held = false;

    if (UNLIKELY(!atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire,
                                                          memory_order_relaxed))) {
        lock_wait(l);
        held = true;
    }
    lock_note_take(l, false);
    return held;
}

/* Takes the lock if it is free; false: it is not. May be tried out of order, since it never waits. */
static inline bool lock_try(struct lock *l) TRY_ACQUIRES(true, l) UNCHECKED_LOCKS
{
    uint32_t free = 0;

    if (!atomic_compare_exchange_strong_explicit(&l->word, &free, 1, memory_order_acquire, memory_order_relaxed))
        return false;
    lock_note_take(l, true);
    return true;
}

static inline void lock_drop(struct lock *l) RELEASES(l) UNCHECKED_LOCKS
{
    lock_note_drop(l);
    if (UNLIKELY(atomic_exchange_explicit(&l->word, 0, memory_order_release) == 2))
        lock_wake(l);
}

#endif
