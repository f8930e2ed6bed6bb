/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree: the elements of a large sorted set in their order, with their ranks.
 *
 * Role:    a counted B+tree of references to elements (dict.h) that hold their score behind the key; their order is
 *          that of tree_bound.h.
 * Owns:    its nodes; the elements belong to the sorted set.
 * Threads: under the lock of its key.
 * Used by: zset.
 * Why:     a rank, and the element of a rank, come in the time of one search, which Redis's skiplist does too, but with
 *          two or three pointers to an element of their own where this takes some 17 bytes. Each node has the scores of
 *          what lies below it in one place, so that a search compares numbers side by side and looks at an element only
 *          where scores are equal.
 *
 * Whatever is asked for by score or by member becomes a rank first (tree_before); all else goes by ranks.
 */
#ifndef LARDER_TYPES_TREE_H
#define LARDER_TYPES_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/dict.h"
#include "types/tree_bound.h"

/* Bytes behind the key of an element: its score. */
#define TREE_REST sizeof(double)

static inline double tree_score(const struct element *e)
{
    double score;

    memcpy(&score, element_rest(e), sizeof score);
    return score;
}

/* Only while e is in no tree. */
static inline void tree_set_score(struct element *e, double score)
{
    memcpy(element_rest(e), &score, sizeof score);
}

struct tree;

/* An empty one. */
struct tree *tree_new(void);
/* Frees it, but not the elements. */
void tree_free(struct tree *t);
size_t tree_count(const struct tree *t);
/* Bytes of the nodes, without the elements. */
size_t tree_bytes(const struct tree *t);

/* Puts e, which is not there, in its place. Borrows it until it is taken out. */
void tree_insert(struct tree *t, struct element *e);
/* Takes e, which is there, out. */
void tree_remove(struct tree *t, const struct element *e);
/* Gives e, which is there, another score. */
void tree_move(struct tree *t, struct element *e, double score);
/* Takes n elements out, the first of which has this rank; as many as there are. Each is given to `gone`, which may free
 * it. */
void tree_remove_range(struct tree *t, size_t rank, size_t n, void (*gone)(void *arg, struct element *e), void *arg);

/* How many elements lie before the bound. */
size_t tree_before(const struct tree *t, const struct tree_bound *b);
/* The rank of e, which is there: 0 for the first. */
size_t tree_rank(const struct tree *t, const struct element *e);

/* A place between two elements, to walk from in both directions. Nothing may be added or removed between. */
struct tree_walk {
    const struct leaf *leaf;
    unsigned i;
};

/* Begins before the element of this rank; at the end, where there is none. */
void tree_walk_begin(struct tree_walk *w, const struct tree *t, size_t rank);
/* Begins at the bound. */
void tree_walk_begin_from(struct tree_walk *w, const struct tree *t, const struct tree_bound *b);
/* The element behind the place, which moves on; NULL at the end. */
struct element *tree_next(struct tree_walk *w);
/* The element before the place, which moves back; NULL at the beginning. */
struct element *tree_prev(struct tree_walk *w);

#endif
