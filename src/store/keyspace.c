/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/keyspace.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "base/rand.h"
#include "store/fields.h"
#include "store/freer.h"

#define SWEEP_BUCKETS  1024
#define SWEEP_REMOVALS 32
#define SWEEP_FIELDS   64
#define TRIM_MERGES    16
#define FEW_ENTRIES    16 /* a flush frees so many of one shard faster than it hands them over */

static void shard_init(struct shard *s, struct keyspace *ks, unsigned index)
{
    lock_init(&s->lock, LOCK_SHARD, index);
    s->index = index;
    s->keyspace = ks;
    s->tables = mem_zalloc(ks->databases * sizeof *s->tables);
}

struct keyspace *keyspace_new(unsigned shards, unsigned databases)
{
    struct keyspace *ks = mem_aligned_zero(64, sizeof *ks);

    must(shards >= 2 && (shards & (shards - 1)) == 0 && databases > 0);
    ks->shard_count = shards;
    ks->shard_bits = __builtin_ctz(shards);
    ks->databases = databases;
    ks->born = clock_ms();
    atomic_init(&ks->expiry_on, true);
    atomic_init(&ks->draws, shards);
    ks->best = mem_aligned_zero(64, shards * sizeof *ks->best);
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
    for (unsigned i = 0; i < ks->shard_count; i++) {
        for (unsigned db = 0; db < ks->databases; db++)
            if (shard_table(&ks->shards[i], db) != NULL)
                table_free(shard_table(&ks->shards[i], db));
        mem_free((void *)ks->shards[i].tables);
        pool_free(ks->shards[i].pool);
        mem_free(ks->shards[i].watches.buckets);
    }
    mem_free(ks->shards);
    mem_free((void *)ks->best);
    mem_free(ks);
}

void keyspace_choose_policy(struct keyspace *ks, const struct policy *policy)
{
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

/* The sum of what `of` tells of each table of a database. */
static size_t sum(const struct keyspace *ks, unsigned db, size_t (*of)(struct table *t))
{
    size_t n = 0;

    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);

        if (t != NULL)
            n += of(t);
    }
    return n;
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

void keyspace_lock_all(struct keyspace *ks) UNCHECKED_LOCKS /* shard_cap stands for all of them */
{
    for (unsigned i = 0; i < ks->shard_count; i++)
        lock_take(&ks->shards[i].lock);
}

void keyspace_unlock_all(struct keyspace *ks) UNCHECKED_LOCKS
{
    for (unsigned i = ks->shard_count; i-- > 0;)
        lock_drop(&ks->shards[i].lock);
}

/* The database that w watches has one table taken away and gets another; either may be NULL. A key that was expired
 * when it was watched changes only if there is another in its place that is not. */
static void watch_exchange(struct watch *w, struct table *before, struct table *after, int64_t now)
{
    struct entry *old = before ? table_find(before, w->hash, w->key) : NULL;
    struct entry *new = after ? table_find(after, w->hash, w->key) : NULL;
    bool gone = new == NULL || entry_expired(new, now);

    if (w->was_expired || old == NULL) {
        w->changed |= !gone;
        w->was_expired = new != NULL && gone;
    } else {
        w->changed = true;
    }
}

static void release_table_soon(void *table)
{
    struct table *t = table;
    size_t n = atomic_load_explicit(&t->used, memory_order_relaxed);

    freer_hand(t, table_free, n);
    freer_announce(-(ptrdiff_t)n);
}

static void flush_table(struct shard *s, unsigned db, bool now)
{
    struct table *t = shard_table(s, db);
    size_t n;

    if (t == NULL)
        return;
    policy_flush(keyspace_policy(s->keyspace), s, db);
    atomic_store_explicit(&s->tables[db], NULL, memory_order_release);
    n = atomic_load_explicit(&t->used, memory_order_relaxed);
    now |= n <= FEW_ENTRIES;
    if (now)
        table_empty(t);
    else
        freer_announce((ptrdiff_t)n);
    quiesce_retire(t, now ? table_free : release_table_soon);
}

void keyspace_flush(struct keyspace *ks, int db, bool now)
{
    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct shard *s = &ks->shards[i];

        for (struct watch *w = watch_next(&s->watches, NULL); w != NULL; w = watch_next(&s->watches, w))
            if (db < 0 || w->db == (unsigned)db)
                watch_exchange(w, shard_table(s, w->db), NULL, 0);
        if (db >= 0)
            flush_table(s, db, now);
        else
            for (unsigned d = 0; d < ks->databases; d++)
                flush_table(s, d, now);
    }
}

void keyspace_swap(struct keyspace *ks, unsigned a, unsigned b, int64_t now)
{
    for (unsigned i = 0; i < ks->shard_count && a != b; i++) {
        struct shard *s = &ks->shards[i];
        struct table *ta = shard_table(s, a), *tb = shard_table(s, b);

        for (struct watch *w = watch_next(&s->watches, NULL); w != NULL; w = watch_next(&s->watches, w))
            if (w->db == a || w->db == b)
                watch_exchange(w, w->db == a ? ta : tb, w->db == a ? tb : ta, now);
        atomic_store_explicit(&s->tables[a], tb, memory_order_release);
        atomic_store_explicit(&s->tables[b], ta, memory_order_release);
        policy_swap(keyspace_policy(ks), s, a, b);
    }
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

/* The first shard from i on that has keys of a database; shard_count: none has. Without locks. */
static unsigned populated_shard(const struct keyspace *ks, unsigned db, unsigned i)
{
    for (; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);

        if (t != NULL && atomic_load_explicit(&t->used, memory_order_relaxed) != 0)
            break;
    }
    return i;
}

uint64_t keyspace_scan(struct keyspace *ks, unsigned db, uint64_t cursor, bool all_held, keyspace_visit *visit,
                       void *arg) UNCHECKED_LOCKS /* all_held decides */
{
    unsigned begin = cursor & (ks->shard_count - 1);
    unsigned i = populated_shard(ks, db, begin);
    uint64_t at = i == begin ? cursor >> ks->shard_bits : 0;
    struct scan scan = {visit, arg, &ks->shards[i]};
    struct table *t;

    if (i == ks->shard_count)
        return 0;
    if (!all_held)
        shard_lock(scan.shard);
    t = shard_table(scan.shard, db);
    at = t ? table_scan(t, at, scan_entry, &scan) : 0;
    if (!all_held)
        shard_unlock(scan.shard);
    if (at != 0)
        return at << ks->shard_bits | i;
    i = populated_shard(ks, db, i + 1);
    return i < ks->shard_count ? i : 0;
}

/* The shard in which the nth entry of a database lies, counted in shard order. */
static struct shard *shard_of_nth(struct keyspace *ks, unsigned db, uint64_t nth)
{
    for (unsigned i = 0; i < ks->shard_count; i++) {
        struct table *t = shard_table(&ks->shards[i], db);
        size_t n = t ? atomic_load_explicit(&t->used, memory_order_relaxed) : 0;

        if (nth < n)
            return &ks->shards[i];
        nth -= n;
    }
    return NULL;
}

bool keyspace_random_key(struct keyspace *ks, unsigned db, bool all_held, int64_t now,
                         struct buf *key) UNCHECKED_LOCKS /* all_held decides */
{
    for (size_t n = keyspace_size(ks, db); n != 0; n = keyspace_size(ks, db)) {
        struct shard *s = shard_of_nth(ks, db, rand_below(n));
        struct entry *e;
        bool found;

        if (s == NULL)
            continue; /* it shrank meanwhile */
        if (!all_held)
            shard_lock(s);
        e = shard_table(s, db) ? table_random(shard_table(s, db)) : NULL;
        found = e != NULL && !entry_expired(e, now);
        if (found)
            buf_add_slice(key, entry_key(e));
        else if (e != NULL)
            shard_expire(&(struct place){s, db, hash_bytes(entry_key(e))}, e);
        if (!all_held)
            shard_unlock(s);
        if (found)
            return true;
    }
    return false;
}

/* ---- expiry ---- */

struct sweep {
    struct keyspace *ks;
    struct shard *shard;
    unsigned db;
    int64_t now;
    size_t fields; /* that this hold may still remove */
};

/* Takes the fields that are due out of an entry. True: no field is left. */
static bool purge(struct sweep *s, struct entry **e) UNCHECKED_LOCKS /* sweep_shard holds it */
{
    struct place p = {s->shard, s->db, hash_bytes(entry_key(*e))};
    const struct entry *old = *e;
    size_t n = 0;
    bool is_empty;

    *e = fields_purge(*e, s->now, s->fields, &n, &is_empty);
    s->fields -= n;
    policy_replace(keyspace_policy(s->ks), &s->ks->stamps, &p, old, *e);
    shard_fields_expired(&p, *e, n);
    return is_empty;
}

static bool is_due(void *arg, struct entry **e, uint32_t *tick)
{
    struct sweep *s = arg;

    if (entry_expired(*e, s->now) || (fields_are_due(*e, s->now) && purge(s, e)))
        return true;
    *tick = (*e)->flags & ENTRY_VOLATILE ? keyspace_tick(s->ks, fields_entry_due(*e)) : UINT32_MAX;
    return false;
}

static void gone(void *arg, uint64_t hash, struct entry *e) UNCHECKED_LOCKS /* sweep_shard holds it */
{
    struct sweep *s = arg;
    struct place p = {s->shard, s->db, hash};

    if (entry_expired(e, s->now))
        shard_expire_taken(&p, e);
    else
        shard_emptied_taken(&p, e);
}

/* The last tick that is over. What is due in the running one waits: a look at it would find that nearly all is not due
 * yet, and with a million keys due at once that look is long. */
static uint32_t past_tick(const struct sweep *s)
{
    uint32_t tick = keyspace_tick(s->ks, s->now);

    return tick > 0 ? tick - 1 : 0;
}

static uint32_t next_due(struct table *t)
{
    return atomic_load_explicit(&t->next_due, memory_order_relaxed);
}

/* One short hold of a shard's lock. Returns whether the shard is done with for now. */
static bool sweep_shard(struct sweep *s)
{
    bool done = true;

    s->fields = SWEEP_FIELDS;
    shard_lock(s->shard);
    for (s->db = 0; s->db < s->ks->databases && done; s->db++) {
        struct table *t = shard_table(s->shard, s->db);
        struct table_sweep step = {.now = past_tick(s), .buckets = SWEEP_BUCKETS,
                                   .most = SWEEP_REMOVALS, .due = is_due, .gone = gone, .arg = s};

        /* A walk may end with something due behind it, where buckets were merged: then it begins again. */
        if (t != NULL && next_due(t) <= step.now)
            done = table_sweep(t, &step) && next_due(t) >= step.now;
        if (t != NULL && table_trim(t, TRIM_MERGES))
            done = false;
    }
    shard_unlock(s->shard);
    return done;
}

/* Whether a shard has something to expire or to trim; *any: whether it has volatile keys or fields at all. A look
 * without the lock. */
static bool wants_sweep(const struct sweep *s, bool *any)
{
    uint32_t tick = past_tick(s);
    bool wants = false;

    for (unsigned db = 0; db < s->ks->databases; db++) {
        struct table *t = shard_table(s->shard, db);

        if (t == NULL)
            continue;
        *any |= volatiles_of(t) != 0 || partials_of(t) != 0;
        wants |= next_due(t) <= tick || table_is_sparse(t);
    }
    return wants;
}

enum expire_result keyspace_expire(struct keyspace *ks, unsigned first, unsigned step, unsigned *at, int64_t budget)
{
    int64_t end = clock_mono_ns() + budget;
    struct sweep s = {.ks = ks, .now = clock_ms()};
    bool any = false;

    if (!atomic_load_explicit(&ks->expiry_on, memory_order_relaxed))
        return EXPIRE_IDLE;
    for (unsigned i = *at < first ? first : *at; i < ks->shard_count; i += step) {
        *at = i;
        s.shard = &ks->shards[i];
        for (bool more = wants_sweep(&s, &any); more;) {
            more = !sweep_shard(&s);
            if (clock_mono_ns() > end) /* a shard that is done is found to be so the next time */
                return EXPIRE_MORE;
        }
    }
    *at = first;
    return any ? EXPIRE_LATER : EXPIRE_IDLE;
}
