/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp: when an entry was used, or how often, in four bytes.
 *
 * Role:    stamps entries when they come and when they are used, and reads the stamps, as the policy in force has them.
 * Threads: under the shard's lock, but for stamp_tick.
 * Used by: shard, evict, cmd.
 * Why:     order comes from the stamp and not from lists: a policy costs no memory and switching it needs no rebuild.
 */
#ifndef LARDER_STORE_STAMP_H
#define LARDER_STORE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/options.h"
#include "store/entry.h"

struct keyspace;

bool stamp_policy_is_lfu(enum policy p);

/* Moves the keyspace's stamp on: once per batch, by any worker. */
void stamp_tick(struct keyspace *ks);
/* What a new entry is stamped with. */
uint32_t stamp_first(struct keyspace *ks);
/* An access: the entry becomes the most recent, or its count may rise. Under the shard's lock. */
void stamp_touch(struct keyspace *ks, struct entry *e);
/* Seconds since the last access (since insertion under FIFO); LFU's counter, 0 to 255, decayed to now. */
int64_t stamp_idle(struct keyspace *ks, const struct entry *e);
unsigned stamp_frequency(struct keyspace *ks, const struct entry *e);
void stamp_set_idle(struct keyspace *ks, struct entry *e, int64_t seconds);
void stamp_set_frequency(struct keyspace *ks, struct entry *e, unsigned count);
/* How many stamps ago the entry was used: greater is longer ago. */
uint32_t stamp_age(struct keyspace *ks, const struct entry *e);

#endif
