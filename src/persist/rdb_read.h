/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_read: reads values in Redis's format into entries.
 *
 * Role:    strings, lists, sets, hashes, sorted sets and streams in every form that Redis up to 7.4 has written.
 * Owns:    nothing; the caller owns the new entry.
 * Threads: any; does not access the keyspace.
 * Used by: RESTORE, DEBUG RELOAD.
 * Why:     the input is not trusted. A flat form is used unchanged only if each element is encoded as we would encode
 *          it, and none is there twice; every other value is built element by element. So no value results that our
 *          own commands could not have made, under these limits or others. Time and memory grow with the number of
 *          bytes read, not with the counts that they contain.
 */
#ifndef LARDER_PERSIST_RDB_READ_H
#define LARDER_PERSIST_RDB_READ_H

#include "conf/options.h"
#include "persist/rdb_source.h"
#include "store/entry.h"

/* The properties of the new entry. */
struct rdb_target {
    struct slice key;
    int64_t expire;                /* ms since 1970; 0: never */
    const struct options *options; /* the limits of flat values */
    struct rdb_bounds *bounds;     /* NULL: none. Reading fails beyond them, and they say which */
};

/* Reads a value of this type (enum rdb_type, or any other number). NULL: it is corrupt, its type is unknown, or there
 * is no memory for it. */
struct entry *rdb_read_value(struct rdb_source *from, unsigned type, const struct rdb_target *to);

#endif
