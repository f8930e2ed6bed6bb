/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * used_dbs: the databases that have a table in some shard.
 *
 * Role:    a bit for each database, and a bit for each word of those.
 * Threads: any; used_dbs_forget with every shard held.
 * Used by: keyspace, shard.
 * Why:     there may be 65,536 databases, and most of them are never used: whoever visits all would spend its time on
 *          them.
 */
#ifndef LARDER_STORE_USED_DBS_H
#define LARDER_STORE_USED_DBS_H

#include <stdatomic.h>
#include <stdint.h>

#define USED_DBS_MAX 65536

struct used_dbs {
    _Atomic unsigned count;
    _Atomic uint64_t words[USED_DBS_MAX / 64];
    _Atomic uint64_t groups[USED_DBS_MAX / 64 / 64];
};

/* The first one from `from` on; USED_DBS_MAX if there is none. */
unsigned used_dbs_next(const struct used_dbs *u, unsigned from);
/* A shard is about to have a table of the database. */
void used_dbs_note(struct used_dbs *u, unsigned db);
/* No shard has a table of it any more. */
void used_dbs_forget(struct used_dbs *u, unsigned db);

#endif
