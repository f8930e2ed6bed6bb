/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reclaim: eviction, when and how much.
 *
 * Role:    keeps what maxmemory bounds (store/quota.h) within it: before a command that adds, helps the freer, then
 *          evicts; evicts in slices while there is too much data.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held: each eviction is a unit of its own on the victim's shard.
 * Used by: admission, net (slices).
 */
#ifndef LARDER_RUN_RECLAIM_H
#define LARDER_RUN_RECLAIM_H

#include "run/runner.h"

/* Makes room for `bytes` more: frees what waits for the freer, and evicts if the data alone is too large, until they
 * fit or twice as much is evicted, so that memory falls whatever others write. False: memory is full, and nothing more
 * may be evicted. */
bool reclaim_for(struct runner *r, size_t bytes);
/* Evicts for a slice of time (100 us) if the data is over maxmemory and a slice is due. Sets r->next_reclaim. */
void reclaim_slice(struct runner *r);
/* Whether the data is over maxmemory. */
bool reclaim_is_full(const struct runner *r);

#endif
