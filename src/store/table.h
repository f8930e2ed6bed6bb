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

#define TABLE_MAGIC 0x7461626cu /* "tabl" */

struct table {
    struct directory *_Atomic directory; /* where the segments are (linear.h) */
    uint32_t **_Atomic due; /* an array per segment: for each bucket the earliest tick at which an entry is due. NULL
                               until the first volatile entry */
    size_t bytes;                /* of all entries: the sum of entry_size */
    _Atomic uint32_t buckets;
    _Atomic uint32_t used;       /* entries */
    _Atomic uint32_t volatiles;  /* entries with an expiry */
    _Atomic uint32_t partials;   /* entries with fields that have an expiry: ENTRY_FIELDS_EXPIRE */
    _Atomic uint32_t chained;    /* overflow buckets */
    _Atomic uint32_t next_due;   /* no volatile entry is due before this tick (keyspace_tick) */
    uint32_t sweep;              /* the bucket that the expiry sweep looks at next */
    uint32_t sweep_due;          /* as next_due, for the entries that the running sweep has seen */
    uint32_t magic;
};

_Static_assert(sizeof(struct table) == 64, "a table's head is one cache line: each look-up reads it");

struct table *table_new(void);
/* Frees the entries of a table that no shard refers to any more, in parts of about so many. True: all are freed. The
 * buckets stay, empty, for threads that may still read them: only table_free may follow. */
bool table_empty(struct table *t, size_t entries);
/* Frees the table and every entry at once. No other thread may still read it: retire it with quiesce_retire. */
void table_free(void *table);

/* The entry, or NULL. */
struct entry *table_find(struct table *t, uint64_t hash, struct slice key);
/* Takes e, whose key is not in the table. May split a bucket. */
void table_insert(struct table *t, uint64_t hash, struct entry *e);
/* Replaces `old` by `e`, which has the same key. `old` may be freed already, or be e with another expiry; was: the
 * tally of the old entry. */
void table_replace(struct table *t, uint64_t hash, const struct entry *old, const struct entry_tally *was,
                   struct entry *e);
/* Counts e anew after its flags or its size changed in place. */
void table_recount(struct table *t, const struct entry_tally *was, const struct entry *e);
/* Removes e, which has not changed since it was counted, and returns it to the caller's ownership. May merge a
 * bucket. */
void table_remove(struct table *t, uint64_t hash, const struct entry *e);

/* Whether the table has more buckets than its entries need. A hint without the lock. */
bool table_is_sparse(struct table *t);
/* Merges up to so many buckets of a table that has become sparse. Returns whether it still is. */
bool table_trim(struct table *t, unsigned merges);

/* Calls visit for each entry in the part of the hash space that begins at `at`, and returns where the next part begins,
 * 0 at the end. An entry that is in the table from the first call to the last is visited at least once, whatever splits
 * and merges happen in between. visit may not change the table. Begin with 0; positions are below 2^32. */
uint64_t table_scan(struct table *t, uint64_t at, void (*visit)(void *arg, struct entry *e), void *arg);
/* A random entry; NULL if the table is empty. Not exactly uniform: an entry in a crowded bucket is chosen a little less
 * often. */
struct entry *table_random(struct table *t);
/* The same among the entries with an expiry. */
struct entry *table_random_volatile(struct table *t);
/* Copies references to the entries of whole buckets from *at on, until it has `want` of them, or has passed
 * `max_buckets`, or the table ends; prefetches each entry. Sets *at to where to continue, 0 at the end. Returns the
 * number of entries in out, which has room for TABLE_LOOK_MAX. only_volatile: skips buckets without an entry that has
 * an expiry. */
#define TABLE_LOOK_MAX 64
unsigned table_look(struct table *t, uint32_t *at, bool only_volatile, struct entry **out, unsigned want,
                    unsigned max_buckets);
/* Whether e, which may be freed already, is in the table under this hash. */
bool table_holds(struct table *t, uint64_t hash, const struct entry *e);
/* Bytes of the buckets and the due words. Needs no lock, but a quiesce_enter. */
size_t table_overhead(struct table *t);

/* Hints, without the lock. The first fetches the bucket's line, the second looks into it and fetches the
 * entry's first bytes. */
void table_prefetch_bucket(struct table *t, uint64_t hash);
void table_prefetch_entry(struct table *t, uint64_t hash);

/* Notes that the entry under this hash is due at `tick` (keyspace_tick). */
void table_note_due(struct table *t, uint64_t hash, uint32_t tick);
/* Forgets when entries are due, because ticks are numbered anew: the next sweep looks at every bucket that has or had
 * entries with an expiry. */
void table_forget_due(struct table *t);
/* One step of the expiry sweep: looks at up to `buckets` buckets from t->sweep on, and in those with something due at
 * `now` calls due() for each volatile entry. If that returns true, the entry is removed and given to removed(). due()
 * may replace the entry, or leave something due: then the next step continues there. At the end of the table sets
 * next_due, restarts the sweep, and returns true. */
struct table_sweep {
    uint32_t now;
    unsigned buckets;
    unsigned max_removals;                                    /* counted down */
    bool (*due)(void *arg, struct entry **e, uint32_t *tick); /* false: due at *tick, UINT32_MAX never */
    void (*removed)(void *arg, struct entry *e);
    void *arg;
};
bool table_sweep(struct table *t, struct table_sweep *s);

#endif
