/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reclaim: eviction, when and how much.
 *
 * Role:    keeps the data within maxmemory: evicts before a command that adds, and in slices while there is too much.
 * Owns:    nothing.
 * Threads: the runner's, with no shard held: each eviction is a unit of its own on the victim's shard.
 * Used by: admission, net (slices).
 */
#ifndef LARDER_RUN_RECLAIM_H
#define LARDER_RUN_RECLAIM_H

#include "run/runner.h"

/* Evicts until `bytes` more fit, or until twice as much is evicted as they are, so that memory falls whatever is
 * written meanwhile. False: memory is full, and nothing more may be evicted. */
bool reclaim_for(struct runner *r, size_t bytes);
/* Evicts for a slice of time (100 us) if memory is over maxmemory and a slice is due. Sets r->next_reclaim. */
void reclaim_slice(struct runner *r);
/* Whether memory is over maxmemory. */
bool reclaim_is_full(const struct runner *r);

#endif
