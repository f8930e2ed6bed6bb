/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/shard.h"

#include "store/fields.h"
#include "store/keyspace.h"
#include "store/pool.h"

struct shard_cap shard_cap;

static struct table *table_for(const struct place *p)
{
    struct table *t = shard_table(p->shard, p->db);

    if (UNLIKELY(t == NULL)) {
        t = table_new();
        used_dbs_note(&p->shard->keyspace->used, p->db);
        atomic_store_explicit(&p->shard->tables[p->db], t, memory_order_release);
    }
    return t;
}

/* Whether the place is one of its keyspace. A shard has no room for a magic number. */
__attribute__((unused)) static bool is_valid(const struct place *p)
{
    const struct keyspace *ks = p->shard->keyspace;

    return p->db < ks->databases && keyspace_shard(ks, p->hash) == p->shard;
}

struct entry *shard_peek(const struct place *p, struct slice key)
{
    struct table *t = shard_table(p->shard, p->db);

    lock_must_hold(&p->shard->lock);
    sane(is_valid(p));
    return t ? table_find(t, p->hash, key) : NULL;
}

/* ---- the door ---- */

void shard_hand_over(const struct place *p, struct entry *e)
{
    struct door *d = p->shard->door;

    must(d->hand_over != NULL);
    d->hand_over(d->hand_over_arg, p, e);
    if (e != NULL)
        entry_set_epoch(e, p->shard->epoch);
}

void shard_report(const struct place *p, struct slice key, const struct event *event)
{
    interest_report(&p->shard->interests, p->db, p->hash, key, event);
}

bool shard_add_interest(struct shard *s, struct interest *i)
{
    lock_must_hold(&s->lock);
    must(i->db < s->keyspace->databases && keyspace_shard(s->keyspace, i->hash) == s);
    if (!(shard_interest(s) & i->kind->bit)) /* the next thread that locks the shard sees it */
        atomic_fetch_or_explicit(&s->door->interest, i->kind->bit, memory_order_relaxed);
    return interest_add(&s->interests, i);
}

void shard_remove_interest(struct shard *s, struct interest *i)
{
    lock_must_hold(&s->lock);
    must(keyspace_shard(s->keyspace, i->hash) == s);
    interest_remove(&s->interests, i);
}

struct table *shard_exchange_table(struct shard *s, unsigned db, struct table *t, int64_t now)
{
    struct table *old = shard_table(s, db);

    lock_must_hold(&s->lock);
    must(db < s->keyspace->databases);
    s->touched = UINT64_MAX; /* the door is open for all keys */
    if (UNLIKELY(shard_interest(s) & INTEREST_SNAPSHOT) && old != NULL)
        shard_hand_over(&(struct place){s, db, 0}, NULL);
    for (struct interest *i = interest_next(&s->interests, NULL); i != NULL; i = interest_next(&s->interests, i))
        if (i->db == db)
            i->kind->exchanged(i, old ? table_find(old, i->hash, i->key) : NULL,
                               t ? table_find(t, i->hash, i->key) : NULL, now);
    if (t != NULL)
        used_dbs_note(&s->keyspace->used, db);
    atomic_store_explicit(&s->tables[db], t, memory_order_release);
    return old;
}

/* ---- entries ---- */

/* Removes up to *max fields of the entry that are due, and subtracts their number from *max. Returns the entry to use;
 * NULL: no field was left, and the entry was removed. */
static struct entry *without_due_fields(const struct place *p, struct entry *e, int64_t now, size_t *max)
    REQUIRES(shard_cap)
{
    struct entry_tally was;
    struct entry *old = e;
    size_t removed = 0;
    bool is_empty;

    if (*max == 0 || !fields_are_due(e, now))
        return e;
    was = entry_tally(e);
    shard_touch(p, e);
    e = fields_purge(e, now, *max, &removed, &is_empty);
    *max -= removed;
    shard_replace(p, old, &was, e);
    shard_fields_expired(p, e, removed);
    if (!is_empty)
        return e;
    table_remove(shard_table(p->shard, p->db), p->hash, e);
    shard_emptied_taken(p, e);
    return NULL;
}

struct entry *shard_find(const struct place *p, struct slice key, int64_t now, size_t *fields)
{
    struct entry *e = shard_peek(p, key);

    if (e == NULL || LIKELY(!(e->flags & ENTRY_VOLATILE)))
        return e;
    if (!entry_expired(e, now))
        return without_due_fields(p, e, now, fields);
    shard_expire(p, e);
    return NULL;
}

/* Notes for the expiry sweep when e, or a field of it, is due. */
static void note_due(const struct place *p, const struct entry *e)
{
    if (UNLIKELY(e->flags & ENTRY_VOLATILE))
        table_note_due(table_for(p), p->hash, keyspace_tick(p->shard, fields_entry_due(e)));
}

/* There may be a victim again: eviction has to sample the shard anew. */
static void note_victims(struct shard *s)
{
    s->has_no_victims = false;
    atomic_store_explicit(&s->keyspace->best[s->index], VICTIM_UNKNOWN, memory_order_relaxed);
}

/* Offers a new entry to eviction, under a policy whose best victims are new entries. */
static void offer_new(const struct place *p, const struct policy *policy, struct entry *e) REQUIRES(shard_cap)
{
    struct keyspace *ks = p->shard->keyspace;
    struct pool *pool = p->shard->pool;
    struct candidate c = {.hash = p->hash, .entry = e, .db = p->db};

    if (pool == NULL || pool->policy != policy || (policy->only_volatile && !(e->flags & ENTRY_EXPIRES)))
        return;
    c.order = policy->order(&ks->stamps, pool->state, e);
    if (!pool_wants(pool, c.order))
        return;
    pool_offer(pool, &c);
    keyspace_publish_victim(ks, p->shard, policy, pool_next(pool)->order);
}

/* Notifies the policy that the entry was removed from its table. */
static void note_removal(const struct place *p, struct entry *e)
{
    struct keyspace *ks = p->shard->keyspace;

    policy_remove(keyspace_policy(ks), &ks->stamps, p, e);
}

void shard_insert(const struct place *p, struct entry *e)
{
    struct keyspace *ks = p->shard->keyspace;
    const struct policy *policy = keyspace_policy(ks); /* read once: it may change at any time */

    must(shard_is_touched(p));
    sane(is_valid(p) && keyspace_hash(entry_key(e)) == p->hash);
    policy_insert(policy, &ks->stamps, p, e);
    entry_set_epoch(e, p->shard->epoch);
    table_insert(table_for(p), p->hash, e);
    note_due(p, e);
    if (UNLIKELY(p->shard->has_no_victims))
        note_victims(p->shard);
    else if (UNLIKELY(policy->offers_new))
        offer_new(p, policy, e);
}

void shard_replace(const struct place *p, const struct entry *old, const struct entry_tally *was, struct entry *e)
{
    struct keyspace *ks = p->shard->keyspace;

    must(shard_is_touched(p));
    entry_set_epoch(e, p->shard->epoch);
    table_replace(table_for(p), p->hash, old, was, e);
    note_due(p, e);
    policy_replace(keyspace_policy(ks), &ks->stamps, p, old, e);
    if (UNLIKELY(p->shard->has_no_victims))
        note_victims(p->shard);
}

void shard_recount(const struct place *p, const struct entry_tally *was, const struct entry *e)
{
    must(shard_is_touched(p));
    table_recount(shard_table(p->shard, p->db), was, e);
}

void shard_take(const struct place *p, struct entry *e)
{
    must(shard_is_touched(p));
    table_remove(shard_table(p->shard, p->db), p->hash, e);
    note_removal(p, e);
}

void shard_expire(const struct place *p, struct entry *e)
{
    shard_touch(p, e);
    table_remove(shard_table(p->shard, p->db), p->hash, e);
    shard_expire_taken(p, e);
}

void shard_expire_taken(const struct place *p, struct entry *e)
{
    shard_changed(p, entry_key(e), (struct event){.class = EVENT_EXPIRED, .name = "expired"});
    note_removal(p, e);
    entry_free(e);
    atomic_fetch_add_explicit(&keyspace_counts(p->shard)->expired, 1, memory_order_relaxed);
}

void shard_fields_expired(const struct place *p, const struct entry *e, size_t n)
{
    if (n == 0)
        return;
    shard_changed(p, entry_key(e), (struct event){.class = EVENT_HASH, .name = "hexpired"});
    shard_count_expired_fields(p->shard, n);
}

void shard_count_expired_fields(const struct shard *s, size_t n)
{
    if (n > 0)
        atomic_fetch_add_explicit(&keyspace_counts(s)->expired_fields, n, memory_order_relaxed);
}

void shard_emptied_taken(const struct place *p, struct entry *e)
{
    shard_changed(p, entry_key(e), (struct event){.class = EVENT_GENERIC, .name = "del"});
    note_removal(p, e);
    entry_free(e);
}

struct entry *shard_set_expire(const struct place *p, struct entry *e, int64_t expire)
{
    struct entry_tally was = entry_tally(e);
    struct entry *moved = entry_with_expire(e, expire);

    shard_replace(p, e, &was, moved);
    return moved;
}
