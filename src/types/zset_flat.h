/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_flat: small sorted sets.
 *
 * Role:    a listpack of member, score, member, score, in order. Integral scores are integers of the listpack, others
 *          the shortest text that reads back to the same number: byte for byte as in Redis.
 * Owns:    nothing; works on a struct flat. One without bytes (n 0) has no members.
 * Threads: those of its owner.
 * Used by: zset, zset_gather, zset_random.
 *
 * A position is that of a member in the listpack; 0: none.
 */
#ifndef LARDER_TYPES_ZSET_FLAT_H
#define LARDER_TYPES_ZSET_FLAT_H

#include "types/listpack.h"
#include "types/tree_bound.h"

size_t zset_flat_count(const struct flat *f);
/* The score of the member at `at`; the position of the next and the previous one. */
double zset_flat_score(const struct flat *f, size_t at);
size_t zset_flat_next(const struct flat *f, size_t at);
size_t zset_flat_prev(const struct flat *f, size_t at);
/* The position of the member of this rank. */
size_t zset_flat_at(const struct flat *f, size_t rank);
/* The position of the first member after the bound. */
size_t zset_flat_from(const struct flat *f, const struct tree_bound *b);
/* The position of a member. */
size_t zset_flat_find(const struct flat *f, struct slice member);
size_t zset_flat_rank(const struct flat *f, size_t at);

/* Inserts a new member in its order. Copies it; it may not point into f. */
void zset_flat_insert(struct flat *f, struct slice member, double score);
/* The same for a member that comes after all others. */
void zset_flat_append(struct flat *f, struct slice member, double score);
/* Changes the score of the member at `at`. The member itself is passed as well, since it may move; it may not point
 * into f. */
void zset_flat_move(struct flat *f, size_t at, struct slice member, double score);

/* How many members are before the bound `min`; *n: how many members follow up to the bound `max`. If the bounds are by
 * member but scores differ, this is the run from the first member that is after `min` to the next one that is after
 * `max`; with `down`, the search begins at the last member. */
size_t zset_flat_between(const struct flat *f, const struct tree_bound *min, const struct tree_bound *max, bool down,
                         size_t *n);

#endif
