/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool: the best victims seen so far in one shard.
 *
 * Role:    keeps a few candidates in order between one look at the shard and the next, and the place where the next
 *          look begins.
 * Owns:    itself; refers to entries that may be gone, so that whoever takes one has to find it in its table first.
 * Threads: under the shard's lock.
 * Used by: evict.
 * Why:     with it a few entries a look are nearly as good as an exact list of all, which would cost each entry two
 *          links and each use a move. Redis does the same (evict.c, since 3.0), with one pool for all.
 */
#ifndef LARDER_STORE_POOL_H
#define LARDER_STORE_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct entry;
struct policy;

#define POOL_SIZE 16

struct candidate {
    int64_t order; /* when it was seen: policy.h */
    uint64_t hash;
    struct entry *entry;
    unsigned db;
};

struct pool {
    const struct policy *policy; /* whose order it is */
    unsigned db;                 /* where the next look begins */
    uint32_t bucket;
    bool looked;                 /* at the last eviction */
    unsigned count;
    struct candidate best[POOL_SIZE]; /* the next to go last */
};

/* Forgets all candidates. */
void pool_reset(struct pool *p, const struct policy *policy);
/* Whether a candidate with this order would be taken. */
static inline bool pool_wants(const struct pool *p, int64_t order)
{
    return p->count < POOL_SIZE || order < p->best[0].order;
}
/* Takes the candidate, unless it is there already; if the pool is full the worst one goes. Of two with the same order
 * the first to come is the first to go. */
void pool_offer(struct pool *p, const struct candidate *c);
/* The next to go; the pool is not empty. */
static inline struct candidate *pool_next(struct pool *p)
{
    return &p->best[p->count - 1];
}

#endif
