/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree: the elements of a large sorted set in their order, with ranks.
 *
 * Role:    a counted B+tree of references to elements (dict.h), which store their score after the key. The order is
 *          that of tree_bound.h.
 * Owns:    its nodes; the elements belong to the sorted set.
 * Threads: under the lock of its key.
 * Used by: zset.
 * Why:     it finds a rank, or the element of a rank, in one search, as Redis's skiplist does. The skiplist needs two
 *          or three pointers in a node per element; the tree takes about 17 bytes per element. A node holds the scores
 *          of what is below it side by side, so that a search reads an element only if scores are equal.
 *
 * Queries by score or by member are converted to a rank first (tree_before); all others work on ranks.
 */
#ifndef LARDER_TYPES_TREE_H
#define LARDER_TYPES_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/dict.h"
#include "types/tree_bound.h"

/* Bytes after the key of an element: its score. */
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

/* An empty tree. */
struct tree *tree_new(void);
/* Frees the tree but not the elements. */
void tree_free(struct tree *t);
size_t tree_count(const struct tree *t);
/* Bytes of its blocks, without the elements. O(1). */
size_t tree_bytes(const struct tree *t);

/* Inserts e, which is not in the tree. Borrows it until it is removed. */
void tree_insert(struct tree *t, struct element *e);
/* Removes e, which is in the tree. */
void tree_remove(struct tree *t, const struct element *e);
/* Changes the score of e, which is in the tree. */
void tree_move(struct tree *t, struct element *e, double score);
/* Removes n elements from this rank on, or as many as there are. Passes each to `removed`, which may free it. */
void tree_remove_range(struct tree *t, size_t rank, size_t n, void (*removed)(void *arg, struct element *e), void *arg);

/* Refers to `copy`, which has the content of e, in place of e, which is in the tree. */
void tree_replace(struct tree *t, const struct element *e, struct element *copy);
/* Moves nodes out of sparse slabs, from the leaf with this rank on, until the work is done. Returns the rank at which
 * to continue, 0 at the end. Any rank is valid. */
size_t tree_compact(struct tree *t, size_t rank, struct slab_work *w);

/* How many elements are before the bound. */
size_t tree_before(const struct tree *t, const struct tree_bound *b);
/* The rank of e, which is in the tree; 0 for the first. */
size_t tree_rank(const struct tree *t, const struct element *e);

/* A position between two elements, to walk from in both directions. The tree may not change meanwhile. */
struct tree_walk {
    const struct leaf *leaf;
    unsigned i;
};

/* Begins before the element of this rank; at the end if there is none. */
void tree_walk_begin(struct tree_walk *w, const struct tree *t, size_t rank);
/* Begins at the bound. */
void tree_walk_begin_from(struct tree_walk *w, const struct tree *t, const struct tree_bound *b);
/* Returns the element after the position and moves past it; NULL at the end. */
struct element *tree_next(struct tree_walk *w);
/* Returns the element before the position and moves before it; NULL at the beginning. */
struct element *tree_prev(struct tree_walk *w);

#endif
