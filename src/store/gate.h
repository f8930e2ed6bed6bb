/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gate: controls which threads may take several shards at once.
 *
 * Role:    a shared-exclusive lock. An operation on several shards enters it shared; one whose keys are not known
 *          beforehand, or that needs the whole keyspace, closes it.
 * Owns:    one flag per slot; a slot belongs to one thread.
 * Threads: any that has a slot.
 * Used by: run/locks.
 * Why:     shared entry writes a cache line that belongs to its thread and reads one that is rarely written, so that
 *          many-key commands of different threads contend only for the shards they share. Single-shard commands do not
 *          enter.
 */
#ifndef LARDER_STORE_GATE_H
#define LARDER_STORE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

#define GATE_SLOTS 1024

struct gate {
    struct lock solo_lock;
    _Atomic uint32_t solo; /* 1: closed, or being closed */
    struct {
        _Alignas(64) _Atomic uint32_t inside;
    } slots[GATE_SLOTS];
};

void gate_init(struct gate *g);
/* Enters shared, before any shard lock. Gives up after about ns nanoseconds (LOCK_FOREVER: never). Sets *waited if it
 * had to wait. Returns whether it has entered. */
bool gate_enter_within(struct gate *g, unsigned slot, int64_t ns, bool *waited);
void gate_leave(struct gate *g, unsigned slot);
/* Closes the gate: returns when no thread is inside and none can enter. Gives up after about ns nanoseconds
 * (LOCK_FOREVER: never). Returns whether the gate is closed. */
bool gate_close_within(struct gate *g, int64_t ns) TRY_ACQUIRES(true, g->solo_lock);
void gate_open(struct gate *g) RELEASES(g->solo_lock);

#endif
