/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/evict.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "store/keyspace.h"
#include "store/pool.h"

#define LOOK         6    /* entries that a look at a shard sees, and a bucketful more */
#define SPARSE       2048 /* buckets without any that a look passes over at most */
#define DRAWS        16   /* shards that are compared */
#define FEW          8    /* with fewer keys to a shard, on average, all are */
#define WALK_STAMPS  (1u << 28)
#define WALK_NS      100000

static int64_t told(const struct keyspace *ks, unsigned shard)
{
    return atomic_load_explicit(&ks->best[shard], memory_order_relaxed);
}

/* ---- one shard, under its lock ---- */

static struct pool *pool_of(struct shard *s, const struct policy *p)
{
    if (s->pool == NULL)
        s->pool = mem_zalloc(sizeof *s->pool);
    if (s->pool->policy != p)
        pool_reset(s->pool, p);
    return s->pool;
}

/* Whether a database may have victims. */
static bool has_any(const struct table *t, const struct policy *p)
{
    return t != NULL && atomic_load_explicit(p->only_volatile ? &t->volatiles : &t->used, memory_order_relaxed) != 0;
}

static void offer_all(struct keyspace *ks, struct pool *pool, struct entry *const *seen, unsigned n)
{
    const struct policy *p = pool->policy;

    for (unsigned i = 0; i < n; i++) {
        struct candidate c = {.entry = seen[i], .db = pool->db};

        if (p->only_volatile && !(c.entry->flags & ENTRY_EXPIRES))
            continue;
        c.order = p->order(&ks->stamps, c.entry);
        if (!pool_wants(pool, c.order))
            continue;
        c.hash = keyspace_hash(entry_key(c.entry));
        pool_offer(pool, &c);
    }
}

/* Sees some of the shard's entries, from where the last look ended. False: it has none that may go. */
static bool look(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    struct entry *seen[TABLE_LOOK_MAX];
    bool any = false;

    for (unsigned i = 0, n = 0; n < LOOK && i <= ks->databases; i++) {
        struct table *t = shard_table(s, pool->db);

        if (has_any(t, pool->policy)) {
            unsigned more = table_look(t, &pool->bucket, pool->policy->only_volatile, seen, LOOK - n, SPARSE);

            offer_all(ks, pool, seen, more);
            n += more;
            any = true;
            if (pool->bucket != 0)
                break; /* it has more */
        }
        pool->bucket = 0;
        pool->db = (pool->db + 1) % ks->databases;
    }
    return any;
}

/* Sees some of them at every second eviction, where stamps are counts and there are candidates: new entries offer
 * themselves, and what a look sees is not in the cache, which is most of what an eviction costs. False: as look. */
static bool look_in_turn(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    pool->looked = !pool->policy->counts || !pool->looked || pool->count < POOL_SIZE / 2;
    return !pool->looked || look(ks, s, pool);
}

/* The entry of a candidate, if it is still there. */
static struct entry *find(struct shard *s, const struct candidate *c)
{
    struct table *t = shard_table(s, c->db);

    return t != NULL && table_holds(t, c->hash, c->entry) ? c->entry : NULL;
}

/* Takes from the pool until one is in it that is as it was seen. False: the pool is empty. */
static bool settle(struct keyspace *ks, struct shard *s, struct pool *pool)
{
    while (pool->count > 0) {
        struct candidate *c = pool_next(pool), changed = *c;
        struct entry *e = find(s, c);

        if (e != NULL && !(pool->policy->only_volatile && !(e->flags & ENTRY_EXPIRES))) {
            changed.order = pool->policy->order(&ks->stamps, e);
            if (changed.order == c->order)
                return true;
        } else {
            changed.entry = NULL;
        }
        pool->count--;
        if (changed.entry != NULL)
            pool_offer(pool, &changed);
    }
    return false;
}

/* Asks the cache for what settle will most likely look at, so that it comes while the look waits for its own. */
static void expect_next(struct shard *s, struct pool *pool)
{
    const struct candidate *c = pool->count > 0 ? pool_next(pool) : NULL;
    struct table *t = c ? shard_table(s, c->db) : NULL;

    if (t == NULL)
        return;
    table_prefetch_bucket(t, c->hash);
    __builtin_prefetch(c->entry);
}

static void tell(struct keyspace *ks, struct shard *s, struct pool *pool, bool any)
{
    int64_t best = pool->count > 0 ? pool_next(pool)->order : any ? EVICT_UNKNOWN : EVICT_NOTHING;

    s->barren = best == EVICT_NOTHING;
    keyspace_tell(ks, s, pool->policy, best);
}

static void remove_victim(struct keyspace *ks, struct shard *s, struct entry *e, unsigned db, uint64_t hash)
    REQUIRES(shard_cap)
{
    static const struct event evicted = {.class = EVENT_EVICTED, .name = "evicted"};
    struct place p = {s, db, hash};

    if (!(e->flags & ENTRY_COUNTED))
        atomic_store_explicit(&ks->stats.evicted_stamp, stamp_of(&ks->stamps, e), memory_order_relaxed);
    shard_touch(&p, e);
    shard_take(&p, e);
    shard_changed(&p, entry_key(e), &evicted);
    entry_free(e);
    atomic_fetch_add_explicit(&ks->stats.evicted, 1, memory_order_relaxed);
}

/* Evicts the shard's best victim, if it is no later in the order than was told. */
static void evict_best(struct keyspace *ks, struct shard *s, const struct policy *p, int64_t bound)
{
    struct candidate c = {.order = EVICT_NOTHING};
    struct pool *pool;
    bool any;

    shard_lock(s);
    shard_begin(s, keyspace_epoch(ks));
    pool = pool_of(s, p);
    expect_next(s, pool);
    any = look_in_turn(ks, s, pool);
    if (settle(ks, s, pool) && pool_next(pool)->order <= bound) {
        c = *pool_next(pool);
        pool->count--;
        remove_victim(ks, s, c.entry, c.db, c.hash);
        if (p->leave != NULL)
            p->leave(&ks->stamps, c.order);
    }
    tell(ks, s, pool, any);
    shard_unlock(s);
}

/* Evicts any entry of the shard. */
static void evict_any(struct keyspace *ks, struct shard *s, const struct policy *p)
{
    unsigned first = rand_below(ks->databases);
    struct entry *e = NULL;

    shard_lock(s);
    shard_begin(s, keyspace_epoch(ks));
    for (unsigned i = 0; i < ks->databases && e == NULL; i++) {
        unsigned db = (first + i) % ks->databases;
        struct table *t = shard_table(s, db);

        if (!has_any(t, p))
            continue;
        e = p->only_volatile ? table_random_volatile(t) : table_random(t);
        remove_victim(ks, s, e, db, keyspace_hash(entry_key(e)));
    }
    s->barren = e == NULL;
    if (s->barren)
        keyspace_tell(ks, s, p, EVICT_NOTHING);
    shard_unlock(s);
}

/* ---- all shards ---- */

/* The shard with the best victim, among a few or, where those have none, among all. False: no shard has any. */
static bool choose(struct keyspace *ks, unsigned *shard)
{
    unsigned draws = atomic_load_explicit(&ks->draws, memory_order_relaxed);
    unsigned first = rand_below(ks->shard_count);
    int64_t best = EVICT_NOTHING;

    for (unsigned i = 0; i < draws; i++) {
        unsigned at = draws < ks->shard_count ? rand_below(ks->shard_count) : (first + i) % ks->shard_count;

        if (told(ks, at) < best) {
            best = told(ks, at);
            *shard = at;
        }
    }
    for (unsigned i = 0; i < ks->shard_count && best == EVICT_NOTHING; i++)
        if (told(ks, i) < best) {
            best = told(ks, i);
            *shard = i;
        }
    return best != EVICT_NOTHING;
}

bool evict_to_fit(struct keyspace *ks, const struct evict_goal *goal)
{
    bool tried = false;
    unsigned shard;

    while (goal->used(goal->arg) > goal->limit) {
        const struct policy *p = keyspace_policy(ks);

        if (p == &policy_none || !choose(ks, &shard))
            return false;
        /* To look at what is unknown comes first: else it could not be told that nothing more may go. */
        if (p->order == NULL || told(ks, shard) != EVICT_UNKNOWN) {
            if (tried && goal->enough != NULL && goal->enough(goal->arg))
                return true;
            tried = true;
        }
        if (p->order != NULL)
            evict_best(ks, &ks->shards[shard], p, told(ks, shard));
        else
            evict_any(ks, &ks->shards[shard], p);
    }
    return true;
}

/* ---- housekeeping ---- */

static void clamp(void *arg, struct shard *s, struct entry *e)
{
    (void)s;
    stamp_clamp(arg, e);
}

/* Walks over all entries once for each quarter of what stamps reach. */
static void walk(struct keyspace *ks)
{
    int64_t end = clock_mono_ns() + WALK_NS;

    if (stamp_now(&ks->stamps) - ks->stamps.walked < WALK_STAMPS)
        return;
    do {
        struct shard *shard = keyspace_scan_shard(ks, ks->walk_db, &ks->walk_cursor);

        if (shard != NULL) {
            shard_lock(shard);
            ks->walk_cursor = keyspace_scan(shard, ks->walk_db, ks->walk_cursor, clamp, &ks->stamps);
            shard_unlock(shard);
        }
        if ((shard == NULL || ks->walk_cursor == 0) && ++ks->walk_db == ks->databases) {
            ks->walk_db = 0;
            ks->stamps.walked = stamp_now(&ks->stamps);
            return;
        }
    } while (clock_mono_ns() < end);
}

void evict_tidy(struct keyspace *ks, bool exact)
{
    size_t keys = 0;
    unsigned draws;

    for (unsigned db = 0; db < ks->databases; db++)
        keys += keyspace_size(ks, db);
    stamps_sample(&ks->stamps);
    stamps_fit(&ks->stamps, keys, exact);
    draws = keys < (size_t)FEW * ks->shard_count ? ks->shard_count : DRAWS;
    atomic_store_explicit(&ks->draws, draws, memory_order_relaxed);
    walk(ks);
}
