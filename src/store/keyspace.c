/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/keyspace.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "base/rand.h"
#include "store/freer.h"
#include "store/quota.h"

/* Up to this number of entries of so many bytes, a flush frees them faster than it can enqueue them for the freer. */
#define FEW_ENTRIES 16
#define FEW_BYTES   4096

static void shard_init(struct shard *s, struct keyspace *ks, unsigned index)
{
    lock_init(&s->lock, LOCK_SHARD, index);
    s->index = (uint16_t)index;
    atomic_init(&ks->tick_zero[index], keyspace_tick_zero(clock_ms()));
    s->door = &ks->door;
    s->keyspace = ks;
    s->tables = mem_zalloc(ks->databases * sizeof *s->tables);
}

struct keyspace *keyspace_new(unsigned shards, unsigned databases)
{
    struct keyspace *ks = mem_aligned_zero(64, sizeof *ks);

    must(shards >= 2 && shards <= UINT16_MAX && (shards & (shards - 1)) == 0);
    must(databases > 0 && databases <= KEYSPACE_DATABASES_MAX);
    ks->shard_count = shards;
    ks->shard_bits = __builtin_ctz(shards);
    ks->databases = databases;
    ks->magic = KEYSPACE_MAGIC;
    atomic_init(&ks->expiry_on, true);
    atomic_init(&ks->draws, shards);
    ks->best = mem_aligned_zero(64, shards * sizeof *ks->best);
    ks->tick_zero = mem_alloc(shards * sizeof *ks->tick_zero);
    stamps_init(&ks->stamps);
    keyspace_choose(ks, POLICY_NOEVICTION);
    gate_init(&ks->gate);
    ks->shards = mem_aligned_zero(64, shards * sizeof *ks->shards);
    for (unsigned i = 0; i < shards; i++)
        shard_init(&ks->shards[i], ks, i);
    return ks;
}

void keyspace_free(struct keyspace *ks)
{
    must_be(ks, KEYSPACE_MAGIC);
    for (unsigned i = 0; i < ks->shard_count; i++) {
        KEYSPACE_EACH_DB(ks, db)
            if (shard_table(&ks->shards[i], db) != NULL)
                table_free(shard_table(&ks->shards[i], db));
        mem_free((void *)ks->shards[i].tables);
        pool_free(ks->shards[i].pool);
        mem_free(ks->shards[i].interests.buckets);
    }
    mem_free(ks->shards);
    mem_free((void *)ks->best);
    mem_free((void *)ks->tick_zero);
    ks->magic = 0;
    mem_free(ks);
}

void keyspace_choose_policy(struct keyspace *ks, const struct policy *policy)
{
    must_be(ks, KEYSPACE_MAGIC);
    must(policy != NULL);
    stamps_switch(&ks->stamps);
    atomic_store(&ks->policy, policy);
    atomic_fetch_add(&ks->policy_turn, 1);
    for (unsigned i = 0; i < ks->shard_count; i++)
        atomic_store(&ks->best[i], VICTIM_UNKNOWN);
}

void keyspace_choose(struct keyspace *ks, enum policy_id policy)
{
    keyspace_choose_policy(ks, policy_of(policy));
}

/* Forgets the database if no shard has a table of it. Every shard is held. */
static void forget_unused(struct keyspace *ks, unsigned db) REQUIRES(shard_cap)
{
    for (unsigned i = 0; i < ks->shard_count; i++) {
        shard_must_hold(&ks->shards[i]);
        if (shard_table(&ks->shards[i], db) != NULL)
            return;
    }
    used_dbs_forget(&ks->used, db);
}

/* ---- sums ---- */

static size_t entries_of(struct table *t)
{
    return atomic_load_explicit(&t->used, memory_order_relaxed);
}

static size_t volatiles_of(struct table *t)
{
    return atomic_load_explicit(&t->volatiles, memory_order_relaxed);
}

static size_t partials_of(struct table *t)
{
    return atomic_load_explicit(&t->partials, memory_order_relaxed);
}

/* The sum of `of` over the tables of a database. */
static size_t sum(const struct keyspace *ks, unsigned db, size_t (*of)(struct table *t))
{
    size_t n = 0;

    must_be(ks, KEYSPACE_MAGIC);
    must(db < ks->databases);
    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);

        if (t != NULL)
            n += of(t);
    }
    return n;
}

struct keyspace_stats keyspace_stats(const struct keyspace *ks)
{
    struct keyspace_stats sum = {0};

    must_be(ks, KEYSPACE_MAGIC);
    for (unsigned i = 0; i < KEYSPACE_COUNTS; i++) {
        struct keyspace_counts *c = (struct keyspace_counts *)&ks->counts[i];
        uint64_t stamp = atomic_load_explicit(&c->evicted_stamp, memory_order_relaxed);

        sum.expired += atomic_load_explicit(&c->expired, memory_order_relaxed);
        sum.expired_fields += atomic_load_explicit(&c->expired_fields, memory_order_relaxed);
        sum.evicted += atomic_load_explicit(&c->evicted, memory_order_relaxed);
        sum.evicted_stamp = stamp > sum.evicted_stamp ? stamp : sum.evicted_stamp;
    }
    return sum;
}

void keyspace_reset_stats(struct keyspace *ks)
{
    must_be(ks, KEYSPACE_MAGIC);
    for (unsigned i = 0; i < KEYSPACE_COUNTS; i++) {
        atomic_store_explicit(&ks->counts[i].expired, 0, memory_order_relaxed);
        atomic_store_explicit(&ks->counts[i].expired_fields, 0, memory_order_relaxed);
        atomic_store_explicit(&ks->counts[i].evicted, 0, memory_order_relaxed);
    }
}

size_t keyspace_size(const struct keyspace *ks, unsigned db)
{
    return sum(ks, db, entries_of);
}

size_t keyspace_volatile_size(const struct keyspace *ks, unsigned db)
{
    return sum(ks, db, volatiles_of);
}

size_t keyspace_partial_size(const struct keyspace *ks, unsigned db)
{
    return sum(ks, db, partials_of);
}

size_t keyspace_overhead(const struct keyspace *ks, unsigned db)
{
    return sum(ks, db, table_overhead);
}

/* Frees an empty table. No thread can be reading it any more. */
static void release_table(void *table)
{
    size_t bytes;

    must_be((struct table *)table, TABLE_MAGIC);
    bytes = table_overhead(table);
    table_free(table);
    quota_freed(bytes);
}

/* Frees entries of a table that was taken out of its shard, and retires the table when it is empty: threads may still
 * read its buckets, but they do not read entries without the lock. */
static bool free_table(void *table, size_t entries)
{
    if (!table_empty(table, entries))
        return false;
    freer_keep(table_overhead(table));
    quiesce_retire(table, release_table);
    return true;
}

static void flush_shard(struct shard *s, unsigned db, bool counted) REQUIRES(shard_cap)
{
    struct table *t = shard_exchange_table(s, db, NULL, 0);
    size_t n;

    if (t == NULL)
        return;
    policy_flush(keyspace_policy(s->keyspace), s, db);
    n = entries_of(t);
    if (n > FEW_ENTRIES || t->bytes > FEW_BYTES) {
        freer_hand(t, free_table, counted ? n : 0, t->bytes + table_overhead(t));
        return;
    }
    while (!free_table(t, SIZE_MAX))
        ;
    if (counted)
        freer_count(n);
}

void keyspace_flush(struct keyspace *ks, unsigned db, bool counted)
{
    must_be(ks, KEYSPACE_MAGIC);
    must(db < ks->databases);
    for (unsigned i = 0; i < ks->shard_count; i++)
        flush_shard(&ks->shards[i], db, counted);
    forget_unused(ks, db);
}

void keyspace_swap(struct keyspace *ks, unsigned a, unsigned b, int64_t now)
{
    must_be(ks, KEYSPACE_MAGIC);
    must(a < ks->databases && b < ks->databases);
    for (unsigned i = 0; i < ks->shard_count && a != b; i++) {
        struct shard *s = &ks->shards[i];
        struct table *was_b = shard_table(s, b);

        shard_exchange_table(s, b, shard_exchange_table(s, a, was_b, now), now);
        policy_swap(keyspace_policy(ks), s, a, b);
    }
    forget_unused(ks, a);
    forget_unused(ks, b);
}

/* ---- walks ---- */

struct scan {
    keyspace_visit *visit;
    void *arg;
    struct shard *shard;
};

static void scan_entry(void *arg, struct entry *e)
{
    struct scan *s = arg;

    s->visit(s->arg, s->shard, e);
}

/* The first shard from i on that has keys of a database, shard_count if there is none. Needs no lock. */
static unsigned populated_shard(const struct keyspace *ks, unsigned db, unsigned i)
{
    for (; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);

        if (t != NULL && entries_of(t) != 0)
            break;
    }
    return i;
}

struct shard *keyspace_scan_shard(struct keyspace *ks, unsigned db, uint64_t *cursor)
{
    unsigned begin = *cursor & (ks->shard_count - 1);
    unsigned i = populated_shard(ks, db, begin);

    must(db < ks->databases);
    if (i != begin)
        *cursor = i < ks->shard_count ? i : 0;
    return i < ks->shard_count ? &ks->shards[i] : NULL;
}

uint64_t keyspace_scan(struct shard *s, unsigned db, uint64_t cursor, keyspace_visit *visit, void *arg)
{
    struct keyspace *ks = s->keyspace;
    struct scan scan = {visit, arg, s};
    struct table *t = shard_table(s, db);
    uint64_t at = t ? table_scan(t, cursor >> ks->shard_bits, scan_entry, &scan) : 0;
    unsigned i;

    lock_must_hold(&s->lock);
    must((cursor & (ks->shard_count - 1)) == s->index);
    if (at != 0)
        return at << ks->shard_bits | s->index;
    i = populated_shard(ks, db, s->index + 1u);
    return i < ks->shard_count ? i : 0;
}

struct shard *keyspace_random_shard(struct keyspace *ks, unsigned db)
{
    for (size_t n = keyspace_size(ks, db); n != 0; n = keyspace_size(ks, db)) {
        uint64_t nth = rand_below(n);

        for (unsigned i = 0; i < ks->shard_count; i++) {
            struct table *t = shard_table(&ks->shards[i], db);
            size_t keys = t ? entries_of(t) : 0;

            if (nth < keys)
                return &ks->shards[i];
            nth -= keys;
        }
    }
    return NULL;
}
