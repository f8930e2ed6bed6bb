/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_search: the members of a sorted set that are located within a shape.
 *
 * Role:    walks the ranges of scores that cover the shape, keeps the members within it, and sorts them.
 * Owns:    the hits; members are borrowed until the sorted set changes.
 * Threads: under the lock of its key.
 * Used by: the commands that search for locations.
 * Why:     of a million members it looks only at those near the shape, and it copies none.
 */
#ifndef LARDER_TYPES_GEO_SEARCH_H
#define LARDER_TYPES_GEO_SEARCH_H

#include "types/geo_shape.h"
#include "types/zset.h"

enum geo_order {
    GEO_AS_FOUND, /* by cells of the shape, and by score within a cell */
    GEO_NEAREST,  /* the nearest first; equally distant ones in the order of GEO_AS_FOUND, unless `count` cuts some
                   * off */
    GEO_FARTHEST,
};

struct geo_query {
    struct geo_shape shape;
    enum geo_order order;
    size_t count; /* at most so many, the first in the order; 0: all */
    bool any;     /* the search ends at `count` hits, which are then sorted */
};

struct geo_hit {
    double distance; /* metres from the centre of the shape */
    double score;
    struct slice member;
    size_t found; /* the number of hits before it */
};

struct geo_hits {
    struct geo_hit *v;
    size_t n, room;
    char *digits; /* of members that a flat sorted set stores as integers */
    size_t digits_n;
};

void geo_search(const struct value *v, const struct geo_query *q, struct geo_hits *hits);
void geo_hits_free(struct geo_hits *hits);

#endif
