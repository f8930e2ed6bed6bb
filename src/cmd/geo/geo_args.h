/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * geo_args: places, lengths and units in requests and replies.
 *
 * Role:    parses and writes them as Redis does, to the last digit.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: the geo_*_cmds.c.
 */
#ifndef LARDER_CMD_GEO_GEO_ARGS_H
#define LARDER_CMD_GEO_GEO_ARGS_H

#include "run/call.h"
#include "types/geohash.h"

/* Each parses from argument i on. False: the error was replied. */

/* Longitude and latitude of a place on the map. */
bool geo_args_point(struct call *c, int i, struct geo_point *p);
/* m, km, ft or mi; *metres: in one of them. */
bool geo_args_unit(struct call *c, int i, double *metres);
/* Radius and unit. */
bool geo_args_radius(struct call *c, int i, double *radius, double *unit);
/* Width, height and unit. */
bool geo_args_box(struct call *c, int i, double *width, double *height, double *unit);

/* A length in the unit asked for, with four decimals. */
void geo_reply_distance(struct call *c, double length);
/* A pair of longitude and latitude. */
void geo_reply_point(struct call *c, struct geo_point p);

#endif
