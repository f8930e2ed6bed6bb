/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy: what an eviction policy decides: what it remembers of each entry, and which entry is evicted first.
 *
 * Role:    the interface of the policies. Each has a file of its own (policy_lru.c, policy_lfu.c ...) and a line in
 *          conf/policies.def.
 * Owns:    nothing. A policy is a constant table of functions. What it remembers is in the stamps of entries, and, if
 * it needs more, in a state for each shard. Threads: every function runs under the lock of the shard that it is called
 * for. Used by: shard and keyspace (what happens to entries), evict (victims), OBJECT, RESTORE and DEBUG. Why:     a
 * policy gives each entry a priority, one number. Finding the victim with the least one is the same work for all
 * policies (evict.c), and a policy is chosen by storing a pointer. A policy that keeps its own queues names its
 * candidates itself (nominate), and may give a candidate a second chance (spare).
 */
#ifndef LARDER_STORE_POLICY_H
#define LARDER_STORE_POLICY_H

#include "conf/options.h"
#include "store/pool.h"
#include "store/shard.h"
#include "store/stamp.h"

/*
 * Any function may be NULL, which means what its comment says. In their arguments s is what all shards share, state is
 * what shard_new returned for the entry's shard (NULL without shard_new), and p is the place of entry e. No function
 * may change an entry other than by entry_set_stamp, nor change a table.
 */
struct policy {
    bool only_volatile; /* only entries with an expiry are evicted */
    bool offers_new;    /* a new entry is a likely victim: it becomes a candidate at once, and every second eviction
                           samples the tables, not every one */

    /* Makes the policy's state in one shard: when the shard is first used after the policy was chosen. The shard may
     * hold entries that this state has not seen inserted, and this policy may have stamped them: it may have been
     * chosen before. NULL: the policy has no state. */
    void *(*shard_new)(struct shard *shard);
    /* Frees a state; goes with shard_new. */
    void (*shard_free)(void *state);

    /* The entry is about to be inserted: stamps it. NULL: with the moment. */
    void (*insert)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* The entry is used: stamps it. NULL: with the moment. */
    void (*use)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* Entry e has replaced `old`, which has the same key and stamp: the value was overwritten or moved, or got or lost
     * its expiry. `old` may be freed already, or be e: only its address is good. A value that is changed in place is
     * not reported. NULL: ignored. */
    void (*replace)(struct stamps *s, void *state, const struct place *p, const struct entry *old, struct entry *e);
    /* The entry was inserted a moment ago, by RENAME or MOVE: gets the use of the entry that it was before. NULL: its
     * stamp. */
    void (*inherit)(struct stamps *s, void *state, const struct place *p, struct entry *e, struct entry_usage usage);
    /* The entry is removed: deleted, expired or evicted. Called once, before e is freed. NULL: ignored. */
    void (*remove)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* All entries of a database in this shard are removed at once, without remove. NULL: ignored. */
    void (*flush)(void *state, unsigned db);
    /* Two databases are exchanged. NULL: ignored. */
    void (*swap)(void *state, unsigned a, unsigned b);

    /* The priority of an entry: of all entries of all shards the one with the least is evicted first. Between
     * POLICY_FIRST and POLICY_LAST. Evict asks again before it evicts, so that the priority may change at any time.
     * NULL: any entry is evicted. */
    int64_t (*order)(struct stamps *s, void *state, struct entry *e);
    /* Before each eviction, and after an entry was spared: offers candidates from the policy's own state to the pool
     * (pool_offer). The tables are sampled only if the pool stays empty. NULL: the tables are sampled. Goes with
     * order. */
    void (*nominate)(struct stamps *s, void *state, struct pool *pool);
    /* Entry e is the next victim. True: not now; the policy has changed its priority. It may not spare an entry for
     * ever: one that is not used in between has to be evicted in the end. NULL: never. Goes with order. */
    bool (*spare)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* Entry e, whose priority was `order`, is evicted; remove follows. NULL: ignored. Goes with order. */
    void (*evict)(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t order);

    /* OBJECT IDLETIME: seconds since the entry was used. NULL: the policy cannot tell. */
    int64_t (*idle)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* RESTORE IDLETIME: the entry was inserted a moment ago. seconds >= 0. NULL: ignored. */
    void (*set_idle)(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t seconds);
    /* OBJECT FREQ: how often the entry was used, from 0 to 255 on Redis's logarithmic scale. NULL: cannot tell. */
    unsigned (*frequency)(struct stamps *s, void *state, const struct place *p, struct entry *e);
    /* RESTORE FREQ: the entry was inserted a moment ago. frequency <= 255. NULL: ignored. */
    void (*set_frequency)(struct stamps *s, void *state, const struct place *p, struct entry *e, unsigned frequency);
};

#define POLICY_FIRST (INT64_MIN + 1)
#define POLICY_LAST  (INT64_MAX - 1)

#define POLICY(id, word, functions) extern const struct policy functions;
#include "conf/policies.def"
#undef POLICY

const struct policy *policy_of(enum policy_id id);

/* The state of a policy in a shard. */
static inline void *policy_state(const struct policy *policy, struct shard *s)
{
    if (LIKELY(policy->shard_new == NULL))
        return NULL;
    shard_must_hold(s);
    return pool_of(s, policy)->state;
}

/* ---- what happens to entries: the cost is one predictable test where the policy does not want to know ---- */

static inline void policy_insert(const struct policy *policy, struct stamps *s, const struct place *p, struct entry *e)
{
    if (UNLIKELY(policy->insert != NULL))
        policy->insert(s, policy_state(policy, p->shard), p, e);
    else
        stamp_use(s, e);
}

static inline void policy_use(const struct policy *policy, struct stamps *s, const struct place *p, struct entry *e)
{
    if (UNLIKELY(policy->use != NULL))
        policy->use(s, policy_state(policy, p->shard), p, e);
    else
        stamp_use(s, e);
}

static inline void policy_replace(const struct policy *policy, struct stamps *s, const struct place *p,
                                  const struct entry *old, struct entry *e)
{
    if (UNLIKELY(policy->replace != NULL))
        policy->replace(s, policy_state(policy, p->shard), p, old, e);
}

static inline void policy_inherit(const struct policy *policy, struct stamps *s, const struct place *p, struct entry *e,
                                  struct entry_usage usage)
{
    if (UNLIKELY(policy->inherit != NULL))
        policy->inherit(s, policy_state(policy, p->shard), p, e, usage);
    else
        entry_set_usage(e, usage);
}

static inline void policy_remove(const struct policy *policy, struct stamps *s, const struct place *p, struct entry *e)
{
    if (UNLIKELY(policy->remove != NULL))
        policy->remove(s, policy_state(policy, p->shard), p, e);
}

static inline void policy_flush(const struct policy *policy, struct shard *shard, unsigned db)
{
    if (UNLIKELY(policy->flush != NULL))
        policy->flush(policy_state(policy, shard), db);
}

static inline void policy_swap(const struct policy *policy, struct shard *shard, unsigned a, unsigned b)
{
    if (UNLIKELY(policy->swap != NULL))
        policy->swap(policy_state(policy, shard), a, b);
}

/* ---- what policies share whose stamps are moments: policy_moment.c ---- */

int64_t policy_moment_order(struct stamps *s, void *state, struct entry *e);
int64_t policy_moment_idle(struct stamps *s, void *state, const struct place *p, struct entry *e);
void policy_moment_set_idle(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t seconds);

#define POLICY_TELLS_IDLE .idle = policy_moment_idle, .set_idle = policy_moment_set_idle

#endif
