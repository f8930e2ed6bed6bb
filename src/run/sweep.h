/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sweep: active expiry, a slice at a time.
 *
 * Role:    goes through the shards that are a worker's share and removes what has expired there, each short hold of a
 *          shard's lock as a unit of its own.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held, between quiesce_enter and _leave.
 * Used by: net, as housekeeping.
 */
#ifndef LARDER_RUN_SWEEP_H
#define LARDER_RUN_SWEEP_H

#include "run/runner.h"

enum sweep_result {
    SWEEP_IDLE,  /* no key and no field has an expiry */
    SWEEP_LATER, /* nothing is due */
    SWEEP_MORE,  /* the budget is used up: there is more to do */
};

/* Removes what has expired in the shards `first`, `first` + step, ... for at most budget ns. *at keeps the position
 * between calls; begin with 0. */
enum sweep_result sweep_slice(struct runner *r, unsigned first, unsigned step, unsigned *at, int64_t budget);

#endif
