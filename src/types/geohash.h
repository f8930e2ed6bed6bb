/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geohash: locations on the globe as numbers.
 *
 * Role:    divides the map of the world into a grid and numbers its cells, so that a location is the score of a member
 *          in a sorted set. Computes the location of a number, the bounds of a cell and its neighbours.
 * Owns:    nothing.
 * Threads: any.
 * Used by: geo_shape, geo_search, the geo commands.
 * Why:     cells whose numbers have a common prefix are in one larger cell, so a square of the map is a range of
 *          scores. The numbers are Redis's, to the last bit, so that values can be moved between the two with DUMP and
 *          RESTORE.
 *
 * A grid of step n has 2^n columns, counted from 180 degrees west, and 2^n rows, counted from the southern end of the
 * web Mercator map. The number of a cell interleaves their bits. The finest grid, of step 26, has numbers of 52 bits,
 * which a double holds exactly.
 *
 *   51       50    49       48        1        0
 *   +--------+-----+--------+-----+-- ... --+--------+-----+
 *   | column | row | column | row |         | column | row |
 *   +--------+-----+--------+-----+-- ... --+--------+-----+
 *
 * The eastern and the northern edge of the map have a column and a row of their own, after the last.
 *
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

/* The edges of a cell in degrees. */
struct geohash_bounds {
    double west, east, south, north;
};

/* The position of a cell in the finest grid. */
struct geohash_place {
    uint32_t column, row;
};

/* Whether the location is on the map. */
bool geohash_has(struct geo_point p);

/* For a location on the map. */
struct geohash_cell geohash_cell(struct geo_point p, unsigned step);
double geohash_score(struct geo_point p);
/* The number that a score of any sorted set stands for. */
uint64_t geohash_bits(double score);
struct geohash_place geohash_place(uint64_t bits);
/* The centre of a cell of the finest grid, always on the map. */
struct geo_point geohash_middle(struct geohash_place place);
struct geo_point geohash_point(double score);

struct geohash_bounds geohash_bounds(struct geohash_cell c);
/* The neighbour of a cell; east, north: -1, 0 or 1. Wraps around the edges of the map. */
struct geohash_cell geohash_neighbour(struct geohash_cell c, int east, int north);
/* The scores within a cell: min <= score < end. */
struct geohash_scores {
    double min, end;
};
struct geohash_scores geohash_scores(struct geohash_cell c);

/* The public geohash of a location, whose rows extend from pole to pole: https://en.wikipedia.org/wiki/Geohash. The
 * last character is always 0, since only 52 bits are known. No NUL. */
void geohash_text(struct geo_point p, char text[GEOHASH_TEXT_BYTES]);

#endif
