/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evict: what goes when memory is full.
 *
 * Role:    chooses victims by policy and removes them; stamps entries on access.
 * Threads: evict_touch under the shard's lock; evict_to_fit holds no lock when called and takes one shard at a time.
 * Used by: cmd/call.
 * Why:     order comes from a 4-byte stamp in the entry, not from lists, so that a policy costs no memory and
 *          switching it needs no rebuild. The victim is the best of a few entries drawn from one
 *          database of a shard, which is drawn too.
 */
#ifndef LARDER_STORE_EVICT_H
#define LARDER_STORE_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/options.h"
#include "store/entry.h"

struct keyspace;

bool evict_policy_is_lfu(enum policy p);

/* Moves the keyspace's stamp on: once per batch, by any worker. */
void evict_tick(struct keyspace *ks);
/* What a new entry is stamped with. */
uint32_t evict_first_stamp(struct keyspace *ks);
/* An access: the entry becomes the most recent, or its count may rise. Under the shard's lock. */
void evict_touch(struct keyspace *ks, struct entry *e);
/* Seconds since the last access (since insertion under FIFO); LFU's counter, 0 to 255, decayed to now. */
int64_t evict_idle_seconds(struct keyspace *ks, const struct entry *e);
unsigned evict_frequency(struct keyspace *ks, const struct entry *e);
void evict_set_idle(struct keyspace *ks, struct entry *e, int64_t seconds);
void evict_set_frequency(struct keyspace *ks, struct entry *e, unsigned count);

/* Removes entries by the policy until `used()` is at most limit. False if nothing more may go. */
bool evict_to_fit(struct keyspace *ks, size_t limit, size_t (*used)(void *arg), void *arg);

#endif
