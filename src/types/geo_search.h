/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_search: the members of a sorted set that lie in a shape.
 *
 * Role:    walks the ranges of scores that cover the shape, keeps what lies in it, and puts it in order.
 * Owns:    what was found; members are borrowed from the sorted set until it is changed.
 * Threads: under the lock of its key.
 * Used by: the commands that search for places.
 * Why:     of a million places only those near the shape are looked at, and members stay where they are.
 */
#ifndef LARDER_TYPES_GEO_SEARCH_H
#define LARDER_TYPES_GEO_SEARCH_H

#include "types/geo_shape.h"
#include "types/zset.h"

enum geo_order {
    GEO_AS_FOUND, /* that of the cells of the shape, and in each of them that of the scores */
    GEO_NEAREST,  /* the nearest first; equally far ones as they were found, unless `most` leaves some out */
    GEO_FARTHEST,
};

struct geo_query {
    struct geo_shape shape;
    enum geo_order order;
    size_t most; /* no more than so many, those that are first in the order; 0: all */
    bool any;    /* the search ends once so many were found, which are then put in order */
};

struct geo_hit {
    double distance; /* metres from the middle of the shape */
    double score;
    struct slice member;
    size_t found;    /* how many were found before it */
};

struct geo_hits {
    struct geo_hit *v;
    size_t n, room;
    char *digits;    /* of members that a flat set keeps as integers */
    size_t digits_n;
};

void geo_search(const struct value *v, const struct geo_query *q, struct geo_hits *hits);
void geo_hits_free(struct geo_hits *hits);

#endif
