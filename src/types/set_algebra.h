/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set_algebra: intersection, union and difference of sets.
 *
 * Role:    the algorithms behind SINTER, SUNION, SDIFF and the commands that store or count the result.
 * Owns:    nothing. The caller owns the array of sets, and `gathered` once an operation has returned.
 * Threads: under the locks of the keys that hold the sets.
 * Used by: the commands of set algebra.
 * Why:     an operation either looks members up in the other sets or gathers the result in a set of its own, whichever
 *          is less work. A member that was looked up goes to the caller at once, without a copy. A gathered set may be
 *          large, so the caller decides when and where it is freed.
 */
#ifndef LARDER_TYPES_SET_ALGEBRA_H
#define LARDER_TYPES_SET_ALGEBRA_H

#include "types/set.h"

struct set_algebra {
    struct value *sets; /* n > 0 of them, borrowed; the operations reorder them. A missing key is an empty set */
    size_t n;
    struct value_limits limits; /* of a gathered set */
    set_visit *visit;           /* receives members of the result; NULL: all of them are gathered */
    void *arg;                  /* for visit */
    uint64_t limit;             /* an intersection ends at so many members; 0: no limit */

    uint64_t found;        /* result: members */
    struct value gathered; /* result: the members that visit did not receive, in memory of its own */
};

/* These set `found` and `gathered`. Each member of the result either goes to visit or is in `gathered`, once. */

/* The members that all sets have. */
void set_algebra_intersect(struct set_algebra *a);
/* The members that any set has. */
void set_algebra_unite(struct set_algebra *a);
/* The members of the first set that no other set has. */
void set_algebra_subtract(struct set_algebra *a);

#endif
