/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_gather: collects members in any order and makes a sorted set of them.
 *
 * Role:    collects the result of a union, an intersection or a difference, and sorts it once. The result is either
 *          read from its elements or becomes a value.
 * Owns:    the elements until the value takes them.
 * Threads: one.
 * Used by: zset_algebra, the commands that make sorted sets of others.
 * Why:     if a score is the sum of several, a sorted set would move the member with each of them.
 */
#ifndef LARDER_TYPES_ZSET_GATHER_H
#define LARDER_TYPES_ZSET_GATHER_H

#include "types/value.h"
#include "types/zset_large.h"

struct zset_gather {
    struct element **elements;
    size_t n, room;
    size_t longest, bytes; /* of the members */
    struct dict *dict;     /* of the elements; NULL: members cannot be found */
};

/* findable: zset_gather_find may be called. */
struct zset_gather zset_gather_new(bool findable);
/* Adds a copy of a member that was not added before. */
void zset_gather_add(struct zset_gather *g, struct slice member, double score);
/* The element of a member, whose score may be changed (tree_set_score). NULL: it was not added. */
struct element *zset_gather_find(const struct zset_gather *g, struct slice member);
/* Sorts the elements. No member may be added afterwards. */
void zset_gather_sort(struct zset_gather *g);
/* Ends the collection: the first makes the empty value v a sorted set of the members, the second frees them. */
void zset_gather_end(struct zset_gather *g, struct value *v);
void zset_gather_free(struct zset_gather *g);

#endif
