/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset: sorted sets: members that differ, each with a score, in the order of the scores.
 *
 * Role:    all that is done to the value, in both encodings.
 * Owns:    nothing; works on a struct value.
 * Threads: under the lock of its key.
 * Used by: the commands of sorted sets, persist.
 * Why:     small ones are a listpack of member, score, member, score, in order, as Redis dumps them. Large ones are a
 *          dict and a tree that share their elements: a member is found by its hash, a rank by counting down the tree.
 *
 * Members of equal scores are ordered by their bytes, the shorter first. Scores are never NaN. Zero with a minus sign
 * is equal to zero.
 */
#ifndef LARDER_TYPES_ZSET_H
#define LARDER_TYPES_ZSET_H

#include "types/listpack.h"
#include "types/tree.h"
#include "types/value.h"

size_t zset_count(const struct value *v);
bool zset_score(const struct value *v, struct slice member, double *score);

/* So many members are about to be put: a value that will not stay flat is large at once. */
void zset_expect(struct value *v, size_t n);
/* Gives the member this score. True: the member is new. Copies the member, which may not lie in v. */
bool zset_put(struct value *v, struct slice member, double score);
/* False: it was not there. */
bool zset_remove(struct value *v, struct slice member);

/* When zset_add does something, and what. */
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

/* ---- by rank ---- */

/* How many members lie before the bound (tree.h). By member alone: where all scores are equal. */
size_t zset_before(const struct value *v, const struct tree_bound *b);
/* False: there is no such member. */
bool zset_rank(const struct value *v, struct slice member, size_t *rank, double *score);
/* Removes n members from this rank on, or as many as there are. */
void zset_remove_range(struct value *v, size_t rank, size_t n);

/* A walk over members with their scores, in ascending order. A member is borrowed until the next call; nothing may be
 * changed between. */
struct zset_walk {
    const struct flat *flat; /* NULL: the value is large */
    size_t at;
    struct listpack_digits digits;
    struct tree_walk tree;
};

void zset_walk_begin(struct zset_walk *w, const struct value *v);
/* From the member of this rank on. */
void zset_walk_begin_at(struct zset_walk *w, const struct value *v, size_t rank);
/* False: that was all. */
bool zset_walk_next(struct zset_walk *w, struct slice *member, double *score);
/* The other way, down from the member of this rank. Not to be mixed with the above. */
void zset_walk_begin_down(struct zset_walk *w, const struct value *v, size_t rank);
bool zset_walk_prev(struct zset_walk *w, struct slice *member, double *score);

/* A part of the members, each given to visit (which borrows it); all of them if the value is flat. Returns where the
 * next part begins, 0 at the end. As dict_scan: what stays is visited at least once. */
uint64_t zset_scan(const struct value *v, uint64_t at, void (*visit)(void *arg, struct slice member, double score),
                   void *arg);
/* A random member, each as likely as any other; there is one. */
struct slice zset_random(const struct value *v, double *score, struct listpack_digits *d);

/* ---- the large structure, as entries know it ---- */

void zset_large_free(void *large);
void *zset_large_copy(const void *large);
size_t zset_large_count(const void *large);
size_t zset_large_bytes(const void *large);

#endif
