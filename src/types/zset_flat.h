/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_flat: sorted sets that are small.
 *
 * Role:    a listpack of member, score, member, score, in order. Scores that are whole numbers are integers of the
 *          listpack, others the shortest text that reads back the same: byte for byte as Redis has them.
 * Owns:    nothing; works on a struct flat. One without bytes (n 0) has no members.
 * Threads: those of its owner.
 * Used by: zset, zset_gather, zset_random.
 */
#ifndef LARDER_TYPES_ZSET_FLAT_H
#define LARDER_TYPES_ZSET_FLAT_H

#include "types/listpack.h"
#include "types/tree_bound.h"

size_t zset_flat_count(const struct flat *f);
/* The score of the member at `at`, and the position of the member that follows; 0: there is none. */
double zset_flat_score(const struct flat *f, size_t at);
size_t zset_flat_next(const struct flat *f, size_t at);
size_t zset_flat_prev(const struct flat *f, size_t at);
/* Where the member of this rank is; 0: nowhere. */
size_t zset_flat_at(const struct flat *f, size_t rank);
/* Where the first member behind the bound is; 0: nowhere. */
size_t zset_flat_from(const struct flat *f, const struct tree_bound *b);
/* Where the member is; 0: nowhere. */
size_t zset_flat_find(const struct flat *f, struct slice member);
size_t zset_flat_rank(const struct flat *f, size_t at);

/* Puts a new member in its place. Copies it; it may not lie in f. */
void zset_flat_insert(struct flat *f, struct slice member, double score);
/* The same for one that is behind all that are there. */
void zset_flat_append(struct flat *f, struct slice member, double score);
/* Gives the member at `at` another score. Copies it, since it may move; it may not lie in f. */
void zset_flat_move(struct flat *f, size_t at, struct slice member, double score);

/* How many members lie before the bound `least`; *n: how many from there on before the bound `most`. Where members are
 * asked for but scores differ, this is the run that begins with the first member that is large enough and ends with the
 * first behind it that is too large; with `down` it is looked for from the last member on. */
size_t zset_flat_between(const struct flat *f, const struct tree_bound *least, const struct tree_bound *most, bool down,
                         size_t *n);

#endif
