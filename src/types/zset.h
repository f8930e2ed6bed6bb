/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset: sorted sets: members that differ, each with a score, in the order of the scores.
 *
 * Role:    all that is done to the value, in both encodings: zset_flat.h and zset_large.h.
 * Owns:    nothing; works on a struct value.
 * Threads: under the lock of its key.
 * Used by: the commands of sorted sets, persist.
 *
 * Members of equal scores are ordered by their bytes, the shorter first. Scores are never NaN. Zero with a minus sign
 * is equal to zero.
 */
#ifndef LARDER_TYPES_ZSET_H
#define LARDER_TYPES_ZSET_H

#include "types/listpack.h"
#include "types/value.h"
#include "types/zset_large.h"

size_t zset_count(const struct value *v);
bool zset_score(const struct value *v, struct slice member, double *score);

/* So many members are about to be put: a value that will not stay flat is large at once. */
void zset_expect(struct value *v, size_t n);
/* Gives the member this score. True: the member is new. Copies the member, which may not lie in v. */
bool zset_put(struct value *v, struct slice member, double score);
/* False: it was not there. */
bool zset_remove(struct value *v, struct slice member);

/* When zset_add does something. */
enum zset_rule {
    ZSET_NX = 1 << 0,   /* only to new members */
    ZSET_XX = 1 << 1,   /* only to members that are there */
    ZSET_GT = 1 << 2,   /* of those, only where the score becomes greater */
    ZSET_LT = 1 << 3,   /* or less */
    ZSET_INCR = 1 << 4, /* the number is added to the score; a new member has 0 before */
};

enum zset_outcome {
    ZSET_REFUSED,  /* by a rule */
    ZSET_SAME,     /* the score was that already */
    ZSET_ADDED,
    ZSET_UPDATED,
    ZSET_NAN,      /* the sum is not a number; nothing was changed */
};

/* As zset_put, by rules. *score: the score or the increment; afterwards, where nothing was refused, the score that the
 * member has. */
enum zset_outcome zset_add(struct value *v, struct slice member, double *score, unsigned rules);

/* ---- by rank: 0 for the least ---- */

/* The members of ranks from .. from + n - 1. */
struct zset_run {
    size_t from, n;
};

/* Those between two bounds (tree_bound.h); what lies on them belongs to it or not as the bounds say. Bounds by member
 * alone are for sets whose scores are all equal; else it is some run, with `down` perhaps another one (zset_flat.h). */
struct zset_run zset_between(const struct value *v, const struct tree_bound *least, const struct tree_bound *most,
                             bool down);
/* False: there is no such member. */
bool zset_rank(const struct value *v, struct slice member, size_t *rank, double *score);
/* Removes those of the run that there are. */
void zset_remove_run(struct value *v, struct zset_run run);

/* A walk over members with their scores, up. A member is borrowed until the next call; nothing may be changed
 * between. */
struct zset_walk {
    const struct flat *flat; /* NULL: the value is large */
    size_t at;
    struct listpack_digits digits;
    struct tree_walk tree;
};

void zset_walk_begin(struct zset_walk *w, const struct value *v);
/* From the member of this rank on. */
void zset_walk_begin_at(struct zset_walk *w, const struct value *v, size_t rank);
/* From the first member behind the bound on, which is by score, or by member where scores are equal. */
void zset_walk_begin_from(struct zset_walk *w, const struct value *v, const struct tree_bound *b);
/* False: that was all. */
bool zset_walk_next(struct zset_walk *w, struct slice *member, double *score);
/* The other way, down from the member of this rank. Not to be mixed with the above. */
void zset_walk_begin_down(struct zset_walk *w, const struct value *v, size_t rank);
bool zset_walk_prev(struct zset_walk *w, struct slice *member, double *score);

typedef void zset_visit(void *arg, struct slice member, double score);
/* Gives a part of the members to visit, which borrows them: all if the value is flat, else those under the part of the
 * hash space that `at` begins. Returns where the next part begins, 0 at the end (dict_scan). */
uint64_t zset_scan(const struct value *v, uint64_t at, zset_visit *visit, void *arg);

#endif
