/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/lock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPINS    200
#define SLEEP_NS (10 * 1000000) /* the longest sleep */

#ifndef LARDER_DEBUG
_Static_assert(sizeof(struct lock) == 4, "a lock is the four bytes of a futex");
#endif

void lock_init(struct lock *l, enum lock_rank rank, uint32_t order)
{
    must(rank < LOCK_RANKS);
    atomic_init(&l->word, 0);
#ifdef LARDER_DEBUG
    l->rank = rank;
    l->order = order;
    atomic_init(&l->owner, 0);
#else
    (void)rank;
    (void)order;
#endif
}

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* waits for tens of cycles, where yield does nothing on most processors */
#endif
}

/* ns of the monotonic clock. */
static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Spins briefly. Returns whether the lock is taken. */
static bool spin(struct lock *l)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t w = atomic_load_explicit(&l->word, memory_order_relaxed);

        must(w <= 2);
        if (w == 0 &&
            atomic_compare_exchange_weak_explicit(&l->word, &w, 1, memory_order_acquire, memory_order_relaxed))
            return true;
        pause_cpu();
    }
    return false;
}

static void sleep_on(struct lock *l, int64_t ns)
{
    struct timespec t = {0, ns < SLEEP_NS ? ns : SLEEP_NS};

    syscall(SYS_futex, &l->word, FUTEX_WAIT_PRIVATE, 2, &t, NULL, 0);
}

bool lock_wait_within(struct lock *l, int64_t ns)
{
    int64_t end = 0;

    if (ns == 0)
        return false;
    if (spin(l))
        return true;
    /* 2 stays behind when it gives up: then the holder makes a system call in vain. */
    while (atomic_exchange_explicit(&l->word, 2, memory_order_acquire) != 0) {
        int64_t left = SLEEP_NS;

        if (ns >= 0) {
            end = end != 0 ? end : now() + ns;
            left = end - now();
        }
        if (left <= 0)
            return false;
        sleep_on(l, left);
    }
    return true;
}

void lock_wait(struct lock *l)
{
    must(lock_wait_within(l, LOCK_FOREVER));
}

void lock_wake(struct lock *l, uint32_t was)
{
    must(was == 2); /* 0: nobody held it */
    syscall(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#ifdef LARDER_DEBUG

#define HELD_MAX 8192

/* The locks that this thread holds, in the order in which it took them. Those taken by lock_try may be out of order. */
static _Thread_local struct lock *held[HELD_MAX];
static _Thread_local unsigned held_n;
static _Thread_local uint32_t self;

static uint32_t thread_number(void)
{
    static _Atomic uint32_t next = 1;

    if (self == 0)
        self = atomic_fetch_add(&next, 1);
    return self;
}

void lock_note_take(struct lock *l, bool tried)
{
    must(held_n < HELD_MAX);
    if (!tried && held_n > 0) {
        struct lock *last = held[held_n - 1];

        must(last->rank < l->rank || (last->rank == l->rank && last->order < l->order));
    }
    held[held_n++] = l;
    atomic_store_explicit(&l->owner, thread_number(), memory_order_relaxed);
}

void lock_note_drop(struct lock *l)
{
    unsigned i = held_n;

    lock_must_hold(l);
    atomic_store_explicit(&l->owner, 0, memory_order_relaxed);
    while (held[--i] != l)
        must(i > 0);
    held_n--;
    for (; i < held_n; i++)
        held[i] = held[i + 1];
}

void lock_must_hold(const struct lock *l)
{
    must(atomic_load_explicit(&((struct lock *)l)->owner, memory_order_relaxed) == thread_number());
}

#endif
