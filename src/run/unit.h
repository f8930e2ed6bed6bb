/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit: an atomic piece of work: it holds its shards from its beginning to its end.
 *
 * Role:    locks the shards, then reads the time and the epoch; unlocks the shards. A command, a transaction, the
 *          eviction of one key, one hold of the expiry sweep and each step of SCAN is a unit.
 * Owns:    the locks of its shards, and the gate if there are several.
 * Threads: the runner's.
 * Used by: dispatch, reclaim, sweep, call_scan.
 * Why:     time and epoch are read after the last lock, so that a key that expired while the unit waited counts as
 *          expired, and a snapshot never contains half a unit. Nothing else in this room or in cmd locks a shard.
 *
 *      gather keys (locks.h), make room (reclaim.h)
 *      unit_begin...    lock, read time and epoch, shut the door of each shard
 *      the work         shard_touch, change, shard_changed
 *      unit_end         unlock
 */
#ifndef LARDER_RUN_UNIT_H
#define LARDER_RUN_UNIT_H

#include "run/locks.h"
#include "run/runner.h"

struct unit {
    struct runner *runner;
    struct shard *shard; /* the only one that it holds; NULL: none, several or all */
    bool is_set;         /* it holds the shards of the runner's lock set */
    bool is_world;       /* it holds every shard */
    uint8_t epoch;       /* of snapshots, modulo 4 */
    int64_t now;         /* ms since 1970, from the beginning to the end */
};

/* After the last lock: reads time and epoch. The clock of the batch serves, unless the unit has waited for a lock: keys
 * may have expired meanwhile. */
static inline void unit_read_time(struct unit *u, bool waited)
{
    if (UNLIKELY(waited))
        runner_tick(u->runner);
    u->now = u->runner->now;
    u->epoch = keyspace_epoch(u->runner->instance->keyspace);
}

/* After the shard was locked. */
static inline void unit_enter_shard(struct unit *u, struct runner *r, struct shard *s, bool waited) REQUIRES(shard_cap)
{
    sane(r->magic == RUNNER_MAGIC && s->keyspace == r->instance->keyspace);
    sane(&s->keyspace->shards[s->index] == s);
    u->runner = r;
    u->shard = s;
    u->is_set = u->is_world = false;
    unit_read_time(u, waited);
    shard_begin(s, u->epoch);
}

/* Begins a unit that holds one shard. Inline, as unit_end: each request passes both. */
static inline void unit_begin_shard(struct unit *u, struct runner *r, struct shard *s) ACQUIRES(shard_cap)
{
    bool waited = shard_lock(s);

    unit_enter_shard(u, r, s, waited);
}

/* The same, but gives up after about ns nanoseconds. Returns whether the unit has begun. */
static inline bool unit_begin_shard_within(struct unit *u, struct runner *r, struct shard *s, int64_t ns)
    TRY_ACQUIRES(true, shard_cap)
{
    bool waited = false;

    if (UNLIKELY(!shard_lock_within(s, ns, &waited)))
        return false;
    unit_enter_shard(u, r, s, waited);
    return true;
}

/* Begins a unit that holds the shards of the runner's lock set: none, one, several or all. Gives up after about ns
 * nanoseconds of waiting for a shard (LOCK_FOREVER: never). Returns whether the unit has begun. */
bool unit_begin_set_within(struct unit *u, struct runner *r, int64_t ns) TRY_ACQUIRES(true, shard_cap);
/* Begins a unit on one shard within a unit that holds no shard or all of them. In the second case it continues the
 * outer unit. Returns whether it has begun, as unit_begin_shard_within. */
bool unit_begin_within(struct unit *u, const struct unit *outer, struct shard *s, int64_t ns)
    TRY_ACQUIRES(true, shard_cap);

/* Begins a unit on one shard beside another unit, which holds others and does not use this one. False: `outer` holds
 * it, or it cannot be locked without waiting. */
bool unit_try_beside(struct unit *u, const struct unit *outer, struct shard *s) TRY_ACQUIRES(true, shard_cap);
/* Whether the unit holds the shard. */
bool unit_holds(const struct unit *u, const struct shard *s);

static inline void unit_end(struct unit *u) RELEASES(shard_cap) UNCHECKED_LOCKS /* what the unit has taken */
{
    sane(u->runner->magic == RUNNER_MAGIC);
    if (LIKELY(u->shard != NULL))
        shard_unlock(u->shard);
    else if (u->is_set)
        lock_set_drop(u->runner->locks);
}

/* States that the unit holds every shard, as commands with CMD_WORLD do, and checks it. */
static inline void unit_must_hold_world(const struct unit *u) ASSERTS(shard_cap)
{
    must(u->is_world);
}

#endif
