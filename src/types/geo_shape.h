/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_shape: a circle or a box on the globe.
 *
 * Role:    computes which cells of a geohash grid cover it, whether a location is within it, and its distance from the
 *          centre.
 * Owns:    nothing.
 * Threads: any.
 * Used by: geo_search, the geo commands.
 * Why:     the earth is a sphere with the mean radius of WGS 84 and distances follow the haversine formula, as in
 *          Redis, so that digits agree. Most locations in the cells but outside of the shape are ruled out by column
 *          and row alone, without trigonometry.
 */
#ifndef LARDER_TYPES_GEO_SHAPE_H
#define LARDER_TYPES_GEO_SHAPE_H

#include "types/geohash.h"

#define GEO_EARTH_RADIUS 6372797.560856 /* metres */

/* Nothing of the shape is outside of these columns and rows of the finest grid. */
struct geo_window {
    uint32_t column, columns; /* the first column and the number of columns eastwards, which may wrap around the edge of
                               * the map */
    uint32_t row, row_last;
};

/* A shape, with what is computed once for all locations. */
struct geo_shape {
    struct geo_point middle;
    bool is_box;
    double radius;                      /* metres; of a circle */
    double width, height;               /* metres; of a box, from edge to edge */
    double reach;                       /* metres from the centre to the farthest corner */
    double east, north;                 /* metres from the centre to the edges */
    double longitude, latitude, cosine; /* radians of the centre, and the cosine of its latitude */
    struct geo_window window;
};

/* unit: the unit of the lengths in metres. Lengths are not negative and may be infinite. The centre is on the map. */
struct geo_shape geo_circle(struct geo_point middle, double radius, double unit);
struct geo_shape geo_box(struct geo_point middle, double width, double height, double unit);

#define GEO_CELLS_MAX 9

/* The cells that contain all locations of the shape, as Redis chooses them and in the order in which it searches them:
 * first the cell of the centre, then its neighbours. Returns their number. */
unsigned geo_shape_cells(const struct geo_shape *s, struct geohash_cell cells[GEO_CELLS_MAX]);
/* Whether the location of this score is within the shape; if so, *distance: metres from the centre. */
bool geo_shape_has(const struct geo_shape *s, double score, double *distance);

/* Metres between two locations. */
double geo_distance(struct geo_point a, struct geo_point b);

#endif
