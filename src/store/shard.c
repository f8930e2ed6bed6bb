/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/shard.h"

#include "store/keyspace.h"
#include "store/pool.h"

struct shard_cap shard_cap;

static struct table *table_for(const struct place *p)
{
    struct table *t = shard_table(p->shard, p->db);

    if (UNLIKELY(t == NULL)) {
        t = table_new();
        atomic_store_explicit(&p->shard->tables[p->db], t, memory_order_release);
    }
    return t;
}

struct entry *shard_peek(const struct place *p, struct slice key)
{
    struct table *t = shard_table(p->shard, p->db);

    lock_must_hold(&p->shard->lock);
    return t ? table_find(t, p->hash, key) : NULL;
}

struct entry *shard_find(const struct place *p, struct slice key, int64_t now)
{
    struct entry *e = shard_peek(p, key);

    if (e == NULL || LIKELY(!entry_expired(e, now)))
        return e;
    shard_expire(p, e);
    return NULL;
}

/* Lets the background walk know when e is due. */
static void note_due(const struct place *p, const struct entry *e)
{
    if (UNLIKELY(e->flags & ENTRY_EXPIRES))
        table_note_due(table_for(p), p->hash, keyspace_tick(p->shard->keyspace, entry_expire(e)));
}

/* What comes may be evicted: eviction has to look here again. */
static void end_barren(struct shard *s)
{
    s->barren = false;
    atomic_store_explicit(&s->keyspace->best[s->index], EVICT_UNKNOWN, memory_order_relaxed);
}

/* Where stamps are counts, nothing is likelier to go than what has just come. */
static void offer_new(const struct place *p, const struct policy *policy, struct entry *e)
{
    struct keyspace *ks = p->shard->keyspace;
    struct pool *pool = p->shard->pool;
    struct candidate c = {.order = policy->order(&ks->stamps, e), .hash = p->hash, .entry = e, .db = p->db};

    if (pool == NULL || pool->policy != policy || !pool_wants(pool, c.order) ||
        (policy->only_volatile && !(e->flags & ENTRY_EXPIRES)))
        return;
    pool_offer(pool, &c);
    keyspace_tell(ks, p->shard, policy, pool_next(pool)->order);
}

void shard_insert(const struct place *p, struct entry *e)
{
    struct keyspace *ks = p->shard->keyspace;
    const struct policy *policy = keyspace_policy(ks); /* which may be another in a moment */

    lock_must_hold(&p->shard->lock);
    policy_first(policy, &ks->stamps, e);
    table_insert(table_for(p), p->hash, e);
    note_due(p, e);
    if (UNLIKELY(p->shard->barren))
        end_barren(p->shard);
    else if (UNLIKELY(policy->counts))
        offer_new(p, policy, e);
}

void shard_replace(const struct place *p, const struct entry *old, bool did_expire, struct entry *e)
{
    lock_must_hold(&p->shard->lock);
    table_replace(table_for(p), p->hash, old, did_expire, e);
    note_due(p, e);
    if (UNLIKELY(p->shard->barren))
        end_barren(p->shard);
}

void shard_take(const struct place *p, struct entry *e)
{
    lock_must_hold(&p->shard->lock);
    table_remove(table_for(p), p->hash, e);
    shard_changed(p, entry_key(e));
}

void shard_drop(const struct place *p, struct entry *e)
{
    shard_take(p, e);
    entry_free(e);
}

void shard_expire(const struct place *p, struct entry *e)
{
    lock_must_hold(&p->shard->lock);
    table_remove(table_for(p), p->hash, e);
    shard_expire_taken(p, e);
}

void shard_expire_taken(const struct place *p, struct entry *e)
{
    if (UNLIKELY(p->shard->watches.n != 0))
        watch_expired(&p->shard->watches, p->db, p->hash, entry_key(e));
    entry_free(e);
    atomic_fetch_add_explicit(&p->shard->keyspace->stats.expired, 1, memory_order_relaxed);
}

struct entry *shard_set_expire(const struct place *p, struct entry *e, int64_t expire)
{
    bool did_expire = e->flags & ENTRY_EXPIRES;
    struct entry *moved = entry_with_expire(e, expire);

    shard_replace(p, e, did_expire, moved);
    return moved;
}

void shard_changed(const struct place *p, struct slice key)
{
    if (UNLIKELY(p->shard->watches.n != 0))
        watch_mark(&p->shard->watches, p->db, p->hash, key);
}
