/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_shape: a circle or a box on the globe.
 *
 * Role:    tells which cells of a geohash grid cover it, whether a place lies in it, and how far from its middle.
 * Owns:    nothing.
 * Threads: any.
 * Used by: geo_search, the commands of places.
 * Why:     the earth is a ball of the mean radius of WGS 84, and distances are those of the haversine formula, since
 *          Redis computes so and digits are compared. Most of what lies in the cells but not in the shape is told by
 *          the column and the row alone, without any trigonometry.
 */
#ifndef LARDER_TYPES_GEO_SHAPE_H
#define LARDER_TYPES_GEO_SHAPE_H

#include "types/geohash.h"

#define GEO_EARTH_RADIUS 6372797.560856 /* metres */

/* Columns and rows of the finest grid outside of which nothing of the shape lies. */
struct geo_window {
    uint32_t column, columns; /* the first, and how many from there to the east, perhaps past the edge of the map */
    uint32_t row, row_last;
};

/* A shape, and what is computed once for all the places that are asked about. */
struct geo_shape {
    struct geo_point middle;
    bool is_box;
    double radius;         /* metres; of a circle */
    double width, height;  /* metres; of a box, from edge to edge */
    double reach;          /* metres from the middle to the farthest corner */
    double east, north;    /* metres from the middle to the edges */
    double longitude, latitude, cosine; /* radians of the middle, and the cosine of its latitude */
    struct geo_window window;
};

/* unit: metres in what the lengths are told in. Lengths are not negative, and may be infinite. The middle is on the
 * map. */
struct geo_shape geo_circle(struct geo_point middle, double radius, double unit);
struct geo_shape geo_box(struct geo_point middle, double width, double height, double unit);

#define GEO_CELLS_MOST 9

/* The cells in which all places of the shape lie, as Redis chooses them and in the order in which it searches them: the
 * one of the middle, then those around it. Returns how many. */
unsigned geo_shape_cells(const struct geo_shape *s, struct geohash_cell cells[GEO_CELLS_MOST]);
/* Whether the place of this score lies in the shape; then *distance: metres from the middle. */
bool geo_shape_has(const struct geo_shape *s, double score, double *distance);

/* Metres between two places. */
double geo_distance(struct geo_point a, struct geo_point b);

#endif
