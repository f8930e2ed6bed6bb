/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * keys: a small keyspace for tests, with numbered keys.
 *
 * Role:    the fixture of tests of keyspace: keyspace_setup and keyspace_teardown, and keys k0, k1, ... whose values are
 *          their numbers.
 * Threads: any; shards are locked here.
 */
#ifndef LARDER_TESTS_KEYS_H
#define LARDER_TESTS_KEYS_H

#include <stdio.h>

#include "base/hash.h"
#include "base/quiesce.h"
#include "store/keyspace.h"

#define SHARDS 8
#define FOREVER (365 * 86400 * (int64_t)1000) /* ms from now */

static struct keyspace *ks;

static inline void keyspace_setup(void)
{
    ks = keyspace_new(SHARDS, 4);
    ks->born -= 1000; /* so that what is long past and now are different ticks */
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

/* The place of key i, its shard locked unless the world is. */
static inline struct place place_of(unsigned db, unsigned i)
{
    struct name name;

    return keyspace_place(ks, db, hash_bytes(key_of(i, &name)));
}

static inline void put(unsigned db, unsigned i, int64_t expire)
{
    struct name name;
    struct place p = place_of(db, i);

    shard_lock(p.shard);
    shard_insert(&p, entry_new(&(struct entry_spec){
                         .key = key_of(i, &name), .is_int = true, .integer = i, .expire = expire}));
    shard_unlock(p.shard);
}

/* Whether key i is in the table, past its time or not. */
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

    shard_lock(p.shard);
    e = shard_peek(&p, key_of(i, &name));
    if (e != NULL)
        shard_drop(&p, e);
    shard_unlock(p.shard);
}

static inline void flush(int db, bool now)
{
    keyspace_lock_all(ks);
    keyspace_flush(ks, db, now);
    keyspace_unlock_all(ks);
}

/* Lets the background expiry run to its end for every shard. */
static inline enum expire_result expire_all(void)
{
    enum expire_result r;
    unsigned at = 0;

    do
        r = keyspace_expire(ks, 0, 1, &at, 1000000);
    while (r == EXPIRE_MORE);
    return r;
}

#endif
