/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keyspace: all shards, all databases.
 *
 * Role:    maps hashes to shards; operations on more than one shard: sizes, flushing, swapping, scanning.
 * Owns:    the shards and the gate.
 * Threads: as each function says.
 * Used by: run, cmd, main.
 */
#ifndef LARDER_STORE_KEYSPACE_H
#define LARDER_STORE_KEYSPACE_H

#include "base/hash.h"
#include "store/evict.h"
#include "store/gate.h"
#include "store/policy.h"
#include "store/shard.h"
#include "store/stamp.h"
#include "store/used_dbs.h"

/* Ticks of expiry: 16 ms each, 32 bits, numbered by shard. 2^32 of them are 795 days, so the numbers follow the clock:
 * the current tick is between 1 and 2 * TICK_NOW, or the sweep numbers the ticks anew (expiry.c). */
#define TICK_BITS 4
#define TICK_NOW  (1u << 30)       /* the current tick when ticks are numbered anew */
#define TICK_MAX  (UINT32_MAX - 1) /* this or a later one */

struct keyspace_stats {
    uint64_t expired;        /* keys removed because they had expired */
    uint64_t expired_fields; /* the same for fields of hashes */
    uint64_t evicted;
    uint64_t evicted_stamp; /* of the last victim whose stamp was a moment (stamp.h); 0: none yet */
};

/* These counts of some shards. Each has a cache line, so that workers that evict do not fight over one. */
struct keyspace_counts {
    _Alignas(64) _Atomic uint64_t expired;
    _Atomic uint64_t expired_fields;
    _Atomic uint64_t evicted;
    _Atomic uint64_t evicted_stamp;
};

#define KEYSPACE_COUNTS 64

#define KEYSPACE_DATABASES_MAX USED_DBS_MAX

/* What the defragmentation has done. */
struct keyspace_defrag {
    _Atomic uint64_t moved, kept; /* blocks */
    _Atomic unsigned running;     /* workers that are at it */
};

#define KEYSPACE_MAGIC 0x6b657973u /* "keys" */

struct keyspace {
    struct shard *shards;
    unsigned shard_count; /* a power of two */
    unsigned shard_bits;
    unsigned databases;
    uint32_t magic;
    _Atomic int64_t *tick_zero; /* of each shard, when tick 0 of expiry was: ms since 1970. Written under its lock */
    _Atomic bool expiry_on; /* DEBUG SET-ACTIVE-EXPIRE */
    _Atomic(const struct policy *) policy;
    struct door door;
    _Atomic unsigned policy_turn; /* counts the choices of a policy */
    unsigned tidied_turn;         /* policy_turn when evict_tidy last freed the states of old policies */
    struct stamps stamps;
    _Atomic int64_t *best;  /* of each shard, the priority of its next victim: see evict.h */
    _Atomic unsigned draws; /* shards that an eviction compares */
    unsigned walk_db;       /* the position of evict_tidy's walk */
    uint64_t walk_cursor;
    unsigned tally_db; /* the position of evict_tidy's count of the keys, */
    size_t tally;      /* the keys before that, */
    size_t keys;       /* and the last complete count */
    struct keyspace_counts counts[KEYSPACE_COUNTS]; /* by the low bits of the shard's index */
    struct used_dbs used;
    struct keyspace_defrag defrag;
    struct gate gate;
};

/* shards: a power of two, at least 2; databases: 1 to KEYSPACE_DATABASES_MAX. */
struct keyspace *keyspace_new(unsigned shards, unsigned databases);
void keyspace_free(struct keyspace *ks);

/* The hash of a key: its high bits choose the shard, its low bits the bucket. The one place where a key of the keyspace
 * is hashed. */
static inline uint64_t keyspace_hash(struct slice key)
{
    return hash_bytes(key);
}

static inline struct shard *keyspace_shard(const struct keyspace *ks, uint64_t hash)
{
    sane(ks->magic == KEYSPACE_MAGIC && ks->shard_bits > 0);
    return &ks->shards[hash >> (64 - ks->shard_bits)];
}

/* The epoch of snapshots, modulo 4. A unit reads it after its last lock. */
static inline uint8_t keyspace_epoch(const struct keyspace *ks)
{
    return atomic_load_explicit(&ks->door.epoch, memory_order_relaxed);
}

static inline struct place keyspace_place(const struct keyspace *ks, unsigned db, uint64_t hash)
{
    sane(db < ks->databases);
    return (struct place){keyspace_shard(ks, hash), db, hash};
}

/* Sets the eviction policy. Nothing is rebuilt: a policy interprets stamps of another kind as well as it can. The
 * second function is for a policy that is not in conf/policies.def. */
void keyspace_choose(struct keyspace *ks, enum policy_id policy);
void keyspace_choose_policy(struct keyspace *ks, const struct policy *policy);

static inline const struct policy *keyspace_policy(const struct keyspace *ks)
{
    return atomic_load_explicit(&ks->policy, memory_order_acquire); /* with it, what stamps_switch noted before */
}

/* Publishes the priority of a shard's best victim under a policy, or VICTIM_UNKNOWN or VICTIM_NONE. */
static inline void keyspace_publish_victim(struct keyspace *ks, const struct shard *s, const struct policy *p,
                                           int64_t order)
{
    shard_must_hold(s);
    must(s->index < ks->shard_count);
    atomic_store(&ks->best[s->index], order);
    if (UNLIKELY(atomic_load(&ks->policy) != p)) /* the policy was changed meanwhile: the priority means nothing now */
        atomic_store(&ks->best[s->index], VICTIM_UNKNOWN);
}

/* The entry at a place counts as new: it does not inherit the usage of the entry that it replaced. */
static inline void keyspace_renew(struct keyspace *ks, const struct place *p, struct entry *e)
{
    const struct policy *policy = keyspace_policy(ks);

    policy_remove(policy, &ks->stamps, p, e);
    policy_insert(policy, &ks->stamps, p, e);
}

/* Gives the entry at a place, just inserted under a new name, the usage that it had under its old name. */
static inline void keyspace_inherit(struct keyspace *ks, const struct place *p, struct entry *e,
                                    struct entry_usage usage)
{
    policy_inherit(keyspace_policy(ks), &ks->stamps, p, e, usage);
}

/* Notes a use of the entry at a place. */
static inline void keyspace_touch(struct keyspace *ks, const struct place *p, struct entry *e)
{
    policy_use(keyspace_policy(ks), &ks->stamps, p, e);
}

/* The first database from `from` on that has been used; ks->databases if there is none. Any thread. */
static inline unsigned keyspace_next_db(const struct keyspace *ks, unsigned from)
{
    unsigned db = used_dbs_next(&ks->used, from);

    return db < ks->databases ? db : ks->databases;
}

/* Visits the databases that have been used, in ascending order. */
#define KEYSPACE_EACH_DB(ks, db) \
    for (unsigned db = keyspace_next_db(ks, 0); db < (ks)->databases; db = keyspace_next_db(ks, db + 1))

static inline unsigned keyspace_used_dbs(const struct keyspace *ks)
{
    return atomic_load_explicit(&ks->used.count, memory_order_relaxed);
}

static inline struct keyspace_counts *keyspace_counts(const struct shard *s)
{
    return &s->keyspace->counts[s->index % KEYSPACE_COUNTS];
}

/* The sums of the counts. Any thread. */
struct keyspace_stats keyspace_stats(const struct keyspace *ks);
/* CONFIG RESETSTAT: they begin anew, except evicted_stamp. */
void keyspace_reset_stats(struct keyspace *ks);

/* The number of entries of a database, including expired ones; of entries with an expiry; of hashes that have fields
 * with an expiry. Any thread. */
size_t keyspace_size(const struct keyspace *ks, unsigned db);
size_t keyspace_volatile_size(const struct keyspace *ks, unsigned db);
size_t keyspace_partial_size(const struct keyspace *ks, unsigned db);
/* Bytes of all tables of a database. Any thread, between quiesce_enter and _leave or under a shard's lock. */
size_t keyspace_overhead(const struct keyspace *ks, unsigned db);

/* Empties a database. The freer frees the entries; counted: INFO counts them. Every shard is held. */
void keyspace_flush(struct keyspace *ks, unsigned db, bool counted) REQUIRES(shard_cap);
/* Exchanges two databases. Every shard is held. now: ms since 1970. */
void keyspace_swap(struct keyspace *ks, unsigned a, unsigned b, int64_t now) REQUIRES(shard_cap);

/*
 * A walk over a database: begin with cursor 0.
 *
 *     while ((s = keyspace_scan_shard(ks, db, &cursor)) != NULL) {
 *         ... lock s, unless every shard is held ...
 *         cursor = keyspace_scan(s, db, cursor, visit, arg);
 *         ... unlock s ...
 *         if (cursor == 0)
 *             break;
 *     }
 *
 * keyspace_scan_shard returns the shard of the cursor. If that has no keys, it returns the next shard that has some,
 * and sets the cursor to its beginning; NULL: no shard is left. Any number is a valid cursor; those returned are below
 * 2^53. table_scan says which keys are visited. Between quiesce_enter and _leave.
 */
typedef void keyspace_visit(void *arg, struct shard *shard, struct entry *e);
struct shard *keyspace_scan_shard(struct keyspace *ks, unsigned db, uint64_t *cursor);
uint64_t keyspace_scan(struct shard *s, unsigned db, uint64_t cursor, keyspace_visit *visit, void *arg)
    REQUIRES(shard_cap);

/* The shard of a random key of a database; needs no lock. NULL: the database is empty. */
struct shard *keyspace_random_shard(struct keyspace *ks, unsigned db);

/* When tick 0 is, if the ticks are numbered anew at `now` (both in ms since 1970). */
static inline int64_t keyspace_tick_zero(int64_t now)
{
    return now - ((int64_t)TICK_NOW << TICK_BITS);
}

/* The expiry tick of a time in ms since 1970 (table.h): 0 for any time before tick 1. */
static inline uint32_t keyspace_tick(const struct shard *s, int64_t ms)
{
    int64_t zero = atomic_load_explicit(&s->keyspace->tick_zero[s->index], memory_order_relaxed);
    uint64_t tick = ms <= zero ? 0 : ((uint64_t)ms - (uint64_t)zero) >> TICK_BITS;

    return tick < TICK_MAX ? (uint32_t)tick : TICK_MAX;
}

#endif
