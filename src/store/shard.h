/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shard: one of a few hundred parts of the keyspace, with the lock that guards it.
 *
 * Role:    finds, inserts and removes entries of any database; is the one door through which entries change.
 * Owns:    its tables, and through them the entries; the candidates for eviction; the buckets of interests.
 * Threads: REQUIRES(shard_cap) means: the caller holds this shard's lock.
 * Used by: run, keyspace, evict, expiry.
 * Why:     a key belongs to one shard for the life of the process, so one small lock makes every single-key command
 *          atomic and any number of cores can work at once.
 *
 * The door. Whoever changes an entry calls shard_touch before and shard_changed after, and nothing of an entry changes
 * or is removed in any other way. shard_touch hands an entry that a snapshot still needs to that snapshot;
 * shard_changed tells those who are interested in the key. The functions below that remove an entry because it has
 * expired do both themselves.
 */
#ifndef LARDER_STORE_SHARD_H
#define LARDER_STORE_SHARD_H

#include "base/lock.h"
#include "store/entry.h"
#include "store/interest.h"
#include "store/table.h"

/* Stands for the locks of all shards in the static analysis; lock_must_hold checks the very one. */
extern struct CAPABILITY("shard") shard_cap {
    char none;
} shard_cap;

struct keyspace;

struct shard {
    _Alignas(64) struct lock lock;
    uint16_t index;
    uint8_t epoch;     /* of the unit that holds the shard */
    bool has_no_victims; /* eviction found no entry here that the policy may evict */
    uint64_t touched;  /* the keys for which that unit has opened the door: a bit each, by their hash */
    struct door *door; /* of the keyspace */
    struct keyspace *keyspace;
    struct table *_Atomic *tables; /* one per database, made on first use */
    struct interest_set interests;
    struct pool *pool; /* eviction's candidates; NULL before the first look */
};

#ifndef LARDER_DEBUG /* where a lock is larger */
_Static_assert(sizeof(struct shard) == 64, "what a unit needs of a shard is in one cache line");
#endif

static inline void shard_lock(struct shard *s) ACQUIRES(shard_cap) UNCHECKED_LOCKS
{
    lock_take(&s->lock);
}

static inline void shard_unlock(struct shard *s) RELEASES(shard_cap) UNCHECKED_LOCKS
{
    lock_drop(&s->lock);
}

/* The caller says that this thread holds the shard, where the analysis cannot follow how it was taken. Checked. */
static inline void shard_must_hold(const struct shard *s) ASSERTS(shard_cap)
{
    lock_must_hold((struct lock *)&s->lock);
}

/* A unit begins on a shard that it has just locked: the door is shut for every key. epoch: the unit's. */
static inline void shard_begin(struct shard *s, uint8_t epoch) REQUIRES(shard_cap)
{
    s->touched = 0;
    s->epoch = epoch;
}

/* Where a key is: what every function below works on. */
struct place {
    struct shard *shard;
    unsigned db;
    uint64_t hash;
};

/* ---- the door ---- */

void shard_hand_over(const struct place *p, struct entry *e) REQUIRES(shard_cap);
void shard_report(const struct place *p, struct slice key, const struct event *event) REQUIRES(shard_cap);

static inline uint64_t shard_touched_bit(uint64_t hash)
{
    return 1ull << (hash & 63);
}

/* Whether the unit has opened the door for a key. One of 64 other keys of the shard looks the same. */
static inline bool shard_is_touched(const struct place *p)
{
    return p->shard->touched & shard_touched_bit(p->hash);
}

static inline uint32_t shard_interest(const struct shard *s)
{
    return atomic_load_explicit(&s->door->interest, memory_order_relaxed);
}

/* Before anything of an entry changes, or it is removed; e NULL: before a key is inserted that does not exist. */
static inline void shard_touch(const struct place *p, struct entry *e) REQUIRES(shard_cap)
{
    struct shard *s = p->shard;

    lock_must_hold(&s->lock);
    s->touched |= shard_touched_bit(p->hash);
    if (UNLIKELY(shard_interest(s) & INTEREST_SNAPSHOT) && e != NULL && entry_epoch(e) != s->epoch)
        shard_hand_over(p, e);
}

/* After the key was changed or removed. Tells those who are interested in it. */
static inline void shard_changed(const struct place *p, struct slice key, const struct event *event) REQUIRES(shard_cap)
{
    lock_must_hold(&p->shard->lock);
    must(shard_is_touched(p));
    if (UNLIKELY(shard_interest(p->shard) != 0))
        shard_report(p, key, event);
}

/* Registers an interest in a key of the shard, and takes it off. */
void shard_add_interest(struct shard *s, struct interest *i) REQUIRES(shard_cap);
void shard_remove_interest(struct shard *s, struct interest *i) REQUIRES(shard_cap);

/* ---- entries ---- */

/* The entry; NULL: there is none, or it has expired at `now` (ms since 1970): then it is removed and counted. Fields of
 * a hash that have expired are removed too, up to *fields of them, which falls by their number. Whoever looks up
 * several keys at one time gives all look-ups the same *fields: then a key that was found stays as it is, however often
 * it is looked up. Borrowed until the lock is released or the key is changed. */
struct entry *shard_find(const struct place *p, struct slice key, int64_t now, size_t *fields) REQUIRES(shard_cap);
/* The same without removing: for those who only look. Also gives entries that have expired. */
struct entry *shard_peek(const struct place *p, struct slice key) REQUIRES(shard_cap);

/* The functions from here on change entries: the door is open for the key (shard_touch), and shard_changed follows. */

/* Takes e, whose key is not there. */
void shard_insert(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Puts e in the place of an entry that was found: `old` may be freed already, or be e with other flags; was: what it
 * was before. */
void shard_replace(const struct place *p, const struct entry *old, const struct entry_tally *was,
                   struct entry *e) REQUIRES(shard_cap);
/* The entry that was found has another size in bytes, in place. */
void shard_recount(const struct place *p, const struct entry_tally *was, const struct entry *e) REQUIRES(shard_cap);
/* Removes an entry that was found and gives it back. */
void shard_take(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Removes and frees it. */
void shard_drop(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Gives an entry that was found another expiry (0: none). It may move; returns the one to use. */
struct entry *shard_set_expire(const struct place *p, struct entry *e, int64_t expire) REQUIRES(shard_cap);

/* The functions from here on open the door themselves, and tell. */

/* Removes, counts and frees an entry that has expired. */
void shard_expire(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* The same for one that was taken out of its table after shard_touch. */
void shard_expire_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* n fields of the hash e were removed after shard_touch, since they had expired: counts them. */
void shard_fields_expired(const struct place *p, const struct entry *e, size_t n) REQUIRES(shard_cap);
/* The last fields of the hash e have expired, and it was taken out of its table: frees it. */
void shard_emptied_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);

/* Takes a database's table out of the shard, and gives the database another; either may be NULL. Tells all who are
 * interested in keys of that database. Every shard is held. now: ms since 1970. */
struct table *shard_exchange_table(struct shard *s, unsigned db, struct table *t, int64_t now) REQUIRES(shard_cap);

/* The table of a database, NULL if it was never used. May be asked without the lock between quiesce_enter and
 * _leave. */
static inline struct table *shard_table(const struct shard *s, unsigned db)
{
    return atomic_load_explicit(&s->tables[db], memory_order_acquire);
}

#endif
