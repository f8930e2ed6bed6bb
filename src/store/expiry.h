/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * expiry: removal of keys and fields that have expired and are not accessed.
 *
 * Role:    finds the shards that have something to remove, and removes it in short holds of the shard's lock.
 * Owns:    nothing; the tables keep the earliest tick of each bucket (table.h).
 * Threads: expiry_is_due needs no lock, but a quiesce_enter; expiry_sweep runs under the shard's lock.
 * Used by: run/sweep, which divides the shards among the workers and bounds the time.
 */
#ifndef LARDER_STORE_EXPIRY_H
#define LARDER_STORE_EXPIRY_H

#include "store/keyspace.h"

/* Whether the shard has something to remove at `now` (ms since 1970), or a table with more buckets than it needs; a
 * hint, without the lock. Sets *any to true if the shard has any keys or fields with an expiry. */
bool expiry_is_due(const struct shard *s, int64_t now, bool *any);
/* Removes a few dozen entries and fields that have expired at `now`, and frees buckets that a table no longer needs.
 * Returns whether nothing is left to do at `now`. */
bool expiry_sweep(struct shard *s, int64_t now) REQUIRES(shard_cap);

#endif
