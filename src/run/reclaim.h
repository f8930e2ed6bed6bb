/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reclaim: decides when and how much to evict.
 *
 * Role:    keeps memory within maxmemory (store/quota.h). Before data is added, it helps the freer, then evicts; while
 *          there is too much data, it also evicts in slices.
 * Owns:    nothing.
 * Threads: the runner's: each eviction is a separate unit on the victim's shard. Only reclaim_within is called while
 *          the runner's unit holds shards.
 * Used by: admission, call, dispatch, net (slices).
 */
#ifndef LARDER_RUN_RECLAIM_H
#define LARDER_RUN_RECLAIM_H

#include "run/own_keys.h"
#include "run/unit.h"

/* Makes room for `bytes` more: frees objects that wait for the freer, and evicts, until they fit or, if memory was
 * beyond the limit, twice as many bytes were evicted, so that memory falls under any write load. Reserves the bytes if
 * they are many, until reclaim_done. False: they do not fit, and no key may be evicted. */
bool reclaim_for(struct runner *r, size_t bytes);
/* Whether `bytes` more fit as it is, and how many fit. */
bool reclaim_fits(const struct runner *r, size_t bytes);
size_t reclaim_room(const struct runner *r);
/* Whether `bytes` more fit for a command of CMD_GROWS: it may exceed maxmemory by 1.25 %, at least 128 KiB. A consumer
 * has to read before it can acknowledge, and a key gets an expiry so that it does not stay. If maxmemory was lowered
 * below the data, what counts is the least that the data has shrunk to since. */
bool reclaim_fits_loosely(const struct runner *r, size_t bytes);
/* Makes room while a unit holds shards. Evicts from other shards, if they can be locked without waiting. With `own`
 * also from shards of the unit, except the keys in `own`; then no entry may be referred to. */
bool reclaim_within(const struct unit *u, size_t bytes, const struct own_keys *own);
/* The command for which room was made has ended: ends its reservation, frees what the runner owes to the freer and what
 * the command promised to free. No shard is held. */
void reclaim_done(struct runner *r);
/* Evicts for a slice of time (100 us) if the data exceeds maxmemory. Sets r->next_reclaim. */
void reclaim_slice(struct runner *r);
/* Whether the data exceeds maxmemory. */
bool reclaim_is_full(const struct runner *r);

#endif
