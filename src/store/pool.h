/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool: what eviction keeps for one shard: the best victims seen so far, and the policy's state.
 *
 * Role:    keeps a few candidates in order from one sample of the shard to the next, the position where the next sample
 *          begins, and what the policy remembers of this shard.
 * Owns:    the policy's state. Refers to entries that may have been freed: whoever takes a candidate has to find it in
 *          its table first.
 * Threads: under the shard's lock.
 * Used by: evict, shard, policies (to nominate candidates).
 * Why:     with a pool, samples of a few entries are nearly as good as an exact list of all, which would cost each
 * entry two links and each use a move. Redis does the same (evict.c, since 3.0), with one pool for all.
 */
#ifndef LARDER_STORE_POOL_H
#define LARDER_STORE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "store/shard.h"

struct policy;

#define POOL_SIZE 16

struct candidate {
    int64_t order; /* its priority when it was offered: policy.h */
    uint64_t hash;
    struct entry *entry;
    unsigned db;
};

struct pool {
    const struct policy *policy; /* whose priorities these are; NULL: the pool was never used */
    unsigned turn;               /* the keyspace's policy_turn when this policy began here */
    void *state;                 /* what the policy's shard_new made */
    unsigned db;                 /* where the next sample begins */
    uint32_t bucket;
    bool sampled; /* the last eviction did */
    unsigned count;
    struct candidate best[POOL_SIZE]; /* the next victim last */
};

/* The shard's pool. If another policy was chosen since its last use, its candidates and the state of the old policy are
 * dropped, and `policy` makes its own state. */
struct pool *pool_of(struct shard *s, const struct policy *policy) REQUIRES(shard_cap);
/* Frees a pool, or none (NULL), and the policy's state. */
void pool_free(struct pool *p);

/* Whether a candidate with this priority would be kept. */
static inline bool pool_wants(const struct pool *p, int64_t order)
{
    sane(p->count <= POOL_SIZE);
    return p->count < POOL_SIZE || order < p->best[0].order;
}
/* Adds a candidate, unless it is in the pool already; a full pool drops its worst one. Of two with the same priority
 * the one that was offered first is the next victim. */
void pool_offer(struct pool *p, const struct candidate *c);
/* The next victim; the pool is not empty. */
static inline struct candidate *pool_next(struct pool *p)
{
    must(p->count > 0 && p->count <= POOL_SIZE);
    return &p->best[p->count - 1];
}
/* Drops the next victim from the pool. */
static inline void pool_pop(struct pool *p)
{
    must(p->count > 0);
    p->count--;
}

/* An entry has moved to another address: the candidate that refers to it does too. */
void pool_moved(struct pool *p, const struct entry *old, struct entry *e);

#endif
