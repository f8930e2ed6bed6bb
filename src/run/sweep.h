/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep: active expiry in slices.
 *
 * Role:    walks through a worker's share of the shards and removes expired keys and fields. Each short hold of a
 *          shard's lock is a separate unit.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held, between quiesce_enter and _leave.
 * Used by: net, in its periodic tasks.
 */
#ifndef LARDER_RUN_SWEEP_H
#define LARDER_RUN_SWEEP_H

#include "run/runner.h"

enum sweep_result {
    SWEEP_IDLE,  /* no key and no field has an expiry */
    SWEEP_LATER, /* nothing is due */
    SWEEP_MORE,  /* the budget is used up, and there is more to do */
};

/* Removes expired keys and fields in the shards `first`, `first` + step, ... for about budget ns. *at holds the
 * position between calls; begin with 0. */
enum sweep_result sweep_slice(struct runner *r, unsigned first, unsigned step, unsigned *at, int64_t budget);

#endif
