/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * gate: who may take several shards at once.
 *
 * Role:    operations over several shards enter shared; one whose keys are not known beforehand, or that needs the
 *          whole keyspace, has the gate alone.
 * Owns:    one flag per slot; a slot belongs to one thread.
 * Threads: any that has a slot.
 * Used by: cmd/call.c.
 * Why:     shared entry writes a line of one's own and reads one that nobody writes, so that many-key commands of
 *          different threads do not meet anywhere but at the shards they share. Single-shard commands do not enter.
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
    _Atomic uint32_t solo; /* 1: somebody is, or is about to be, alone inside */
    struct {
        _Alignas(64) _Atomic uint32_t inside;
    } slots[GATE_SLOTS];
};

void gate_init(struct gate *g);
/* Shared: before any shard lock. Returns whether it had to wait. */
bool gate_enter(struct gate *g, unsigned slot);
void gate_leave(struct gate *g, unsigned slot);
/* Alone: returns when nobody is inside and nobody can enter. */
void gate_close(struct gate *g);
void gate_open(struct gate *g);

#endif
