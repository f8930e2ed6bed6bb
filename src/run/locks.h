/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * locks: which shards a unit needs, and the taking of them.
 *
 * Role:    gathers the shards of all keys of a command or of a whole transaction, takes them in ascending order
 *          (through the gate where they are several), gives them back.
 * Owns:    one set per runner.
 * Threads: the runner's.
 * Used by: dispatch gathers, unit takes: nothing else in run or cmd takes a shard.
 * Why:     nobody waits for a shard while holding a higher one, so there is no deadlock; see docs/LOCKS.md.
 */
#ifndef LARDER_RUN_LOCKS_H
#define LARDER_RUN_LOCKS_H

#include "run/command.h"
#include "store/keyspace.h"

struct lock_set;

struct lock_set *lock_set_new(struct keyspace *ks, unsigned slot);
void lock_set_free(struct lock_set *l);

/* Nothing is wanted. */
void lock_set_clear(struct lock_set *l);
void lock_set_want(struct lock_set *l, uint64_t hash);
void lock_set_want_world(struct lock_set *l);
bool lock_set_is_world(const struct lock_set *l);
/* Hashes the keys of a command into hash[] and wants their shards (or the world, where the command says so). False:
 * the arguments do not tell the keys; the body will find what is wrong with them. */
bool lock_set_want_keys(struct lock_set *l, const struct command *cmd, const struct slice *argv, int argc,
                        uint64_t *hash);
/* Asks the cache for the entries of the keys that lock_set_want_keys has just hashed. */
void lock_set_prefetch(struct lock_set *l, const uint64_t *hash, unsigned db);
/* Takes what is wanted; returns whether that may have taken time. drop gives it back. */
bool lock_set_take(struct lock_set *l) ACQUIRES(shard_cap);
/* Begins a unit on each shard that was taken: shard_begin. */
void lock_set_begin(struct lock_set *l, uint8_t epoch) REQUIRES(shard_cap);
void lock_set_drop(struct lock_set *l) RELEASES(shard_cap);

#endif
