/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tree_bound: a position between two members of a sorted set, as the end of a range.
 *
 * Role:    the order of sorted sets: by score, then by the bytes of the member, prefixes first.
 * Owns:    nothing; borrows the member.
 * Threads: any.
 * Used by: tree, zset_flat, the commands that take ranges.
 * Why:     doubles are compared as integers of the same order. This is one comparison, and a part of the integer can
 *          stand for the whole.
 */
#ifndef LARDER_TYPES_TREE_BOUND_H
#define LARDER_TYPES_TREE_BOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* By neither score nor member, it is the position before the first or after the last member. */
struct tree_bound {
    uint64_t order; /* of the score */
    struct slice member;
    bool by_score;
    bool by_member;
    bool after; /* it is after the members that are equal to it */
};

#define TREE_HEAD ((struct tree_bound){.after = false})
#define TREE_TAIL ((struct tree_bound){.after = true})

/* An integer of the same order as the score, which is not NaN. Both zeros are equal. */
static inline uint64_t tree_order(double score)
{
    uint64_t bits;

    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

/* Before or after all members with this score. */
static inline struct tree_bound tree_bound_score(double score, bool after)
{
    return (struct tree_bound){.order = tree_order(score), .by_score = true, .after = after};
}

/* Before or after a member, in a set whose scores are all equal. */
static inline struct tree_bound tree_bound_member(struct slice member, bool after)
{
    return (struct tree_bound){.member = member, .by_member = true, .after = after};
}

/* Before or after a member with this score. */
static inline struct tree_bound tree_bound_both(double score, struct slice member, bool after)
{
    return (struct tree_bound){tree_order(score), member, true, true, after};
}

/* Whether a member is before the bound, if its score is the same or does not matter. */
static inline bool tree_member_is_before(struct slice member, const struct tree_bound *b)
{
    int c = b->by_member ? slice_cmp(member, b->member) : 0;

    return c < 0 || (c == 0 && b->after);
}

/* Whether a member with this score is before the bound. */
static inline bool tree_is_before(double score, struct slice member, const struct tree_bound *b)
{
    uint64_t order = tree_order(score);

    return b->by_score && order != b->order ? order < b->order : tree_member_is_before(member, b);
}

#endif
