/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/expiry.h"

#include "store/fields.h"

/* The limits of one hold of a shard's lock. */
#define SWEEP_BUCKETS  1024
#define SWEEP_REMOVALS 32
#define SWEEP_FIELDS   64
#define SWEEP_MERGES   16

struct sweep {
    struct keyspace *ks;
    struct place place; /* of the entry being examined */
    int64_t now;        /* ms since 1970 */
    size_t fields;      /* the number that this hold may still remove */
};

/* Removes the fields of a hash that have expired. True: no field is left. */
static bool purge(struct sweep *s, struct entry **e) REQUIRES(shard_cap)
{
    const struct entry *old = *e;
    size_t n = 0;
    bool is_empty;

    shard_touch(&s->place, *e);
    *e = fields_purge(*e, s->now, s->fields, &n, &is_empty);
    must(n <= s->fields);
    s->fields -= n;
    entry_set_epoch(*e, s->place.shard->epoch);
    policy_replace(keyspace_policy(s->ks), &s->ks->stamps, &s->place, old, *e);
    shard_fields_expired(&s->place, *e, n);
    return is_empty;
}

static bool is_due(void *arg, struct entry **e, uint32_t *tick)
{
    struct sweep *s = arg;

    shard_must_hold(s->place.shard);
    s->place.hash = keyspace_hash(entry_key(*e));
    if (entry_expired(*e, s->now)) {
        shard_touch(&s->place, *e);
        return true;
    }
    if (fields_are_due(*e, s->now) && purge(s, e))
        return true;
    *tick = (*e)->flags & ENTRY_VOLATILE ? keyspace_tick(s->place.shard, fields_entry_due(*e)) : UINT32_MAX;
    return false;
}

static void removed(void *arg, struct entry *e)
{
    struct sweep *s = arg;

    shard_must_hold(s->place.shard);
    must(shard_is_touched(&s->place));
    if (entry_expired(e, s->now))
        shard_expire_taken(&s->place, e);
    else
        shard_emptied_taken(&s->place, e);
}

/* The last tick that has ended. Keys due in the current tick wait: most of them would not be due yet, and with a
 * million keys due at once, looking at all of them in vain takes long. */
static uint32_t last_tick(const struct shard *s, int64_t now)
{
    uint32_t tick = keyspace_tick(s, now);

    return tick > 0 ? tick - 1 : 0;
}

/* Whether the clock has left the ticks of the shard: 198 days have passed since they were numbered, or the clock was
 * set. */
static bool ticks_have_ended(const struct shard *s, int64_t now)
{
    uint32_t tick = keyspace_tick(s, now);

    return tick == 0 || tick > 2 * TICK_NOW;
}

/* Numbers the ticks anew. What the tables have noted becomes void: the next sweep looks at every entry with an
 * expiry. */
static void renumber_ticks(struct shard *s, int64_t now) REQUIRES(shard_cap)
{
    atomic_store_explicit(&s->keyspace->tick_zero[s->index], keyspace_tick_zero(now), memory_order_relaxed);
    KEYSPACE_EACH_DB(s->keyspace, db)
        if (shard_table(s, db) != NULL)
            table_forget_due(shard_table(s, db));
    must(keyspace_tick(s, now) == TICK_NOW);
}

static uint32_t next_due(struct table *t)
{
    return atomic_load_explicit(&t->next_due, memory_order_relaxed);
}

bool expiry_sweep(struct shard *s, int64_t now)
{
    struct sweep sweep = {.ks = s->keyspace, .place.shard = s, .now = now, .fields = SWEEP_FIELDS};
    uint32_t tick;
    bool done = true;

    shard_must_hold(s);
    if (UNLIKELY(ticks_have_ended(s, now)))
        renumber_ticks(s, now);
    tick = last_tick(s, now);
    KEYSPACE_EACH_DB(s->keyspace, db) {
        struct table *t = shard_table(s, db);
        struct table_sweep step = {.now = tick,
                                   .buckets = SWEEP_BUCKETS,
                                   .max_removals = SWEEP_REMOVALS,
                                   .due = is_due,
                                   .removed = removed,
                                   .arg = &sweep};

        sweep.place.db = db;
        /* If buckets were merged, a sweep may end with something still due in buckets it has passed: then it restarts.
         */
        if (t != NULL && next_due(t) <= step.now)
            done = table_sweep(t, &step) && next_due(t) >= step.now;
        if (t != NULL && table_trim(t, SWEEP_MERGES))
            done = false;
        if (!done)
            break;
    }
    return done;
}

bool expiry_is_due(const struct shard *s, int64_t now, bool *any)
{
    uint32_t tick = last_tick(s, now);
    bool due = ticks_have_ended(s, now);

    KEYSPACE_EACH_DB(s->keyspace, db) {
        struct table *t = shard_table(s, db);

        if (t == NULL)
            continue;
        *any |= atomic_load_explicit(&t->volatiles, memory_order_relaxed) != 0 ||
                atomic_load_explicit(&t->partials, memory_order_relaxed) != 0;
        due |= next_due(t) <= tick || table_is_sparse(t);
    }
    return due;
}
