/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch: who wants to know that a key has changed.
 *
 * Role:    the marks of WATCH: a set per shard, written by whoever changes a key.
 * Owns:    the buckets, while there are watches; a watch belongs to the session that set it, which takes it off before
 *          freeing it.
 * Threads: all under the lock of the key's shard, so that the mark is there before EXEC can look.
 * Used by: shard, session, cmd.
 * Why:     found by the key's hash and not one by one: a client may watch a million keys, and others write meanwhile.
 */
#ifndef LARDER_STORE_WATCH_H
#define LARDER_STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct watch {
    struct watch *prev, *next; /* in the bucket */
    const void *owner;         /* the session */
    uint64_t hash;
    struct slice key;
    unsigned db;
    bool was_expired; /* the key was past its time when WATCH was called, and is still there */
    bool changed;
};

/* All of a shard; {0} is an empty one. */
struct watch_list {
    struct watch **buckets; /* NULL: there are no watches */
    size_t n;               /* watches */
    size_t cap;             /* buckets: a power of two */
};

void watch_add(struct watch_list *l, struct watch *w);
void watch_remove(struct watch_list *l, struct watch *w);
/* Whether the owner has a watch on the key. */
bool watch_has(const struct watch_list *l, unsigned db, uint64_t hash, struct slice key, const void *owner);
/* The watch behind w in no certain order, or the first (w NULL); NULL: there are no more. */
struct watch *watch_next(const struct watch_list *l, const struct watch *w);
/* Marks the watches of one key: it was changed. */
void watch_mark(struct watch_list *l, unsigned db, uint64_t hash, struct slice key);
/* The same where it was removed because its time had come: who saw it expired when watching sees no change. */
void watch_expired(struct watch_list *l, unsigned db, uint64_t hash, struct slice key);

#endif
