/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_pack: a flat form as it comes from outside.
 *
 * Role:    reads listpacks, and the flat forms before them as listpacks, and tells whether their bytes may be the
 *          value as they are.
 * Owns:    the bytes of one that was converted.
 * Threads: one at a time.
 * Used by: rdb_read.
 */
#ifndef LARDER_PERSIST_RDB_PACK_H
#define LARDER_PERSIST_RDB_PACK_H

#include "persist/rdb_source.h"
#include "types/listpack.h"

struct rdb_pack {
    struct flat flat; /* a listpack with nothing wrong in it */
    size_t count;     /* its elements */
    unsigned stride;  /* so many of them belong together: 2 for a field and its value */
};

/* Reads one into s, from which it is borrowed. False: it is broken. */
bool rdb_pack_get(struct rdb_source *from, struct rdb_string *s, unsigned stride, struct rdb_pack *p);
/* Reads an old flat form, of which `append` makes a listpack in memory of the caller's; to be ended by rdb_pack_fini. */
typedef bool rdb_append(struct flat *listpack, struct slice old);
bool rdb_pack_convert(struct rdb_source *from, unsigned stride, rdb_append *append, struct rdb_pack *p);
void rdb_pack_fini(struct rdb_pack *p);

/* Whether every element is kept as our own commands would keep it, and no two groups begin with the same one. True is
 * certain, false may be a chance of one in 2^60. */
bool rdb_pack_is_ours(const struct rdb_pack *p);

#endif
