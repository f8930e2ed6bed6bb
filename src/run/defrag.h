/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * defrag: active defragmentation in slices.
 *
 * Role:    when slabs have much free memory, walks through a worker's share of the shards and moves blocks into fewer
 *          slabs. Each short hold of a shard's lock is a separate unit.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held, between quiesce_enter and _leave.
 * Used by: net, in its periodic tasks.
 */
#ifndef LARDER_RUN_DEFRAG_H
#define LARDER_RUN_DEFRAG_H

#include "run/runner.h"
#include "store/compact.h"

/* Where a worker is; begin with {0}. */
struct defrag {
    unsigned shard;
    struct compact_position at;
    struct slab_work done; /* since the walk began */
    bool is_running;
    int64_t rest;  /* ns: after a walk that has moved nothing the next one begins later, and later each time */
    int64_t until; /* ns, monotonic: when it may begin */
};

/* Works for about 50 us in the shards `first`, `first` + step, ... Returns after how many ns it is to be called again;
 * 0: there is nothing to do, look again at the next tick. */
int64_t defrag_slice(struct runner *r, struct defrag *c, unsigned first, unsigned step);

#endif
