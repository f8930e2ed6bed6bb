/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_read: values in Redis's format, read into entries.
 *
 * Role:    strings, lists, sets, hashes, sorted sets and streams in every form that a Redis up to 7.4 has written.
 * Owns:    nothing; the entry it makes is the caller's.
 * Threads: any; of the keyspace it touches nothing.
 * Used by: RESTORE, DEBUG RELOAD.
 * Why:     nothing is believed: flat forms are taken over as they are only if each element of them is kept as we would
 *          keep it, and none twice; all else is put together anew, element by element. So no value comes to be that our
 *          own commands could not have made, under these limits or others. Time and memory grow with the size of the
 *          bytes read, not with what they tell of themselves.
 */
#ifndef LARDER_PERSIST_RDB_READ_H
#define LARDER_PERSIST_RDB_READ_H

#include "conf/options.h"
#include "persist/rdb_source.h"
#include "store/entry.h"

/* What the entry shall be. */
struct rdb_target {
    struct slice key;
    int64_t expire; /* ms since 1970; 0: never */
    const struct options *options; /* they say up to where it stays flat */
};

/* The value that comes next, written as this type (enum rdb_type, or any other number). NULL: it is broken, of a type
 * that is not known here, or there is no memory for it. */
struct entry *rdb_read_value(struct rdb_source *from, unsigned type, const struct rdb_target *to);

#endif
