/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/evict.h"

#include "base/hash.h"
#include "base/rand.h"
#include "store/keyspace.h"
#include "store/stamp.h"

#define SAMPLES      10
#define EMPTY_DRAWS  64

static enum policy policy_of(struct keyspace *ks)
{
    return atomic_load_explicit(&ks->policy, memory_order_relaxed);
}

static bool is_volatile(enum policy p)
{
    return p >= POLICY_VOLATILE_LRU;
}

/* How much sooner than others e should go: the greater the sooner. */
static uint64_t urgency(struct keyspace *ks, enum policy p, const struct entry *e)
{
    if (p == POLICY_VOLATILE_TTL)
        return UINT64_MAX - (uint64_t)entry_expire(e);
    if (stamp_policy_is_lfu(p))
        return 255 - stamp_frequency(ks, e);
    return stamp_age(ks, e);
}

/* Removes the best of a few entries of one table. False: there is none. */
static bool evict_from(struct keyspace *ks, struct shard *s, unsigned db, enum policy p) REQUIRES(shard_cap)
{
    struct table *t = shard_table(s, db);
    unsigned samples = p == POLICY_ALLKEYS_RANDOM || p == POLICY_VOLATILE_RANDOM ? 1 : SAMPLES;
    struct entry *victim = NULL;
    uint64_t most = 0;

    for (unsigned i = 0; t != NULL && i < samples; i++) {
        struct entry *e = is_volatile(p) ? table_random_volatile(t) : table_random(t);
        uint64_t u = e ? urgency(ks, p, e) : 0;

        if (e == NULL)
            return false;
        if (victim == NULL || u > most) {
            victim = e;
            most = u;
        }
    }
    if (victim == NULL)
        return false;
    shard_drop(&(struct place){s, db, hash_bytes(entry_key(victim))}, victim);
    atomic_fetch_add_explicit(&ks->stats.evicted, 1, memory_order_relaxed);
    return true;
}

/* Evicts one entry of a shard, from a random database that has any. */
static bool evict_one(struct keyspace *ks, struct shard *s, enum policy p)
{
    unsigned first = rand_below(ks->databases);
    bool done = false;

    shard_lock(s);
    for (unsigned i = 0; i < ks->databases && !done; i++)
        done = evict_from(ks, s, (first + i) % ks->databases, p);
    shard_unlock(s);
    return done;
}

bool evict_to_fit(struct keyspace *ks, size_t limit, size_t (*used)(void *arg), void *arg)
{
    enum policy p = policy_of(ks);
    unsigned misses = 0;

    while (used(arg) > limit) {
        unsigned draw = rand_below(ks->shard_count);

        if (p == POLICY_NOEVICTION)
            return false;
        /* Nearly empty: look everywhere before giving up. */
        if (misses >= EMPTY_DRAWS)
            draw = misses - EMPTY_DRAWS;
        if (draw >= ks->shard_count)
            return false;
        misses = evict_one(ks, &ks->shards[draw], p) ? 0 : misses + 1;
    }
    return true;
}
