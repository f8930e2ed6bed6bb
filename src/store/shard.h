/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * shard: one of a few hundred parts of the keyspace, with the lock that guards it.
 *
 * Role:    finds, puts and removes entries of any database; knows expiry; tells watches and counters.
 * Owns:    its tables, and through them the entries.
 * Threads: REQUIRES(shard_cap) means: the caller holds this shard's lock.
 * Used by: cmd/call, keyspace, housekeeping.
 * Why:     a key belongs to one shard for the life of the process, so one small lock makes every single-key command
 *          atomic and any number of cores can work at once.
 */
#ifndef LARDER_STORE_SHARD_H
#define LARDER_STORE_SHARD_H

#include "base/lock.h"
#include "store/entry.h"
#include "store/table.h"
#include "store/watch.h"

/* Stands for the locks of all shards in the static analysis; lock_must_hold checks the very one. */
extern struct CAPABILITY("shard") shard_cap {
    char none;
} shard_cap;

struct keyspace;

struct shard {
    _Alignas(64) struct lock lock;
    uint32_t index;
    struct keyspace *keyspace;
    struct table *_Atomic *tables; /* one per database, made on first use */
    struct watch_list watches;
    struct pool *pool;   /* eviction's candidates; NULL before the first look */
    bool has_no_victims; /* eviction found no entry here that the policy may evict */
};

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

/* Where a key is: what every function below works on. */
struct place {
    struct shard *shard;
    unsigned db;
    uint64_t hash;
};

/* The entry, or NULL where there is none or it is past its time at `now` (ms since 1970): then it is removed and
 * counted, and so are fields of a hash that are past theirs, up to *fields of them, which becomes less by so many.
 * Whoever looks up several keys at one time gives all look-ups the same *fields: then a key that was found stays as it
 * is, however often it is looked up. Borrowed until the lock is given back or the key is changed. */
struct entry *shard_find(const struct place *p, struct slice key, int64_t now, size_t *fields) REQUIRES(shard_cap);
/* The same without removing: for those who only look. Also gives entries that are past their time. */
struct entry *shard_peek(const struct place *p, struct slice key) REQUIRES(shard_cap);
/* Takes e, whose key is not there. */
void shard_insert(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Puts e in the place of an entry that was found: `old` may be freed already, or be e with other flags; was: its flags,
 * as far as they are ENTRY_VOLATILE. */
void shard_replace(const struct place *p, const struct entry *old, unsigned was, struct entry *e) REQUIRES(shard_cap);
/* Removes an entry that was found and gives it back. */
void shard_take(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Removes and frees it. */
void shard_drop(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* The same for one that is past its time; counts it. The second is for one that is out of the table already. */
void shard_expire(const struct place *p, struct entry *e) REQUIRES(shard_cap);
void shard_expire_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* The time of n fields of the hash e had come: they are gone, and counted here. The second is for one that is out of
 * the table, since no field is left; frees it. */
void shard_fields_expired(const struct place *p, const struct entry *e, size_t n) REQUIRES(shard_cap);
void shard_emptied_taken(const struct place *p, struct entry *e) REQUIRES(shard_cap);
/* Gives an entry that was found another expiry (0: none). It may move; returns the one to use. */
struct entry *shard_set_expire(const struct place *p, struct entry *e, int64_t expire) REQUIRES(shard_cap);
/* The key was changed or removed: marks its watches. */
void shard_changed(const struct place *p, struct slice key) REQUIRES(shard_cap);

/* The table of a database, NULL if it was never used. May be asked without the lock between quiesce_enter and
 * _leave. */
static inline struct table *shard_table(const struct shard *s, unsigned db)
{
    return atomic_load_explicit(&s->tables[db], memory_order_acquire);
}

#endif
