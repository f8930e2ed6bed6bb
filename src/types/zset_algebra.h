/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_algebra: intersection, union and difference of sorted sets and plain sets.
 *
 * Role:    the algorithms behind ZINTER, ZUNION, ZDIFF and the commands that store or count the result. The members of
 *          a plain set have the score 1.
 * Owns:    nothing. The caller owns the array of sources, and `scratch` once an operation has returned.
 * Threads: under the locks of the keys that hold the sources.
 * Used by: the commands of sorted set algebra.
 *          https://redis.io/docs/latest/commands/zunionstore/
 */
#ifndef LARDER_TYPES_ZSET_ALGEBRA_H
#define LARDER_TYPES_ZSET_ALGEBRA_H

#include "types/set.h"
#include "types/zset.h"
#include "types/zset_gather.h"

/* One of the sets. A missing key is an empty sorted set. */
struct zset_source {
    struct value value; /* borrowed */
    bool is_set;        /* a plain set */
    double weight;      /* its scores are multiplied by this */
    size_t count;       /* members */
};

/* weight 1. Borrows what the value holds. */
struct zset_source zset_source_of(const struct value *v, bool is_set);

/* How several scores of one member become one. */
enum zset_aggregate { ZSET_SUM, ZSET_MIN, ZSET_MAX };

struct zset_algebra {
    struct zset_source *sources; /* n > 0 of them; the operations reorder them */
    size_t n;
    enum zset_aggregate aggregate;
    struct value scratch; /* set by zset_algebra_subtract: a plain set that it made, or nothing. It may be large, so the
                           * caller decides where it is freed */
};

/* These add the members of the result to g. */

/* The members that any source has. g is findable. */
void zset_algebra_unite(struct zset_algebra *a, struct zset_gather *g);
/* The members that all sources have. */
void zset_algebra_intersect(struct zset_algebra *a, struct zset_gather *g);
/* The members of the first source that no other source has, with the score they have there. */
void zset_algebra_subtract(struct zset_algebra *a, struct zset_gather *g);

/* How many members all sources have, up to the limit; 0: no limit. */
uint64_t zset_algebra_count_intersection(struct zset_algebra *a, uint64_t limit);

#endif
