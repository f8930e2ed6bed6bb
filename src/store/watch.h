/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch: who wants to know that a key has changed.
 *
 * Role:    the marks of WATCH: a list per shard, written by whoever changes a key.
 * Owns:    nothing; a watch belongs to the session that set it, which takes it off before freeing it.
 * Threads: all under the lock of the key's shard, so that the mark is there before EXEC can look.
 * Used by: shard, session, cmd.
 */
#ifndef LARDER_STORE_WATCH_H
#define LARDER_STORE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct watch {
    struct watch *prev, *next; /* of the shard's list */
    uint64_t hash;
    struct slice key;
    unsigned db;
    bool was_expired; /* the key was past its time when WATCH was called, and is still there */
    bool changed;
};

struct watch_list {
    struct watch *first;
};

void watch_add(struct watch_list *l, struct watch *w);
void watch_remove(struct watch_list *l, struct watch *w);
/* Marks the watches of one key: it was changed. */
void watch_mark(struct watch_list *l, unsigned db, uint64_t hash, struct slice key);
/* The same where it was removed because its time had come: who saw it expired when watching sees no change. */
void watch_expired(struct watch_list *l, unsigned db, uint64_t hash, struct slice key);

#endif
