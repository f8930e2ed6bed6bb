/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compact: moves entries and parts of large values out of slabs that are hardly used.
 *
 * Role:    walks over the tables of a shard in short holds of its lock. The slabs that become empty are returned.
 * Owns:    nothing.
 * Threads: under the shard's lock.
 * Used by: run/defrag, which divides the shards among the workers and bounds the time.
 * Why:     blocks of one size stay in many slabs when most keys of that size were removed, and no other size can use
 *          these slabs. An entry can move, because only its table, the candidates for eviction and the state of the
 *          policy refer to it between two units. Blobs of more than 16 KiB, which replies may refer to, do not move:
 * the allocator returns their pages one by one. Moving changes no value, so it does not pass the door.
 */
#ifndef LARDER_STORE_COMPACT_H
#define LARDER_STORE_COMPACT_H

#include "store/shard.h"

/* A position in a shard; begin with {0}. It stays valid whatever happens to the shard. */
struct compact_position {
    unsigned db;
    uint32_t bucket;
    unsigned entry; /* the entries before this one of those from the bucket on have been looked at */
    uint64_t value; /* the position in that entry, if it is large */
};

/* Looks at a few dozen blocks, or moves some of them. Returns whether the end of the shard is reached; the position is
 * the beginning then. Adds to w->moved and w->kept. */
bool compact_shard(struct shard *s, struct compact_position *at, struct slab_work *w) REQUIRES(shard_cap);

#endif
