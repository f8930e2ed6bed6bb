/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_pack: flat forms in untrusted input.
 *
 * Role:    reads listpacks, converts older flat forms to listpacks, and decides whether a listpack can be used as a
 *          value without changes.
 * Owns:    the bytes of a converted listpack.
 * Threads: one at a time.
 * Used by: rdb_read.
 */
#ifndef LARDER_PERSIST_RDB_PACK_H
#define LARDER_PERSIST_RDB_PACK_H

#include "persist/rdb_source.h"
#include "types/listpack.h"

struct rdb_pack {
    struct flat flat; /* a valid listpack */
    size_t count;     /* elements */
    unsigned stride;  /* elements per group: 2 for a field and its value */
};

/* Reads a listpack into s; the result is borrowed from s. False: it is corrupt. */
bool rdb_pack_get(struct rdb_source *from, struct rdb_string *s, unsigned stride, struct rdb_pack *p);
/* Reads an older flat form, which `append` converts to a listpack. The caller frees it with rdb_pack_fini. */
typedef bool rdb_append(struct flat *listpack, struct slice old);
bool rdb_pack_convert(struct rdb_source *from, unsigned stride, rdb_append *append, struct rdb_pack *p);
void rdb_pack_fini(struct rdb_pack *p);

/* Whether every element is encoded as our own commands would encode it, and no two groups begin with equal elements.
 * True is certain; false is wrong with a probability of about 2^-60. */
bool rdb_pack_is_canonical(const struct rdb_pack *p);

#endif
