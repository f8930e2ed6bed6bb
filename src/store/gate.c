/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/gate.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define SLEEP_MAX (10 * 1000000) /* ns */

void gate_init(struct gate *g)
{
    lock_init(&g->solo_lock, LOCK_GATE, 0);
    atomic_init(&g->solo, 0);
    for (unsigned i = 0; i < GATE_SLOTS; i++)
        atomic_init(&g->slots[i].inside, 0);
}

static void sleep_on(struct gate *g, int64_t ns)
{
    struct timespec t = {0, ns < SLEEP_MAX ? ns : SLEEP_MAX};

    syscall(SYS_futex, &g->solo, FUTEX_WAIT_PRIVATE, 1, &t, NULL, 0);
}

bool gate_enter_within(struct gate *g, unsigned slot, int64_t ns, bool *waited)
{
    int64_t end = 0;

    must(slot < GATE_SLOTS);
    must(atomic_load_explicit(&g->slots[slot].inside, memory_order_relaxed) == 0); /* a thread enters once */
    for (;; *waited = true) {
        int64_t left = SLEEP_MAX;

        atomic_store(&g->slots[slot].inside, 1);
        if (LIKELY(atomic_load(&g->solo) == 0))
            return true;
        atomic_store(&g->slots[slot].inside, 0);
        if (ns >= 0) {
            end = end != 0 ? end : clock_mono_ns() + ns;
            left = end - clock_mono_ns();
        }
        if (left <= 0)
            return false;
        sleep_on(g, left);
    }
}

void gate_leave(struct gate *g, unsigned slot)
{
    must(slot < GATE_SLOTS);
    must(atomic_load_explicit(&g->slots[slot].inside, memory_order_relaxed) == 1);
    atomic_store_explicit(&g->slots[slot].inside, 0, memory_order_release);
}

bool gate_close_within(struct gate *g, int64_t ns)
{
    int64_t end = ns < 0 ? INT64_MAX : clock_mono_ns() + ns;
    bool waited;

    if (!lock_take_within(&g->solo_lock, ns, &waited))
        return false;
    must(atomic_load_explicit(&g->solo, memory_order_relaxed) == 0);
    atomic_store(&g->solo, 1);
    for (unsigned i = 0; i < GATE_SLOTS; i++)
        while (atomic_load(&g->slots[i].inside) != 0) {
            if (clock_mono_ns() > end) {
                gate_open(g);
                return false;
            }
            sched_yield();
        }
    return true;
}

void gate_open(struct gate *g)
{
    lock_must_hold(&g->solo_lock);
    must(atomic_load_explicit(&g->solo, memory_order_relaxed) == 1);
    atomic_store(&g->solo, 0);
    syscall(SYS_futex, &g->solo, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    lock_drop(&g->solo_lock);
}
