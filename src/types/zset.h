/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset: sorted sets: distinct members with scores, in the order of the scores.
 *
 * Role:    all operations on the value, in both encodings: zset_flat.h and zset_large.h.
 * Owns:    nothing; works on a struct value.
 * Threads: under the lock of its key.
 * Used by: the sorted set commands, persist.
 *
 * Members of equal scores are ordered by their bytes, prefixes first. Scores are never NaN. -0 equals 0.
 */
#ifndef LARDER_TYPES_ZSET_H
#define LARDER_TYPES_ZSET_H

#include "types/listpack.h"
#include "types/value.h"
#include "types/zset_large.h"

size_t zset_count(const struct value *v);
bool zset_score(const struct value *v, struct slice member, double *score);

/* Announces n members, so that a value that will not stay flat becomes large at once. */
void zset_reserve(struct value *v, size_t n);
/* Sets the score of a member, and keeps the sign of -0. True: the member is new. Copies the member, which may not point
 * into v. */
bool zset_put(struct value *v, struct slice member, double score);
/* False: it is not there. */
bool zset_remove(struct value *v, struct slice member);

/* The conditions of zset_add. */
enum zset_rule {
    ZSET_NX = 1 << 0,        /* only new members */
    ZSET_XX = 1 << 1,        /* only existing members */
    ZSET_GT = 1 << 2,        /* existing members: only if the score becomes greater */
    ZSET_LT = 1 << 3,        /* or less */
    ZSET_INCR = 1 << 4,      /* adds the number to the score; that of a new member is 0 */
    ZSET_KEEP_SIGN = 1 << 5, /* of -0, in a flat value too; without it that stores 0, as Redis does */
};

enum zset_outcome {
    ZSET_REFUSED, /* by a rule */
    ZSET_SAME,    /* the score is the same */
    ZSET_ADDED,
    ZSET_UPDATED,
    ZSET_NAN, /* the sum is NaN; nothing was changed */
};

/* As zset_put, with rules. *score: the score or the increment; unless the change was refused, set to the new score of
 * the member. */
enum zset_outcome zset_add(struct value *v, struct slice member, double *score, unsigned rules);

/* ---- by rank, from 0 ---- */

/* The members with the ranks from .. from + n - 1. */
struct zset_run {
    size_t from, n;
};

/* The members between two bounds (tree_bound.h). Bounds by member only are for sets whose scores are all equal;
 * otherwise the result is some run of members, which may differ with `down` (zset_flat.h). */
struct zset_run zset_between(const struct value *v, const struct tree_bound *min, const struct tree_bound *max,
                             bool down);
/* False: there is no such member. */
bool zset_rank(const struct value *v, struct slice member, size_t *rank, double *score);
/* Removes the members of the run that exist. */
void zset_remove_run(struct value *v, struct zset_run run);

/* A walk over members with their scores, upwards. A member is borrowed until the next call. The set may not change
 * meanwhile. */
struct zset_walk {
    const struct flat *flat; /* NULL: the value is large */
    size_t at;
    struct listpack_digits digits;
    struct tree_walk tree;
};

void zset_walk_begin(struct zset_walk *w, const struct value *v);
/* From the member of this rank on. */
void zset_walk_begin_at(struct zset_walk *w, const struct value *v, size_t rank);
/* From the first member after the bound on. The bound is by score, or by member if all scores are equal. */
void zset_walk_begin_from(struct zset_walk *w, const struct value *v, const struct tree_bound *b);
/* False: at the end. */
bool zset_walk_next(struct zset_walk *w, struct slice *member, double *score);
/* Downwards from the member of this rank. Not to be mixed with the functions above. */
void zset_walk_begin_down(struct zset_walk *w, const struct value *v, size_t rank);
bool zset_walk_prev(struct zset_walk *w, struct slice *member, double *score);

typedef void zset_visit(void *arg, struct slice member, double score);
/* Visits the members of a part of the hash space that begins at `at`, or all members if the value is flat. Members are
 * borrowed. Returns where the next part begins, 0 at the end (dict_scan). */
uint64_t zset_scan(const struct value *v, uint64_t at, zset_visit *visit, void *arg);

#endif
