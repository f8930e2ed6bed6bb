/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree_bound: a place between two members of a sorted set.
 *
 * Role:    the order of sorted sets, by score, then by the bytes of the member, the shorter first; and what a range
 *          ends at.
 * Owns:    nothing; borrows the member.
 * Threads: any.
 * Used by: tree, zset_flat, the commands that take ranges.
 * Why:     doubles are compared as integers of the same order: one comparison, of which a part can stand for the whole.
 */
#ifndef LARDER_TYPES_TREE_BOUND_H
#define LARDER_TYPES_TREE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* By neither score nor member it is the place before all members, or behind them. */
struct tree_bound {
    uint64_t order; /* of the score */
    struct slice member;
    bool by_score;
    bool by_member;
    bool behind;    /* what equals it lies before it */
};

#define TREE_HEAD ((struct tree_bound){.behind = false})
#define TREE_TAIL ((struct tree_bound){.behind = true})

/* Integers in the order of the scores, which are numbers. Zero has two signs, and one place. */
static inline uint64_t tree_order(double score)
{
    uint64_t bits;

    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

/* Before all members with this score, or behind them. */
static inline struct tree_bound tree_bound_score(double score, bool behind)
{
    return (struct tree_bound){.order = tree_order(score), .by_score = true, .behind = behind};
}

/* Before a member, or behind it, where all scores are equal. */
static inline struct tree_bound tree_bound_member(struct slice member, bool behind)
{
    return (struct tree_bound){.member = member, .by_member = true, .behind = behind};
}

/* Before a member with this score, or behind it. */
static inline struct tree_bound tree_bound_both(double score, struct slice member, bool behind)
{
    return (struct tree_bound){tree_order(score), member, true, true, behind};
}

/* Whether a member lies before the bound, among those with its score or where scores do not count. */
static inline bool tree_member_is_before(struct slice member, const struct tree_bound *b)
{
    int c = b->by_member ? slice_cmp(member, b->member) : 0;

    return c < 0 || (c == 0 && b->behind);
}

/* Whether a member with this score lies before it. */
static inline bool tree_is_before(double score, struct slice member, const struct tree_bound *b)
{
    uint64_t order = tree_order(score);

    return b->by_score && order != b->order ? order < b->order : tree_member_is_before(member, b);
}

#endif
