/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/quiesce.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/mem.h"

#define WAIT_NS 20000 /* between two looks at the readers */

/* The age at which a worker entered; 0: it is not reading. */
static struct {
    _Alignas(64) _Atomic uint64_t entered;
} slots[QUIESCE_SLOTS];

struct retired {
    struct retired *next;
    uint64_t age;
    void *p;
    void (*release)(void *p);
};

static _Atomic uint64_t age = 1;
static _Atomic(struct retired *) retired; /* newest first */
static struct lock collecting = LOCK_INIT(QUIESCE);

void quiesce_enter(unsigned slot)
{
    uint64_t now = atomic_load_explicit(&age, memory_order_relaxed);

    must(slot < QUIESCE_SLOTS);
    /* Release: a collection that sees only this store knows that the reads before the last quiesce_leave have ended. */
    atomic_store_explicit(&slots[slot].entered, now, memory_order_release);
    /* A collection that does not see this store has unlinked its memory before any read that follows. Pairs with the
     * fence in oldest_reader, and makes what was unlinked before `age` was raised to `now` visible. */
    atomic_thread_fence(memory_order_seq_cst);
}

void quiesce_leave(unsigned slot)
{
    must(slot < QUIESCE_SLOTS);
    atomic_store_explicit(&slots[slot].entered, 0, memory_order_release);
}

void quiesce_retire(void *p, void (*release)(void *p))
{
    struct retired *r = mem_alloc(sizeof *r);

    must(p != NULL && release != NULL);
    *r = (struct retired){atomic_load(&retired), 0, p, release};
    /* A thread that enters with the new age cannot find p any more. */
    r->age = atomic_fetch_add(&age, 1) + 1;
    while (!atomic_compare_exchange_weak(&retired, &r->next, r))
        ;
}

/* The age of the reader that entered first; UINT64_MAX: nobody is reading. */
static uint64_t oldest_reader(void)
{
    uint64_t oldest = UINT64_MAX;

    atomic_thread_fence(memory_order_seq_cst); /* between unlinking what is retired and looking for readers */
    for (unsigned i = 0; i < QUIESCE_SLOTS; i++) {
        uint64_t e = atomic_load(&slots[i].entered);

        if (e != 0 && e < oldest)
            oldest = e;
    }
    return oldest;
}

static void collect(void) REQUIRES(collecting)
{
    struct retired *r = atomic_exchange(&retired, NULL);
    uint64_t oldest = oldest_reader();

    while (r != NULL) {
        struct retired *next = r->next;

        must(r->age > 1 && r->age <= atomic_load_explicit(&age, memory_order_relaxed));
        if (r->age <= oldest) {
            r->release(r->p);
            mem_free(r);
        } else {
            r->next = atomic_load(&retired);
            while (!atomic_compare_exchange_weak(&retired, &r->next, r))
                ;
        }
        r = next;
    }
}

void quiesce_collect(void)
{
    if (atomic_load_explicit(&retired, memory_order_relaxed) == NULL || !lock_try(&collecting))
        return;
    collect();
    lock_drop(&collecting);
}

void quiesce_wait(unsigned slot, int64_t ns)
{
    bool was_reading = atomic_load_explicit(&slots[slot].entered, memory_order_relaxed) != 0;
    uint64_t now = atomic_load(&age);
    int64_t end = clock_mono_ns() + ns;

    must(slot < QUIESCE_SLOTS);
    if (atomic_load_explicit(&retired, memory_order_relaxed) == NULL)
        return;
    quiesce_leave(slot); /* otherwise two threads that wait here would wait for each other */
    while (oldest_reader() < now && clock_mono_ns() < end)
        nanosleep(&(struct timespec){0, WAIT_NS}, NULL);
    lock_take(&collecting);
    collect();
    lock_drop(&collecting);
    if (was_reading)
        quiesce_enter(slot);
}
