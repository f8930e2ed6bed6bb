/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_gather: members that come in any order and become a sorted set in the end.
 *
 * Role:    collects what a union, an intersection or a difference finds, and sorts it once: to be replied from its
 *          elements, or to become a value.
 * Owns:    the elements until they are the value's.
 * Threads: one.
 * Used by: the commands that make sorted sets of others.
 * Why:     a score that is summed up from several sets would be moved in the order with each of them.
 */
#ifndef LARDER_TYPES_ZSET_GATHER_H
#define LARDER_TYPES_ZSET_GATHER_H

#include "types/value.h"
#include "types/zset_large.h"

struct zset_gather {
    struct element **elements;
    size_t n, room;
    size_t longest, bytes; /* of the members */
    struct dict *dict;     /* of the elements; NULL: members are not looked for */
};

/* findable: zset_gather_find will be called. */
struct zset_gather zset_gather_new(bool findable);
/* Adds a member that was not added before. Copies it. */
void zset_gather_add(struct zset_gather *g, struct slice member, double score);
/* The element of a member, whose score may be changed (tree_set_score); NULL: it was not added. */
struct element *zset_gather_find(const struct zset_gather *g, struct slice member);
/* Puts the elements in their order. Nothing is added afterwards. */
void zset_gather_sort(struct zset_gather *g);
/* Both end it: the first makes v, which is empty, a sorted set of what was added; the second frees that. */
void zset_gather_end(struct zset_gather *g, struct value *v);
void zset_gather_free(struct zset_gather *g);

#endif
