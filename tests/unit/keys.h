/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys: a small keyspace for tests, with numbered keys.
 *
 * Role:    a fixture: keyspace_setup and keyspace_teardown, and keys k0, k1, ... whose values are their numbers.
 * Threads: any; shards are locked here.
 */
#ifndef LARDER_TESTS_KEYS_H
#define LARDER_TESTS_KEYS_H

#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/quiesce.h"
#include "store/expiry.h"
#include "store/keyspace.h"

#define SHARDS  8
#define FOREVER (365 * 86400 * (int64_t)1000) /* ms from now */

static struct keyspace *ks;

static inline void keyspace_setup(void)
{
    ks = keyspace_new(SHARDS, 4);
}

static inline void keyspace_teardown(void)
{
    quiesce_collect();
    keyspace_free(ks);
    quiesce_collect();
}

struct name {
    char p[24];
};

static inline struct slice key_of(unsigned i, struct name *name)
{
    return slice_of(name->p, snprintf(name->p, sizeof name->p, "k%u", i));
}

/* The place of key i. */
static inline struct place place_of(unsigned db, unsigned i)
{
    struct name name;

    return keyspace_place(ks, db, hash_bytes(key_of(i, &name)));
}

/* Begins a unit on the shard. */
static inline void hold(struct shard *s) ACQUIRES(shard_cap)
{
    shard_lock(s);
    shard_begin(s, keyspace_epoch(ks));
}

static inline void hold_all(void) ACQUIRES(shard_cap) UNCHECKED_LOCKS
{
    for (unsigned i = 0; i < ks->shard_count; i++) {
        lock_take(&ks->shards[i].lock);
        shard_begin(&ks->shards[i], keyspace_epoch(ks));
    }
}

static inline void drop_all(void) RELEASES(shard_cap) UNCHECKED_LOCKS
{
    for (unsigned i = 0; i < ks->shard_count; i++)
        lock_drop(&ks->shards[i].lock);
}

static inline void put(unsigned db, unsigned i, int64_t expire)
{
    struct name name;
    struct place p = place_of(db, i);

    hold(p.shard);
    shard_touch(&p, NULL);
    shard_insert(
        &p, entry_new(&(struct entry_spec){.key = key_of(i, &name), .is_int = true, .integer = i, .expire = expire}));
    shard_unlock(p.shard);
}

/* Whether key i is in the table, expired or not. */
static inline bool is_there(unsigned db, unsigned i)
{
    struct name name;
    struct place p = place_of(db, i);
    bool there;

    shard_lock(p.shard);
    there = shard_peek(&p, key_of(i, &name)) != NULL;
    shard_unlock(p.shard);
    return there;
}

static inline void discard(unsigned db, unsigned i)
{
    struct name name;
    struct place p = place_of(db, i);
    struct entry *e;

    hold(p.shard);
    e = shard_peek(&p, key_of(i, &name));
    if (e != NULL) {
        shard_touch(&p, e);
        shard_take(&p, e);
        entry_free(e);
    }
    shard_unlock(p.shard);
}

/* Empties a database, or all if db < 0. */
static inline void flush(int db, bool counted)
{
    hold_all();
    for (unsigned i = 0; i < ks->databases; i++)
        if (db < 0 || i == (unsigned)db)
            keyspace_flush(ks, i, counted);
    drop_all();
}

/* Removes everything that has expired. Returns whether keys or fields with an expiry are left. */
static inline bool expire_all(void)
{
    bool any = false, done;

    for (unsigned i = 0; i < ks->shard_count; i++)
        while (expiry_is_due(&ks->shards[i], clock_ms(), &any)) {
            hold(&ks->shards[i]);
            done = expiry_sweep(&ks->shards[i], clock_ms());
            shard_unlock(&ks->shards[i]);
            if (done)
                break;
        }
    any = false;
    for (unsigned i = 0; i < ks->shard_count; i++)
        expiry_is_due(&ks->shards[i], clock_ms(), &any);
    return any;
}

/* One step of a walk over a database: keyspace_scan with the shard locked. */
static inline uint64_t scan_step(unsigned db, uint64_t cursor, keyspace_visit *visit, void *arg)
{
    struct shard *s = keyspace_scan_shard(ks, db, &cursor);

    if (s == NULL)
        return 0;
    hold(s);
    cursor = keyspace_scan(s, db, cursor, visit, arg);
    shard_unlock(s);
    return cursor;
}

#endif
