/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reclaim: decides when and how much to evict.
 *
 * Role:    keeps memory within maxmemory (store/quota.h). Before a command that adds data, it helps the freer, then
 *          evicts; while there is too much data, it also evicts in slices.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held: each eviction is a separate unit on the victim's shard.
 * Used by: admission, net (slices).
 */
#ifndef LARDER_RUN_RECLAIM_H
#define LARDER_RUN_RECLAIM_H

#include "run/runner.h"

/* Makes room for `bytes` more: frees objects that wait for the freer, and evicts if the data alone is too large, until
 * they fit or twice as many bytes were evicted, so that memory falls under any write load. False: memory is full, and
 * no key may be evicted. */
bool reclaim_for(struct runner *r, size_t bytes);
/* Evicts for a slice of time (100 us) if the data exceeds maxmemory. Sets r->next_reclaim. */
void reclaim_slice(struct runner *r);
/* Whether the data exceeds maxmemory. */
bool reclaim_is_full(const struct runner *r);

#endif
