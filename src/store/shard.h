/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shard: one of a few hundred partitions of the keyspace, with the lock that guards it.
 *
 * Role:    finds, inserts and removes entries of any database. All changes of entries pass its door.
 * Owns:    its tables, and through them the entries; the candidates for eviction; the buckets of interests.
 * Threads: REQUIRES(shard_cap) means: the caller holds this shard's lock.
 * Used by: run, keyspace, evict, expiry.
 * Why:     a key belongs to one shard for the life of the process, so one small lock makes every single-key command
 *          atomic and cores contend only where they use the same shard.
 *
 * The door. Code that changes or removes an entry calls shard_touch before and shard_changed after; there is no other
 * way to change an entry. shard_touch hands an entry that a snapshot still needs over to that snapshot; shard_changed
 * notifies the interests in the key. The functions below that remove an expired entry call both themselves.
 */
#ifndef LARDER_STORE_SHARD_H
#define LARDER_STORE_SHARD_H

#include "base/lock.h"
#include "store/entry.h"
#include "store/interest.h"
#include "store/table.h"

/* Stands for the locks of all shards in the static analysis; lock_must_hold checks the right one at run time. */
extern struct CAPABILITY("shard") shard_cap {
    char none;
} shard_cap;

struct keyspace;

struct shard {
    _Alignas(64) struct lock lock;
    uint16_t index;
    uint8_t epoch;       /* of the unit that holds the shard */
    bool has_no_victims; /* eviction found no entry here that the policy may evict */
    uint64_t touched;    /* the keys for which that unit has called shard_touch: a bit each, by the hash */
    struct door *door;   /* of the keyspace */
    struct keyspace *keyspace;
    struct table *_Atomic *tables; /* one per database, made on first use */
    struct interest_set interests;
    struct pool *pool; /* eviction's candidates; NULL before the first look */
};

#ifndef LARDER_DEBUG /* where a lock is larger */
_Static_assert(sizeof(struct shard) == 64, "a shard is one cache line");
#endif

/* Returns whether it had to wait. This and shard_unlock are unchecked: they take and release a lock of their own for
 * the capability that stands for it. */
static inline bool shard_lock(struct shard *s) ACQUIRES(shard_cap) UNCHECKED_LOCKS
{
    return lock_take(&s->lock);
}

/* As lock_take_within. */
static inline bool shard_lock_within(struct shard *s, int64_t ns, bool *waited)
    TRY_ACQUIRES(true, shard_cap) UNCHECKED_LOCKS
{
    return lock_take_within(&s->lock, ns, waited);
}

/* Locks the shard if it is free. */
static inline bool shard_try(struct shard *s) TRY_ACQUIRES(true, shard_cap) UNCHECKED_LOCKS
{
    return lock_try(&s->lock);
}

static inline void shard_unlock(struct shard *s) RELEASES(shard_cap) UNCHECKED_LOCKS
{
    lock_drop(&s->lock);
}

/* States, for the analysis, that this thread holds the shard, and checks it at run time. */
static inline void shard_must_hold(const struct shard *s) ASSERTS(shard_cap)
{
    lock_must_hold((struct lock *)&s->lock);
}

/* Begins a unit on a shard that it has just locked: the door is shut for every key. epoch: the unit's. */
static inline void shard_begin(struct shard *s, uint8_t epoch) REQUIRES(shard_cap)
{
    sane(epoch < 4);
    s->touched = 0;
    s->epoch = epoch;
}

/* Where a key belongs. */
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

/* Whether the unit has called shard_touch for a key. One key in 64 of the shard has the same bit. */
static inline bool shard_is_touched(const struct place *p)
{
    return p->shard->touched & shard_touched_bit(p->hash);
}

static inline uint32_t shard_interest(const struct shard *s)
{
    return atomic_load_explicit(&s->door->interest, memory_order_relaxed);
}

/* Call this before an entry changes or is removed. e NULL: before a key that does not exist is inserted. */
static inline void shard_touch(const struct place *p, struct entry *e) REQUIRES(shard_cap)
{
    struct shard *s = p->shard;

    lock_must_hold(&s->lock);
    s->touched |= shard_touched_bit(p->hash);
    if (UNLIKELY(shard_interest(s) & INTEREST_SNAPSHOT) && e != NULL && entry_epoch(e) != s->epoch)
        shard_hand_over(p, e);
}

/* Call this after the key was changed or removed. Notifies the interests in it. */
static inline void shard_changed(const struct place *p, struct slice key, struct event event) REQUIRES(shard_cap)
{
    lock_must_hold(&p->shard->lock);
    must(shard_is_touched(p));
    if (UNLIKELY(shard_interest(p->shard) != 0))
        shard_report(p, key, &event);
}

/* Add and remove an interest in a key of the shard. False: memory is out, and nothing has changed. */
bool shard_add_interest(struct shard *s, struct interest *i) REQUIRES(shard_cap);
void shard_remove_interest(struct shard *s, struct interest *i) REQUIRES(shard_cap);

/* ---- entries ---- */

/* The entry. NULL: the key does not exist, or has expired at `now` (ms since 1970) and was removed and counted. Also
 * removes up to *fields expired fields of a hash, and subtracts their number from *fields. All look-ups of one command
 * share one *fields: then looking up a key again never changes the entry that was found. Borrowed until the lock is
 * released or the key is changed. */
struct entry *shard_find(const struct place *p, struct slice key, int64_t now, size_t *fields) REQUIRES(shard_cap);
/* The same, but removes nothing and also returns expired entries. */
struct entry *shard_peek(const struct place *p, struct slice key) REQUIRES(shard_cap);

/* The functions from here on change entries: the caller calls shard_touch before and shard_changed after them. */

/* Takes e, whose key is not in the database. */
void shard_insert(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Replaces an entry that was found by e. `old` may be freed already, or be e with other flags; was: the tally of the
 * old entry. */
void shard_replace(const struct place *p, const struct entry *old, const struct entry_tally *was, struct entry *e)
    REQUIRES(shard_cap);
/* Counts an entry that was found anew after its size changed in place. */
void shard_recount(const struct place *p, const struct entry_tally *was, const struct entry *e) REQUIRES(shard_cap);
/* Removes an entry that was found and returns it to the caller's ownership. */
void shard_take(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Sets the expiry (0: none) of an entry that was found. It may move: returns the entry to use. */
struct entry *shard_set_expire(const struct place *p, struct entry *e, int64_t expire) REQUIRES(shard_cap);

/* The functions from here on call shard_changed themselves; shard_expire also calls shard_touch. */

/* Removes, counts and frees an entry that has expired. */
void shard_expire(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* The same for an entry that was taken out of its table after shard_touch. */
void shard_expire_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Counts n expired fields of the hash e, which were removed after shard_touch. */
void shard_fields_expired(const struct place *p, const struct entry *e, size_t n) REQUIRES(shard_cap);
/* Only counts them: for fields that a command removed because it gave them an expiry in the past. */
void shard_count_expired_fields(const struct shard *s, size_t n);
/* Frees the hash e, whose last fields have expired and which was taken out of its table. */
void shard_emptied_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);

/* Replaces the table of a database by t and returns the old one; either may be NULL. Notifies the interests in keys of
 * that database. Every shard is held. now: ms since 1970. */
struct table *shard_exchange_table(struct shard *s, unsigned db, struct table *t, int64_t now) REQUIRES(shard_cap);

/* The table of a database, NULL if it was never used. Needs no lock between quiesce_enter and _leave. */
static inline struct table *shard_table(const struct shard *s, unsigned db)
{
    return atomic_load_explicit(&s->tables[db], memory_order_acquire);
}

#endif
