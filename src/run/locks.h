/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks: the set of shards that a unit needs.
 *
 * Role:    gathers the shards of all keys of a command or of a transaction, locks them in ascending order (through the
 *          gate if there are several), and unlocks them.
 * Owns:    one set per runner.
 * Threads: the runner's.
 * Used by: dispatch gathers, unit locks; nothing else in run or cmd locks a shard.
 * Why:     no thread waits for a shard while it holds a higher one, so there is no deadlock; see docs/LOCKS.md.
 */
#ifndef LARDER_RUN_LOCKS_H
#define LARDER_RUN_LOCKS_H

#include "run/command.h"
#include "store/keyspace.h"

struct lock_set;

struct lock_set *lock_set_new(struct keyspace *ks, unsigned slot);
void lock_set_free(struct lock_set *l);

/* Empties the set. */
void lock_set_clear(struct lock_set *l);
void lock_set_want(struct lock_set *l, uint64_t hash);
void lock_set_want_world(struct lock_set *l);
bool lock_set_is_world(const struct lock_set *l);
bool lock_set_has(const struct lock_set *l, const struct shard *s);
/* Hashes the keys of a command into hash[] and adds their shards, or all shards if the command needs them. False: the
 * keys cannot be determined from the arguments; the body will report the error. */
bool lock_set_want_keys(struct lock_set *l, const struct command *cmd, const struct slice *argv, int argc,
                        uint64_t *hash);
/* Prefetches the entries of the keys that lock_set_want_keys has just hashed. */
void lock_set_prefetch(struct lock_set *l, const uint64_t *hash, unsigned db);
/* Locks the shards of the set; lock_set_drop unlocks them. Gives up where it would have to wait for longer than about
 * ns nanoseconds (LOCK_FOREVER: never); then it holds nothing. Sets *waited if it may have waited. Returns whether the
 * shards are locked. */
bool lock_set_take_within(struct lock_set *l, int64_t ns, bool *waited) TRY_ACQUIRES(true, shard_cap);
/* Calls shard_begin for each shard of the set, which are locked. */
void lock_set_begin(struct lock_set *l, uint8_t epoch) REQUIRES(shard_cap);
void lock_set_drop(struct lock_set *l) RELEASES(shard_cap);

#endif
