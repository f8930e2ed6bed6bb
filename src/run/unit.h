/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit: what happens at one moment: it holds its shards from its beginning to its end.
 *
 * Role:    takes the shards, then reads the time and the epoch; gives the shards back. A command, a transaction, the
 *          eviction of one key, one hold of the expiry sweep and each step of SCAN is a unit.
 * Owns:    the locks of its shards, and the gate where they are several.
 * Threads: the runner's.
 * Used by: dispatch, reclaim, sweep, call_scan.
 * Why:     time and epoch are read after the last lock, so that a key that expired while the unit waited counts as
 *          expired, and no unit is half inside a snapshot. Nothing else in this room or in cmd takes a shard.
 *
 *      gather keys (locks.h), make room (reclaim.h)
 *      unit_begin...    lock, read time and epoch, shut the door of each shard
 *      the work         shard_touch, change, shard_changed
 *      unit_end         unlock
 */
#ifndef LARDER_RUN_UNIT_H
#define LARDER_RUN_UNIT_H

#include "run/runner.h"

struct unit {
    struct runner *runner;
    struct shard *shard; /* the only one that it holds; NULL: none, several or all */
    bool is_set;         /* it holds what the runner's lock set wants */
    bool is_world;       /* it holds every shard */
    uint8_t epoch;       /* of snapshots, modulo 4 */
    int64_t now;         /* ms since 1970, from the beginning to the end */
};

/* Holds one shard. */
void unit_begin_shard(struct unit *u, struct runner *r, struct shard *s) ACQUIRES(shard_cap);
/* Holds the shards that the runner's lock set wants: none, several or all. */
void unit_begin_set(struct unit *u, struct runner *r) ACQUIRES(shard_cap);
/* Holds one shard within a unit that holds no shard or all of them: in the second case that unit goes on. */
void unit_begin_within(struct unit *u, const struct unit *outer, struct shard *s) ACQUIRES(shard_cap);
void unit_end(struct unit *u) RELEASES(shard_cap);

/* The caller promises that the unit holds every shard, as commands with CMD_WORLD do. Checked. */
static inline void unit_must_hold_world(const struct unit *u) ASSERTS(shard_cap)
{
    must(u->is_world);
}

#endif
