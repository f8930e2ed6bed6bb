/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_args: points, lengths and units in requests and replies.
 *
 * Role:    parses and formats them exactly as Redis does.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: the geo_*_cmds.c.
 */
#ifndef LARDER_CMD_GEO_GEO_ARGS_H
#define LARDER_CMD_GEO_GEO_ARGS_H

#include "run/call.h"
#include "types/geohash.h"

/* Each of these parses from argument i on. False: the error was replied. */

/* Longitude and latitude, within the map. */
bool geo_args_point(struct call *c, int i, struct geo_point *p);
/* m, km, ft or mi; *metres: the length of one unit. */
bool geo_args_unit(struct call *c, int i, double *metres);
/* Radius, not negative, and unit. */
bool geo_args_radius(struct call *c, int i, double *radius, double *unit);
/* Width and height, not negative, and unit. */
bool geo_args_box(struct call *c, int i, double *width, double *height, double *unit);

/* A length in the requested unit, with four decimals. */
void geo_reply_distance(struct call *c, double length);
/* An array of longitude and latitude. */
void geo_reply_point(struct call *c, struct geo_point p);

#endif
