/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table: one shard's entries of one database.
 *
 * Role:    linear hashing over buckets of one cache line: nine one-byte tags, nine 6-byte references.
 * Owns:    its buckets and the entries in them.
 * Threads: under the shard's lock; table_prefetch_* need no lock, only a quiesce_enter.
 * Used by: shard.
 * Why:     a table that splits or merges one bucket at a time never stalls and never doubles; the bucket that is
 *          split next holds at most twice the average, which nine slots and a chain of overflow buckets absorb. Six
 *          bytes hold any user-space address of today's 64-bit machines.
 */
#ifndef LARDER_STORE_TABLE_H
#define LARDER_STORE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct bucket;
struct entry;
struct entry_tally;

struct directory;

struct table {
    _Atomic uint32_t buckets;
    uint32_t sweep;            /* next bucket the expiry walk looks at */
    _Atomic size_t used;       /* entries */
    _Atomic size_t volatiles;  /* entries with an expiry */
    _Atomic size_t partials;   /* and with fields that have one: ENTRY_FIELDS_EXPIRE */
    _Atomic size_t chained;    /* overflow buckets */
    size_t bytes;              /* of all entries: the sum of entry_size */
    _Atomic uint32_t next_due; /* no volatile entry is due before this tick (keyspace_tick) */
    uint32_t sweep_due;        /* the same, for what the running walk has seen */
    struct directory *_Atomic directory; /* where the segments are (linear.h) */
    uint32_t **_Atomic due;    /* beside each segment: for each bucket the earliest tick at which an entry is due; from
                                  the first volatile entry on */
};

struct table *table_new(void);
/* Frees every entry at once. The buckets stay, empty, for those who may still look: only table_free may follow. */
void table_empty(struct table *t);
/* Frees the table and every entry at once. Nobody may still look: retire it with quiesce_retire. */
void table_free(void *table);

/* The entry, or NULL. */
struct entry *table_find(struct table *t, uint64_t hash, struct slice key);
/* Takes e, whose key is not in the table. May split a bucket. */
void table_insert(struct table *t, uint64_t hash, struct entry *e);
/* Puts `e` in the place of `old`, which has the same key and may be freed already (or be e, given another expiry);
 * was: what it was before. */
void table_replace(struct table *t, uint64_t hash, const struct entry *old, const struct entry_tally *was,
                   struct entry *e);
/* e has other flags or another size than before, in place. */
void table_recount(struct table *t, const struct entry_tally *was, const struct entry *e);
/* Gives e, which has not changed since it was counted, back to the caller. May merge a bucket. */
void table_remove(struct table *t, uint64_t hash, const struct entry *e);

/* Whether the table has more buckets than its entries need. A hint without the lock. */
bool table_is_sparse(struct table *t);
/* Merges up to so many buckets of a table that has become sparse. Returns whether it still is. */
bool table_trim(struct table *t, unsigned merges);

/* Calls visit for each entry under the part of the hash space that `at` begins, and returns where the next part begins,
 * 0 at the end. What stays in the table from the first call to the last is visited at least once, whatever splits and
 * merges come between. visit may not change the table. Begin with 0; positions are below 2^32. */
uint64_t table_scan(struct table *t, uint64_t at, void (*visit)(void *arg, struct entry *e), void *arg);
/* A random entry; NULL if the table is empty. Not exactly uniform: an entry in a crowded bucket is a little rarer. */
struct entry *table_random(struct table *t);
/* The same among those with an expiry. */
struct entry *table_random_volatile(struct table *t);
/* Gathers the entries of whole buckets from *at on, until there are `want` of them or `most` buckets were passed, or
 * the table ends; asks the cache for each. *at becomes where to go on, 0 at the end. Returns how many there are in out,
 * which has room for TABLE_LOOK_MAX. only_volatile: passes over buckets in which no entry has an expiry. */
#define TABLE_LOOK_MAX 64
unsigned table_look(struct table *t, uint32_t *at, bool only_volatile, struct entry **out, unsigned want,
                    unsigned most);
/* Whether e, which may be freed already, is in the table under this hash. */
bool table_holds(struct table *t, uint64_t hash, const struct entry *e);
/* Bytes of the buckets and the due words. Needs no lock, but a quiesce_enter. */
size_t table_overhead(struct table *t);

/* Hints, without the lock. The first fetches the bucket's line, the second looks into it and fetches the
 * entry's first bytes. */
void table_prefetch_bucket(struct table *t, uint64_t hash);
void table_prefetch_entry(struct table *t, uint64_t hash);

/* Says that the entry under this hash is due at `tick`: see keyspace_tick. */
void table_note_due(struct table *t, uint64_t hash, uint32_t tick);
/* One step of the expiry walk: looks at up to `buckets` buckets from t->sweep on, and in those with something due at
 * `now` gives each volatile entry to due(): true: the entry is removed and handed to gone(). due() may put another one
 * in its place, or leave something due: then the next step goes on there. At the end of the table next_due is set and
 * the walk begins again: returns true then. */
struct table_sweep {
    uint32_t now;
    unsigned buckets;
    unsigned most;  /* entries to remove, at the most; counted down */
    bool (*due)(void *arg, struct entry **e, uint32_t *tick); /* false: due at *tick, UINT32_MAX never */
    void (*gone)(void *arg, struct entry *e);
    void *arg;
};
bool table_sweep(struct table *t, struct table_sweep *s);

#endif
