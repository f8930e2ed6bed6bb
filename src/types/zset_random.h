/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zset_random: members of a sorted set at random, each as likely as any other.
 *
 * Role:    one after the other, the same ones perhaps again; or several that differ.
 * Threads: under the lock of its key.
 * Used by: ZRANDMEMBER.
 */
#ifndef LARDER_TYPES_ZSET_RANDOM_H
#define LARDER_TYPES_ZSET_RANDOM_H

#include "types/zset.h"

/* Draws from a sorted set that is not empty. Nothing may change between begin and end. */
struct zset_draw {
    const struct value *v;
    size_t *at; /* flat: where each of its members is, owned */
    size_t n;
    struct listpack_digits digits;
};

void zset_draw_begin(struct zset_draw *d, const struct value *v);
/* The member is borrowed until the next call. */
struct slice zset_draw(struct zset_draw *d, double *score);
void zset_draw_end(struct zset_draw *d);

/* Gives n different members to visit, n at most their number, in the order of their ranks. */
void zset_sample(const struct value *v, size_t n, zset_visit *visit, void *arg);

#endif
