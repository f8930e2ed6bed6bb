/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * interest: registrations for changes of keys.
 *
 * Role:    the state of the door, which says which kinds of interest exist at all; and per shard one hash table of the
 *          interests in single keys, of all kinds.
 * Owns:    the buckets, while there are interests. An interest belongs to the code that added it, which removes it
 *          before freeing it.
 * Threads: a set of interests under its shard's lock. The word `interest` is read by any thread.
 * Used by: shard, keyspace, watch, session.
 * Why:     every change tests one word, which costs one load while nobody is interested. An interest is found by the
 *          key's hash, because a client may watch a million keys while others write.
 */
#ifndef LARDER_STORE_INTEREST_H
#define LARDER_STORE_INTEREST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct entry;
struct interest;
struct place;

/* The kinds of key events, as notify-keyspace-events names them. */
enum event_class {
    EVENT_GENERIC = 'g',
    EVENT_STRING = '$',
    EVENT_LIST = 'l',
    EVENT_SET = 's',
    EVENT_HASH = 'h',
    EVENT_ZSET = 'z',
    EVENT_STREAM = 't',
    EVENT_EXPIRED = 'x',
    EVENT_EVICTED = 'e',
};

/* What happened to a key. */
struct event {
    enum event_class class;
    bool unwatched;   /* only a part changed that WATCH ignores, as in Redis: a stream's groups, its last id */
    const char *name; /* "set", "expired" ...; NULL: a change that keyspace notifications do not report */
};

/* The bits of the word `interest`. The bit of a kind is set when it is first used and never cleared: that would need
 * all shards, and a test of a shard without interests costs only one more load. */
enum interest_bits {
    INTEREST_WATCH = 1 << 0,
    INTEREST_SNAPSHOT = 1 << 1, /* entries older than the epoch are handed over before they change */
};

/* The state of the door (shard_touch, shard_changed), shared by all shards of a keyspace. */
struct door {
    _Alignas(64) _Atomic uint32_t interest; /* interest_bits; 0: nobody is interested in anything */
    _Atomic uint8_t epoch;                  /* 0 .. 3, raised by the cut of a snapshot */
    /* Called with INTEREST_SNAPSHOT when an entry that is older than the epoch is about to change or to be removed.
     * entry NULL: the same for all entries of the place's database in its shard. Under the shard's lock. */
    void (*hand_over)(void *arg, const struct place *p, struct entry *entry);
    void *hand_over_arg;
};

/* The callbacks of a kind of interest. */
struct interest_kind {
    uint32_t bit; /* of enum interest_bits */
    /* The key was changed or removed. */
    void (*changed)(struct interest *i, const struct event *event);
    /* FLUSHALL, FLUSHDB or SWAPDB replaces the table of the key's database: the key's entry before and after (NULL:
     * none). now: ms since 1970. */
    void (*exchanged)(struct interest *i, const struct entry *before, const struct entry *after, int64_t now);
};

/* An interest in one key; embedded in the structure of its kind. */
struct interest {
    struct interest *prev, *next; /* in the bucket */
    const struct interest_kind *kind;
    const void *owner; /* the session */
    uint64_t hash;
    struct slice key; /* borrowed from the owner until interest_remove */
    unsigned db;
};

/* All interests of a shard; {0} is an empty set. */
struct interest_set {
    struct interest **buckets; /* NULL while there are no interests */
    uint32_t n;                /* interests */
    uint32_t cap;              /* buckets: a power of two */
};

/* Hints that an interest in a key with this hash is about to be added: a few keys before, its bucket, and then the first
 * interest there. */
void interest_prefetch_bucket(const struct interest_set *set, uint64_t hash);
void interest_prefetch_first(const struct interest_set *set, uint64_t hash);
/* False: memory is out, and nothing has changed. */
bool interest_add(struct interest_set *set, struct interest *i);
void interest_remove(struct interest_set *set, struct interest *i);
/* Whether the owner has an interest of this kind in the key. */
bool interest_exists(const struct interest_set *set, const struct interest_kind *kind, unsigned db, uint64_t hash,
                     struct slice key, const void *owner);
/* The interest after i, in no particular order, or the first (i NULL); NULL: there are no more. */
struct interest *interest_next(const struct interest_set *set, const struct interest *i);
/* Calls changed() for each interest in the key. */
void interest_report(struct interest_set *set, unsigned db, uint64_t hash, struct slice key, const struct event *event);

#endif
