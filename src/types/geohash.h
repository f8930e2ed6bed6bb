/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geohash: places on the globe as numbers.
 *
 * Role:    lays a grid over the map of the world and numbers its cells, so that a place is the score of a member in a
 *          sorted set; finds the place of a number again, the bounds of a cell and its neighbours.
 * Owns:    nothing.
 * Threads: any.
 * Used by: geo_shape, geo_search, the commands of places.
 * Why:     cells whose numbers begin with the same bits lie in one larger cell, so a square of the map is a range of
 *          scores. The numbers are those of Redis, to the last bit: values that are dumped here are found there.
 *
 * A grid of step n has 2^n columns, counted from 180 degrees west, and 2^n rows, counted from the southern end of the
 * web Mercator map. The number of a cell has their bits by turns; the finest grid, of step 26, has 52 of them, which a
 * double holds exactly.
 *
 *   51       50    49       48        1        0
 *   +--------+-----+--------+-----+-- ... --+--------+-----+
 *   | column | row | column | row |         | column | row |
 *   +--------+-----+--------+-----+-- ... --+--------+-----+
 *
 * The eastern and the northern edge of the map belong to a column and a row of their own, behind the last.
 */
#ifndef LARDER_TYPES_GEOHASH_H
#define LARDER_TYPES_GEOHASH_H

#include <stdbool.h>
#include <stdint.h>

#define GEOHASH_STEP_MAX      26
#define GEOHASH_LONGITUDE_MAX 180.0
#define GEOHASH_LATITUDE_MAX  85.05112878 /* where the map is a square: EPSG:3857 */
#define GEOHASH_TEXT_BYTES    11

/* Degrees; west and south are negative. */
struct geo_point {
    double longitude, latitude;
};

struct geohash_cell {
    uint64_t bits;
    unsigned step; /* 1 .. GEOHASH_STEP_MAX */
};

/* The edges of a cell, degrees. */
struct geohash_bounds {
    double west, east, south, north;
};

/* Where a cell of the finest grid stands. */
struct geohash_place {
    uint32_t column, row;
};

/* Whether the place is on the map. */
bool geohash_has(struct geo_point p);

/* Both of a place that is on the map. */
struct geohash_cell geohash_cell(struct geo_point p, unsigned step);
double geohash_score(struct geo_point p);
/* The number that a score, of any sorted set, stands for. */
uint64_t geohash_bits(double score);
struct geohash_place geohash_place(uint64_t bits);
/* The middle of a cell of the finest grid, never off the map. */
struct geo_point geohash_middle(struct geohash_place place);
struct geo_point geohash_point(double score);

struct geohash_bounds geohash_bounds(struct geohash_cell c);
/* The cell so many columns to the east and rows to the north: -1, 0 or 1. Behind the edge of the map it begins again at
 * the other one. */
struct geohash_cell geohash_neighbour(struct geohash_cell c, int east, int north);
/* The scores within a cell: from `least` on and below `below`. */
struct geohash_scores {
    double least, below;
};
struct geohash_scores geohash_scores(struct geohash_cell c);

/* The public geohash of a place, which has rows from pole to pole: https://en.wikipedia.org/wiki/Geohash. The last of
 * the characters is always 0, since only 52 bits are known. No NUL. */
void geohash_text(struct geo_point p, char text[GEOHASH_TEXT_BYTES]);

#endif
