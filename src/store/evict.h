/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evict: what goes when memory is full.
 *
 * Role:    chooses victims by policy and removes them; stamps are read here (stamp.h).
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

/* Removes entries by the policy until `used()` is at most limit. False if nothing more may go. */
bool evict_to_fit(struct keyspace *ks, size_t limit, size_t (*used)(void *arg), void *arg);

#endif
