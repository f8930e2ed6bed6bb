/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/evict.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "store/keyspace.h"
#include "store/pool.h"

#define SAMPLE      6    /* entries that a sample sees at least; at most a bucketful more */
#define SPARSE      2048 /* buckets without candidates that a sample passes over at most */
#define SPARED      16   /* candidates that a policy may spare in one step, so that the lock is held briefly */
#define DRAWS       16   /* shards that are compared */
#define FEW         8    /* with fewer keys to a shard, on average, all are */
#define WALK_STAMPS (1u << 28)
#define WALK_NS     100000
#define TALLY_DBS   64 /* databases whose keys one call counts: if more are used, the count takes several calls */

static int64_t published(const struct keyspace *ks, unsigned shard)
{
    sane(shard < ks->shard_count);
    return atomic_load_explicit(&ks->best[shard], memory_order_relaxed);
}

/* ---- one shard, under its lock ---- */

/* Whether a database may have victims. */
static bool may_have_victims(const struct table *t, const struct policy *p)
{
    return t != NULL && atomic_load_explicit(p->only_volatile ? &t->volatiles : &t->used, memory_order_relaxed) != 0;
}

/* Whether the policy may evict the entry. */
static bool is_evictable(const struct policy *p, const struct entry *e)
{
    return !p->only_volatile || (e->flags & ENTRY_EXPIRES);
}

static void offer_all(struct keyspace *ks, struct pool *pool, struct entry *const *seen, unsigned n)
{
    const struct policy *p = pool->policy;

    for (unsigned i = 0; i < n; i++) {
        struct candidate c = {.entry = seen[i], .db = pool->db};

        if (!is_evictable(p, c.entry))
            continue;
        c.order = p->order(&ks->stamps, pool->state, c.entry);
        if (!pool_wants(pool, c.order))
            continue;
        c.hash = keyspace_hash(entry_key(c.entry));
        pool_offer(pool, &c);
    }
}

/* The next database that has been used, in a circle. */
static unsigned next_db(const struct keyspace *ks, unsigned from)
{
    unsigned db = keyspace_next_db(ks, from);

    if (db == ks->databases)
        db = keyspace_next_db(ks, 0);
    return db < ks->databases ? db : 0;
}

/* Offers some of the shard's entries, from where the last sample ended. False: the shard has no victims. */
static bool sample_tables(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    struct entry *seen[TABLE_LOOK_MAX];
    unsigned used = keyspace_used_dbs(ks);
    bool any = false;

    must(pool->db < ks->databases);
    for (unsigned i = 0, n = 0; n < SAMPLE && i <= used; i++) {
        struct table *t = shard_table(s, pool->db);

        if (may_have_victims(t, pool->policy)) {
            unsigned more = table_look(t, &pool->bucket, pool->policy->only_volatile, seen, SAMPLE - n, SPARSE);

            must(more <= TABLE_LOOK_MAX);
            offer_all(ks, pool, seen, more);
            n += more;
            any = true;
            if (pool->bucket != 0)
                break; /* the table has more */
        }
        pool->bucket = 0;
        pool->db = next_db(ks, pool->db + 1);
    }
    return any;
}

/* The candidates that a policy knows of by itself. */
static inline void nominate(struct keyspace *ks, struct pool *pool)
{
    if (UNLIKELY(pool->policy->nominate != NULL))
        pool->policy->nominate(&ks->stamps, pool->state, pool);
}

/* Looks for candidates. Sampling every second time suffices if new entries are offered anyway: what a sample reads is
 * not in the CPU's cache, which is most of what an eviction costs. False: the shard has no victims. */
static bool find_candidates(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    const struct policy *p = pool->policy;

    nominate(ks, pool);
    if (p->nominate != NULL && pool->count > 0)
        return true;
    pool->sampled = !p->offers_new || !pool->sampled || pool->count < POOL_SIZE / 2;
    return !pool->sampled || sample_tables(ks, s, pool);
}

/* The entry of a candidate, if it still exists. */
static struct entry *find(struct shard *s, const struct candidate *c)
{
    struct table *t = shard_table(s, c->db);

    return t != NULL && table_holds(t, c->hash, c->entry) ? c->entry : NULL;
}

/* Drops candidates that no longer exist, and sorts in anew those whose priority has changed, until the next victim is
 * as the pool has it. The address of a candidate may belong to another key by now, in the same bucket and with the same
 * tag, so the hash is computed anew too. False: the pool is empty. */
static bool refresh_pool(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    const struct policy *p = pool->policy;

    while (pool->count > 0) {
        struct candidate *next = pool_next(pool), changed;
        struct entry *e = find(s, next);
        uint64_t hash;
        int64_t order;

        sane(keyspace_shard(ks, next->hash) == s && next->db < ks->databases);
        if (e == NULL || !is_evictable(p, e)) {
            pool_pop(pool);
            continue;
        }
        order = p->order(&ks->stamps, pool->state, e);
        hash = keyspace_hash(entry_key(e));
        if (order == next->order && hash == next->hash)
            return true;
        changed = *next;
        changed.order = order;
        changed.hash = hash;
        pool_pop(pool);
        pool_offer(pool, &changed);
    }
    return false;
}

/* Asks for the cache lines that refresh_pool most likely reads, so that they arrive while the sample waits for its
 * own. */
static void prefetch_next(struct shard *s, struct pool *pool)
{
    const struct candidate *c = pool->count > 0 ? pool_next(pool) : NULL;
    struct table *t = c ? shard_table(s, c->db) : NULL;

    if (t == NULL)
        return;
    table_prefetch_bucket(t, c->hash);
    __builtin_prefetch(c->entry);
}

static void publish(struct keyspace *ks, struct shard *s, struct pool *pool, bool any)
{
    int64_t best = pool->count > 0 ? pool_next(pool)->order : any ? VICTIM_UNKNOWN : VICTIM_NONE;

    s->has_no_victims = best == VICTIM_NONE;
    keyspace_publish_victim(ks, s, pool->policy, best);
}

static void remove_victim(struct keyspace *ks, const struct place *p, struct entry *e) REQUIRES(shard_cap)
{
    if (entry_stamp_kind(e) == STAMP_MOMENT)
        atomic_store_explicit(&keyspace_counts(p->shard)->evicted_stamp, stamp_of(&ks->stamps, e),
                              memory_order_relaxed);
    shard_touch(p, e);
    shard_take(p, e);
    shard_changed(p, entry_key(e), (struct event){.class = EVENT_EVICTED, .name = "evicted"});
    entry_free(e);
    atomic_fetch_add_explicit(&keyspace_counts(p->shard)->evicted, 1, memory_order_relaxed);
}

static inline bool is_spared(const struct evict_choice *c, uint64_t hash)
{
    return UNLIKELY(c->spares != NULL) && c->spares(c->arg, hash);
}

/* Evicts the next victim of the pool, unless the choice or the policy spares it. */
static bool evict_next(struct keyspace *ks, const struct evict_choice *choice, struct pool *pool) REQUIRES(shard_cap)
{
    const struct policy *policy = pool->policy;
    struct candidate c = *pool_next(pool);
    struct place p = {choice->shard, c.db, c.hash};

    if (is_spared(choice, c.hash)) {
        pool_pop(pool); /* a later sample offers it again */
        return false;
    }
    if (UNLIKELY(policy->spare != NULL) && policy->spare(&ks->stamps, pool->state, &p, c.entry)) {
        nominate(ks, pool);
        return false;
    }
    pool_pop(pool);
    if (policy->evict != NULL)
        policy->evict(&ks->stamps, pool->state, &p, c.entry, c.order);
    remove_victim(ks, &p, c.entry);
    return true;
}

/* Evicts the shard's best victim, if its priority is no greater than what was published. */
static enum evict_result evict_best(struct keyspace *ks, const struct evict_choice *c) REQUIRES(shard_cap)
{
    struct shard *s = c->shard;
    struct pool *pool = pool_of(s, c->policy);
    bool removed = false, any;

    prefetch_next(s, pool);
    any = find_candidates(ks, s, pool);
    for (unsigned i = 0; i < SPARED && !removed; i++) {
        if (!refresh_pool(ks, s, pool) || pool_next(pool)->order > c->bound)
            break;
        removed = evict_next(ks, c, pool);
    }
    publish(ks, s, pool, any);
    return removed ? EVICT_REMOVED : EVICT_LOOKED;
}

/* Evicts any entry of the shard. */
static enum evict_result evict_any(struct keyspace *ks, const struct evict_choice *c) REQUIRES(shard_cap)
{
    struct shard *s = c->shard;
    unsigned db = rand_below(ks->databases), used = keyspace_used_dbs(ks);

    for (unsigned i = 0; i < used; i++) {
        struct table *t;
        struct entry *e;
        uint64_t hash;

        db = next_db(ks, i == 0 ? db : db + 1);
        t = shard_table(s, db);
        if (!may_have_victims(t, c->policy))
            continue;
        e = c->policy->only_volatile ? table_random_volatile(t) : table_random(t);
        must(e != NULL);
        s->has_no_victims = false;
        hash = keyspace_hash(entry_key(e));
        if (is_spared(c, hash))
            return EVICT_LOOKED;
        remove_victim(ks, &(struct place){s, db, hash}, e);
        return EVICT_REMOVED;
    }
    s->has_no_victims = true;
    keyspace_publish_victim(ks, s, c->policy, VICTIM_NONE);
    return EVICT_LOOKED;
}

enum evict_result evict_from(struct keyspace *ks, const struct evict_choice *c)
{
    shard_must_hold(c->shard);
    must(c->shard->keyspace == ks && c->policy != &policy_none && c->bound != VICTIM_NONE);
    return c->policy->order != NULL ? evict_best(ks, c) : evict_any(ks, c);
}

/* ---- all shards ---- */

/* Makes the choice the shard `at`, if what that has published is better. */
static void compare(struct keyspace *ks, struct evict_choice *c, unsigned at, const struct evict_goal *goal)
{
    int64_t best = published(ks, at);

    if (best >= c->bound || (goal != NULL && goal->may != NULL && !goal->may(goal->arg, &ks->shards[at])))
        return;
    c->bound = best;
    c->shard = &ks->shards[at];
}

/* Compares a few shards or, where those have no victims, all. */
static bool choose(struct keyspace *ks, struct evict_choice *c, const struct evict_goal *goal)
{
    unsigned draws = atomic_load_explicit(&ks->draws, memory_order_relaxed);
    unsigned first = rand_below(ks->shard_count);

    must(draws > 0 && draws <= ks->shard_count);
    *c = (struct evict_choice){.policy = keyspace_policy(ks), .bound = VICTIM_NONE};
    if (c->policy == &policy_none)
        return false;
    for (unsigned i = 0; i < draws; i++)
        compare(ks, c, draws < ks->shard_count ? rand_below(ks->shard_count) : (first + i) % ks->shard_count, goal);
    for (unsigned i = 0; i < ks->shard_count && c->shard == NULL; i++)
        compare(ks, c, i, goal);
    return c->shard != NULL;
}

bool evict_choose(struct keyspace *ks, struct evict_choice *c)
{
    return choose(ks, c, NULL);
}

bool evict_to_fit(struct keyspace *ks, const struct evict_goal *goal)
{
    struct evict_choice c;
    bool tried = false;

    while (goal->used(goal->arg) > goal->limit) {
        if (!choose(ks, &c, goal))
            return false;
        /* Shards that were not sampled yet come first: else nobody would find out that nothing more may be evicted. */
        if (c.policy->order == NULL || c.bound != VICTIM_UNKNOWN) {
            if (tried && goal->enough != NULL && goal->enough(goal->arg))
                return true;
            tried = true;
        }
        goal->step(goal->arg, ks, &c);
    }
    return true;
}

/* ---- housekeeping ---- */

static void clamp(void *arg, struct shard *s, struct entry *e)
{
    (void)s;
    stamp_clamp(arg, e);
}

/* Walks over all entries each time the stamps have advanced by a quarter of their reach. */
static void walk(struct keyspace *ks)
{
    int64_t end = clock_mono_ns() + WALK_NS;

    if (stamp_now(&ks->stamps) - ks->stamps.walked < WALK_STAMPS)
        return;
    do {
        struct shard *shard = keyspace_scan_shard(ks, ks->walk_db, &ks->walk_cursor);

        if (shard != NULL) {
            if (!shard_try(shard))
                return; /* goes on next time */
            ks->walk_cursor = keyspace_scan(shard, ks->walk_db, ks->walk_cursor, clamp, &ks->stamps);
            shard_unlock(shard);
        }
        if (shard != NULL && ks->walk_cursor != 0)
            continue;
        ks->walk_db = keyspace_next_db(ks, ks->walk_db + 1);
        if (ks->walk_db == ks->databases) {
            ks->walk_db = 0;
            ks->stamps.walked = stamp_now(&ks->stamps);
            return;
        }
    } while (clock_mono_ns() < end);
}

/* Lets every shard free the state of a policy that is no longer chosen: a shard that nobody uses would keep it. */
static void free_old_states(struct keyspace *ks)
{
    unsigned turn = atomic_load_explicit(&ks->policy_turn, memory_order_acquire);
    bool all = true;

    if (turn == ks->tidied_turn)
        return;
    for (unsigned i = 0; i < ks->shard_count; i++) {
        if (!shard_try(&ks->shards[i])) {
            all = false; /* the next call tries again: nobody waits for a long command to tidy */
            continue;
        }
        if (ks->shards[i].pool != NULL)
            pool_of(&ks->shards[i], keyspace_policy(ks));
        shard_unlock(&ks->shards[i]);
    }
    if (all)
        ks->tidied_turn = turn;
}

/* Counts the keys of some databases. Returns the number of all keys as of the last time the count was complete. */
static size_t count_keys(struct keyspace *ks)
{
    for (unsigned i = 0; i < TALLY_DBS; i++) {
        unsigned db = keyspace_next_db(ks, ks->tally_db);

        if (db == ks->databases) {
            ks->keys = ks->tally;
            ks->tally = 0;
            ks->tally_db = 0;
            break;
        }
        ks->tally += keyspace_size(ks, db);
        ks->tally_db = db + 1;
    }
    return ks->keys;
}

void evict_tidy(struct keyspace *ks, bool exact)
{
    size_t keys = count_keys(ks);
    unsigned draws;

    stamps_sample(&ks->stamps);
    stamps_fit(&ks->stamps, keys, exact);
    draws = keys < (size_t)FEW * ks->shard_count || ks->shard_count < DRAWS ? ks->shard_count : DRAWS;
    atomic_store_explicit(&ks->draws, draws, memory_order_relaxed);
    walk(ks);
    free_old_states(ks);
}
