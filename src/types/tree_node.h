/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree_node: the nodes of a tree: their layout, and what concerns one or two of them.
 *
 * Owns:    nothing; the nodes belong to their tree, which counts them.
 * Threads: under the lock of the value's shard.
 * Used by: tree.
 */
#ifndef LARDER_TYPES_TREE_NODE_H
#define LARDER_TYPES_TREE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "types/tree.h"

#define TREE_LEAF_MAX   66 /* elements: ten leaves fill a slab */
#define TREE_INNER_MAX  32 /* children: nine inner nodes fill a slab */
#define TREE_HEIGHT_MAX 16

/*
 * The order of an element is its score as an integer. A leaf holds the upper halves of the orders, which differ for
 * most scores: sign, exponent and 20 bits of the mantissa.
 *
 *   +------+------+----+------------+------------------+
 *   | prev | next | n  | upper32[n] | reference[n]     |
 *   +------+------+----+------------+------------------+
 *
 * For each child, an inner node holds the number of elements below it, and its first element with its order.
 *
 *   +----+------------+------------+----------------+----------+
 *   | n  | count32[n] | order64[n] | reference[n]   | child[n] |
 *   +----+------------+------------+----------------+----------+
 */
struct leaf {
    struct leaf *prev, *next;
    uint32_t n;
    uint32_t upper[TREE_LEAF_MAX];
    struct element *element[TREE_LEAF_MAX];
};

struct inner {
    uint32_t n;
    uint32_t count[TREE_INNER_MAX];
    uint64_t order[TREE_INNER_MAX];
    struct element *first[TREE_INNER_MAX];
    void *child[TREE_INNER_MAX];
};

_Static_assert(sizeof(struct leaf) == 816 && sizeof(struct inner) == 904, "nodes fill slabs");

/* All leaves have the same depth. A child has fewer than 2^32 elements. */
struct tree {
    void *root;      /* a leaf if the height is 0; this one may be empty */
    unsigned height; /* levels of inner nodes */
    size_t count;
    struct leaf *head, *tail;
    size_t leaves, inners;
};

struct leaf *tree_node_new_leaf(struct tree *t);
struct inner *tree_node_new_inner(struct tree *t);
/* Links a new leaf behind l. */
void tree_node_link_after(struct tree *t, struct leaf *l, struct leaf *next);

/* Here and below, `height` is the number of levels of inner nodes from the node down, itself included; 0 for a leaf. */
static inline unsigned tree_node_length(const void *node, unsigned height)
{
    return height == 0 ? ((const struct leaf *)node)->n : ((const struct inner *)node)->n;
}

/* Frees a node, which has no children any more; a leaf is unlinked. */
void tree_node_free(struct tree *t, void *node, unsigned height);
/* Frees the last leaf below a node, and each node that is left without children. True: the node itself is freed. */
bool tree_node_free_last(void *node, unsigned height);
/* Moves n elements from index `from` of l to index `to` of k, which may be the same leaf. */
void tree_node_copy_elements(struct leaf *k, unsigned to, const struct leaf *l, unsigned from, unsigned n);
/* The same with children of inner nodes. */
void tree_node_copy_children(struct inner *k, unsigned to, const struct inner *node, unsigned from, unsigned n);
/* Updates what a node holds about the first element of child i. */
void tree_node_update_first(struct inner *node, unsigned i, unsigned height);
/* The number of elements below a node. */
uint32_t tree_node_count(const void *node, unsigned height);

#endif
