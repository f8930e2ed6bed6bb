/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_large: large sorted sets.
 *
 * Role:    a dict and a tree of the same elements. The dict finds a member by its hash, the tree by its rank or score.
 * Owns:    the elements, which store their score after the key.
 * Threads: under the lock of its key.
 * Used by: zset, zset_gather, zset_random; store/entry frees, copies and counts it.
 */
#ifndef LARDER_TYPES_ZSET_LARGE_H
#define LARDER_TYPES_ZSET_LARGE_H

#include "types/tree.h"

#define ZSET_LARGE_MAGIC 0x7a736574u /* "zset" */

struct zset_large {
    uint32_t magic;
    struct dict *dict;
    struct tree *tree;
};

/* An empty one. */
struct zset_large *zset_large_new(void);
/* Takes a dict and makes a sorted set of its elements, which are passed in their order. */
struct zset_large *zset_large_new_of(struct dict *dict, struct element *const *sorted, size_t n);
/* An element with a copy of the member, for zset_large_take. */
struct element *zset_large_element(struct slice member, double score);
/* Takes an element whose member is not in the set. */
void zset_large_take(struct zset_large *z, struct element *e);
/* Removes e, which is in the set. */
void zset_large_remove(struct zset_large *z, struct element *e);
/* Removes n elements from this rank on, or as many as there are. */
void zset_large_remove_range(struct zset_large *z, size_t rank, size_t n);

void zset_large_free(void *large);
void *zset_large_copy(const void *large);
uint64_t zset_large_compact(void *large, uint64_t at, struct slab_work *w);
size_t zset_large_count(const void *large);
size_t zset_large_bytes(const void *large);

#endif
