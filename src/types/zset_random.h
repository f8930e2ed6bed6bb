/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_random: random members of a sorted set, each equally likely.
 *
 * Role:    draws members with repetition, or samples of distinct members.
 * Threads: under the lock of its key.
 * Used by: ZRANDMEMBER.
 */
#ifndef LARDER_TYPES_ZSET_RANDOM_H
#define LARDER_TYPES_ZSET_RANDOM_H

#include "types/zset.h"

/* Draws from a sorted set that is not empty. The set may not change between begin and end. */
struct zset_draw {
    const struct value *v;
    size_t *at; /* flat: the positions of its members, owned */
    size_t n;
    struct listpack_digits digits;
};

void zset_draw_begin(struct zset_draw *d, const struct value *v);
/* The member is borrowed until the next call. */
struct slice zset_draw(struct zset_draw *d, double *score);
void zset_draw_end(struct zset_draw *d);

/* Visits n distinct random members in the order of their ranks. n is at most the number of members. */
void zset_sample(const struct value *v, size_t n, zset_visit *visit, void *arg);

#endif
